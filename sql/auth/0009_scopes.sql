-- A role may be given for a part only: "location:madrid", "category:<id>"; ''
-- is everywhere. The same role may be given for several.

ALTER TABLE account_role
	ADD COLUMN scope text DEFAULT '' NOT NULL,
	DROP CONSTRAINT account_role_pkey,
	ADD CONSTRAINT account_role_pkey PRIMARY KEY (account_id, role, scope),
	ADD CONSTRAINT account_role_scope CHECK (scope = '' OR (role NOT IN ('owner', 'customer')
		AND scope ~ '^(location|category):[A-Za-z0-9_-]{1,64}$'));

-- What an account may, spaced: "*", permissions, and narrowed ones,
-- "inventory.level.read@location:madrid".
CREATE FUNCTION account_permissions(uuid) RETURNS text LANGUAGE sql STABLE AS $$
SELECT coalesce(CASE WHEN bool_or(r.permissions = '*') THEN '*' ELSE string_agg(
	CASE x.scope WHEN '' THEN r.permissions
	ELSE regexp_replace(r.permissions, '[^ ]+', '\&@' || x.scope, 'g') END, ' ') END, '')
FROM account_role x JOIN role r ON r.name = x.role
WHERE x.account_id = $1 AND r.permissions <> ''
$$;

-- Its roles, spaced: "support warehouse@location:madrid".
CREATE FUNCTION account_roles(uuid) RETURNS text LANGUAGE sql STABLE AS $$
SELECT coalesce(string_agg(x.role || CASE x.scope WHEN '' THEN '' ELSE '@' || x.scope END,
	' ' ORDER BY x.role, x.scope), '')
FROM account_role x WHERE x.account_id = $1
$$;
