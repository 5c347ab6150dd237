/* failure - why something could not be done through ssh. It is the `code` of a struct err in this room, and a word on the
 * control socket (wire/ssh_records.h).
 */
#ifndef REMEX_SSH_FAILURE_H
#define REMEX_SSH_FAILURE_H

#include <libssh2.h>
#include <stdbool.h>

#include "base/err.h"

enum failure {
	FAILURE_UNREACHABLE, /* no connection, or it has ended */
	FAILURE_UNTRUSTED, /* the host's key is not known, or is another one */
	FAILURE_TRUSTED, /* the host's key is the known one, and more was not asked */
	FAILURE_DENIED, /* sshd does not let the user in, or refuses what the user asks for */
	FAILURE_BUSY, /* sshd has too many connections or channels: later may help */
	FAILURE_INTERNAL, /* of this machine: no memory, no descriptors */
};

/* The word: "unreachable", "untrusted", "trusted", "denied", "busy", "internal". */
const char *failure_word (enum failure failure);

/* Is that result of a libssh2 call about one channel only? The session can be used further. */
bool failure_is_of_channel (int result);

/* Fill err from the last error of libssh2: "WHAT: the text of libssh2". Always returns -1. */
int failure_of_session (LIBSSH2_SESSION *raw, const char *what, struct err *err);

#endif
