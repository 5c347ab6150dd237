/* subprocess - remex_spawn and remex_wait: a command whose stdin, stdout and stderr are the call's.
 *
 * The far ends of these three (standard_io.h) go to the front, which moves the bytes. So the worker only waits for the
 * command, for the client's signals and sizes, and for the end of its lifeline (its keeper then stops the tree).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "proc/cgroup.h"
#include "proc/spawn.h"
#include "worker/invocation.h"
#include "worker/standard_io.h"

#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* --- a fresh environment ----------------------------------------------------------------------------------------- */

struct environment {
	char **items; /* ends with NULL */
	size_t n;
};

/* Set NAME=VALUE (copied), in place of an earlier value. */
static int set (struct environment *env, const char *pair)
{
	size_t name = (size_t)(strchrnul (pair, '=') - pair);
	char *copy = strdup (pair);

	if (!copy)
		return -1;
	for (size_t i = 0; i < env->n; i++)
		if (!strncmp (env->items[i], pair, name) && env->items[i][name] == '=') {
			free (env->items[i]);
			env->items[i] = copy;
			return 0;
		}
	env->items[env->n++] = copy;
	return 0;
}

static int set_named (struct environment *env, const char *name, const char *value)
{
	char *pair;
	int result;

	if (asprintf (&pair, "%s=%s", name, value) < 0)
		return -1;
	result = set (env, pair);
	free (pair);
	return result;
}

static void environment_free (struct environment *env)
{
	for (size_t i = 0; env->items && i < env->n; i++)
		free (env->items[i]);
	free (env->items);
}

static int environment_make (
	struct environment *env, const struct remex_call *call, const struct remex_command *command, const char *path)
{
	const struct user *user = &call->worker->user;
	size_t more = 0;

	while (command->env && command->env[more])
		more++;
	*env = (struct environment){ .items = calloc (more + 8, sizeof *env->items) };
	if (!env->items || set_named (env, "PATH", path) < 0 || set_named (env, "USER", user->name) < 0 ||
		set_named (env, "LOGNAME", user->name) < 0 || set_named (env, "HOME", user->home) < 0 ||
		set_named (env, "SHELL", user->shell) < 0 || set_named (env, "LANG", "C.UTF-8") < 0 ||
		(*call->tty.term && set_named (env, "TERM", call->tty.term) < 0))
		return -1;
	for (size_t i = 0; i < more; i++)
		if (set (env, command->env[i]) < 0)
			return -1;
	return 0;
}

/* --- starting and waiting ---------------------------------------------------------------------------------------- */

static int never_started (struct remex_call *call, const struct err *err)
{
	call->outcome = OUTCOME_NEVER_STARTED;
	call->number = err->sys;
	snprintf (call->text, sizeof call->text, "%s", err->text);
	return -1;
}

/* The directory where the command starts, in new memory: the requested directory (a relative path begins at the home
 * directory), else the home directory, else the root where the home directory does not exist. NULL: out of memory. */
static char *start_directory (const struct remex_call *call, const struct remex_command *command)
{
	const char *home = call->worker->user.home;
	struct stat st;
	char *path;

	if (command->cwd && *command->cwd == '/')
		return strdup (command->cwd);
	if (command->cwd)
		return asprintf (&path, "%s/%s", home, command->cwd) < 0 ? NULL : path;
	return strdup (stat (home, &st) == 0 && S_ISDIR (st.st_mode) && access (home, X_OK) == 0 ? home : "/");
}

/* The struct of an older plugin is shorter: the missing members are NULL. */
static struct remex_command in_our_size (const struct remex_command *command)
{
	struct remex_command ours = { 0 };

	memcpy (&ours, command, command->size < sizeof ours ? command->size : sizeof ours);
	return ours;
}

/* The limits of the plugin (the default ones when it sets none, or the struct is too small), and those of the call. */
static struct spawn_limits limits_of (const struct remex_call *call, const struct remex_command *command)
{
	const struct remex_limits *given = command->limits;
	struct spawn_limits limits = spawn_usual_limits;

	if (given && given->size >= sizeof *given) {
		limits.umask = given->umask;
		limits.core = given->core;
		limits.nofile = given->nofile;
	}
	limits.call = call->context.limits;
	return limits;
}

/* Start the command on these descriptors. 0, or -1 and err. */
static int start (struct remex_call *call, const struct remex_command *command, const struct standard_io *io,
	struct child *child, struct err *err)
{
	const char *path = command->path ? command->path : USUAL_PATH;
	char *cwd = start_directory (call, command);
	struct environment env = { 0 };
	struct spawn_limits limits = limits_of (call, command);
	int result;

	if (!cwd || environment_make (&env, call, command, path) < 0) {
		result = err_sys (err, 0, "cannot run %s", command->argv[0]);
	} else {
		struct spawn spawn = {
			.argv = command->argv,
			.env = (const char *const *)env.items,
			.file = command->file,
			.path = path,
			.cwd = cwd,
			.fds = { io->command[0], io->command[1], io->command[2] },
			.ignored = tidy_ignored (&call->worker->tidy),
			.terminal = call->tty.wanted,
			.die_with_parent = true,
			.limits = &limits,
		};

		result = spawn_start (&spawn, child, err);
	}
	environment_free (&env);
	free (cwd);
	return result;
}

/* Give the far ends to the front. A failure means that the front is gone (the keeper then ends the worker), or that too
 * many descriptors are in flight. */
static int hand_over (struct remex_call *call, struct standard_io *io)
{
	int result = 0;

	if (io->input >= 0)
		result |= invocation_hand_sink (call, io->input);
	if (io->error >= 0)
		result |= invocation_hand_over (call, "stdout", io->output, "stderr", io->error);
	else
		result |= invocation_hand_over (call, "stdout", io->output, NULL, -1);
	io->input = io->output = io->error = -1;
	return result;
}

/* The command's terminal, or its pipes. 0, or -1 and err. */
static int make_io (struct remex_call *call, struct standard_io *io, struct err *err)
{
	if (!call->tty.wanted)
		return standard_io_pipes (io, call->has_input) < 0 ? err_sys (err, 0, "cannot make a pipe") : 0;
	if (call->pty.master >= 0) {
		errno = EBUSY;
		return err_sys (err, 0, "another command of this call has the terminal");
	}
	call->resized = false;
	if (pty_open (&call->pty, &call->tty) < 0)
		return err_sys (err, 0, "cannot make a terminal");
	if (standard_io_pty (io, &call->pty, call->has_input) == 0)
		return 0;
	err_sys (err, 0, "cannot make a terminal");
	pty_close (&call->pty);
	return -1;
}

int remex_spawn (struct remex_call *call, const struct remex_command *given, struct remex_child *child)
{
	const struct remex_command command = in_our_size (given);
	struct err err = { 0 };
	struct child started;
	struct standard_io io;
	int result;

	*child = (struct remex_child){ .pid = -1, .pidfd = -1 };
	if (!command.argv || !command.argv[0]) {
		err_set (&err, 0, "the command is empty");
		err.sys = EINVAL;
		return never_started (call, &err);
	}
	if (make_io (call, &io, &err) < 0)
		return never_started (call, &err);
	if (start (call, &command, &io, &started, &err) < 0) {
		standard_io_close (&io);
		pty_close (&call->pty);
		/* Processes that have left the command's group could live on as if they were allowed to: our keeper
		 * must kill them. */
		if (err.code == SPAWN_BEGUN)
			call->broken = err.sys;
		return never_started (call, &err);
	}
	child->pid = started.pid;
	child->pidfd = started.pidfd;
	result = hand_over (call, &io);
	standard_io_close (&io);
	if (result < 0) {
		/* Without its streams the command's output would be lost without notice. */
		child_signal (&started, SIGKILL);
		child_reap (&started, &child->status);
		child->pidfd = -1;
		pty_close (&call->pty);
		/* A process that has left the command's group would pass for one that was left behind. */
		call->kill = true;
		remex_fail (call, REMEX_ERR_IO, "the streams of the command could not be handed over; it was stopped");
		return -1;
	}
	return 0;
}

/* --- the CPU time of all processes together ----------------------------------------------------------------------- */

enum {
	CPU_LOOK_MS = 50, /* the least time between two looks */
	CPU_GRACE_MS = 2000, /* between SIGXCPU and SIGKILL */
};

/* RLIMIT_CPU holds each process alone. Where the worker has a cgroup, that one has the sum of the command's processes. */
struct cpu_watch {
	int account; /* of cgroup_open_own_cpu; -1: there is nothing to watch */
	int64_t before_us, limit_us;
	bool warned;
};

static void cpu_watch_begin (struct cpu_watch *watch, struct remex_call *call)
{
	int64_t limit_ms = call->context.limits.value[LIMIT_CPU];

	*watch = (struct cpu_watch){ .account = limit_ms ? cgroup_open_own_cpu () : -1 };
	if (watch->account < 0)
		return;
	watch->before_us = cgroup_cpu_us (watch->account);
	watch->limit_us = (limit_ms + 999) / 1000 * 1000000; /* as RLIMIT_CPU */
	call->wake_ms = clock_ms () + CPU_LOOK_MS;
}

static void cpu_watch_end (struct cpu_watch *watch, struct remex_call *call)
{
	fd_close (&watch->account);
	call->wake_ms = 0;
}

/* Look at the account, and set the time of the next look: when the limit can be reached at the earliest. Over the limit the
 * command's group gets SIGXCPU, then SIGKILL; the keeper kills what has left the group, at the end (call->kill). */
static void cpu_watch_look (struct cpu_watch *watch, struct remex_call *call, const struct child *child)
{
	int64_t now = clock_ms (), us = cgroup_cpu_us (watch->account), left_ms;

	call->wake_ms = 0;
	if (us < 0 || watch->before_us < 0)
		return;
	left_ms = (watch->limit_us - (us - watch->before_us)) / 1000;
	if (left_ms > 0) {
		left_ms /= get_nprocs ();
		call->wake_ms = now + (left_ms > CPU_LOOK_MS ? left_ms : CPU_LOOK_MS);
	} else if (!watch->warned) {
		watch->warned = call->kill = true;
		call->limit = LIMIT_CPU;
		child_signal (child, SIGXCPU);
		call->wake_ms = now + CPU_GRACE_MS;
	} else {
		child_signal (child, SIGKILL);
	}
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

/* Pass the received size and signals on to the command. The signals of a terminal are for its foreground process group. A
 * command without a terminal leads a session that nobody can stop from a keyboard: the kernel lets its processes ignore
 * SIGTSTP (an orphaned process group: setpgid(2)), so they get SIGSTOP. */
static void deliver (struct remex_call *call, const struct child *child)
{
	bool terminal = call->pty.master >= 0;

	if (call->resized)
		pty_resize (&call->pty, call->tty.rows, call->tty.cols);
	call->resized = false;
	for (int signo = 1; call->signals; signo++)
		if (call->signals & (uint64_t)1 << signo) {
			call->signals &= ~((uint64_t)1 << signo);
			if (!terminal || pty_signal (&call->pty, signo) < 0)
				child_signal (child, !terminal && signo == SIGTSTP ? SIGSTOP : signo);
		}
}

/* Wait for the end of the command. 0, or -1 with errno. */
static int await_end (struct remex_call *call, struct remex_child *child, struct cpu_watch *watch)
{
	struct child waited = { .pid = child->pid, .pidfd = child->pidfd };
	bool ending = false;
	int happened = 0;

	while (!(happened & INVOCATION_EXTRA)) {
		deliver (call, &waited);
		if ((happened = invocation_wait (call, false, child->pidfd, ending)) < 0)
			return -1;
		if (happened & INVOCATION_TIME)
			cpu_watch_look (watch, call, &waited);
		if (happened & INVOCATION_ENDING)
			ending = true; /* the keeper sends TERM and, after the grace, KILL */
		if (happened & INVOCATION_LINK && invocation_receive (call) < 0 && errno != EAGAIN) {
			call->broken = errno; /* the command still runs: an answer would leave it behind */
			return -1;
		}
	}
	if (child_reap_usage (&waited, &child->status, &call->usage) < 0)
		return -1;
	child->pidfd = -1;
	pty_close (&call->pty);
	if (!call->limit)
		call->limit = child_limit (&call->context.limits, child->status, &call->usage);
	call->outcome = WIFSIGNALED (child->status) ? OUTCOME_SIGNALLED : OUTCOME_EXITED;
	call->number = WIFSIGNALED (child->status) ? WTERMSIG (child->status) : WEXITSTATUS (child->status);
	return 0;
}

int remex_wait (struct remex_call *call, struct remex_child *child)
{
	struct cpu_watch watch;
	int result;

	call->limit = LIMIT_NONE;
	cpu_watch_begin (&watch, call);
	result = await_end (call, child, &watch);
	cpu_watch_end (&watch, call);
	return result;
}
