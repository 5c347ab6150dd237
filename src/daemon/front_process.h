/* front_process - the front, from the supervisor's side: started, equipped, pinged, replaced.
 *
 * There is at most one front that the supervisor talks to. Its states follow from two members:
 *
 *   child.pid < 0                NONE: the next front may be started from retry_ms on
 *   link >= 0                    RUNNING: records go both ways; it is pinged
 *   child.pid >= 0, link < 0     ENDING: nothing is read from it any more; it is waited for, then killed
 *
 * A front that has missed a record is `deaf`: it would wait for that record for ever, so it is replaced. A front that was
 * killed and does not die is left behind, and is reaped when it has died.
 *
 * The other rooms of the supervisor send records to the front with front_process_send. The supervisor receives the front's
 * records and says which room they are for.
 */
#ifndef REMEX_DAEMON_FRONT_PROCESS_H
#define REMEX_DAEMON_FRONT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "daemon/generation.h"
#include "daemon/listening.h"
#include "proc/spawn.h"

enum {
	FRONT_PING_MS = 2000, /* between two pings */
	FRONT_PINGS_LOST = 5, /* so many unanswered pings in a row: the front hangs */
	FRONT_YOUNG_MS = 10000, /* a front that dies younger than that makes the next one wait */
	FRONT_WAIT_MIN_MS = 100, /* for that long; twice as long each time */
	FRONT_WAIT_MAX_MS = 10000,
	FRONT_EXIT_MS = 10000, /* from the end of its link to the end of the process: a leak checker may look first */
	FRONT_DEATH_MS = 2000, /* from SIGKILL to the end of the process: the kernel may hold it */
	FRONT_LEFT_MAX = 16,
};

struct front_process {
	struct child child; /* pid -1: there is none */
	int link; /* -1: there is none, or its link has ended */
	bool deaf; /* it has missed a record */
	int unanswered; /* pings */
	int64_t ping_ms; /* clock_ms: when to ping next */
	int64_t since_ms; /* clock_ms: when it was started */
	int64_t retry_ms; /* clock_ms: when the next one may be started; 0: now */
	int64_t wait_ms; /* the pause before the next one, doubled while fronts die young */
	int64_t started; /* how many were started */
	pid_t left[FRONT_LEFT_MAX]; /* fronts that were killed and have not died; 0: none */
};

void front_process_init (struct front_process *front);

/* Start a front: the very file that this process runs from, so that an upgrade on disk never mixes versions. It has its
 * link, and nothing else yet. 0; or -1 and err, and there is none. */
int front_process_start (struct front_process *front, struct err *err);

/* Send all that a new front needs: the generation, the host key, the listeners, for --stdio the connection (`std`: its two
 * ends; else -1), and EQUIPPED. 0, or -1 with errno. */
int front_process_equip (struct front_process *front, const struct generation *generation,
	const struct listening *listening, const int std[2]);

/* Send a generation. 0, or -1: a part of it is missing, and the front is deaf. */
int front_process_send_generation (struct front_process *front, const struct generation *generation);

/* The generation in use has other identities now: send these. The front ends what may not be any more. */
void front_process_send_identities (struct front_process *front, const struct generation *generation);

/* Send a record that the front must not miss, with n bytes of payload and n_fds descriptors, which stay the caller's. Waits
 * for two seconds at most. -1 when it could not be sent: the front is then deaf, but not where errno is ETOOMANYREFS, for
 * which the descriptors are to blame. A front that is gone or deaf is sent nothing, and that is no error: it is about to be
 * replaced. */
int front_process_send (
	struct front_process *front, struct record *record, const void *data, size_t n, const int *fds, size_t n_fds);

/* The same without payload and descriptors. */
int front_process_post (struct front_process *front, uint32_t type, uint64_t id, int64_t a, int64_t b);

/* Receive a record, as link_recv with MSG_DONTWAIT. The front has answered its pings by it. */
int front_process_receive (struct front_process *front, struct packet *packet);

/* Ping it when it is time. NULL, or why it has to be replaced (words for the log). A deaf front whose link has ended is read
 * to the end first. */
const char *front_process_check (struct front_process *front);

/* When front_process_check is to be called next, or a front is to be started; by clock_ms. */
int64_t front_process_time (const struct front_process *front);

/* Stop talking to it: close the link. The time until the next front begins. */
void front_process_close (struct front_process *front);

/* Kill it. It is to be reaped then. */
void front_process_kill (struct front_process *front);

/* Wait for its end and reap it. False when it has not ended within wait_ms. `status` as waitpid(2) has it. True where there
 * is none; then status is left alone. */
bool front_process_reap (struct front_process *front, int wait_ms, int *status);

/* It was killed and has not died: a front can hang in the kernel on something that another process holds (a pipe's lock,
 * while its writer is held by a file system of the writer's own). It is left behind, and there is none. */
void front_process_abandon (struct front_process *front);

/* Reap those that were left behind and have died. */
void front_process_reap_left (struct front_process *front);

#endif
