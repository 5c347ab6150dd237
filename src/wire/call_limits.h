/* call_limits - the limits of a request: one table for the keys of a call, of an identity file and of remexd.yaml, for the
 * command line, and for messages.
 *
 *   deadline, idle, output   remexd measures these, and stops the request (the front)
 *   the others               the kernel holds the command to these (proc/spawn.c): resource limits of each of its
 *                            processes (setrlimit(2)), and the niceness
 *
 * A limit comes from the call, from the caller's identity and from remexd.yaml, and the strictest counts. Deadline and idle
 * are keys of a call itself; the others are members of its key `limits` (doc/protocol.md, 6.1).
 *
 * Where a worker has a cgroup, the CPU time of all its processes together is held, too (worker/subprocess.c). No controller
 * is used for that. Where systemd makes a scope for a job, the scope holds the memory and the number of all its processes
 * together, too (daemon/job_scope.h).
 *
 * RLIMIT_DATA holds memory, because RLIMIT_AS also counts address space that a program reserves and never uses (Go, Java,
 * sanitizers). RLIMIT_NPROC counts all processes and threads of the user, and does not hold root.
 */
#ifndef REMEX_WIRE_CALL_LIMITS_H
#define REMEX_WIRE_CALL_LIMITS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/err.h"
#include "base/quantity.h"

#define CALL_LIMITS_YEAR (365LL * 86400 * 1000)

/* Name, word, quantity, the least and the greatest value (milliseconds, bytes, or a count), the resource of setrlimit(2),
 * words for people, and what remexd.yaml says about it. */
#define CALL_LIMIT_TABLE(ROW) \
	ROW (DEADLINE, "deadline", TIME, 1, CALL_LIMITS_YEAR, NO_RESOURCE, "time", \
		"The longest time that a request may take, with its time in the queue; 0: no limit.") \
	ROW (IDLE, "idle", TIME, 1, CALL_LIMITS_YEAR, NO_RESOURCE, "idle time", \
		"The longest time without a byte of input or output; 0: no limit.") \
	ROW (OUTPUT, "output", SIZE, 1, 1LL << 50, NO_RESOURCE, "output", \
		"How many bytes of output a request may send; 0: no limit.") \
	ROW (CPU, "cpu", TIME, 1, CALL_LIMITS_YEAR, RLIMIT_CPU, "CPU time", \
		"CPU time of each process of a command, in whole seconds; 0: no limit.") \
	ROW (MEMORY, "memory", SIZE, 1 << 20, 1LL << 50, RLIMIT_DATA, "memory", \
		"Memory of its own that each process of a command may have; 0: no limit.") \
	ROW (PROCESSES, "processes", COUNT, 1, 1 << 22, RLIMIT_NPROC, "processes", \
		"Processes and threads that the user of a command may have when it makes one more; 0: no limit.") \
	ROW (FILES, "files", COUNT, 16, 1 << 30, RLIMIT_NOFILE, "open files", \
		"Descriptors that each process of a command may have open; 0: as for the plugin.") \
	ROW (FILE_SIZE, "file_size", SIZE, 1, 1LL << 50, RLIMIT_FSIZE, "file size", \
		"The largest file that a command may write; 0: no limit.") \
	ROW (NICE, "nice", COUNT, 0, 19, NO_RESOURCE, "niceness", \
		"The niceness of commands, at least; 19 gives way to everything else.")

#define CALL_LIMIT_ENUM(name, word, quantity, least, most, resource, words, help) LIMIT_##name,
enum call_limit { LIMIT_NONE, CALL_LIMIT_TABLE (CALL_LIMIT_ENUM) N_CALL_LIMITS };
#undef CALL_LIMIT_ENUM

enum { NO_RESOURCE = -1 };

struct call_limit_row {
	const char *word; /* "cpu" */
	enum quantity quantity;
	long long least, most;
	int resource; /* RLIMIT_…, or NO_RESOURCE */
	const char *words; /* "CPU time" */
};

/* Values by enum call_limit: milliseconds, bytes or a count. 0: no limit. */
struct call_limits {
	int64_t value[N_CALL_LIMITS];
};

/* What a command has used (getrusage(2)): itself, and those of its processes that were waited for. */
struct call_usage {
	int64_t user_us, system_us; /* microseconds of CPU time */
	int64_t memory; /* bytes: the largest resident set of one process; 0: no command has ended */
};

/* The row of a limit; that of an unknown number is LIMIT_NONE's, with an empty word. */
const struct call_limit_row *call_limit_row (int limit);

/* The limit of that word; LIMIT_NONE where there is none. */
enum call_limit call_limit_of (const char *word);

/* Take over what is stricter in `other`: the smaller value, but at least the least one of the table, and the greater
 * niceness. */
void call_limits_lower (struct call_limits *limits, const struct call_limits *other);

/* Is there a limit that the kernel holds? */
bool call_limits_bind_command (const struct call_limits *limits);

/* Read the key `limits` of a call (NULL: absent) into `limits`; deadline and idle are no members of it. 0, or -1 and err
 * (CODE_BAD_VALUE), and `limits` is unchanged. call_limits_json makes such an object, of the values that are not 0. */
int call_limits_read (struct call_limits *limits, const json_t *json, struct err *err);
json_t *call_limits_json (const struct call_limits *limits);

/* Read "cpu=10s,memory=1GiB" into `limits`: the same members, as text (base/quantity.h). 0, or -1 and err. */
int call_limits_parse (struct call_limits *limits, const char *text, struct err *err);

/* The value of a limit as a JSON number: seconds, bytes or a count. */
json_t *call_limit_value (int limit, int64_t value);

#endif
