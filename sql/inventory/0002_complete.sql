-- Stock in more states than on hand, moved between locations and counted; what
-- a variant is called, and from when on its stock is low.

-- `threshold` is what counts, so that the purchase reads one row; it follows
-- from own_threshold, else the categories' rules, else the shop's.
ALTER TABLE level
	ADD COLUMN damaged integer DEFAULT 0 NOT NULL,
	ADD COLUMN incoming integer DEFAULT 0 NOT NULL,
	ADD COLUMN own_threshold integer,
	ADD CONSTRAINT level_damaged_not_negative CHECK (damaged >= 0),
	ADD CONSTRAINT level_incoming_not_negative CHECK (incoming >= 0),
	ADD CONSTRAINT level_own_threshold_not_negative CHECK (own_threshold >= 0);
UPDATE level SET own_threshold = nullif(threshold, 0);

CREATE TABLE threshold_rule (
	category text NOT NULL,		-- a category's Spanish slug; '': the whole shop
	threshold integer NOT NULL,
	CONSTRAINT threshold_rule_pkey PRIMARY KEY (category),
	CONSTRAINT threshold_rule_threshold CHECK (threshold >= 0)
);

-- What catalog says of a variant; asked again when it has changed there.
CREATE TABLE variant_info (
	variant_id uuid NOT NULL,
	product_id uuid NOT NULL,
	sku text NOT NULL,
	name_es text NOT NULL,
	name_en text NOT NULL,
	categories text[] DEFAULT '{}' NOT NULL,
	is_stale boolean DEFAULT false NOT NULL,
	CONSTRAINT variant_info_pkey PRIMARY KEY (variant_id)
);
CREATE INDEX variant_info_sku ON variant_info (sku text_pattern_ops);
CREATE INDEX variant_info_product ON variant_info (product_id);

-- The ledger: its sums are the level's on_hand, damaged and incoming, always.
ALTER TABLE movement
	ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY,
	ADD COLUMN damaged integer DEFAULT 0 NOT NULL,
	ADD COLUMN incoming integer DEFAULT 0 NOT NULL,
	ADD COLUMN document_id uuid,
	DROP CONSTRAINT movement_reason,
	ADD CONSTRAINT movement_number_key UNIQUE (number),
	ADD CONSTRAINT movement_reason CHECK (reason IN ('count', 'received', 'damaged',
		'lost', 'found', 'correction', 'expected', 'scrapped', 'sale', 'cancelled',
		'returned', 'sent', 'arrived'));
DROP INDEX movement_variant;
CREATE INDEX movement_variant ON movement (variant_id, number);
-- The stock of a past time, and what was sold lately, are index-only scans.
CREATE INDEX movement_at ON movement (variant_id, location_id, at)
	INCLUDE (delta, damaged, incoming, reason);

-- Levels whose fall to the threshold was told, until they recover.
CREATE TABLE low_stock (
	variant_id uuid NOT NULL,
	location_id uuid NOT NULL,
	since timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT low_stock_pkey PRIMARY KEY (variant_id, location_id),
	CONSTRAINT low_stock_level_fkey FOREIGN KEY (variant_id, location_id)
		REFERENCES level (variant_id, location_id)
);
CREATE TABLE low_stock_digest (
	day date NOT NULL,
	CONSTRAINT low_stock_digest_pkey PRIMARY KEY (day)
);

CREATE TABLE transfer (
	id uuid NOT NULL,
	from_id uuid NOT NULL,
	to_id uuid NOT NULL,
	state text DEFAULT 'sent' NOT NULL,
	note text DEFAULT '' NOT NULL,
	sent_at timestamptz DEFAULT now() NOT NULL,
	received_at timestamptz,
	CONSTRAINT transfer_pkey PRIMARY KEY (id),
	CONSTRAINT transfer_from_id_fkey FOREIGN KEY (from_id) REFERENCES location (id),
	CONSTRAINT transfer_to_id_fkey FOREIGN KEY (to_id) REFERENCES location (id),
	CONSTRAINT transfer_two_places CHECK (from_id <> to_id),
	CONSTRAINT transfer_state CHECK (state IN ('sent', 'received'))
);
CREATE TABLE transfer_line (
	transfer_id uuid NOT NULL,
	variant_id uuid NOT NULL,
	quantity integer NOT NULL,
	received integer DEFAULT 0 NOT NULL,
	CONSTRAINT transfer_line_pkey PRIMARY KEY (transfer_id, variant_id),
	CONSTRAINT transfer_line_transfer_id_fkey FOREIGN KEY (transfer_id)
		REFERENCES transfer (id),
	CONSTRAINT transfer_line_quantity CHECK (quantity > 0),
	CONSTRAINT transfer_line_received CHECK (received BETWEEN 0 AND quantity)
);

-- A count remembers what the books said when the shelf was counted, so that
-- what is sold before it is closed does not count twice.
CREATE TABLE stock_count (
	id uuid NOT NULL,
	location_id uuid NOT NULL,
	state text DEFAULT 'open' NOT NULL,
	note text DEFAULT '' NOT NULL,
	opened_at timestamptz DEFAULT now() NOT NULL,
	closed_at timestamptz,
	CONSTRAINT stock_count_pkey PRIMARY KEY (id),
	CONSTRAINT stock_count_location_id_fkey FOREIGN KEY (location_id)
		REFERENCES location (id),
	CONSTRAINT stock_count_state CHECK (state IN ('open', 'closed'))
);
CREATE TABLE stock_count_line (
	count_id uuid NOT NULL,
	variant_id uuid NOT NULL,
	counted integer NOT NULL,
	on_hand integer NOT NULL,
	CONSTRAINT stock_count_line_pkey PRIMARY KEY (count_id, variant_id),
	CONSTRAINT stock_count_line_count_id_fkey FOREIGN KEY (count_id)
		REFERENCES stock_count (id),
	CONSTRAINT stock_count_line_counted CHECK (counted >= 0)
);

-- The thresholds that count, of some variants or (NULL) of all.
CREATE FUNCTION threshold_refresh(variants uuid[]) RETURNS void LANGUAGE sql AS $$
WITH wanted AS (
	SELECT v.variant_id, v.location_id, coalesce(v.own_threshold,
		(SELECT max(t.threshold) FROM variant_info i
			JOIN threshold_rule t ON t.category = ANY (i.categories)
			WHERE i.variant_id = v.variant_id),
		(SELECT t.threshold FROM threshold_rule t WHERE t.category = ''), 0) AS threshold
	FROM level v WHERE variants IS NULL OR v.variant_id = ANY (variants)
	ORDER BY v.variant_id, v.location_id FOR UPDATE OF v)
UPDATE level v SET threshold = w.threshold FROM wanted w
WHERE v.variant_id = w.variant_id AND v.location_id = w.location_id
AND v.threshold <> w.threshold
$$;
