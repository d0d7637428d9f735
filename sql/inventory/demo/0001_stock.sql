-- Stock of the demo's products 001..024, variants 01..03: between 3 and 60.
INSERT INTO level (variant_id, location_id, on_hand, threshold)
SELECT ('0190a000-0000-7000-8000-0000000' || lpad(p::text, 3, '0')
		|| lpad(v::text, 2, '0'))::uuid,
	'0190a000-0000-7000-8002-000000000001',
	3 + (p * 7 + v * 13) % 58, 5
FROM generate_series(1, 24) AS p, generate_series(1, 3) AS v;

INSERT INTO movement (id, variant_id, location_id, delta, reason, note, actor)
SELECT gen_random_uuid(), variant_id, location_id, on_hand, 'count',
	'demo', 'job:demo'
FROM level;
