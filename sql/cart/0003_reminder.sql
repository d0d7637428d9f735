-- One reminder of a cart that was left, in its owner's language.

ALTER TABLE cart
	ADD COLUMN lang text DEFAULT 'es' NOT NULL,
	ADD COLUMN reminded_at timestamptz;
CREATE INDEX cart_left ON cart (changed_at)
	WHERE email IS NOT NULL AND marketing_consent AND reminded_at IS NULL;
CREATE INDEX cart_email ON cart (lower(email));
