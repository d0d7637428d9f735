#include "base/conf.h"

#include "base/buf.h"

#define FILE_MAX_BYTES (64 * 1024)

#define STRING(key, preset, help) \
	{ #key, CONF_STRING, offsetof(struct conf, key), preset, help }
#define INTEGER(key, preset, help) \
	{ #key, CONF_INTEGER, offsetof(struct conf, key), preset, help }
#define BOOLEAN(key, preset, help) \
	{ #key, CONF_BOOLEAN, offsetof(struct conf, key), preset, help }

const struct conf_key conf_keys[] = {
	STRING(run_dir, "/run/zoco", "folder of the programs' sockets"),
	STRING(key_dir, "/etc/zoco/keys", "folder of the secret keys, 0700"),
	STRING(media_dir, "/var/lib/zoco/media", "pictures that nginx serves"),
	STRING(sql_dir, "/usr/local/share/zoco/sql", "the migrations"),
	STRING(override_dir, "",
	    "DOMAIN/pages/, DOMAIN/lang/ and words/ here win over ours"),
	STRING(db_url, "dbname=zoco_{domain} user=zoco_{domain}",
	    "libpq connection string of the programs"),
	STRING(db_owner_url, "dbname=zoco_{domain} user=zoco_{domain}_owner",
	    "libpq connection string of zoco-migrate"),
	STRING(redis, "/run/redis/redis.sock", "Redis: Unix socket or host:port"),
	STRING(internal_socket, "/run/zoco/internal.sock",
	    "nginx's server for calls between programs"),
	STRING(publish_socket, "/run/zoco/publish.sock",
	    "nginx's server that live changes are published to"),
	STRING(base_url, NULL, "where shoppers find the shop, no slash at the end"),
	STRING(smtp_url, "smtp://127.0.0.1:25", "where mail is handed over"),
	STRING(smtp_user, "", "name for the mail server, empty: none"),
	STRING(smtp_password_file, "", "file with the password, 0400"),
	STRING(mail_from, NULL, "sender address of the shop's mail"),
	STRING(sandbox_address, "", "all mail goes there, and nothing else is sent"),
	STRING(twilio_url, "https://api.twilio.com", "where SMS are handed over"),
	STRING(twilio_account, "", "Twilio's account (AC...), empty: no SMS"),
	STRING(twilio_token_file, "", "file with its auth token, 0400"),
	STRING(twilio_from, "", "the number that SMS come from, +..."),
	STRING(sms_prefixes, "", "where codes go: +34 +351; empty: everywhere"),
	STRING(push_test_origin, "", "a push service that need not be public"),
	STRING(audit_checkpoints, "/var/lib/zoco/audit-checkpoints",
	    "file of signed checkpoints of the audit chain; copy it elsewhere"),
	STRING(audit_archive, "/var/lib/zoco/audit-archive",
	    "folder of the audit entries that left the database"),
	STRING(crontab, "/etc/cron.d/zoco", "the jobs' lines, to be shown"),
	STRING(time_zone, "Europe/Madrid", "zone in which people read times"),
	STRING(log_level, "info", "debug, info, warn or error"),
	BOOLEAN(log_pretty, "off", "log for people instead of JSON"),
	BOOLEAN(demo, "off", "demo shop: test cards and /dev pages"),
	BOOLEAN(staff_mfa, "on", "staff may do nothing without a second factor"),
	BOOLEAN(db_prepare, "on", "off behind a pooler in transaction mode"),
	INTEGER(workers_catalog, "4", "worker processes"),
	INTEGER(workers_inventory, "2", "worker processes"),
	INTEGER(workers_cart, "4", "worker processes"),
	INTEGER(workers_orders, "4", "worker processes"),
	INTEGER(workers_payments, "2", "worker processes"),
	INTEGER(workers_auth, "2", "worker processes"),
	INTEGER(workers_notifications, "2", "worker processes"),
	INTEGER(workers_recommendations, "2", "worker processes"),
	INTEGER(workers_audit, "2", "worker processes"),
	INTEGER(workers_system, "2", "worker processes"),
	INTEGER(worker_requests, "100000", "requests after which a worker is renewed"),
	INTEGER(worker_memory_mb, "64", "resident memory beyond which it is renewed"),
	INTEGER(limit_login_account, "10", "failed logins of an account in 15 minutes"),
	INTEGER(limit_login_address, "30", "failed logins from an address in 15 minutes"),
	INTEGER(limit_code_account, "20", "codes tried for an account in an hour"),
	INTEGER(limit_register_address, "10", "registrations from an address in an hour"),
	INTEGER(limit_reset_account, "3", "password mails to an account in an hour"),
	INTEGER(limit_sms_account, "5", "codes by SMS that an account asks for in an hour"),
	INTEGER(limit_sms_number, "10", "codes by SMS to a number in a day"),
	INTEGER(limit_sms_day, "500", "codes by SMS in a day, in all"),
	INTEGER(limit_checkout_address, "10", "orders from an address in a minute"),
	INTEGER(limit_write_address, "600", "changes from an address in a minute"),
	INTEGER(cart_reminder_minutes, "240", "after which a cart counts as left"),
	INTEGER(keep_days, "30", "that delivered events and their like are kept"),
	INTEGER(keep_message_days, "365", "that messages and their tries are kept"),
	INTEGER(keep_cart_days, "180", "that a customer's cart is kept untouched"),
	INTEGER(audit_months, "24", "after which audit entries are archived"),
	INTEGER(mail_per_minute, "3000", "mails handed over in a minute"),
	INTEGER(sms_per_minute, "60", "SMS handed over in a minute"),
	INTEGER(push_per_minute, "1200", "Web Push messages in a minute"),
	INTEGER(call_timeout_ms, "2000", "deadline of a call between programs"),
	INTEGER(provider_timeout_ms, "3000", "deadline of a call to a payment provider"),
	INTEGER(order_payment_minutes, "60", "time to pay by card before an order lapses"),
	INTEGER(order_transfer_days, "7", "time to pay by transfer before it lapses"),
	{ NULL, CONF_STRING, 0, NULL, NULL }
};

static const struct conf_key *
find_key(const char *name)
{
	for (const struct conf_key *k = conf_keys; k->name != NULL; k++)
		if (str_eq(k->name, name))
			return k;
	return NULL;
}

static bool
set(struct conf *conf, const struct conf_key *k, const char *value)
{
	char *member = (char *)conf + k->offset, *end;

	switch (k->type) {
	case CONF_STRING:
		memcpy(member, &value, sizeof(value));
		return true;
	case CONF_INTEGER: {
		int64_t number;

		errno = 0;
		number = strtoll(value, &end, 10);
		if (errno != 0 || end == value || *end != '\0' || number < 0)
			return false;
		memcpy(member, &number, sizeof(number));
		return true;
	}
	case CONF_BOOLEAN: {
		bool on = str_eq(value, "on");

		if (!on && !str_eq(value, "off"))
			return false;
		memcpy(member, &on, sizeof(on));
		return true;
	}
	}
	return false;
}

static char *
trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static bool
read_line(struct conf *conf, struct arena *a, char *line, int number,
    char *error, size_t n)
{
	char *text = trim(line), *equals = strchr(text, '=');
	const struct conf_key *k;

	if (*text == '\0' || *text == '#')
		return true;
	if (equals == NULL) {
		snprintf(error, n, "line %d: no '='", number);
		return false;
	}
	*equals = '\0';
	if ((k = find_key(trim(text))) == NULL) {
		snprintf(error, n, "line %d: unknown key '%s'", number, trim(text));
		return false;
	}
	if (!set(conf, k, arena_strdup(a, trim(equals + 1)))) {
		snprintf(error, n, "line %d: bad value of '%s'", number, k->name);
		return false;
	}
	return true;
}

static bool
read_file(struct conf *conf, struct arena *a, const char *path, char *error,
    size_t n)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	bool good = true;

	if (file == NULL) {
		snprintf(error, n, "%s: %s", path, strerror(errno));
		return false;
	}
	for (int number = 1; good && fgets(line, sizeof(line), file); number++)
		good = read_line(conf, a, line, number, error, n);
	fclose(file);
	return good;
}

static const char *
from_environment(const struct conf_key *k)
{
	char name[64] = "ZOCO_";

	for (size_t i = 0; k->name[i] != '\0' && i < sizeof(name) - 6; i++)
		name[5 + i] = (char)toupper((unsigned char)k->name[i]);
	return getenv(name);
}

bool
conf_load(struct conf *conf, struct arena *a, const char *path, char *error,
    size_t n)
{
	memset(conf, 0, sizeof(*conf));
	for (const struct conf_key *k = conf_keys; k->name != NULL; k++)
		if (k->preset != NULL && !set(conf, k, k->preset))
			abort();
	if (!read_file(conf, a, path, error, n))
		return false;
	for (const struct conf_key *k = conf_keys; k->name != NULL; k++) {
		const char *value = from_environment(k);

		if (value != NULL && !set(conf, k, value)) {
			snprintf(error, n, "ZOCO_ variable of '%s': bad value", k->name);
			return false;
		}
	}
	if (conf->base_url == NULL || conf->mail_from == NULL) {
		snprintf(error, n, "'%s' is required",
		    conf->base_url == NULL ? "base_url" : "mail_from");
		return false;
	}
	return true;
}

const char *
conf_db_url(const char *url, const char *domain, struct arena *a)
{
	static const char mark[] = "{domain}";
	struct buf out;
	const char *at;

	buf_init(&out, a, FILE_MAX_BYTES);
	while ((at = strstr(url, mark)) != NULL) {
		buf_add(&out, url, (size_t)(at - url));
		buf_puts(&out, domain);
		url = at + strlen(mark);
	}
	buf_puts(&out, url);
	return out.data;
}

int64_t
conf_workers(const struct conf *conf, const char *domain)
{
	char name[64];
	const struct conf_key *k;
	int64_t n = 2;

	snprintf(name, sizeof(name), "workers_%s", domain);
	if ((k = find_key(name)) != NULL)
		memcpy(&n, (const char *)conf + k->offset, sizeof(n));
	return n > 0 ? n : 1;
}
