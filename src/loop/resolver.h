/* resolver - from the name of a host to its addresses, by getaddrinfo(3). That call blocks and cannot be interrupted,
 * so each lookup runs in a thread of its own. At most RESOLVER_THREADS run at once; the other lookups wait.
 *
 * A lookup goes WAITING -> RUNNING -> done. The resolver owns it: it is freed after its `done`, or after lookup_cancel.
 * Every function and every callback here runs in the thread of the loop. The threads call getaddrinfo(3) and nothing of
 * the caller's, with all signals blocked. resolver_free waits for none of them: a thread that is still in
 * getaddrinfo(3) then ends by itself, at the latest when the process ends.
 */
#ifndef REMEX_LOOP_RESOLVER_H
#define REMEX_LOOP_RESOLVER_H

#include <netdb.h>
#include <uv.h>

enum { RESOLVER_THREADS = 16 };

struct resolver;
struct lookup;

struct lookup_ops {
	/* The lookup no longer waits and its thread runs: clocks may start. It may be called before resolver_look_up
	 * returns. */
	void (*started) (void *arg);
	/* status: 0, or an EAI_ number of getaddrinfo(3). The resolver owns `found`; it is NULL unless status is 0. */
	void (*done) (void *arg, int status, const struct addrinfo *found);
};

/* NULL: out of memory. */
struct resolver *resolver_new (uv_loop_t *loop);

/* Cancel every lookup; no callback is called any more. The loop must run once more, so that libuv closes its handle.
 * NULL is allowed. */
void resolver_free (struct resolver *resolver);

/* Look up host and port (a number). `done` is called later, never during this call. NULL: out of memory. */
struct lookup *resolver_look_up (
	struct resolver *resolver, const char *host, const char *port, const struct lookup_ops *ops, void *arg);

/* Call none of its ops any more. NULL is allowed. */
void lookup_cancel (struct lookup *lookup);

#endif
