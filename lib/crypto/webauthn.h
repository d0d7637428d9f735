/*
 * Passkeys, from the side of who relies on them: W3C Web Authentication, Level 2
 * (Recommendation of 8 April 2021); numbers of sections below are its own, and
 * those of Level 3 where it says so.
 *
 * What is asked of browsers is "none" of attestation (5.4.7): which model a
 * passkey is does not matter to a shop. So "none" (8.7) is taken, and "packed"
 * (8.2) where the passkey vouches for itself, which browsers may hand on
 * (5.1.3, step 21). Keys are ES256, EdDSA (Ed25519) and RS256 (5.8.5).
 */
#ifndef ZOCO_CRYPTO_WEBAUTHN_H
#define ZOCO_CRYPTO_WEBAUTHN_H

#include "base/arena.h"

#define WEBAUTHN_ID_MAX 1023		/* bytes of a credential's id */

/* The algorithms, COSE's numbers, in the order we like them. */
#define WEBAUTHN_ES256 (-7)
#define WEBAUTHN_EDDSA (-8)
#define WEBAUTHN_RS256 (-257)

enum webauthn_fault {
	WEBAUTHN_GOOD,
	WEBAUTHN_CLIENT_DATA,	/* what the browser says cannot be read */
	WEBAUTHN_TYPE,		/* made for another purpose */
	WEBAUTHN_CHALLENGE,	/* answers another challenge */
	WEBAUTHN_ORIGIN,	/* of another site, or in another's frame */
	WEBAUTHN_DATA,		/* what the passkey says cannot be read */
	WEBAUTHN_RP,		/* made for another site */
	WEBAUTHN_NOT_PRESENT,	/* nobody has touched it */
	WEBAUTHN_NOT_VERIFIED,	/* no PIN, no finger, where one is needed */
	WEBAUTHN_ATTESTATION,
	WEBAUTHN_KEY,		/* a key of another kind, or a weak one */
	WEBAUTHN_SIGNATURE,
	WEBAUTHN_FAULT_COUNT
};

/* For the log. */
const char *webauthn_fault_name(enum webauthn_fault);

struct webauthn_bytes {
	const uint8_t *data;
	size_t n;
};

/* What is expected of an answer. */
struct webauthn_expected {
	const char *challenge;	/* as it was given out, base64url */
	const char *origin;	/* "https://shop.example" */
	const char *rp_id;	/* "shop.example" */
	bool needs_verified;	/* a PIN or a finger, not only a touch */
};

/* Authenticator data (6.1); the bytes are those of the input. */
struct webauthn_data {
	const uint8_t *rp_id_hash;
	bool is_present, is_verified;	/* flags UP, UV */
	bool may_be_copied, is_copied;	/* BE, BS (Level 3, 6.1.3) */
	uint32_t sign_count;
	struct webauthn_bytes id, key;	/* of a new credential; n 0: none */
};

/* Reads authenticator data; false for what is none, to its last byte. */
bool webauthn_data_read(struct webauthn_bytes, struct webauthn_data *);

/* The challenge that the browser says it answers, or NULL. */
const char *webauthn_challenge(struct arena *, struct webauthn_bytes client_data);

/* A new credential (7.1, steps 5 to 21); `made` is of its bytes. */
enum webauthn_fault webauthn_register(struct arena *,
    const struct webauthn_expected *, struct webauthn_bytes client_data,
    struct webauthn_bytes attestation, struct webauthn_data *made);

/*
 * An answer of a credential whose COSE key is known (7.2, steps 11 to 20). The
 * caller has chosen the key by the credential's id, and looks at the count
 * (step 21).
 */
enum webauthn_fault webauthn_verify(struct arena *,
    const struct webauthn_expected *, struct webauthn_bytes key,
    struct webauthn_bytes client_data, struct webauthn_bytes authenticator_data,
    struct webauthn_bytes signature, struct webauthn_data *shown);

#endif
