/*
 * How somebody is reached, and what they were sent. Of a closed account nothing
 * stays but that an address wants no marketing, and counts of what was sent.
 */
#include "notifications.h"

#include "web/person.h"

DB_QUERY(tell_messages, 2,
	"SELECT json_build_object("
	" 'contact', (SELECT json_build_object('email', email, 'lang', lang,"
	"   'phone', phone, 'quiet_from', quiet_from, 'quiet_to', quiet_to)"
	"  FROM contact WHERE user_id = $1::uuid),"
	" 'preferences', (SELECT coalesce(json_agg(json_build_object('topic',"
	"   topic, 'channel', channel, 'is_on', is_on)), '[]') FROM preference"
	"  WHERE user_id = $1::uuid),"
	" 'browsers', (SELECT coalesce(json_agg(json_build_object('endpoint',"
	"   endpoint, 'created_at', created_at)), '[]') FROM push_subscription"
	"  WHERE user_id = $1::uuid),"
	" 'feed', (SELECT coalesce(json_agg(json_build_object('title', title,"
	"   'at', at)), '[]') FROM (SELECT title, at FROM feed_item"
	"   WHERE user_id = $1::uuid ORDER BY id DESC LIMIT 1000) AS f),"
	" 'messages', (SELECT coalesce(json_agg(json_build_object('at',"
	"   created_at, 'channel', channel, 'subject', subject, 'status', status)),"
	"   '[]') FROM (SELECT created_at, channel, subject, status FROM message"
	"   WHERE $2 <> '' AND lower(to_address) = lower($2)"
	"   ORDER BY id DESC LIMIT 1000) AS m),"
	" 'written', (SELECT coalesce(json_agg(json_build_object('at',"
	"   created_at, 'text', text)), '[]') FROM (SELECT created_at, text"
	"   FROM message WHERE $2 <> '' AND reply_to <> ''"
	"   AND lower(reply_to) = lower($2) ORDER BY id DESC LIMIT 1000) AS m),"
	" 'unsubscribed', (SELECT coalesce(json_agg(topic), '[]')"
	"  FROM unsubscribed WHERE $2 <> '' AND address = lower($2))) AS data,"
	" 0 AS open");

/* Before the number itself. */
DB_QUERY(forget_sms, 1,
	"UPDATE message SET to_address = '', subject = '', text = '',"
	" status = CASE status WHEN 'queued' THEN 'failed' ELSE status END"
	" WHERE channel = 'sms' AND lower(to_address) = (SELECT phone FROM contact"
	"  WHERE user_id = $1::uuid AND phone <> '')");
DB_QUERY(forget_contact, 1, "DELETE FROM contact WHERE user_id = $1::uuid");
DB_QUERY(forget_preferences, 1,
	"DELETE FROM preference WHERE user_id = $1::uuid");
DB_QUERY(forget_browsers, 1,
	"DELETE FROM push_subscription WHERE user_id = $1::uuid");
DB_QUERY(forget_feed, 1, "DELETE FROM feed_item WHERE user_id = $1::uuid");
/* What the mail server said may name the address. */
DB_QUERY(forget_replies, 2,
	"UPDATE delivery_attempt SET reply = '' WHERE $1::uuid IS NOT NULL"
	" AND reply <> '' AND $2 <> '' AND message_id IN (SELECT id FROM message"
	"  WHERE lower(to_address) = lower($2)"
	"  OR (reply_to <> '' AND lower(reply_to) = lower($2)))");
DB_QUERY(forget_messages, 2,
	"UPDATE message SET to_address = '', to_name = '', subject = '',"
	" text = '', html = '', unsubscribe = '', reply_to = '',"
	" last_error = '', status = CASE status"
	"  WHEN 'queued' THEN 'failed' ELSE status END"
	" WHERE $1::uuid IS NOT NULL AND $2 <> ''"
	" AND (lower(to_address) = lower($2)"
	"  OR (reply_to <> '' AND lower(reply_to) = lower($2)))");

const struct person_part notifications_person = {
	.tell = &tell_messages,
	.forget = (const struct db_query *const[]){ &forget_sms,
	    &forget_contact, &forget_preferences, &forget_browsers, &forget_feed,
	    &forget_replies, &forget_messages, NULL },
};
