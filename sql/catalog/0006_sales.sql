-- Sales that begin and end by the calendar, and words that are nearer.

-- Which products ask another price now than what was told last.
CREATE FUNCTION products_with_other_price(most integer) RETURNS TABLE (id uuid) LANGUAGE sql STABLE AS $$
SELECT DISTINCT v.product_id FROM (SELECT variant_id, currency FROM sale
		WHERE starts_at BETWEEN now() - interval '7 days' AND now()
	UNION SELECT variant_id, currency FROM sale WHERE ends_at BETWEEN now() - interval '7 days' AND now()) AS s
JOIN variant v ON v.id = s.variant_id AND v.is_active
JOIN price_now n ON n.variant_id = s.variant_id AND n.currency = s.currency
WHERE n.amount IS DISTINCT FROM (SELECT h.amount FROM price_history h WHERE h.variant_id = s.variant_id
	AND h.currency = s.currency ORDER BY h.at DESC LIMIT 1)
LIMIT most
$$;

-- Two letters that changed places leave few trigrams: "tetrea".
SELECT show_limit();
ALTER FUNCTION corrected(text, text[]) SET pg_trgm.similarity_threshold = 0.2;
