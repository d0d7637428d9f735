-- The tables that every domain's database has (ARCHITECTURE.md: lib's tables).

-- Events on their way out. `number` is gap-free: it is taken from the one row of
-- outbox_counter, whose lock is held until COMMIT, so it is also the order of
-- the commits.
CREATE TABLE outbox_counter (
	is_only boolean DEFAULT true NOT NULL,
	number bigint DEFAULT 0 NOT NULL,
	CONSTRAINT outbox_counter_pkey PRIMARY KEY (is_only),
	CONSTRAINT outbox_counter_is_only CHECK (is_only)
);
INSERT INTO outbox_counter DEFAULT VALUES;

CREATE TABLE outbox (
	number bigint NOT NULL,
	id uuid NOT NULL,
	type text NOT NULL,
	subject uuid NOT NULL,
	actor text NOT NULL,
	request_id text NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	data jsonb NOT NULL,
	personal jsonb,
	CONSTRAINT outbox_pkey PRIMARY KEY (number)
);

-- How far each subscriber has been served, and what it could not take yet.
CREATE TABLE outbox_cursor (
	subscriber text NOT NULL,
	number bigint DEFAULT 0 NOT NULL,
	CONSTRAINT outbox_cursor_pkey PRIMARY KEY (subscriber)
);

CREATE TABLE outbox_parked (
	subscriber text NOT NULL,
	number bigint NOT NULL,
	subject uuid NOT NULL,
	tries integer DEFAULT 0 NOT NULL,
	next_at timestamptz DEFAULT now() NOT NULL,
	is_dead boolean DEFAULT false NOT NULL,
	error text DEFAULT '' NOT NULL,
	CONSTRAINT outbox_parked_pkey PRIMARY KEY (subscriber, number),
	CONSTRAINT outbox_parked_number_fkey FOREIGN KEY (number) REFERENCES outbox (number)
);
CREATE INDEX outbox_parked_subject ON outbox_parked (subscriber, subject, number)
	WHERE NOT is_dead;

-- Events that came in and had their effect.
CREATE TABLE inbox (
	event_id uuid NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT inbox_pkey PRIMARY KEY (event_id)
);
CREATE INDEX inbox_at ON inbox (at);

-- A NULL status: the first request with this key still runs, or died.
CREATE TABLE idempotency (
	caller text NOT NULL,
	key text NOT NULL,
	route text NOT NULL,
	body_sha256 text NOT NULL,
	status integer,
	response jsonb,
	location text,
	backend_pid integer DEFAULT pg_backend_pid() NOT NULL,
	claimed_at timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT idempotency_pkey PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_claimed_at ON idempotency (claimed_at);

-- Shop settings: system owns them, everybody has a copy (settings.changed).
CREATE TABLE setting (
	name text NOT NULL,
	value jsonb NOT NULL,
	CONSTRAINT setting_pkey PRIMARY KEY (name)
);

CREATE TABLE job_run (
	id uuid NOT NULL,
	job text NOT NULL,
	started_at timestamptz DEFAULT now() NOT NULL,
	ended_at timestamptz,
	done bigint DEFAULT 0 NOT NULL,
	failed bigint DEFAULT 0 NOT NULL,
	error text DEFAULT '' NOT NULL,
	CONSTRAINT job_run_pkey PRIMARY KEY (id)
);
CREATE INDEX job_run_started_at ON job_run (job, started_at);
