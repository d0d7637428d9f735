-- Jobs that somebody wants to run now; cron/run_asked starts them.
CREATE TABLE job_wish (
	id uuid NOT NULL,
	job text NOT NULL,
	asked_at timestamptz DEFAULT now() NOT NULL,
	started_at timestamptz,
	ended_at timestamptz,
	status integer,		-- the job's exit status; 128 + the signal
	CONSTRAINT job_wish_pkey PRIMARY KEY (id)
);
-- Asked twice before it starts is asked once.
CREATE UNIQUE INDEX job_wish_waiting ON job_wish (job) WHERE started_at IS NULL;
