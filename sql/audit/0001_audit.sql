-- What happened, by whom: appended to, chained, never altered. The detail lies
-- apart, with its salt, so that erasure may empty it without breaking the chain.

CREATE TABLE entry (
	sequence bigint NOT NULL,
	source text NOT NULL,
	number bigint NOT NULL,		-- gap-free in its source
	event_id uuid NOT NULL,
	at text NOT NULL,		-- as it was told: it is part of the hash
	actor text NOT NULL,
	action text NOT NULL,
	entity uuid NOT NULL,
	request_id text NOT NULL,
	detail_sha256 text NOT NULL,
	previous_sha256 text NOT NULL,
	sha256 text NOT NULL,
	CONSTRAINT entry_pkey PRIMARY KEY (sequence),
	CONSTRAINT entry_source_number_key UNIQUE (source, number)
);
CREATE INDEX entry_entity ON entry (entity, sequence);
CREATE INDEX entry_actor ON entry (actor, sequence);
CREATE INDEX entry_action ON entry (action, sequence);

CREATE TABLE entry_detail (
	sequence bigint NOT NULL,
	salt text NOT NULL,
	detail text NOT NULL,
	CONSTRAINT entry_detail_pkey PRIMARY KEY (sequence),
	CONSTRAINT entry_detail_sequence_fkey FOREIGN KEY (sequence) REFERENCES entry (sequence)
);

DO $$ BEGIN
	EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON entry FROM %I', current_database());
END $$;
