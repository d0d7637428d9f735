-- Who edits the catalogue also fills it from files and teaches the search words.
UPDATE role SET permissions = permissions || ' catalog.synonym.read catalog.synonym.write'
	' catalog.product.import catalog.product.export'
WHERE name IN ('manager', 'catalog-editor') AND permissions NOT LIKE '%catalog.synonym.%'
	AND permissions NOT LIKE '%catalog.product.import%';
