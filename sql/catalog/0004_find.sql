-- Finding: a narrow row per product and language, written with the document, and
-- what is counted and looked up beside it.

CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TEXT SEARCH CONFIGURATION search_es (COPY = spanish);
ALTER TEXT SEARCH CONFIGURATION search_es
	ALTER MAPPING FOR hword, hword_part, word WITH unaccent, spanish_stem;
CREATE TEXT SEARCH CONFIGURATION search_en (COPY = english);
ALTER TEXT SEARCH CONFIGURATION search_en
	ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem;
CREATE FUNCTION search_config(lang text) RETURNS regconfig LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE $1 WHEN 'es' THEN 'search_es'::regconfig ELSE 'search_en'::regconfig END $$;

-- Words as lib/web/text makes them of what is searched for: "tazon azul".
CREATE FUNCTION plain(text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT btrim(regexp_replace(lower(unaccent($1)), '[^a-z0-9]+', ' ', 'g')) $$;

-- One partition a language: a list reads one of them, and its indexes are dense.
CREATE TABLE listing (
	lang text NOT NULL,
	product_id uuid NOT NULL,
	slug text NOT NULL,
	name text NOT NULL,
	image text NOT NULL,
	price bigint NOT NULL,		-- the least of its variants
	compare_at bigint,		-- and what that was before
	currency text NOT NULL,
	is_in_stock boolean NOT NULL,
	tags integer[] NOT NULL,
	name_words tsvector NOT NULL,	-- name, brand, SKUs: stems and plain words
	words tsvector NOT NULL,	-- and all else
	CONSTRAINT listing_pkey PRIMARY KEY (lang, product_id)
) PARTITION BY LIST (lang);
CREATE TABLE listing_es PARTITION OF listing FOR VALUES IN ('es') WITH (fillfactor = 90);
CREATE TABLE listing_en PARTITION OF listing FOR VALUES IN ('en') WITH (fillfactor = 90);
CREATE INDEX listing_product ON listing (product_id);
CREATE INDEX listing_price ON listing (price, product_id);
CREATE INDEX listing_name ON listing (name, product_id);
CREATE INDEX listing_tags ON listing USING gin (tags) WITH (gin_pending_list_limit = 256);
CREATE INDEX listing_name_words ON listing USING gin (name_words) WITH (gin_pending_list_limit = 256);
CREATE INDEX listing_words ON listing USING gin (words) WITH (gin_pending_list_limit = 256);

-- How many products of a category (0: of the shop) have a tag (0: all of them),
-- counted as listings come and go.
CREATE TABLE tag_count (
	within integer NOT NULL,
	tag_id integer NOT NULL,
	n integer NOT NULL,
	CONSTRAINT tag_count_pkey PRIMARY KEY (within, tag_id)
);
CREATE FUNCTION count_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO tag_count (within, tag_id, n)
	SELECT w.id, t.id, sum(CASE tg_op WHEN 'DELETE' THEN -1 ELSE 1 END)
	FROM changed c CROSS JOIN LATERAL (SELECT 0 AS id UNION ALL SELECT x.id FROM tag x
		WHERE x.id = ANY (c.tags) AND x.facet = 'category') AS w
	CROSS JOIN LATERAL (SELECT 0 AS id UNION ALL SELECT unnest(c.tags)) AS t
	WHERE c.lang = 'es' GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT ON CONSTRAINT tag_count_pkey DO UPDATE SET n = tag_count.n + excluded.n;
	RETURN NULL;
END
$$;
CREATE TRIGGER listing_come AFTER INSERT ON listing REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION count_tags();
CREATE TRIGGER listing_go AFTER DELETE ON listing REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION count_tags();

-- Words of names, for what was mistyped and what is being typed.
CREATE TABLE word (
	lang text NOT NULL,
	word text NOT NULL,
	CONSTRAINT word_pkey PRIMARY KEY (lang, word)
);
CREATE INDEX word_alike ON word USING gin (word gin_trgm_ops) WITH (gin_pending_list_limit = 256);

-- Words that the merchant says mean the same: any of them finds all of them.
CREATE TABLE synonym (
	id uuid NOT NULL,
	lang text NOT NULL,
	words text[] NOT NULL,
	stems text[] NOT NULL,		-- of those that are one word
	CONSTRAINT synonym_pkey PRIMARY KEY (id),
	CONSTRAINT synonym_words CHECK (cardinality(words) BETWEEN 2 AND 20)
);
CREATE INDEX synonym_stems ON synonym USING gin (stems);
CREATE FUNCTION synonym_stems(the_lang text, the_words text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
SELECT coalesce(array_agg(DISTINCT s), '{}') FROM unnest(the_words) AS w
CROSS JOIN LATERAL unnest(tsvector_to_array(to_tsvector(search_config(the_lang), w))) AS s
WHERE strpos(plain(w), ' ') = 0
$$;

-- The query of plain words: all of them, or any. The last is a beginning too.
-- NULL when nothing is left to look for.
CREATE FUNCTION search_query(the_lang text, the_words text[], is_any boolean) RETURNS tsquery
LANGUAGE plpgsql STABLE AS $$
DECLARE
	config regconfig := search_config(the_lang);
	all_of_it tsquery;
	part tsquery;
	lexemes text[];
	n integer := cardinality(the_words);
BEGIN
	FOR i IN 1 .. n LOOP
		lexemes := tsvector_to_array(to_tsvector(config, the_words[i]));
		CONTINUE WHEN lexemes = '{}' AND n > 1;	-- "de", "the"
		part := (the_words[i] || CASE WHEN i = n THEN ':*' ELSE '' END)::tsquery;
		IF lexemes <> '{}' THEN
			part := lexemes[1]::tsquery || part;
			SELECT coalesce(part || string_agg('(' || q.text || ')', '|')::tsquery, part)
			INTO part FROM synonym s CROSS JOIN LATERAL unnest(s.words) AS w
			CROSS JOIN LATERAL (SELECT phraseto_tsquery(config, w)::text AS text) AS q
			WHERE s.lang = the_lang AND s.stems @> lexemes[1:1] AND q.text <> '';
		END IF;
		all_of_it := CASE WHEN all_of_it IS NULL THEN part
			WHEN is_any THEN all_of_it || part ELSE all_of_it && part END;
	END LOOP;
	RETURN all_of_it;
END
$$;

-- Each word that no name has becomes the nearest one that some name has.
CREATE FUNCTION corrected(the_lang text, the_words text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
SELECT array_agg(coalesce(k.word, n.word, w.word) ORDER BY w.i)
FROM unnest(the_words) WITH ORDINALITY AS w(word, i)
LEFT JOIN LATERAL (SELECT x.word FROM word x WHERE x.lang = the_lang AND x.word = w.word) AS k ON true
LEFT JOIN LATERAL (SELECT x.word FROM word x WHERE x.lang = the_lang AND x.word % w.word
	AND length(w.word) > 2 ORDER BY x.word <-> w.word, x.word LIMIT 1) AS n ON k.word IS NULL
$$;

-- Categories have tags; each knows its own and those of the categories above it.
CREATE FUNCTION category_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO tag (facet, code) SELECT 'category', c.id::text FROM category c
	WHERE NOT EXISTS (SELECT FROM tag t WHERE t.facet = 'category' AND t.code = c.id::text);
	UPDATE category c SET tags = p.tags FROM (
		WITH RECURSIVE path AS (
			SELECT x.id, ARRAY[t.id] AS tags FROM category x
			JOIN tag t ON t.facet = 'category' AND t.code = x.id::text WHERE x.parent_id IS NULL
			UNION ALL SELECT x.id, path.tags || t.id FROM category x JOIN path ON x.parent_id = path.id
			JOIN tag t ON t.facet = 'category' AND t.code = x.id::text)
		SELECT id, tags FROM path) AS p
	WHERE p.id = c.id AND c.tags <> p.tags;
	RETURN NULL;
END
$$;
CREATE TRIGGER category_tree AFTER INSERT OR UPDATE OF parent_id ON category
	FOR EACH STATEMENT EXECUTE FUNCTION category_tags();
UPDATE category SET parent_id = parent_id;

-- The attributes and tags that the options and brands of these products need.
CREATE FUNCTION make_tags(ids uuid[]) RETURNS void LANGUAGE sql AS $$
WITH option AS (
	SELECT DISTINCT ON (product_id, position) product_id, position, name FROM product_option
	WHERE product_id = ANY (ids) ORDER BY product_id, position, lang = 'es' DESC
), value AS (
	SELECT DISTINCT ON (v.id, o.position) v.id, v.product_id, o.position, o.value
	FROM variant v JOIN variant_option o ON o.variant_id = v.id
	WHERE v.product_id = ANY (ids) AND v.is_active ORDER BY v.id, o.position, o.lang = 'es' DESC
), found AS MATERIALIZED (
	SELECT 'brand' AS facet, replace(plain(p.brand), ' ', '-') AS code, l.lang,
		NULL AS facet_name, min(p.brand) AS name
	FROM product p CROSS JOIN (VALUES ('es'), ('en')) AS l(lang)
	WHERE p.id = ANY (ids) AND plain(p.brand) <> '' GROUP BY 1, 2, 3
	UNION ALL
	SELECT replace(plain(o.name), ' ', '-'), replace(plain(v.value), ' ', '-'), l.lang,
		min(coalesce(ol.name, o.name)), min(coalesce(vl.value, v.value))
	FROM option o JOIN value v USING (product_id, position)
	CROSS JOIN (VALUES ('es'), ('en')) AS l(lang)
	LEFT JOIN product_option ol ON ol.product_id = o.product_id AND ol.position = o.position
		AND ol.lang = l.lang
	LEFT JOIN variant_option vl ON vl.variant_id = v.id AND vl.position = o.position AND vl.lang = l.lang
	WHERE plain(o.name) NOT IN ('', 'brand', 'category') AND plain(v.value) <> '' GROUP BY 1, 2, 3
), new_attribute AS (
	INSERT INTO attribute (code, selects) SELECT DISTINCT facet, true FROM found f
	WHERE facet <> 'brand' AND NOT EXISTS (SELECT FROM attribute a WHERE a.code = f.facet) ORDER BY 1
	ON CONFLICT ON CONSTRAINT attribute_pkey DO NOTHING
), new_attribute_text AS (
	INSERT INTO attribute_text (code, lang, name) SELECT facet, lang, min(facet_name) FROM found f
	WHERE facet <> 'brand' AND NOT EXISTS (SELECT FROM attribute_text a
		WHERE a.code = f.facet AND a.lang = f.lang) GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT ON CONSTRAINT attribute_text_pkey DO NOTHING
), new_tag AS (
	INSERT INTO tag (facet, code) SELECT DISTINCT facet, code FROM found f
	WHERE NOT EXISTS (SELECT FROM tag t WHERE t.facet = f.facet AND t.code = f.code) ORDER BY 1, 2
	ON CONFLICT ON CONSTRAINT tag_code_key DO NOTHING RETURNING id, facet, code
)
INSERT INTO tag_text (tag_id, lang, name) SELECT t.id, f.lang, f.name FROM found f
JOIN (SELECT id, facet, code FROM tag UNION ALL SELECT id, facet, code FROM new_tag) AS t USING (facet, code)
WHERE NOT EXISTS (SELECT FROM tag_text x WHERE x.tag_id = t.id AND x.lang = f.lang) ORDER BY 1, 2
ON CONFLICT ON CONSTRAINT tag_text_pkey DO NOTHING
$$;

-- Does a product fit a collection's rule?
CREATE FUNCTION rule_fits(rule jsonb, tags integer[], price bigint, is_reduced boolean, made timestamptz)
RETURNS boolean LANGUAGE sql STABLE AS $$
SELECT (rule->'max_price' IS NULL OR price <= (rule->>'max_price')::bigint)
	AND (rule->'is_reduced' IS NULL OR is_reduced = (rule->>'is_reduced')::boolean)
	AND (rule->'days' IS NULL OR made > now() - make_interval(days => (rule->>'days')::integer))
	AND (rule->'tags' IS NULL OR NOT EXISTS (SELECT FROM jsonb_array_elements(rule->'tags') AS g
		WHERE NOT tags && ARRAY(SELECT e::integer FROM jsonb_array_elements_text(g) AS e)))
$$;

-- The tags of products: their categories and those above them, their brand, the
-- values of their attributes and of their active variants' options.
CREATE FUNCTION tags_of(ids uuid[]) RETURNS TABLE (product_id uuid, tags integer[]) LANGUAGE sql STABLE AS $$
WITH option AS (
	SELECT DISTINCT ON (product_id, position) product_id, position, name FROM product_option
	WHERE product_id = ANY (ids) ORDER BY product_id, position, lang = 'es' DESC
), value AS (
	SELECT DISTINCT ON (v.id, o.position) v.product_id, o.position, o.value
	FROM variant v JOIN variant_option o ON o.variant_id = v.id
	WHERE v.product_id = ANY (ids) AND v.is_active ORDER BY v.id, o.position, o.lang = 'es' DESC
)
SELECT p.id, array_agg(DISTINCT x.tag) FILTER (WHERE x.tag IS NOT NULL)
FROM product p LEFT JOIN (
	SELECT pc.product_id, unnest(c.tags) AS tag FROM product_category pc
	JOIN category c ON c.id = pc.category_id AND c.rule IS NULL WHERE pc.product_id = ANY (ids)
	UNION ALL SELECT b.id, t.id FROM product b
	JOIN tag t ON t.facet = 'brand' AND t.code = replace(plain(b.brand), ' ', '-') WHERE b.id = ANY (ids)
	UNION ALL SELECT a.product_id, a.tag_id FROM product_attribute a WHERE a.product_id = ANY (ids)
	UNION ALL SELECT v.product_id, t.id
	FROM (SELECT DISTINCT product_id, position, value FROM value) AS v JOIN option o USING (product_id, position)
	JOIN tag t ON t.facet = replace(plain(o.name), ' ', '-') AND t.code = replace(plain(v.value), ' ', '-')
) AS x ON x.product_id = p.id
WHERE p.id = ANY (ids) GROUP BY p.id
$$;

-- Can any variant be bought? What inventory never spoke of counts as there.
CREATE FUNCTION availability_of(ids uuid[]) RETURNS TABLE (product_id uuid, is_available boolean)
LANGUAGE sql STABLE AS $$
SELECT v.product_id, bool_or(coalesce(s.available, 1) > 0)
FROM variant v LEFT JOIN LATERAL (SELECT sum(x.available) AS available FROM stock x
	WHERE x.variant_id = v.id) AS s ON true
WHERE v.product_id = ANY (ids) AND v.is_active GROUP BY v.product_id
$$;

-- What is shown in place of an image's src: its files by width.
CREATE FUNCTION srcset(src text, widths integer[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT coalesce(string_agg(regexp_replace(src, '[0-9]+\.webp$', w || '.webp') || ' ' || w || 'w', ', '
	ORDER BY w), '') FROM unnest(widths) AS w
$$;

CREATE FUNCTION money(amount bigint, currency text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN $1 IS NOT NULL THEN jsonb_build_object('amount', $1, 'currency', $2) END $$;

ALTER TABLE product_document DROP COLUMN search;
DROP INDEX product_document_price, product_document_name;

-- The documents of some products as they must be now.
CREATE FUNCTION documents_of(ids uuid[]) RETURNS SETOF product_document LANGUAGE sql STABLE AS $$
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
		'id', v.id, 'sku', v.sku,
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
WHERE p.id = ANY (ids) AND p.status = 'active' AND variants.list IS NOT NULL
$$;

-- Writes all that is stored of these products anew, in their own transaction.
CREATE FUNCTION products_refresh(ids uuid[]) RETURNS void LANGUAGE plpgsql SET jit = off AS $$
BEGIN
	PERFORM FROM product WHERE id = ANY (ids) ORDER BY id FOR UPDATE;
	PERFORM make_tags(ids);
	INSERT INTO price_history (variant_id, currency, amount)
	SELECT v.id, n.currency, n.amount FROM variant v JOIN price_now n ON n.variant_id = v.id
	WHERE v.product_id = ANY (ids) AND n.amount IS DISTINCT FROM (SELECT h.amount FROM price_history h
		WHERE h.variant_id = v.id AND h.currency = n.currency ORDER BY h.at DESC LIMIT 1);
	DELETE FROM product_document WHERE product_id = ANY (ids);
	INSERT INTO product_document (product_id, lang, slug, name, image, price, currency, document)
	SELECT product_id, lang, slug, name, image, price, currency, document FROM documents_of(ids);
	DELETE FROM listing WHERE product_id = ANY (ids);
	INSERT INTO listing (lang, product_id, slug, name, image, price, compare_at, currency, is_in_stock,
		tags, name_words, words)
	WITH given AS MATERIALIZED (
		SELECT t.product_id, coalesce(t.tags, '{}') AS tags, a.is_available, plain(p.brand) AS brand, p.created_at
		FROM tags_of(ids) AS t JOIN availability_of(ids) AS a USING (product_id) JOIN product p ON p.id = t.product_id
	), cheapest AS MATERIALIZED (
		SELECT DISTINCT ON (v.product_id) v.product_id, a.compare_at FROM variant v
		JOIN price_now a ON a.variant_id = v.id AND a.currency = 'EUR'
		WHERE v.product_id = ANY (ids) AND v.is_active ORDER BY v.product_id, a.amount, v.position
	), sku AS MATERIALIZED (
		SELECT v.product_id, to_tsvector('simple', string_agg(plain(v.sku), ' ')) AS words FROM variant v
		WHERE v.product_id = ANY (ids) AND v.is_active GROUP BY v.product_id
	), tag_word AS MATERIALIZED (
		SELECT g.product_id, n.lang, string_agg(n.name, ' ') AS words
		FROM given g CROSS JOIN LATERAL unnest(g.tags) AS x(tag)
		JOIN (SELECT tag_id, lang, name FROM tag_text UNION ALL
			SELECT k.tags[cardinality(k.tags)], ct.lang, ct.name FROM category k
			JOIN category_text ct ON ct.category_id = k.id) AS n ON n.tag_id = x.tag
		GROUP BY g.product_id, n.lang
	), named AS MATERIALIZED (
		SELECT d.lang, d.product_id, setweight(to_tsvector(search_config(d.lang), d.name)
			|| to_tsvector('simple', plain(d.name)), 'A') || setweight(to_tsvector('simple', g.brand), 'B')
			|| setweight(s.words, 'C') AS words
		FROM product_document d JOIN given g USING (product_id) JOIN sku s USING (product_id)
	)
	SELECT d.lang, d.product_id, d.slug, d.name, d.image, d.price, c.compare_at, d.currency, g.is_available,
		CASE WHEN r.tags IS NULL THEN g.tags ELSE g.tags || r.tags END, n.words,
		strip(n.words || to_tsvector(search_config(d.lang), concat_ws(' ', d.document->>'description', t.words)))
	FROM product_document d JOIN given g USING (product_id) JOIN cheapest c USING (product_id)
	JOIN named n USING (product_id, lang) LEFT JOIN tag_word t USING (product_id, lang)
	LEFT JOIN LATERAL (SELECT array_agg(DISTINCT x.tag) AS tags
		FROM category k CROSS JOIN LATERAL unnest(k.tags) AS x(tag) WHERE k.rule IS NOT NULL
		AND rule_fits(k.rule, g.tags, d.price, c.compare_at IS NOT NULL, g.created_at)
		AND x.tag <> ALL (g.tags)) AS r ON true
	WHERE d.product_id = ANY (ids);
	INSERT INTO word (lang, word) SELECT DISTINCT x.lang, x.word
	FROM (SELECT l.lang, regexp_split_to_table(plain(l.name), ' ') AS word FROM listing l
		WHERE l.product_id = ANY (ids)
		UNION SELECT t.lang, regexp_split_to_table(plain(t.name), ' ') FROM tag_text t
		WHERE t.tag_id IN (SELECT unnest(l.tags) FROM listing l WHERE l.product_id = ANY (ids))) AS x
	WHERE x.word ~ '[a-z]{2}' AND NOT EXISTS (SELECT FROM word k WHERE k.lang = x.lang AND k.word = x.word)
	ORDER BY 1, 2 ON CONFLICT ON CONSTRAINT word_pkey DO NOTHING;
END
$$;

CREATE OR REPLACE FUNCTION product_document_refresh(the_product uuid) RETURNS void LANGUAGE sql AS
$$ SELECT products_refresh(ARRAY[the_product]) $$;

-- Stock has changed: lists say so, and nothing else is written.
CREATE FUNCTION stock_refresh(variants uuid[]) RETURNS void LANGUAGE sql AS $$
UPDATE listing l SET is_in_stock = a.is_available
FROM availability_of(ARRAY(SELECT DISTINCT product_id FROM variant WHERE id = ANY (variants))) AS a
WHERE l.product_id = a.product_id AND l.is_in_stock <> a.is_available
$$;

SELECT products_refresh(array_agg(id)) FROM product;
