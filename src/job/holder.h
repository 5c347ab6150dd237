/* holder - the process that holds one job: it is front and supervisor of one worker, and lives as long as the job.
 *
 * The supervisor makes the files of the job's directory (doc/jobs.md) and forks the holder with them. The holder, which
 * is still privileged, forks a keeper (proc/keeper.h), which forks the worker (worker/worker.h). Then the holder becomes
 * the job's user. It writes the output to the spool (job_spool.h), serves viewers, and writes the outcome. Nothing of the
 * daemon is needed for that: a job lives on when the front or the supervisor ends.
 *
 *   WAITING   the first connection brings the CALL. End of file before the call is complete: the job has never started,
 *             and the holder exits without an outcome
 *   RUNNING   the worker has the call. --terminal record--> DRAINING, and the keeper releases the worker
 *   STOPPING  JOB_STOP, the deadline or the idle limit has ended it: the keeper stops the tree. --worker gone--> DRAINING
 *             The keeper holds the deadline, too, and continues a holder that is stopped: a process of the job can stop the
 *             holder, or hold it up (job_streams.h), and does not outlive the deadline so
 *   DRAINING  the outcome is known. Output that is still in pipes is written to the spool; a pipe that another process
 *             holds open is given up after half a second (`pipe_held`), or not, with `wait_output`
 *   ENDED     the outcome line is written and synced, once. Viewers get the rest, and JOB_END. The holder exits when
 *             no viewer is left; a viewer that takes nothing for HOLDER_PATIENCE_MS is dropped
 *
 * Deaths: the holder dies -> its keeper kills the tree (end of file), and there is no outcome: the lock is free and the
 * job is lost. The keeper dies -> the worker and its command die with it (PR_SET_PDEATHSIG), the holder kills all other
 * processes of the tree (it is a subreaper) and writes an outcome. The worker dies -> the keeper stops the tree, and the
 * holder writes the outcome.
 *
 * The outcome line is one JSON object and a newline, at most HOLDER_OUTCOME_MAX bytes:
 *   {"done":{…},"bytes":N,"cut":N,"input":N,"recording":"…","left":N,"rusage":{"user":S,"system":S,"memory":BYTES}}
 * `done` is the object of a request (doc/protocol.md, 10.2), or there is `error` with `code` and `message` (10.3) in its
 * place; `bytes` the bytes of output, `cut` how many of them are not kept; `input` the bytes of input that were taken;
 * `recording`, of a job that is recorded, is "complete" or "cut"; `left` the processes that live on; `rusage` (seconds, and
 * the resident bytes of the largest process) counts all processes of the tree that were waited for. A file without the newline is no outcome. `bytes`, `cut` and `input` are
 * always there.
 *
 * Viewers: each connection to `listener` is one. At most HOLDER_VIEWERS at once: the next one is closed without a HELLO.
 * HELLO comes first; a viewer without FOLLOW gets END when the job has ended. Each has an offset of its own, and gets
 * output as fast as it reads: it slows no other. A holder that exits closes its listener; a connection that ends without
 * HELLO found a holder that was exiting: open the job again.
 *
 * Input: the offsets of JOB_INPUT tell a repeated byte (dropped) from a new one. Viewers that share a terminal send with
 * INPUT_APPEND. `taken` counts bytes that are in the command's pipe or terminal. A viewer that leaves may have sent input
 * that is not taken yet: it is still delivered.
 *
 * Recording: the output of a job that is recorded goes to its recorder first (record/tape.h), and then, when it is written, to
 * the spool and the viewers. The recorder is a child of the supervisor, and as privileged: the job's user can end this process,
 * and with it the job, but not go on without the recording. Everything that is sent to viewers, by `job attach` too, is in the
 * one recording of the job.
 *
 * Replay: the holder of an ended or lost job (struct holder, `replay`) has no keeper, no worker and no listener: it serves
 * the one viewer `first` from the files, and exits with it.
 *
 * SIGTERM, SIGINT, SIGHUP and SIGQUIT are ignored: `pkill remexd` is for the supervisor.
 */
#ifndef REMEX_JOB_HOLDER_H
#define REMEX_JOB_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/call_limits.h"
#include "worker/worker.h"

enum {
	HOLDER_VIEWERS = 32,
	HOLDER_PATIENCE_MS = 60 * 1000,
	HOLDER_OUTCOME_MAX = 4096,
};

/* The exit status of a holder. The supervisor need not look at it: the outcome file has the truth. */
enum holder_exit {
	HOLDER_DONE, /* the outcome is written (replay: the viewer is gone) */
	HOLDER_NEVER, /* the first connection ended before the call was complete: the job may be forgotten */
	HOLDER_FAILED, /* the holder could not start, or could not write the outcome; it has logged why */
};

/* What the supervisor gives. Descriptors are -1 where there is none; they stay the supervisor's (holder_fork). */
struct holder {
	int output, index, outcome; /* the files, open for reading and writing (replay: for reading) */
	int lock; /* with an exclusive flock(2), which lasts as long as the holder, and gets a lock of fcntl(2) (F_SETLK), which names
		     the holder's pid; -1 in replay */
	int listener; /* the job's socket (SOCK_SEQPACKET), which listens; -1 in replay */
	int first; /* the holder's end of the first connection (link_pair) */
	struct worker_birth *birth; /* of the worker; uid: the job's user; log: the holder's standard error, too */
	int cgroup; /* the job's cgroup directory, or -1: the worker and all beneath it are put into it */
	int left; /* as in struct keeper, or -1 */
	int64_t cap; /* bytes of the disk for output and index together; the oldest output is dropped (job_spool.h) */
	struct call_limits
		limits; /* of remexd.yaml and of the caller's identity; the strictest of them and of the call's own count */
	bool durable; /* the job is slowed by its viewer: as long as the viewer which followed last (live, all streams, not
			 read-only) takes records, the command runs at its pace (viewers_pace). And in any case the
			 command is not read when half of the cap holds output that this viewer was not sent. So three eighths of the cap stay
			 behind what was sent: more than is on its way to a client that comes back */
	int recorder; /* the holder's end of the link to its recorder (record/tape.h), or -1 */
	const char *
		recording; /* the name of the recording; NULL: the job is not recorded. -1 beside it: it could not begin */
	bool record_refuse; /* the job ends when its recording cannot go on */
	const char *you, *user, *id, *command; /* for its title */
	bool replay;
	bool tty; /* replay: the job has had a terminal (job.json) */
};

/* Fork the holder: `remexd-job`. Returns its pid, or -1 with errno. The caller closes its copies of all descriptors but
 * birth's; it need not wait for the holder's end, except to reap it. */
pid_t holder_fork (const struct holder *holder);

/* Its main function, in the forked process. Returns enum holder_exit. */
int holder_run (void *holder);

#endif
