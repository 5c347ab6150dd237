/* check_shim - each function that shim.c wraps fails when the test requests it, with the right errno, once, and for
 * the requested role and family; a call without a fault works as usual.
 *
 * The program runs itself again with the shim preloaded. In each case it calls itself a worker, as remexd's workers do.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
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
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/control.h"
#include "support/check_main.h"

static struct control *control;

/* Arguments of the calls below. */
static char directory[] = "/tmp/remex-check-shim-XXXXXX";
static int at, file, null, epoll, stream[2], packets[2], listener;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static DIR *stream_of_names;
static char bytes[16];
static struct iovec part = { bytes, sizeof bytes };
static struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
static sigset_t no_signals;
static void *volatile kept; /* so that no compiler removes a call */

/* In a child of fork(2): it ends. In the parent: it is reaped. */
static long ended (pid_t pid)
{
	if (pid == 0)
		_exit (0);
	return pid < 0 ? -1 : waitpid (pid, NULL, WNOHANG) < 0 ? -1 : 0;
}

static long got (const void *pointer)
{
	return pointer ? 0 : -1;
}

static long pipe_made (void)
{
	int ends[2];

	return pipe2 (ends, O_CLOEXEC);
}

static long pair_made (void)
{
	int ends[2];

	return socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

/* A row: the name, the family, the errno, and a call. Where a call fails by itself, it fails with another errno. */
#define ROWS \
	ROW (malloc, MEMORY, ENOMEM, got (kept = malloc (100))) \
	ROW (calloc, MEMORY, ENOMEM, got (kept = calloc (10, 10))) \
	ROW (realloc, MEMORY, ENOMEM, got (kept = realloc (NULL, 100))) \
	ROW (reallocarray, MEMORY, ENOMEM, got (kept = reallocarray (NULL, 10, 10))) \
	ROW (open, DESCRIPTOR, EMFILE, open ("/dev/null", O_RDONLY | O_CLOEXEC)) \
	ROW (openat, DESCRIPTOR, EMFILE, openat (at, "file", O_RDONLY | O_CLOEXEC)) \
	ROW (fopen, DESCRIPTOR, EMFILE, got (fopen ("/dev/null", "re"))) \
	ROW (opendir, DESCRIPTOR, EMFILE, got (opendir ("/"))) \
	ROW (fdopendir, DESCRIPTOR, ENOMEM, got (fdopendir (at))) \
	ROW (memfd_create, DESCRIPTOR, EMFILE, memfd_create ("x", MFD_CLOEXEC)) \
	ROW (pipe2, DESCRIPTOR, EMFILE, pipe_made ()) \
	ROW (socketpair, DESCRIPTOR, EMFILE, pair_made ()) \
	ROW (socket, DESCRIPTOR, EMFILE, socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) \
	ROW (accept4, DESCRIPTOR, EMFILE, accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) \
	ROW (epoll_create1, DESCRIPTOR, EMFILE, epoll_create1 (EPOLL_CLOEXEC)) \
	ROW (eventfd, DESCRIPTOR, EMFILE, eventfd (0, EFD_CLOEXEC)) \
	ROW (signalfd, DESCRIPTOR, EMFILE, signalfd (-1, &no_signals, SFD_CLOEXEC)) \
	ROW (pidfd_open, DESCRIPTOR, EMFILE, pidfd_open (getpid (), 0)) \
	ROW (dup, DESCRIPTOR, EMFILE, dup (null)) \
	ROW (dup2, DESCRIPTOR, EBUSY, dup2 (null, 200)) \
	ROW (fcntl, DESCRIPTOR, EMFILE, fcntl (null, F_DUPFD_CLOEXEC, 100)) \
	ROW (fcntl, SETTING, EPERM, fcntl (null, F_GETFD)) \
	ROW (read, READ, EIO, read (null, bytes, 1)) \
	ROW (pread, READ, EIO, pread (file, bytes, 1, 0)) \
	ROW (recv, READ, ECONNRESET, recv (stream[0], bytes, 1, MSG_DONTWAIT)) \
	ROW (recvmsg, READ, ECONNRESET, recvmsg (stream[0], &message, MSG_DONTWAIT)) \
	ROW (recvmsg, READ, ENOMEM, recvmsg (packets[0], &message, MSG_DONTWAIT)) \
	ROW (preadv2, READ, EIO, preadv2 (file, &part, 1, 0, 0)) \
	ROW (getdents64, READ, EIO, getdents64 (at, (char[512]){ 0 }, 512)) \
	ROW (readdir, READ, EIO, (errno = 0, got (readdir (stream_of_names)))) \
	ROW (write, WRITE, EIO, write (null, "x", 1)) \
	ROW (pwrite, WRITE, ENOSPC, pwrite (file, "x", 1, 0)) \
	ROW (pwritev2, WRITE, EIO, pwritev2 (file, &part, 1, 0, 0)) \
	ROW (ftruncate, WRITE, ENOSPC, ftruncate (file, 100)) \
	ROW (fsync, WRITE, EIO, fsync (file)) \
	ROW (syncfs, WRITE, EIO, syncfs (-1)) \
	ROW (renameat, WRITE, EIO, renameat (at, "file", at, "file")) \
	ROW (mkdirat, WRITE, ENOSPC, mkdirat (at, "file", 0700)) \
	ROW (symlinkat, WRITE, ENOSPC, symlinkat ("x", at, "file")) \
	ROW (send, WRITE, ENOBUFS, send (stream[0], "x", 1, MSG_NOSIGNAL)) \
	ROW (sendto, WRITE, ENOBUFS, sendto (stream[0], "x", 1, MSG_NOSIGNAL, NULL, 0)) \
	ROW (sendmsg, WRITE, ENOBUFS, sendmsg (stream[0], &message, MSG_NOSIGNAL)) \
	ROW (fork, PROCESS, EAGAIN, ended (fork ())) \
	ROW (execve, PROCESS, ENOMEM, execve ("/nowhere", (char *[]){ NULL }, (char *[]){ NULL })) \
	ROW (poll, WAIT, ENOMEM, poll (NULL, 0, 0)) \
	ROW (setresuid, IDENTITY, EAGAIN, setresuid ((uid_t)-1, (uid_t)-1, (uid_t)-1)) \
	ROW (setresgid, IDENTITY, EPERM, setresgid ((gid_t)-1, (gid_t)-1, (gid_t)-1)) \
	ROW (seteuid, IDENTITY, EPERM, seteuid (geteuid ())) \
	ROW (setuid, IDENTITY, EPERM, setuid (getuid ())) \
	ROW (prctl, SETTING, EPERM, prctl (PR_GET_DUMPABLE)) \
	ROW (ioctl, SETTING, ENOTTY, ioctl (stream[0], FIONREAD, &(int){ 0 })) \
	ROW (setsockopt, SETTING, ENOMEM, setsockopt (stream[0], SOL_SOCKET, SO_SNDBUF, &(int){ 9999 }, sizeof (int))) \
	ROW (getsockopt, SETTING, ENOMEM, \
		getsockopt (stream[0], SOL_SOCKET, SO_TYPE, &(int){ 0 }, &(socklen_t){ sizeof (int) })) \
	ROW (epoll_ctl, SETTING, ENOMEM, epoll_ctl (epoll, EPOLL_CTL_ADD, file, &(struct epoll_event){ 0 })) \
	ROW (connect, SETTING, EAGAIN, connect (stream[0], (const struct sockaddr *)&address, sizeof address)) \
	ROW (bind, SETTING, EACCES, bind (listener, (const struct sockaddr *)&address, sizeof address)) \
	ROW (listen, SETTING, EADDRINUSE, listen (listener, 1)) \
	ROW (flock, SETTING, ENOLCK, flock (file, LOCK_SH)) \
	ROW (stat, SETTING, EIO, stat ("/", &(struct stat){ 0 })) \
	ROW (lstat, SETTING, EIO, lstat ("/", &(struct stat){ 0 })) \
	ROW (fstat, SETTING, EIO, fstat (file, &(struct stat){ 0 })) \
	ROW (chdir, SETTING, EIO, chdir (".")) \
	ROW (mkdir, SETTING, ENOSPC, mkdir ("/", 0700)) \
	ROW (chmod, SETTING, EPERM, chmod ("/nowhere", 0700)) \
	ROW (chown, SETTING, EPERM, chown ("/nowhere", (uid_t)-1, (gid_t)-1)) \
	ROW (lseek, SETTING, EINVAL, lseek (file, 0, SEEK_SET)) \
	ROW (accept4, INTERRUPT, EINTR, accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) \
	ROW (read, INTERRUPT, EINTR, read (null, bytes, 1)) \
	ROW (pread, INTERRUPT, EINTR, pread (file, bytes, 1, 0)) \
	ROW (recv, INTERRUPT, EINTR, recv (stream[0], bytes, 1, MSG_DONTWAIT)) \
	ROW (recvmsg, INTERRUPT, EINTR, recvmsg (stream[0], &message, MSG_DONTWAIT)) \
	ROW (preadv2, INTERRUPT, EINTR, preadv2 (file, &part, 1, 0, 0)) \
	ROW (write, INTERRUPT, EINTR, write (null, "x", 1)) \
	ROW (pwrite, INTERRUPT, EINTR, pwrite (file, "x", 1, 0)) \
	ROW (pwritev2, INTERRUPT, EINTR, pwritev2 (file, &part, 1, 0, 0)) \
	ROW (send, INTERRUPT, EINTR, send (stream[0], "x", 1, MSG_NOSIGNAL)) \
	ROW (sendto, INTERRUPT, EINTR, sendto (stream[0], "x", 1, MSG_NOSIGNAL, NULL, 0)) \
	ROW (sendmsg, INTERRUPT, EINTR, sendmsg (stream[0], &message, MSG_NOSIGNAL)) \
	ROW (poll, INTERRUPT, EINTR, poll (NULL, 0, 0)) \
	ROW (epoll_pwait, INTERRUPT, EINTR, epoll_pwait (epoll, &(struct epoll_event){ 0 }, 1, 0, &no_signals)) \
	ROW (epoll_wait, INTERRUPT, EINTR, epoll_wait (epoll, &(struct epoll_event){ 0 }, 1, 0)) \
	ROW (waitpid, INTERRUPT, EINTR, waitpid (-1, NULL, 0))

#define ROW(name, family, error, call) \
	static long name##_##family##_##error (void) \
	{ \
		return call; \
	}
ROWS
#undef ROW

#define ROW(name, family, error, call) { #name, family, error, name##_##family##_##error },
	static const struct {
	const char *name;
	uint32_t family;
	int error;
	long (*call) (void);
} rows[] = { ROWS };
#undef ROW

enum { N_ROWS = sizeof rows / sizeof *rows };

static void set_up (void)
{
	ck_assert_ptr_nonnull (mkdtemp (directory));
	ck_assert_int_ge (at = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	ck_assert_int_ge (file = openat (at, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600), 0);
	ck_assert_int_eq (ftruncate (file, 100), 0);
	ck_assert_int_ge (null = open ("/dev/null", O_RDWR | O_CLOEXEC), 0);
	ck_assert_int_ge (epoll = epoll_create1 (EPOLL_CLOEXEC), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packets), 0);
	ck_assert_int_ge (listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 0);
	snprintf (address.sun_path, sizeof address.sun_path, "%s/s", directory);
	ck_assert_int_eq (bind (listener, (const struct sockaddr *)&address, sizeof address), 0);
	ck_assert_ptr_nonnull (stream_of_names = opendir ("/"));
	sigemptyset (&no_signals);
	prctl (PR_SET_NAME, "worker");
}

static void tear_down (void)
{
	control->armed = 0;
	unlinkat (at, "file", 0);
	unlink (address.sun_path);
	rmdir (directory);
}

/* The calls of that family which a worker makes are counted, and from the nth one on `times` fail. */
static void arm (uint32_t role, uint32_t family, uint32_t nth, uint32_t times)
{
	control->armed = 0;
	memset (control, 0, sizeof *control);
	control->role = role;
	control->family = family;
	control->nth = nth;
	control->times = times;
	control->armed = 1;
}

/* The errno of a call, 0 where it did not fail. */
static int outcome (int row)
{
	errno = 0;
	return rows[row].call () < 0 ? errno : 0;
}

static int bit (uint32_t family)
{
	int i = 0;

	while (family >> i != 1)
		i++;
	return i;
}

/* The first, the second and the third call; only the second must fail. */
START_TEST (the_second_call)
{
	int first, second, third, counted;

	/* Other calls of the family that such a call makes are counted in a first run. */
	arm (WORKER, rows[_i].family, 0, 1);
	first = outcome (_i);
	counted = (int)control->seen[WORKER][bit (rows[_i].family)];
	ck_assert_int_ge (counted, 1);
	ck_assert_uint_eq (control->fired, 0);
	ck_assert_int_ne (first, rows[_i].error);
	arm (WORKER, rows[_i].family, (uint32_t)counted + 1, 1);
	first = outcome (_i);
	second = outcome (_i);
	third = outcome (_i);
	control->armed = 0;
	ck_assert_int_ne (first, rows[_i].error);
	ck_assert_int_eq (second, rows[_i].error);
	ck_assert_int_ne (third, rows[_i].error);
	ck_assert_uint_eq (control->fired, 1);
	ck_assert_int_eq (control->pid, getpid ());
}
END_TEST

/* The stack names the function first, where that call itself fails. */
START_TEST (where_it_was)
{
	arm (WORKER, WRITE, 1, 1);
	ck_assert_int_eq (fsync (file), -1);
	ck_assert_msg (!strncmp (control->where, "fsync ", 6), "%s", control->where);
	ck_assert_ptr_nonnull (strstr (control->where, "check_shim+0x"));
}
END_TEST

/* Calls of another role or another family do not fail, nor calls while the shim is not armed. */
START_TEST (nobody_elses)
{
	arm (CLIENT, WRITE, 1, 1000);
	ck_assert_int_eq (fsync (file), 0);
	ck_assert_uint_eq (control->seen[WORKER][bit (WRITE)], 1);
	arm (WORKER, READ, 1, 1000);
	ck_assert_int_eq (fsync (file), 0);
	arm (WORKER, WRITE, 1, 1000);
	control->armed = 0;
	ck_assert_int_eq (fsync (file), 0);
	ck_assert_uint_eq (control->fired, 0);
	control->armed = 1;
	ck_assert_int_eq (fsync (file), -1);
	ck_assert_int_eq (fsync (file), -1);
	ck_assert_uint_eq (control->fired, 2);
}
END_TEST

/* A child of fork has no role until it sets its name; a child of vfork has the role "child" of a worker. */
START_TEST (roles_of_children)
{
	int status;
	pid_t pid;

	arm (CHILD, WRITE, 1, 1);
	if (!(pid = fork ()))
		_exit (fsync (file) == 0 ? 0 : 1);
	ck_assert_int_eq (waitpid (pid, &status, 0), pid);
	ck_assert_int_eq (status, 0);
	ck_assert_uint_eq (control->seen[NOBODY][bit (WRITE)], 1);
	ck_assert_uint_eq (control->fired, 0);
	if (!(pid = vfork ()))
		_exit (fsync (file) == 0 ? 0 : 1);
	ck_assert_int_eq (waitpid (pid, &status, 0), pid);
	ck_assert_int_eq (status, W_EXITCODE (1, 0));
	ck_assert_uint_eq (control->fired, 1);
	ck_assert_int_eq (control->pid, pid);
}
END_TEST

/* One byte, of streams and files; a packet comes whole. */
START_TEST (short_calls)
{
	ck_assert_int_eq (pwrite (file, "hello", 5, 0), 5);
	ck_assert_int_eq (send (packets[1], "hello", 5, MSG_NOSIGNAL), 5);
	arm (WORKER, SHORT, 1, 1000);
	ck_assert_int_eq (pread (file, bytes, 5, 0), 1);
	ck_assert_int_eq (send (stream[0], "hello", 5, MSG_NOSIGNAL), 1);
	ck_assert_int_eq (write (stream[0], "hello", 5), 1);
	ck_assert_int_eq (recv (stream[1], bytes, 5, MSG_DONTWAIT), 1);
	ck_assert_int_eq (read (stream[1], bytes, 1), 1); /* no less can be had */
	ck_assert_int_eq (recv (packets[0], bytes, 5, MSG_DONTWAIT), 5);
	ck_assert_uint_eq (control->fired, 4);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_loop_test (tcase, the_second_call, 0, N_ROWS);
	tcase_add_test (tcase, where_it_was);
	tcase_add_test (tcase, nobody_elses);
	tcase_add_test (tcase, roles_of_children);
	tcase_add_test (tcase, short_calls);
}

/* The same program once more, with the shim before everything else. */
static int preload (void)
{
	char shim[PATH_MAX], path[] = "/tmp/remex-check-shim-control-XXXXXX", options[512];
	const char *asan = getenv ("ASAN_OPTIONS");
	ssize_t n = readlink ("/proc/self/exe", shim, sizeof shim - sizeof ".libs/shim.so");
	int fd = mkstemp (path);

	if (n < 0 || fd < 0 || ftruncate (fd, sizeof *control) < 0)
		return 99;
	shim[n] = '\0';
	strcpy (strrchr (shim, '/') + 1, ".libs/shim.so");
	snprintf (options, sizeof options, "%s%sverify_asan_link_order=0:detect_leaks=0", asan ? asan : "",
		asan ? ":" : "");
	if (setenv ("LD_PRELOAD", shim, 1) < 0 || setenv ("REMEX_FAULT", path, 1) < 0 ||
		setenv ("ASAN_OPTIONS", options, 1) < 0)
		return 99;
	execl ("/proc/self/exe", "check_shim", NULL);
	return 99;
}

static int check (void);

int main (void)
{
	const char *path = getenv ("REMEX_FAULT");
	int fd;

	if (!path)
		return preload ();
	if ((fd = open (path, O_RDWR | O_CLOEXEC)) < 0 || unlink (path) < 0)
		return 99;
	control = mmap (NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return control == MAP_FAILED ? 99 : check ();
}

#define main check
static CHECK_MAIN ("shim", add_cases)
