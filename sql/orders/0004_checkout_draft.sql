-- What a shopper has typed so far on the way to an order, a day long.

CREATE TABLE checkout_draft (
	cart_key text NOT NULL,
	email text DEFAULT '' NOT NULL,
	shipping_address jsonb DEFAULT '{}' NOT NULL,
	shipping_option text DEFAULT '' NOT NULL,
	changed_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT checkout_draft_pkey PRIMARY KEY (cart_key)
);
CREATE INDEX checkout_draft_changed ON checkout_draft (changed_at);
