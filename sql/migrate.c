/*
 * zoco-migrate: brings a domain's database to the newest version.
 *
 *	zoco-migrate [--config FILE] [--dry-run] DOMAIN
 *
 * Runs the files of sql/lib, then those of sql/<domain>, each once, in the order
 * of their names, each in a transaction of its own together with its row in
 * schema_migration. Forward only: expand first, contract in a later release, so
 * that the old programs run on the new schema. A file whose text has changed
 * since it ran is an error. An advisory lock keeps two runs apart.
 */
#include "base/conf.h"

#include <glob.h>
#include <libpq-fe.h>

#include "base/log.h"
#include "crypto/token.h"

#define FILE_MAX_BYTES (4 * 1024 * 1024)

static const char setup[] =
	"CREATE TABLE IF NOT EXISTS schema_migration ("
	" name text NOT NULL,"
	" sha256 text NOT NULL,"
	" at timestamptz DEFAULT now() NOT NULL,"
	" CONSTRAINT schema_migration_pkey PRIMARY KEY (name))";

static bool
run(PGconn *conn, const char *what, const char *text)
{
	PGresult *result = PQexec(conn, text);	/* many statements in one file */
	ExecStatusType status = PQresultStatus(result);
	bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!good)
		log_error("migrate", "%s: %s", what, PQresultErrorMessage(result));
	PQclear(result);
	return good;
}

/* The hash that the file had when it ran; "" when it has not run yet. */
static bool
recorded_hash(PGconn *conn, const char *name, char hash[DIGEST_HEX_SIZE])
{
	const char *values[] = { name };
	PGresult *result = PQexecParams(conn,
	    "SELECT sha256 FROM schema_migration WHERE name = $1", 1, NULL,
	    values, NULL, NULL, 0);
	bool good = PQresultStatus(result) == PGRES_TUPLES_OK;

	snprintf(hash, DIGEST_HEX_SIZE, "%s",
	    good && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	return good;
}

static bool
record(PGconn *conn, const char *name, const char *hash)
{
	const char *values[] = { name, hash };
	PGresult *result = PQexecParams(conn,
	    "INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)", 2,
	    NULL, values, NULL, NULL, 0);
	bool good = PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	return good;
}

static char *
read_file(struct arena *arena, const char *path, size_t *n)
{
	FILE *file = fopen(path, "re");
	char *text = arena_alloc(arena, FILE_MAX_BYTES + 1);

	if (file == NULL)
		return NULL;
	*n = fread(text, 1, FILE_MAX_BYTES, file);
	fclose(file);
	return text;
}

/* "lib/0001_lib.sql": the last two parts of the path. */
static const char *
name_of(const char *path)
{
	const char *last = strrchr(path, '/');
	const char *before = last == NULL ? NULL :
	    memrchr(path, '/', (size_t)(last - path));

	return before == NULL ? path : before + 1;
}

static bool
apply(PGconn *conn, struct arena *arena, const char *path, bool dry_run)
{
	const char *name = name_of(path);
	char before[DIGEST_HEX_SIZE], hash[DIGEST_HEX_SIZE];
	size_t n;
	char *text = read_file(arena, path, &n);

	if (text == NULL || !recorded_hash(conn, name, before))
		return false;
	digest_sha256_hex(text, n, hash);
	if (before[0] != '\0') {
		if (str_eq(before, hash))
			return true;
		log_error("migrate", "%s was changed after it ran", name);
		return false;
	}
	printf("%s\n", name);
	if (dry_run)
		return true;
	return run(conn, name, "BEGIN") && run(conn, name, text) &&
	    record(conn, name, hash) && run(conn, name, "COMMIT");
}

static bool
apply_folder(PGconn *conn, struct arena *arena, const struct conf *conf,
    const char *folder, bool dry_run)
{
	glob_t files;
	bool good = true;

	if (glob(arena_printf(arena, "%s/%s/*.sql", conf->sql_dir, folder), 0,
	    NULL, &files) != 0)
		return true;	/* a domain without tables of its own */
	for (size_t i = 0; good && i < files.gl_pathc; i++)
		good = apply(conn, arena, files.gl_pathv[i], dry_run);
	globfree(&files);
	return good;
}

static int
migrate(struct arena *arena, const struct conf *conf, const char *domain,
    bool dry_run)
{
	PGconn *conn = PQconnectdb(conf_db_url(conf->db_owner_url, domain, arena));
	bool good = PQstatus(conn) == CONNECTION_OK;

	if (!good)
		log_error("migrate", "%s", PQerrorMessage(conn));
	good = good && run(conn, "lock",
	    "SELECT pg_advisory_lock(hashtext('zoco-migrate'))") &&
	    run(conn, "options", "SET client_min_messages = warning") &&
	    run(conn, "options", "SET statement_timeout = 0") &&
	    run(conn, "schema_migration", setup) &&
	    apply_folder(conn, arena, conf, "lib", dry_run) &&
	    apply_folder(conn, arena, conf, domain, dry_run);
	PQfinish(conn);
	return good ? 0 : 1;
}

static int
usage(FILE *out)
{
	fputs("zoco-migrate: brings a domain's database to the newest version\n"
	    "usage: zoco-migrate [--config FILE] [--dry-run] DOMAIN\n", out);
	return out == stdout ? 0 : 2;
}

int
main(int argc, char **argv)
{
	struct arena *arena;
	struct conf conf;
	const char *path = "/etc/zoco/zoco.conf", *domain = NULL;
	char error[300];
	bool dry_run = false;
	int status = 1;

	for (int i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--help"))
			return usage(stdout);
		if (str_eq(argv[i], "--config") && i + 1 < argc)
			path = argv[++i];
		else if (str_eq(argv[i], "--dry-run"))
			dry_run = true;
		else if (argv[i][0] != '-' && domain == NULL)
			domain = argv[i];
		else
			return usage(stderr);
	}
	if (domain == NULL)
		return usage(stderr);
	log_start("migrate", LOG_LEVEL_INFO, true);
	arena = arena_new();
	if (conf_load(&conf, arena, path, error, sizeof(error)))
		status = migrate(arena, &conf, domain, dry_run);
	else
		log_error("migrate", "%s", error);
	arena_free(arena);
	return status;
}
