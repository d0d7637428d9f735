/*
 * Live stock: what the outbox says has changed is read anew and published to
 * nchan, to the staff's page and to those who look at a product. A message is
 * the state as it is, so states in between may be left out, and the last never
 * is.
 */
#include "inventory.h"

#include <json-c/json.h>

#include "base/log.h"
#include "net/http_client.h"
#include "web/json_out.h"

#define EVENTS_MAX 1000

DB_QUERY(read_changes, 1,
	"WITH new AS (SELECT o.number, o.type, o.subject, o.data FROM outbox o"
	"  WHERE o.number > (SELECT number FROM live_position)"
	"  ORDER BY o.number LIMIT $1::int)"
	" SELECT coalesce((SELECT max(number) FROM new), 0) AS number,"
	" coalesce((SELECT jsonb_agg(DISTINCT x.id) FROM"
	"  (SELECT subject::text AS id FROM new WHERE type = 'stock.changed'"
	"   UNION SELECT l ->> 'variant_id' FROM new, jsonb_array_elements("
	"    CASE WHEN type IN ('stock.held', 'stock.released', 'stock.sold',"
	"    'stock.short') THEN data -> 'lines' ELSE '[]' END) AS l) AS x),"
	"  '[]')::text AS ids");
DB_QUERY(read_levels, 1,
	"SELECT" LEVEL_COLUMNS " FROM level v JOIN location l"
	" ON l.id = v.location_id WHERE v.variant_id IN"
	"  (SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e)");
DB_QUERY(move_position, 1, "UPDATE live_position SET number = $1::bigint");

struct changes {
	int64_t number;
	const char *ids;
};

static SCHEMA(changes_schema, struct changes,
	FIELD_I64(struct changes, number),
	FIELD_TEXT(struct changes, ids));

/* PUT may be repeated, so its connection is kept. */
static bool
publish(struct request *r, struct http_client *client, const char *channel,
    const char *text)
{
	static const char *const headers[] = {
		"Content-Type: application/json", NULL
	};
	struct http_answer answer;
	enum http_result result = http_client_run(client, r->arena,
	    &(struct http_call){ .method = "PUT",
	    .url = arena_printf(r->arena, "http://localhost/publish/%s", channel),
	    .unix_socket = r->app->conf->publish_socket, .headers = headers,
	    .body = text, .body_n = strlen(text), .timeout_ms = 2000,
	    .max_bytes = 4096 }, &answer);

	if (result == HTTP_ANSWERED && answer.status < 300)
		return true;
	log_warn("live.publish", "%s: %d %s", channel, answer.status,
	    answer.error);
	return false;
}

static bool
publish_json(struct request *r, struct http_client *client,
    const char *channel, struct json_object *json)
{
	bool good = publish(r, client, channel,
	    json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));

	json_object_put(json);
	return good;
}

/* "Only {left} left!" in a language. */
static const char *
words_of(struct request *r, const struct availability *a, const char *lang)
{
	const char *text = app_word(r->app, lang, arena_printf(r->arena,
	    "inventory.state.%s", stock_states[a->state]));
	const char *mark = strstr(text, "{left}");

	return mark == NULL ? text : arena_printf(r->arena, "%.*s%d%s",
	    (int)(mark - text), text, a->left, mark + strlen("{left}"));
}

static bool
publish_product(struct request *r, struct http_client *client,
    const struct availability *a)
{
	struct json_object *json = json_object_new_object();
	char id[UUID_TEXT_SIZE];

	uuid_text(&a->variant_id, id);
	json_object_object_add(json, "variant_id", json_object_new_string(id));
	json_object_object_add(json, "state",
	    json_object_new_string(stock_states[a->state]));
	for (const char *const *lang = languages; *lang != NULL; lang++)
		json_object_object_add(json, *lang,
		    json_object_new_string(words_of(r, a, *lang)));
	return publish_json(r, client, arena_printf(r->arena, "shop?channel=%s",
	    id), json);
}

int64_t
live_publish(struct request *r, struct http_client *client)
{
	struct availability *found;
	struct changes changes;
	struct level *levels;
	size_t n, levels_n;
	bool good = true;

	if (!db_one(r->db, &read_changes, &changes_schema, &changes,
	    P(EVENTS_MAX)) || changes.number == 0)
		return 0;
	if (!db_all(r->db, &read_levels, &level_row_schema, &levels, &levels_n,
	    P(changes.ids)) || !availability_find(r, changes.ids, &found, &n))
		return 0;
	if (levels_n > 0)
		good = publish_json(r, client, "staff?channel=stock",
		    json_out_list(&level_schema, levels, levels_n, NULL));
	for (size_t i = 0; i < n && good; i++)
		good = publish_product(r, client, &found[i]);
	if (!good)
		return -1;	/* told again, as it will be then */
	db_exec(r->db, &move_position, P(changes.number));
	stock_notices_tell(r, changes.ids);
	return request_failed(r) ? -1 : (int64_t)n;
}

/* Who may hear the staff's stream: nginx asks before it opens one. */
int
live_allowed(struct request *r)
{
	return reply_empty(r, 204);
}
