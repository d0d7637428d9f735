/*
 * zoco.conf: one table says every key, its default and what it is for.
 *
 * All programs read the same file: `key = value` lines, # comments. A key that
 * the table does not know is an error. What an administrator changes while the
 * shop runs is a setting (system owns them); here is only what needs a restart.
 */
#ifndef ZOCO_BASE_CONF_H
#define ZOCO_BASE_CONF_H

#include "base/arena.h"

struct conf {
	const char *run_dir, *key_dir, *media_dir, *sql_dir, *override_dir;
	const char *db_url, *db_owner_url;
	const char *redis;
	const char *internal_socket, *publish_socket;
	const char *base_url;
	const char *smtp_url, *smtp_user, *smtp_password_file, *mail_from;
	const char *sandbox_address;
	const char *twilio_url, *twilio_account, *twilio_token_file, *twilio_from;
	const char *sms_prefixes;
	const char *push_test_origin;
	const char *audit_checkpoints, *audit_archive;
	const char *crontab;
	const char *time_zone;
	const char *log_level;
	bool log_pretty, demo, staff_mfa, db_prepare;
	int64_t workers_catalog, workers_inventory, workers_cart;
	int64_t workers_orders, workers_payments, workers_auth;
	int64_t workers_notifications, workers_recommendations;
	int64_t workers_audit, workers_system;
	int64_t worker_requests, worker_memory_mb;
	int64_t limit_login_account, limit_login_address, limit_code_account;
	int64_t limit_register_address, limit_reset_account;
	int64_t limit_sms_account, limit_sms_number, limit_sms_day;
	int64_t limit_checkout_address, limit_write_address;
	int64_t cart_reminder_minutes, keep_days, keep_message_days,
	    keep_cart_days, audit_months;
	int64_t mail_per_minute, sms_per_minute, push_per_minute;
	int64_t call_timeout_ms, provider_timeout_ms;
	int64_t order_payment_minutes, order_transfer_days;
};

/* One key. `integer` and `boolean` rows leave `preset` as text too. */
struct conf_key {
	const char *name;
	enum conf_type { CONF_STRING, CONF_INTEGER, CONF_BOOLEAN } type;
	size_t offset;
	const char *preset;	/* NULL: required */
	const char *help;
};

extern const struct conf_key conf_keys[];	/* ended by a NULL name */

/*
 * Reads the file into `conf` (strings are the arena's). A variable ZOCO_<KEY>
 * of the environment wins over the file. On a fault false, and a sentence with
 * the line number in error[n].
 */
bool conf_load(struct conf *conf, struct arena *, const char *path,
    char *error, size_t n);

/* db_url or db_owner_url with {domain} replaced. */
const char *conf_db_url(const char *url, const char *domain, struct arena *);

/* How many workers the domain gets. */
int64_t conf_workers(const struct conf *, const char *domain);

#endif
