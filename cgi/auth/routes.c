/* The table of contents of auth. */
#include "auth.h"

static const struct limit register_limit = {
	"register", offsetof(struct conf, limit_register_address), 3600
};
static const struct limit forgot_limit = {
	"forgot", offsetof(struct conf, limit_register_address), 3600
};

const struct route auth_routes[] = {
	API(POST, "/auth/register", PERM_PUBLIC, &register_input, TX_NONE,
	    register_account, .status = 202, .limit = &register_limit,
	    .summary = "A new account; the answer tells nobody what is known"),
	API(POST, "/auth/verify-email", PERM_PUBLIC, &token_input, TX_WRITE,
	    verify_email, .status = 204, .summary = "Confirm an address"),
	API(POST, "/auth/login", PERM_PUBLIC, &login_input, TX_NONE, login,
	    .output = &me_schema, .summary = "Sign in"),
	API(POST, "/auth/logout", PERM_SIGNED_IN, NULL, TX_WRITE, logout,
	    .status = 204, .own = OWN_SESSION, .summary = "Sign out"),
	API(POST, "/auth/password/forgot", PERM_PUBLIC, &forgot_input, TX_NONE,
	    password_forgot, .status = 202, .limit = &forgot_limit,
	    .summary = "A link to a new password"),
	API(POST, "/auth/password/reset", PERM_PUBLIC, &reset_input, TX_WRITE,
	    password_reset, .status = 204,
	    .summary = "A new password by a mailed link"),
	API(POST, "/auth/password/change", PERM_SIGNED_IN, &change_input, TX_NONE,
	    password_change, .status = 204, .own = OWN_SESSION,
	    .summary = "A new password for the old one"),
	API(GET, "/auth/me", PERM_SIGNED_IN, NULL, TX_READ, me_get,
	    .output = &me_schema, .own = OWN_SESSION, .summary = "Who I am"),
	API(PATCH, "/auth/me", PERM_SIGNED_IN, &me_input, TX_WRITE, me_set,
	    .output = &me_schema, .own = OWN_SESSION,
	    .summary = "My name and language"),
	API(GET, "/auth/sessions", PERM_SIGNED_IN, NULL, TX_READ, session_list,
	    .output = &session_list_schema, .output_list = true,
	    .own = OWN_SESSION, .summary = "Where I am signed in"),
	API(DELETE, "/auth/sessions/{id}", PERM_SIGNED_IN, &session_id_input,
	    TX_WRITE, session_delete, .status = 204, .own = OWN_SESSION,
	    .summary = "End one of my sessions"),

	INTERNAL(POST, "/internal/auth/sessions", "*", &session_check_input,
	    TX_READ, session_check),

	PAGE("/login", PERM_PUBLIC, &login_page_input, TX_READ, page_show, "login"),
	FORM(POST, "/login", PERM_PUBLIC, &login_input, TX_NONE, login_form,
	    "/login"),
	PAGE("/register", PERM_PUBLIC, NULL, TX_READ, page_show, "register"),
	FORM(POST, "/register", PERM_PUBLIC, &register_input, TX_NONE,
	    register_account, "/register", .next = "/registered",
	    .limit = &register_limit),
	PAGE("/registered", PERM_PUBLIC, NULL, TX_READ, page_show, "registered"),
	PAGE("/verify", PERM_PUBLIC, &page_query, TX_READ, page_show, "verify"),
	FORM(POST, "/verify", PERM_PUBLIC, &token_input, TX_WRITE, verify_email,
	    "/verify", .next = "/login"),
	PAGE("/forgot", PERM_PUBLIC, NULL, TX_READ, page_show, "forgot"),
	FORM(POST, "/forgot", PERM_PUBLIC, &forgot_input, TX_NONE,
	    password_forgot, "/forgot", .next = "/registered",
	    .limit = &forgot_limit),
	PAGE("/reset", PERM_PUBLIC, &page_query, TX_READ, page_show, "reset"),
	FORM(POST, "/reset", PERM_PUBLIC, &reset_input, TX_WRITE, password_reset,
	    "/reset", .next = "/login"),
	PAGE("/account", PERM_SIGNED_IN, NULL, TX_READ, me_get, "account",
	    .also = { { "sessions", session_list } }),
	FORM(POST, "/account", PERM_SIGNED_IN, &me_input, TX_WRITE, me_set,
	    "/account"),
	FORM(POST, "/logout", PERM_SIGNED_IN, NULL, TX_WRITE, logout_form,
	    "/account", .next = "/"),
	FRAGMENT("/fragments/auth/menu", PERM_PUBLIC, NULL, TX_READ, menu,
	    "fragments/menu"),
	ROUTE_END
};

const struct program auth_program = {
	.name = "auth",
	.routes = auth_routes,
	.own_session = session_of_hash,
};
