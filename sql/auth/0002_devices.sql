-- Browsers that have signed in to an account before: they have a budget of
-- wrong passwords of their own, so that nobody else can use up the owner's, and
-- a sign-in from another one is told by mail. Only the cookie's hash is kept.
CREATE TABLE device (
	account_id uuid NOT NULL,
	token_hash text NOT NULL,
	user_agent text DEFAULT '' NOT NULL,
	address text DEFAULT '' NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	seen_at timestamptz DEFAULT now() NOT NULL,
	trusted_until timestamptz,	-- no second factor is asked for until then
	CONSTRAINT device_pkey PRIMARY KEY (account_id, token_hash),
	CONSTRAINT device_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id)
);

-- How this session was begun, and until when who sits there has just proven it.
ALTER TABLE session ADD COLUMN factor text DEFAULT 'password' NOT NULL,
	ADD COLUMN fresh_until timestamptz;
