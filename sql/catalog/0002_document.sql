-- The read model tells the version that an ETag is made of; a word that a
-- language lacks comes from Spanish, or from the one language there is; two
-- changes of a product at a time wait for each other.

ALTER TABLE variant ADD CONSTRAINT variant_tax_class
	CHECK (tax_class IN ('standard', 'reduced', 'super_reduced'));

CREATE OR REPLACE FUNCTION product_document_refresh(the_product uuid) RETURNS void LANGUAGE sql AS $$
SELECT id FROM product WHERE id = the_product FOR UPDATE;
DELETE FROM product_document WHERE product_id = the_product;
INSERT INTO product_document (product_id, lang, slug, name, image, price, currency, search, document)
SELECT p.id, l.lang, t.slug, t.name, coalesce(images.first, ''), variants.least, 'EUR',
	to_tsvector('simple', folded(t.name || ' ' || p.brand || ' ' || t.description)),
	jsonb_build_object('id', p.id, 'version', p.version, 'slug', t.slug, 'name', t.name,
		'description', t.description, 'brand', p.brand,
		'categories', coalesce(categories.list, '[]'), 'images', coalesce(images.list, '[]'),
		'options', coalesce(options.list, '[]'), 'variants', variants.list,
		'price', jsonb_build_object('amount', variants.least, 'currency', 'EUR'))
FROM product p CROSS JOIN (VALUES ('es'), ('en')) AS l(lang)
CROSS JOIN LATERAL (SELECT x.slug, x.name, x.description FROM product_text x
	WHERE x.product_id = p.id ORDER BY x.lang = l.lang DESC, x.lang = 'es' DESC LIMIT 1) AS t
CROSS JOIN LATERAL (SELECT min(a.amount) AS least, jsonb_agg(jsonb_build_object('id', v.id, 'sku', v.sku,
		'options', coalesce((SELECT jsonb_agg(o.value ORDER BY o.position)
			FROM (SELECT DISTINCT ON (x.position) x.position, x.value FROM variant_option x
				WHERE x.variant_id = v.id
				ORDER BY x.position, x.lang = l.lang DESC, x.lang = 'es' DESC) AS o), '[]'),
		'price', jsonb_build_object('amount', a.amount, 'currency', a.currency),
		'weight_g', v.weight_g) ORDER BY v.position, v.id) AS list
	FROM variant v JOIN price a ON a.variant_id = v.id AND a.currency = 'EUR'
	WHERE v.product_id = p.id AND v.is_active) AS variants
LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('slug', c.slug, 'name', c.name) ORDER BY c.name) AS list
	FROM product_category pc JOIN category_text c ON c.category_id = pc.category_id AND c.lang = l.lang
	WHERE pc.product_id = p.id) AS categories ON true
LEFT JOIN LATERAL (SELECT (array_agg(i.src ORDER BY i.position))[1] AS first,
		jsonb_agg(jsonb_build_object('src', i.src, 'alt', coalesce(x.alt, t.name)) ORDER BY i.position) AS list
	FROM image i LEFT JOIN image_text x ON x.product_id = i.product_id AND x.position = i.position
		AND x.lang = l.lang WHERE i.product_id = p.id) AS images ON true
LEFT JOIN LATERAL (SELECT jsonb_agg(o.name ORDER BY o.position) AS list
	FROM (SELECT DISTINCT ON (x.position) x.position, x.name FROM product_option x
		WHERE x.product_id = p.id
		ORDER BY x.position, x.lang = l.lang DESC, x.lang = 'es' DESC) AS o) AS options ON true
WHERE p.id = the_product AND p.status = 'active' AND variants.list IS NOT NULL
$$;

SELECT count(product_document_refresh(id)) FROM product;
