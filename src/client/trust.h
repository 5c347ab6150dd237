/* trust - both sides of a TLS connection prove a key, and neither goes by names or dates: ours is id.pem, the host's is
 * pinned (keystore.h). A host that is not pinned, or not by the key it shows, is not spoken to, and is not shown our key.
 */
#ifndef REMEX_CLIENT_TRUST_H
#define REMEX_CLIENT_TRUST_H

#include <stdbool.h>

#include "net/key.h"
#include "remex/client.h"

struct tls_context;

/* The key that a host over TCP has shown and the one that it should have. */
struct proof {
	bool probe; /* remex_probe: only to see the key */
	bool pinned, seen; /* `pin`, `key` are known */
	struct key pin, key;
	char *certificate; /* of a host that is not pinned, as PEM */
	char line[KEY_LINE_SIZE], print[KEY_PRINT_SIZE], pin_print[KEY_PRINT_SIZE];
};

/* Read the pin of the host and, unless this is a probe, our own key. 0, or -1 and error. */
int trust_prepare (struct remex_host *host, struct remex_error *error);

/* The settings of TLS for this host; NULL and error. */
struct tls_context *trust_context (struct remex_host *host, struct remex_error *error);

/* A tls_judge; arg is the host. */
bool trust_judge (void *arg, const struct key *key);

/* The handshake is done. 0: go on. -1 and error: the host is not pinned, or it was a probe and that was all. */
int trust_check (struct remex_host *host, struct remex_error *error);

/* TLS has ended with an error: why, in words that say what to do about it. The code is "" where there is none. */
void trust_explain (const struct remex_host *host, struct remex_error *error);

/* Free what a struct remex has of keys. There is no connection any more: a context outlives its connections (net/tls.h). */
void trust_free (struct remex *remex);

#endif
