-- Carts of those who are signed in; guests' carts live in Redis.

CREATE TABLE cart_line (
	cart_key text NOT NULL,
	variant_id uuid NOT NULL,
	quantity integer NOT NULL,
	added_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT cart_line_pkey PRIMARY KEY (cart_key, variant_id),
	CONSTRAINT cart_line_quantity CHECK (quantity BETWEEN 1 AND 99)
);

-- What an order took out of a cart, to be given back if it comes to nothing.
CREATE TABLE cart_order (
	order_id uuid NOT NULL,
	cart_key text NOT NULL,
	lines jsonb NOT NULL,
	is_given_back boolean DEFAULT false NOT NULL,
	at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT cart_order_pkey PRIMARY KEY (order_id)
);
