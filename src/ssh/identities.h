/* identities - with which keys to log in, and in which order: those of the agent and those of files.
 *
 * As for ssh(1): first the keys of the agent that a file names as well, in the order of the files; then the other keys of
 * the agent, unless only those of files are wanted (IdentitiesOnly); then the files whose key the agent does not have.
 * A key that libssh2 can use with older servers only comes after all others, because each try counts for the server
 * (MaxAuthTries). A key that it cannot use at all is left out and counted.
 */
#ifndef REMEX_SSH_IDENTITIES_H
#define REMEX_SSH_IDENTITIES_H

#include <stdbool.h>
#include <stddef.h>

#include "ssh/agent.h"
#include "ssh/public_key.h"

/* A file with a private key. */
struct private_key_file {
	const char *path;
	const struct public_key *key; /* what its .pub file says; NULL: there is none, and the key is not known yet */
};

/* What to try. */
struct identity_choice {
	const struct public_key *key; /* NULL: a file whose key is not known yet */
	const char *path; /* of the file; NULL: no file names the key */
	const char *comment; /* of the key in the agent; NULL: the agent does not have it, and the file is used */
};

/* Fill `choices`, which has room for n_files and agent->n together. The pointers lead into files and agent, which may be
 * NULL. *unused: how many keys were left out. Returns the number of choices. */
size_t identities_order (const struct private_key_file *files, size_t n_files, const struct agent_keys *agent,
	bool only, struct identity_choice *choices, size_t *unused);

#endif
