-- Passkeys (WebAuthn): only public keys. And what they are asked to sign.

CREATE TABLE passkey (
	id uuid NOT NULL,
	account_id uuid NOT NULL,
	credential text NOT NULL,	-- its own id, base64url
	public_key text NOT NULL,	-- COSE, base64url
	sign_count bigint NOT NULL,	-- of its last answer; 0: it does not count
	is_verifying boolean NOT NULL,	-- it asked for a PIN or a finger at first
	transports text DEFAULT '' NOT NULL,
	name text NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	used_at timestamptz,
	CONSTRAINT passkey_pkey PRIMARY KEY (id),
	CONSTRAINT passkey_credential_key UNIQUE (credential),
	CONSTRAINT passkey_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id)
);
CREATE INDEX passkey_account ON passkey (account_id, created_at);

-- owner: the login or the session, and the purpose, that it was made for.
CREATE TABLE passkey_challenge (
	challenge text NOT NULL,
	owner text NOT NULL,
	expires_at timestamptz NOT NULL,
	CONSTRAINT passkey_challenge_pkey PRIMARY KEY (challenge)
);
CREATE INDEX passkey_challenge_expires ON passkey_challenge (expires_at);
