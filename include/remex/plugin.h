/* remex/plugin.h - the contract between remexd and its plugins.
 *
 * A plugin is a shared object that exports one constant, made by REMEX_PLUGIN. It is data, so that remexd can refuse the plugin
 * without running it. This is a complete one:
 *
 *   #include <remex/plugin.h>
 *
 *   static int hello (void *state, struct remex_call *call)
 *   {
 *           (void)state;
 *           return remex_printf (call, "hello %s\n", remex_arg_string (call, "name"));
 *   }
 *   static const struct remex_param hello_params[] = {
 *           { "name", REMEX_STRING, REMEX_REQUIRED, "whom to greet" }, { 0 } };
 *   static const struct remex_verb verbs[] = { { "hello", "Say hello", hello_params, hello, 0 }, { 0 } };
 *   REMEX_PLUGIN (.name = "hello", .version = "1.0", .summary = "Greetings", .verbs = verbs);
 *
 *   cc -shared -fPIC -o hello.so hello.c
 *
 * In C++ (14 or later) it is REMEX_PLUGIN ("hello", "1.0", "Greetings", verbs): the members from name on, in their order;
 * C++20 takes their names too, in the same order. An empty row, {}, ends a list. No exception may leave a function of the
 * plugin: it ends the worker.
 *
 * LIFE. Plugins live in worker processes. A worker belongs to one user for life; it loads the plugins with that user's
 * rights, calls start once, then handles one request at a time, then calls stop. A handler may block: remexd
 * sees to deadlines, cancelling and crashes, and kills the worker and all beneath it if it has to. A handler that changes its
 * process (working directory, umask, signals, descriptors) must undo that before it returns; a worker that was changed is
 * replaced. Descriptors 0 and 1 are /dev/null, 2 is remexd's log. Names, verbs, params are read before
 * start is called; they must be constant.
 *
 * ABI. remexd checks .abi, and that the sizes are not larger than its own. Members are only ever appended; one that an
 * older plugin lacks reads as zero.
 *
 * ERRORS. Functions return 0 or a count, or -1 with errno. -1 with ECANCELED means that the request is over (cancelled,
 * timed out, the client is gone): return soon; what a handler does after that reaches nobody.
 */
#ifndef REMEX_PLUGIN_H
#define REMEX_PLUGIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define REMEX_ABI 1u
#define REMEX_API __attribute__ ((visibility ("default")))

struct remex_call; /* one request; good until the handler returns */
struct remex_config; /* the plugin's section of remexd.yaml; good while start runs */

/* What an argument or an option may be. REMEX_STRINGS is a list of strings. REMEX_MAP is an object of strings, or a
 * list of "NAME=VALUE"; it reads as the latter. */
enum remex_type { REMEX_STRING = 1, REMEX_INTEGER, REMEX_NUMBER, REMEX_BOOL, REMEX_STRINGS, REMEX_MAP };

/* Flags of a parameter. REMEX_COMMAND: the words of the command that the verb runs (a REMEX_STRINGS, required, one in a verb
 * with REMEX_RUNS). The `commands` of an identity file (remexd.yaml(5)) narrow the verb through it: an identity that has some
 * may make the call with one of these commands and with no other argument. */
enum { REMEX_REQUIRED = 1, REMEX_COMMAND = 2 };

struct remex_param {
	const char *name; /* NULL ends a list */
	enum remex_type type;
	unsigned flags;
	const char *help; /* one line, without a full stop */
};

enum {
	REMEX_CONTROL = 1, /* may run when every worker is busy: for short calls that an operator needs then */
	REMEX_FACTS = 2, /* remexd attaches its counters: see remex_facts */
	REMEX_PATHS =
		4, /* its arguments name files: remexd tells it which of them the caller may reach: see remex_roots */
	REMEX_RUNS =
		8, /* runs what its caller says, which no roots bind: an identity with `roots` may not be given it, nor one
			   with `commands`, unless they narrow it (REMEX_COMMAND) */
};

struct remex_verb {
	const char *name; /* called as PLUGIN.NAME; NULL ends a list. Lower case, digits, _ */
	const char *help; /* one line, without a full stop */
	const struct remex_param *params; /* NULL: takes no arguments */
	/* Handle a request whose arguments were checked against params. 0: done (the outcome is "completed", or what
	 * remex_wait or remex_never_started set). -1: failed, with what remex_fail said. */
	int (*handle) (void *state, struct remex_call *call);
	unsigned flags;
};

struct remex_plugin {
	uint32_t abi, size, verb_size, param_size; /* set by REMEX_PLUGIN */
	const char *name; /* lower case, digits, _; also its section in remexd.yaml */
	const char *version;
	const char *summary; /* one line */
	const struct remex_verb *verbs;
	const struct remex_param *options; /* what its section may hold (no REMEX_MAP); NULL: nothing */
	/* NULL: nothing to do. -1: the plugin is not used, with what remex_start_fail said, or errno. */
	int (*start) (void **state, const struct remex_config *config);
	void (*stop) (void *state); /* NULL: nothing to do */
};

/* clang-format off */
#ifndef __cplusplus
#define REMEX_PLUGIN(...) \
	REMEX_API const struct remex_plugin remex_plugin = { \
		.abi = REMEX_ABI, \
		.size = sizeof (struct remex_plugin), \
		.verb_size = sizeof (struct remex_verb), \
		.param_size = sizeof (struct remex_param), \
		__VA_ARGS__ \
	}
#else
/* `const` alone would be internal to the file there. constexpr: nothing of it is left to be done when it is loaded. */
#define REMEX_PLUGIN(...) \
	extern "C" REMEX_API const struct remex_plugin remex_plugin; \
	constexpr struct remex_plugin remex_plugin = remex_plugin_whole (remex_plugin_members { __VA_ARGS__ })
#endif
/* clang-format on */

/* --- the verb, arguments of the call, options of the configuration ----------------------------------------------- */

/* The verb that was called, by its name in the plugin's table: one handler can serve several verbs. Good until the handler
 * returns. In C++ this function hides the name of the struct, which is then `struct remex_verb` (as with stat(2)). */
REMEX_API const char *remex_verb (struct remex_call *call);

/* NULL, the default, where it is absent or was declared of another type. Strings are NUL-terminated and have no NUL
 * inside; they need not be UTF-8. Lists end with NULL. They are the call's: do not free. */
REMEX_API const char *remex_arg_string (struct remex_call *call, const char *name);
REMEX_API const char *const *remex_arg_strings (struct remex_call *call, const char *name); /* REMEX_STRINGS, _MAP */
REMEX_API long long remex_arg_integer (struct remex_call *call, const char *name, long long otherwise);
REMEX_API double remex_arg_number (struct remex_call *call, const char *name, double otherwise);
REMEX_API bool remex_arg_bool (struct remex_call *call, const char *name, bool otherwise);

/* The same of remexd.yaml, while start runs. Strings must be copied to be kept. */
REMEX_API const char *remex_option_string (const struct remex_config *config, const char *name);
REMEX_API const char *const *remex_option_strings (const struct remex_config *config, const char *name);
REMEX_API long long remex_option_integer (const struct remex_config *config, const char *name, long long otherwise);
REMEX_API double remex_option_number (const struct remex_config *config, const char *name, double otherwise);
REMEX_API bool remex_option_bool (const struct remex_config *config, const char *name, bool otherwise);

/* Say why start fails, in one line for whoever runs remexd. Always returns -1. */
REMEX_API int remex_start_fail (const struct remex_config *config, const char *fmt, ...)
	__attribute__ ((format (printf, 2, 3)));

/* A verb with REMEX_FACTS: remexd's counters as a JSON object (NUL-terminated text), else NULL. */
REMEX_API const char *remex_facts (struct remex_call *call);

/* What a caller may reach: what is beneath the path. remexd does not look at the arguments: it is the handler that keeps
 * to it, and that looks where links lead. */
struct remex_root {
	const char *path; /* absolute; no ".", "..", double or trailing slash in it; "/" is one. It need not be UTF-8 */
	bool writable; /* else it is only to be read */
};

/* A verb with REMEX_PATHS: the roots that bind the caller, a list that ends with NULL and is the call's; an empty one: it
 * may reach nothing, which is also what every other verb gets. NULL: no roots bind the caller, who may reach whatever the
 * user of this worker may. */
REMEX_API const struct remex_root *const *remex_roots (struct remex_call *call);

/* --- input and output -------------------------------------------------------------------------------------------- */

/* Does the client send input (or did its call carry some)? */
REMEX_API bool remex_has_input (const struct remex_call *call);

/* Read input: up to `size` bytes, 0 at its end. Blocks. EBUSY after remex_sink. */
REMEX_API ssize_t remex_read (struct remex_call *call, void *bytes, size_t size);

/* Write output to a stream: "stdout", "stderr", or a name of the plugin's (lower case, digits, _; at most 32). Blocks
 * until all is taken: that is the back-pressure. A structured result is one JSON document on "result". EBUSY after
 * remex_stream of that name. */
REMEX_API int remex_write (struct remex_call *call, const char *stream, const void *bytes, size_t size);
REMEX_API int remex_printf (struct remex_call *call, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Hand over a pipe's or socket's read end (output under that name) or write end (all input from now on): remexd moves
 * the bytes itself, the worker does not. The descriptor belongs to remexd from then on, also on failure. A sink gets
 * everything that was not read by remex_read, and is closed at the end of input; also when the request is over for another
 * reason, which its reader cannot tell from that: what must not be taken for whole when it is cut needs an end of its own,
 * or remex_read. EINVAL: neither an end of a pipe or FIFO that is open that way only, nor a stream socket (Unix or TCP). */
REMEX_API int remex_stream (struct remex_call *call, const char *stream, int fd);
REMEX_API int remex_sink (struct remex_call *call, int fd);

/* --- ending ------------------------------------------------------------------------------------------------------ */

/* A descriptor that is readable once the request is to end (poll(2)); and the question itself. */
REMEX_API int remex_cancel_fd (struct remex_call *call);
REMEX_API bool remex_cancelled (struct remex_call *call);

enum remex_code {
	REMEX_ERR_FAILED,
	REMEX_ERR_BAD_VALUE,
	REMEX_ERR_DENIED,
	REMEX_ERR_NOT_FOUND,
	REMEX_ERR_BUSY,
	REMEX_ERR_IO
};

/* Say why the call fails, in one line for its user. Always returns -1. The last one said counts. */
REMEX_API int remex_fail (struct remex_call *call, enum remex_code code, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

/* --- commands ---------------------------------------------------------------------------------------------------- */

/* What a command may do beside what its user may. More than a hard limit of remexd's is that limit. */
struct remex_limits {
	size_t size; /* sizeof (struct remex_limits); members behind it are only ever appended */
	mode_t umask;
	uint64_t core; /* bytes of a core file; UINT64_MAX: no limit */
	uint64_t nofile; /* descriptors */
};

struct remex_command {
	size_t size; /* sizeof (struct remex_command); members behind it are only ever appended */
	const char *const *argv; /* ends with NULL */
	const char *const *env; /* NAME=VALUE added to the fresh environment (PATH USER LOGNAME HOME SHELL LANG); NULL:
				   none */
	const char *file; /* what is executed; NULL: argv[0], looked up in `path` */
	const char *path; /* where bare names are looked up, and PATH for the command; NULL: the usual */
	const char *
		cwd; /* one that is not absolute begins at the user's home; NULL: that home, or / where it is not there */
	const struct remex_limits *limits; /* NULL: the usual, umask 022, no core files, 1024 descriptors */
};

struct remex_child {
	pid_t pid;
	int pidfd;
	int status; /* after remex_wait, as waitpid(2) has it */
};

/* Start a command with its stdin, stdout and stderr connected to the call (by remex_sink and remex_stream; stdin is
 * /dev/null where remex_has_input is false), in a session of its own, with nothing inherited. 0; -1 when it could not
 * be executed, which has then been recorded as the outcome never_started, or when its streams could not be connected,
 * which has been recorded as a failure: return 0. */
REMEX_API int remex_spawn (struct remex_call *call, const struct remex_command *command, struct remex_child *child);

/* Wait for it, passing the client's signals on to its process group. Records the outcome (exited or signalled) and
 * returns 0; -1 with errno where waiting failed. */
REMEX_API int remex_wait (struct remex_call *call, struct remex_child *child);

/* The user the worker belongs to, from the password database: name, home, shell ("/bin/sh" where there is none). */
REMEX_API const char *remex_user (struct remex_call *call);
REMEX_API const char *remex_home (struct remex_call *call);
REMEX_API const char *remex_shell (struct remex_call *call);

#ifdef __cplusplus
}

/* What REMEX_PLUGIN takes in C++, in the order of struct remex_plugin. */
struct remex_plugin_members {
	const char *name = nullptr;
	const char *version = nullptr;
	const char *summary = nullptr;
	const struct remex_verb *verbs = nullptr;
	const struct remex_param *options = nullptr;
	int (*start) (void **state, const struct remex_config *config) = nullptr;
	void (*stop) (void *state) = nullptr;
};

constexpr struct remex_plugin remex_plugin_whole (const remex_plugin_members &members)
{
	return { REMEX_ABI, sizeof (struct remex_plugin), sizeof (struct remex_verb), sizeof (struct remex_param),
		members.name, members.version, members.summary, members.verbs, members.options, members.start,
		members.stop };
}
#endif

#endif
