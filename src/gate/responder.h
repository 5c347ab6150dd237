/* responder - answers the queries of discovery (doc/protocol.md, section 15) on the sockets that the supervisor has opened.
 *
 * An answer goes to the address that the query came from, by the interface and from the address where it arrived, and names the
 * port of a TCP listener that is open at that address: where there is none, there is no answer. query_rate.h bounds the
 * answers. The queries that are read are bounded, too: beyond that the sockets are not looked at for a moment, and the
 * kernel drops what does not fit into their buffers. So a flood costs neither memory nor the time of clients.
 */
#ifndef REMEX_GATE_RESPONDER_H
#define REMEX_GATE_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/token_bucket.h"
#include "gate/query_rate.h"
#include "wire/discovery.h"

struct gate;
struct responder;
struct timer;
struct watch;

enum { RESPONDER_SOCKETS = 2 }; /* IPv4, IPv6 */

struct responder_socket {
	struct responder *responder;
	int fd; /* -1: none */
	struct watch *watch;
};

/* All zero: it does not answer. */
struct responder {
	struct gate *gate; /* whose listeners and key are told */
	struct responder_socket sockets[RESPONDER_SOCKETS];
	size_t n_sockets;
	struct discovery_answer answer; /* name and key */
	struct query_rate rate;
	struct token_bucket reads;
	struct timer *pause_timer; /* until the sockets are looked at again */
};

/* Answer on these sockets from now on (owned then), in place of others, by this name of the machine. The gate has its host key.
 * 0; or -1 and err, where nothing is owned and nothing is answered. */
int responder_start (
	struct responder *responder, struct gate *gate, const int *fds, size_t n, const char *name, struct err *err);

/* Close the sockets. */
void responder_stop (struct responder *responder);

#endif
