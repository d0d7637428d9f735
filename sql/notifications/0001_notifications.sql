-- Messages on their way out, and every try to deliver them.

CREATE TABLE message (
	id uuid NOT NULL,
	event_id uuid NOT NULL,
	kind text NOT NULL,
	channel text DEFAULT 'mail' NOT NULL,
	to_address text NOT NULL,
	to_name text DEFAULT '' NOT NULL,
	lang text NOT NULL,
	subject text NOT NULL,
	text text NOT NULL,
	html text NOT NULL,
	message_id text NOT NULL,
	status text DEFAULT 'queued' NOT NULL,
	tries integer DEFAULT 0 NOT NULL,
	next_at timestamptz DEFAULT now() NOT NULL,
	last_error text DEFAULT '' NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	sent_at timestamptz,
	CONSTRAINT message_pkey PRIMARY KEY (id),
	CONSTRAINT message_event_key UNIQUE (event_id, kind, to_address),
	CONSTRAINT message_message_id_key UNIQUE (message_id),
	CONSTRAINT message_status CHECK (status IN ('queued', 'sending', 'sent', 'failed')),
	CONSTRAINT message_channel CHECK (channel IN ('mail'))
);
CREATE INDEX message_due ON message (next_at) WHERE status IN ('queued', 'sending');

CREATE TABLE delivery_attempt (
	id uuid NOT NULL,
	message_id uuid NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	result text NOT NULL,
	reply text DEFAULT '' NOT NULL,
	CONSTRAINT delivery_attempt_pkey PRIMARY KEY (id),
	CONSTRAINT delivery_attempt_message_id_fkey FOREIGN KEY (message_id)
		REFERENCES message (id)
);
CREATE INDEX delivery_attempt_message ON delivery_attempt (message_id, at);
