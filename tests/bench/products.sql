-- A made-up catalogue of :n products, for the bench: psql -v n=100000 -f this.
-- Names are put together from lists, so that words are as common as in a shop:
-- a few everywhere, most of them rare. The same n gives the same products.
\set ON_ERROR_STOP on
SET client_min_messages = error;
BEGIN;
CREATE TEMP TABLE kind AS SELECT row_number() OVER () - 1 AS i, k[1] AS es, k[2] AS en
FROM unnest(string_to_array('taza:mug,plato:plate,jarra:jug,cuenco:bowl,tetera:teapot,lámpara:lamp,vela:candle,manta:blanket,cojín:cushion,cortina:curtain,alfombra:rug,toalla:towel,mochila:backpack,bolso:bag,cartera:wallet,paraguas:umbrella,cuaderno:notebook,pluma:pen,lápiz:pencil,libro:book,maceta:pot,regadera:can,tijeras:scissors,silla:chair,mesa:table,estantería:shelf,espejo:mirror,reloj:clock,guitarra:guitar,tambor:drum,camiseta:shirt,camisa:blouse,pantalón:trousers,vestido:dress,abrigo:coat,bufanda:scarf,guantes:gloves,zapato:shoe,bota:boot,sandalia:sandal', ',')) AS x,
	LATERAL string_to_array(x, ':') AS k;
CREATE TEMP TABLE quality AS SELECT row_number() OVER () - 1 AS i, k[1] AS es, k[2] AS en
FROM unnest(string_to_array('de barro:clay,de lino:linen,de lana:wool,de olivo:olive,de latón:brass,de vidrio:glass,de corcho:cork,de algodón:cotton,de cuero:leather,de papel:paper,de hierro:iron,de seda:silk,de mimbre:wicker,de pino:pine,de piedra:stone,de acero:steel', ',')) AS x,
	LATERAL string_to_array(x, ':') AS k;
-- 400 invented names of lines: "Sonabe", "Luriva" ...
CREATE TEMP TABLE line ON COMMIT DROP AS
SELECT i, initcap((ARRAY['so','lu','ma','ne','ti','pa','re','vo','ca','di'])[1 + i % 10]
	|| (ARRAY['na','ri','lo','ve','mu','ta','si','bo'])[1 + i / 10 % 8]
	|| (ARRAY['be','va','ro','lia','no'])[1 + i / 80 % 5]) AS name FROM generate_series(0, 399) AS i;

CREATE FUNCTION pg_temp.id(kind integer, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT ('0191a000-' || lpad(to_hex(n >> 16), 4, '0') || '-7000-800' || kind || '-' || lpad(to_hex(n), 12, '0'))::uuid $$;

-- Ten departments with eight categories each.
INSERT INTO category (id, parent_id, position)
SELECT pg_temp.id(3, i), CASE WHEN i > 10 THEN pg_temp.id(3, 1 + i % 10) END, i FROM generate_series(1, 90) AS i;
INSERT INTO category_text (category_id, lang, slug, name)
SELECT pg_temp.id(3, i), l.lang, l.word || '-' || i, initcap(l.word) || ' ' || i
FROM generate_series(1, 90) AS i, (VALUES ('es', 'seccion'), ('en', 'section')) AS l(lang, word);

CREATE TEMP TABLE made AS
SELECT n, pg_temp.id(1, n) AS id, hashint4(n) & 2147483647 AS a, hashint4(n + 7919) & 2147483647 AS b,
	(400 * (hashint4(n + 104729) & 1048575)::numeric ^ 2 / 1048576 ^ 2)::integer % 400 AS line
FROM generate_series(1, :n) AS n;
INSERT INTO product (id, brand, created_at)
SELECT m.id, 'Casa ' || (SELECT name FROM line WHERE i = m.b % 60), now() - interval '1 day' * (m.a % 700) FROM made m;
INSERT INTO product_text (product_id, lang, slug, name, description)
SELECT m.id, 'es', 'p' || n, initcap(k.es) || ' ' || q.es || ' ' || l.name,
	'Una pieza ' || q.es || ' para la casa, hecha a mano y probada durante un año. Combina con ' ||
	(SELECT es FROM kind WHERE i = m.b / 7 % 40) || ' y ' || (SELECT es FROM kind WHERE i = m.b / 280 % 40) || '.'
FROM made m JOIN kind k ON k.i = m.a % 40 JOIN quality q ON q.i = m.a / 40 % 16 JOIN line l ON l.i = m.line
UNION ALL
SELECT m.id, 'en', 'p' || n || '-en', initcap(q.en) || ' ' || k.en || ' ' || l.name,
	'A piece of ' || q.en || ' for the house, made by hand and tried for a year. Goes with a ' ||
	(SELECT en FROM kind WHERE i = m.b / 7 % 40) || ' and a ' || (SELECT en FROM kind WHERE i = m.b / 280 % 40) || '.'
FROM made m JOIN kind k ON k.i = m.a % 40 JOIN quality q ON q.i = m.a / 40 % 16 JOIN line l ON l.i = m.line;
INSERT INTO product_category (product_id, category_id)
SELECT id, pg_temp.id(3, 11 + (80 * (b % 1000)::numeric ^ 2 / 1000000)::integer % 80) FROM made;
INSERT INTO product_option (product_id, position, lang, name)
SELECT id, 1, l.lang, l.name FROM made, (VALUES ('es', 'Color'), ('en', 'Colour')) AS l(lang, name);
INSERT INTO variant (id, product_id, sku, position, weight_g)
SELECT pg_temp.id(0, n * 4 + v), id, 'B' || n || '-' || v, v, 100 + a % 900 FROM made, generate_series(1, 2) AS v;
INSERT INTO variant_option (variant_id, position, lang, value)
SELECT pg_temp.id(0, n * 4 + v), 1, l.lang,
	(CASE l.lang WHEN 'es' THEN ARRAY['Rojo','Azul','Verde','Crema','Gris','Negro','Blanco','Ocre']
	ELSE ARRAY['Red','Blue','Green','Cream','Grey','Black','White','Ochre'] END)[1 + (a / 640 + v * 3) % 8]
FROM made, generate_series(1, 2) AS v, (VALUES ('es'), ('en')) AS l(lang);
INSERT INTO price (variant_id, currency, amount)
SELECT pg_temp.id(0, n * 4 + v), 'EUR', 300 + b % 200 * 50 + v * 100 FROM made, generate_series(1, 2) AS v;
INSERT INTO image (product_id, position, src)
SELECT id, 1, '/static/img/favicon.svg' FROM made;
INSERT INTO attribute (code, position) VALUES ('material', 1) ON CONFLICT DO NOTHING;
INSERT INTO attribute_text (code, lang, name) VALUES ('material', 'es', 'Material'), ('material', 'en', 'Material')
ON CONFLICT DO NOTHING;
INSERT INTO tag (facet, code) SELECT 'material', en FROM quality ON CONFLICT DO NOTHING;
INSERT INTO tag_text (tag_id, lang, name) SELECT t.id, l.lang,
	CASE l.lang WHEN 'es' THEN initcap(replace(q.es, 'de ', '')) ELSE initcap(q.en) END
FROM quality q JOIN tag t ON t.facet = 'material' AND t.code = q.en, (VALUES ('es'), ('en')) AS l(lang)
ON CONFLICT DO NOTHING;
INSERT INTO product_attribute (product_id, tag_id)
SELECT m.id, t.id FROM made m JOIN quality q ON q.i = m.a / 40 % 16 JOIN tag t ON t.facet = 'material' AND t.code = q.en;
INSERT INTO stock (variant_id, location_id, available, number)
SELECT pg_temp.id(0, n * 4 + v), pg_temp.id(2, 1), CASE WHEN a % 9 = 0 THEN 0 ELSE 5 END, 1
FROM made, generate_series(1, 2) AS v;
COMMIT;
VACUUM ANALYZE;
-- A batch a transaction, as imports do: counts are rows that every batch changes.
DO $$
DECLARE
	batch uuid[];
BEGIN
	FOR batch IN SELECT array_agg(id) FROM made GROUP BY n / 200 LOOP
		PERFORM products_refresh(batch);
		COMMIT;
	END LOOP;
END $$;
VACUUM ANALYZE;
