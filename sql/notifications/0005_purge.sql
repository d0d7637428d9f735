-- Old messages go with their tries, oldest first.

CREATE INDEX message_created_at ON message (created_at);
CREATE INDEX feed_item_at ON feed_item (at);
ALTER TABLE delivery_attempt DROP CONSTRAINT delivery_attempt_message_id_fkey,
	ADD CONSTRAINT delivery_attempt_message_id_fkey FOREIGN KEY (message_id)
	REFERENCES message (id) ON DELETE CASCADE;
