/* supervisor_link - the front's link to the supervisor: requests of the front, and records of the supervisor
 * (wire/records.h).
 *
 * The front ends when this link ends, because only the supervisor can make and kill workers. This file does not
 * interpret records: the owner gives a table with a handler for each type.
 */
#ifndef REMEX_FRONT_SUPERVISOR_LINK_H
#define REMEX_FRONT_SUPERVISOR_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/link.h"
#include "base/list.h"

struct front;
struct timer;
struct watch;

/* A record of that type has come. The handler sets each descriptor that it takes to -1. */
struct supervisor_handler {
	uint32_t type; /* 0: the end of the table */
	void (*take) (struct front *front, struct packet *packet);
};

struct supervisor_link {
	uv_loop_t *loop;
	int fd;
	int claims; /* for requests with a client's socket (daemon/claims.h); -1: not known yet */
	const struct supervisor_handler *handlers;
	struct front *front; /* for the handlers */
	struct watch *watch;
	struct list deferred; /* records that wait for the loop */
	struct timer *deferred_timer;
	pid_t supervisor;
	struct timer *silence_timer; /* expires when the supervisor has been silent for too long */
	bool silent; /* the supervisor is silent, and that was logged */
};

/* The link owns the descriptor from now on. The supervisor must be the parent of this process. */
void supervisor_link_init (struct supervisor_link *link, uv_loop_t *loop, int fd,
	const struct supervisor_handler *handlers, struct front *front);
void supervisor_link_free (struct supervisor_link *link);

/* Wait for records and take them until *enough is true. For use before the loop runs. */
void supervisor_link_wait (struct supervisor_link *link, const bool *enough);

/* Watch the link, and tell the supervisor that the front accepts clients, and its instance (front_state.h). */
void supervisor_link_ready (struct supervisor_link *link, const char *instance);

/* The link for claims (owned from now on). */
void supervisor_link_set_claims (struct supervisor_link *link, int fd);

/* Ask for a worker of that user. `peer` is the socket of the Unix peer, which proves the right to that user; -1: the
 * identity `you` proves it, or the daemon is not root's. 0; or -1 when the request cannot be sent now (EAGAIN,
 * ETOOMANYREFS): try again soon. */
int supervisor_link_ask (struct supervisor_link *link, uint64_t request, const char *you, uid_t uid, int peer);

/* Ask about jobs: `type` is one of REC_JOB_START to REC_JOB_KILL, with n bytes of `data`. The rest and the result as in
 * supervisor_link_ask; `you` "": no identity. */
int supervisor_link_job (struct supervisor_link *link, uint32_t type, uint64_t request, const char *you, uid_t uid,
	int peer, const void *data, size_t n);

/* Ask for a reload; the answer is RELOADED. Ask for a line in the audit trail, about the request that starts (the
 * answer is AUDITED) or ends; 0: no request. */
void supervisor_link_reload (struct supervisor_link *link, uint64_t request);
void supervisor_link_audit (struct supervisor_link *link, uint64_t starts, uint64_t ends, const void *line, size_t n);

/* Ask for a recorder for that request; the answer is RECORDER. */
void supervisor_link_record (struct supervisor_link *link, uint64_t request);

/* Let an idle worker leave; stop a busy worker and all processes beneath it. */
void supervisor_link_release (struct supervisor_link *link, uint64_t serial);
void supervisor_link_stop (struct supervisor_link *link, uint64_t serial, int64_t grace_ms);

#endif
