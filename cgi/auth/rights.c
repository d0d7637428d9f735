/*
 * Roles: data, sets of permissions; people.c says who has them. Nobody makes or
 * changes one that may more than they do; a change counts from the next request
 * on.
 */
#include "auth.h"

#include <json-c/json.h>

#define PERMISSIONS_MAX 200

struct role {
	struct uuid id;
	const char *name, *permissions;
	int64_t people;
};

SCHEMA(role_schema, struct role,
	FIELD_UUID(struct role, id),
	FIELD_TEXT(struct role, name),
	FIELD_TEXT(struct role, permissions, .help = "spaced; *: all"),
	FIELD_I64(struct role, people));

DB_QUERY(list_roles, 0,
	"SELECT r.id, r.name, r.permissions, (SELECT count(*) FROM account_role x"
	" WHERE x.role = r.name) AS people FROM role r ORDER BY r.name LIMIT 200");
DB_QUERY(find_role, 1,
	"SELECT id, name, permissions FROM role WHERE name = $1 FOR UPDATE");
DB_QUERY(put_role, 2,
	"INSERT INTO role (name, permissions) VALUES ($1, $2) ON CONFLICT"
	" ON CONSTRAINT role_pkey DO UPDATE SET permissions = excluded.permissions"
	" RETURNING id, name, permissions");
DB_QUERY(drop_role, 1,
	"DELETE FROM role WHERE name = $1 AND NOT EXISTS (SELECT FROM account_role"
	" WHERE role = $1)");

bool
rights_hold_all(struct request *r, const char *permissions)
{
	char *words = arena_strdup(r->arena, permissions), *word;

	while ((word = strsep(&words, " ")) != NULL)
		if (word[0] != '\0' && !session_may(r->session, word) &&
		    !session_may(r->session, arena_strndup(r->arena, word,
		    strcspn(word, "@")))) {
			problem_member(r, "permission",
			    json_object_new_string(word));
			problem(r, PROBLEM_FORBIDDEN);
			return false;
		}
	return true;
}

static bool
is_permission(const char *text)
{
	int dots = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '.' && (p == text || p[-1] == '.' || p[1] == '\0'))
			return false;
		dots += *p == '.';
		if (*p != '.' && *p != '_' && !islower((unsigned char)*p))
			return false;
	}
	return dots == 2;
}

const char *
rights_join(struct request *r, const char *const *words, size_t n)
{
	struct buf out;

	buf_init(&out, r->arena, PERMISSIONS_MAX * 128);
	for (size_t i = 0; i < n; i++) {
		if (!is_permission(words[i])) {
			problem_field(r, arena_printf(r->arena,
			    "permissions.%zu", i), "format",
			    field_message(r, "format", 0, 0));
			problem(r, PROBLEM_INVALID);
			return NULL;
		}
		buf_printf(&out, "%s%s", i > 0 ? " " : "", words[i]);
	}
	return out.data;
}

int
role_list(struct request *r)
{
	struct role *roles;
	size_t n;

	if (!db_all(r->db, &list_roles, &role_schema, &roles, &n))
		return 0;
	return reply_list(r, &role_schema, roles, n, NULL);
}

struct role_put {
	const char *name;
	const char **permissions;
	size_t permissions_n;
};

bool
role_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	return n >= 2 && strspn(name, "abcdefghijklmnopqrstuvwxyz-") == n;
}

SCHEMA(role_input, struct role_put,
	FIELD_TEXT(struct role_put, name, .required = true, .max = 40,
	    .check = role_name_is_valid, .format = "role-name"),
	FIELD_TEXTS(struct role_put, permissions, permissions_n,
	    .required = true, .max = PERMISSIONS_MAX));
SCHEMA(role_form_input, struct role_put,	/* no box: no permission */
	FIELD_TEXT(struct role_put, name, .required = true, .max = 40,
	    .check = role_name_is_valid, .format = "role-name"),
	FIELD_TEXTS(struct role_put, permissions, permissions_n,
	    .max = PERMISSIONS_MAX));
SCHEMA(role_name_input, struct role_put,
	FIELD_TEXT(struct role_put, name, .required = true, .max = 40,
	    .check = role_name_is_valid, .format = "role-name"));

void
roles_tell(struct request *r, struct uuid id, const char *name,
    const char *before, const char *after)
{
	struct json_object *data = json_object_new_object();

	json_object_object_add(data, "role", json_object_new_string(name));
	json_object_object_add(data, "before",
	    before == NULL ? NULL : json_object_new_string(before));
	json_object_object_add(data, "after",
	    after == NULL ? NULL : json_object_new_string(after));
	event_emit_json(r, EVENT_ROLE_CHANGED, id, data);
}

/* The two that the shop itself stands on. */
static bool
is_fixed(const char *name)
{
	return str_eq(name, "owner") || str_eq(name, "customer");
}

int
role_put(struct request *r)
{
	const struct role_put *in = request_input(r);
	const char *permissions = rights_join(r, in->permissions,
	    in->permissions_n);
	struct role old = { .permissions = NULL }, role;

	if (permissions == NULL)
		return r->status;
	if (is_fixed(in->name))
		return problem(r, PROBLEM_CONFLICT);
	if ((db_one(r->db, &find_role, &role_schema, &old, P(in->name)) &&
	    !rights_hold_all(r, old.permissions)) ||
	    !rights_hold_all(r, permissions))
		return r->status;
	if (!db_one(r->db, &put_role, &role_schema, &role, P(in->name),
	    P(permissions)))
		return 0;
	sessions_of_role_changed(r, in->name);
	roles_tell(r, role.id, role.name, old.permissions, permissions);
	return reply(r, 200, &role_schema, &role);
}

DB_QUERY(read_role, 1,
	"SELECT id, name, permissions FROM role WHERE name = $1");

int
role_page(struct request *r)
{
	const struct role_put *in = request_input(r);
	struct role role;

	if (!db_one(r->db, &read_role, &role_schema, &role, P(in->name)))
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_FOUND);
	catalogue_show(r, role.permissions, NULL);
	page_set(r, "is_fixed", json_object_new_boolean(is_fixed(role.name)));
	return reply(r, 200, &role_schema, &role);
}

DB_QUERY(add_role, 1,
	"INSERT INTO role (name) VALUES ($1) RETURNING id, name, permissions");

const struct db_rule role_rules[] = {
	{ "role_pkey", PROBLEM_ALREADY_EXISTS },
	{ NULL, PROBLEM_NONE }
};

/* A new one, which may nothing yet. */
int
role_add(struct request *r)
{
	const struct role_put *in = request_input(r);
	struct role role;

	if (!db_one(r->db, &add_role, &role_schema, &role, P(in->name)))
		return 0;
	roles_tell(r, role.id, role.name, NULL, "");
	return reply(r, 201, &role_schema, &role);
}

int
role_delete(struct request *r)
{
	const struct role_put *in = request_input(r);
	struct role old;

	if (!db_one(r->db, &find_role, &role_schema, &old, P(in->name)))
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_FOUND);
	if (!rights_hold_all(r, old.permissions))
		return r->status;
	if (is_fixed(in->name) || !db_exec(r->db, &drop_role, P(in->name)))
		return request_failed(r) ? 0 : problem(r, PROBLEM_CONFLICT);
	roles_tell(r, old.id, old.name, old.permissions, NULL);
	return reply_empty(r, 204);
}
