/*
 * The checkout's page, in steps with an address each: details, delivery,
 * payment. What is done is a line with a way back to it; the total is there
 * from the first. A change of country is shown by POST /checkout/totals: what
 * was typed stays, and stays out of addresses and logs.
 */
#include "orders.h"

#include <json-c/json.h>

#include "web/json_in.h"
#include "web/json_out.h"

enum step { STEP_DETAILS, STEP_DELIVERY, STEP_PAYMENT };

static const char *const steps[] = { "details", "delivery", "payment", NULL };

struct checkout_page {
	int step;
	const char *country, *shipping_option;
	struct uuid address;
};

SCHEMA(checkout_page_input, struct checkout_page,
	FIELD_ENUM(struct checkout_page, step, steps, .preset = "details"),
	FIELD_TEXT(struct checkout_page, country, .min = 2, .max = 2,
	    .preset = "ES"),
	FIELD_TEXT(struct checkout_page, shipping_option, .max = 30,
	    .preset = "standard"),
	FIELD_UUID(struct checkout_page, address,
	    .help = "One of the customer's own, to be filled in"));

/* A member of the form as it was typed, also where it had a fault. */
static const char *
typed(struct json_object *tree, const char *object, const char *name,
    const char *otherwise)
{
	struct json_object *value;

	if (tree == NULL || (object != NULL &&
	    !json_object_object_get_ex(tree, object, &tree)) ||
	    !json_object_object_get_ex(tree, name, &value) ||
	    !json_object_is_type(value, json_type_string) ||
	    json_object_get_string_len(value) == 0 ||
	    json_object_get_string_len(value) > 30)
		return otherwise;
	return json_object_get_string(value);
}

/* What the form holds: what was typed now, else what is kept; an address of the
 * customer's own that was asked for. */
static struct json_object *
form_of(struct request *r, struct uuid address_id)
{
	struct json_object *form = draft_read(r);
	struct json_object *address = saved_address_of(r, address_id);

	if (form == NULL)
		form = json_object_new_object();
	if (address != NULL)
		json_object_object_add(form, "shipping_address", address);
	if (r->input_tree != NULL) {
		json_object_object_foreach(r->input_tree, name, value)
			json_object_object_add(form, name,
			    json_object_get(value));
	}
	page_set(r, "form", form);
	return form;
}

/* Are the first step's fields as they must be? Tells nobody about faults. */
static bool
details_are_good(struct request *r, struct json_object *form)
{
	struct json_object *details = json_object_new_object(), *value;
	void *object = arena_alloc(r->arena, checkout_details_input.size);
	bool is_good;

	for (const struct field *f = checkout_details_input.fields;
	    f->name != NULL; f++)
		if (json_object_object_get_ex(form, f->name, &value))
			json_object_object_add(details, f->name,
			    json_object_get(value));
	is_good = json_in(r, &checkout_details_input, details, JSON_IN_TEXT, NULL,
	    object);
	json_object_put(details);
	r->field_errors = NULL;
	return is_good;
}

/* The step that is asked for, or whose form had a fault; none without details. */
static enum step
step_of(struct request *r, const struct checkout_page *in,
    struct json_object *form)
{
	struct json_object *tree = r->input_tree;

	if (!details_are_good(r, form))
		return STEP_DETAILS;
	if (json_object_object_get_ex(tree, "expected_total", NULL))
		return STEP_PAYMENT;
	if (json_object_object_get_ex(tree, "email", NULL))
		return STEP_DETAILS;
	return json_object_object_get_ex(tree, "shipping_option", NULL) ?
	    STEP_DELIVERY : (enum step)in->step;
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

/* The open step, and what is done before it. */
static void
set_steps(struct request *r, enum step at)
{
	struct json_object *open = json_object_new_object();
	struct json_object *done = json_object_new_object();

	for (enum step step = STEP_DETAILS; step <= STEP_PAYMENT; step++)
		json_object_object_add(step < at ? done : open, steps[step],
		    json_object_new_boolean(step <= at));
	page_set(r, "open", open);
	page_set(r, "done", done);
}

static void
set_addresses(struct request *r)
{
	struct json_object *addresses = saved_addresses(r);

	page_set(r, "has_addresses", json_object_new_boolean(addresses != NULL));
	if (addresses != NULL)
		page_set(r, "addresses", addresses);
}

/* What the steps show of a quote. */
static bool
set_choices(struct request *r, struct json_object *form, enum step at,
    const char *country, const struct quote *q)
{
	struct json_object *methods, *is = json_object_new_object();

	json_object_object_add(is, country, json_object_new_boolean(true));
	page_set(r, "country_is", is);
	page_set(r, "options", json_out_list(&shipping_option_schema, q->options,
	    q->options_n, r->lang));
	for (size_t i = 0; i < q->options_n; i++)
		if (q->options[i].is_chosen)
			page_set(r, "chosen", json_out(&shipping_option_schema,
			    &q->options[i], r->lang, JSON_ALL));
	page_set(r, "expected_total", json_object_new_int64(q->total.amount));
	page_set(r, "lines", json_out_list(&order_line_schema, q->lines,
	    q->lines_n, r->lang));
	if (at == STEP_DETAILS)
		set_addresses(r);
	if (at == STEP_PAYMENT) {
		if (!order_methods(r, country, typed(form, NULL,
		    "payment_method", ""), &methods))
			return false;
		page_set(r, "methods", json_object_get(methods));
	}
	return true;
}

/* The page with its form: what was typed now, else what is kept. */
static int
show(struct request *r, const struct checkout_page *in)
{
	struct json_object *form = form_of(r, in->address);
	const char *country = typed(form, "shipping_address", "country",
	    in->country);
	const char *option = typed(form, NULL, "shipping_option",
	    in->shipping_option);
	enum step at = step_of(r, in, form);
	struct quote q;

	if (!quote_some(r, &country, option, &q)) {
		if (r->problem != PROBLEM_CART_EMPTY &&
		    r->problem != PROBLEM_OUT_OF_STOCK)
			return r->status;
		r->problem = PROBLEM_NONE;	/* the cart says what is wrong */
		r->problem_members = NULL;
		return reply_redirect(r, "/cart");
	}
	set_steps(r, at);
	if (!set_choices(r, form, at, country, &q))
		return r->status;
	return reply(r, 200, &quote_schema, &q);
}

int
checkout_page(struct request *r)
{
	return show(r, request_input(r));
}

/* The first step again, with the totals of what is chosen in it now. */
int
checkout_totals(struct request *r)
{
	return show(r, &(struct checkout_page){ .country = "ES",
	    .shipping_option = "standard" });
}

/* For the cart's page: the total with the cheapest delivery at home. */
int
delivery_estimate(struct request *r)
{
	struct shipping_option *cheapest = NULL;
	struct quote q;

	if (!quote_make(r, "ES", NULL, &q))
		return r->status;
	for (size_t i = 0; i < q.options_n; i++)
		if (cheapest == NULL ||
		    q.options[i].amount.amount < cheapest->amount.amount)
			cheapest = &q.options[i];
	if (cheapest == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	q.shipping = cheapest->amount;
	q.total.amount += q.shipping.amount;
	page_set(r, "option", json_object_new_string(cheapest->name));
	return reply(r, 200, &quote_schema, &q);
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
