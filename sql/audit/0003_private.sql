-- What tells where somebody was (their address, their browser's words) lies
-- apart from the detail, which holds its salted hash; so it can be erased when
-- the account is closed, and the chain goes on saying that it was there.

CREATE TABLE entry_private (
	sequence bigint NOT NULL,
	person uuid NOT NULL,		-- whose it is: the actor, or the entity
	salt text NOT NULL,
	private text NOT NULL,
	CONSTRAINT entry_private_pkey PRIMARY KEY (sequence),
	CONSTRAINT entry_private_sequence_fkey FOREIGN KEY (sequence) REFERENCES entry (sequence)
);
CREATE INDEX entry_private_person ON entry_private (person, sequence);

DO $$ BEGIN
	EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON entry_private FROM %I', current_database());
END $$;

-- Whose data an entry's private part is.
CREATE FUNCTION entry_person(actor text, entity uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN actor LIKE 'user:%' THEN substr(actor, 6)::uuid ELSE entity END
$$;

-- The only way for the program to erase: what is private to those whose account
-- was closed by an entry of the chain from `first` on. Entries from before this
-- migration have it in their detail, which goes whole.
CREATE FUNCTION erase_closed(first bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DELETE FROM entry_private p USING entry c WHERE c.sequence >= first
	AND c.action = 'user.closed' AND p.person = c.entity AND p.sequence < c.sequence;
DELETE FROM entry_detail d USING entry c, entry e WHERE c.sequence >= first
	AND c.action = 'user.closed' AND (e.actor = 'user:' || c.entity OR e.entity = c.entity)
	AND entry_person(e.actor, e.entity) = c.entity AND e.sequence < c.sequence
	AND d.sequence = e.sequence AND d.detail LIKE '%"origin":{%"address":%';
$$;
SELECT erase_closed(0);
