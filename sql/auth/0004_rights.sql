-- Roles that a shop begins with: data, to be changed as it likes.
ALTER TABLE role ADD COLUMN id uuid DEFAULT gen_random_uuid() NOT NULL,
	ADD CONSTRAINT role_id_key UNIQUE (id);
INSERT INTO role (name, permissions) VALUES
	('manager', 'catalog.product.read catalog.product.write inventory.level.read'
		' inventory.level.adjust inventory.level.configure inventory.movement.read'
		' inventory.location.read orders.order.read orders.order.fulfil'
		' orders.order.cancel payments.payment.read payments.payment.capture'
		' payments.payment.refund notifications.delivery.read'
		' notifications.delivery.resend system.job.read system.settings.read'
		' auth.user.read auth.role.read'),
	('catalog-editor', 'catalog.product.read catalog.product.write inventory.level.read'),
	('warehouse', 'inventory.level.read inventory.level.adjust inventory.movement.read'
		' inventory.location.read orders.order.read orders.order.fulfil'),
	('support', 'orders.order.read orders.order.cancel payments.payment.read'
		' notifications.delivery.read notifications.delivery.resend'),
	('finance', 'orders.order.read payments.payment.read payments.payment.capture'
		' payments.payment.refund'),
	('auditor', 'catalog.product.read inventory.level.read inventory.movement.read'
		' inventory.location.read orders.order.read payments.payment.read'
		' notifications.delivery.read system.job.read system.settings.read'
		' auth.user.read auth.role.read auth.api_key.read audit.entry.read');
CREATE INDEX account_role_role ON account_role (role);

-- Keys of programs that speak to the API; only the hash is kept. A key never
-- may more than who made it may now.
CREATE TABLE api_key (
	id uuid NOT NULL,
	account_id uuid NOT NULL,
	name text NOT NULL,
	token_hash text NOT NULL,
	permissions text NOT NULL,	-- with spaces between
	created_at timestamptz DEFAULT now() NOT NULL,
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	ended_at timestamptz,
	CONSTRAINT api_key_pkey PRIMARY KEY (id),
	CONSTRAINT api_key_token_hash_key UNIQUE (token_hash),
	CONSTRAINT api_key_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id)
);
CREATE INDEX api_key_account ON api_key (account_id) WHERE ended_at IS NULL;
