/*
 * GET /system/events and POST /system/events/replay: the events that some
 * domain could not take, told by the domains that they come from; and "try it
 * again", where that was given up.
 */
#include "system.h"

#include <json-c/json.h>

#include "base/json.h"
#include "job/domains.h"
#include "web/call.h"
#include "web/json_out.h"
#include "web/parked.h"

#define DOMAINS_MAX 16
#define EVENTS_MAX 800

struct events {
	struct parked *items;
	size_t items_n;
	int64_t dead;
	const char **away;
	size_t away_n;
};

SCHEMA(events_schema, struct events,
	FIELD_LIST(struct events, items, items_n, &parked_schema),
	FIELD_I64(struct events, dead),
	FIELD_TEXTS(struct events, away, away_n,
	    .help = "Domains that did not answer"));

/* One domain's; our own are not asked of ourselves. */
static bool
parked_of(struct request *r, const char *domain, struct parked **parked,
    size_t *n)
{
	struct call_answer answer;
	bool is_answered;

	if (str_eq(domain, r->app->program->name))
		return parked_read(r, parked, n);
	is_answered = call(r, GET, arena_printf(r->arena, "/internal/%s/parked",
	    domain), NULL, &answer) && answer.status == 200 && call_read_list(r,
	    &answer, "items", &parked_schema, (void **)parked, n);
	if (!is_answered)
		call_forgive(r);
	return is_answered;
}

static bool
collect(struct request *r, struct events *all)
{
	struct parked *parked;
	size_t n;

	*all = (struct events){
	    .items = arena_new_array(r->arena, struct parked, EVENTS_MAX),
	    .away = arena_new_array(r->arena, const char *, DOMAINS_MAX) };
	for (size_t i = 0; domains[i] != NULL && i < DOMAINS_MAX; i++) {
		if (!domain_is_installed(r->app->conf, r->arena, domains[i]))
			continue;
		if (!parked_of(r, domains[i], &parked, &n)) {
			all->away[all->away_n++] = domains[i];
			continue;
		}
		for (size_t k = 0; k < n && all->items_n < EVENTS_MAX; k++) {
			all->dead += parked[k].is_dead;
			all->items[all->items_n++] = parked[k];
		}
	}
	return !request_failed(r);
}

int
event_list(struct request *r)
{
	struct events all;

	if (!collect(r, &all))
		return 0;
	page_set(r, "is_away", json_object_new_boolean(all.away_n > 0));
	return reply(r, 200, &events_schema, &all);
}

/* Ours in a transaction of our own, others' by a call. */
static bool
replay(struct request *r, const struct parked_replay *in,
    struct parked_replayed *out)
{
	struct json_object *body;
	struct call_answer answer;

	if (str_eq(in->domain, r->app->program->name)) {
		if (!step_begin(r))
			return false;
		out->replayed = parked_replay(r, in);
		return step_end(r);
	}
	body = json_out(&parked_replay_input, in, NULL, JSON_ALL);
	json_object_object_del(body, "domain");	/* the path says it */
	return call(r, POST, arena_printf(r->arena, "/internal/%s/parked/replay",
	    in->domain), body, &answer) && answer.status == 200 &&
	    call_read(r, &answer, &parked_replayed_schema, out);
}

int
event_replay(struct request *r)
{
	const struct parked_replay *in = request_input(r);
	struct parked_replayed out = { 0 };
	bool is_known = false;

	for (size_t i = 0; domains[i] != NULL; i++)
		is_known = is_known || (str_eq(domains[i], in->domain) &&
		    domain_is_installed(r->app->conf, r->arena, domains[i]));
	if (!is_known)
		return problem(r, PROBLEM_NOT_FOUND);
	if (!replay(r, in, &out))
		return r->status;
	if (out.replayed == 0)
		return problem(r, PROBLEM_NOT_FOUND);
	return reply(r, 200, &parked_replayed_schema, &out);
}

/* What of it asks for somebody's eyes, on the front page. */
int
desk(struct request *r)
{
	struct json_object *answer = json_object_new_object();
	struct events all;

	if (collect(r, &all) && all.dead > 0)
		json_object_object_add(answer, "dead",
		    json_object_new_int64(all.dead));
	return reply_json(r, 200, answer);
}
