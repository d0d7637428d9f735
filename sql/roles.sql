-- The database of one domain and its two roles; run by a superuser, any number
-- of times:	psql -v ON_ERROR_STOP=1 -v domain=inventory -f roles.sql postgres
--
-- zoco_<domain>_owner owns the database and migrates it, zoco_<domain> serves:
-- it may read and write rows, and nothing else. Nobody else may connect. Where
-- rows must never change (ledgers, logs), a migration takes the right away.
-- Passwords, where they are needed, are set by hand (INSTALL.md).
\set database 'zoco_':domain
\set service 'zoco_':domain
\set owner 'zoco_':domain'_owner'

SELECT format('CREATE ROLE %I LOGIN', role)
FROM unnest(ARRAY[:'service', :'owner']) AS role
WHERE role NOT IN (SELECT rolname FROM pg_roles) \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING UTF8'
	' LOCALE ''C.UTF-8''', :'database', :'owner')
WHERE :'database' NOT IN (SELECT datname FROM pg_database) \gexec

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"service";

ALTER ROLE :"owner" SET timezone = 'UTC';
ALTER ROLE :"service" SET timezone = 'UTC';
ALTER ROLE :"service" SET statement_timeout = '5s';
ALTER ROLE :"service" SET lock_timeout = '2s';
ALTER ROLE :"service" SET idle_in_transaction_session_timeout = '10s';

\connect :"database"
ALTER SCHEMA public OWNER TO :"owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
	GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
	GRANT USAGE, SELECT ON SEQUENCES TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner"
	REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
	GRANT EXECUTE ON FUNCTIONS TO :"service";
