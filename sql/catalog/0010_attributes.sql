-- Attributes that staff change. A value that is named without words goes; one
-- that is not named stays.

CREATE FUNCTION attribute_put(the_code text, names jsonb, the_filter boolean, the_position integer, wanted jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO attribute (code, is_filter, position) VALUES (the_code, the_filter, the_position)
	ON CONFLICT ON CONSTRAINT attribute_pkey DO UPDATE SET is_filter = the_filter, position = the_position;
	DELETE FROM attribute_text t WHERE t.code = the_code;
	INSERT INTO attribute_text (code, lang, name) SELECT the_code, e.lang, e.name
	FROM jsonb_to_recordset(names) AS e(lang text, name text);
	DELETE FROM tag t USING jsonb_array_elements(wanted) AS w
	WHERE t.facet = the_code AND t.code = w->>'code' AND w->'names' = '[]';
	INSERT INTO tag (facet, code, position) SELECT the_code, w.value->>'code', w.n
	FROM jsonb_array_elements(wanted) WITH ORDINALITY AS w(value, n) WHERE w.value->'names' <> '[]'
	ON CONFLICT ON CONSTRAINT tag_code_key DO UPDATE SET position = excluded.position;
	DELETE FROM tag_text x USING tag t, jsonb_array_elements(wanted) AS w
	WHERE t.id = x.tag_id AND t.facet = the_code AND t.code = w->>'code';
	INSERT INTO tag_text (tag_id, lang, name) SELECT t.id, e.lang, e.name FROM jsonb_array_elements(wanted) AS w
	JOIN tag t ON t.facet = the_code AND t.code = w->>'code',
		jsonb_to_recordset(w->'names') AS e(lang text, name text);
	PERFORM products_follow(ARRAY(SELECT l.product_id FROM listing l WHERE l.lang = 'es'
		AND l.tags && ARRAY(SELECT t.id FROM tag t WHERE t.facet = the_code)));
END
$$;

-- Attributes with their words and values by language.
CREATE FUNCTION attribute_source(the_code text) RETURNS jsonb LANGUAGE sql STABLE AS $$
SELECT jsonb_build_object('code', a.code, 'selects', a.selects, 'is_filter', a.is_filter, 'position', a.position,
	'names', (SELECT coalesce(jsonb_object_agg(t.lang, t.name), '{}') FROM attribute_text t WHERE t.code = a.code),
	'values', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', v.code, 'names', (SELECT coalesce(
			jsonb_object_agg(x.lang, x.name), '{}') FROM tag_text x WHERE x.tag_id = v.id)) ORDER BY v.position, v.code), '[]')
		FROM (SELECT g.id, g.code, g.position FROM tag g WHERE g.facet = a.code ORDER BY g.position, g.code LIMIT 500) AS v))
FROM attribute a WHERE a.code = the_code
$$;
