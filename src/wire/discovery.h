/* discovery - the two datagrams by which a client finds remexds in its network (doc/protocol.md, section 15): a query, and
 * the answer of each remexd that hears it. Pure: bytes in, bytes out.
 *
 *   query    "remex?" 0 1   16 bytes that the client has chosen at random   zeros, up to 128 bytes
 *   answer   "remex!" 0 1   those 16 bytes   port (2)   SHA-256 of the key (32)   length of the name (1)   name
 *
 * An answer is never longer than the query, so that nobody's bytes are multiplied by it. An answer counts only with the
 * bytes of the query: whoever has not heard the query cannot answer.
 */
#ifndef REMEX_WIRE_DISCOVERY_H
#define REMEX_WIRE_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DISCOVERY_SIZE = 128, /* of a query; answers are no longer */
	DISCOVERY_NONCE = 16,
	DISCOVERY_KEY = 32,
	DISCOVERY_NAME_MAX = 64, /* characters: HOST_NAME_MAX of Linux */
};

/* What a remexd says of itself. Nothing of it is proved. */
struct discovery_answer {
	uint16_t port; /* where it listens on TCP */
	uint8_t key[DISCOVERY_KEY]; /* the SHA-256 behind the fingerprint of its key (net/key.h) */
	/* Of the machine: letters, digits and - . _, beginning with a letter or a digit. */
	char name[DISCOVERY_NAME_MAX + 1];
};

/* Can a machine with this name answer? */
bool discovery_is_name (const char *name);

/* Write a query. */
void discovery_ask (uint8_t query[DISCOVERY_SIZE], const uint8_t nonce[DISCOVERY_NONCE]);

/* Is this a query? Then *nonce points to its random bytes. */
bool discovery_is_query (const uint8_t *bytes, size_t n, const uint8_t **nonce);

/* Write the answer to a query. Returns its size; 0: the name or the port is not possible. */
size_t discovery_answer (
	uint8_t out[DISCOVERY_SIZE], const uint8_t nonce[DISCOVERY_NONCE], const struct discovery_answer *answer);

enum discovery_verdict {
	DISCOVERY_MALFORMED, /* no answer */
	DISCOVERY_STRANGE, /* an answer to a query with other random bytes */
	DISCOVERY_ANSWERED,
};

/* Read the answer to the query with these random bytes. *answer is set only with DISCOVERY_ANSWERED. */
enum discovery_verdict discovery_read (
	struct discovery_answer *answer, const uint8_t *bytes, size_t n, const uint8_t nonce[DISCOVERY_NONCE]);

#endif
