/* proxy - a command whose standard input and output lead to a remexd: `ssh -W web1:7363 gateway`.
 *
 * The command is a line for sh(1). One end of a socket pair is its standard input and output, the other end is the host's.
 * Its standard error is read to its end, and the last line is kept for messages. It has a session of its own, without a
 * terminal, so that it cannot ask for anything. It lives as long as the host: it is killed with its process group when the
 * host has ended, and reaped, so that no zombie is left; and the kernel kills it when we end (PR_SET_PDEATHSIG).
 *
 *   RUNNING -> OVER     the command has exited; or the host waits for its end, and a second has passed
 */
#ifndef REMEX_CLIENT_PROXY_H
#define REMEX_CLIENT_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct proxy;
struct remex_host;

/* Start the command; *fd is the host's end, which the caller owns: close-on-exec, and not non-blocking. NULL and err. */
struct proxy *proxy_start (struct remex_host *host, const char *command, int *fd, struct err *err);

/* The stream has ended. Does the host have to wait for the command's end, so that it can report how the command ended?
 * If so, the host is woken when it is OVER: by its dialer's `wake` while it is HOST_CONNECTING, else by host_ready.
 * NULL: no. */
bool proxy_awaited (struct proxy *proxy);

/* How the command ended, and what it said last, for the end of a message: "; the proxy command ended with status 255:
 * Connection refused". "" when it runs and has said nothing, and for NULL. Returns out. */
char *proxy_words (const struct proxy *proxy, char *out, size_t size);

/* Kill the command if it runs, reap it, and free the proxy. NULL is allowed. */
void proxy_end (struct proxy *proxy);

#endif
