-- Second factors, and the logins that wait for one.

-- kind: totp (an app), email (codes by mail). Counts once confirmed.
CREATE TABLE factor (
	account_id uuid NOT NULL,
	kind text NOT NULL,
	secret text DEFAULT '' NOT NULL,	-- sealed; lib/crypto/seal
	last_step bigint DEFAULT 0 NOT NULL,	-- of the last code that was taken
	confirmed_at timestamptz,
	created_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT factor_pkey PRIMARY KEY (account_id, kind),
	CONSTRAINT factor_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id),
	CONSTRAINT factor_kind CHECK (kind IN ('totp', 'email'))
);

CREATE TABLE recovery_code (
	code_hash text NOT NULL,		-- of 120 random bits
	account_id uuid NOT NULL,
	used_at timestamptz,
	CONSTRAINT recovery_code_pkey PRIMARY KEY (code_hash),
	CONSTRAINT recovery_code_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id)
);
CREATE INDEX recovery_code_account ON recovery_code (account_id) WHERE used_at IS NULL;

-- A right password has been given, or a session wants to be fresh: what is
-- lacking is a code. Bound to the browser by its token.
CREATE TABLE challenge (
	token_hash text NOT NULL,
	account_id uuid NOT NULL,
	tries integer DEFAULT 0 NOT NULL,
	code_hash text DEFAULT '' NOT NULL,	-- of the code that was mailed
	codes_sent integer DEFAULT 0 NOT NULL,
	expires_at timestamptz NOT NULL,
	ended_at timestamptz,
	CONSTRAINT challenge_pkey PRIMARY KEY (token_hash),
	CONSTRAINT challenge_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id),
	CONSTRAINT challenge_tries CHECK (tries BETWEEN 0 AND 5)
);
