-- Shop settings are rows of lib's table `setting`; system owns them.
INSERT INTO setting (name, value) VALUES
	('shop_name', '"Zoco"'), ('currency', '"EUR"'), ('country', '"ES"'),
	('prices_include_tax', 'true'), ('transfer_iban', '"ES91 2100 0418 4502 0005 1332"'),
	('transfer_holder', '"Zoco"');
