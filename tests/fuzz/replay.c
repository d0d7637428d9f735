/*
 * Runs a fuzz target without libFuzzer, so that `make check` repeats, under gcc
 * and its sanitizers, what fuzzing once found:
 *
 *	json_scan_replay [-n MUTATIONS] [-s SEED] FILE | FOLDER ...
 *
 * Each file is run as it is and then changed at random MUTATIONS times (300).
 * The same seed (1) gives the same changes. The target runs in a child; when it
 * dies, its input is written beside the program, as json_scan_replay.crash, and
 * the exit code is 1.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define INPUT_MAX ((size_t)64 * 1024)

/* Shared with the child: the input that it works on. */
struct current {
	char path[512];
	size_t n;
	unsigned mutation;	/* 0: the file as it is */
	unsigned files, inputs;
	uint8_t data[INPUT_MAX];
};

struct options {
	unsigned mutations;
	uint64_t seed;
};

/* splitmix64, by Sebastiano Vigna; `state` counts up. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t
random_below(uint64_t *state, size_t n)
{
	return n == 0 ? 0 : (size_t)(next_random(state) % n);
}

/* Makes room for (or takes out) bytes at a place; the input's new length. */
static void
resize_at(struct current *c, size_t at, size_t out, size_t in)
{
	if (out > c->n - at)
		out = c->n - at;
	if (c->n - out + in > INPUT_MAX)
		in = out;
	memmove(c->data + at + in, c->data + at + out, c->n - at - out);
	c->n = c->n - out + in;
}

static void
mutate(struct current *c, uint64_t *state)
{
	static const char *const tokens[] = {
		"\"", "\\", "\\u0000", "\\ud800", "\\udc00", "{", "}", "[", "]",
		":", ",", "{\"a\":", "null", "-", "1e999", "9223372036854775808",
		"%", "%00", "%C3%B1", "&", "=", "a=", "[]", "+", ";", "; ", "@",
		".", "--", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82\xac",
		"\xef\xbf\xbf", "\r\n", "\x7f",
	};
	const char *token = tokens[random_below(state, ARRAY_LEN(tokens))];
	size_t at = random_below(state, c->n + 1), before = c->n;
	size_t n = 1 + random_below(state, 8), from;

	switch (random_below(state, 5)) {
	case 0:		/* a bit */
		if (at < c->n)
			c->data[at] ^= (uint8_t)(1u << random_below(state, 8));
		break;
	case 1:		/* a byte */
		if (at < c->n)
			c->data[at] = (uint8_t)next_random(state);
		break;
	case 2:		/* some bytes less */
		resize_at(c, at, n, 0);
		break;
	case 3:		/* a word of the languages that are parsed here */
		resize_at(c, at, random_below(state, 2), strlen(token));
		if (c->n - at >= strlen(token))
			memcpy(c->data + at, token, strlen(token));
		break;
	case 4:		/* some bytes twice */
		from = random_below(state, c->n);
		if (n > before - from)
			n = before - from;
		resize_at(c, at, 0, n);
		if (c->n == before + n)
			memmove(c->data + at, c->data + from, n);
		break;
	}
}

/* An exact copy, so that ASan sees a step beyond the end. */
static void
run_target(struct current *c)
{
	uint8_t *copy = malloc(c->n);

	if (copy == NULL && c->n > 0)
		abort();
	if (c->n > 0)
		memcpy(copy, c->data, c->n);
	if (LLVMFuzzerTestOneInput(copy, c->n) != 0)
		abort();
	free(copy);
	c->inputs++;
}

static bool
load(struct current *c)
{
	FILE *file = fopen(c->path, "rb");

	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", c->path, strerror(errno));
		return false;
	}
	c->n = fread(c->data, 1, INPUT_MAX, file);
	fclose(file);
	return true;
}

static bool
replay_file(struct current *c, const struct options *o)
{
	uint64_t state = o->seed;

	c->files++;
	for (c->mutation = 0; c->mutation <= o->mutations; c->mutation++) {
		if (!load(c))
			return false;
		for (size_t i = c->mutation == 0 ? 0 :
		    1 + random_below(&state, 4); i > 0; i--)
			mutate(c, &state);
		run_target(c);
	}
	return true;
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A folder in the order of names, so that every run is the same. */
static bool
replay(struct current *c, const struct options *o, const char *path)
{
	struct dirent **entries;
	struct stat status;
	bool good = true;
	int n;

	if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
		snprintf(c->path, sizeof(c->path), "%s", path);
		return replay_file(c, o);
	}
	if ((n = scandir(path, &entries, is_visible, alphasort)) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	for (int i = 0; i < n; i++) {
		snprintf(c->path, sizeof(c->path), "%s/%s", path,
		    entries[i]->d_name);
		good = replay_file(c, o) && good;
		free(entries[i]);
	}
	free(entries);
	return good;
}

static void
save(const struct current *c, const struct options *o, const char *program)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s.crash", program);
	fprintf(stderr, "%s, mutation %u of seed %" PRIu64 ": failed; the input "
	    "is in %s\n", c->path, c->mutation, o->seed, path);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(c->data, 1, c->n, file) != c->n)
		perror(path);
	if (file != NULL)
		fclose(file);
}

static bool
parse_options(struct options *o, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "n:s:")) != -1) {
		if (letter == 'n')
			o->mutations = (unsigned)strtoul(optarg, NULL, 10);
		else if (letter == 's')
			o->seed = strtoull(optarg, NULL, 10);
		else
			return false;
	}
	return optind < argc;
}

int
main(int argc, char **argv)
{
	struct options o = { .mutations = 300, .seed = 1 };
	struct current *c;
	int status;
	pid_t child;

	if (!parse_options(&o, argc, argv)) {
		fprintf(stderr, "usage: %s [-n MUTATIONS] [-s SEED] "
		    "FILE | FOLDER ...\n", argv[0]);
		return 2;
	}
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED || (child = fork()) < 0) {
		perror(argv[0]);
		return 1;
	}
	if (child == 0) {
		bool good = true;

		for (int i = optind; i < argc; i++)
			good = replay(c, &o, argv[i]) && good;
		return good && c->files > 0 ? 0 : 3;
	}
	if (waitpid(child, &status, 0) != child)
		return 1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
		fprintf(stderr, "%s: nothing to run\n", argv[0]);
		return 1;
	}
	if (status != 0) {
		save(c, &o, argv[0]);
		return 1;
	}
	printf("%s: %u files, %u inputs, seed %" PRIu64 ": passed\n", argv[0],
	    c->files, c->inputs, o.seed);
	return 0;
}
