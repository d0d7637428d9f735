-- Personal fields of events that all have had are blanked long before the row
-- goes: a person who leaves must not stay here.

CREATE INDEX outbox_personal ON outbox (number)
	WHERE personal IS NOT NULL OR origin IS NOT NULL;
