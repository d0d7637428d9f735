-- Products as a table of text: a row per variant, in and out.

CREATE TABLE import (
	id uuid NOT NULL,
	state text DEFAULT 'waiting' NOT NULL,
	is_dry_run boolean NOT NULL,
	columns text DEFAULT '' NOT NULL,	-- the names that count, else the first line's
	actor text NOT NULL,
	body bytea NOT NULL,
	created_at timestamptz DEFAULT now() NOT NULL,
	finished_at timestamptz,
	created integer DEFAULT 0 NOT NULL,
	updated integer DEFAULT 0 NOT NULL,
	unchanged integer DEFAULT 0 NOT NULL,
	failed integer DEFAULT 0 NOT NULL,
	CONSTRAINT import_pkey PRIMARY KEY (id),
	CONSTRAINT import_state CHECK (state IN ('waiting', 'running', 'finished', 'failed'))
);
ALTER TABLE import ALTER COLUMN body SET STORAGE EXTERNAL;	-- it is read in slices
CREATE INDEX import_waiting ON import (id) WHERE state IN ('waiting', 'running');

-- What became of each row. `line` is the one on which it begins in the file.
CREATE TABLE import_row (
	import_id uuid NOT NULL,
	line integer NOT NULL,
	sku text NOT NULL,
	result text NOT NULL,
	field text,
	message text,
	CONSTRAINT import_row_pkey PRIMARY KEY (import_id, line),
	CONSTRAINT import_row_import_id_fkey FOREIGN KEY (import_id) REFERENCES import (id) ON DELETE CASCADE,
	CONSTRAINT import_row_result CHECK (result IN ('created', 'updated', 'unchanged', 'failed'))
);
CREATE INDEX import_row_failed ON import_row (import_id, line) WHERE result = 'failed';

-- A row as it was read. NULL: its column is not in the file, and stays as it is.
CREATE TYPE product_row AS (
	line integer, new_product_id uuid, new_variant_id uuid,
	sku text, product text, status text, brand text, categories text,
	slug_es text, name_es text, description_es text, slug_en text, name_en text, description_en text,
	options_es text, options_en text, attributes text, images text,
	price bigint, compare_at bigint, tax_class text, weight_g integer, position integer, default_slug text
);
CREATE TYPE product_result AS (line integer, sku text, result text, field text, message text);

-- "Color=Rojo|Talla=M" as (position, name, value).
CREATE FUNCTION pairs(text) RETURNS TABLE ("position" integer, name text, value text) LANGUAGE sql IMMUTABLE AS $$
SELECT e.n::integer, split_part(e.pair, '=', 1), substr(e.pair, strpos(e.pair, '=') + 1)
FROM regexp_split_to_table($1, '\|') WITH ORDINALITY AS e(pair, n) WHERE e.pair <> ''
$$;

-- Takes rows in: what they say is so afterwards, and what they do not say is as
-- before. Whole, or not at all when a promise of the schema breaks. Rows that are
-- at fault by themselves are told and left out.
CREATE FUNCTION take_rows(given jsonb) RETURNS SETOF product_result LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_mergejoin = off AS $$
DECLARE
	all_rows product_row[];
	good product_row[];
	results product_result[];
	old_products uuid[];
	changed uuid[] := '{}';
	touched uuid[];
BEGIN
	SELECT array_agg(x) INTO all_rows FROM jsonb_populate_recordset(NULL::product_row, given) AS x;
	-- The product of each row: of its SKU, of its slug, or a new one with those
	-- rows of this batch that name the same.
	WITH r AS (SELECT x.line, x.sku, x.name_es, x.price, x.product, x.categories, x.new_product_id,
			x.new_variant_id, v.id AS variant_id, v.product_id, coalesce(x.product, x.slug_es, x.default_slug) AS slug
		FROM unnest(all_rows) AS x LEFT JOIN variant v ON v.sku = x.sku
	), named AS (SELECT r.*, t.product_id AS by_slug FROM r LEFT JOIN product_text t
		ON r.product_id IS NULL AND t.lang = 'es' AND t.slug = r.slug
	), owned AS (SELECT n.*, coalesce(n.product_id, n.by_slug,
			first_value(n.new_product_id) OVER (PARTITION BY n.product_id, n.by_slug, n.slug ORDER BY n.line)) AS owner,
			row_number() OVER (PARTITION BY n.sku ORDER BY n.line) AS nth
		FROM named n
	), judged AS (SELECT o.*, CASE
			WHEN o.nth > 1 THEN ARRAY['sku', 'twice']
			WHEN o.variant_id IS NULL AND o.price IS NULL THEN ARRAY['price', 'required']
			WHEN o.product_id IS NULL AND o.by_slug IS NULL AND o.owner = o.new_product_id
				AND coalesce(o.name_es, '') = '' THEN ARRAY['name_es', 'required']
			WHEN o.categories <> '' AND EXISTS (SELECT FROM regexp_split_to_table(o.categories, '\|') AS c
				WHERE NOT EXISTS (SELECT FROM category_text t WHERE t.lang = 'es' AND t.slug = c))
				THEN ARRAY['categories', 'choice'] END AS fault
		FROM owned o)
	SELECT array_agg(ROW(x.line, j.owner, coalesce(j.variant_id, j.new_variant_id), x.sku, x.product, x.status,
			x.brand, x.categories, coalesce(x.slug_es, x.product), x.name_es, x.description_es, x.slug_en, x.name_en,
			x.description_en, x.options_es, x.options_en, x.attributes, x.images, x.price, x.compare_at,
			x.tax_class, x.weight_g, x.position, x.default_slug)::product_row ORDER BY x.line) FILTER (WHERE j.fault IS NULL),
		array_agg(ROW(x.line, x.sku, CASE WHEN j.fault IS NOT NULL THEN 'failed' WHEN j.variant_id IS NULL
			THEN 'created' ELSE 'unchanged' END, j.fault[1], j.fault[2])::product_result ORDER BY x.line)
	INTO good, results FROM unnest(all_rows) AS x JOIN judged j USING (line);

	SELECT coalesce(array_agg(DISTINCT x.new_product_id), '{}') INTO touched FROM unnest(good) AS x;
	SELECT coalesce(array_agg(p.id), '{}') INTO old_products FROM (SELECT id FROM product
		WHERE id = ANY (touched) ORDER BY id FOR UPDATE) AS p;
	WITH made AS (INSERT INTO product (id, brand, status)
		SELECT DISTINCT ON (x.new_product_id) x.new_product_id, coalesce(x.brand, ''), coalesce(x.status, 'active')
		FROM unnest(good) AS x WHERE x.new_product_id <> ALL (old_products)
		ORDER BY x.new_product_id, x.line RETURNING id)
	SELECT coalesce(array_agg(id), '{}') INTO changed FROM made;
	WITH edited AS (UPDATE product p SET brand = coalesce(x.brand, p.brand), status = coalesce(x.status, p.status)
		FROM (SELECT DISTINCT ON (new_product_id) new_product_id, brand, status FROM unnest(good) AS y
			ORDER BY new_product_id, line DESC) AS x
		WHERE p.id = x.new_product_id AND p.id = ANY (old_products)
		AND (p.brand, p.status) IS DISTINCT FROM (coalesce(x.brand, p.brand), coalesce(x.status, p.status))
		RETURNING p.id)
	SELECT changed || coalesce(array_agg(id), '{}') INTO changed FROM edited;

	WITH given AS (SELECT DISTINCT ON (x.new_product_id, l.lang) x.new_product_id AS product_id, l.lang,
			CASE l.lang WHEN 'es' THEN x.slug_es ELSE x.slug_en END AS slug, x.default_slug,
			CASE l.lang WHEN 'es' THEN x.name_es ELSE x.name_en END AS name,
			CASE l.lang WHEN 'es' THEN x.description_es ELSE x.description_en END AS description
		FROM unnest(good) AS x CROSS JOIN (VALUES ('es'), ('en')) AS l(lang)
		ORDER BY x.new_product_id, l.lang, x.line DESC
	), edited AS (UPDATE product_text t SET slug = coalesce(g.slug, t.slug), name = coalesce(nullif(g.name, ''), t.name),
			description = coalesce(g.description, t.description) FROM given g
		WHERE t.product_id = g.product_id AND t.lang = g.lang AND (t.slug, t.name, t.description) IS DISTINCT FROM
			(coalesce(g.slug, t.slug), coalesce(nullif(g.name, ''), t.name), coalesce(g.description, t.description))
		RETURNING t.product_id
	), made AS (INSERT INTO product_text (product_id, lang, slug, name, description)
		SELECT g.product_id, g.lang, coalesce(g.slug, g.default_slug), g.name, coalesce(g.description, '')
		FROM given g WHERE g.name <> '' AND coalesce(g.slug, g.default_slug) <> '' AND NOT EXISTS (SELECT FROM product_text t
			WHERE t.product_id = g.product_id AND t.lang = g.lang) RETURNING product_id)
	SELECT changed || coalesce(array_agg(product_id), '{}') INTO changed
	FROM (SELECT product_id FROM edited UNION SELECT product_id FROM made) AS x;

	WITH given AS (SELECT x.new_variant_id AS id, x.new_product_id AS product_id, x.sku, x.tax_class, x.weight_g,
			x.position, x.line FROM unnest(good) AS x
	), edited AS (UPDATE variant v SET tax_class = coalesce(g.tax_class, v.tax_class), is_active = true,
			weight_g = coalesce(g.weight_g, v.weight_g), position = coalesce(g.position, v.position)
		FROM given g WHERE v.id = g.id AND (NOT v.is_active OR (v.tax_class, v.weight_g, v.position) IS DISTINCT FROM
			(coalesce(g.tax_class, v.tax_class), coalesce(g.weight_g, v.weight_g), coalesce(g.position, v.position)))
		RETURNING v.product_id
	), made AS (INSERT INTO variant (id, product_id, sku, tax_class, weight_g, position)
		SELECT g.id, g.product_id, g.sku, coalesce(g.tax_class, 'standard'), coalesce(g.weight_g, 0),
			coalesce(g.position, (SELECT coalesce(max(v.position), 0) FROM variant v WHERE v.product_id = g.product_id)
			+ row_number() OVER (PARTITION BY g.product_id ORDER BY g.line))
		FROM given g WHERE NOT EXISTS (SELECT FROM variant v WHERE v.id = g.id) RETURNING product_id)
	SELECT changed || coalesce(array_agg(product_id), '{}') INTO changed
	FROM (SELECT product_id FROM edited UNION SELECT product_id FROM made) AS x;

	WITH given AS (SELECT x.new_variant_id AS variant_id, x.new_product_id AS product_id, x.price,
			x.compare_at FROM unnest(good) AS x
	), edited AS (UPDATE price p SET amount = coalesce(g.price, p.amount),
			compare_at = CASE WHEN g.compare_at IS NULL THEN p.compare_at ELSE nullif(g.compare_at, 0) END
		FROM given g WHERE p.variant_id = g.variant_id AND p.currency = 'EUR'
		AND (p.amount, p.compare_at) IS DISTINCT FROM (coalesce(g.price, p.amount),
			CASE WHEN g.compare_at IS NULL THEN p.compare_at ELSE nullif(g.compare_at, 0) END)
		RETURNING g.product_id
	), made AS (INSERT INTO price (variant_id, currency, amount, compare_at)
		SELECT g.variant_id, 'EUR', g.price, nullif(g.compare_at, 0) FROM given g WHERE NOT EXISTS
			(SELECT FROM price p WHERE p.variant_id = g.variant_id AND p.currency = 'EUR') RETURNING variant_id)
	SELECT changed || coalesce(array_agg(product_id), '{}') INTO changed FROM edited;

	changed := changed || take_lists(good);
	SELECT coalesce(array_agg(DISTINCT c), '{}') INTO touched FROM unnest(changed) AS c;
	UPDATE product SET version = version + 1 WHERE id = ANY (touched) AND id = ANY (old_products);
	PERFORM products_refresh(touched);
	RETURN QUERY SELECT r.line, r.sku, CASE WHEN r.result = 'unchanged' AND g.new_product_id = ANY (touched)
		THEN 'updated' ELSE r.result END, r.field, r.message
	FROM unnest(results) AS r LEFT JOIN unnest(good) AS g USING (line) ORDER BY r.line;
END
$$;

-- The lists of rows, each replaced where it differs: categories, attributes,
-- pictures, options. Gives the products that changed by it.
CREATE FUNCTION take_lists(good product_row[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
	part uuid[];
	changed uuid[] := '{}';
	wanted jsonb;
	old jsonb;
BEGIN
	WITH given AS (SELECT DISTINCT ON (x.new_product_id) x.new_product_id AS id, x.categories FROM unnest(good) AS x
		WHERE x.categories IS NOT NULL ORDER BY x.new_product_id, x.line DESC),
	wanted AS (SELECT DISTINCT g.id, t.category_id FROM given g
		CROSS JOIN LATERAL regexp_split_to_table(g.categories, '\|') AS c
		JOIN category_text t ON t.lang = 'es' AND t.slug = c),
	gone AS (DELETE FROM product_category pc USING given g WHERE pc.product_id = g.id AND NOT EXISTS
		(SELECT FROM wanted w WHERE w.id = pc.product_id AND w.category_id = pc.category_id) RETURNING pc.product_id),
	made AS (INSERT INTO product_category (product_id, category_id) SELECT w.id, w.category_id FROM wanted w
		WHERE NOT EXISTS (SELECT FROM product_category pc WHERE pc.product_id = w.id
			AND pc.category_id = w.category_id) RETURNING product_id)
	SELECT array_agg(product_id) INTO part FROM (SELECT product_id FROM gone UNION SELECT product_id FROM made) AS x;
	changed := changed || part;

	WITH given AS (SELECT DISTINCT ON (x.new_product_id) x.new_product_id AS id, x.attributes FROM unnest(good) AS x
		WHERE x.attributes IS NOT NULL ORDER BY x.new_product_id, x.line DESC),
	wanted AS (SELECT DISTINCT g.id, t.id AS tag_id FROM given g CROSS JOIN LATERAL pairs(g.attributes) AS a
		JOIN tag t ON t.facet = a.name AND t.code = a.value),
	gone AS (DELETE FROM product_attribute pa USING given g WHERE pa.product_id = g.id AND NOT EXISTS
		(SELECT FROM wanted w WHERE w.id = pa.product_id AND w.tag_id = pa.tag_id) RETURNING pa.product_id),
	made AS (INSERT INTO product_attribute (product_id, tag_id) SELECT w.id, w.tag_id FROM wanted w
		WHERE NOT EXISTS (SELECT FROM product_attribute pa WHERE pa.product_id = w.id AND pa.tag_id = w.tag_id)
		RETURNING product_id)
	SELECT array_agg(product_id) INTO part FROM (SELECT product_id FROM gone UNION SELECT product_id FROM made) AS x;
	changed := changed || part;

	-- A picture that is there keeps its words and measures; others come with none.
	WITH given AS (SELECT DISTINCT ON (x.new_product_id) x.new_product_id AS id, x.images FROM unnest(good) AS x
		WHERE x.images IS NOT NULL ORDER BY x.new_product_id, x.line DESC)
	SELECT array_agg(g.id), jsonb_object_agg(g.id, g.images) INTO part, wanted FROM given g
	WHERE g.images <> coalesce((SELECT string_agg(i.src, '|' ORDER BY i.position) FROM image i
		WHERE i.product_id = g.id), '');
	IF part IS NOT NULL THEN
		SELECT jsonb_agg(to_jsonb(i) || jsonb_build_object('texts', (SELECT jsonb_agg(to_jsonb(t)) FROM image_text t
			WHERE t.product_id = i.product_id AND t.position = i.position))) INTO old FROM image i
		WHERE i.product_id = ANY (part);
		DELETE FROM image_text WHERE product_id = ANY (part);
		DELETE FROM image WHERE product_id = ANY (part);
		INSERT INTO image (product_id, position, src, width, height, widths)
		SELECT g.id, s.n, s.src, coalesce(o.width, 640), coalesce(o.height, 640), coalesce(o.widths, '{}')
		FROM unnest(part) AS g(id) CROSS JOIN LATERAL regexp_split_to_table(wanted->>g.id::text, '\|')
			WITH ORDINALITY AS s(src, n)
		LEFT JOIN LATERAL (SELECT x.width, x.height, x.widths FROM jsonb_populate_recordset(NULL::image, old) AS x
			WHERE x.product_id = g.id AND x.src = s.src LIMIT 1) AS o ON true WHERE s.src <> '';
		INSERT INTO image_text (product_id, position, lang, alt)
		SELECT i.product_id, i.position, t.lang, t.alt FROM jsonb_array_elements(old) AS o
		JOIN image i ON i.product_id = (o->>'product_id')::uuid AND i.src = o->>'src'
		CROSS JOIN LATERAL jsonb_populate_recordset(NULL::image_text, nullif(o->'texts', 'null')) AS t
		ON CONFLICT ON CONSTRAINT image_text_pkey DO NOTHING;
	END IF;
	changed := changed || part;

	WITH given AS (SELECT DISTINCT x.new_product_id AS id, l.lang, p.position, p.name FROM unnest(good) AS x
		CROSS JOIN LATERAL (VALUES ('es', x.options_es), ('en', x.options_en)) AS l(lang, list)
		CROSS JOIN LATERAL pairs(l.list) AS p),
	put AS (INSERT INTO product_option AS o (product_id, lang, position, name)
		SELECT DISTINCT ON (id, lang, position) id, lang, position, name FROM given
		ON CONFLICT ON CONSTRAINT product_option_pkey DO UPDATE SET name = excluded.name
		WHERE o.name <> excluded.name RETURNING o.product_id)
	SELECT array_agg(product_id) INTO part FROM put;
	changed := changed || part;
	WITH given AS (SELECT x.new_product_id AS id, x.new_variant_id AS variant_id, l.lang, p.position, p.value
		FROM unnest(good) AS x
		CROSS JOIN LATERAL (VALUES ('es', x.options_es), ('en', x.options_en)) AS l(lang, list)
		CROSS JOIN LATERAL pairs(l.list) AS p),
	put AS (INSERT INTO variant_option AS o (variant_id, lang, position, value)
		SELECT variant_id, lang, position, value FROM given
		ON CONFLICT ON CONSTRAINT variant_option_pkey DO UPDATE SET value = excluded.value
		WHERE o.value <> excluded.value RETURNING o.variant_id)
	SELECT array_agg(g.id) INTO part FROM put JOIN given g USING (variant_id);
	RETURN changed || part;
END
$$;

-- The whole catalogue as those rows, in the order of products and variants.
CREATE FUNCTION product_rows(after_product uuid, after_position integer, after_variant uuid, most integer)
RETURNS TABLE (product_id uuid, "position" integer, variant_id uuid, sku text, product text, status text, brand text,
	categories text, name_es text, description_es text, slug_en text, name_en text, description_en text,
	options_es text, options_en text, attributes text, images text, price bigint, compare_at bigint,
	tax_class text, weight_g integer) LANGUAGE sql STABLE AS $$
SELECT p.id, v.position, v.id, v.sku, coalesce(es.slug, en.slug, ''), p.status, p.brand,
	coalesce((SELECT string_agg(t.slug, '|' ORDER BY t.slug) FROM product_category pc JOIN category_text t
		ON t.category_id = pc.category_id AND t.lang = 'es' WHERE pc.product_id = p.id), ''),
	coalesce(es.name, ''), coalesce(es.description, ''), coalesce(en.slug, ''), coalesce(en.name, ''),
	coalesce(en.description, ''),
	coalesce((SELECT string_agg(o.name || '=' || x.value, '|' ORDER BY o.position) FROM product_option o
		JOIN variant_option x ON x.variant_id = v.id AND x.position = o.position AND x.lang = o.lang
		WHERE o.product_id = p.id AND o.lang = 'es'), ''),
	coalesce((SELECT string_agg(o.name || '=' || x.value, '|' ORDER BY o.position) FROM product_option o
		JOIN variant_option x ON x.variant_id = v.id AND x.position = o.position AND x.lang = o.lang
		WHERE o.product_id = p.id AND o.lang = 'en'), ''),
	coalesce((SELECT string_agg(t.facet || '=' || t.code, '|' ORDER BY t.facet, t.code) FROM product_attribute a
		JOIN tag t ON t.id = a.tag_id WHERE a.product_id = p.id), ''),
	coalesce((SELECT string_agg(i.src, '|' ORDER BY i.position) FROM image i WHERE i.product_id = p.id), ''),
	a.amount, a.compare_at, v.tax_class, v.weight_g
FROM product p JOIN variant v ON v.product_id = p.id AND v.is_active
JOIN price a ON a.variant_id = v.id AND a.currency = 'EUR'
LEFT JOIN product_text es ON es.product_id = p.id AND es.lang = 'es'
LEFT JOIN product_text en ON en.product_id = p.id AND en.lang = 'en'
WHERE p.id >= after_product AND (p.id, v.position, v.id) > (after_product, after_position, after_variant)
ORDER BY p.id, v.position, v.id LIMIT most
$$;

-- What a batch touches is found by its ids, whatever the tables' sizes were when
-- the plan was made.
ALTER FUNCTION products_refresh(uuid[]) SET enable_seqscan = off;
ALTER FUNCTION products_refresh(uuid[]) SET enable_mergejoin = off;
