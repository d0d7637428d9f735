-- Search by time; and the detail, which the chain covers by its hash, is as
-- little the program's to change as the entry.
CREATE INDEX entry_at ON entry (at);

DO $$ BEGIN
	EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON entry, entry_detail FROM %I', current_database());
END $$;
