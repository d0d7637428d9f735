/* Whose cart it is, where it lies, and how a guest's joins a customer's. */
#include "cart.h"

#include <json-c/json.h>

#include "crypto/token.h"
#include "web/call.h"
#include "web/json_out.h"

SCHEMA(cart_line_schema, struct cart_line,
	FIELD_UUID(struct cart_line, variant_id, .required = true),
	FIELD_I32(struct cart_line, quantity, .min = 1, .max = CART_QUANTITY_MAX,
	    .required = true),
	FIELD_I64(struct cart_line, seen, .max = 1000000000000));

const struct cart_store *
cart_store_of(const char *key)
{
	return str_starts(key, "user:") ? &cart_customers : &cart_guests;
}

const struct cart_line *
cart_line_of(const struct cart_content *content, struct uuid variant_id)
{
	for (size_t i = 0; i < content->n; i++)
		if (uuid_equal(&content->lines[i].variant_id, &variant_id))
			return &content->lines[i];
	return NULL;
}

const char *
cart_lines_text(struct request *r, const struct cart_line *lines, size_t n)
{
	struct json_object *list = json_out_list(&cart_line_schema, lines, n,
	    NULL);
	const char *text = arena_strdup(r->arena,
	    json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));

	json_object_put(list);
	return text;
}

static const char *
customers_key(struct request *r, struct uuid user_id)
{
	char id[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "user:%s", uuid_text(&user_id, id));
}

/* The key that the cookie stands for, or NULL. */
static const char *
guests_key(struct request *r)
{
	const char *token = request_cookie(r, CART_COOKIE);
	char hash[DIGEST_HEX_SIZE];

	return token == NULL || token[0] == '\0' ? NULL :
	    arena_strdup(r->arena, token_hash_hex(token, hash));
}

/* A guest's lines that wait to join; false: Redis is away, let them wait. */
static bool
read_waiting(struct request *r, const char *guest, struct cart_content *waiting)
{
	struct header *headers = r->headers;

	*waiting = (struct cart_content){ .n = 0 };
	if (cart_guests.read(r, guest, waiting))
		return true;
	call_forgive(r);
	r->headers = headers;
	return false;
}

/* Both as one, unless that is more than a cart shows. */
static void
show_joined(struct request *r, struct cart_content *content,
    const struct cart_content *waiting)
{
	size_t n = content->n, all = n + waiting->n;
	struct cart_line *lines, *same;

	if (waiting->n == 0 || all > CART_SHOWN_MAX)
		return;
	lines = arena_new_array(r->arena, struct cart_line, all);
	if (n > 0)
		memcpy(lines, content->lines, n * sizeof(*lines));
	for (size_t i = 0; i < waiting->n; i++) {
		struct cart_line line = waiting->lines[i];

		for (same = lines; same < lines + content->n; same++)
			if (uuid_equal(&same->variant_id, &line.variant_id))
				break;
		if (same == lines + content->n)
			lines[n++] = line;
		else if (same->quantity < line.quantity)
			same->quantity = line.quantity;
	}
	content->lines = lines;
	content->n = n;
}

bool
cart_read(struct request *r, struct cart_content *content)
{
	const char *guest = guests_key(r);
	struct cart_content waiting;

	*content = (struct cart_content){ .n = 0 };
	if (r->session == NULL)
		return guest == NULL || cart_guests.read(r, guest, content);
	if (!cart_customers.read(r, customers_key(r, r->session->user_id),
	    content))
		return false;
	if (guest != NULL && read_waiting(r, guest, &waiting))
		show_joined(r, content, &waiting);
	return true;
}

/* Two carts that together are more than one shows stay apart: nothing is lost. */
static bool
have_room(struct request *r, const char *customer,
    const struct cart_content *waiting)
{
	struct cart_content content = { .n = 0 };

	return waiting->n > 0 && cart_customers.read(r, customer, &content) &&
	    content.n + waiting->n <= CART_SHOWN_MAX;
}

/*
 * First into the customer's cart, then out of the guest's: what happens twice
 * is the same as once, and a guest's line that changed meanwhile stays.
 */
static bool
join_now(struct request *r, const char *guest, const char *customer)
{
	struct cart_content waiting;

	if (!read_waiting(r, guest, &waiting) ||
	    !have_room(r, customer, &waiting))
		return !request_failed(r);
	if (!step_begin(r) ||
	    !cart_customers_join(r, customer, waiting.lines, waiting.n) ||
	    !step_end(r))
		return false;
	cart_guests_settle(r, guest, waiting.lines, waiting.n);
	return true;
}

const char *
cart_key(struct request *r, bool create)
{
	const char *guest = guests_key(r), *token, *customer;
	char hash[DIGEST_HEX_SIZE];

	if (r->session != NULL) {
		customer = customers_key(r, r->session->user_id);
		return guest == NULL || join_now(r, guest, customer) ?
		    customer : NULL;
	}
	if (guest == NULL && !create)
		return NULL;
	token = guest != NULL ? request_cookie(r, CART_COOKIE) :
	    token_new(r->arena);
	reply_cookie(r, CART_COOKIE, token, CART_SECONDS, "/");
	return guest != NULL ? guest :
	    arena_strdup(r->arena, token_hash_hex(token, hash));
}

struct waiting_cart {
	const char *guest;
	struct cart_content content;
};

static void
settle(struct request *r, void *context)
{
	const struct waiting_cart *waiting = context;

	cart_guests_settle(r, waiting->guest, waiting->content.lines,
	    waiting->content.n);
}

/*
 * A guest has signed in: the carts join before anybody asks for one. Auth says
 * which cart the browser had, if it had one.
 */
bool
on_signed_in(struct request *r, const struct event *event)
{
	const char *customer = customers_key(r, event->subject);
	struct waiting_cart *waiting = arena_new_of(r->arena,
	    struct waiting_cart);
	struct json_object *key;

	if (!json_object_object_get_ex(event->data, "cart_key", &key) ||
	    !json_object_is_type(key, json_type_string))
		return true;
	waiting->guest = arena_strdup(r->arena, json_object_get_string(key));
	if (!cart_guests.read(r, waiting->guest, &waiting->content))
		return false;
	if (!have_room(r, customer, &waiting->content))
		return !request_failed(r);
	if (!cart_customers_join(r, customer, waiting->content.lines,
	    waiting->content.n))
		return false;
	after_commit(r, settle, waiting);
	return true;
}
