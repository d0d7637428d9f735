/* What a program reads before it serves; jobs and tools start alike. */
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "crypto/token.h"
#include "base/embedded.h"
#include "base/log.h"
#include "net/http_client.h"
#include "web/app.h"
#include "web/format.h"
#include "web/mustache.h"
#include "web/words.h"

#define FILE_MAX_BYTES (256 * 1024)

const char *const languages[] = { "es", "en", NULL };

/* One file into the arena; NULL when it is not there or too large. */
static const char *
read_file(struct arena *arena, const char *path, size_t *n)
{
	FILE *file = fopen(path, "re");
	char *text;

	if (file == NULL)
		return NULL;
	text = arena_alloc(arena, FILE_MAX_BYTES + 1);
	*n = fread(text, 1, FILE_MAX_BYTES, file);
	fclose(file);
	return text;
}

/* What the hoster put into override_dir wins over what is compiled in. */
static const char *
content(struct app *app, const struct embedded *file, size_t *n)
{
	const char *dir = app->conf->override_dir, *text = NULL;

	if (dir[0] != '\0')
		text = read_file(app->arena, arena_printf(app->arena, "%s/%s/%s",
		    dir, app->program->name, file->path), n);
	if (text == NULL) {
		text = file->data;
		*n = file->n;
	}
	return text;
}

static bool
add_template(struct app *app, const struct embedded *file, char *error, size_t n)
{
	const char *name = file->path + strlen("pages/");
	const char *suffix = strstr(name, ".mustache");
	size_t text_n;
	const char *text = content(app, file, &text_n);
	bool is_text;

	if (suffix == NULL)
		return true;
	name = arena_strndup(app->arena, name, (size_t)(suffix - name));
	is_text = strstr(name, ".txt") != NULL;
	return templates_has(app->templates, name) ||
	    templates_add(app->templates, name, text, text_n,
	    is_text ? TEMPLATE_TEXT : TEMPLATE_HTML, error, n);
}

static bool
add_words(struct app *app, const struct embedded *file, char *error, size_t n)
{
	const char *name = file->path + strlen("lang/");
	size_t text_n;
	const char *text = content(app, file, &text_n);

	return words_add(app->words, arena_strndup(app->arena, name, 2), text,
	    text_n, error, n);
}

/* All files of a folder, "pages/" or "lang/". */
static bool
add_files(struct app *app, const struct embedded *files, const char *folder,
    bool (*add)(struct app *, const struct embedded *, char *, size_t))
{
	char error[256];

	for (; files != NULL && files->path != NULL; files++)
		if (str_starts(files->path, folder) &&
		    !add(app, files, error, sizeof(error))) {
			log_error("app.files", "%s: %s", files->path, error);
			return false;
		}
	return true;
}

/* The shop's own words, words/es.json in override_dir, come last. */
static bool
add_owners_words(struct app *app)
{
	const char *dir = app->conf->override_dir;
	char error[256];

	for (const char *const *l = languages; *l != NULL; l++) {
		size_t n;
		const char *text = dir[0] == '\0' ? NULL : read_file(app->arena,
		    arena_printf(app->arena, "%s/words/%s.json", dir, *l), &n);

		if (text != NULL &&
		    !words_add(app->words, *l, text, n, error, sizeof(error))) {
			log_error("app.files", "%s/words/%s.json: %s", dir, *l,
			    error);
			return false;
		}
	}
	return true;
}

/* A program's template hides the library's, its words replace them. */
static bool
load_files(struct app *app)
{
	char error[256];

	app->templates = templates_new();
	app->words = words_new();
	if (!add_files(app, program_files, "pages/", add_template) ||
	    !add_files(app, lib_files, "pages/", add_template) ||
	    !add_files(app, lib_files, "lang/", add_words) ||
	    !add_files(app, program_files, "lang/", add_words) ||
	    !add_owners_words(app))
		return false;
	if (templates_link(app->templates, error, sizeof(error)))
		return true;
	log_error("app.templates", "%s", error);
	return false;
}

/* base_url says how cookies are called, and what origin is ours. */
static void
read_base_url(struct app *app)
{
	const char *url = app->conf->base_url;
	const char *host = strstr(url, "://");
	const char *port;

	host = host != NULL ? host + 3 : url;
	app->is_secure = str_starts(url, "https://");
	app->origin = arena_strndup(app->arena, url,
	    (size_t)(host - url) + strcspn(host, "/"));
	port = strchr(host, ':');
	app->cookie_prefix = app->is_secure ? "__Host-" : "";
	app->cookie_suffix = app->is_secure || port == NULL ? "" :
	    arena_printf(app->arena, "_%.*s", (int)strcspn(port + 1, "/"),
	    port + 1);
}

static bool
load_keys(struct app *app)
{
	size_t n = 0;
	char *key;

	key = (char *)(uintptr_t)read_file(app->arena, arena_printf(app->arena,
	    "%s/%s.key", app->conf->key_dir, app->program->name), &n);
	if (key == NULL) {
		log_error("app.key", "%s/%s.key cannot be read",
		    app->conf->key_dir, app->program->name);
		return false;
	}
	key[strcspn(key, "\r\n")] = '\0';
	app->caller_key = key;
	app->callers = read_file(app->arena, arena_printf(app->arena,
	    "%s/callers", app->conf->key_dir), &n);
	return true;
}

const char *
app_caller_hash(const struct app *app, const char *name)
{
	const char *line = app->callers;
	size_t n = strlen(name);

	for (; line != NULL && *line != '\0'; line += strspn(line, "\n")) {
		if (strncmp(line, name, n) == 0 && line[n] == ' ' && n > 0)
			return arena_strndup(app->arena, line + n + 1,
			    strcspn(line + n + 1, "\r\n"));
		line += strcspn(line, "\n");
	}
	return NULL;
}

const struct key *
app_key(struct app *app, const char *name)
{
	struct key *key = arena_new_of(app->arena, struct key);
	char error[200];

	if (!key_load(arena_printf(app->arena, "%s/%s.key",
	    app->conf->key_dir, name), key, error, sizeof(error))) {
		log_error("app.key", "%s", error);
		exit(1);
	}
	return key;
}

const char *
app_word(const struct app *app, const char *lang, const char *key)
{
	return words_text(app->words, lang, key);
}

struct app *
app_open(const struct program *program, const char *conf_path)
{
	struct arena *arena = arena_new();
	struct app *app = arena_new_of(arena, struct app);
	struct conf *conf = arena_new_of(arena, struct conf);
	enum log_level level;
	char error[300];

	log_start(program->name, LOG_LEVEL_INFO, false);
	app->program = program;
	app->arena = arena;
	app->conf = conf;
	if (!conf_load(conf, arena, conf_path, error, sizeof(error)) ||
	    !log_level_parse(conf->log_level, &level)) {
		log_error("app.conf", "%s: %s", conf_path, error);
		return NULL;
	}
	log_start(program->name, level, conf->log_pretty);
	crypto_start();
	if (!format_time_zone(conf->time_zone)) {
		log_error("app.conf", "time_zone: unknown '%s'", conf->time_zone);
		return NULL;
	}
	read_base_url(app);
	if (!load_files(app) || !load_keys(app))
		return NULL;
	return app;
}

void
app_close(struct app *app)
{
	struct arena *arena;

	if (app == NULL)
		return;
	templates_free(app->templates);
	words_free(app->words);
	http_client_free(app->http);
	arena = app->arena;
	arena_free(arena);
}

struct request *
app_request_new(struct app *app, const char *actor)
{
	struct arena *arena = arena_new();
	struct request *r = arena_new_of(app->arena, struct request);
	static const struct route none = { .path = "", .kind = KIND_API };

	r->app = app;
	r->arena = arena;
	r->db = db_new(conf_db_url(app->conf->db_url, app->program->name,
	    app->arena), app->conf->db_prepare);
	r->redis = redis_new(app->conf->redis);
	if (app->http == NULL)
		app->http = http_client_new();
	r->route = &none;
	r->actor = actor;
	r->id = r->query = r->path = r->local_path = r->address = "";
	r->lang = languages[0];
	db_start(r->db, arena);
	return r;
}

void
app_request_free(struct request *r)
{
	struct arena *arena = r->arena;

	db_free(r->db);
	redis_free(r->redis);
	arena_free(arena);
}
