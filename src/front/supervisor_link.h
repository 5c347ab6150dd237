/* supervisor_link - the front's link to the supervisor: what the front asks for, and what it is told (wire/records.h).
 *
 * The end of this link is the end of the front: without a supervisor there is nobody to make workers or to kill them. What
 * a record means is not known here: each type has a handler, from a table of the owner's.
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

/* A record of that type has come; the descriptors that the handler takes it sets to -1. */
struct supervisor_handler {
	uint32_t type; /* 0: the end of the table */
	void (*take) (struct front *front, struct packet *packet);
};

struct supervisor_link {
	uv_loop_t *loop;
	int fd;
	const struct supervisor_handler *handlers;
	struct front *front; /* for the handlers */
	struct watch *watch;
	struct list deferred; /* records that wait for the loop */
	struct timer *deferred_timer;
	pid_t supervisor;
	struct timer *silence_timer; /* when the supervisor has been silent for too long */
	bool silent; /* it is, and that was logged */
};

/* The descriptor is owned from now on. The parent of this process is the supervisor. */
void supervisor_link_init (struct supervisor_link *link, uv_loop_t *loop, int fd,
	const struct supervisor_handler *handlers, struct front *front);
void supervisor_link_free (struct supervisor_link *link);

/* Wait for records, and take them, until *enough: before the loop runs. */
void supervisor_link_wait (struct supervisor_link *link, const bool *enough);

/* Watch the link, and tell the supervisor that the front accepts clients, and which instance it is (front_state.h). */
void supervisor_link_ready (struct supervisor_link *link, const char *instance);

/* Ask for a worker of that user, for the identity `you`; `peer` is the Unix peer's socket that proves the right to it, or
 * -1. 0; -1 when the socket cannot be sent now (ETOOMANYREFS): try again soon. */
int supervisor_link_ask (struct supervisor_link *link, uint64_t request, const char *you, uid_t uid, int peer);

/* Ask for a reload, answered by RELOADED; write a line into the audit trail: about the request that starts (answered by
 * AUDITED), or the one that ends; 0: about none. */
void supervisor_link_reload (struct supervisor_link *link, uint64_t request);
void supervisor_link_audit (struct supervisor_link *link, uint64_t starts, uint64_t ends, const void *line, size_t n);

/* Let an idle worker leave; stop a busy one and all beneath it. */
void supervisor_link_release (struct supervisor_link *link, uint64_t serial);
void supervisor_link_stop (struct supervisor_link *link, uint64_t serial, int64_t grace_ms);

#endif
