-- More channels than mail, who wants what, words that the owner edits.

ALTER TABLE message
	ADD COLUMN topic text DEFAULT 'orders' NOT NULL,
	ADD COLUMN priority integer DEFAULT 5 NOT NULL,	-- the least goes first
	ADD COLUMN unsubscribe text DEFAULT '' NOT NULL,	-- of marketing: its link
	DROP CONSTRAINT message_event_key,
	ADD CONSTRAINT message_event_key UNIQUE (event_id, kind, channel, to_address),
	DROP CONSTRAINT message_channel,
	ADD CONSTRAINT message_channel CHECK (channel IN ('mail', 'sms', 'push'));
DROP INDEX message_due;
CREATE INDEX message_due ON message (channel, priority, next_at)
	WHERE status IN ('queued', 'sending');
CREATE INDEX message_failed ON message (id) WHERE status = 'failed';

-- How a person is reached beside the address of their account. Hours are those
-- of the shop's time zone; between them neither SMS nor Web Push is sent.
CREATE TABLE contact (
	user_id uuid NOT NULL,
	email text NOT NULL,
	lang text NOT NULL,
	phone text DEFAULT '' NOT NULL,
	quiet_from integer,
	quiet_to integer,
	CONSTRAINT contact_pkey PRIMARY KEY (user_id),
	CONSTRAINT contact_phone CHECK (phone = '' OR phone ~ '^\+[1-9][0-9]{6,14}$'),
	CONSTRAINT contact_quiet_hours CHECK (quiet_from BETWEEN 0 AND 23
		AND quiet_to BETWEEN 0 AND 23)
);

-- Only what differs from the default: everything is on but SMS.
CREATE TABLE preference (
	user_id uuid NOT NULL,
	topic text NOT NULL,
	channel text NOT NULL,
	is_on boolean NOT NULL,
	CONSTRAINT preference_pkey PRIMARY KEY (user_id, topic, channel),
	CONSTRAINT preference_topic CHECK (topic IN ('orders', 'alerts', 'offers')),
	CONSTRAINT preference_channel CHECK (channel IN ('mail', 'sms', 'push', 'feed'))
);

-- Addresses that want no more of a marketing topic, with an account or without.
CREATE TABLE unsubscribed (
	address text NOT NULL,
	topic text NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT unsubscribed_pkey PRIMARY KEY (address, topic)
);

-- Staff who hear of low stock, of all locations ('') or of one.
CREATE TABLE alert_subscription (
	user_id uuid NOT NULL,
	location text DEFAULT '' NOT NULL,
	CONSTRAINT alert_subscription_pkey PRIMARY KEY (user_id, location),
	CONSTRAINT alert_subscription_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES contact (user_id) ON DELETE CASCADE
);

CREATE TABLE push_subscription (
	id uuid NOT NULL,
	user_id uuid NOT NULL,
	endpoint text NOT NULL,
	p256dh text NOT NULL,
	auth text NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT push_subscription_pkey PRIMARY KEY (id),
	CONSTRAINT push_subscription_endpoint_key UNIQUE (endpoint)
);
CREATE INDEX push_subscription_user ON push_subscription (user_id);

CREATE TABLE feed_item (
	id uuid NOT NULL,
	user_id uuid NOT NULL,
	event_id uuid NOT NULL,
	kind text NOT NULL,
	title text NOT NULL,
	path text NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	read_at timestamptz,
	CONSTRAINT feed_item_pkey PRIMARY KEY (id),
	CONSTRAINT feed_item_event_key UNIQUE (event_id, user_id, kind)
);
CREATE INDEX feed_item_user ON feed_item (user_id, id);

-- What the owner wrote instead of our words. The active version counts; where
-- there is none, ours do.
CREATE TABLE template_version (
	name text NOT NULL,
	lang text NOT NULL,
	version integer NOT NULL,
	subject text NOT NULL,
	text text NOT NULL,
	html text NOT NULL,
	is_active boolean DEFAULT true NOT NULL,
	author text NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT template_version_pkey PRIMARY KEY (name, lang, version)
);
CREATE UNIQUE INDEX template_version_active ON template_version (name, lang)
	WHERE is_active;

-- When a message that is made now may go, by somebody's quiet hours.
CREATE FUNCTION after_quiet_hours(quiet_from integer, quiet_to integer, zone text)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
SELECT CASE WHEN quiet_from IS NULL OR quiet_to IS NULL OR quiet_from = quiet_to THEN now()
	WHEN quiet_from < quiet_to AND NOT (hour >= quiet_from AND hour < quiet_to) THEN now()
	WHEN quiet_from > quiet_to AND NOT (hour >= quiet_from OR hour < quiet_to) THEN now()
	ELSE (day + make_interval(hours => quiet_to, days => (hour >= quiet_to)::int)) AT TIME ZONE zone END
FROM (SELECT extract(hour FROM now() AT TIME ZONE zone)::int AS hour,
	date_trunc('day', now() AT TIME ZONE zone) AS day) AS local
$$;
