/*
 * What all unit tests need: cmocka, with the headers that must precede it.
 *
 *	TEST(sum_is_right) { assert_int_equal(1 + 1, 2); }
 *
 * and in main: cmocka_unit_test(sum_is_right).
 */
#ifndef ZOCO_TESTS_UNIT_H
#define ZOCO_TESTS_UNIT_H

#include "base/base.h"

#include <setjmp.h>

#include <cmocka.h>

#define TEST(name) \
	static void \
	name(void **state __attribute__((unused)))

/* A literal that may hold NUL bytes, as two arguments or initialisers. */
#define BYTES(literal) literal, sizeof(literal) - 1

#endif
