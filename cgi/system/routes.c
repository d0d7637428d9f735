/* The table of contents of system. */
#include "system.h"

#include "web/parked.h"

static const struct limit contact_limit = {
	"contact", offsetof(struct conf, limit_register_address), 3600
};

const struct route system_routes[] = {
	API(POST, "/system/contact", PERM_PUBLIC, &contact_input,
	    TX_WRITE | IDEM, contact_send, .status = 204,
	    .limit = &contact_limit, .summary = "Write to the shop"),
	API(GET, "/system/settings", "system.settings.read", NULL, TX_READ,
	    settings_get, .output = &settings_schema,
	    .summary = "The shop's settings"),
	API(PATCH, "/system/settings", "system.settings.write", &settings_input,
	    TX_WRITE, settings_set, .output = &settings_schema,
	    .summary = "Change settings"),
	API(GET, "/system/jobs", "system.job.read", NULL, TX_NONE, job_list,
	    .output = &jobs_schema,
	    .summary = "Every job: when it ran, how it went, when it runs next"),
	API(GET, "/system/jobs/{name}", "system.job.read", &job_ref_input, TX_NONE,
	    job_get, .output = &job_runs_schema, .summary = "The last runs of a job"),
	API(POST, "/system/jobs/{name}/run", "system.job.run", &job_ref_input,
	    TX_WRITE | IDEM, job_ask, .output = &wish_schema, .status = 202,
	    .summary = "Run it now; twice before it starts is once"),
	API(GET, "/system/events", "system.job.read", NULL, TX_NONE, event_list,
	    .output = &events_schema,
	    .summary = "Events that a domain could not take: waiting, or dead"),
	API(POST, "/system/events/replay", "system.job.run", &parked_replay_input,
	    TX_NONE, event_replay, .output = &parked_replayed_schema,
	    .summary = "Try dead events again: one, or all of a subscriber"),
	FRAGMENT("/fragments/system/desk", "system.job.read", NULL, TX_NONE, desk,
	    "fragments/desk"),
	PAGE("/admin/", "system.job.read", NULL, TX_READ, page_show,
	    "admin/dashboard"),
	PAGE("/admin/jobs", "system.job.read", NULL, TX_NONE, job_list,
	    "admin/jobs"),
	PAGE("/admin/jobs/events", "system.job.read", NULL, TX_NONE, event_list,
	    "admin/events"),
	FORM(POST, "/admin/jobs/events", "system.job.run", &parked_replay_input,
	    TX_NONE, event_replay, "/admin/jobs/events", .next = "/admin/jobs/events"),
	PAGE("/admin/jobs/{name}", "system.job.read", &job_ref_input, TX_NONE,
	    job_get, "admin/job"),
	FORM(POST, "/admin/jobs/{name}/run", "system.job.run", &job_ref_input,
	    TX_WRITE | IDEM, job_ask, "/admin/jobs/{name}",
	    .next = "/admin/jobs/{job}"),
	PAGE("/contact", PERM_PUBLIC, NULL, TX_READ, contact_show, "contact"),
	FORM(POST, "/contact", PERM_PUBLIC, &contact_input, TX_WRITE | IDEM,
	    contact_send, "/contact", .next = "/contact/sent",
	    .limit = &contact_limit),
	PAGE("/contact/sent", PERM_PUBLIC, NULL, TX_READ, page_show,
	    "contact_sent", .cache_seconds = 3),
	PAGE("/privacy", PERM_PUBLIC, NULL, TX_READ, page_show, "privacy",
	    .cache_seconds = 3),
	PAGE("/terms", PERM_PUBLIC, NULL, TX_READ, page_show, "terms",
	    .cache_seconds = 3),
	ROUTE_END
};

const struct program system_program = {
	.name = "system",
	.routes = system_routes,
};
