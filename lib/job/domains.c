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
domains_conf(int argc, char **argv, struct arena *arena, struct conf *conf)
{
	const char *path = "/etc/zoco/zoco.conf";
	char error[300];

	for (int i = 1; i + 1 < argc; i++)
		if (str_eq(argv[i], "--config"))
			path = argv[i + 1];
	return !(argc == 2 && str_eq(argv[1], "--help")) &&
	    conf_load(conf, arena, path, error, sizeof(error));
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
