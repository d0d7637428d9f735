/*
 * Lines of an order that is bought again: into the customer's cart, as far as
 * they are still sold, each in the larger quantity; so twice is as once.
 */
#include "cart.h"

#include <json-c/json.h>

#include "web/call.h"
#include "web/json_out.h"

struct again {
	const char *cart_key;
	struct cart_line *lines;
	size_t lines_n;
};

SCHEMA(again_input, struct again,
	FIELD_TEXT(struct again, cart_key, .required = true, .max = 100),
	FIELD_LIST(struct again, lines, lines_n, &cart_line_schema,
	    .required = true, .min = 1, .max = CART_SHOWN_MAX));

struct sold {
	struct uuid variant_id;
	int64_t unit_gross;
	bool is_available;
};

static SCHEMA(sold_schema, struct sold,
	FIELD_UUID(struct sold, variant_id),
	FIELD_I64(struct sold, unit_gross),
	FIELD_BOOL(struct sold, is_available));

/* Those of the lines that are sold, at the price that will be seen. */
static bool
keep_sold(struct request *r, const struct again *in, struct cart_content *kept)
{
	const struct cart_content wanted = { in->lines, in->lines_n, NULL, false };
	struct call_answer answer;
	struct sold *sold;
	size_t n;

	if (!call(r, POST, "/internal/catalog/prices",
	    cart_ids_of(in->lines, in->lines_n), &answer) ||
	    !call_read_list(r, &answer, "items", &sold_schema, (void **)&sold, &n))
		return false;
	kept->lines = arena_new_array(r->arena, struct cart_line, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct cart_line *line =
		    cart_line_of(&wanted, sold[i].variant_id);

		if (sold[i].is_available && line != NULL)
			kept->lines[kept->n++] = (struct cart_line){
			    line->variant_id, line->quantity,
			    sold[i].unit_gross };
	}
	return true;
}

int
cart_internal_again(struct request *r)
{
	const struct again *in = request_input(r);
	struct cart_content kept = { .n = 0 }, present = { .n = 0 };
	struct json_object *answer;

	if (cart_store_of(in->cart_key) != &cart_customers)
		return problem(r, PROBLEM_NOT_FOUND);
	if (!keep_sold(r, in, &kept) ||
	    !cart_customers.read(r, in->cart_key, &present))
		return r->status;
	if (present.n + kept.n > CART_SHOWN_MAX)
		return problem(r, PROBLEM_CART_FULL);
	if (kept.n > 0 && (!step_begin(r) ||
	    !cart_customers_join(r, in->cart_key, kept.lines, kept.n) ||
	    !step_end(r)))
		return 0;
	answer = json_object_new_object();
	json_object_object_add(answer, "items",
	    json_out_list(&cart_line_schema, kept.lines, kept.n, NULL));
	return reply_json(r, 200, answer);
}
