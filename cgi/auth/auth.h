/*
 * auth: who people are and what they may do.
 *
 * It alone sees passwords. Its session table is the truth; Redis holds copies
 * for a minute, and whoever ends a session marks its copy dead before COMMIT.
 */
#ifndef ZOCO_CGI_AUTH_H
#define ZOCO_CGI_AUTH_H

#include "web/app.h"

#define PASSWORD_CHARACTERS_MIN 8
#define PASSWORD_CHARACTERS_STAFF 15	/* where it is their only factor */
#define PASSWORD_CHARACTERS_MAX 128
#define RESET_MINUTES 60		/* of a link to a new password */

extern const struct program auth_program;
extern const struct route auth_routes[];
extern const struct person_part auth_person;
extern const struct db_rule email_rules[], passkey_rules[];

struct account {
	struct uuid id;
	const char *email, *name, *language, *password_hash, *roles, *permissions;
	const char *phone;		/* proven; "" where there is none */
	bool is_active, is_verified;
	bool has_factor;	/* a second one, confirmed */
};
extern const struct schema account_schema, me_schema;

/* By address in any case, or by id; false: there is none. */
bool account_find(struct request *, const char *email, struct account *);
bool account_find_id(struct request *, struct uuid, struct account *);

/*
 * May this be the account's new password? If not, false, with the fault of the
 * field noted. `account` may lack what is not known yet.
 */
bool password_may_be(struct request *, const struct account *,
    const char *field, const char *password);

/*
 * One try at a password, counted, and told to audit when it fails; in no
 * transaction. False: the answer is set, also for an account that is not there
 * (NULL), which takes as long.
 */
bool password_try(struct request *, const char *email, const struct account *,
    const char *password);

/* Tells audit of a sign-in that failed, and answers with the problem. */
int sign_in_failed(struct request *, struct uuid account_id,
    const char *factor, enum problem);

/* What an address is called where it is only counted. */
const char *account_key(struct request *, const char *email);

/* Hashes into the arena; false: no memory now (503 is set). */
bool password_make(struct request *, const char *password, const char **phc);

/* The second factors of an account that count, as methods of factor_kinds[]. */
struct factors {
	const char **kinds;
	size_t kinds_n;
	bool is_set_up;		/* there is one beside the recovery codes */
	bool is_strong;		/* an app or a passkey: staff need one */
};
extern const char *const factor_kinds[];
bool factors_find(struct request *, struct uuid account_id, struct factors *);
bool factors_have(const struct factors *, const char *kind);
/* For a page: has_totp, has_passkey, has_sms, has_email, has_recovery. */
void factors_show(struct request *, const struct factors *);

/* Uses up a code of the app, or a recovery code; false: it is none, or was
 * used. Commit whatever comes of it. */
bool totp_take(struct request *, struct uuid account_id, const char *code);
bool recovery_take(struct request *, struct uuid account_id, const char *code);

/* Who asks has this factor from now on, or no more, and is told by mail. Other
 * sessions end with a new one. False: it was so before. In a transaction. */
bool factor_put(struct request *, const char *kind);
bool factor_drop(struct request *, const char *kind);

/* The same, when it is there or gone already: a new strong one is answered with
 * recovery codes, if there are none yet. */
int factor_welcome(struct request *, const char *kind);
void factor_gone(struct request *, const char *kind);

/* What a browser hands on of a passkey's answer, all base64url. */
struct passkey_answer {
	const char *credential, *client_data, *authenticator_data, *signature;
};
#define PASSKEY_ANSWER_FIELDS(s_type) \
	PASSKEY_ANSWER_FIELD(s_type, credential, 1400), \
	PASSKEY_ANSWER_FIELD(s_type, client_data, 4000), \
	PASSKEY_ANSWER_FIELD(s_type, authenticator_data, 2000), \
	PASSKEY_ANSWER_FIELD(s_type, signature, 1000)
#define PASSKEY_ANSWER_FIELD(s_type, member, most) \
	{ .name = #member, .type = FIELD_TYPE_TEXT, .required = true, \
	  .offset = offsetof(s_type, answer.member), .max = most, .secret = true }

struct passkey_known {
	struct uuid id;
	const char *public_key;
	int64_t sign_count;
	bool is_verifying;
};

/* Answers with what a passkey of the account is to sign, for this owner (a
 * login or a session). */
int passkey_ask(struct request *, const char *owner, struct uuid account_id);

/* Is it an answer of a passkey of the account? In no transaction: the challenge
 * is gone, whatever comes of it. Then, in one, the count goes on; false: it
 * went back. */
bool passkey_check(struct request *, const char *owner, struct uuid account_id,
    const struct passkey_answer *, struct passkey_known *);
bool passkey_use(struct request *, const struct passkey_known *);

/* Uses up a code of any method; false: it is none, or was used. In a step. */
bool code_take(struct request *, struct uuid account_id, const char *method,
    const char *typed);
/* Told to audit, and answered with 401; false. In no step. */
bool wrong_code(struct request *, struct uuid account_id, const char *method);

/* Six digits; a typed code without spaces, in small letters; 422 for it. */
const char *six_digits(struct request *);
const char *code_tidy(struct request *, const char *code);
int code_is_wrong(struct request *);

/* A code by SMS: may the shop pay for one more (else the answer is set)? Take
 * before BEGIN, send within. */
bool sms_may_go(struct request *, struct uuid account_id, const char *phone);
void sms_code_send(struct request *, struct uuid account_id, const char *phone,
    const char *code);

/* The last digits: what a page shows of a number. */
const char *phone_end(struct request *, const char *phone);

/* What copies of the sessions of an account, or of all who have a role, say is
 * about to be no longer true. Before COMMIT. */
void sessions_changed(struct request *, struct uuid account_id);
void sessions_of_role_changed(struct request *, const char *role);

/*
 * A login that waits for its second factor: a cookie of ten minutes and five
 * tries; instead of a session. Within a step.
 */
bool challenge_start(struct request *, const struct account *);

/* How long after a proof of who one is the most sensitive things are open. */
#define FRESH_SECONDS 600

/*
 * A new session of the account, begun with `factor` ("password", "totp" ...),
 * with its cookie and event; the old token of this browser ends. "device": one
 * that is trusted, so that nothing but the password was shown now.
 */
bool session_start(struct request *, const struct account *,
    const char *factor);
/* The session goes on under another token, fresh again. */
bool session_renew(struct request *);

/* Ends sessions: one, or all of an account but `keep` (nil: all). */
bool session_end(struct request *, struct uuid account_id, struct uuid id);
bool session_end_others(struct request *, struct uuid account_id,
    struct uuid keep);
bool session_of_hash(struct request *, const char *token_hash,
    struct session **);

struct device {
	const char *token_hash;		/* NULL: not known */
	bool is_trusted;		/* needs no second factor now */
	bool is_new, has_others;
};

/* Has this browser signed in to the account before? */
bool device_find(struct request *, struct uuid account_id, struct device *);

/* From now on it has; a new one is told by mail. Trust 0 leaves it as it is. */
bool device_learn(struct request *, const struct account *, int trust_seconds);
void device_distrust(struct request *, struct uuid account_id);

/* The browser's own words, made printable; and what people call it. */
const char *device_user_agent(struct request *);
const char *device_name(struct request *, const char *user_agent);

/* A link for a mail: its token's hash is stored, the address is returned. */
const char *link_make(struct request *, struct uuid account_id,
    const char *purpose, int minutes);
/* Whose link is it? */
bool link_find(struct request *, const char *token, const char *purpose,
    struct uuid *account_id);
/* Uses a link up: the account it was for; false: it is not (or no more) good. */
bool link_use(struct request *, const char *token, const char *purpose,
    struct uuid *account_id);

/*
 * Makes an account with the role owner; the link by which its password is
 * chosen, the request's. NULL: the address has an account, or the database is
 * away.
 */
const char *owner_create(struct request *, const char *email);

/* An event about an account; `url` may be NULL. Personal data stay apart. */
void account_tell(struct request *, enum event_type, const struct account *,
    const char *url);
/* The same, with the factor that was shown or changed. */
void account_tell_factor(struct request *, enum event_type,
    const struct account *, const char *factor, const char *url);

/* Does who asks hold all of them (spaced)? If not, the first is named. */
bool rights_hold_all(struct request *, const char *permissions);

/* Permissions as they are stored; NULL: one is none, and noted. */
const char *rights_join(struct request *, const char *const *words, size_t n);

/* What a key's hash stands for; false: nothing. */
bool api_key_session(struct request *, const char *token_hash,
    struct session *);
/* The copy of a session or key in Redis is dead from now on. */
void session_mark_dead(struct request *, const char *token_hash);

extern const struct db_rule grants_rules[];
extern const struct db_rule role_rules[];
extern const struct schema role_schema, role_input, role_form_input,
    role_name_input,
    person_schema, person_list_input, grants_input, person_input,
    person_id_input, allowed_schema, api_key_schema, api_key_input,
    api_key_id_input;

extern const struct schema grant_input;

int grant_form(struct request *);
int person_page(struct request *);
int person_form(struct request *);
int person_roles(struct request *);
int role_list(struct request *);
int role_put(struct request *);
int role_delete(struct request *);
int role_page(struct request *);
int role_add(struct request *);
int person_sign_out(struct request *);
int person_reset(struct request *);
int api_key_page(struct request *);
int person_list(struct request *);
int person_set(struct request *);
int grants_put(struct request *);
int allowed_list(struct request *);
int api_key_list(struct request *);
int api_key_add(struct request *);
int api_key_delete(struct request *);

extern const struct schema register_input, login_input, token_input,
    forgot_input, reset_input, change_input, me_input, session_id_input,
    session_list_schema, session_check_input, page_query, login_page_input,
    enrolment_schema, recovery_schema, code_input, method_input, factors_schema,
    entered_schema, all_data_schema, email_change_input,
    email_confirmed_schema, verify_input, step_up_input, challenge_input,
    challenge_form_input, code_page_input, phone_input, phone_confirm_input,
    passkey_input, passkey_id_input, passkey_schema, passkey_options_schema,
    passkey_new_options_schema, passkey_login_input, passkey_step_up_input;

bool role_name_is_valid(const char *);

/* Tells audit what a role, or somebody's roles, were and are. */
void roles_tell(struct request *, struct uuid id, const char *role,
    const char *before, const char *after);

/* For a page: all permissions by domain, with those that are `chosen` (spaced);
 * those that begin with `without` (NULL: none) are not offered. Calls the programs. */
void catalogue_show(struct request *, const char *chosen, const char *without);

int register_account(struct request *);
int verify_email(struct request *);
int login(struct request *);
int logout(struct request *);
int password_forgot(struct request *);
int password_reset(struct request *);
int password_change(struct request *);
int me_get(struct request *);
int me_set(struct request *);
int person_export(struct request *);
int person_export_page(struct request *);
int person_close(struct request *);
int email_change(struct request *);
int email_confirm(struct request *);
int session_list(struct request *);
int session_delete(struct request *);
int session_check(struct request *);
int page_show(struct request *);
int login_form(struct request *);
int logout_form(struct request *);
/* On to `next`, if it is a page of this shop, or else to `preset`. */
int go_on(struct request *, const char *next, const char *preset);
int menu(struct request *);
int totp_start(struct request *);
int totp_confirm(struct request *);
int totp_page(struct request *);
int email_factor_add(struct request *);
int sms_factor_add(struct request *);
int factor_remove(struct request *);
int phone_start(struct request *);
int phone_confirm(struct request *);
int phone_remove(struct request *);
int phone_page(struct request *);
int recovery_renew(struct request *);
int factor_list(struct request *);
int passkey_new_options(struct request *);
int passkey_add(struct request *);
int passkey_add_form(struct request *);
int passkey_list(struct request *);
int passkey_remove(struct request *);
int challenge_passkey_options(struct request *);
int challenge_passkey(struct request *);
int challenge_passkey_form(struct request *);
int step_up_passkey_options(struct request *);
int step_up_passkey(struct request *);
int step_up_passkey_form(struct request *);
int challenge_send(struct request *);
int challenge_send_form(struct request *);
int challenge_verify(struct request *);
int challenge_page(struct request *);
int challenge_form(struct request *);
int step_up(struct request *);
int step_up_page(struct request *);
int step_up_form(struct request *);

#endif
