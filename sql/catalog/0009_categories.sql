-- Categories that staff change: what is stored of their products follows, at once
-- where they are few, else within a minute or so.

-- Products whose stored rows are to be written anew.
CREATE TABLE product_due (
	product_id uuid NOT NULL,
	CONSTRAINT product_due_pkey PRIMARY KEY (product_id)
);

-- Refreshes some of them; how many.
CREATE FUNCTION due_refresh(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	ids uuid[];
BEGIN
	WITH taken AS (DELETE FROM product_due WHERE product_id IN
		(SELECT product_id FROM product_due ORDER BY product_id LIMIT most FOR UPDATE SKIP LOCKED) RETURNING product_id)
	SELECT array_agg(product_id) INTO ids FROM taken;
	PERFORM products_refresh(ids) WHERE ids IS NOT NULL;
	RETURN coalesce(cardinality(ids), 0);
END
$$;

-- The products that are in a category or below it, or that its rule fits.
CREATE FUNCTION category_products(the_category uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
WITH c AS (SELECT tags[cardinality(tags)] AS tag, rule FROM category WHERE id = the_category)
SELECT ARRAY(SELECT l.product_id FROM listing l, c WHERE l.lang = 'es' AND l.tags @> ARRAY[c.tag]
	UNION SELECT pc.product_id FROM c JOIN category k ON c.tag = ANY (k.tags)
		JOIN product_category pc ON pc.category_id = k.id
	UNION SELECT l.product_id FROM listing l JOIN product p ON p.id = l.product_id, c WHERE l.lang = 'es'
		AND c.rule IS NOT NULL AND rule_fits(c.rule, l.tags, l.price, l.compare_at IS NOT NULL, p.created_at))
$$;

CREATE FUNCTION products_follow(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF cardinality(ids) <= 100 THEN
		PERFORM products_refresh(ids);
	ELSE
		INSERT INTO product_due (product_id) SELECT unnest(ids) ORDER BY 1
		ON CONFLICT ON CONSTRAINT product_due_pkey DO NOTHING;
	END IF;
END
$$;

-- A category with all that can be changed of it; its rule as codes.
CREATE FUNCTION category_source(the_category uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
SELECT jsonb_build_object('id', c.id, 'parent_id', c.parent_id, 'position', c.position, 'version', c.version,
	'texts', (SELECT coalesce(jsonb_object_agg(t.lang, to_jsonb(t) - '{category_id,lang}'::text[]), '{}')
		FROM category_text t WHERE t.category_id = c.id),
	'rule', CASE WHEN c.rule IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
		'max_price', money((c.rule->>'max_price')::bigint, 'EUR'), 'is_reduced', c.rule->'is_reduced', 'days', c.rule->'days',
		'tags', (SELECT coalesce(jsonb_agg(t.facet || '=' || t.code ORDER BY t.id), '[]') FROM tag t
			WHERE t.id IN (SELECT e::integer FROM jsonb_array_elements(c.rule->'tags') AS g,
				jsonb_array_elements_text(g) AS e)))) END)
FROM category c WHERE c.id = the_category
$$;

-- The rule as it is stored: of the tags of each facet one must be there.
CREATE FUNCTION rule_of(names jsonb, max_price bigint, is_reduced boolean, days integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
SELECT nullif(jsonb_strip_nulls(jsonb_build_object('max_price', max_price, 'is_reduced', CASE WHEN is_reduced THEN true END,
	'days', days, 'tags', (SELECT jsonb_agg(x.ids) FROM (SELECT jsonb_agg(t.id ORDER BY t.id) AS ids
		FROM jsonb_array_elements_text(names) AS e(name) JOIN tag t ON t.facet = split_part(e.name, '=', 1)
			AND t.code = split_part(e.name, '=', 2) GROUP BY t.facet) AS x))), '{}')
$$;
