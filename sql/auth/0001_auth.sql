-- Who people are, what they may do, and where they are signed in.

CREATE TABLE account (
	id uuid NOT NULL,
	email text NOT NULL,
	name text NOT NULL,
	language text DEFAULT 'es' NOT NULL,
	password_hash text NOT NULL,
	is_active boolean DEFAULT true NOT NULL,
	verified_at timestamptz,
	created_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT account_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX account_email_key ON account (lower(email));

-- Roles are data: permissions are "domain.resource.verb", or "*".
CREATE TABLE role (
	name text NOT NULL,
	permissions text DEFAULT '' NOT NULL,	-- with spaces between
	CONSTRAINT role_pkey PRIMARY KEY (name)
);
INSERT INTO role (name, permissions) VALUES
	('owner', '*'),
	('staff', 'catalog.product.read catalog.product.write inventory.level.read'
		' inventory.level.adjust inventory.level.configure inventory.movement.read'
		' inventory.location.read orders.order.read orders.order.fulfil'
		' orders.order.cancel payments.payment.read payments.payment.capture'
		' payments.payment.refund notifications.delivery.read'
		' notifications.delivery.resend system.job.read'),
	('customer', '');

CREATE TABLE account_role (
	account_id uuid NOT NULL,
	role text NOT NULL,
	CONSTRAINT account_role_pkey PRIMARY KEY (account_id, role),
	CONSTRAINT account_role_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id),
	CONSTRAINT account_role_role_fkey FOREIGN KEY (role) REFERENCES role (name)
);

-- The truth about sessions; only the hash of a token is kept. Staff's are
-- shorter: 30 minutes idle, 12 hours in all, against 14 and 30 days.
CREATE TABLE session (
	id uuid NOT NULL,
	token_hash text NOT NULL,
	account_id uuid NOT NULL,
	user_agent text DEFAULT '' NOT NULL,
	address text DEFAULT '' NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	seen_at timestamptz DEFAULT now() NOT NULL,
	idle_seconds integer NOT NULL,
	expires_at timestamptz NOT NULL,
	ended_at timestamptz,
	CONSTRAINT session_pkey PRIMARY KEY (id),
	CONSTRAINT session_token_hash_key UNIQUE (token_hash),
	CONSTRAINT session_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id)
);
CREATE INDEX session_account ON session (account_id) WHERE ended_at IS NULL;

-- Links in mails, each good for one use.
CREATE TABLE link (
	token_hash text NOT NULL,
	account_id uuid NOT NULL,
	purpose text NOT NULL,
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	CONSTRAINT link_pkey PRIMARY KEY (token_hash),
	CONSTRAINT link_purpose CHECK (purpose IN ('verify', 'reset')),
	CONSTRAINT link_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id)
);
