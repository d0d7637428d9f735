-- What else is told of a product: attributes, prices that change by the calendar
-- and what they were, contents for unit prices, what goes with it, old slugs.

-- A value that products can be found by: of an attribute, a brand or a category.
-- `facet` is the attribute's code, 'brand', or 'category' (then code is its id).
CREATE TABLE tag (
	id integer GENERATED ALWAYS AS IDENTITY,
	facet text NOT NULL,
	code text NOT NULL,
	position integer DEFAULT 0 NOT NULL,
	CONSTRAINT tag_pkey PRIMARY KEY (id),
	CONSTRAINT tag_code_key UNIQUE (facet, code)
);
CREATE TABLE tag_text (
	tag_id integer NOT NULL,
	lang text NOT NULL,
	name text NOT NULL,
	CONSTRAINT tag_text_pkey PRIMARY KEY (tag_id, lang),
	CONSTRAINT tag_text_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES tag (id) ON DELETE CASCADE
);

-- "Colour" selects a variant and comes from the products' options; "Material"
-- describes, and is given to a product.
CREATE TABLE attribute (
	code text NOT NULL,
	selects boolean DEFAULT false NOT NULL,
	is_filter boolean DEFAULT true NOT NULL,
	position integer DEFAULT 0 NOT NULL,
	CONSTRAINT attribute_pkey PRIMARY KEY (code),
	CONSTRAINT attribute_code CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'
		AND code NOT IN ('category', 'brand'))
);
CREATE TABLE attribute_text (
	code text NOT NULL,
	lang text NOT NULL,
	name text NOT NULL,
	CONSTRAINT attribute_text_pkey PRIMARY KEY (code, lang),
	CONSTRAINT attribute_text_code_fkey FOREIGN KEY (code) REFERENCES attribute (code)
);
CREATE TABLE product_attribute (
	product_id uuid NOT NULL,
	tag_id integer NOT NULL,
	CONSTRAINT product_attribute_pkey PRIMARY KEY (product_id, tag_id),
	CONSTRAINT product_attribute_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id),
	CONSTRAINT product_attribute_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES tag (id)
);

-- A collection is a category with a rule: the products that it fits are in it.
-- {"tags": [[1, 2], [7]], "max_price": 2000, "is_reduced": true, "days": 30}: each
-- member must hold; of each list of tags one must be there.
ALTER TABLE category ADD COLUMN rule jsonb,
	ADD COLUMN tags integer[] DEFAULT '{}' NOT NULL,	-- its own and those above it
	ADD COLUMN version integer DEFAULT 1 NOT NULL;
ALTER TABLE category_text ADD COLUMN description text DEFAULT '' NOT NULL;

ALTER TABLE product_text ADD COLUMN seo_title text DEFAULT '' NOT NULL,
	ADD COLUMN seo_description text DEFAULT '' NOT NULL;

-- 250 g at 3 EUR are 12 EUR a kilogram.
ALTER TABLE variant ADD COLUMN content integer, ADD COLUMN content_unit text,
	ADD CONSTRAINT variant_content CHECK (content > 0 AND content_unit IN ('g', 'ml', 'cm', 'piece')
		OR content IS NULL AND content_unit IS NULL);

ALTER TABLE image ADD COLUMN width integer DEFAULT 640 NOT NULL,
	ADD COLUMN height integer DEFAULT 640 NOT NULL,
	ADD COLUMN widths integer[] DEFAULT '{}' NOT NULL;	-- src is <name>-<width>.webp

ALTER TABLE price ADD COLUMN compare_at bigint,
	ADD CONSTRAINT price_compare_at CHECK (compare_at > amount);
CREATE TABLE sale (
	variant_id uuid NOT NULL,
	currency text NOT NULL,
	starts_at timestamptz NOT NULL,
	ends_at timestamptz NOT NULL,
	amount bigint NOT NULL,
	CONSTRAINT sale_pkey PRIMARY KEY (variant_id, currency, starts_at),
	CONSTRAINT sale_variant_id_fkey FOREIGN KEY (variant_id) REFERENCES variant (id),
	CONSTRAINT sale_period CHECK (ends_at > starts_at),
	CONSTRAINT sale_amount CHECK (amount >= 0)
);
CREATE INDEX sale_starts ON sale (starts_at);
CREATE INDEX sale_ends ON sale (ends_at);

-- What is asked at this moment; everybody who tells or takes a price asks here.
CREATE VIEW price_now AS
SELECT p.variant_id, p.currency, coalesce(s.amount, p.amount) AS amount,
	CASE WHEN s.amount IS NOT NULL THEN p.amount ELSE p.compare_at END AS compare_at, s.ends_at
FROM price p LEFT JOIN LATERAL (SELECT x.amount, x.ends_at FROM sale x
	WHERE x.variant_id = p.variant_id AND x.currency = p.currency AND x.amount < p.amount
	AND x.starts_at <= now() AND x.ends_at > now() ORDER BY x.amount LIMIT 1) AS s ON true;

-- Every price that was asked, from when on. Rows are never altered.
CREATE TABLE price_history (
	variant_id uuid NOT NULL,
	currency text NOT NULL,
	at timestamptz DEFAULT clock_timestamp() NOT NULL,
	amount bigint NOT NULL,
	CONSTRAINT price_history_pkey PRIMARY KEY (variant_id, currency, at),
	CONSTRAINT price_history_variant_id_fkey FOREIGN KEY (variant_id) REFERENCES variant (id)
);

-- The lowest price of the thirty days before the present one (98/6/EC, 6a).
CREATE FUNCTION lowest_before(the_variant uuid, the_currency text) RETURNS bigint LANGUAGE sql STABLE AS $$
WITH present AS (SELECT max(at) AS at FROM price_history
	WHERE variant_id = the_variant AND currency = the_currency)
SELECT min(h.amount) FROM price_history h, present p
WHERE h.variant_id = the_variant AND h.currency = the_currency AND h.at < p.at
AND h.at >= coalesce((SELECT max(o.at) FROM price_history o WHERE o.variant_id = the_variant
	AND o.currency = the_currency AND o.at <= p.at - interval '30 days'), '-infinity')
$$;

CREATE TABLE related (
	product_id uuid NOT NULL,
	related_id uuid NOT NULL,
	kind text NOT NULL,
	position integer DEFAULT 0 NOT NULL,
	CONSTRAINT related_pkey PRIMARY KEY (product_id, kind, related_id),
	CONSTRAINT related_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id),
	CONSTRAINT related_related_id_fkey FOREIGN KEY (related_id) REFERENCES product (id),
	CONSTRAINT related_kind CHECK (kind IN ('similar', 'together')),
	CONSTRAINT related_other CHECK (related_id <> product_id)
);

-- A slug that was given up leads on to its product.
CREATE TABLE old_slug (
	lang text NOT NULL,
	slug text NOT NULL,
	product_id uuid NOT NULL,
	CONSTRAINT old_slug_pkey PRIMARY KEY (lang, slug),
	CONSTRAINT old_slug_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id)
);
CREATE FUNCTION keep_old_slug() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO old_slug (lang, slug, product_id) VALUES (old.lang, old.slug, old.product_id)
	ON CONFLICT ON CONSTRAINT old_slug_pkey DO UPDATE SET product_id = excluded.product_id;
	RETURN NULL;
END
$$;
CREATE TRIGGER product_text_slug AFTER DELETE OR UPDATE OF slug ON product_text
	FOR EACH ROW EXECUTE FUNCTION keep_old_slug();

-- What inventory told last of a variant at a place; `number` is its event's, so
-- that events which arrive in another order leave the newest.
CREATE TABLE stock (
	variant_id uuid NOT NULL,
	location_id uuid NOT NULL,
	available integer NOT NULL,	-- with what may be sold on backorder
	number bigint NOT NULL,
	CONSTRAINT stock_pkey PRIMARY KEY (variant_id, location_id)
);
