/* ssh_helper - the program remex-ssh (src/ssh/remex_ssh.c), which holds all sessions of ssh of one struct remex, and the
 * tunnels that it makes: sockets whose other end is a remexd, or a host and port, on the far side of a session.
 *
 *   tunnel    WAITING -> OPEN -> ENDED        or WAITING -> ENDED
 *
 * The program is started for the first tunnel. It is linked with libssh2, and this library is not: a hostile sshd meets
 * that process only. When it ends, its tunnels end; the next tunnel starts it again.
 */
#ifndef REMEX_CLIENT_SSH_HELPER_H
#define REMEX_CLIENT_SSH_HELPER_H

#include <stdint.h>

#include "base/err.h"

struct remex;
struct ssh_helper;
struct tunnel;

enum { TUNNEL_USER = 64, TUNNEL_HOST = 255, TUNNEL_VIA = 512 };

/* ssh://[USER@]HOST[:PORT], and the machines on the way to its sshd */
struct ssh_address {
	char user[TUNNEL_USER + 1]; /* "": not said */
	char host[TUNNEL_HOST + 1]; /* without brackets */
	uint16_t port; /* 0: not said */
	char via[TUNNEL_VIA + 1]; /* as in ProxyJump: "ssh://[USER@]HOST[:PORT],…"; "": not said */
};

struct tunnel_ops {
	/* The tunnel is open; the callee owns fd, a stream socket. */
	void (*opened) (void *arg, int fd);
	/* It was never open. The code is that of a struct remex_error; "" stands for "unreachable". */
	void (*failed) (void *arg, const char *code, const char *text);
	/* The key of the sshd ("TYPE BASE64") is the reason for the `failed` that follows; `known` is the fingerprint of the
	 * known one, "" where none is known. NULL: it is not asked for. */
	void (*shown) (void *arg, const char *key, const char *known);
};

/* Begin a tunnel from the machine `from` to its own remexd (host NULL), or to host:port. The ops are called later, never
 * during this call. NULL and err: remex-ssh cannot be started, or was not built. */
struct tunnel *tunnel_new (struct remex *remex, const struct ssh_address *from, const char *host, uint16_t port,
	const struct tunnel_ops *ops, void *arg, struct err *err);

/* The same, only to be shown the key of the sshd: it always fails, with the code "trusted" or "untrusted", or for another
 * reason. */
struct tunnel *tunnel_probe (
	struct remex *remex, const struct ssh_address *to, const struct tunnel_ops *ops, void *arg, struct err *err);

/* Make a key ("TYPE BASE64") that the machine has shown a known one, in known_hosts. It waits for the program, for at most
 * ten seconds; ops of tunnels may be called. 0, or -1 and err. */
int ssh_helper_trust (struct remex *remex, const struct ssh_address *to, const char *key, struct err *err);

/* Forget it: no op is called any more. A tunnel that is not open is given up. NULL is allowed. */
void tunnel_free (struct tunnel *tunnel);

/* Its stream has ended: why? "" where nothing is known. The text lives as long as the tunnel. */
const char *tunnel_end (struct tunnel *tunnel);

/* End the program. All tunnels must be freed. The loop must run once more. NULL is allowed. */
void ssh_helper_free (struct ssh_helper *helper);

#endif
