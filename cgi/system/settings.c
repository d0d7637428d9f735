/* GET and PATCH /system/settings. */
#include "system.h"

#include <json-c/json.h>

struct settings {
	const char *shop_name, *transfer_iban, *transfer_holder;
};

SCHEMA(settings_schema, struct settings,
	FIELD_TEXT(struct settings, shop_name),
	FIELD_TEXT(struct settings, transfer_iban),
	FIELD_TEXT(struct settings, transfer_holder));

SCHEMA(settings_input, struct settings,
	FIELD_TEXT(struct settings, shop_name, .max = 100),
	FIELD_TEXT(struct settings, transfer_iban, .max = 50),
	FIELD_TEXT(struct settings, transfer_holder, .max = 100));

DB_QUERY(read_settings, 0,
	"SELECT max(value #>> '{}') FILTER (WHERE name = 'shop_name') AS shop_name,"
	" max(value #>> '{}') FILTER (WHERE name = 'transfer_iban')"
	"  AS transfer_iban,"
	" max(value #>> '{}') FILTER (WHERE name = 'transfer_holder')"
	"  AS transfer_holder FROM setting");
DB_QUERY(set_setting, 2,
	"UPDATE setting SET value = to_jsonb($2::text) WHERE name = $1");

int
settings_get(struct request *r)
{
	struct settings settings;

	if (!db_one(r->db, &read_settings, &settings_schema, &settings))
		return 0;
	return reply(r, 200, &settings_schema, &settings);
}

int
settings_set(struct request *r)
{
	const struct settings *in = request_input(r);
	struct settings settings;

	if (in->shop_name != NULL)
		db_exec(r->db, &set_setting, P("shop_name"), P(in->shop_name));
	if (in->transfer_iban != NULL)
		db_exec(r->db, &set_setting, P("transfer_iban"),
		    P(in->transfer_iban));
	if (in->transfer_holder != NULL)
		db_exec(r->db, &set_setting, P("transfer_holder"),
		    P(in->transfer_holder));
	if (!db_one(r->db, &read_settings, &settings_schema, &settings))
		return 0;
	event_emit(r, EVENT_SETTING_CHANGED, r->session->user_id,
	    &settings_schema, &settings);
	return reply(r, 200, &settings_schema, &settings);
}

int
page_show(struct request *r)
{
	return reply_json(r, 200, json_object_new_object());
}
