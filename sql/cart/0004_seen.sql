-- The unit price that a shopper saw when putting a line in; 0: not known.

ALTER TABLE cart_line
	ADD COLUMN seen bigint DEFAULT 0 NOT NULL,
	ADD CONSTRAINT cart_line_seen CHECK (seen >= 0);
