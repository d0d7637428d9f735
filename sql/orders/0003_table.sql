-- Staff's table of orders: an index for each of its orders and filters that is
-- not there yet, and the views that each person keeps. An id begins with its
-- time: by id is by age.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX shop_order_total ON shop_order (total, id);
CREATE INDEX shop_order_payment ON shop_order (payment_status, id);
CREATE INDEX shop_order_to_ship ON shop_order (id) WHERE fulfilment_status = 'unfulfilled';
CREATE INDEX shop_order_who ON shop_order USING gin (lower(email || ' ' || name) gin_trgm_ops);

CREATE TABLE saved_view (
	id uuid NOT NULL,
	user_id uuid NOT NULL,
	name text NOT NULL,
	query text NOT NULL,
	CONSTRAINT saved_view_pkey PRIMARY KEY (id),
	CONSTRAINT saved_view_name_key UNIQUE (user_id, name)
);
