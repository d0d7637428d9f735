-- What staff edit: drafts, barcodes, pictures in another order; a product as it
-- is stored, in all languages.

ALTER TABLE product DROP CONSTRAINT product_status,
	ADD CONSTRAINT product_status CHECK (status IN ('draft', 'active', 'archived'));
CREATE INDEX product_not_in_shop ON product (status, id) WHERE status <> 'active';
ALTER TABLE variant ADD COLUMN barcode text,
	ADD CONSTRAINT variant_barcode_key UNIQUE (barcode),
	ADD CONSTRAINT variant_barcode CHECK (barcode ~ '^[0-9]{8,14}$');

-- The documents of some products as they must be now, in the shop or not.
CREATE FUNCTION documents_made(ids uuid[]) RETURNS SETOF product_document LANGUAGE sql STABLE AS $$
SELECT p.id, l.lang, t.slug, t.name, coalesce(images.first, ''), variants.least, 'EUR',
	jsonb_build_object('id', p.id, 'version', p.version, 'slug', t.slug, 'name', t.name,
		'description', t.description, 'seo_title', t.seo_title, 'seo_description', t.seo_description,
		'brand', p.brand,
		'categories', coalesce(categories.list, '[]'), 'images', coalesce(images.list, '[]'),
		'options', coalesce(options.list, '[]'), 'attributes', coalesce(attributes.list, '[]'),
		'variants', variants.list, 'price', money(variants.least, 'EUR'))
FROM product p CROSS JOIN (VALUES ('es'), ('en')) AS l(lang)
CROSS JOIN LATERAL (SELECT x.slug, x.name, x.description, x.seo_title, x.seo_description FROM product_text x
	WHERE x.product_id = p.id ORDER BY x.lang = l.lang DESC, x.lang = 'es' DESC LIMIT 1) AS t
CROSS JOIN LATERAL (SELECT min(a.amount) AS least, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
		'id', v.id, 'sku', v.sku, 'barcode', v.barcode,
		'options', coalesce((SELECT jsonb_agg(o.value ORDER BY o.position)
			FROM (SELECT DISTINCT ON (x.position) x.position, x.value FROM variant_option x
				WHERE x.variant_id = v.id
				ORDER BY x.position, x.lang = l.lang DESC, x.lang = 'es' DESC) AS o), '[]'),
		'price', money(a.amount, a.currency), 'compare_at_price', money(a.compare_at, a.currency),
		'sale_ends_at', a.ends_at,
		'lowest_price_30d', CASE WHEN a.compare_at IS NOT NULL
			THEN money(lowest_before(v.id, a.currency), a.currency) END,
		'unit_price', CASE WHEN v.content IS NOT NULL AND v.content_unit <> 'piece' THEN jsonb_build_object(
			'amount', round(a.amount::numeric * CASE v.content_unit WHEN 'cm' THEN 100 ELSE 1000 END
				/ v.content)::bigint, 'currency', a.currency,
			'unit', CASE v.content_unit WHEN 'g' THEN 'kg' WHEN 'ml' THEN 'l' ELSE 'm' END) END,
		'weight_g', v.weight_g)) ORDER BY v.position, v.id) AS list
	FROM variant v JOIN price_now a ON a.variant_id = v.id AND a.currency = 'EUR'
	WHERE v.product_id = p.id AND v.is_active) AS variants
LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('slug', c.slug, 'name', c.name) ORDER BY c.name) AS list
	FROM product_category pc JOIN category_text c ON c.category_id = pc.category_id AND c.lang = l.lang
	WHERE pc.product_id = p.id) AS categories ON true
LEFT JOIN LATERAL (SELECT (array_agg(i.src ORDER BY i.position))[1] AS first,
		jsonb_agg(jsonb_build_object('src', i.src, 'alt', coalesce(x.alt, t.name), 'width', i.width,
			'height', i.height, 'srcset', CASE i.widths WHEN '{}' THEN '' ELSE srcset(i.src, i.widths) END) ORDER BY i.position) AS list
	FROM image i LEFT JOIN image_text x ON x.product_id = i.product_id AND x.position = i.position
		AND x.lang = l.lang WHERE i.product_id = p.id) AS images ON true
LEFT JOIN LATERAL (SELECT jsonb_agg(o.name ORDER BY o.position) AS list
	FROM (SELECT DISTINCT ON (x.position) x.position, x.name FROM product_option x
		WHERE x.product_id = p.id
		ORDER BY x.position, x.lang = l.lang DESC, x.lang = 'es' DESC) AS o) AS options ON true
LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('code', a.code, 'name', a.name, 'values', a.list)
		ORDER BY a.position, a.name) AS list
	FROM (SELECT b.code, b.position, coalesce(bt.name, b.code) AS name,
			jsonb_agg(coalesce(tt.name, g.code) ORDER BY g.position, tt.name) AS list
		FROM product_attribute pa JOIN tag g ON g.id = pa.tag_id JOIN attribute b ON b.code = g.facet
		LEFT JOIN attribute_text bt ON bt.code = b.code AND bt.lang = l.lang
		LEFT JOIN tag_text tt ON tt.tag_id = g.id AND tt.lang = l.lang
		WHERE pa.product_id = p.id GROUP BY b.code, b.position, bt.name) AS a) AS attributes ON true
WHERE p.id = ANY (ids) AND variants.list IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION documents_of(ids uuid[]) RETURNS SETOF product_document LANGUAGE sql STABLE AS $$
SELECT d.product_id, d.lang, d.slug, d.name, d.image, d.price, d.currency, d.document
FROM documents_made(ARRAY(SELECT p.id FROM product p WHERE p.id = ANY (ids) AND p.status = 'active')) AS d
$$;

-- A product with everything that can be changed of it; words by their language.
CREATE FUNCTION product_source(the_product uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
SELECT jsonb_build_object('id', p.id, 'version', p.version, 'status', p.status, 'brand', p.brand,
	'texts', (SELECT coalesce(jsonb_object_agg(t.lang, to_jsonb(t) - '{product_id,lang}'::text[]), '{}')
		FROM product_text t WHERE t.product_id = p.id),
	'categories', (SELECT coalesce(jsonb_agg(c.category_id ORDER BY c.category_id), '[]') FROM product_category c
		WHERE c.product_id = p.id),
	'attributes', (SELECT coalesce(jsonb_agg(t.facet || '=' || t.code ORDER BY t.facet, t.code), '[]')
		FROM product_attribute a JOIN tag t ON t.id = a.tag_id WHERE a.product_id = p.id),
	'options', (SELECT coalesce(jsonb_agg(o.words ORDER BY o.position), '[]')
		FROM (SELECT x.position, jsonb_object_agg(x.lang, x.name) AS words FROM product_option x
			WHERE x.product_id = p.id GROUP BY x.position) AS o),
	'variants', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', v.id, 'sku', v.sku, 'barcode', v.barcode,
			'is_active', v.is_active, 'tax_class', v.tax_class, 'weight_g', v.weight_g,
			'content', v.content, 'content_unit', v.content_unit,
			'price', money(a.amount, a.currency), 'compare_at_price', money(a.compare_at, a.currency),
			'options', (SELECT coalesce(jsonb_agg(o.words ORDER BY o.position), '[]')
				FROM (SELECT x.position, jsonb_object_agg(x.lang, x.value) AS words FROM variant_option x
				WHERE x.variant_id = v.id GROUP BY x.position) AS o))
			ORDER BY v.position, v.id), '[]')
		FROM variant v JOIN price a ON a.variant_id = v.id AND a.currency = 'EUR' WHERE v.product_id = p.id),
	'images', (SELECT coalesce(jsonb_agg(jsonb_build_object('n', i.position, 'src', i.src, 'alt',
			(SELECT coalesce(jsonb_object_agg(x.lang, x.alt), '{}') FROM image_text x
			WHERE x.product_id = i.product_id AND x.position = i.position)) ORDER BY i.position), '[]')
		FROM image i WHERE i.product_id = p.id),
	'similar', (SELECT coalesce(jsonb_agg(r.related_id ORDER BY r.position, r.related_id), '[]') FROM related r
		WHERE r.product_id = p.id AND r.kind = 'similar'),
	'together', (SELECT coalesce(jsonb_agg(r.related_id ORDER BY r.position, r.related_id), '[]') FROM related r
		WHERE r.product_id = p.id AND r.kind = 'together'))
FROM product p WHERE p.id = the_product
$$;

-- The pictures of a product in the order of this list, with these words; those
-- that it does not name go. [{"n": 2, "texts": [{"lang": "es", "alt": "..."}]}]
-- False, and nothing done, where it names one that is not there, or one twice.
CREATE FUNCTION images_arrange(the_product uuid, wanted jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	old jsonb;
BEGIN
	IF EXISTS (SELECT FROM jsonb_array_elements(wanted) AS w WHERE NOT EXISTS (SELECT FROM image i
			WHERE i.product_id = the_product AND i.position = (w->>'n')::integer))
		OR (SELECT count(*) <> count(DISTINCT w->>'n') FROM jsonb_array_elements(wanted) AS w) THEN
		RETURN false;
	END IF;
	SELECT coalesce(jsonb_agg(to_jsonb(i)), '[]') INTO old FROM image i WHERE i.product_id = the_product;
	DELETE FROM image_text WHERE product_id = the_product;
	DELETE FROM image WHERE product_id = the_product;
	INSERT INTO image (product_id, position, src, width, height, widths)
	SELECT the_product, w.at, o.src, o.width, o.height, o.widths
	FROM jsonb_array_elements(wanted) WITH ORDINALITY AS w(image, at)
	JOIN jsonb_populate_recordset(NULL::image, old) AS o ON o.position = (w.image->>'n')::integer;
	INSERT INTO image_text (product_id, position, lang, alt)
	SELECT the_product, w.at, t.lang, t.alt FROM jsonb_array_elements(wanted) WITH ORDINALITY AS w(image, at),
		jsonb_to_recordset(w.image->'texts') AS t(lang text, alt text);
	RETURN true;
END
$$;

-- The product of an id, a slug of any language, or an SKU; NULL: there is none.
CREATE FUNCTION product_named(text) RETURNS uuid LANGUAGE sql STABLE AS $$
SELECT coalesce(CASE WHEN $1 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN (SELECT id FROM product
		WHERE id = $1::uuid) END,
	(SELECT product_id FROM product_text WHERE lang IN ('es', 'en') AND slug = $1 ORDER BY lang DESC LIMIT 1),
	(SELECT product_id FROM variant WHERE sku = $1))
$$;

-- All categories in the order of the tree, with the names of those above each.
CREATE FUNCTION category_tree(the_lang text) RETURNS TABLE (id uuid, parent_id uuid, name text, path text,
	depth integer, has_rule boolean, n integer) LANGUAGE sql STABLE AS $$
WITH RECURSIVE named AS MATERIALIZED (
	SELECT c.id, c.parent_id, c.rule, c.tags, t.name, lpad(c.position::text, 9, '0') || t.name AS place
	FROM category c CROSS JOIN LATERAL (SELECT x.name FROM category_text x WHERE x.category_id = c.id
		ORDER BY x.lang = the_lang DESC, x.lang = 'es' DESC LIMIT 1) AS t
), tree AS (
	SELECT x.id, x.parent_id, x.rule, x.tags, x.name, x.name AS path, 0 AS depth, ARRAY[x.place] AS places
	FROM named x WHERE x.parent_id IS NULL
	UNION ALL SELECT x.id, x.parent_id, x.rule, x.tags, x.name, t.path || ' › ' || x.name, t.depth + 1, t.places || x.place
	FROM named x JOIN tree t ON x.parent_id = t.id
)
SELECT t.id, t.parent_id, t.name, t.path, t.depth, t.rule IS NOT NULL, coalesce(k.n, 0)
FROM tree t LEFT JOIN tag_count k ON k.within = 0 AND k.tag_id = t.tags[cardinality(t.tags)]
ORDER BY t.places LIMIT 500
$$;
