-- How far the live stream has told of changes; who waits for what to be back.

CREATE TABLE live_position (
	is_only boolean DEFAULT true NOT NULL,
	number bigint NOT NULL,
	CONSTRAINT live_position_pkey PRIMARY KEY (is_only),
	CONSTRAINT live_position_is_only CHECK (is_only)
);
INSERT INTO live_position (number) SELECT coalesce(max(number), 0) FROM outbox;

CREATE TABLE stock_notice (
	id uuid NOT NULL,
	variant_id uuid NOT NULL,
	email text NOT NULL,
	lang text NOT NULL,
	is_confirmed boolean DEFAULT false NOT NULL,
	asked_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT stock_notice_pkey PRIMARY KEY (id),
	CONSTRAINT stock_notice_email_key UNIQUE (variant_id, email)
);
CREATE INDEX stock_notice_asked ON stock_notice (asked_at);
