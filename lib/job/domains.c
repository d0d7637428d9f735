#include "job/domains.h"

#include <unistd.h>

#include "web/events.h"

const char *const domains[] = { "catalog", "inventory", "cart", "orders",
	"payments", "auth", "notifications", "audit", "system",
	"recommendations", NULL };

bool
domain_is_installed(const struct conf *conf, struct arena *arena,
    const char *domain)
{
	return access(arena_printf(arena, "%s/%s", conf->sql_dir, domain),
	    F_OK) == 0 && access(arena_printf(arena, "%s/%s.key", conf->key_dir,
	    domain), F_OK) == 0;
}

bool
domain_hears(const char *domain, const char *source)
{
	bool personal;

	for (int t = 0; t < EVENT_COUNT; t++)
		if ((str_eq(event_kinds[t].source, source) ||
		    str_eq(event_kinds[t].source, "*")) &&
		    event_is_for((enum event_type)t, domain, &personal))
			return true;
	return false;
}
