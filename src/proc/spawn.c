/* spawn - see spawn.h.
 *
 * The child is made by vfork(2): it uses our memory and our stack until it execs, and we wait until then. So the cost
 * does not grow with the size of the caller. The child changes only its own stack frames and errno in that memory: it
 * makes little more than system calls. Where glibc's wrapper does more (sigaction and sigprocmask spare glibc's own
 * signals), the child makes the system call directly. A failure is still reported through a pipe, so that the code also
 * works where vfork is a plain fork (valgrind, qemu).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "proc/spawn.h"

const struct spawn_limits spawn_usual_limits = { .umask = 022, .core = 0, .nofile = 1024 };

/* The last step of the child. */
enum step { STEP_DESCRIPTORS, STEP_TERMINAL, STEP_LIMITS, STEP_CWD, STEP_USER, STEP_PARENT, STEP_EXEC };

struct failure {
	enum step step;
	int sys;
};

struct plan {
	const struct spawn *spawn;
	const char *file; /* a path */
	pid_t parent;
	int report; /* the pipe for a struct failure */
	int keep[SPAWN_KEEP + 1]; /* spawn->keep, and room for `report` */
};

/* --- in the child ----------------------------------------------------------------------------------------------- */

static _Noreturn void child_fail (const struct plan *plan, enum step step)
{
	struct failure failure = { step, errno };

	/* When this cannot be written, the parent is gone, and no process waits for the answer. */
	if (write (plan->report, &failure, sizeof failure) < 0)
		_exit (126);
	_exit (127);
}

static void child_signals (uint64_t ignored)
{
	/* Zeros mean SIG_DFL without flags, in whatever order the kernel's struct sigaction has its members. */
	static const unsigned long standard[16];

	for (int signo = 1; signo < NSIG; signo++)
		if (ignored >> (signo - 1) & 1)
			syscall (SYS_rt_sigaction, signo, standard, NULL, (size_t)(_NSIG / 8));
}

/* A descriptor from 3 up that will become number i, or i itself when it is already in place. */
static int child_source (int fd, int i)
{
	int null;

	if (fd == i || fd > 2)
		return fd;
	if (fd >= 0)
		return fcntl (fd, F_DUPFD_CLOEXEC, 3);
	null = open ("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (null < 0 || null > 2)
		return null;
	/* /dev/null got the number of a closed descriptor, and must not be taken for a descriptor of the caller. */
	fd = fcntl (null, F_DUPFD_CLOEXEC, 3);
	close (null);
	return fd;
}

static int child_fds (struct plan *plan)
{
	const struct spawn *spawn = plan->spawn;
	int from[3];

	if (plan->report < 3 && (plan->report = fcntl (plan->report, F_DUPFD_CLOEXEC, 3)) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		if ((from[i] = child_source (spawn->fds[i], i)) < 0)
			return -1;
	for (int i = 0; i < 3; i++)
		if ((from[i] == i ? fcntl (i, F_SETFD, 0) : dup2 (from[i], i)) < 0)
			return -1;
	for (size_t i = 0; i < spawn->n_keep; i++)
		if (spawn->keep[i] > 2 && fcntl (spawn->keep[i], F_SETFD, 0) < 0)
			return -1;
	plan->keep[spawn->n_keep] = plan->report;
	fd_close_except (plan->keep, spawn->n_keep + 1);
	return 0;
}

static void child_soft_limit (int resource, uint64_t soft)
{
	struct rlimit limit;

	if (getrlimit ((__rlimit_resource_t)resource, &limit) < 0)
		return;
	limit.rlim_cur = soft < limit.rlim_max ? (rlim_t)soft : limit.rlim_max;
	setrlimit ((__rlimit_resource_t)resource, &limit);
}

/* Lower soft and hard limits, and never raise one. */
static int child_call_limits (const struct call_limits *limits)
{
	for (int i = LIMIT_NONE + 1; i < N_CALL_LIMITS; i++) {
		int resource = call_limit_row (i)->resource;
		rlim_t value = (rlim_t)limits->value[i], hard = value;
		struct rlimit limit;

		if (!value || resource == NO_RESOURCE)
			continue;
		if (resource == RLIMIT_CPU) {
			value = (value + 999) / 1000;
			hard = value + SPAWN_CPU_GRACE;
		}
		if (getrlimit ((__rlimit_resource_t)resource, &limit) < 0)
			return -1;
		limit.rlim_cur = value < limit.rlim_cur ? value : limit.rlim_cur;
		limit.rlim_max = hard < limit.rlim_max ? hard : limit.rlim_max;
		if (setrlimit ((__rlimit_resource_t)resource, &limit) < 0)
			return -1;
	}
	if (limits->value[LIMIT_NICE] > getpriority (PRIO_PROCESS, 0))
		return setpriority (PRIO_PROCESS, 0, (int)limits->value[LIMIT_NICE]);
	return 0;
}

/* glibc's functions change the user of all threads, and would wait for those of the parent (nptl(7)): these are the
 * system calls, with ids of 32 bits. */
#ifdef SYS_setresuid32
enum { SET_GROUPS = SYS_setgroups32, SET_GID = SYS_setresgid32, SET_UID = SYS_setresuid32 };
#else
enum { SET_GROUPS = SYS_setgroups, SET_GID = SYS_setresgid, SET_UID = SYS_setresuid };
#endif

/* A change of the uid leaves the inheritable capabilities (capabilities(7)). */
static int child_become (const struct spawn_user *user)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall (SET_GROUPS, 0, NULL) < 0 || syscall (SET_GID, user->gid, user->gid, user->gid) < 0 ||
		syscall (SET_UID, user->uid, user->uid, user->uid) < 0 || syscall (SYS_capset, &head, none) < 0)
		return -1;
	return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Ask for SIGKILL when the thread that spawned us ends. When that thread has already ended, no signal comes. */
static int child_bind (const struct plan *plan)
{
	if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -1;
	if (getppid () == plan->parent)
		return 0;
	errno = ESRCH;
	return -1;
}

static _Noreturn __attribute__ ((noinline)) void child_run (struct plan *plan)
{
	static char *const no_env[] = { NULL };
	static const unsigned char no_mask[_NSIG / 8];
	const struct spawn *spawn = plan->spawn;
	const struct spawn_limits *limits = spawn->limits ? spawn->limits : &spawn_usual_limits;

	child_signals (spawn->ignored ? spawn->ignored : UINT64_MAX);
	setsid ();
	umask (limits->umask);
	if (child_fds (plan) < 0)
		child_fail (plan, STEP_DESCRIPTORS);
	if (spawn->terminal && ioctl (0, TIOCSCTTY, 0) < 0)
		child_fail (plan, STEP_TERMINAL);
	child_soft_limit (RLIMIT_NOFILE, limits->nofile);
	child_soft_limit (RLIMIT_CORE, limits->core);
	if (child_call_limits (&limits->call) < 0)
		child_fail (plan, STEP_LIMITS);
	if (spawn->cwd && chdir (spawn->cwd) < 0)
		child_fail (plan, STEP_CWD);
	if (spawn->user && child_become (spawn->user) < 0)
		child_fail (plan, STEP_USER);
	/* After the change of the user, which clears this (prctl(2)). */
	if (spawn->die_with_parent && child_bind (plan) < 0)
		child_fail (plan, STEP_PARENT);
	syscall (SYS_rt_sigprocmask, SIG_SETMASK, no_mask, NULL, sizeof no_mask);
	execve (plan->file, (char *const *)(uintptr_t)spawn->argv,
		spawn->env ? (char *const *)(uintptr_t)spawn->env : no_env);
	child_fail (plan, STEP_EXEC);
}

/* --- in the parent ---------------------------------------------------------------------------------------------- */

/* The child starts with all signals blocked: our handlers must not run in the child, which shares our memory. */
static pid_t plan_fork (struct plan *plan)
{
	unsigned char all[_NSIG / 8], old[_NSIG / 8];
	pid_t pid;
	int saved;

	memset (all, 0xff, sizeof all);
	syscall (SYS_rt_sigprocmask, SIG_SETMASK, all, old, sizeof all);
	pid = vfork ();
	if (!pid)
		child_run (plan);
	saved = errno;
	syscall (SYS_rt_sigprocmask, SIG_SETMASK, old, NULL, sizeof old);
	errno = saved;
	return pid;
}

static void reap (pid_t pid)
{
	while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int fail_words (const struct plan *plan, const struct failure *failure, struct err *err)
{
	const struct spawn *spawn = plan->spawn;
	bool there;

	errno = failure->sys;
	switch (failure->step) {
	case STEP_DESCRIPTORS: return err_sys (err, 0, "cannot set up the descriptors of %.200s", spawn->argv[0]);
	case STEP_TERMINAL: return err_sys (err, 0, "cannot give %.200s its terminal", spawn->argv[0]);
	case STEP_LIMITS: return err_sys (err, 0, "cannot set the limits of %.200s", spawn->argv[0]);
	case STEP_CWD: return err_sys (err, 0, "cannot change to %.200s", spawn->cwd);
	case STEP_USER:
		return err_sys (err, 0, "cannot run %.200s as uid %u", spawn->argv[0], (unsigned)spawn->user->uid);
	case STEP_PARENT: return err_sys (err, 0, "cannot bind %.200s to its parent", spawn->argv[0]);
	case STEP_EXEC: break;
	}
	/* When the file exists, its interpreter (of a script) or its loader (of a program) is missing. */
	there = plan->file[0] == '/' && access (plan->file, F_OK) == 0;
	errno = failure->sys;
	if (there && errno == ENOENT)
		return err_sys (err, 0, "cannot run %.200s: the interpreter it names", spawn->argv[0]);
	return err_sys (err, 0, "cannot run %.200s", spawn->argv[0]);
}

/* Fork, and wait until the child has executed its program or has reported a failure. Closes both ends of the pipe. */
static int plan_run (struct plan *plan, int report[2], struct child *child, struct err *err)
{
	struct failure failure;
	ssize_t got;
	pid_t pid = plan_fork (plan);

	if (pid < 0)
		err_sys (err, 0, "cannot fork for %.200s", plan->spawn->argv[0]);
	fd_close (&report[1]);
	if (pid < 0) {
		fd_close (&report[0]);
		return -1;
	}
	do
		got = read (report[0], &failure, sizeof failure);
	while (got < 0 && errno == EINTR);
	fd_close (&report[0]);
	if (got == (ssize_t)sizeof failure) {
		reap (pid);
		return fail_words (plan, &failure, err);
	}
	/* The pipe was just closed, so there is a free descriptor for this. */
	child->pidfd = pidfd_open (pid, 0);
	if (child->pidfd < 0) {
		int saved = errno;

		kill (-pid, SIGKILL);
		reap (pid);
		errno = saved;
		return err_sys (err, SPAWN_BEGUN, "cannot watch %.200s", plan->spawn->argv[0]);
	}
	child->pid = pid;
	return 0;
}

int spawn_start (const struct spawn *spawn, struct child *child, struct err *err)
{
	const char *file = spawn->file ? spawn->file : spawn->argv[0];
	struct plan plan = { .spawn = spawn, .file = file, .parent = getpid () };
	char found[PATH_MAX];
	int report[2];

	if (spawn->n_keep > SPAWN_KEEP) {
		errno = EINVAL;
		return err_sys (err, 0, "cannot keep %zu descriptors", spawn->n_keep);
	}
	if (spawn->n_keep)
		memcpy (plan.keep, spawn->keep, spawn->n_keep * sizeof *spawn->keep);
	if (spawn->path && !strchr (file, '/')) {
		if (spawn_resolve (found, file, spawn->path) < 0)
			return err_sys (err, 0, "cannot run %.200s", file);
		plan.file = found;
	}
	if (pipe2 (report, O_CLOEXEC) < 0)
		return err_sys (err, 0, "cannot run %.200s", spawn->argv[0]);
	plan.report = report[1];
	return plan_run (&plan, report, child, err);
}

/* --- look-up ---------------------------------------------------------------------------------------------------- */

/* Is the path a file that we may execute? 0, or the errno. */
static int try_file (const char *path)
{
	struct stat st;

	if (stat (path, &st) < 0)
		return errno;
	if (!S_ISREG (st.st_mode))
		return EACCES;
	/* The real user is the effective one. faccessat2(2), which would ask for the effective one, is refused in some
	 * containers. */
	return access (path, X_OK) < 0 ? errno : 0;
}

int spawn_resolve (char *out, const char *name, const char *path)
{
	size_t length = strlen (name);
	int why = ENOENT;

	if (length >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (strchr (name, '/')) {
		memcpy (out, name, length + 1);
		return 0;
	}
	if (length > NAME_MAX)
		why = ENAMETOOLONG;
	while (length && length <= NAME_MAX && path && *path) {
		size_t n = strcspn (path, ":");
		int tried;

		if (*path == '/' && n + 1 + length < PATH_MAX) {
			memcpy (out, path, n);
			out[n] = '/';
			memcpy (out + n + 1, name, length + 1);
			if (!(tried = try_file (out)))
				return 0;
			if (tried == EACCES)
				why = EACCES;
		}
		path += n + (path[n] == ':');
	}
	errno = why;
	return -1;
}

/* --- the child afterwards ----------------------------------------------------------------------------------------- */

void child_signal (const struct child *child, int signo)
{
	/* ESRCH: the child has ended. EPERM: the child runs as another user now, as sudo(8) does. */
	if (child->pid > 0)
		kill (-child->pid, signo);
}

int child_reap_usage (struct child *child, int *status, struct call_usage *usage)
{
	struct rusage used = { .ru_maxrss = 0 };
	pid_t pid;

	do
		pid = wait4 (child->pid, status, 0, &used);
	while (pid < 0 && errno == EINTR);
	fd_close (&child->pidfd);
	*usage = (struct call_usage){
		.user_us = (int64_t)used.ru_utime.tv_sec * 1000000 + used.ru_utime.tv_usec,
		.system_us = (int64_t)used.ru_stime.tv_sec * 1000000 + used.ru_stime.tv_usec,
		.memory = (int64_t)used.ru_maxrss * 1024,
	};
	return pid < 0 ? -1 : 0;
}

int child_reap (struct child *child, int *status)
{
	struct call_usage usage;

	return child_reap_usage (child, status, &usage);
}

/* The kernel compares the limit of CPU time with time that it has sampled at its ticks, and reports a more exact one, which may be
 * much less on a busy machine. */
enum call_limit child_limit (const struct call_limits *limits, int status, const struct call_usage *usage)
{
	int signo = WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status) - 128;
	int64_t cpu = limits->value[LIMIT_CPU], used = (usage->user_us + usage->system_us) / 1000, hard;

	if (signo == SIGXFSZ && limits->value[LIMIT_FILE_SIZE])
		return LIMIT_FILE_SIZE;
	/* A process that sends this signal to itself has used little. */
	if (cpu && signo == SIGXCPU && 4 * used >= cpu)
		return LIMIT_CPU;
	/* The hard limit sends SIGKILL, as others do. */
	hard = cpu + SPAWN_CPU_GRACE * 1000;
	if (cpu && signo == SIGKILL && used >= cpu && used >= hard - hard / 4)
		return LIMIT_CPU;
	return LIMIT_NONE;
}
