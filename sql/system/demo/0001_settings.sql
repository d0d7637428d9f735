-- An account for the demo's transfers: an example's number, nobody's.
INSERT INTO setting (name, value) VALUES
	('transfer_iban', '"ES91 2100 0418 4502 0005 1332"'),
	('transfer_holder', '"Zoco Demo"')
	ON CONFLICT ON CONSTRAINT setting_pkey DO UPDATE SET value = excluded.value;
