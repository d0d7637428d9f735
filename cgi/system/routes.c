/* The table of contents of system. */
#include "system.h"

const struct route system_routes[] = {
	API(GET, "/system/settings", "system.settings.read", NULL, TX_READ,
	    settings_get, .output = &settings_schema,
	    .summary = "The shop's settings"),
	API(PATCH, "/system/settings", "system.settings.write", &settings_input,
	    TX_WRITE, settings_set, .output = &settings_schema,
	    .summary = "Change settings"),
	PAGE("/admin/", "system.job.read", NULL, TX_READ, page_show,
	    "admin/dashboard"),
	PAGE("/contact", PERM_PUBLIC, NULL, TX_READ, contact_show, "contact",
	    .cache_seconds = 3),
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
