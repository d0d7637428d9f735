-- The account that transfers go to is the owner's to name.
UPDATE setting SET value = '""' WHERE name IN ('transfer_iban', 'transfer_holder')
	AND (SELECT value FROM setting WHERE name = 'transfer_iban')
		= '"ES91 2100 0418 4502 0005 1332"';
