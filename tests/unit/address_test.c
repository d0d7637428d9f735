#include "net/address.h"

#include <setjmp.h>
#include <cmocka.h>
#include <arpa/inet.h>

static bool
is_public(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return address_is_public((struct sockaddr *)&in);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_is_public((struct sockaddr *)&in6);
}

static void
test_public(void **state)
{
	static const char *const rows[] = {
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
		"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
		"192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "223.255.255.255",
		"2001:200::1", "2001:4860:4860::8888", "2606:4700::1111",
		"2a00:1450:4003:80e::200e", "2003::1", "3ffe:ffff::1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!is_public(rows[i]))
			fail_msg("%s", rows[i]);
}

static void
test_not_public(void **state)
{
	static const char *const rows[] = {
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0",
		"100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.0.0",
		"169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1",
		"192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.0",
		"198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
		"::ffff:0:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
		"2001::1", "2001:10::1", "2001:1ff:ffff::1", "2001:db8::1",
		"2002:7f00:1::1", "3fff::1", "3fff:fff:ffff::1", "4000::1",
		"5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1",
		"ff02::1",
	};
	struct sockaddr other = { .sa_family = AF_UNIX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (is_public(rows[i]))
			fail_msg("%s", rows[i]);
	assert_false(address_is_public(&other));
}

static void
test_network(void **state)
{
	static const char *const rows[][2] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "2001:db8:1:2::", "2001:db8:1:2::/64" },
		{ "::1", "::/64" },
		{ "::ffff:192.0.2.7", "::ffff:192.0.2.7" },
		{ "unix:", "unix:" },
		{ "", "" },
	};
	char out[ADDRESS_NETWORK_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(address_network(rows[i][0], out), rows[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public),
		cmocka_unit_test(test_not_public),
		cmocka_unit_test(test_network),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
