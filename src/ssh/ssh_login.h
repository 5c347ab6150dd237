/* ssh_login - who the server is, and who we are: the judgement of its key (known_hosts.h), and the user's own keys.
 *
 * The keys of the agent are offered first, then the identity files that exist. A key that needs a passphrase and is not in
 * the agent cannot be used, and the error says so.
 */
#ifndef REMEX_SSH_SSH_LOGIN_H
#define REMEX_SSH_SSH_LOGIN_H

#include <libssh2.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "ssh/agent_link.h"

/* What ~/.ssh/config and the caller say of a host. */
struct login_host {
	char *hostname; /* to connect to; in lower case */
	char *known_name; /* what known_hosts calls it: HostKeyAlias, else the hostname */
	uint16_t port;
	char *user;
	char *jump; /* ProxyJump: "[USER@]HOST[:PORT],…", the last one connects to the host; NULL: none */
	char **identities; /* paths of private keys, NULL behind the last */
	bool identities_only; /* no keys of the agent but these */
	bool agent; /* the agent of SSH_AUTH_SOCK is to be used */
	bool other_agent; /* IdentityAgent names another one, which is not used */
	char **known; /* files of known hosts, NULL behind the last */
};

/* Fill in. user "", port 0: not said. 0; or -1 and err (enum failure), and *login is empty. */
int login_host_find (struct login_host *login, const char *user, const char *host, uint16_t port, struct err *err);
void login_host_free (struct login_host *login);

struct login;

/* A login to that host, which has to live as long. `stir` is called when login_step may go on although nothing has come
 * from the server. NULL and err. */
struct login *login_new (
	const struct login_host *host, struct agent_link *agent, void (*stir) (void *arg), void *arg, struct err *err);
void login_free (struct login *login);

/* The algorithms to ask the server for, so that it shows a key that can be compared; NULL: no key of it is known. */
const char *login_key_types (const struct login *login);

/* Is this the key of the host? 0; or -1 and err, with both fingerprints where the key has changed. */
int login_judge (struct login *login, const uint8_t *key, size_t n, struct err *err);

/* Log in, as far as is possible now. 1: done; 0: call again; -1 and err. */
int login_step (struct login *login, LIBSSH2_SESSION *raw, struct err *err);

#endif
