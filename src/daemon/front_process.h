/* front_process - the front, from the supervisor's side: started, equipped, pinged, replaced.
 *
 * There is at most one front that the supervisor talks to. Its states follow from two members:
 *
 *   child.pid < 0                NONE: the next front may be started from retry_ms on
 *   link >= 0                    RUNNING: records go both ways; it is pinged
 *   child.pid >= 0, link < 0     ENDING: its records are not read any more; it gets time to end, then is killed
 *
 * A front that has missed a record is `deaf`: it would wait for that record for ever, so it is replaced. A front that
 * was killed but does not die is left behind, and is reaped after its death.
 *
 * The other rooms of the supervisor send records to the front with front_process_send. The supervisor receives the
 * front's records and passes them to the right room.
 */
#ifndef REMEX_DAEMON_FRONT_PROCESS_H
#define REMEX_DAEMON_FRONT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "daemon/claims.h"
#include "daemon/generation.h"
#include "daemon/listening.h"
#include "proc/spawn.h"

enum {
	FRONT_PING_MS = 2000, /* between two pings */
	FRONT_PINGS_LOST = 5, /* after so many unanswered pings in a row the front counts as hanging */
	FRONT_YOUNG_MS = 10000, /* when a front dies younger, the next front waits */
	FRONT_WAIT_MIN_MS = 100, /* the first wait; doubled each time */
	FRONT_WAIT_MAX_MS = 10000,
	FRONT_EXIT_MS = 10000, /* from the end of its link to the end of the process: a leak checker may look first */
	FRONT_REST_MS = 1000, /* for the records of a front that has died: others may have its end of the link */
	FRONT_DEATH_MS = 2000, /* from SIGKILL to the end of the process: the kernel may hold it */
	FRONT_LEFT_MAX = 16,
};

struct front_process {
	struct child child; /* pid -1: there is none */
	int link; /* -1: no front, or its link has ended; takes no descriptors (base/passrights.h) */
	bool guarded; /* an older kernel: descriptors that have come end the front */
	struct claims claims;
	int log; /* its standard error, not owned; -1: ours */
	bool deaf; /* it has missed a record */
	int64_t dead_ms; /* clock_ms: when the death of the process was seen; 0: it lives */
	int unanswered; /* pings */
	int64_t ping_ms; /* clock_ms: the time of the next ping */
	int64_t since_ms; /* clock_ms: when it was started */
	int64_t retry_ms; /* clock_ms: when the next front may be started; 0: now */
	int64_t wait_ms; /* the pause before the next front, doubled while fronts die soon after their start */
	int64_t started; /* the number of started fronts */
	pid_t left[FRONT_LEFT_MAX]; /* fronts that were killed and have not died; 0: none */
};

void front_process_init (struct front_process *front);

/* Free what it has, and close the link if it is still open. Processes are not waited for. */
void front_process_free (struct front_process *front);

/* Start a front from the same file that this process runs, so that an upgrade on disk never mixes versions. The front
 * has only its link yet. 0; or -1 and err, without a front. */
int front_process_start (struct front_process *front, struct err *err);

/* Send to a new front the generation, the host key, the listeners, the connection with --stdio (`std`: its two ends;
 * else -1), and EQUIPPED. 0, or -1 with errno. */
int front_process_equip (struct front_process *front, const struct generation *generation,
	const struct listening *listening, const int std[2]);

/* Send a generation. 0, or -1: a part of it was not sent, and the front is deaf. */
int front_process_send_generation (struct front_process *front, const struct generation *generation);

/* Send the host key, which was opened after the front was equipped. */
void front_process_send_host_key (struct front_process *front, int host_key);

/* Send the changed identities of the generation in use. The front ends connections and requests that have lost their
 * rights. */
void front_process_send_identities (struct front_process *front, const struct generation *generation);

/* Send a record that the front must not miss, with n bytes of payload and n_fds descriptors, which stay the caller's.
 * The call waits for two seconds at most. -1 when the record could not be sent: the front is then deaf, except when
 * errno is ETOOMANYREFS, which the descriptors cause. Nothing is sent to a front that is gone or deaf, which is no
 * error: that front will be replaced. */
int front_process_send (
	struct front_process *front, struct record *record, const void *data, size_t n, const int *fds, size_t n_fds);

/* The same without payload and descriptors. */
int front_process_post (struct front_process *front, uint32_t type, uint64_t id, int64_t a, int64_t b);

/* Receive a record, as link_recv with MSG_DONTWAIT. A record counts as an answer to all pings. */
int front_process_receive (struct front_process *front, struct packet *packet);

/* After SIGCHLD: is the process dead? */
void front_process_look (struct front_process *front);

/* Send a ping when it is due. Returns NULL, or the reason to replace the front (for the log). The records of a deaf
 * front whose link has ended are read to the end first. */
const char *front_process_check (struct front_process *front);

/* When to call front_process_check next, or when to start a front; by clock_ms. */
int64_t front_process_time (const struct front_process *front);

/* Close the link to the front. The wait for the next front begins. */
void front_process_close (struct front_process *front);

/* Kill the front. The caller then reaps it. */
void front_process_kill (struct front_process *front);

/* Wait for the front's end and reap it. False when it has not ended within wait_ms. `status` as from waitpid(2).
 * Without a front: true, and `status` is unchanged. */
bool front_process_reap (struct front_process *front, int wait_ms, int *status);

/* Leave a front behind that was killed but has not died. (A front can hang in the kernel on an object of another
 * process: for example on a pipe's lock, while the pipe's writer hangs in a user's own file system.) There is no front
 * after this. */
void front_process_abandon (struct front_process *front);

/* Reap the fronts that were left behind and have died, and the processes of claims. */
void front_process_reap_left (struct front_process *front);

#endif
