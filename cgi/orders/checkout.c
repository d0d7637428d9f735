/*
 * The checkout's page. Without JavaScript a change of country or delivery is
 * shown by POST /checkout/totals: what was typed stays, and stays out of
 * addresses and logs.
 */
#include "orders.h"

#include <json-c/json.h>

#include "web/json_out.h"

struct checkout_page {
	const char *country, *shipping_option;
};

SCHEMA(checkout_page_input, struct checkout_page,
	FIELD_TEXT(struct checkout_page, country, .min = 2, .max = 2,
	    .preset = "ES"),
	FIELD_TEXT(struct checkout_page, shipping_option, .max = 30,
	    .preset = "standard"));

/* A member of the form as it was typed, also where it had a fault. */
static const char *
typed(struct request *r, const char *object, const char *name,
    const char *otherwise)
{
	struct json_object *tree = r->input_tree, *value;

	if (tree == NULL || (object != NULL &&
	    !json_object_object_get_ex(tree, object, &tree)) ||
	    !json_object_object_get_ex(tree, name, &value) ||
	    !json_object_is_type(value, json_type_string) ||
	    json_object_get_string_len(value) > 30)
		return otherwise;
	return json_object_get_string(value);
}

/* A quote, with the standard delivery at home where nothing else goes. */
static bool
quote_some(struct request *r, const char **country, const char *option,
    struct quote *q)
{
	static const char standard[] = "standard", home[] = "ES";

	for (;;) {
		bool is_home = str_eq(*country, home);

		if (strlen(*country) == 2 && quote_make(r, *country, option, q))
			return true;
		if (request_failed(r) || (r->problem != PROBLEM_NONE &&
		    (r->problem != PROBLEM_INVALID ||
		    (is_home && str_eq(option, standard)))))
			return false;
		r->problem = PROBLEM_NONE;
		r->field_errors = NULL;
		if (str_eq(option, standard))
			*country = home;
		option = standard;
	}
}

int
checkout_page(struct request *r)
{
	const struct checkout_page *in = request_input(r);
	const char *country = typed(r, "shipping_address", "country", in->country);
	const char *option = typed(r, NULL, "shipping_option", in->shipping_option);
	struct json_object *methods, *choice = json_object_new_object();
	struct quote q;

	page_set(r, "country_is", choice);
	if (!quote_some(r, &country, option, &q)) {
		if (r->problem != PROBLEM_CART_EMPTY &&
		    r->problem != PROBLEM_OUT_OF_STOCK)
			return r->status;
		r->problem = PROBLEM_NONE;	/* the cart says what is wrong */
		r->problem_members = NULL;
		return reply_redirect(r, "/cart");
	}
	json_object_object_add(choice, country, json_object_new_boolean(true));
	if (!order_methods(r, country, typed(r, NULL,
	    "payment_method", ""), &methods))
		return r->status;
	page_set(r, "methods", json_object_get(methods));
	page_set(r, "options", json_out_list(&shipping_option_schema, q.options,
	    q.options_n, r->lang));
	page_set(r, "expected_total", json_object_new_int64(q.total.amount));
	page_set(r, "lines", json_out_list(&order_line_schema, q.lines, q.lines_n,
	    r->lang));
	return reply(r, 200, &quote_schema, &q);
}

/* The form again, with the totals of what is chosen in it now. */
int
checkout_totals(struct request *r)
{
	struct checkout_page *in = arena_new_of(r->arena, struct checkout_page);

	*in = (struct checkout_page){ "ES", "standard" };
	r->input = in;
	page_set(r, "form", json_object_get(r->input_tree));
	return checkout_page(r);
}

/* After the order: to the provider's page, or to the order's own. */
int
checkout_form(struct request *r)
{
	struct json_object *value;
	struct order order = { .payment = NULL };
	struct uuid id;

	if (order_place(r) >= 300 || r->json == NULL) {
		if (r->problem != PROBLEM_CART_EMPTY)
			return r->status;
		r->problem = PROBLEM_NONE;
		return reply_redirect(r, "/cart");
	}
	json_object_object_get_ex(r->json, "id", &value);
	if (!uuid_parse(json_object_get_string(value), &id))
		return problem(r, PROBLEM_DEFECT);
	json_object_object_get_ex(r->json, "payment", &order.payment);
	order_cookie(r, id);
	if ((r->location = order_pay_url(&order)) != NULL)
		return r->status = 303;
	return reply_redirect(r, arena_printf(r->arena, "/orders/%s",
	    json_object_get_string(value)));
}
