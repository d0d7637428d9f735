-- What somebody was sent, for them to see and to be erased.

CREATE INDEX message_to_address ON message (lower(to_address));
