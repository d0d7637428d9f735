#include "crypto/key.h"

#include <setjmp.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "crypto/crypto.h"
#include "crypto/token.h"

#define DIGITS "000102030405060708090a0b0c0d0e0f" \
	"101112131415161718191A1B1C1D1E1F"

struct place {
	char folder[32], path[64];
	char error[256];
	struct key key;
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/zoco-key-XXXXXX");
	if (mkdtemp(p->folder) == NULL)
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/a.key", p->folder);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	rmdir(p->path);
	rmdir(p->folder);
	free(p);
	return 0;
}

static void
put(const struct place *p, const char *text, size_t n, mode_t mode)
{
	FILE *f = fopen(p->path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(p->path, mode), 0);
}

static bool
load(struct place *p)
{
	return key_load(p->path, &p->key, p->error, sizeof(p->error));
}

static void
test_load(void **state)
{
	struct place *p = *state;

	put(p, DIGITS, 64, 0400);
	assert_true(load(p));
	for (int i = 0; i < 32; i++)
		assert_int_equal(p->key.bytes[i], i);
	memset(&p->key, 0, sizeof(p->key));
	put(p, DIGITS "\n", 65, 0600);
	assert_true(load(p));
	assert_int_equal(p->key.bytes[31], 31);
}

static void
test_bad_content(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {
		{ "", 0 }, { DIGITS, 63 }, { DIGITS "\n\n", 66 },
		{ DIGITS "0", 65 }, { DIGITS "00", 66 }, { " " DIGITS, 65 },
		{ DIGITS "\r\n", 66 }, { DIGITS "\0", 65 },
		{ "\0" DIGITS, 64 },
		{ "g00102030405060708090a0b0c0d0e0f"
		    "101112131415161718191A1B1C1D1E1F", 64 },
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put(p, rows[i].text, rows[i].n, 0600);
		assert_false(load(p));
		assert_non_null(strstr(p->error, p->path));
		assert_non_null(strstr(p->error, "64 hexadecimal digits"));
		assert_null(strstr(p->error, "0102030405"));
		unlink(p->path);
	}
}

static void
test_open_to_others(void **state)
{
	static const mode_t modes[] = { 0440, 0404, 0420, 0402, 0410, 0644 };
	struct place *p = *state;

	put(p, DIGITS, 64, 0400);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(p->path, modes[i]), 0);
		assert_false(load(p));
		assert_non_null(strstr(p->error, "must be mode 0400"));
	}
}

static void
test_not_a_file(void **state)
{
	struct place *p = *state;

	assert_false(load(p));
	assert_non_null(strstr(p->error, "No such file"));
	assert_int_equal(mkdir(p->path, 0700), 0);
	assert_false(load(p));
	assert_non_null(strstr(p->error, "not a regular file"));
	rmdir(p->path);
	assert_int_equal(mkfifo(p->path, 0600), 0);
	alarm(5);	/* a pipe without a writer must not hold us */
	assert_false(load(p));
	alarm(0);
	assert_non_null(strstr(p->error, "not a regular file"));
}

static void
test_create(void **state)
{
	struct place *p = *state;
	struct key first;
	struct stat st;

	assert_true(key_create(p->path, p->error, sizeof(p->error)));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_size, 65);
	assert_true(load(p));
	first = p->key;

	assert_false(key_create(p->path, p->error, sizeof(p->error)));
	assert_non_null(strstr(p->error, "File exists"));
	assert_true(load(p));
	assert_memory_equal(&first, &p->key, sizeof(first));

	unlink(p->path);
	assert_true(key_create(p->path, p->error, sizeof(p->error)));
	assert_true(load(p));
	assert_memory_not_equal(&first, &p->key, sizeof(first));
}

static void
test_create_nowhere(void **state)
{
	struct place *p = *state;

	assert_false(key_create("/nowhere/at/all.key", p->error,
	    sizeof(p->error)));
	assert_non_null(strstr(p->error, "/nowhere/at/all.key: No such file"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_load),
		TEST(test_bad_content),
		TEST(test_open_to_others),
		TEST(test_not_a_file),
		TEST(test_create),
		TEST(test_create_nowhere),
	};

	crypto_start();
	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
