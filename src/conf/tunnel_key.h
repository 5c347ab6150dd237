/* tunnel_key - the values of remexd.yaml's section `tunnel`: the bastion, what it listens on, and the fingerprint of its
 * host key. */
#ifndef REMEX_CONF_TUNNEL_KEY_H
#define REMEX_CONF_TUNNEL_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/schema.h"

enum { TUNNEL_HOST_MAX = 255, TUNNEL_USER_MAX = 64 }; /* characters */

/* The section `tunnel`: a connection to an sshd that is kept open, and that leads clients back to this remexd. */
struct config_tunnel {
	char *user, *host; /* of the bastion; NULL: there is no tunnel */
	uint16_t port; /* of its sshd */
	char *listen; /* what the bastion listens on (RFC 4254, 7.1): a host, an address, or "": all addresses */
	uint16_t listen_port; /* 0: the bastion chooses */
	char *key; /* the file of the private key, absolute; NULL: the caller's default */
	char *known_hosts; /* absolute; NULL: the caller's default */
	char *host_key; /* the fingerprint of the bastion's host key, "SHA256:…", in place of known_hosts; or NULL */
	int64_t keepalive_ms; /* of silence before the bastion is asked for an answer; given up after three times that */
};

void config_tunnel_free (struct config_tunnel *tunnel);

/* Do both say the same? */
bool config_tunnel_equal (const struct config_tunnel *a, const struct config_tunnel *b);

extern const struct schema_type tunnel_ssh_type; /* struct config_tunnel: user, host, port */
extern const struct schema_type tunnel_listen_type; /* struct config_tunnel: listen, listen_port */
extern const struct schema_type tunnel_print_type; /* char *, NULL: none */

#endif
