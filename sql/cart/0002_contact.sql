-- A customer's cart as one row: its lock, and where a reminder may go.

CREATE TABLE cart (
	cart_key text NOT NULL,
	email text,
	marketing_consent boolean DEFAULT false NOT NULL,
	changed_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT cart_pkey PRIMARY KEY (cart_key)
);
INSERT INTO cart (cart_key) SELECT DISTINCT cart_key FROM cart_line;

ALTER TABLE cart_line ADD CONSTRAINT cart_line_cart_key_fkey
	FOREIGN KEY (cart_key) REFERENCES cart (cart_key) ON DELETE CASCADE;

CREATE INDEX cart_order_at ON cart_order (at);
