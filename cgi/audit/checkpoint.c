/*
 * Checkpoints: now and then the chain's last number and hash are signed into a
 * file outside of the database. Whoever rewrites the chain, or cuts its end off,
 * with all of PostgreSQL in hand, cannot rewrite them: not without the key.
 *
 * A line is "sequence sha256 time signature"; copy the file to another machine
 * as often as you like. One that goes on with " numbers" is a cut: the entries up
 * to it are in the archive.
 */
#include "audit.h"

#include <fcntl.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/sign.h"

static const struct key *
sign_key(struct app *app)
{
	static const struct key *key;	/* read once in a worker's life */

	if (key == NULL)
		key = app_key(app, "audit-sign");
	return key;
}

static const char *
signed_text(struct arena *arena, const struct checkpoint *c)
{
	return arena_printf(arena, "zoco %s\n%" PRId64 "\n%s\n%s\n%s",
	    c->numbers[0] == '\0' ? "checkpoint" : "cut", c->sequence, c->sha256,
	    c->at, c->numbers);
}

bool
checkpoint_write(struct request *r, const struct checkpoint *wanted)
{
	struct checkpoint c = *wanted;
	char signature[SIGNATURE_HEX_SIZE];
	const char *line;
	int fd;
	bool done;

	clock_format_rfc3339(clock_now_us(), c.at);
	sign_hex(sign_key(r->app), signed_text(r->arena, &c), signature);
	line = arena_printf(r->arena, "%" PRId64 " %s %s %s%s%s\n", c.sequence,
	    c.sha256, c.at, signature, c.numbers[0] == '\0' ? "" : " ",
	    c.numbers);
	fd = open(r->app->conf->audit_checkpoints,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	done = fd >= 0 &&
	    write(fd, line, strlen(line)) == (ssize_t)strlen(line) &&
	    fsync(fd) == 0;
	if (!done)
		log_error("audit.checkpoint", "%s: %s",
		    r->app->conf->audit_checkpoints, strerror(errno));
	if (fd >= 0)
		close(fd);
	return done;
}

static void
close_file(void *file)
{
	fclose(file);
}

bool
checkpoints_open(struct request *r, struct checkpoints *list)
{
	*list = (struct checkpoints){ .app = r->app,
	    .file = fopen(r->app->conf->audit_checkpoints, "re") };
	if (list->file != NULL) {
		arena_defer(r->arena, close_file, list->file);
		sign_public_hex(sign_key(r->app), list->public);
	}
	return list->file != NULL || errno == ENOENT;
}

static bool
parse(char *line, struct checkpoint *c, const char **signature)
{
	const char *words[4];

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if ((words[i] = strsep(&line, " \n")) == NULL)
			return false;
	if (line == NULL)
		return false;
	c->sequence = strtoll(words[0], NULL, 10);
	snprintf(c->sha256, sizeof(c->sha256), "%s", words[1]);
	snprintf(c->at, sizeof(c->at), "%s", words[2]);
	if (line[0] != '\0')
		snprintf(c->numbers, sizeof(c->numbers), "%s",
		    strsep(&line, "\n"));
	*signature = words[3];
	return true;
}

bool
checkpoints_next(struct checkpoints *list, struct arena *arena,
    struct checkpoint *c)
{
	const char *signature;
	char line[NUMBERS_SIZE + 300];

	if (list->file == NULL ||
	    fgets(line, sizeof(line), list->file) == NULL)
		return false;
	*c = (struct checkpoint){ .sequence = 0 };
	c->is_good = parse(line, c, &signature) &&
	    sign_verify(list->public, signed_text(arena, c), signature);
	return true;
}

bool
checkpoints_cut(struct request *r, struct checkpoint *cut)
{
	struct checkpoints list;
	struct checkpoint c;

	*cut = (struct checkpoint){ .sequence = 0 };
	if (!checkpoints_open(r, &list))
		return false;
	while (checkpoints_next(&list, r->arena, &c))
		if (c.is_good && c.numbers[0] != '\0' &&
		    c.sequence > cut->sequence)
			*cut = c;
	return true;
}
