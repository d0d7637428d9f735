-- Parcels of their own; which attempt paid; numbers only for orders that stand.
-- shop_order.tracking and the default of `number` serve the programs of before;
-- a later migration drops both.

CREATE TABLE shipment (
	id uuid NOT NULL,
	order_id uuid NOT NULL,
	carrier text DEFAULT '' NOT NULL,
	tracking text DEFAULT '' NOT NULL,
	actor text NOT NULL,
	shipped_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT shipment_pkey PRIMARY KEY (id),
	CONSTRAINT shipment_order_id_fkey FOREIGN KEY (order_id) REFERENCES shop_order (id)
);
CREATE INDEX shipment_order ON shipment (order_id, shipped_at);
INSERT INTO shipment (id, order_id, tracking, actor)
	SELECT gen_random_uuid(), id, tracking, 'migration' FROM shop_order
	WHERE fulfilment_status = 'fulfilled';

ALTER TABLE shop_order
	ALTER COLUMN number DROP NOT NULL,	-- given once the stock is held
	ADD CONSTRAINT shop_order_number_given
		CHECK (number IS NOT NULL OR status IN ('placing', 'void')),
	ADD COLUMN billing_address jsonb,	-- NULL: the shipping address
	ADD COLUMN paid_attempt integer,	-- of the payment that paid it
	ADD COLUMN checked_at timestamptz;	-- when the finisher last asked payments

-- For staff's list by status, newest first.
CREATE INDEX shop_order_status_id ON shop_order (status, id);
