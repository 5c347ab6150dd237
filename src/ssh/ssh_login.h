/* ssh_login - who the server is, and who we are: the judgement of its key (known_hosts.h), and the user's own keys.
 *
 * The keys of the agent are offered first, then the identity files that exist; a passphrase is asked for when the server would
 * take the key (keyring.h). Where no key has helped, a password is asked for, unless the server takes none. Where nobody can be
 * asked, the error names the key and says so.
 */
#ifndef REMEX_SSH_SSH_LOGIN_H
#define REMEX_SSH_SSH_LOGIN_H

#include <libssh2.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "ssh/agent_link.h"
#include "ssh/keyring.h"
#include "ssh/public_key.h"

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
	const char *known_own; /* the one that the user's new keys go to; NULL: none */
	bool hash_known; /* hash the names of new keys */
	char *address; /* how a user names it: "ssh://HOST[:PORT]", or "--via GATEWAY ssh://HOST[:PORT]" */
	char *ignored; /* what of the configuration does not count, for the user; NULL: nothing */
};

/* Fill in. user "", port 0: not said. 0; or -1 and err (enum failure), and *login is empty. */
int login_host_find (struct login_host *login, const char *user, const char *host, uint16_t port, struct err *err);
void login_host_free (struct login_host *login);

struct login;

/* A login to that host, which has to live as long, as the agent and the keyring have. `stir` is called when login_step may go
 * on although nothing has come from the server. NULL and err. */
struct login *login_new (const struct login_host *host, struct agent_link *agent, struct keyring *keyring,
	void (*stir) (void *arg), void *arg, struct err *err);
void login_free (struct login *login);

/* The algorithms to ask the server for, so that it shows a key that can be compared; NULL: no key of it is known. */
const char *login_key_types (const struct login *login);

/* What a host has shown, where its key is the reason for an end. */
struct login_shown {
	char *key; /* "TYPE BASE64" */
	char known[PUBLIC_KEY_PRINT_SIZE]; /* the fingerprint of the known one; "": none is known */
};

/* Is this the key of the host? 0; or -1 and err, with both fingerprints where the key has changed. shown->key is then in
 * new memory, which the caller frees; NULL: a line for this key would change nothing. For a `probe` it is never 0. */
int login_judge (
	struct login *login, const uint8_t *key, size_t n, bool probe, struct login_shown *shown, struct err *err);

/* Add a line to the user's file of known hosts (known_hosts_file.h) that makes the key ("TYPE BASE64") known. 0, or -1
 * and err. */
int login_trust (const struct login_host *host, const char *key, struct err *err);

/* Log in, as far as is possible now. 2: a person is being asked, and no time counts; 1: done; 0: call again; -1 and err. The
 * abstract of the session is a struct session_memory. */
int login_step (struct login *login, LIBSSH2_SESSION *raw, struct err *err);

#endif
