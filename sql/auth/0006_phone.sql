-- A mobile phone, proven by a code before it counts; codes by SMS as a factor.

ALTER TABLE account
	ADD COLUMN phone text DEFAULT '' NOT NULL,
	ADD CONSTRAINT account_phone CHECK (phone = '' OR phone ~ '^\+[1-9][0-9]{6,14}$');

CREATE TABLE phone_proof (
	account_id uuid NOT NULL,
	phone text NOT NULL,
	code_hash text NOT NULL,	-- of the code and the session that asked
	tries integer DEFAULT 0 NOT NULL,
	expires_at timestamptz NOT NULL,
	CONSTRAINT phone_proof_pkey PRIMARY KEY (account_id),
	CONSTRAINT phone_proof_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id),
	CONSTRAINT phone_proof_tries CHECK (tries BETWEEN 0 AND 5)
);

ALTER TABLE factor
	DROP CONSTRAINT factor_kind,
	ADD CONSTRAINT factor_kind CHECK (kind IN ('totp', 'email', 'sms'));
