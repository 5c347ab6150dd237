/* ssh_pool - sessions, and who uses them. Everything for the same user, host and port shares sessions: a session has at
 * most SESSION_CHANNELS channels, then there is a further session.
 *
 * A request waits in its peer until a session has room, and is then a channel. libssh2 opens one channel at a time in a
 * session, and a host behind a gateway that does not answer holds that session's next opening up for as long as the
 * gateway tries to connect. So when an opening takes longer than POOL_PATIENCE_MS, the others get a further session.
 *
 * A session to a machine behind others (ProxyJump) goes through a channel of a session to the last one of them: there the
 * channel is a request as any other, with one end of a socket pair that the session has as its connection.
 *
 * A server that has too many connections (MaxStartups) or takes no more channels (MaxSessions) is asked again after a
 * pause that doubles (R13), a bounded number of times.
 */
#ifndef REMEX_SSH_SSH_POOL_H
#define REMEX_SSH_SSH_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "net/endpoint.h"
#include "ssh/keyring.h"
#include "ssh/ssh_channel.h"

enum {
	POOL_SESSIONS = 16, /* of one peer, at most */
	POOL_PATIENCE_MS = 250,
	POOL_TRIES = 7, /* of a connection that is refused for now: 6.3 s of pauses */
	POOL_PAUSE_MS = 100, /* the first pause */
	POOL_HOPS = ENDPOINT_GATEWAYS, /* hosts on the way, at most */
	POOL_IDLE_MS = 10000, /* how long a session without channels stays */
};

struct ssh_pool;
struct ssh_reach; /* one request */

/* What is to be reached, and from where. The strings are copied. */
struct ssh_pool_target {
	const char *user; /* "": as ~/.ssh/config says, else the caller's own name */
	const char *host; /* a name, an alias of ~/.ssh/config, or an address without brackets */
	uint16_t port; /* of its sshd; 0: as ~/.ssh/config says, else 22 */
	const char *via; /* hosts on the way there, as in ProxyJump; "none"; NULL: as ~/.ssh/config says */
	bool probe; /* only the key of the sshd is asked for: `failed` tells, with "trusted" or "untrusted" */
	const char *command; /* an exec request there, or NULL: */
	bool shell; /* the login shell there, or false: */
	const char *subsystem; /* a subsystem of its sshd, or NULL: */
	const char *to_host; /* a connection from there to this host */
	uint16_t to_port;
	const struct tty *tty; /* of the command or the shell, or NULL */
	const char *const *env; /* of the shell, as in ssh_channel.h, or NULL */
};

struct ssh_pool_ops {
	/* Bytes flow. */
	void (*opened) (void *arg);
	/* As in ssh_channel.h; only for ssh_pool_open. */
	void (*ready) (void *arg);
	/* They never will, or (after opened) they do no longer. err->code is an enum failure; `how` is NULL where it was not
	 * opened. The last call. After opened, all bytes have been delivered, and the socket is closed behind the call. */
	void (*failed) (void *arg, const struct ssh_exit *how, const struct err *err);
};

/* `ask` puts a question to a person (keyring.h); NULL: nobody can be asked. NULL: out of memory. */
struct ssh_pool *ssh_pool_new (uv_loop_t *loop, void (*ask) (void *arg, uint64_t id, const char *question), void *arg);

/* The answer to a question; `secret` is wiped by the caller. */
void ssh_pool_answer (struct ssh_pool *pool, uint64_t id, enum keyring_answer answer, const char *secret);

/* End everything, without a word. The loop must run once more. */
void ssh_pool_free (struct ssh_pool *pool);

/* Reach a target; bytes go between it and the socket `fd`, which the pool owns from now on. When the other end of the
 * socket is closed, the request ends. Nothing is called before the loop runs. 0; or -1 and err, and fd stays the
 * caller's. */
int ssh_pool_reach (struct ssh_pool *pool, const struct ssh_pool_target *target, int fd, const struct ssh_pool_ops *ops,
	void *arg, struct err *err);

/* What the user should be told of the configuration of ssh: once for the pool, after a request. The caller frees it; NULL:
 * nothing, or nothing new. */
char *ssh_pool_remark (struct ssh_pool *pool);

/* Make a key ("TYPE BASE64") that the host of a target has shown one of its known keys. 0, or -1 and err. */
int ssh_pool_trust (const struct ssh_pool_target *target, const char *key, struct err *err);

/* The key ("TYPE BASE64") that the host of a target has shown, where that is the reason for a `failed`: during that call. *known
 * is the fingerprint of the known one, "" where none is known. false: the key is not the reason, or cannot be trusted. */
bool ssh_pool_shown (
	const struct ssh_pool *pool, const struct ssh_pool_target *target, const char **key, const char **known);

/* The same without a socket: the caller reads and writes the channel (ssh_reach_channel), in this process. NULL and err. */
struct ssh_reach *ssh_pool_open (struct ssh_pool *pool, const struct ssh_pool_target *target,
	const struct ssh_pool_ops *ops, void *arg, struct err *err);

/* The channel of a request of ssh_pool_open, for the owner's calls of ssh_channel.h but ssh_channel_abandon: valid from
 * `opened` until `failed`. */
struct ssh_channel *ssh_reach_channel (const struct ssh_reach *reach);

/* Give up such a request, before `failed`: no op is called any more. What runs over there is not ended by that. */
void ssh_reach_abandon (struct ssh_reach *reach);

#endif
