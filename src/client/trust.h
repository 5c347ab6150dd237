/* trust - both sides of a TLS connection prove a key; names and dates do not count. Our key is id.pem, the host's key
 * is pinned (keystore.h). When a host is not pinned, or shows another key, nothing is sent to it and it is not shown
 * our key.
 */
#ifndef REMEX_CLIENT_TRUST_H
#define REMEX_CLIENT_TRUST_H

#include <stdbool.h>

#include "net/key.h"
#include "remex/client.h"

struct tls_context;

/* The key that a host over TCP has shown, and the key that is pinned for it. */
struct proof {
	bool probe; /* remex_probe: only look at the key */
	bool pinned, seen; /* `pin` is known; `key` is known */
	struct key pin, key;
	char *certificate; /* of a host that is not pinned, as PEM */
	char *ssh_key; /* of an sshd, as "TYPE BASE64"; NULL: none was shown */
	char line[KEY_LINE_SIZE], print[KEY_PRINT_SIZE], pin_print[KEY_PRINT_SIZE];
};

/* Read the pin of the host and, unless this is a probe, our own key. 0, or -1 and error. */
int trust_prepare (struct remex_host *host, struct remex_error *error);

/* The TLS settings for this host, or NULL and error. */
struct tls_context *trust_context (struct remex_host *host, struct remex_error *error);

/* A tls_judge; arg is the host. */
bool trust_judge (void *arg, const struct key *key);

/* The handshake is done. 0: continue. -1 and error: the host is not pinned, or this was a probe, which ends here. */
int trust_check (struct remex_host *host, struct remex_error *error);

/* The sshd of a host has shown this key ("TYPE BASE64"); `known` is the fingerprint of the key that known_hosts has for it, or
 * "". */
void trust_shown (struct remex_host *host, const char *key, const char *known);

/* TLS has ended with an error: the reason, and what to do about it. The code is "" where there is none. */
void trust_explain (const struct remex_host *host, struct remex_error *error);

/* Free the keys and TLS contexts of a struct remex. All its connections must be closed: a context outlives its
 * connections (net/tls.h). */
void trust_free (struct remex *remex);

#endif
