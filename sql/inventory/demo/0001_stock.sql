-- Stock of the demo's products 001..088, one variant each but those below:
-- between 3 and 60, a few sold out, a few nearly.
INSERT INTO level (variant_id, location_id, on_hand, threshold)
SELECT ('0190a000-0000-7000-8000-' || lpad(p::text, 10, '0') || lpad(v::text, 2, '0'))::uuid,
	'0190a000-0000-7000-8002-000000000001',
	coalesce(few.on_hand, 3 + (p * 7 + v * 13) % 58), 5
FROM generate_series(1, 88) AS p
LEFT JOIN (VALUES
	(1, 3), (2, 2), (3, 3), (5, 2), (6, 2), (7, 2), (8, 2), (10, 3), (11, 3),
	(12, 2), (13, 3), (14, 2), (15, 2), (16, 3), (17, 3), (18, 2), (20, 2),
	(21, 2), (22, 2), (44, 3), (46, 3), (49, 2), (51, 2), (52, 2), (56, 8),
	(57, 3), (58, 6), (59, 5), (60, 11), (61, 3), (62, 7), (63, 3), (64, 3),
	(68, 2), (71, 10), (78, 2), (83, 3)
) AS many(p, variants) USING (p)
CROSS JOIN generate_series(1, coalesce(variants, 1)) AS v
LEFT JOIN (VALUES (34, 1, 0), (56, 2, 0), (59, 3, 0), (60, 5, 0), (60, 8, 2), (71, 4, 0),
	(71, 7, 1), (47, 1, 2), (67, 1, 3), (82, 1, 4)) AS few(p, v, on_hand) USING (p, v);

INSERT INTO movement (id, variant_id, location_id, delta, reason, note, actor)
SELECT gen_random_uuid(), variant_id, location_id, on_hand, 'count',
	'demo', 'job:demo'
FROM level;
