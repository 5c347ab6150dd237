/* connector - a TCP connection to one of the addresses of a host: they are tried one after the other, and each of them gets its
 * share of the time that is left. The first one that accepts is used.
 *
 *   TRYING -> TRYING ... -> over: `connected`, or `failed` when no address or no time is left
 */
#ifndef REMEX_LOOP_CONNECTOR_H
#define REMEX_LOOP_CONNECTOR_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "net/endpoint.h"

enum { CONNECTOR_ADDRESSES = 16, CONNECTOR_WHY = 256 };

struct connector;

/* Why there is no connection. */
struct connector_end {
	char why[CONNECTOR_WHY]; /* "ADDRESS: error; ADDRESS: error"; "": nothing was tried */
	int error; /* errno of the last address; 0: nothing was tried */
	bool refused; /* an address has refused the connection */
};

/* Each is the last call, and may free the connector. */
struct connector_ops {
	void (*connected) (void *arg, int fd); /* the callee owns the socket, which is tuned (endpoint_tune) */
	void (*failed) (void *arg, const struct connector_end *end);
};

/* Begin; nothing is called before the loop runs. The n endpoints are copied, at most CONNECTOR_ADDRESSES of them. until_ms is
 * on the clock of clock_ms; a connection that is there by then counts, however late the loop is. NULL: out of memory. */
struct connector *connector_new (uv_loop_t *loop, const struct endpoint *endpoints, size_t n, int64_t until_ms,
	const struct connector_ops *ops, void *arg);
void connector_free (struct connector **connector); /* *connector may be NULL, and becomes NULL */

/* The different addresses of a lookup. Returns how many. */
size_t connector_addresses (const struct addrinfo *found, struct endpoint endpoints[CONNECTOR_ADDRESSES]);

#endif
