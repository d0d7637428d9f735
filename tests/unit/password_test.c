#include "crypto/password.h"

#include <setjmp.h>
#include <cmocka.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "crypto/crypto.h"

#define HORSE "correct horse battery staple"
#define PREFIX "$argon2id$v=19$m=19456,t=2,p=1$"

/* Both made by the argon2 program of the reference implementation. */
static const char foreign[] = PREFIX
    "MDEyMzQ1Njc4OWFiY2RlZg$gy5SuVm5Z7Vw7keB9se9p87QGcomaseB/S2U1OhTsM0";
static const char older[] =
    "$argon2id$v=19$m=12288,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"
    "5DGhzV3Ezm2VvUKyC6M/R1ACwlzJe2X+pC6Xlq5/fZA";

static bool
verify(const char *phc, const char *password)
{
	return password_verify(phc, password, strlen(password));
}

static void
test_hash_and_verify(void **state)
{
	char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];

	(void)state;
	assert_true(password_hash(HORSE, strlen(HORSE), one));
	assert_true(password_hash(HORSE, strlen(HORSE), two));
	assert_true(str_starts(one, PREFIX));
	assert_int_equal(strlen(one), 97);
	assert_string_not_equal(one, two);
	assert_true(verify(one, HORSE));
	assert_true(verify(two, HORSE));
	assert_false(verify(one, HORSE " "));
	assert_false(verify(one, "Correct horse battery staple"));
}

static void
test_other_implementations_agree(void **state)
{
	(void)state;
	assert_true(verify(foreign, HORSE));
	assert_false(verify(foreign, "correct horse battery stapl"));
	assert_false(password_needs_rehash(foreign));
}

static void
test_older_parameters(void **state)
{
	(void)state;
	assert_true(verify(older, HORSE));
	assert_true(password_needs_rehash(older));
}

/* Neither length nor NUL cuts a password short (ASVS 6.2.8). */
static void
test_whole_password_counts(void **state)
{
	char long_one[PASSWORD_MAX], hash[PASSWORD_HASH_SIZE];

	(void)state;
	memset(long_one, 'a', sizeof(long_one));
	assert_true(password_hash(long_one, sizeof(long_one), hash));
	assert_true(password_verify(hash, long_one, sizeof(long_one)));
	assert_false(password_verify(hash, long_one, sizeof(long_one) - 1));
	long_one[PASSWORD_MAX - 1] = 'b';
	assert_false(password_verify(hash, long_one, sizeof(long_one)));
	assert_true(password_hash("a\0b", 3, hash));
	assert_false(password_verify(hash, "a\0c", 3));
	assert_false(password_verify(hash, "a", 1));
}

static void
test_unreadable_hashes(void **state)
{
	static const char *const bad[] = {
		"", "x", "$argon2id$", PREFIX, PREFIX "MDEy$", HORSE,
		"$2y$10$abcdefghijklmnopqrstuuOaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"$argon2id$v=19$m=19456,t=2,p=1$%%%%$%%%%",
		"$argon2id$v=19$m=99999999999,t=2,p=1$MDEyMzQ1Njc4OWFiY2Rl$aa",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(verify(bad[i], HORSE));
		assert_true(password_needs_rehash(bad[i]));
	}
}

static double
milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The least of a few runs: what a noisy machine disturbs least. */
static double
least(void (*run)(void))
{
	double best = 1e9;

	for (int i = 0; i < 7; i++) {
		double start = milliseconds(), took;

		run();
		took = milliseconds() - start;
		best = took < best ? took : best;
	}
	return best;
}

static void
run_verify(void)
{
	verify(foreign, "wrong");
}

static void
run_dummy(void)
{
	password_verify_dummy("wrong", 5);
}

static void
test_dummy_takes_as_long(void **state)
{
	double real, dummy;

	(void)state;
	real = least(run_verify);
	dummy = least(run_dummy);
	print_message("verify %.1f ms, dummy %.1f ms of processor time\n",
	    real, dummy);
	assert_true(dummy > real * 0.75 && dummy < real * 1.33);
}

/* In a child, since the limit cannot be taken back. */
static int
verify_without_memory(void)
{
	struct rlimit limit = { 8 << 20, 8 << 20 };
	char hash[PASSWORD_HASH_SIZE];

	if (setrlimit(RLIMIT_AS, &limit) < 0)
		return 1;
	if (verify(foreign, HORSE))
		return 2;
	if (password_hash(HORSE, strlen(HORSE), hash) || hash[0] != '\0')
		return 3;
	return 0;
}

static void
test_no_memory(void **state)
{
	int status;
	pid_t pid;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();		/* it needs address space of its own */
#endif
	if ((pid = fork()) == 0)
		_exit(verify_without_memory());
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_and_verify),
		cmocka_unit_test(test_other_implementations_agree),
		cmocka_unit_test(test_older_parameters),
		cmocka_unit_test(test_whole_password_counts),
		cmocka_unit_test(test_unreadable_hashes),
		cmocka_unit_test(test_dummy_takes_as_long),
		cmocka_unit_test(test_no_memory),
	};

	crypto_start();
	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
