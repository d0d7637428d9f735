-- What people write to the shop by its form: whom an answer goes to.

ALTER TABLE message ADD COLUMN reply_to text DEFAULT '' NOT NULL;
CREATE INDEX message_reply_to ON message (lower(reply_to)) WHERE reply_to <> '';
