-- Orders with everything frozen: lines, prices, addresses.

CREATE SEQUENCE order_number START 100001;

CREATE TABLE shop_order (
	id uuid NOT NULL,
	number text DEFAULT 'Z' || nextval('order_number') NOT NULL,
	caller text NOT NULL,		-- whose idempotency key it is
	key text NOT NULL,
	cart_key text NOT NULL,
	user_id uuid,
	email text NOT NULL,
	name text NOT NULL,
	lang text NOT NULL,
	status text DEFAULT 'placing' NOT NULL,
	payment_status text DEFAULT 'none' NOT NULL,
	fulfilment_status text DEFAULT 'unfulfilled' NOT NULL,
	payment_provider text NOT NULL,
	payment_attempt integer DEFAULT 1 NOT NULL,
	shipping_option text NOT NULL,
	shipping_address jsonb NOT NULL,
	note text DEFAULT '' NOT NULL,
	currency text NOT NULL,
	subtotal bigint NOT NULL,
	shipping bigint NOT NULL,
	tax bigint NOT NULL,
	total bigint NOT NULL,
	tracking text DEFAULT '' NOT NULL,
	placed_at timestamptz DEFAULT now() NOT NULL,
	expires_at timestamptz,
	CONSTRAINT shop_order_pkey PRIMARY KEY (id),
	CONSTRAINT shop_order_number_key UNIQUE (number),
	CONSTRAINT shop_order_caller_key UNIQUE (caller, key),
	CONSTRAINT shop_order_total CHECK (total = subtotal + shipping),
	CONSTRAINT shop_order_amounts CHECK (subtotal >= 0 AND shipping >= 0 AND tax >= 0),
	CONSTRAINT shop_order_status CHECK (status IN ('placing', 'awaiting_payment',
		'confirmed', 'completed', 'cancelled', 'expired', 'void')),
	CONSTRAINT shop_order_payment_status CHECK (payment_status IN ('none', 'pending',
		'authorized', 'paid', 'failed', 'refunded')),
	CONSTRAINT shop_order_fulfilment_status CHECK (fulfilment_status IN ('unfulfilled', 'fulfilled'))
);
CREATE INDEX shop_order_user ON shop_order (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX shop_order_open ON shop_order (status, placed_at)
	WHERE status IN ('placing', 'awaiting_payment');

CREATE TABLE order_line (
	order_id uuid NOT NULL,
	position integer NOT NULL,
	variant_id uuid NOT NULL,
	sku text NOT NULL,
	name text NOT NULL,
	options text NOT NULL,
	quantity integer NOT NULL,
	unit bigint NOT NULL,
	total bigint NOT NULL,
	tax_rate integer NOT NULL,
	tax bigint NOT NULL,
	CONSTRAINT order_line_pkey PRIMARY KEY (order_id, position),
	CONSTRAINT order_line_order_id_fkey FOREIGN KEY (order_id) REFERENCES shop_order (id),
	CONSTRAINT order_line_quantity CHECK (quantity > 0),
	CONSTRAINT order_line_total CHECK (total = unit * quantity)
);

-- What happened to it, for people.
CREATE TABLE order_entry (
	id uuid NOT NULL,
	order_id uuid NOT NULL,
	kind text NOT NULL,
	detail text DEFAULT '' NOT NULL,
	actor text NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT order_entry_pkey PRIMARY KEY (id),
	CONSTRAINT order_entry_order_id_fkey FOREIGN KEY (order_id) REFERENCES shop_order (id)
);
CREATE INDEX order_entry_order ON order_entry (order_id, id);

CREATE TABLE shipping_zone (
	name text NOT NULL,
	countries text[] NOT NULL,
	CONSTRAINT shipping_zone_pkey PRIMARY KEY (name)
);
-- Several rows of a code are steps by weight; free_over is of the subtotal.
CREATE TABLE shipping_rate (
	code text NOT NULL,
	zone text NOT NULL,
	up_to_g integer DEFAULT 2147483647 NOT NULL,
	amount bigint NOT NULL,
	free_over bigint,
	name_es text NOT NULL,
	name_en text NOT NULL,
	CONSTRAINT shipping_rate_pkey PRIMARY KEY (code, zone, up_to_g),
	CONSTRAINT shipping_rate_zone_fkey FOREIGN KEY (zone) REFERENCES shipping_zone (name),
	CONSTRAINT shipping_rate_amount CHECK (amount >= 0)
);
INSERT INTO shipping_zone (name, countries) VALUES
	('spain', '{ES}'), ('europe', '{PT,FR,DE,IT}');
INSERT INTO shipping_rate (code, zone, up_to_g, amount, free_over, name_es, name_en) VALUES
	('standard', 'spain', 2147483647, 495, 5000, 'Estándar, 48 horas', 'Standard, 48 hours'),
	('express', 'spain', 2147483647, 995, NULL, 'Urgente, mañana', 'Express, tomorrow'),
	('standard', 'europe', 2000, 1295, NULL, 'Europa, 4 a 6 días', 'Europe, 4 to 6 days'),
	('standard', 'europe', 2147483647, 1995, NULL, 'Europa, 4 a 6 días', 'Europe, 4 to 6 days');
