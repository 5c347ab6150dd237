/* supervisor_link - the front's link to the supervisor: what it asks for, what it is told (wire/records.h).
 *
 * The end of this link is the end of the front: without a supervisor there is nobody to make workers or to kill them.
 */
#ifndef REMEX_FRONT_SUPERVISOR_LINK_H
#define REMEX_FRONT_SUPERVISOR_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct front;

/* Wait for the configuration and the verbs: nothing can be done without. */
void supervisor_link_start (struct front *front, int link);

/* Ask for a worker of that user, for the identity `you`; `peer` is the Unix peer's socket that proves the right to it, or -1. 0; -1 when the
 * socket cannot be sent now (ETOOMANYREFS): try again soon. */
int supervisor_link_ask (struct front *front, uint64_t request, const char *you, uid_t uid, int peer);

/* Ask for a reload, answered by RELOADED; write a line into the audit trail, answered by AUDITED (`request` 0: not). */
void supervisor_link_reload (struct front *front, uint64_t request);
void supervisor_link_audit (struct front *front, uint64_t request, const void *line, size_t n);

/* Let an idle worker leave; stop a busy one and all beneath it. */
void supervisor_link_release (struct front *front, uint64_t serial);
void supervisor_link_stop (struct front *front, uint64_t serial, int64_t grace_ms);

/* Wait for the rest (listeners, or the connection), watch the link, and say that the front accepts. */
void supervisor_link_ready (struct front *front);

/* Forget what was received and not taken. */
void supervisor_link_end (struct front *front);

#endif
