/* session_memory - the memory of one session of libssh2, which is freed as a whole when the session ends: libssh2 1.10 forgets
 * blocks, with each key exchange and where one fails.
 *
 * It has a maximum: libssh2 queues messages that it does not know, and a hostile server could take all memory of remex-ssh,
 * and with it all other hosts. Above the maximum an allocation fails, which ends the session.
 *
 * A struct session_memory is the first member of what a session's `abstract` points to. Blocks are wiped before they are freed
 * while `secret` is set, because libssh2 copies passwords.
 */
#ifndef REMEX_SSH_SESSION_MEMORY_H
#define REMEX_SSH_SESSION_MEMORY_H

#include <libssh2.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

enum { SESSION_MEMORY_MAX = 32 * 1024 * 1024 }; /* bytes, as a rule; without a flood there are less than 2 MiB */

struct session_memory {
	struct list blocks;
	size_t used; /* bytes, with what each block costs */
	size_t most; /* bytes */
	bool greedy; /* more than the maximum was asked for */
	bool secret;
	void *login; /* for the callbacks of a login (ssh_login.c) */
};

void session_memory_init (struct session_memory *memory, size_t most);
void session_memory_free (struct session_memory *memory); /* all blocks; the session must not be used any more */

/* For libssh2_session_init_ex; and for what its callbacks give to libssh2, which frees it. */
LIBSSH2_ALLOC_FUNC (session_memory_alloc);
LIBSSH2_REALLOC_FUNC (session_memory_realloc);
LIBSSH2_FREE_FUNC (session_memory_release);

#endif
