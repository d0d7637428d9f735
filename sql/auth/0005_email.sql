-- Another address, confirmed at both: a link goes to each, and says for which.

ALTER TABLE link
	ADD COLUMN email text,		-- the new address; of others NULL
	DROP CONSTRAINT link_purpose,
	ADD CONSTRAINT link_purpose CHECK (purpose IN ('verify', 'reset', 'email-old',
		'email-new')),
	ADD CONSTRAINT link_email CHECK ((email IS NOT NULL) = (purpose LIKE 'email-%'));
CREATE INDEX link_account ON link (account_id, purpose);
