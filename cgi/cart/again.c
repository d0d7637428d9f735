/*
 * Lines of an order that is bought again: into the customer's cart, as far as
 * they are still sold, each in the larger quantity; so twice is as once.
 */
#include "cart.h"

#include <json-c/json.h>

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

/* Those of the lines that are sold, at the price that will be seen. */
static bool
keep_sold(struct request *r, const struct again *in, struct cart_content *kept)
{
	const struct cart_content wanted = { .lines = in->lines,
	    .n = in->lines_n };
	struct prices prices;

	if (!cart_ask_prices(r, in->lines, in->lines_n, &prices))
		return false;
	kept->lines = arena_new_array(r->arena, struct cart_line, prices.n + 1);
	for (size_t i = 0; i < prices.n; i++) {
		const struct price *price = &prices.items[i];
		const struct cart_line *line =
		    cart_line_of(&wanted, price->variant_id);

		if (price->is_available && line != NULL)
			kept->lines[kept->n++] = (struct cart_line){
			    line->variant_id, line->quantity,
			    price->unit_gross };
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
