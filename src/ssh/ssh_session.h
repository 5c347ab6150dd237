/* ssh_session - one connection to an sshd: libssh2, which does no I/O of its own, in a loop of libuv.
 *
 *   CONNECTING -> HANDSHAKE -> LOGIN -> READY -> DEAD           from any of the first four to DEAD
 *
 * The loop owns the socket. libssh2 takes input from a buffer and puts output into a buffer, by callbacks: so a packet is
 * never sent in part, which libssh2 1.10 does not survive, and its idea of what to wait for does not count (R1, R2). After
 * each input all channels are stepped, because any call for one of them reads the input for all (R5).
 *
 * A session owns its channels until they are unlinked (ssh_channel.h). It ends with `ended`, once; then ssh_session_free.
 */
#ifndef REMEX_SSH_SSH_SESSION_H
#define REMEX_SSH_SSH_SESSION_H

#include <libssh2.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "ssh/ssh_channel.h"

enum {
	SESSION_CHANNELS = 32, /* at most: each step asks all of them, and a server has a maximum of its own */
	SESSION_CONNECT_MS = 10000, /* to any address */
	SESSION_HANDSHAKE_MS = 15000, /* from the connection to the keys of the session */
	SESSION_LOGIN_MS = 30000,
	SESSION_SILENCE_MS =
		15000, /* with channels: a keepalive after that much silence, the end after three times that */
};

struct ssh_session;

struct ssh_session_ops {
	/* The sshd has proved that it has this key. 0; or -1 and err: it is not the host's. */
	int (*judge) (void *arg, const uint8_t *key, size_t n, struct err *err);
	/* Log in. 1: done; 0: call again after the next input, or ssh_session_wake; 2: the same, and no time counts, because
	 * a person is being asked; -1 and err. The abstract of `raw` is a struct session_memory (session_memory.h). */
	int (*login) (void *arg, LIBSSH2_SESSION *raw, struct err *err);
	/* The user is logged in: channels may be opened. */
	void (*ready) (void *arg);
	/* A further channel can be opened now (ssh_session_has_room). */
	void (*roomy) (void *arg);
	/* The connection has ended, and all channels with it. err->code is an enum failure; `again`: the sshd has too many
	 * connections, and may take one later. The last call. It may free the session. */
	void (*ended) (void *arg, bool again, const struct err *err);
	/* For a session that is more than its channels; NULL: it is not. `pass`: do what can be done now, after the channels
	 * have been stepped: 1, 0, or -1 and err, as ssh_channel_step. `probe`: nothing has come for a while, and something
	 * should be asked that the server has to answer. */
	int (*pass) (void *arg, LIBSSH2_SESSION *raw, struct err *err);
	void (*probe) (void *arg);
};

/* Where to connect to, and what is known of the keys there. The strings are copied. */
struct ssh_session_target {
	const struct addrinfo *addresses; /* tried one after the other; copied */
	int fd; /* a connected socket in place of addresses, owned by the session from now on; -1: none */
	const char *key_types; /* a list of host key algorithms, the best first (R11); NULL: libssh2's own */
	int64_t silence_ms; /* in place of SESSION_SILENCE_MS; 0: not */
	size_t memory_max; /* bytes, in place of SESSION_MEMORY_MAX (session_memory.h); 0: not */
};

/* Begin to connect. Nothing is called before the loop runs. NULL and err; then fd stays the caller's. */
struct ssh_session *ssh_session_new (uv_loop_t *loop, const struct ssh_session_target *target,
	const struct ssh_session_ops *ops, void *arg, struct err *err);

/* Not while one of its ops but `ended` runs. All channels are lost, without a word. NULL is allowed. */
void ssh_session_free (struct ssh_session *session);

/* Something outside has happened that `login` waits for. */
void ssh_session_wake (struct ssh_session *session);

/* End it, with this reason: `ended` is called soon. */
void ssh_session_end (struct ssh_session *session, const struct err *err);

/* May a channel be opened? READY, none is being opened (R4), and fewer than SESSION_CHANNELS are there. */
bool ssh_session_has_room (const struct ssh_session *session);

/* The time at which the opening of a channel has begun that sshd has not answered yet; 0: there is none. */
int64_t ssh_session_opening_since (const struct ssh_session *session);

/* How many channels it has that are not stale. */
size_t ssh_session_n_channels (const struct ssh_session *session);

/* Open a channel; ssh_session_has_room. The channel owns the socket; fd -1: it has none (ssh_channel.h). NULL: out of memory,
 * and the socket stays the caller's. */
struct ssh_channel *ssh_session_open (struct ssh_session *session, const struct ssh_channel_target *target, int fd,
	const struct ssh_channel_ops *ops, void *arg);

/* The same for a channel that the server has opened, and that libssh2 has accepted. There is room in any case. */
struct ssh_channel *ssh_session_adopt (
	struct ssh_session *session, LIBSSH2_CHANNEL *raw, int fd, const struct ssh_channel_ops *ops, void *arg);

#endif
