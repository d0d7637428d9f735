-- Stock: what lies where, why it changed, and what is promised to whom.

CREATE TABLE location (
	id uuid NOT NULL,
	code text NOT NULL,
	name text NOT NULL,
	priority integer DEFAULT 0 NOT NULL,	-- the least is taken from first
	is_active boolean DEFAULT true NOT NULL,
	CONSTRAINT location_pkey PRIMARY KEY (id),
	CONSTRAINT location_code_key UNIQUE (code)
);
INSERT INTO location (id, code, name)
VALUES ('0190a000-0000-7000-8002-000000000001', 'main', 'Almacén');

-- on_hand is the sum of the ledger, always. reserved is the sum of the live
-- hold lines; it may count lines that have lapsed until somebody takes the lock.
CREATE TABLE level (
	variant_id uuid NOT NULL,
	location_id uuid NOT NULL,
	on_hand integer DEFAULT 0 NOT NULL,
	reserved integer DEFAULT 0 NOT NULL,
	threshold integer DEFAULT 0 NOT NULL,
	backorder_limit integer DEFAULT 0 NOT NULL,
	CONSTRAINT level_pkey PRIMARY KEY (variant_id, location_id),
	CONSTRAINT level_location_id_fkey FOREIGN KEY (location_id)
		REFERENCES location (id),
	CONSTRAINT level_on_hand_not_negative CHECK (on_hand >= 0),
	CONSTRAINT level_reserved_not_negative CHECK (reserved >= 0),
	CONSTRAINT level_threshold_not_negative CHECK (threshold >= 0),
	CONSTRAINT level_backorder_limit_not_negative CHECK (backorder_limit >= 0)
);

-- The ledger: a row per change of on_hand, never altered.
CREATE TABLE movement (
	id uuid NOT NULL,
	variant_id uuid NOT NULL,
	location_id uuid NOT NULL,
	delta integer NOT NULL,
	reason text NOT NULL,
	note text DEFAULT '' NOT NULL,
	order_id uuid,
	actor text NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT movement_pkey PRIMARY KEY (id),
	CONSTRAINT movement_level_fkey FOREIGN KEY (variant_id, location_id)
		REFERENCES level (variant_id, location_id),
	CONSTRAINT movement_reason CHECK (reason IN ('count', 'received', 'damaged',
		'lost', 'found', 'correction', 'sale', 'cancelled', 'returned'))
);
CREATE INDEX movement_variant ON movement (variant_id, id);
REVOKE UPDATE, DELETE, TRUNCATE ON movement FROM PUBLIC;

-- What an order has been promised, until when.
CREATE TABLE hold (
	order_id uuid NOT NULL,
	state text NOT NULL,
	until timestamptz NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT hold_pkey PRIMARY KEY (order_id),
	CONSTRAINT hold_state CHECK (state IN ('held', 'released', 'sold', 'short'))
);
CREATE INDEX hold_until ON hold (until) WHERE state = 'held';

CREATE TABLE hold_line (
	order_id uuid NOT NULL,
	variant_id uuid NOT NULL,
	location_id uuid NOT NULL,
	quantity integer NOT NULL,
	is_live boolean DEFAULT true NOT NULL,	-- counted in level.reserved
	sold integer DEFAULT 0 NOT NULL,	-- taken from on_hand
	CONSTRAINT hold_line_pkey PRIMARY KEY (order_id, variant_id, location_id),
	CONSTRAINT hold_line_order_id_fkey FOREIGN KEY (order_id)
		REFERENCES hold (order_id),
	CONSTRAINT hold_line_quantity CHECK (quantity > 0),
	CONSTRAINT hold_line_sold CHECK (sold BETWEEN 0 AND quantity)
);
CREATE INDEX hold_line_live ON hold_line (variant_id) WHERE is_live;

DO $$ BEGIN
	EXECUTE format('REVOKE UPDATE, DELETE ON movement FROM %I', current_database());
END $$;
