/* remex/plugin.h - the contract between remexd and its plugins.
 *
 * A plugin is a shared object that exports one constant, made by REMEX_PLUGIN. The constant is data, so that remexd can
 * refuse the plugin without running it. A complete plugin:
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
 * C++ (14 or later): REMEX_PLUGIN ("hello", "1.0", "Greetings", verbs), with the members from name on, in their order.
 * C++20 also accepts their names, in the same order. An empty row, {}, ends a list. An exception that leaves a function
 * of the plugin ends the worker.
 *
 * LIFE. Plugins live in worker processes. A worker belongs to one user for life. It loads the plugins with that user's
 * rights, calls start once, handles one request at a time, and calls stop at its end. A handler may block: remexd takes
 * care of deadlines, cancelling and crashes, and kills the worker and its descendants if it must. A handler that
 * changes its process (working directory, umask, signals, descriptors) must undo that before it returns; a changed
 * worker is replaced. Descriptors 0 and 1 are /dev/null, 2 is remexd's log. Names, verbs and params are read before
 * start is called, and must be constant.
 *
 * ABI. remexd checks .abi, and that the sizes are not larger than its own. New members are only appended; a member that
 * an older plugin lacks reads as zero.
 *
 * ERRORS. Functions return 0 or a count, or -1 with errno. -1 with ECANCELED means that the request is over (cancelled,
 * timed out, the client is gone): return soon. Later output of the handler is dropped.
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

struct remex_call; /* one request; valid until the handler returns */
struct remex_config; /* the plugin's section of remexd.yaml; valid while start runs */

/* The types of arguments and options. REMEX_STRINGS is a list of strings. REMEX_MAP is an object of strings, or a list
 * of "NAME=VALUE"; both are read as the list. */
enum remex_type { REMEX_STRING = 1, REMEX_INTEGER, REMEX_NUMBER, REMEX_BOOL, REMEX_STRINGS, REMEX_MAP };

/* Flags of a parameter. REMEX_COMMAND: the words of the command that the verb runs (a REMEX_STRINGS, required; one such
 * parameter in a verb with REMEX_RUNS). The `commands` of an identity file (remexd.yaml(5)) narrow the verb through
 * this parameter: an identity with `commands` may make the call with one of these commands and with no other
 * argument. */
enum { REMEX_REQUIRED = 1, REMEX_COMMAND = 2 };

struct remex_param {
	const char *name; /* NULL ends a list */
	enum remex_type type;
	unsigned flags;
	const char *help; /* one line, without a full stop */
};

enum {
	REMEX_CONTROL = 1, /* may run when every worker is busy: for short calls that an operator then needs */
	REMEX_FACTS = 2, /* remexd attaches its counters: see remex_facts */
	REMEX_PATHS = 4, /* its arguments name files: remexd tells the verb which files the caller may reach: see
			    remex_roots */
	REMEX_RUNS =
		8, /* runs any command that its caller gives, and roots do not bind a command: an identity with `roots`
		      or `commands` may not be granted this verb, unless `commands` narrow it (REMEX_COMMAND) */
	REMEX_TTY = 16, /* its command may have a terminal: remex_spawn gives it one when the call asks for one
			   (`tty`). A verb without this flag refuses such a call */
};

struct remex_verb {
	const char *name; /* called as PLUGIN.NAME; NULL ends a list. Lower case, digits, _ */
	const char *help; /* one line, without a full stop */
	const struct remex_param *params; /* NULL: no arguments */
	/* Handle a request; its arguments were checked against params. 0: done (the outcome is "completed", or the
	 * outcome that remex_wait or remex_never_started set). -1: failed, with the reason given to remex_fail. */
	int (*handle) (void *state, struct remex_call *call);
	unsigned flags;
};

struct remex_plugin {
	uint32_t abi, size, verb_size, param_size; /* set by REMEX_PLUGIN */
	const char *name; /* lower case, digits, _; also its section in remexd.yaml */
	const char *version;
	const char *summary; /* one line */
	const struct remex_verb *verbs;
	const struct remex_param *options; /* the keys of its section (no REMEX_MAP); NULL: none */
	/* NULL: nothing to do. -1: the plugin is not used; the reason is the text given to remex_start_fail, or
	 * errno. */
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
/* In C++, `const` without `extern` has internal linkage. constexpr: no code runs when the plugin is loaded. */
#define REMEX_PLUGIN(...) \
	extern "C" REMEX_API const struct remex_plugin remex_plugin; \
	constexpr struct remex_plugin remex_plugin = remex_plugin_whole (remex_plugin_members { __VA_ARGS__ })
#endif
/* clang-format on */

/* --- the verb, arguments of the call, options of the configuration ----------------------------------------------- */

/* The name of the called verb in the plugin's table: one handler can serve several verbs. Valid until the handler
 * returns. In C++ this function hides the name of the struct: write `struct remex_verb` there (as with stat(2)). */
REMEX_API const char *remex_verb (struct remex_call *call);

/* The value of an argument. NULL or the default where the argument is absent or was declared with another type. Strings
 * are NUL-terminated and have no NUL inside; they need not be UTF-8. Lists end with NULL. Values belong to the call: do
 * not free them. */
REMEX_API const char *remex_arg_string (struct remex_call *call, const char *name);
REMEX_API const char *const *remex_arg_strings (struct remex_call *call, const char *name); /* REMEX_STRINGS, _MAP */
REMEX_API long long remex_arg_integer (struct remex_call *call, const char *name, long long otherwise);
REMEX_API double remex_arg_number (struct remex_call *call, const char *name, double otherwise);
REMEX_API bool remex_arg_bool (struct remex_call *call, const char *name, bool otherwise);

/* The same for the options in remexd.yaml, while start runs. Copy a string to keep it. */
REMEX_API const char *remex_option_string (const struct remex_config *config, const char *name);
REMEX_API const char *const *remex_option_strings (const struct remex_config *config, const char *name);
REMEX_API long long remex_option_integer (const struct remex_config *config, const char *name, long long otherwise);
REMEX_API double remex_option_number (const struct remex_config *config, const char *name, double otherwise);
REMEX_API bool remex_option_bool (const struct remex_config *config, const char *name, bool otherwise);

/* Set the reason why start fails, in one line for the administrator of remexd. Always returns -1. */
REMEX_API int remex_start_fail (const struct remex_config *config, const char *fmt, ...)
	__attribute__ ((format (printf, 2, 3)));

/* remexd's counters as a JSON object (NUL-terminated text), for a verb with REMEX_FACTS; otherwise NULL. */
REMEX_API const char *remex_facts (struct remex_call *call);

/* A root: the caller may reach the files beneath the path. remexd does not check the arguments: the handler must keep
 * to the roots, and must check where links lead. */
struct remex_root {
	const char *path; /* absolute; without ".", "..", double or trailing slashes; "/" is allowed. It need not be
			     UTF-8 */
	bool writable; /* false: for reading only */
};

/* The roots that bind the caller, for a verb with REMEX_PATHS: a list that ends with NULL and belongs to the call. An
 * empty list: the caller may reach nothing; a verb without REMEX_PATHS always gets an empty list. NULL: no roots bind
 * the caller, and the caller may reach every file that the user of this worker may reach. */
REMEX_API const struct remex_root *const *remex_roots (struct remex_call *call);

/* --- input and output -------------------------------------------------------------------------------------------- */

/* Does the client send input (or did its call carry some)? */
REMEX_API bool remex_has_input (const struct remex_call *call);

/* Has the call asked for a terminal for its command (REMEX_TTY)? */
REMEX_API bool remex_has_tty (const struct remex_call *call);

/* Read input: up to `size` bytes; 0 at the end of input. Blocks. EBUSY after remex_sink. */
REMEX_API ssize_t remex_read (struct remex_call *call, void *bytes, size_t size);

/* Write output to a stream: "stdout", "stderr", or a name that the plugin chooses (lower case, digits, _; at most 32).
 * Blocks until all bytes are taken (back-pressure). A structured result is one JSON document on "result". EBUSY after
 * remex_stream with that name. */
REMEX_API int remex_write (struct remex_call *call, const char *stream, const void *bytes, size_t size);
REMEX_API int remex_printf (struct remex_call *call, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Hand over the read end of a pipe or socket (output under that name) or the write end (all input from now on): remexd
 * moves the bytes, not the worker. The descriptor belongs to remexd from then on, also on failure. A sink gets all
 * input that remex_read has not read. A sink is closed at the end of input, and also when the request ends for another
 * reason; its reader cannot tell these apart. Data that must not be taken for complete when it is cut needs an end mark
 * of its own, or remex_read. EINVAL: the descriptor is neither an end of a pipe or FIFO that is open in that direction
 * only, nor a stream socket (Unix or TCP), nor the master of a pseudo-terminal (pty(7)). */
REMEX_API int remex_stream (struct remex_call *call, const char *stream, int fd);
REMEX_API int remex_sink (struct remex_call *call, int fd);

/* --- ending ------------------------------------------------------------------------------------------------------ */

/* A descriptor that becomes readable when the request must end (poll(2)). remex_cancelled: must the request end? */
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

/* Set the reason why the call fails, in one line for its user. Always returns -1. The last reason counts. */
REMEX_API int remex_fail (struct remex_call *call, enum remex_code code, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

/* --- commands ---------------------------------------------------------------------------------------------------- */

/* Limits of a command, besides the rights of its user. A value above a hard limit of remexd is lowered to that
 * limit. */
struct remex_limits {
	size_t size; /* sizeof (struct remex_limits); new members are only appended */
	mode_t umask;
	uint64_t core; /* bytes of a core file; UINT64_MAX: no limit */
	uint64_t nofile; /* descriptors */
};

struct remex_command {
	size_t size; /* sizeof (struct remex_command); new members are only appended */
	const char *const *argv; /* ends with NULL */
	const char *const *env; /* NAME=VALUE added to the fresh environment (PATH USER LOGNAME HOME SHELL LANG); NULL:
				   none */
	const char *file; /* the file to execute; NULL: argv[0], looked up in `path` */
	const char *path; /* the directories for the look-up of names without a slash, and PATH for the command; NULL:
			     the default */
	const char *cwd; /* a relative path begins at the user's home; NULL: that home, or / where the home does not
			    exist */
	const struct remex_limits *limits; /* NULL: the defaults: umask 022, no core files, 1024 descriptors */
};

struct remex_child {
	pid_t pid;
	int pidfd;
	int status; /* after remex_wait: the status, as from waitpid(2) */
};

/* Start a command in a session of its own, with nothing inherited. Its stdin, stdout and stderr are connected to the
 * call (by remex_sink and remex_stream; stdin is /dev/null where remex_has_input is false). Where remex_has_tty is true,
 * they are a new terminal, the controlling one of the session, with the size of the call, and TERM is in the environment:
 * the stream "stdout" has its output, and the end of the input does not close it. 0; -1 when the command
 * could not be executed (already recorded as the outcome never_started), or when its streams could not be connected
 * (already recorded as a failure): the handler then returns 0. */
REMEX_API int remex_spawn (struct remex_call *call, const struct remex_command *command, struct remex_child *child);

/* Wait for the command, and pass the client's signals on to its process group: with a terminal to the foreground process
 * group, and the terminal gets the client's sizes. Without one, TSTP is sent as STOP. Records the outcome (exited or
 * signalled) and returns 0; -1 with errno when waiting failed. */
REMEX_API int remex_wait (struct remex_call *call, struct remex_child *child);

/* The worker's user, from the password database: name, home, shell ("/bin/sh" where no shell is set). */
REMEX_API const char *remex_user (struct remex_call *call);
REMEX_API const char *remex_home (struct remex_call *call);
REMEX_API const char *remex_shell (struct remex_call *call);

#ifdef __cplusplus
}

/* The arguments of REMEX_PLUGIN in C++, in the order of struct remex_plugin. */
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
