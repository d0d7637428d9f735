-- The counters of limits while Redis is away (lib/web/limit.h). Nothing that a
-- crash may not take.
CREATE UNLOGGED TABLE limit_counter (
	name text NOT NULL,
	who text NOT NULL,
	taken bigint DEFAULT 1 NOT NULL,
	ends_at timestamptz NOT NULL,
	CONSTRAINT limit_counter_pkey PRIMARY KEY (name, who)
);
CREATE INDEX limit_counter_ends_at ON limit_counter (ends_at);
