/*
 * /orders/views: the states of the table of orders that a person of the staff
 * keeps by a name. A view is the query of the table's address.
 */
#include "orders.h"

#include <json-c/json.h>

#include "web/json_out.h"

#define VIEWS_MAX 20

struct view_row {
	struct uuid id;
	const char *name, *query;
};

/* What query_of() of the table makes, and nothing that leads elsewhere. */
static bool
is_query(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-._~%=&")] == '\0';
}

SCHEMA(view_add_input, struct view_row,
	FIELD_TEXT(struct view_row, name, .required = true, .max = 60),
	FIELD_TEXT(struct view_row, query, .max = 1000, .preset = "",
	    .check = is_query, .help = "As in the address of the table"));

SCHEMA(view_id_input, struct view_row,
	FIELD_UUID(struct view_row, id, .required = true));

SCHEMA(view_schema, struct view_row,
	FIELD_UUID(struct view_row, id),
	FIELD_TEXT(struct view_row, name),
	FIELD_TEXT(struct view_row, query));

const struct db_rule view_rules[] = {
	{ "saved_view_name_key", PROBLEM_ALREADY_EXISTS },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(list_views, 2,
	"SELECT id, name, query FROM saved_view WHERE user_id = $1::uuid"
	" ORDER BY name LIMIT $2::int");
DB_QUERY(count_views, 1,
	"SELECT count(*) FROM saved_view WHERE user_id = $1::uuid");
DB_QUERY(put_view, 4,
	"INSERT INTO saved_view (id, user_id, name, query)"
	" VALUES ($1::uuid, $2::uuid, $3, $4)");
DB_QUERY(drop_view, 2,
	"DELETE FROM saved_view WHERE id = $1::uuid AND user_id = $2::uuid");

void
views_set(struct request *r, const char *query)
{
	struct json_object *list;
	struct view_row *rows;
	size_t n;

	if (!db_all(r->db, &list_views, &view_schema, &rows, &n,
	    P(r->session->user_id), P(VIEWS_MAX)))
		return;
	list = json_out_list(&view_schema, rows, n, r->lang);
	for (size_t i = 0; i < n; i++)
		if (str_eq(rows[i].query, query)) {
			json_object_object_add(json_object_array_get_idx(list, i),
			    "is_shown", json_object_new_boolean(true));
			page_set(r, "shown_view", json_object_get(
			    json_object_array_get_idx(list, i)));
		}
	page_set(r, "views", list);
}

int
view_list(struct request *r)
{
	struct view_row *rows;
	size_t n;

	if (!db_all(r->db, &list_views, &view_schema, &rows, &n,
	    P(r->session->user_id), P(VIEWS_MAX)))
		return 0;
	return reply_list(r, &view_schema, rows, n, NULL);
}

/* The page goes on with the view that was kept. */
static int
answer(struct request *r, int status, const struct view_row *view)
{
	if (r->route->kind == KIND_PAGE)
		return reply_redirect(r, arena_printf(r->arena,
		    "/admin/orders?%s", view->query));
	return reply(r, status, &view_schema, view);
}

int
view_add(struct request *r)
{
	struct view_row *in = r->input;

	if (db_integer(r->db, &count_views, 0, P(r->session->user_id)) >=
	    VIEWS_MAX)
		return problem(r, PROBLEM_CONFLICT);
	in->id = uuid_new();
	db_exec(r->db, &put_view, P(in->id), P(r->session->user_id), P(in->name),
	    P(in->query));
	event_emit(r, EVENT_VIEW_CHANGED, in->id, &view_schema, in);
	return answer(r, 201, in);
}

int
view_drop(struct request *r)
{
	const struct view_row *in = request_input(r);

	if (!db_exec(r->db, &drop_view, P(in->id), P(r->session->user_id)))
		return problem(r, PROBLEM_NOT_FOUND);
	event_emit(r, EVENT_VIEW_CHANGED, in->id, &view_id_input, in);
	return reply_empty(r, 204);
}
