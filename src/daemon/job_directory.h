/* job_directory - the files of jobs: JOBS/ID/, made, read and removed by the supervisor alone.
 *
 *   JOBS, JOBS/ID   0700, of the daemon's user; never of the job's
 *   job.json        the record, written once before the job starts
 *   output, index   the output (job/job_spool.h)
 *   outcome         empty until the end, then one line of JSON; without its newline it does not count
 *   socket          the holder listens there (SOCK_SEQPACKET, 0600)
 *   lock            with an flock(2) of the holder as long as it lives, and a lock of fcntl(2), which names its pid
 *   audited         there only after the end, and where the start is in the audit trail (job_trail.h)
 *
 * A job without `output` was removed: only its line for the audit trail is still to be written.
 *
 * Every name is reached from a held directory (openat(2), O_NOFOLLOW), and only an id in its form is a name
 * (text_is_job_id), so that no text of a client becomes a path. A directory is made under the name `.ID`, and gets its own
 * name when it is complete; it is removed in the reverse order. So a crash leaves names with a dot, which the next start
 * removes, and no half job. A directory that is of another user, or that others may write to or read, is left alone.
 */
#ifndef REMEX_DAEMON_JOB_DIRECTORY_H
#define REMEX_DAEMON_JOB_DIRECTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"

enum {
	JOB_NAME_MAX = 64, /* bytes of a job's name, and of its key */
	JOB_CALL_MAX = 2 * TEXT_NAME_MAX + 1,
	JOB_COMMAND_MAX = 1024, /* bytes of the words for people; longer ones are cut by the front */
	JOB_OWNER_MAX = 80,
	JOB_JSON_MAX = 32 * 1024, /* bytes of job.json */
	JOB_OUTCOME_MAX = 8 * 1024, /* bytes of the outcome line */
	JOB_BOOT_MAX = 40,
};

/* What job.json says. */
struct job_record {
	char id[TEXT_JOB_ID + 1];
	char name[JOB_NAME_MAX + 1], key[JOB_NAME_MAX + 1]; /* "": none */
	char owner[JOB_OWNER_MAX]; /* "uid:1000" of the Unix socket, "identity:alice" over TCP */
	char you[JOB_OWNER_MAX]; /* the owner's name, for people */
	uid_t uid; /* the user that it runs as, and the name of that user */
	char user[64];
	char call[JOB_CALL_MAX + 1], command[JOB_COMMAND_MAX + 1];
	char boot[JOB_BOOT_MAX]; /* of the kernel (boot_id, random(4)) */
	double started; /* Unix time */
	int64_t due; /* its deadline and the grace, by clock_ms of that boot; 0: none, or only that of the call itself */
	bool tty, input;
	bool durable; /* no output is dropped that the last viewer has not had */
	bool audited; /* its start is in the audit trail, so its end has to be, too */
};

/* Is the end of the job in the audit trail? */
enum job_audited { JOB_NOT_AUDITED, JOB_AUDIT_BEGUN /* perhaps */, JOB_AUDITED };

/* The open files of a new job; -1: closed. */
struct job_files {
	int directory; /* O_PATH */
	int output, index, outcome; /* for reading and writing */
	int lock; /* locked */
	int listener;
};

/* The boot_id of this kernel; "" where there is none. */
void job_boot (char boot[JOB_BOOT_MAX]);

/* Make the directory of a job. `listener` is bound, and listens. 0; or -1 and err (CODE_IO_ERROR) and nothing is left. */
int job_directory_make (
	int jobs, const char *path, const struct job_record *record, struct job_files *files, struct err *err);
void job_files_close (struct job_files *files);

/* Read the record of the job `id`, and check the directory: of our user, 0700, with a regular file job.json of our user
 * that is about this id. 0; or -1 and err (err->sys ENODATA: job.json is empty, after a crash of the machine). */
int job_directory_read (int jobs, const char *id, struct job_record *record, struct err *err);

/* Is this errno one of the moment, such as EMFILE, after which the same call may succeed? */
bool job_directory_may_pass (int error);

/* Does a holder live? Its lock says so; and where that cannot be seen now, it may. */
bool job_directory_is_held (int jobs, const char *id);

/* The pid that the kernel gives for the holder's own lock on that file (fcntl(2), F_GETLK); 0: there is no such lock. */
pid_t job_directory_holder (int jobs, const char *id);

/* The outcome line of a job as an object; NULL: there is none yet, or it is damaged. *when, if there is one: when it was
 * written (Unix time). *unread: it cannot be read now (job_directory_may_pass), and may be there. */
json_t *job_directory_outcome (int jobs, const char *id, double *when, bool *unread);

/* Write the outcome of a job whose holder is gone (a line without its newline). A failure only costs that the reason is
 * found again. */
void job_directory_set_outcome (int jobs, const char *id, const char *line);

/* The size of its output in bytes; 0 where it cannot be read. And what its files take on the disk, without their holes. */
int64_t job_directory_bytes (int jobs, const char *id);
int64_t job_directory_disk (int jobs, const char *id);

/* Open the files for reading, as a replay needs them. 0 or -1 with errno. */
int job_directory_replay (int jobs, const char *id, struct job_files *files);

/* Connect to its holder, without waiting. Returns the socket (non-blocking); -1 with errno (ECONNREFUSED: nobody listens;
 * EAGAIN: its queue is full). */
int job_directory_connect (int jobs, const char *id);

/* What the file `audited` says, and set it (never to JOB_NOT_AUDITED). 0, or -1 with errno. */
enum job_audited job_directory_audited (int jobs, const char *id);
int job_directory_set_audited (int jobs, const char *id, enum job_audited audited);

/* Remove the output of a job that has ended: its record and its outcome stay. And was that done? */
void job_directory_remove_output (int jobs, const char *id);
bool job_directory_has_output (int jobs, const char *id);

/* Remove the files of a job and its directory. Other names in it stay, and so does the directory then. 0, or -1 with
 * errno. */
int job_directory_remove (int jobs, const char *id);

/* Remove what a crash has left of the job with the name `.ID`. Other names are ignored. */
void job_directory_sweep (int jobs, const char *name);

/* A record as JSON, and back: 0, or -1 when it is malformed. */
json_t *job_record_json (const struct job_record *record);
int job_record_read (struct job_record *record, const json_t *json);

#endif
