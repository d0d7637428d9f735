/*
 * Which network addresses are hosts on the Internet, and which lead to us or
 * to our neighbours: what stands against server-side request forgery.
 */
#ifndef ZOCO_NET_ADDRESS_H
#define ZOCO_NET_ADDRESS_H

#include "base/base.h"

struct sockaddr;

/*
 * False for what the IANA special-purpose registries (RFC 6890) do not call
 * globally reachable: loopback, private, shared, link-local, multicast,
 * documentation, reserved; for IPv6 addresses that carry an IPv4 address,
 * whatever it is; and for other families than the two.
 */
bool address_is_public(const struct sockaddr *);

#define ADDRESS_NETWORK_SIZE 64

/*
 * Whom an address stands for when something is counted: an IPv4 address for
 * itself, an IPv6 address for its /64, of which everybody has a whole one
 * ("2001:db8:1:2::/64"). Anything else as it is, cut short. Returns out.
 */
const char *address_network(const char *text, char out[ADDRESS_NETWORK_SIZE]);

#endif
