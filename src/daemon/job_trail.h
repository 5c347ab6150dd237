/* job_trail - the line of the audit trail for the end of a job: written once, whoever ended the job, and also when no remexd
 * ran at that time.
 *
 * The supervisor makes the line from the outcome that it finds. The file `audited` in the job's directory says how far that
 * is: it is made, empty, before the line is sent, and gets its one byte when the process that writes the trail has answered.
 * A supervisor that finds it empty does not know whether the line was written: it writes the line again, with `again`.
 *
 *   NOTHING   the start of the job is not on record, or its end is on record
 *   OWED      --job_trail_send--> SENT
 *   SENT      --answer: written--> NOTHING   --answer: not written--> OWED
 *
 * The job is kept as long as its line is not written. The owner of a `struct job_trail` asks job_trail_send again after a
 * while.
 */
#ifndef REMEX_DAEMON_JOB_TRAIL_H
#define REMEX_DAEMON_JOB_TRAIL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/audit_process.h"
#include "daemon/job_directory.h"

enum job_trail_state { JOB_TRAIL_NOTHING, JOB_TRAIL_OWED, JOB_TRAIL_SENT };

/* All zero: nothing is owed. */
struct job_trail {
	enum job_trail_state state;
	bool again; /* the line may have been written already */
	uint64_t number; /* SENT: of the line */
};

/* The job has ended: is there a line to write? `jobs`: the directory JOBS. */
void job_trail_owe (struct job_trail *trail, int jobs, const struct job_record *record);

/* Is a line owed, and is there a trail to write it to? */
bool job_trail_holds (const struct job_trail *trail, const struct audit_process *audit);

/* OWED: send the line, with a number that is never used again. `outcome`: the object of the file `outcome`, which may have been
 * made by the job's user; `ended`: Unix time, 0: not known. False: the line cannot be sent now. */
bool job_trail_send (struct job_trail *trail, struct audit_process *audit, int jobs, const struct job_record *record,
	const json_t *outcome, double ended, uint64_t number);

/* SENT: the answer for the line. failed: 0, or the errno. */
void job_trail_answered (struct job_trail *trail, int jobs, const char *id, int failed);

#endif
