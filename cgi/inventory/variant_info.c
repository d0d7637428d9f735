/*
 * What variants are called: a copy of catalog's words, so that lists, files
 * and alerts can name them. An event marks a product's rows as stale; they are
 * asked for again when somebody looks.
 */
#include "inventory.h"

#include <json-c/json.h>

#include "web/call.h"

static SCHEMA(info_schema, struct variant_info,
	FIELD_UUID(struct variant_info, variant_id),
	FIELD_UUID(struct variant_info, product_id),
	FIELD_TEXT(struct variant_info, sku),
	FIELD_TEXT(struct variant_info, name_es),
	FIELD_TEXT(struct variant_info, name_en),
	FIELD_TEXT(struct variant_info, categories));

DB_QUERY(find_unknown, 1,
	"SELECT jsonb_agg(e) AS ids FROM jsonb_array_elements_text($1::jsonb) AS e WHERE NOT EXISTS"
	"  (SELECT FROM variant_info i WHERE i.variant_id = e::uuid"
	"   AND NOT i.is_stale)");

DB_QUERY(put_infos, 1,
	"INSERT INTO variant_info (variant_id, product_id, sku, name_es, name_en,"
	" categories) SELECT e.variant_id, e.product_id, e.sku, e.name_es,"
	" e.name_en, string_to_array(e.categories, ' ')"
	" FROM jsonb_to_recordset($1::jsonb) AS e(variant_id uuid,"
	"  product_id uuid, sku text, name_es text, name_en text,"
	"  categories text) ORDER BY 1"
	" ON CONFLICT ON CONSTRAINT variant_info_pkey DO UPDATE SET"
	" sku = excluded.sku, name_es = excluded.name_es,"
	" name_en = excluded.name_en, categories = excluded.categories,"
	" is_stale = false");

DB_QUERY(refresh_thresholds, 1,
	"SELECT threshold_refresh((SELECT array_agg(e.variant_id)"
	" FROM jsonb_to_recordset($1::jsonb) AS e(variant_id uuid)))");

DB_QUERY(find_sku, 1,
	"SELECT variant_id::text FROM variant_info WHERE sku = $1 LIMIT 1");

DB_QUERY(is_variant, 1,
	"SELECT 1 WHERE EXISTS (SELECT FROM variant_info"
	"  WHERE variant_id = $1::uuid)"
	" OR EXISTS (SELECT FROM level WHERE variant_id = $1::uuid)");

DB_QUERY(forget_product, 1,
	"UPDATE variant_info SET is_stale = true WHERE product_id = $1::uuid");

const char *
json_array_of(struct request *r, const struct uuid *ids, size_t n)
{
	struct buf out;
	char text[UUID_TEXT_SIZE];

	buf_init(&out, r->arena, 1024 * 1024);
	buf_putc(&out, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s\"%s\"", i > 0 ? "," : "",
		    uuid_text(&ids[i], text));
	buf_putc(&out, ']');
	return out.data;
}

/* Asks catalog, and keeps what it says; how many it knew, -1: it is away. */
static int64_t
ask(struct request *r, struct json_object *body, struct uuid *last)
{
	struct call_answer answer;
	struct variant_info *infos;
	struct json_object *items;
	const char *text;
	size_t n;

	if (!call(r, POST, "/internal/catalog/variants", body, &answer)) {
		call_forgive(r);
		return -1;
	}
	if (answer.status != 200 || !call_read_list(r, &answer, "items",
	    &info_schema, (void **)&infos, &n) || n == 0)
		return 0;
	json_object_object_get_ex(answer.json, "items", &items);
	text = json_object_to_json_string(items);
	if (!step_begin(r))
		return -1;
	db_exec(r->db, &put_infos, P(text));
	db_exec(r->db, &refresh_thresholds, P(text));
	if (!step_end(r))
		return -1;
	if (last != NULL)
		*last = infos[n - 1].variant_id;
	return (int64_t)n;
}

struct unknown {
	struct json_object *ids;
};

static SCHEMA(unknown_schema, struct unknown,
	FIELD_JSON(struct unknown, ids));

void
variants_learn(struct request *r, const struct uuid *ids, size_t n)
{
	struct unknown unknown;
	struct json_object *body;

	if (!db_one(r->db, &find_unknown, &unknown_schema, &unknown,
	    P(json_array_of(r, ids, n))) || unknown.ids == NULL)
		return;
	body = json_object_new_object();
	json_object_object_add(body, "variant_ids", json_object_get(unknown.ids));
	ask(r, body, NULL);
}

int64_t
variants_learn_all(struct request *r, struct uuid *after)
{
	struct json_object *body = json_object_new_object();
	char text[UUID_TEXT_SIZE];

	if (!uuid_is_nil(after))
		json_object_object_add(body, "after",
		    json_object_new_string(uuid_text(after, text)));
	return ask(r, body, after);
}

bool
variant_of_sku(struct request *r, const char *sku, struct uuid *id)
{
	const char *found = db_text(r->db, &find_sku, P(sku));
	struct json_object *body, *skus;

	if (found == NULL) {
		body = json_object_new_object();
		skus = json_object_new_array();
		json_object_array_add(skus, json_object_new_string(sku));
		json_object_object_add(body, "skus", skus);
		if (ask(r, body, NULL) > 0)
			found = db_text(r->db, &find_sku, P(sku));
	}
	return found != NULL && uuid_parse(found, id);
}

bool
variant_named(struct request *r, const char *word, const char *field,
    struct uuid *id)
{
	bool is_id = uuid_parse(word, id);

	if (is_id && !db_exec(r->db, &is_variant, P(*id)))
		variants_learn(r, id, 1);
	if (is_id ? db_exec(r->db, &is_variant, P(*id)) :
	    variant_of_sku(r, word, id))
		return true;
	if (!request_failed(r)) {
		problem_field(r, field, "variant", field_message(r, "variant", 0, 0));
		problem(r, PROBLEM_INVALID);
	}
	return false;
}

bool
on_product_changed(struct request *r, const struct event *event)
{
	db_exec(r->db, &forget_product, P(event->subject));
	return !request_failed(r);
}
