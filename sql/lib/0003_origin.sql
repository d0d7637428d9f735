-- From where, and by which factor, an event came: for audit alone.

ALTER TABLE outbox ADD COLUMN origin jsonb;
