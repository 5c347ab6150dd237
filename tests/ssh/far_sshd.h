/* far_sshd - the server's side of one ssh connection, for tests that need a server which breaks the rules.
 *
 * The banner and each key exchange are honest: curve25519-sha256, ssh-ed25519, aes128-ctr, hmac-sha2-256. All other packets
 * are the test's own, in both directions. There is no I/O: bytes of the client go in by far_sshd_feed, bytes for the client
 * come out in `out`, to which a test may append raw bytes as well. Keys are the same in each run.
 *
 *   BANNER -> PLAIN -> SECRET       the banner of the client is awaited; packets without keys; packets with keys
 */
#ifndef REMEX_TESTS_SSH_FAR_SSHD_H
#define REMEX_TESTS_SSH_FAR_SSHD_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { FAR_SSHD_DIGEST = 32, FAR_SSHD_BLOCK = 16, FAR_SSHD_MAX = 16 * 1024 * 1024 };

enum far_sshd_state { FAR_SSHD_BANNER, FAR_SSHD_PLAIN, FAR_SSHD_SECRET };

/* One direction. */
struct far_sshd_way {
	EVP_CIPHER_CTX *cipher; /* NULL: no keys yet */
	uint8_t mac[FAR_SSHD_DIGEST];
	uint32_t sequence;
};

struct far_sshd {
	enum far_sshd_state state; /* SECRET: the client has sent its NEWKEYS */
	struct buf in, out;
	struct far_sshd_way from_client, to_client, next; /* next: from_client, after its NEWKEYS */
	EVP_PKEY *host, *exchange;
	struct buf banner, our_init, their_init; /* what the exchange hash covers */
	bool init_sent;
	uint8_t session[FAR_SSHD_DIGEST];
	bool has_session;
	size_t length; /* of the packet whose first block is decrypted; 0: none is */
	struct buf packet; /* the packet that far_sshd_next has returned, or its first block */
};

/* Out of memory aborts, here and below. The banner and the first KEXINIT are in `out`. */
void far_sshd_init (struct far_sshd *sshd);
void far_sshd_free (struct far_sshd *sshd);

/* The line of known_hosts without the name of a host. */
void far_sshd_key (struct buf *line);

void far_sshd_feed (struct far_sshd *sshd, const void *bytes, size_t n);

/* The next packet of the client that is no part of a key exchange; valid until the next call. 1; 0: none is there; -1: the
 * client breaks the rules. */
int far_sshd_next (struct far_sshd *sshd, const uint8_t **payload, size_t *n);

/* Send a packet. */
void far_sshd_send (struct far_sshd *sshd, const void *payload, size_t n);

/* Begin a key exchange, if none goes on. */
void far_sshd_rekey (struct far_sshd *sshd);

#endif
