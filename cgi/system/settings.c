/* GET and PATCH /system/settings. */
#include "system.h"

#include <json-c/json.h>

#include "web/json_out.h"

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
DB_QUERY(put_settings, 1,
	"INSERT INTO setting (name, value) SELECT key, value"
	" FROM jsonb_each($1::jsonb) WHERE jsonb_typeof(value) <> 'null'"
	" ON CONFLICT ON CONSTRAINT setting_pkey"
	" DO UPDATE SET value = excluded.value");

int
settings_get(struct request *r)
{
	struct settings settings;

	if (!db_one(r->db, &read_settings, &settings_schema, &settings))
		return 0;
	return reply(r, 200, &settings_schema, &settings);
}

/* What was not given stays as it is. The others hear of it by the event. */
int
settings_set(struct request *r)
{
	struct json_object *given = json_out(&settings_input, request_input(r),
	    NULL, JSON_ALL);
	struct settings settings;

	db_exec(r->db, &put_settings, P(arena_strdup(r->arena,
	    json_object_to_json_string(given))));
	json_object_put(given);
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
