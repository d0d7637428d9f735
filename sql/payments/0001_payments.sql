-- Money: what was asked for, what providers said, what moved.

CREATE TABLE payment (
	id uuid NOT NULL,
	order_id uuid NOT NULL,
	attempt integer NOT NULL,
	order_number text NOT NULL,
	provider text NOT NULL,
	status text DEFAULT 'pending' NOT NULL,
	amount bigint NOT NULL,
	currency text NOT NULL,
	authorized bigint DEFAULT 0 NOT NULL,
	captured bigint DEFAULT 0 NOT NULL,
	refunded bigint DEFAULT 0 NOT NULL,
	return_path text NOT NULL,
	lang text NOT NULL,
	reason text DEFAULT '' NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT payment_pkey PRIMARY KEY (id),
	CONSTRAINT payment_order_attempt_key UNIQUE (order_id, attempt),
	CONSTRAINT payment_amount CHECK (amount > 0),
	CONSTRAINT payment_authorized CHECK (authorized BETWEEN 0 AND amount),
	CONSTRAINT payment_captured CHECK (captured BETWEEN 0 AND authorized),
	CONSTRAINT payment_refunded CHECK (refunded BETWEEN 0 AND captured),
	CONSTRAINT payment_status CHECK (status IN ('pending', 'authorized', 'captured',
		'failed', 'cancelled', 'refunded'))
);

-- What providers have told, each thing once.
CREATE TABLE payment_event (
	provider text NOT NULL,
	event_id text NOT NULL,
	payment_id uuid,
	kind text NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT payment_event_pkey PRIMARY KEY (provider, event_id)
);

-- The ledger: a row per amount that moved, never altered.
CREATE TABLE payment_entry (
	id uuid NOT NULL,
	payment_id uuid NOT NULL,
	kind text NOT NULL,
	amount bigint NOT NULL,
	actor text NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT payment_entry_pkey PRIMARY KEY (id),
	CONSTRAINT payment_entry_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payment (id),
	CONSTRAINT payment_entry_kind CHECK (kind IN ('authorized', 'captured', 'refunded', 'cancelled')),
	CONSTRAINT payment_entry_amount CHECK (amount >= 0)
);
CREATE INDEX payment_entry_payment ON payment_entry (payment_id);
DO $$ BEGIN
	EXECUTE format('REVOKE UPDATE, DELETE ON payment_entry FROM %I', current_database());
END $$;

-- The demo's card company: in our database, but it behaves like somebody else's.
CREATE TABLE demo_card_session (
	id uuid NOT NULL,
	payment_id uuid NOT NULL,
	amount bigint NOT NULL,
	currency text NOT NULL,
	number text NOT NULL,
	return_url text NOT NULL,
	state text DEFAULT 'open' NOT NULL,
	effective_at timestamptz,
	CONSTRAINT demo_card_session_pkey PRIMARY KEY (id),
	CONSTRAINT demo_card_session_payment_key UNIQUE (payment_id),
	CONSTRAINT demo_card_session_state CHECK (state IN ('open', 'challenge', 'paid',
		'declined', 'cancelled', 'refunded'))
);
