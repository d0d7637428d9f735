/*
 * People: found, given roles, shut out, helped. Nobody touches somebody who may
 * more than they do, or takes the last owner away.
 */
#include "auth.h"

#include <json-c/json.h>

#include "db/sql.h"

struct person {
	struct uuid id;
	const char *email, *name, *roles;
	bool is_active;
	int64_t created_at;
};

SCHEMA(person_schema, struct person,
	FIELD_UUID(struct person, id),
	FIELD_TEXT(struct person, email),
	FIELD_TEXT(struct person, name),
	FIELD_TEXT(struct person, roles),
	FIELD_BOOL(struct person, is_active),
	FIELD_TIME(struct person, created_at));

struct person_list {
	const char *role, *email, *after;
};

SCHEMA(person_list_input, struct person_list,
	FIELD_TEXT(struct person_list, role, .max = 40),
	FIELD_TEXT(struct person_list, email, .max = 254),
	FIELD_TEXT(struct person_list, after, .max = 300));

#define PEOPLE_MAX 50

int
person_list(struct request *r)
{
	const struct person_list *in = request_input(r);
	const char *next = NULL;
	struct person *people;
	struct uuid last;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT a.id, a.email, a.name, a.is_active,"
	    " a.created_at, account_roles(a.id) AS roles"
	    " FROM account a WHERE true");
	if (in->role != NULL)
		sql_add(&sql, " AND EXISTS (SELECT FROM account_role x"
		    " WHERE x.account_id = a.id AND x.role = ?)", P(in->role));
	if (in->email != NULL)
		sql_add(&sql, " AND lower(a.email) = lower(?)", P(in->email));
	if (in->after != NULL) {
		if (!cursor_read_id(r, in->after, &last))
			return r->status;
		sql_add(&sql, " AND a.id < ?::uuid", P(last));
	}
	sql_add(&sql, " ORDER BY a.id DESC LIMIT ?::int", P(PEOPLE_MAX + 1));
	if (!sql_all(r->db, &sql, &person_schema, (void **)&people, &n))
		return 0;
	if (n > PEOPLE_MAX)
		next = cursor_make_id(r, people[--n - 1].id);
	return reply_list(r, &person_schema, people, n, next);
}

struct person_set {
	struct uuid id;
	const char **roles;
	size_t roles_n;
	bool is_active;
};

SCHEMA(grants_input, struct person_set,
	FIELD_UUID(struct person_set, id, .required = true),
	FIELD_TEXTS(struct person_set, roles, roles_n, .required = true,
	    .max = 100, .help = "each perhaps narrowed: role@location:code"));
SCHEMA(person_input, struct person_set,
	FIELD_UUID(struct person_set, id, .required = true),
	FIELD_BOOL(struct person_set, is_active, .required = true));
SCHEMA(person_id_input, struct person_set,
	FIELD_UUID(struct person_set, id, .required = true));

DB_QUERY(lock_owners, 0,
	"SELECT account_id FROM account_role WHERE role = 'owner' FOR UPDATE");
DB_QUERY(count_owners, 1,
	"SELECT count(*) FROM account_role x JOIN account a ON a.id = x.account_id"
	" AND a.is_active WHERE x.role = 'owner' AND a.id <> $1::uuid");
DB_QUERY(drop_grants, 1,
	"DELETE FROM account_role WHERE account_id = $1::uuid");
DB_QUERY(put_grants, 2,
	"INSERT INTO account_role (account_id, role, scope)"
	" SELECT DISTINCT $1::uuid, split_part(g, '@', 1), split_part(g, '@', 2)"
	" FROM string_to_table($2, ' ') AS g");
/* All that an account may now. */
DB_QUERY(permissions_of, 1, "SELECT account_permissions($1::uuid)");
DB_QUERY(set_active, 2,
	"UPDATE account SET is_active = $2::boolean WHERE id = $1::uuid");

const struct db_rule grants_rules[] = {
	{ "account_role_role_fkey", PROBLEM_NOT_FOUND },
	{ "account_role_scope", PROBLEM_CONFLICT },
	{ NULL, PROBLEM_NONE }
};

/* Somebody whom the session may change: none who may more than it. */
static bool
find_person(struct request *r, struct uuid id, struct account *account)
{
	db_exec(r->db, &lock_owners);	/* two owners at once: one waits */
	if (!account_find_id(r, id, account)) {
		if (!request_failed(r))
			problem(r, PROBLEM_NOT_FOUND);
		return false;
	}
	return rights_hold_all(r, account->permissions);
}

static bool
is_last_owner(struct request *r, const struct account *account)
{
	if (!str_eq(account->permissions, "*") ||
	    db_integer(r->db, &count_owners, 0, P(account->id)) > 0)
		return false;
	if (!request_failed(r))
		problem(r, PROBLEM_LAST_OWNER);
	return true;
}

/* `roles` are the account's from now on, spaced, each perhaps narrowed. */
static int
set_grants(struct request *r, const struct account *account, const char *roles,
    bool stays_owner)
{
	const char *permissions;

	if (!stays_owner && is_last_owner(r, account))
		return r->status;
	db_exec(r->db, &drop_grants, P(account->id));
	if (roles[0] != '\0')
		db_exec(r->db, &put_grants, P(account->id), P(roles));
	permissions = db_text(r->db, &permissions_of, P(account->id));
	if (request_failed(r))
		return 0;
	if (!rights_hold_all(r, permissions))
		return r->status;
	sessions_changed(r, account->id);
	roles_tell(r, account->id, "", account->roles, roles);
	return reply_empty(r, 204);
}

static bool
scope_is_valid(const char *scope)
{
	size_t kind = strcspn(scope, ":"), n;

	if (scope[0] == '\0')
		return true;
	if (scope[kind] == '\0' || (strncmp(scope, "location", kind) != 0 &&
	    strncmp(scope, "category", kind) != 0) || kind != 8)
		return false;
	n = strlen(scope + kind + 1);
	return n > 0 && n <= 64 && strspn(scope + kind + 1, "abcdefghijklmnopqr"
	    "stuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

/* A role, or one that is narrowed: "warehouse@location:madrid". */
static bool
grant_is_valid(struct request *r, const char *grant)
{
	size_t n = strcspn(grant, "@");

	return role_name_is_valid(arena_strndup(r->arena, grant, n)) &&
	    (grant[n] == '\0' || (grant[n + 1] != '\0' &&
	    scope_is_valid(grant + n + 1)));
}

int
grants_put(struct request *r)
{
	const struct person_set *in = request_input(r);
	struct account account;
	bool stays_owner = false;
	struct buf roles;

	buf_init(&roles, r->arena, 4000);
	for (size_t i = 0; i < in->roles_n; i++) {
		if (!grant_is_valid(r, in->roles[i]))
			return problem(r, PROBLEM_NOT_FOUND);
		stays_owner |= str_eq(in->roles[i], "owner");
		buf_printf(&roles, "%s%s", i > 0 ? " " : "", in->roles[i]);
	}
	if (!find_person(r, in->id, &account))
		return r->status;
	return set_grants(r, &account, roles.data, stays_owner);
}

int
person_set(struct request *r)
{
	const struct person_set *in = request_input(r);
	struct uuid none = { .bytes = { 0 } };
	struct account account;

	if (!find_person(r, in->id, &account) ||
	    (!in->is_active && is_last_owner(r, &account)))
		return r->status;
	if (!db_exec(r->db, &set_active, P(account.id), P(in->is_active)) ||
	    (!in->is_active && !session_end_others(r, account.id, none)))
		return 0;
	sessions_changed(r, account.id);
	account_tell_factor(r, EVENT_USER_CHANGED, &account,
	    in->is_active ? "enabled" : "disabled", NULL);
	return reply_empty(r, 204);
}

/* DELETE /auth/users/{id}/sessions: out, wherever they are. */
int
person_sign_out(struct request *r)
{
	const struct person_set *in = request_input(r);
	struct uuid none = { .bytes = { 0 } };
	struct account account;

	if (!find_person(r, in->id, &account) ||
	    !session_end_others(r, account.id, none))
		return r->status;
	account_tell_factor(r, EVENT_USER_SIGNED_OUT, &account, "all", NULL);
	return reply_empty(r, 204);
}

/* POST /auth/users/{id}/password-reset: a link for them, which nobody else
 * sees; the factors stay. */
int
person_reset(struct request *r)
{
	const struct person_set *in = request_input(r);
	struct account account;

	if (!find_person(r, in->id, &account))
		return r->status;
	if (!account.is_active)
		return problem(r, PROBLEM_CONFLICT);
	account_tell(r, EVENT_PASSWORD_FORGOTTEN, &account,
	    link_make(r, account.id, "reset", RESET_MINUTES));
	return reply_empty(r, 202);
}

/* --- The person's page: a button a role --- */

struct grant {
	struct uuid id;
	const char *role, *scope;
	bool is_on;
};

SCHEMA(grant_input, struct grant,
	FIELD_UUID(struct grant, id, .required = true),
	FIELD_TEXT(struct grant, role, .required = true, .max = 40,
	    .check = role_name_is_valid, .format = "role-name"),
	FIELD_TEXT(struct grant, scope, .max = 80, .preset = "",
	    .check = scope_is_valid, .format = "scope"),
	FIELD_BOOL(struct grant, is_on, .required = true));

int
grant_form(struct request *r)
{
	const struct grant *in = request_input(r);
	struct account account;
	bool stays_owner = str_eq(in->role, "owner") && in->is_on;
	const char *grant = in->scope[0] == '\0' ? in->role :
	    arena_printf(r->arena, "%s@%s", in->role, in->scope);
	char *words, *word;
	struct buf roles;

	if (!find_person(r, in->id, &account))
		return r->status;
	buf_init(&roles, r->arena, 4000);
	words = arena_strdup(r->arena, account.roles);
	while ((word = strsep(&words, " ")) != NULL) {
		if (word[0] == '\0' || str_eq(word, grant))
			continue;
		stays_owner |= str_eq(word, "owner");
		buf_printf(&roles, "%s%s", roles.len > 0 ? " " : "", word);
	}
	if (in->is_on)
		buf_printf(&roles, "%s%s", roles.len > 0 ? " " : "", grant);
	if (set_grants(r, &account, roles.len > 0 ? roles.data : "",
	    stays_owner) != 204)
		return r->status;
	return reply(r, 200, &me_schema, &account);
}

struct offer {
	const char *name, *permissions, *scope;
	bool has;
};

static SCHEMA(offer_schema, struct offer,
	FIELD_TEXT(struct offer, name),
	FIELD_TEXT(struct offer, permissions),
	FIELD_TEXT(struct offer, scope),
	FIELD_BOOL(struct offer, has));

DB_QUERY(list_offers, 1,
	"SELECT r.name, r.permissions, coalesce(x.scope, '') AS scope,"
	" x.role IS NOT NULL AS has FROM role r LEFT JOIN account_role x"
	" ON x.role = r.name AND x.account_id = $1::uuid"
	" ORDER BY r.name, x.scope LIMIT 200");

int
person_page(struct request *r)
{
	const struct person_set *in = request_input(r);
	struct account account;

	if (!account_find_id(r, in->id, &account))
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_FOUND);
	page_set(r, "is_active", json_object_new_boolean(account.is_active));
	return reply(r, 200, &me_schema, &account);
}

int
person_form(struct request *r)
{
	return person_set(r) == 204 ? person_page(r) : r->status;
}

int
person_roles(struct request *r)
{
	const struct person_set *in = request_input(r);
	struct offer *offers;
	size_t n;

	if (!db_all(r->db, &list_offers, &offer_schema, &offers, &n, P(in->id)))
		return 0;
	return reply_list(r, &offer_schema, offers, n, NULL);
}

/* What may this person do, and by which role? */
struct allowed {
	const char *permission, *roles, *scope;
};

SCHEMA(allowed_schema, struct allowed,
	FIELD_TEXT(struct allowed, permission),
	FIELD_TEXT(struct allowed, scope, .help = "where; empty: everywhere"),
	FIELD_TEXT(struct allowed, roles, .help = "that give it"));

DB_QUERY(list_allowed, 1,
	"SELECT p AS permission, x.scope,"
	" string_agg(r.name, ' ' ORDER BY r.name) AS roles"
	" FROM account a JOIN account_role x ON x.account_id = a.id"
	" JOIN role r ON r.name = x.role,"
	" unnest(string_to_array(r.permissions, ' ')) AS p"
	" WHERE a.id = $1::uuid AND a.is_active GROUP BY p, x.scope"
	" ORDER BY p, x.scope LIMIT 500");

int
allowed_list(struct request *r)
{
	const struct person_set *in = request_input(r);
	struct allowed *rows;
	size_t n;

	if (!db_all(r->db, &list_allowed, &allowed_schema, &rows, &n, P(in->id)))
		return 0;
	return reply_list(r, &allowed_schema, rows, n, NULL);
}
