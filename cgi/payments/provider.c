/* The ways to pay that this shop offers, and the intake of their words. */
#include "payments.h"

#include "web/json_out.h"

static const struct provider *const providers[] = {
	&bank_transfer, &cash_on_delivery, &demo_card, NULL
};

/* Does the shop offer it? The demo's card company exists in a demo only. */
static bool
is_offered(struct request *r, const struct provider *provider)
{
	return (!provider->demo_only || r->app->conf->demo) &&
	    (provider->is_ready == NULL || provider->is_ready(r));
}

const struct provider *
provider_find(struct request *r, const char *name)
{
	for (const struct provider *const *p = providers; *p != NULL; p++)
		if (str_eq((*p)->name, name) && is_offered(r, *p))
			return *p;
	return NULL;
}

struct methods {
	const char *country, *currency;
};

SCHEMA(methods_input, struct methods,
	FIELD_TEXT(struct methods, country, .min = 2, .max = 2, .preset = "ES"),
	FIELD_TEXT(struct methods, currency, .min = 3, .max = 3, .preset = "EUR"));

struct pay_method {
	const char *provider;
	bool is_offline;
};

SCHEMA(method_schema, struct pay_method,
	FIELD_TEXT(struct pay_method, provider),
	FIELD_BOOL(struct pay_method, is_offline));

int
method_list(struct request *r)
{
	const struct methods *in = request_input(r);
	struct pay_method methods[ARRAY_LEN(providers)];
	size_t n = 0;

	for (const struct provider *const *p = providers; *p != NULL; p++)
		if (str_eq(in->currency, "EUR") && is_offered(r, *p) &&
		    (*p != &cash_on_delivery || str_eq(in->country, "ES")))
			methods[n++] = (struct pay_method){ (*p)->name, (*p)->is_offline };
	return reply_list(r, &method_schema, methods, n, NULL);
}

static struct next_action *
action(struct request *r, const char *type)
{
	struct next_action *next = arena_new_of(r->arena, struct next_action);

	next->type = type;
	return next;
}

DB_QUERY(find_setting, 1,
	"SELECT coalesce(max(value #>> '{}'), '') FROM setting WHERE name = $1");

static const char *
setting(struct request *r, const char *name)
{
	const char *value = db_text(r->db, &find_setting, P(name));

	return value != NULL ? value : "";
}

/* Nobody can pay into an account that nobody named. */
static bool
transfer_is_ready(struct request *r)
{
	return setting(r, "transfer_iban")[0] != '\0';
}

static bool
transfer_create(struct request *r, struct payment *payment)
{
	payment->next_action = action(r, "instructions");
	payment->next_action->reference = payment->order_number;
	payment->next_action->iban = setting(r, "transfer_iban");
	payment->next_action->holder = setting(r, "transfer_holder");
	return true;
}

/* Cash is as good as promised the moment the order is placed. */
static bool
cash_create(struct request *r, struct payment *payment)
{
	payment->next_action = action(r, "none");
	return true;
}

static bool
cash_fetch(struct request *r, const struct payment *payment,
    struct provider_word *word)
{
	char id[UUID_TEXT_SIZE];

	*word = (struct provider_word){
		.event_id = arena_strdup(r->arena, uuid_text(&payment->id, id)),
		.payment_id = payment->id, .status = PAYMENT_AUTHORIZED,
		.amount = payment->amount, .currency = payment->currency };
	return payment->status == PAYMENT_PENDING;
}

const struct provider bank_transfer = {
	.name = "bank_transfer", .is_offline = true,
	.is_ready = transfer_is_ready, .create = transfer_create,
};

const struct provider cash_on_delivery = {
	.name = "cash_on_delivery", .is_offline = true, .create = cash_create,
	.fetch = cash_fetch,
};

struct webhook {
	const char *provider;
};

SCHEMA(webhook_input, struct webhook,
	FIELD_TEXT(struct webhook, provider, .required = true, .max = 50));

/* Answered 2xx only after COMMIT: else the provider comes again. */
int
webhook(struct request *r)
{
	const struct webhook *in = request_input(r);
	const struct provider *provider = provider_find(r, in->provider);
	struct provider_word word;

	if (provider == NULL || provider->verify_webhook == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	if (!provider->verify_webhook(r))
		return problem(r, PROBLEM_BAD_SIGNATURE);
	if (!provider->parse_webhook(r, &word))
		return problem(r, PROBLEM_BAD_REQUEST);
	if (!payment_apply(r, provider, &word))
		return 0;
	return reply_empty(r, 204);
}
