/*
 * A person's data: all of it as one file, asked of every program that hears of
 * a closed account; and the end of an account. Both go by the pool for hashing:
 * whoever is asked here asks auth for sessions meanwhile.
 */
#include "auth.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/call.h"
#include "web/person.h"

DB_QUERY(tell_account, 1,
	"SELECT json_build_object('id', a.id, 'email', a.email, 'name', a.name,"
	" 'phone', a.phone, 'language', a.language, 'created_at', a.created_at, 'verified_at',"
	"  a.verified_at, 'roles', (SELECT coalesce(json_agg(role), '[]')"
	"  FROM account_role WHERE account_id = a.id),"
	" 'factors', (SELECT coalesce(json_agg(json_build_object('kind', kind,"
	"   'since', confirmed_at)), '[]') FROM factor WHERE account_id = a.id"
	"  AND confirmed_at IS NOT NULL),"
	" 'passkeys', (SELECT coalesce(json_agg(json_build_object('name', name,"
	"   'created_at', created_at, 'used_at', used_at)), '[]') FROM passkey"
	"  WHERE account_id = a.id),"
	" 'devices', (SELECT coalesce(json_agg(json_build_object('user_agent',"
	"   user_agent, 'address', address, 'created_at', created_at, 'seen_at',"
	"   seen_at)), '[]') FROM device WHERE account_id = a.id),"
	" 'sessions', (SELECT coalesce(json_agg(json_build_object('user_agent',"
	"   user_agent, 'address', address, 'factor', factor, 'created_at',"
	"   created_at, 'seen_at', seen_at, 'ended_at', ended_at)), '[]')"
	"  FROM (SELECT user_agent, address, factor, created_at, seen_at, ended_at"
	"   FROM session WHERE account_id = a.id ORDER BY id DESC LIMIT 1000)"
	"  AS s)) AS data, 0 AS open FROM account a WHERE a.id = $1::uuid");

DB_QUERY(forget_account, 1,
	"UPDATE account SET email = id || '@closed.invalid', name = '',"
	" phone = '', password_hash = '', is_active = false, verified_at = NULL"
	" WHERE id = $1::uuid");
DB_QUERY(forget_sessions, 1,
	"UPDATE session SET user_agent = '', address = ''"
	" WHERE account_id = $1::uuid");
DB_QUERY(forget_devices, 1, "DELETE FROM device WHERE account_id = $1::uuid");
DB_QUERY(forget_factors, 1, "DELETE FROM factor WHERE account_id = $1::uuid");
DB_QUERY(forget_passkeys, 1,
	"DELETE FROM passkey WHERE account_id = $1::uuid");
DB_QUERY(forget_codes, 1,
	"DELETE FROM recovery_code WHERE account_id = $1::uuid");
DB_QUERY(forget_challenges, 1,
	"DELETE FROM challenge WHERE account_id = $1::uuid");
DB_QUERY(forget_links, 1, "DELETE FROM link WHERE account_id = $1::uuid");
DB_QUERY(forget_proof, 1,
	"DELETE FROM phone_proof WHERE account_id = $1::uuid");
DB_QUERY(forget_roles, 1,
	"DELETE FROM account_role WHERE account_id = $1::uuid");

const struct person_part auth_person = {
	.tell = &tell_account,
	.forget = (const struct db_query *const[]){ &forget_account,
	    &forget_sessions, &forget_devices, &forget_factors,
	    &forget_passkeys, &forget_codes,
	    &forget_challenges, &forget_links, &forget_proof, &forget_roles, NULL },
};

/* A member for each program that is asked. */
struct all_data {
	struct json_object *account, *orders, *notifications, *cart, *inventory;
	struct json_object *audit;
};

SCHEMA(all_data_schema, struct all_data,
	FIELD_JSON(struct all_data, account),
	FIELD_JSON(struct all_data, orders),
	FIELD_JSON(struct all_data, notifications),
	FIELD_JSON(struct all_data, cart),
	FIELD_JSON(struct all_data, inventory),
	FIELD_JSON(struct all_data, audit));

/* An address that was not confirmed may be somebody else's. */
static const char *
own_address(const struct account *account)
{
	return account->is_verified ? account->email : "";
}

/* What one program knows. */
static bool
ask(struct request *r, const char *domain, const struct account *account,
    struct person_told *told)
{
	struct json_object *body = json_object_new_object();
	struct call_answer answer;
	char id[UUID_TEXT_SIZE];

	json_object_object_add(body, "id",
	    json_object_new_string(uuid_text(&account->id, id)));
	json_object_object_add(body, "address",
	    json_object_new_string(own_address(account)));
	if (!call(r, POST, arena_printf(r->arena, "/internal/%s/person", domain),
	    body, &answer))
		return false;
	if (answer.status == 200)
		return call_read(r, &answer, &person_told_schema, told);
	problem(r, PROBLEM_UNAVAILABLE);
	return false;
}

/* What all of them know, by their names; *open of it has to end first. False:
 * one cannot be asked now, and so nothing is said or done. */
static bool
ask_all(struct request *r, const struct account *account,
    struct json_object *all, int64_t *open)
{
	char *list = arena_strdup(r->arena,
	    event_kinds[EVENT_USER_CLOSED].subscribers), *domain;
	struct person_told told;

	*open = 0;
	while ((domain = strsep(&list, " ")) != NULL) {
		domain[strcspn(domain, "!")] = '\0';
		if (!ask(r, domain, account, &told))
			return false;
		*open += told.open;
		json_object_object_add(all, domain, json_object_get(told.data));
	}
	return true;
}

/* GET /auth/me/data */
int
person_export(struct request *r)
{
	struct json_object *all = json_object_new_object();
	struct account account;
	struct person_told told;
	int64_t open;

	json_keep(r->arena, all);
	if (!account_find_id(r, r->session->user_id, &account) ||
	    !person_tell(r, account.id, own_address(&account), &told))
		return r->status;
	json_object_object_add(all, "account", json_object_get(told.data));
	if (!ask_all(r, &account, all, &open) || !step_begin(r))
		return r->status;
	account_tell(r, EVENT_USER_EXPORTED, &account, NULL);
	if (!step_end(r))
		return 0;
	reply_header(r, "Content-Disposition",
	    "attachment; filename=\"my-data.json\"");
	return reply_json(r, 200, json_object_get(all));
}

/* The same for a page's link: a ready text, no template. */
int
person_export_page(struct request *r)
{
	struct buf *out = arena_new_of(r->arena, struct buf);

	if (person_export(r) != 200)
		return r->status;
	buf_init(out, r->arena, 8 << 20);
	buf_puts(out, json_object_to_json_string_ext(r->json,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	return reply_text(r, 200, "application/json", out);
}

struct closed {
	struct uuid user_id;
	const char *email, *name, *lang, *forget;
};

static SCHEMA(closed_schema, struct closed,
	FIELD_UUID(struct closed, user_id),
	FIELD_TEXT(struct closed, lang),
	FIELD_TEXT(struct closed, email, .personal = true),
	FIELD_TEXT(struct closed, name, .personal = true),
	FIELD_TEXT(struct closed, forget, .personal = true));

/*
 * POST /auth/me/close. Not while an order is on its way, nor with rights: what
 * somebody manages is handed over first, and the last owner stays.
 */
int
person_close(struct request *r)
{
	struct uuid none = { .bytes = { 0 } }, id = r->session->user_id;
	struct json_object *all = json_object_new_object();
	struct account account;
	struct closed closed;
	int64_t open;

	json_keep(r->arena, all);
	if (!account_find_id(r, id, &account))
		return 0;
	if (account.permissions[0] != '\0')
		return problem_detail(r, PROBLEM_CONFLICT, "%s",
		    app_word(r->app, r->lang, "auth.close_rights"));
	if (!ask_all(r, &account, all, &open))
		return r->status;
	if (open > 0)
		return problem_detail(r, PROBLEM_CONFLICT, "%s",
		    app_word(r->app, r->lang, "auth.close_orders"));
	closed = (struct closed){ .user_id = id, .email = account.email,
	    .name = account.name, .lang = r->lang,
	    .forget = own_address(&account) };
	if (!step_begin(r) || !session_end_others(r, id, none) ||
	    !person_forget(r, id, closed.forget))
		return 0;
	event_emit(r, EVENT_USER_CLOSED, id, &closed_schema, &closed);
	if (!step_end(r))
		return 0;
	reply_cookie(r, SESSION_COOKIE, "", 0, "/");
	reply_header(r, "Clear-Site-Data", "\"cache\", \"storage\"");
	return reply_empty(r, 204);
}
