-- What is sold: products, their variants and prices, and the words for them.

CREATE TABLE tax_rate (
	country text NOT NULL,
	tax_class text NOT NULL,
	rate integer NOT NULL,		-- hundredths of a percent: 2100 = 21 %
	CONSTRAINT tax_rate_pkey PRIMARY KEY (country, tax_class),
	CONSTRAINT tax_rate_rate CHECK (rate BETWEEN 0 AND 10000),
	CONSTRAINT tax_rate_country CHECK (country ~ '^[A-Z]{2}$')
);
INSERT INTO tax_rate (country, tax_class, rate) VALUES
	('ES', 'standard', 2100), ('ES', 'reduced', 1000), ('ES', 'super_reduced', 400),
	('PT', 'standard', 2300), ('PT', 'reduced', 1300), ('PT', 'super_reduced', 600),
	('FR', 'standard', 2000), ('FR', 'reduced', 1000), ('FR', 'super_reduced', 550),
	('DE', 'standard', 1900), ('DE', 'reduced', 700), ('DE', 'super_reduced', 700),
	('IT', 'standard', 2200), ('IT', 'reduced', 1000), ('IT', 'super_reduced', 400);

CREATE TABLE category (
	id uuid NOT NULL,
	parent_id uuid,
	position integer DEFAULT 0 NOT NULL,
	CONSTRAINT category_pkey PRIMARY KEY (id),
	CONSTRAINT category_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES category (id)
);
CREATE TABLE category_text (
	category_id uuid NOT NULL,
	lang text NOT NULL,
	slug text NOT NULL,
	name text NOT NULL,
	CONSTRAINT category_text_pkey PRIMARY KEY (category_id, lang),
	CONSTRAINT category_text_slug_key UNIQUE (lang, slug),
	CONSTRAINT category_text_category_id_fkey FOREIGN KEY (category_id) REFERENCES category (id)
);

CREATE TABLE product (
	id uuid NOT NULL,
	brand text DEFAULT '' NOT NULL,
	status text DEFAULT 'active' NOT NULL,
	version integer DEFAULT 1 NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT product_pkey PRIMARY KEY (id),
	CONSTRAINT product_status CHECK (status IN ('active', 'archived'))
);
CREATE TABLE product_text (
	product_id uuid NOT NULL,
	lang text NOT NULL,
	slug text NOT NULL,
	name text NOT NULL,
	description text DEFAULT '' NOT NULL,
	CONSTRAINT product_text_pkey PRIMARY KEY (product_id, lang),
	CONSTRAINT product_text_slug_key UNIQUE (lang, slug),
	CONSTRAINT product_text_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id)
);
CREATE TABLE product_category (
	product_id uuid NOT NULL,
	category_id uuid NOT NULL,
	CONSTRAINT product_category_pkey PRIMARY KEY (category_id, product_id),
	CONSTRAINT product_category_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id),
	CONSTRAINT product_category_category_id_fkey FOREIGN KEY (category_id) REFERENCES category (id)
);
CREATE INDEX product_category_product ON product_category (product_id);

-- What a shopper chooses: "Colour", and for each variant its value.
CREATE TABLE product_option (
	product_id uuid NOT NULL,
	position integer NOT NULL,
	lang text NOT NULL,
	name text NOT NULL,
	CONSTRAINT product_option_pkey PRIMARY KEY (product_id, position, lang),
	CONSTRAINT product_option_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id)
);
CREATE TABLE variant (
	id uuid NOT NULL,
	product_id uuid NOT NULL,
	sku text NOT NULL,
	position integer DEFAULT 0 NOT NULL,
	tax_class text DEFAULT 'standard' NOT NULL,
	weight_g integer DEFAULT 0 NOT NULL,
	is_active boolean DEFAULT true NOT NULL,
	CONSTRAINT variant_pkey PRIMARY KEY (id),
	CONSTRAINT variant_sku_key UNIQUE (sku),
	CONSTRAINT variant_weight_g CHECK (weight_g >= 0),
	CONSTRAINT variant_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id)
);
CREATE INDEX variant_product ON variant (product_id, position);
CREATE TABLE variant_option (
	variant_id uuid NOT NULL,
	position integer NOT NULL,
	lang text NOT NULL,
	value text NOT NULL,
	CONSTRAINT variant_option_pkey PRIMARY KEY (variant_id, position, lang),
	CONSTRAINT variant_option_variant_id_fkey FOREIGN KEY (variant_id) REFERENCES variant (id)
);
CREATE TABLE price (
	variant_id uuid NOT NULL,
	currency text NOT NULL,
	amount bigint NOT NULL,
	CONSTRAINT price_pkey PRIMARY KEY (variant_id, currency),
	CONSTRAINT price_amount_not_negative CHECK (amount >= 0),
	CONSTRAINT price_variant_id_fkey FOREIGN KEY (variant_id) REFERENCES variant (id)
);
CREATE TABLE image (
	product_id uuid NOT NULL,
	position integer NOT NULL,
	src text NOT NULL,
	CONSTRAINT image_pkey PRIMARY KEY (product_id, position),
	CONSTRAINT image_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id)
);
CREATE TABLE image_text (
	product_id uuid NOT NULL,
	position integer NOT NULL,
	lang text NOT NULL,
	alt text NOT NULL,
	CONSTRAINT image_text_pkey PRIMARY KEY (product_id, position, lang),
	CONSTRAINT image_text_image_fkey FOREIGN KEY (product_id, position)
		REFERENCES image (product_id, position)
);

-- The read model: a product as a shopper sees it, one row per language, written
-- in the transaction of whatever changes the product.
CREATE TABLE product_document (
	product_id uuid NOT NULL,
	lang text NOT NULL,
	slug text NOT NULL,
	name text NOT NULL,
	image text NOT NULL,
	price bigint NOT NULL,		-- the least of its variants
	currency text NOT NULL,
	search tsvector NOT NULL,
	document jsonb NOT NULL,
	CONSTRAINT product_document_pkey PRIMARY KEY (lang, product_id),
	CONSTRAINT product_document_slug_key UNIQUE (lang, slug),
	CONSTRAINT product_document_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id)
);
CREATE INDEX product_document_price ON product_document (lang, price, product_id);
CREATE INDEX product_document_name ON product_document (lang, name, product_id);
CREATE INDEX product_document_search ON product_document USING gin (search);

-- Lower case and without accents, as lib/web/text folds what is searched for.
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT translate(lower($1), 'áàâäãéèêëíìîïóòôöõúùûüñç', 'aaaaaeeeeiiiiooooouuuunc') $$;

-- Writes the rows of a product anew; words it lacks come from Spanish.
CREATE FUNCTION product_document_refresh(the_product uuid) RETURNS void LANGUAGE sql AS $$
DELETE FROM product_document WHERE product_id = the_product;
INSERT INTO product_document (product_id, lang, slug, name, image, price, currency, search, document)
SELECT p.id, l.lang, t.slug, t.name, coalesce(images.first, ''), variants.least, 'EUR',
	to_tsvector('simple', folded(t.name || ' ' || p.brand || ' ' || t.description)),
	jsonb_build_object('id', p.id, 'slug', t.slug, 'name', t.name, 'description', t.description,
		'brand', p.brand, 'categories', coalesce(categories.list, '[]'),
		'images', coalesce(images.list, '[]'), 'options', coalesce(options.list, '[]'),
		'variants', variants.list,
		'price', jsonb_build_object('amount', variants.least, 'currency', 'EUR'))
FROM product p CROSS JOIN (VALUES ('es'), ('en')) AS l(lang)
CROSS JOIN LATERAL (SELECT x.slug, x.name, x.description FROM product_text x
	WHERE x.product_id = p.id ORDER BY x.lang = l.lang DESC, x.lang = 'es' DESC LIMIT 1) AS t
CROSS JOIN LATERAL (SELECT min(a.amount) AS least, jsonb_agg(jsonb_build_object('id', v.id, 'sku', v.sku,
		'options', coalesce((SELECT jsonb_agg(o.value ORDER BY o.position) FROM variant_option o
			WHERE o.variant_id = v.id AND o.lang = l.lang), '[]'),
		'price', jsonb_build_object('amount', a.amount, 'currency', a.currency),
		'weight_g', v.weight_g) ORDER BY v.position, v.id) AS list
	FROM variant v JOIN price a ON a.variant_id = v.id AND a.currency = 'EUR'
	WHERE v.product_id = p.id AND v.is_active) AS variants
LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('slug', c.slug, 'name', c.name)) AS list
	FROM product_category pc JOIN category_text c ON c.category_id = pc.category_id AND c.lang = l.lang
	WHERE pc.product_id = p.id) AS categories ON true
LEFT JOIN LATERAL (SELECT (array_agg(i.src ORDER BY i.position))[1] AS first,
		jsonb_agg(jsonb_build_object('src', i.src, 'alt', coalesce(x.alt, t.name)) ORDER BY i.position) AS list
	FROM image i LEFT JOIN image_text x ON x.product_id = i.product_id AND x.position = i.position
		AND x.lang = l.lang WHERE i.product_id = p.id) AS images ON true
LEFT JOIN LATERAL (SELECT jsonb_agg(o.name ORDER BY o.position) AS list FROM product_option o
	WHERE o.product_id = p.id AND o.lang = l.lang) AS options ON true
WHERE p.id = the_product AND p.status = 'active' AND variants.list IS NOT NULL
$$;
