#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct range {
	uint8_t prefix[16];
	int bits;
};

/* What IANA does not call globally reachable, multicast, and reserved. */
static const struct range not_public_4[] = {
	{ { 0 }, 8 },			/* this network */
	{ { 10 }, 8 },			/* private */
	{ { 100, 64 }, 10 },		/* shared, behind a carrier's NAT */
	{ { 127 }, 8 },			/* loopback */
	{ { 169, 254 }, 16 },		/* link-local, cloud metadata */
	{ { 172, 16 }, 12 },		/* private */
	{ { 192, 0, 0 }, 24 },		/* protocol assignments */
	{ { 192, 0, 2 }, 24 },		/* documentation */
	{ { 192, 88, 99 }, 24 },	/* 6to4 relays, withdrawn */
	{ { 192, 168 }, 16 },		/* private */
	{ { 198, 18 }, 15 },		/* benchmarks */
	{ { 198, 51, 100 }, 24 },	/* documentation */
	{ { 203, 0, 113 }, 24 },	/* documentation */
	{ { 224 }, 3 },			/* multicast, reserved, broadcast */
};

/*
 * In IPv6 only 2000::/3 is given out; so what counts are the exceptions in it.
 * Mapped addresses, NAT64 (64:ff9b::/96), fc00::/7 and fe80::/10 lie outside.
 */
static const struct range given_out_6 = { { 0x20 }, 3 };
static const struct range not_public_6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },		/* Teredo, ORCHID, benchmarks */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },	/* documentation */
	{ { 0x20, 0x02 }, 16 },			/* 6to4, carries IPv4 */
	{ { 0x3f, 0xff, 0x00 }, 20 },		/* documentation */
};

static bool
is_in(const uint8_t *address, const struct range *range)
{
	int whole = range->bits / 8, rest = range->bits % 8;

	return memcmp(address, range->prefix, (size_t)whole) == 0 &&
	    (rest == 0 ||
	    (address[whole] ^ range->prefix[whole]) >> (8 - rest) == 0);
}

static bool
is_in_any(const uint8_t *address, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_in(address, &ranges[i]))
			return true;
	return false;
}

bool
address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		return !is_in_any((const uint8_t *)&in.sin_addr, not_public_4,
		    ARRAY_LEN(not_public_4));
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		return is_in(in6.sin6_addr.s6_addr, &given_out_6) &&
		    !is_in_any(in6.sin6_addr.s6_addr, not_public_6,
		    ARRAY_LEN(not_public_6));
	default:
		return false;
	}
}

const char *
address_network(const char *text, char out[ADDRESS_NETWORK_SIZE])
{
	struct in6_addr address;
	size_t n;

	if (inet_pton(AF_INET6, text, &address) != 1 ||
	    IN6_IS_ADDR_V4MAPPED(&address)) {
		snprintf(out, ADDRESS_NETWORK_SIZE, "%s", text);
		return out;
	}
	memset(&address.s6_addr[8], 0, 8);
	inet_ntop(AF_INET6, &address, out, ADDRESS_NETWORK_SIZE);
	n = strlen(out);
	snprintf(out + n, ADDRESS_NETWORK_SIZE - n, "/64");
	return out;
}
