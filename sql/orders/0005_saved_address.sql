-- The addresses that customers keep; of somebody's, one is the default.

CREATE TABLE saved_address (
	id uuid NOT NULL,
	user_id uuid NOT NULL,
	name text NOT NULL,
	line1 text NOT NULL,
	line2 text,
	postcode text NOT NULL,
	city text NOT NULL,
	country text NOT NULL,
	phone text,
	is_default boolean DEFAULT false NOT NULL,
	CONSTRAINT saved_address_pkey PRIMARY KEY (id)
);
CREATE INDEX saved_address_user ON saved_address (user_id, id);
CREATE UNIQUE INDEX saved_address_default ON saved_address (user_id) WHERE is_default;

-- As an order's address has it.
CREATE FUNCTION address_of(saved_address) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT jsonb_strip_nulls(to_jsonb($1) - '{id,user_id,is_default}'::text[]) $$;
