/* recorder - the process that writes the recording of one call: a file of asciicast v2 (asciicast.h).
 *
 * A recorder is a child of the supervisor, as privileged as that, and has one link and one file. The user whose call is
 * recorded can neither signal nor trace it (where root has started remexd), and has no descriptor of the file. A call on
 * the file may wait as long as its file system likes: then this process waits, and nobody else. Whoever has the output of
 * the call is at the other end of the link (tape.h): the front, or the holder of a job, with which the recorder of a job
 * outlives the supervisor.
 *
 *   OPEN comes   --file made, header written--> WRITTEN 0 --OUTPUT, RESIZE--> each is written and answered: WRITTEN
 *   end of the link --> what is unfinished is written, the file is synced, the process exits with RECORDER_WHOLE
 *   any failure     --> half a line is removed, FAILED with the reason, and the process exits with RECORDER_CUT
 *
 * The file is made with mode 0600 in a directory of our own user that nobody else may reach (base/private_directory.h). Its
 * name has the time, the identity, the serial of the call and the user. A recording ends at `size` bytes, and when less
 * than `leave_free` bytes of the file system are left for others than root.
 */
#ifndef REMEX_RECORD_RECORDER_H
#define REMEX_RECORD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct recorder {
	const char *directory; /* made if it is missing */
	int64_t size, leave_free; /* bytes */
	int link;
};

enum recorder_exit { RECORDER_WHOLE, RECORDER_CUT };

enum { RECORDER_NAME = 176 }; /* bytes of a file's name, with its NUL */

/* The main function of the forked process (proc/fork.h), with a struct recorder. Returns enum recorder_exit. */
int recorder_run (void *recorder);

/* The name of a recording that begins now: "20260131T235959Z_alice_1f2e3d4c-17_www.cast". Other characters than letters,
 * digits and . @ - become _. Returns name. `instance` and `number` are those of the serial in the audit trail. */
char *recorder_name (char name[RECORDER_NAME], time_t now, const char *identity, const char *instance, uint64_t number,
	const char *user);

/* Has it such a form: no path, no hidden file, and .cast at its end? */
bool recorder_is_name (const char *name);

#endif
