-- A product's documents are found by the product: refreshing one read, by the
-- key that began with the language, the whole index.
ALTER TABLE product_document DROP CONSTRAINT product_document_pkey,
	ADD CONSTRAINT product_document_pkey PRIMARY KEY (product_id, lang);
