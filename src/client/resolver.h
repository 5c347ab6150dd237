/* resolver - from the name of a host to its addresses, by getaddrinfo(3), which blocks and cannot be interrupted: each
 * lookup runs in a thread of its own, at most RESOLVER_THREADS at once, the others wait in line.
 *
 * A lookup goes WAITING -> RUNNING -> done. The resolver owns it: it is freed behind its `done`, or after
 * lookup_cancel. Every function here, and every callback, belongs to the thread of the loop. The threads call
 * getaddrinfo(3) and nothing of the caller's, with all signals blocked. resolver_free waits for none of them: a thread that is still
 * in getaddrinfo(3) then ends by itself, at the latest when the process does.
 */
#ifndef REMEX_CLIENT_RESOLVER_H
#define REMEX_CLIENT_RESOLVER_H

#include <netdb.h>
#include <uv.h>

enum { RESOLVER_THREADS = 16 };

struct resolver;
struct lookup;

struct lookup_ops {
	/* The lookup has left the line and its thread runs: clocks may start. It may be called
	 * before resolver_look_up returns. */
	void (*started) (void *arg);
	/* status: 0, or an EAI_ number of getaddrinfo(3). `found` is the resolver's, NULL unless status is 0. */
	void (*done) (void *arg, int status, const struct addrinfo *found);
};

/* NULL without memory. */
struct resolver *resolver_new (uv_loop_t *loop);

/* Forget every lookup; no callback is called any more. The loop must run once more, so that libuv closes its handle.
 * NULL is allowed. */
void resolver_free (struct resolver *resolver);

/* Look up host and port (a number): `done` is called later, never from within. NULL without memory. */
struct lookup *resolver_look_up (
	struct resolver *resolver, const char *host, const char *port, const struct lookup_ops *ops, void *arg);

/* Its ops are not called any more. NULL is allowed. */
void lookup_cancel (struct lookup *lookup);

#endif
