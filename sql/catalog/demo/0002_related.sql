-- What Remedios puts beside a thing when somebody takes it to the counter.
INSERT INTO related (product_id, kind, related_id, position)
SELECT ('0190a000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, kind,
	('0190a000-0000-7000-8001-' || lpad(other::text, 12, '0'))::uuid, position
FROM (VALUES
	(1, 'together', '{5,25,29,11}'), (1, 'similar', '{3,39,40,2}'),
	(2, 'together', '{39,30}'), (5, 'together', '{1,30,55}'),
	(6, 'together', '{72,44}'), (10, 'together', '{59,72,29}'),
	(10, 'similar', '{57,12,59,58}'), (13, 'together', '{14,65,69}'),
	(13, 'similar', '{64,15,52,16}'), (17, 'together', '{18,19,74}'),
	(18, 'together', '{75,20,17}'), (20, 'together', '{75,18}'),
	(21, 'together', '{22,23,24}'), (22, 'together', '{21,24,86}'),
	(24, 'together', '{21,22,23}'),
	(35, 'together', '{26,28,31}'), (36, 'together', '{38,4}'),
	(38, 'together', '{4,32}'), (38, 'similar', '{23,37,36,4}'),
	(56, 'together', '{63,71}'), (57, 'similar', '{58,10,56,61}'),
	(64, 'together', '{15,69,66}'), (68, 'together', '{8,13,10}'),
	(71, 'together', '{56,65}'), (76, 'together', '{77,84}'),
	(79, 'together', '{33,40}'), (80, 'together', '{61,70}')
) AS pick(n, kind, others)
CROSS JOIN unnest(others::int[]) WITH ORDINALITY AS o(other, position);
