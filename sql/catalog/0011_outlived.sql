-- "Of the last N days" ends by itself: what has outlived a collection leaves it
-- with the job that refreshes what is due, without anybody changing anything.

CREATE OR REPLACE FUNCTION due_refresh(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	ids uuid[];
BEGIN
	INSERT INTO product_due (product_id)
	SELECT DISTINCT l.product_id FROM (SELECT id, tags[cardinality(tags)] AS tag, (rule->>'days')::integer AS days
			FROM category WHERE rule->'days' IS NOT NULL) AS k
		JOIN listing l ON l.lang = 'es' AND l.tags @> ARRAY[k.tag]
		JOIN product p ON p.id = l.product_id AND p.created_at <= now() - make_interval(days => k.days)
	-- But not what is in it for another reason: it lies in a category below.
	WHERE NOT EXISTS (SELECT FROM product_category pc JOIN category c ON c.id = pc.category_id
			WHERE pc.product_id = l.product_id AND k.tag = ANY (c.tags))
		AND NOT EXISTS (SELECT FROM category c WHERE c.rule IS NOT NULL AND c.id <> k.id AND k.tag = ANY (c.tags)
			AND rule_fits(c.rule, l.tags, l.price, l.compare_at IS NOT NULL, p.created_at))
	ORDER BY 1 LIMIT most
	ON CONFLICT ON CONSTRAINT product_due_pkey DO NOTHING;
	WITH taken AS (DELETE FROM product_due WHERE product_id IN
		(SELECT product_id FROM product_due ORDER BY product_id LIMIT most FOR UPDATE SKIP LOCKED) RETURNING product_id)
	SELECT array_agg(product_id) INTO ids FROM taken;
	PERFORM products_refresh(ids) WHERE ids IS NOT NULL;
	RETURN coalesce(cardinality(ids), 0);
END
$$;
