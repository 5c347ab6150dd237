/* gate - admission of clients: the connected clients, the clients in the handshake, and the decision about one more.
 *
 *   Unix socket   accept --uid of the peer--> identity --gate_admit--> connected
 *   TCP           accept --gate_admit_stranger--> TLS handshake --proved key--> identity --gate_admit--> connected
 *
 * All caps on clients are here (gate.c); doc/security.md has the table of them. access.h has the identities and their
 * rights, throttle.h the addresses that fail too often. listener.h accepts, handshake.h leads a TCP client to a proved
 * key. The gate knows no message and no request: its owner, the front, gives it a row of operations.
 *
 * The gate owns its listeners, the clients in the handshake, the identities, the host key and the TLS settings. A
 * connected client belongs to the owner, and is counted from gate_enter to gate_leave.
 */
#ifndef REMEX_GATE_GATE_H
#define REMEX_GATE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "gate/access.h"
#include "gate/grants.h"
#include "gate/listener.h"
#include "gate/throttle.h"
#include "loop/loop.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "net/stream.h"
#include "net/tls.h"
#include "wire/codes.h"

struct gate;

/* A client that has a connection. */
struct gate_client {
	struct list node; /* of the gate's clients */
	struct gate *gate;
	struct identity *identity; /* a reference */
	bool remote; /* the client came over TCP, from `from` and with `key` */
	struct endpoint from;
	struct key key;
	bool refused; /* the client is not admitted; its connection only reports the reason */
};

/* A refused client, for the log and the audit trail. */
struct gate_refusal {
	const struct endpoint *from; /* NULL: the Unix socket */
	const struct key *key; /* the client's key, or NULL */
	const char *you; /* the name of its identity, or NULL */
	const char *why;
	bool looked; /* the client showed no key, as `remex trust` does: no failure */
};

/* Calls of the gate to its owner; `arg` is gate->arg. None of them may free the gate. */
struct gate_ops {
	/* A client is connected. The stream and the reference to who->identity are the owner's from now on; the owner
	 * copies *who and calls gate_enter. who->refused: tell the client `err`, then close. */
	void (*connected) (void *arg, struct stream *stream, const struct gate_client *who, const struct err *err);
	/* A client on the Unix socket gets no connection: tell it why, without blocking. The owner closes the
	 * descriptor. */
	void (*send_refusal) (void *arg, int fd, enum code code, const char *text);
	void (*on_refused) (void *arg, const struct gate_refusal *refusal);
	/* An identity of a connected client has expired, or the clock was set: call gate_review. */
	void (*on_expiry) (void *arg);
	/* From gate_review: a connected client may not stay; `err` is the reason. */
	void (*on_revoked) (void *arg, struct gate_client *client, const struct err *err);
};

struct gate_limits {
	int connections; /* of all clients */
	int connections_each; /* of one identity that is no administrator */
	int64_t descriptors; /* of all clients and listeners */
	int64_t handshake_ms; /* from accept to a proved key */
	struct throttle_limits throttle;
};

struct gate {
	uv_loop_t *loop;
	const struct gate_ops *ops;
	void *arg;
	struct gate_limits limits;
	struct access access;
	struct throttle *throttle;
	struct credential *host_key; /* NULL: no TCP */
	struct tls_context *tls;

	struct listener_watch listeners[LISTENERS_MAX];
	int n_listeners, reserve; /* reserve: a spare descriptor to answer a client when none is left */
	struct timer *pause_timer;
	struct list handshakes; /* the oldest first */

	struct list clients;
	int n_connections; /* admitted clients */
	int n_refused; /* clients that are connected only to read why they are refused */
	uint64_t turned_away; /* clients over TCP that were refused before any handshake */
	struct timer *expiry_timer;
	int64_t expiry_at; /* Unix seconds: when the next identity of a client expires; 0: never */
};

/* daemon: the uid of the supervisor. 0, or -1 (memory, random numbers). */
int gate_init (struct gate *gate, uv_loop_t *loop, const struct gate_ops *ops, void *arg, uid_t daemon);
void gate_free (struct gate *gate);

/* Set the limits for all new clients. */
void gate_set_limits (struct gate *gate, const struct gate_limits *limits, int64_t now_ms);

/* Take the host key (owned from now on), so that clients may connect over TCP. 0, or -1 and err. */
int gate_set_host_key (struct gate *gate, struct credential *key, struct err *err);

/* --- admission ---------------------------------------------------------------------------------------------------- */

/* The number of descriptors of clients: of connections, and of clients in the handshake over TCP. */
int64_t gate_descriptors (const struct gate *gate);

/* Another client over TCP, of which only the address is known. ADMIT_FULL: the client may come in if the oldest
 * handshake is ended for it. ADMIT_IN counts the client: give *source back with throttle_leave. */
enum gate_verdict {
	ADMIT_IN,
	ADMIT_FULL,
	ADMIT_CROWDED, /* too many handshakes from that address */
	ADMIT_PENALISED, /* that address has failed too often */
	ADMIT_NO_DESCRIPTORS,
};
enum gate_verdict gate_admit_stranger (
	struct gate *gate, const struct endpoint *from, int64_t now_ms, struct throttle_source **source);

/* May that identity have one more connection? A remote client still counts among the handshakes. 0, or -1 and err
 * (CODE_BUSY). */
int gate_admit (const struct gate *gate, const struct identity *identity, struct err *err);

/* May a client with that key, which is not admitted, have a connection to read why? */
bool gate_admit_refused (const struct gate *gate, const struct key *key);

/* --- connected clients -------------------------------------------------------------------------------------------- */

/* A client has its connection, and counts from now on. *client is a copy of the argument of `connected`. */
void gate_enter (struct gate *gate, struct gate_client *client);

/* The connection is closed: stop counting the client, and release its identity. */
void gate_leave (struct gate_client *client);

/* Check every connected TCP client by the rules for a new connection; call on_revoked for each that may not stay. */
void gate_review (struct gate *gate, int64_t now);

#endif
