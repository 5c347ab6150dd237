/* shim - a library to be preloaded (LD_PRELOAD), which makes one call of one process of remex fail, as the system
 * might: the N-th that a role makes into a family of functions. tests/system/faults.test chooses the call, and checks
 * the effects.
 *
 * REMEX_FAULT names a file of one `struct control`, which every process maps and the test has mapped too. So the calls
 * are counted over all processes of a role together, a fault happens once and not once in each child, and a daemon that
 * runs can be told of the next fault without being started again. Nothing fails while `armed` is 0.
 *
 * The role of a process is known by the program's file (remex, or remexd with or without --front) when the library is
 * loaded, and later by the name that the process gives itself with PR_SET_NAME. Between fork(2) and that it has no
 * role. A process that spawn.c makes is a `child` until it executes the command, which has no REMEX_FAULT in its
 * environment. That child is made by fork(2) here, not by vfork(2): a function that wraps vfork would return twice into
 * one frame.
 *
 * A crash (SIGSEGV, SIGABRT and the like) is reported on standard error with the functions that led to it, as
 * "fault: crash"; programs that reset all signals do not reset these. glibc's own calls of read(2) and others (stdio,
 * the loader) do not pass here.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"

#define EXPORT __attribute__ ((visibility ("default")))

static const char *const roles[ROLES] = { ROLE_NAMES };
static struct control *control;
static uint32_t role = NOBODY;
static bool busy; /* the stack is being read: calls for that are not counted */

/* The next definition of that function: glibc's, or a sanitizer's. dlsym(3) allocates nothing when it succeeds. */
#define NEXT(name) \
	({ \
		static void *next_; \
		if (!next_) \
			next_ = dlsym (RTLD_NEXT, #name); \
		(__typeof__ (&name))next_; \
	})

/* --- the fault --------------------------------------------------------------------------------------------------- */

static void format_stack (char *out, size_t size, const char *what)
{
	void *frames[14];
	int n = backtrace (frames, sizeof frames / sizeof *frames);
	size_t used = (size_t)snprintf (out, size, "%s", what);

	for (int i = 2; i < n && used < size; i++) {
		const char *file, *slash;
		Dl_info info;

		if (!dladdr (frames[i], &info) || !info.dli_fname)
			continue;
		file = (slash = strrchr (info.dli_fname, '/')) ? slash + 1 : info.dli_fname;
		used += (size_t)snprintf (out + used, size - used, " %s+0x%zx", file,
			(size_t)((char *)frames[i] - (char *)info.dli_fbase) - 1);
	}
}

/* Count this call. Is it the one that fails? */
static bool is_one (uint32_t families, const char *name)
{
	uint32_t mine = 0;

	if (!control || !control->armed || busy)
		return false;
	for (int i = 0; i < FAMILIES; i++)
		if (families >> i & 1) {
			uint32_t seen = __atomic_add_fetch (&control->seen[role][i], 1, __ATOMIC_SEQ_CST);

			if (control->family >> i & 1)
				mine = seen;
		}
	if (role != control->role || !mine || !control->nth || mine < control->nth ||
		mine - control->nth >= control->times)
		return false;
	busy = true;
	if (__atomic_add_fetch (&control->fired, 1, __ATOMIC_SEQ_CST) == 1) {
		control->pid = getpid ();
		format_stack (control->where, sizeof control->where, name);
	}
	busy = false;
	return true;
}

/* Does this call fail? errno is then set. */
static bool fails (uint32_t families, const char *name, int error)
{
	int saved = errno;

	if (!is_one (families, name)) {
		errno = saved;
		return false;
	}
	errno = control->family == INTERRUPT ? EINTR : control->error ? control->error : error;
	return true;
}

/* Is less than `n` read or written? Only where the other side may not tell the difference: streams, pipes, files. */
static bool is_short (int fd, size_t n, const char *name)
{
	socklen_t size = sizeof (int);
	int type, saved = errno;
	bool stream = false;
	struct stat st;

	if (control && control->armed && n > 1 && NEXT (fstat) (fd, &st) == 0)
		stream = S_ISFIFO (st.st_mode) || S_ISREG (st.st_mode) ||
			 (S_ISSOCK (st.st_mode) && NEXT (getsockopt) (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
				 type == SOCK_STREAM);
	errno = saved;
	return stream && is_one (SHORT, name);
}

/* --- roles and crashes -------------------------------------------------------------------------------- */

static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

static bool is_crash (int signo)
{
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		if (crashes[i] == signo)
			return true;
	return false;
}

static void on_crash (int signo)
{
	char stack[1024], text[1200];
	int n;

	busy = true;
	format_stack (stack, sizeof stack, strsignal (signo));
	n = snprintf (text, sizeof text, "fault: crash of the %s (pid %d): %s\n", roles[role], getpid (), stack);
	if (NEXT (write) (STDERR_FILENO, text, (size_t)n) < 0)
		busy = true;
	raise (signo); /* SA_RESETHAND */
}

static void set_role (const char *name)
{
	role = NOBODY;
	for (uint32_t i = 0; i < ROLES; i++)
		if (!strcmp (roles[i], name))
			role = i;
}

__attribute__ ((constructor)) static void begin (int argc, char **argv)
{
	const char *path = getenv ("REMEX_FAULT");
	char program[1024];
	ssize_t n = readlink ("/proc/self/exe", program, sizeof program - 1);
	int fd = path ? NEXT (open) (path, O_RDWR | O_CLOEXEC) : -1;
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
	void *frame;

	if (n <= 0 || fd < 0)
		return;
	program[n] = '\0';
	if (!strcmp (strrchr (program, '/'), "/remex") || !strcmp (strrchr (program, '/'), "/lt-remex"))
		set_role ("client");
	else if (!strcmp (strrchr (program, '/'), "/remexd"))
		set_role (argc > 1 && !strncmp (argv[1], "--front=", 8) ? "front" : "supervisor");
	busy = true;
	backtrace (&frame, 1); /* it loads a library the first time */
	busy = false;
	/* A sanitizer has handlers of its own, but none for SIGABRT. */
	for (size_t i = 0; role && i < sizeof crashes / sizeof *crashes; i++)
		if (crashes[i] == SIGABRT || !dlsym (RTLD_DEFAULT, "__asan_init"))
			NEXT (sigaction) (crashes[i], &action, NULL);
	control = mmap (NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (control == MAP_FAILED)
		control = NULL;
	close (fd);
}

EXPORT sighandler_t signal (int signo, sighandler_t handler)
{
	return role && is_crash (signo) && handler == SIG_DFL ? SIG_DFL : NEXT (signal) (signo, handler);
}

EXPORT int sigaction (int signo, const struct sigaction *action, struct sigaction *old)
{
	if (role && is_crash (signo) && action && action->sa_handler == SIG_DFL)
		action = NULL;
	return NEXT (sigaction) (signo, action, old);
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

EXPORT void *malloc (size_t size)
{
	return fails (MEMORY, "malloc", ENOMEM) ? NULL : NEXT (malloc) (size);
}

EXPORT void *calloc (size_t n, size_t size)
{
	return fails (MEMORY, "calloc", ENOMEM) ? NULL : NEXT (calloc) (n, size);
}

EXPORT void *realloc (void *old, size_t size)
{
	return fails (MEMORY, "realloc", ENOMEM) ? NULL : NEXT (realloc) (old, size);
}

EXPORT void *reallocarray (void *old, size_t n, size_t size)
{
	return fails (MEMORY, "reallocarray", ENOMEM) ? NULL : NEXT (reallocarray) (old, n, size);
}

/* --- descriptors ------------------------------------------------------------------------------------------------- */

/* The third argument of open, fcntl and ioctl: present or not, it takes one register. */
#define ARGUMENT(type, last) \
	({ \
		va_list args_; \
		type value_; \
		va_start (args_, last); \
		value_ = va_arg (args_, type); \
		va_end (args_); \
		value_; \
	})

EXPORT int open (const char *path, int flags, ...)
{
	unsigned mode = flags & (O_CREAT | __O_TMPFILE) ? ARGUMENT (unsigned, flags) : 0;

	return fails (DESCRIPTOR, "open", EMFILE) ? -1 : NEXT (open) (path, flags, mode);
}

EXPORT int openat (int at, const char *path, int flags, ...)
{
	unsigned mode = flags & (O_CREAT | __O_TMPFILE) ? ARGUMENT (unsigned, flags) : 0;

	return fails (DESCRIPTOR, "openat", EMFILE) ? -1 : NEXT (openat) (at, path, flags, mode);
}

/* The same with _FORTIFY_SOURCE, where the flags are no constant. */
int __open_2 (const char *path, int flags);
int __openat_2 (int at, const char *path, int flags);

EXPORT int __open_2 (const char *path, int flags)
{
	return fails (DESCRIPTOR, "open", EMFILE) ? -1 : NEXT (__open_2) (path, flags);
}

EXPORT int __openat_2 (int at, const char *path, int flags)
{
	return fails (DESCRIPTOR, "openat", EMFILE) ? -1 : NEXT (__openat_2) (at, path, flags);
}

EXPORT FILE *fopen (const char *path, const char *mode)
{
	return fails (DESCRIPTOR, "fopen", EMFILE) ? NULL : NEXT (fopen) (path, mode);
}

EXPORT DIR *opendir (const char *path)
{
	return fails (DESCRIPTOR, "opendir", EMFILE) ? NULL : NEXT (opendir) (path);
}

EXPORT DIR *fdopendir (int fd)
{
	return fails (DESCRIPTOR, "fdopendir", ENOMEM) ? NULL : NEXT (fdopendir) (fd);
}

EXPORT int memfd_create (const char *name, unsigned flags)
{
	return fails (DESCRIPTOR, "memfd_create", EMFILE) ? -1 : NEXT (memfd_create) (name, flags);
}

EXPORT int pipe2 (int fds[2], int flags)
{
	return fails (DESCRIPTOR, "pipe2", EMFILE) ? -1 : NEXT (pipe2) (fds, flags);
}

EXPORT int socketpair (int domain, int type, int protocol, int fds[2])
{
	return fails (DESCRIPTOR, "socketpair", EMFILE) ? -1 : NEXT (socketpair) (domain, type, protocol, fds);
}

EXPORT int socket (int domain, int type, int protocol)
{
	return fails (DESCRIPTOR, "socket", EMFILE) ? -1 : NEXT (socket) (domain, type, protocol);
}

EXPORT int accept4 (int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	return fails (DESCRIPTOR | INTERRUPT, "accept4", EMFILE) ? -1 : NEXT (accept4) (fd, address, size, flags);
}

EXPORT int epoll_create1 (int flags)
{
	return fails (DESCRIPTOR, "epoll_create1", EMFILE) ? -1 : NEXT (epoll_create1) (flags);
}

EXPORT int eventfd (unsigned value, int flags)
{
	return fails (DESCRIPTOR, "eventfd", EMFILE) ? -1 : NEXT (eventfd) (value, flags);
}

EXPORT int signalfd (int fd, const sigset_t *set, int flags)
{
	return fails (DESCRIPTOR, "signalfd", EMFILE) ? -1 : NEXT (signalfd) (fd, set, flags);
}

EXPORT int pidfd_open (pid_t pid, unsigned flags)
{
	return fails (DESCRIPTOR, "pidfd_open", EMFILE) ? -1 : NEXT (pidfd_open) (pid, flags);
}

EXPORT int dup (int fd)
{
	return fails (DESCRIPTOR, "dup", EMFILE) ? -1 : NEXT (dup) (fd);
}

EXPORT int dup2 (int fd, int to)
{
	return fails (DESCRIPTOR, "dup2", EBUSY) ? -1 : NEXT (dup2) (fd, to);
}

EXPORT int fcntl (int fd, int command, ...)
{
	void *argument = ARGUMENT (void *, command);
	bool makes = command == F_DUPFD || command == F_DUPFD_CLOEXEC;

	if (fails (makes ? DESCRIPTOR : SETTING, "fcntl", makes ? EMFILE : EPERM))
		return -1;
	return NEXT (fcntl) (fd, command, argument);
}

/* --- reading and writing ----------------------------------------------------------------------------------------- */

/* Errors of a link (SOCK_SEQPACKET) differ from those of a connection, and of a file. For sending, ENOBUFS is the error
 * of a socket whose other end still exists. */
static int read_error (int fd)
{
	socklen_t size = sizeof (int);
	int type;

	if (!control || !control->armed || NEXT (getsockopt) (fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return EIO;
	return type == SOCK_STREAM ? ECONNRESET : ENOMEM;
}

EXPORT ssize_t read (int fd, void *bytes, size_t n)
{
	if (fails (READ | INTERRUPT, "read", EIO))
		return -1;
	return NEXT (read) (fd, bytes, is_short (fd, n, "read") ? 1 : n);
}

EXPORT ssize_t pread (int fd, void *bytes, size_t n, off_t at)
{
	if (fails (READ | INTERRUPT, "pread", EIO))
		return -1;
	return NEXT (pread) (fd, bytes, is_short (fd, n, "pread") ? 1 : n, at);
}

EXPORT ssize_t recv (int fd, void *bytes, size_t n, int flags)
{
	if (fails (READ | INTERRUPT, "recv", ECONNRESET))
		return -1;
	return NEXT (recv) (fd, bytes, is_short (fd, n, "recv") ? 1 : n, flags);
}

EXPORT ssize_t recvmsg (int fd, struct msghdr *msg, int flags)
{
	if (fails (READ | INTERRUPT, "recvmsg", read_error (fd)))
		return -1;
	return NEXT (recvmsg) (fd, msg, flags);
}

EXPORT ssize_t preadv2 (int fd, const struct iovec *parts, int n, off_t at, int flags)
{
	if (fails (READ | INTERRUPT, "preadv2", EIO))
		return -1;
	return NEXT (preadv2) (fd, parts, n, at, flags);
}

EXPORT ssize_t getdents64 (int fd, void *bytes, size_t n)
{
	return fails (READ, "getdents64", EIO) ? -1 : NEXT (getdents64) (fd, bytes, n);
}

EXPORT struct dirent *readdir (DIR *directory)
{
	return fails (READ, "readdir", EIO) ? NULL : NEXT (readdir) (directory);
}

EXPORT ssize_t write (int fd, const void *bytes, size_t n)
{
	if (fails (WRITE | INTERRUPT, "write", EIO))
		return -1;
	return NEXT (write) (fd, bytes, is_short (fd, n, "write") ? 1 : n);
}

EXPORT ssize_t pwrite (int fd, const void *bytes, size_t n, off_t at)
{
	if (fails (WRITE | INTERRUPT, "pwrite", ENOSPC))
		return -1;
	return NEXT (pwrite) (fd, bytes, is_short (fd, n, "pwrite") ? 1 : n, at);
}

EXPORT ssize_t pwritev2 (int fd, const struct iovec *parts, int n, off_t at, int flags)
{
	if (fails (WRITE | INTERRUPT, "pwritev2", EIO))
		return -1;
	return NEXT (pwritev2) (fd, parts, n, at, flags);
}

EXPORT int ftruncate (int fd, off_t size)
{
	return fails (WRITE, "ftruncate", ENOSPC) ? -1 : NEXT (ftruncate) (fd, size);
}

EXPORT int fsync (int fd)
{
	return fails (WRITE, "fsync", EIO) ? -1 : NEXT (fsync) (fd);
}

EXPORT int syncfs (int fd)
{
	return fails (WRITE, "syncfs", EIO) ? -1 : NEXT (syncfs) (fd);
}

EXPORT int renameat (int at, const char *path, int to, const char *name)
{
	return fails (WRITE, "renameat", EIO) ? -1 : NEXT (renameat) (at, path, to, name);
}

EXPORT int mkdirat (int at, const char *path, mode_t mode)
{
	return fails (WRITE, "mkdirat", ENOSPC) ? -1 : NEXT (mkdirat) (at, path, mode);
}

EXPORT int symlinkat (const char *target, int at, const char *path)
{
	return fails (WRITE, "symlinkat", ENOSPC) ? -1 : NEXT (symlinkat) (target, at, path);
}

EXPORT ssize_t send (int fd, const void *bytes, size_t n, int flags)
{
	if (fails (WRITE | INTERRUPT, "send", ENOBUFS))
		return -1;
	return NEXT (send) (fd, bytes, is_short (fd, n, "send") ? 1 : n, flags);
}

EXPORT ssize_t sendto (int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t size)
{
	return fails (WRITE | INTERRUPT, "sendto", ENOBUFS) ? -1 : NEXT (sendto) (fd, bytes, n, flags, to, size);
}

EXPORT ssize_t sendmsg (int fd, const struct msghdr *msg, int flags)
{
	return fails (WRITE | INTERRUPT, "sendmsg", ENOBUFS) ? -1 : NEXT (sendmsg) (fd, msg, flags);
}

/* --- processes --------------------------------------------------------------------------------------------------- */

EXPORT pid_t fork (void)
{
	pid_t pid = fails (PROCESS, "fork", EAGAIN) ? -1 : NEXT (fork) ();

	if (!pid)
		role = NOBODY;
	return pid;
}

EXPORT pid_t vfork (void)
{
	pid_t pid = fails (PROCESS, "vfork", EAGAIN) ? -1 : NEXT (fork) ();

	if (!pid)
		role = CHILD;
	return pid;
}

EXPORT int execve (const char *path, char *const argv[], char *const envp[])
{
	return fails (PROCESS, "execve", ENOMEM) ? -1 : NEXT (execve) (path, argv, envp);
}

EXPORT int poll (struct pollfd *fds, nfds_t n, int timeout)
{
	return fails (WAIT | INTERRUPT, "poll", ENOMEM) ? -1 : NEXT (poll) (fds, n, timeout);
}

EXPORT int epoll_pwait (int fd, struct epoll_event *events, int n, int timeout, const sigset_t *set)
{
	return fails (INTERRUPT, "epoll_pwait", EINTR) ? -1 : NEXT (epoll_pwait) (fd, events, n, timeout, set);
}

EXPORT int epoll_wait (int fd, struct epoll_event *events, int n, int timeout)
{
	return fails (INTERRUPT, "epoll_wait", EINTR) ? -1 : NEXT (epoll_wait) (fd, events, n, timeout);
}

/* Without WNOHANG a signal may interrupt it; nothing else goes wrong with a child of ours. */
EXPORT pid_t waitpid (pid_t pid, int *status, int options)
{
	return !(options & WNOHANG) && fails (INTERRUPT, "waitpid", EINTR) ? -1 : NEXT (waitpid) (pid, status, options);
}

/* --- identities and settings -------------------------------------------------------------------------------------- */

EXPORT int setresuid (uid_t real, uid_t effective, uid_t saved)
{
	return fails (IDENTITY, "setresuid", EAGAIN) ? -1 : NEXT (setresuid) (real, effective, saved);
}

EXPORT int setresgid (gid_t real, gid_t effective, gid_t saved)
{
	return fails (IDENTITY, "setresgid", EPERM) ? -1 : NEXT (setresgid) (real, effective, saved);
}

EXPORT int setgroups (size_t n, const gid_t *groups)
{
	return fails (IDENTITY, "setgroups", EPERM) ? -1 : NEXT (setgroups) (n, groups);
}

EXPORT int initgroups (const char *name, gid_t group)
{
	return fails (IDENTITY, "initgroups", EPERM) ? -1 : NEXT (initgroups) (name, group);
}

EXPORT int seteuid (uid_t uid)
{
	return fails (IDENTITY, "seteuid", EPERM) ? -1 : NEXT (seteuid) (uid);
}

EXPORT int setuid (uid_t uid)
{
	return fails (IDENTITY, "setuid", EPERM) ? -1 : NEXT (setuid) (uid);
}

EXPORT int prctl (int option, ...)
{
	unsigned long argument = ARGUMENT (unsigned long, option);

	if (option == PR_SET_NAME && role != CLIENT) {
		const char *name = (const char *)(uintptr_t)argument;

		set_role (!strncmp (name, "remexd-", 7) ? name + 7 : name);
	} else if (fails (SETTING, "prctl", EPERM)) {
		return -1;
	}
	return NEXT (prctl) (option, argument, 0, 0, 0);
}

EXPORT int ioctl (int fd, unsigned long request, ...)
{
	void *argument = ARGUMENT (void *, request);

	return fails (SETTING, "ioctl", ENOTTY) ? -1 : NEXT (ioctl) (fd, request, argument);
}

EXPORT int setsockopt (int fd, int level, int name, const void *value, socklen_t size)
{
	return fails (SETTING, "setsockopt", ENOMEM) ? -1 : NEXT (setsockopt) (fd, level, name, value, size);
}

EXPORT int getsockopt (int fd, int level, int name, void *value, socklen_t *size)
{
	return fails (SETTING, "getsockopt", ENOMEM) ? -1 : NEXT (getsockopt) (fd, level, name, value, size);
}

EXPORT int epoll_ctl (int fd, int operation, int target, struct epoll_event *event)
{
	/* Removing a descriptor does not fail. */
	return operation != EPOLL_CTL_DEL && fails (SETTING, "epoll_ctl", ENOMEM)
		       ? -1
		       : NEXT (epoll_ctl) (fd, operation, target, event);
}

EXPORT int connect (int fd, const struct sockaddr *address, socklen_t size)
{
	return fails (SETTING, "connect", EAGAIN) ? -1 : NEXT (connect) (fd, address, size);
}

EXPORT int bind (int fd, const struct sockaddr *address, socklen_t size)
{
	return fails (SETTING, "bind", EACCES) ? -1 : NEXT (bind) (fd, address, size);
}

EXPORT int listen (int fd, int backlog)
{
	return fails (SETTING, "listen", EADDRINUSE) ? -1 : NEXT (listen) (fd, backlog);
}

EXPORT int flock (int fd, int operation)
{
	return fails (SETTING, "flock", ENOLCK) ? -1 : NEXT (flock) (fd, operation);
}

EXPORT int stat (const char *path, struct stat *st)
{
	return fails (SETTING, "stat", EIO) ? -1 : NEXT (stat) (path, st);
}

EXPORT int lstat (const char *path, struct stat *st)
{
	return fails (SETTING, "lstat", EIO) ? -1 : NEXT (lstat) (path, st);
}

EXPORT int fstat (int fd, struct stat *st)
{
	return fails (SETTING, "fstat", EIO) ? -1 : NEXT (fstat) (fd, st);
}

EXPORT int chdir (const char *path)
{
	return fails (SETTING, "chdir", EIO) ? -1 : NEXT (chdir) (path);
}

EXPORT int mkdir (const char *path, mode_t mode)
{
	return fails (SETTING, "mkdir", ENOSPC) ? -1 : NEXT (mkdir) (path, mode);
}

EXPORT int chmod (const char *path, mode_t mode)
{
	return fails (SETTING, "chmod", EPERM) ? -1 : NEXT (chmod) (path, mode);
}

EXPORT int chown (const char *path, uid_t uid, gid_t gid)
{
	return fails (SETTING, "chown", EPERM) ? -1 : NEXT (chown) (path, uid, gid);
}

EXPORT off_t lseek (int fd, off_t offset, int whence)
{
	return fails (SETTING, "lseek", EINVAL) ? -1 : NEXT (lseek) (fd, offset, whence);
}
