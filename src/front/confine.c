/* confine - see confine.h. */
#include "config.h"

#include "front/confine.h"

#if defined HAVE_SECCOMP && !defined SANITIZED

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Allowed to the front with any arguments. libseccomp leaves out a call that this machine's architecture does not
 * have. */
static const int front_calls[] = {
	/* bytes */
	SCMP_SYS (read), SCMP_SYS (readv), SCMP_SYS (pread64), SCMP_SYS (preadv), SCMP_SYS (write), SCMP_SYS (writev),
	SCMP_SYS (preadv2), SCMP_SYS (pwritev2), SCMP_SYS (vmsplice), SCMP_SYS (recvfrom), SCMP_SYS (recvmsg),
	SCMP_SYS (recvmmsg), SCMP_SYS (recv), SCMP_SYS (splice), SCMP_SYS (tee), /* calls that send are below */
	/* descriptors: the front's own, received ones, and those of clients */
	SCMP_SYS (accept), SCMP_SYS (accept4), SCMP_SYS (shutdown), SCMP_SYS (close), SCMP_SYS (close_range),
	SCMP_SYS (dup), SCMP_SYS (dup2), SCMP_SYS (dup3), SCMP_SYS (getsockopt), SCMP_SYS (getsockname),
	SCMP_SYS (getpeername), SCMP_SYS (lseek), SCMP_SYS (_llseek), SCMP_SYS (fstat), SCMP_SYS (fstat64),
	SCMP_SYS (fstatat64), SCMP_SYS (newfstatat), SCMP_SYS (statx), SCMP_SYS (stat), SCMP_SYS (stat64),
	SCMP_SYS (lstat), SCMP_SYS (lstat64), SCMP_SYS (pipe2), SCMP_SYS (eventfd2),
	/* waiting */
	SCMP_SYS (epoll_create1), SCMP_SYS (epoll_ctl), SCMP_SYS (epoll_wait), SCMP_SYS (epoll_pwait),
	SCMP_SYS (epoll_pwait2), SCMP_SYS (poll), SCMP_SYS (ppoll), SCMP_SYS (ppoll_time64), SCMP_SYS (nanosleep),
	SCMP_SYS (clock_nanosleep), SCMP_SYS (clock_nanosleep_time64), SCMP_SYS (restart_syscall),
	SCMP_SYS (sched_yield), SCMP_SYS (futex), SCMP_SYS (futex_time64),
	/* memory; mmap and mprotect are below */
	SCMP_SYS (brk), SCMP_SYS (munmap), SCMP_SYS (mremap), SCMP_SYS (madvise),
	/* the time, the process's ids, the machine */
	SCMP_SYS (clock_gettime), SCMP_SYS (clock_gettime64), SCMP_SYS (clock_getres), SCMP_SYS (clock_getres_time64),
	SCMP_SYS (gettimeofday), SCMP_SYS (time), SCMP_SYS (getpid), SCMP_SYS (gettid), SCMP_SYS (getppid),
	SCMP_SYS (getuid), SCMP_SYS (geteuid), SCMP_SYS (getgid), SCMP_SYS (getegid), SCMP_SYS (getuid32),
	SCMP_SYS (geteuid32), SCMP_SYS (getgid32), SCMP_SYS (getegid32), SCMP_SYS (getrusage), SCMP_SYS (getrlimit),
	SCMP_SYS (ugetrlimit), SCMP_SYS (uname), SCMP_SYS (sysinfo), SCMP_SYS (getcpu), SCMP_SYS (getrandom),
	/* its own signals, its timers (fd_drop), and its end */
	SCMP_SYS (rt_sigaction), SCMP_SYS (rt_sigprocmask), SCMP_SYS (rt_sigreturn), SCMP_SYS (sigreturn),
	SCMP_SYS (timer_create), SCMP_SYS (timer_settime), SCMP_SYS (timer_settime64), SCMP_SYS (timer_delete),
	SCMP_SYS (exit), SCMP_SYS (exit_group)
};

static const int carrier_calls[] = {
	/* records; streams of commands, and the front's ends of them */
	SCMP_SYS (recvmsg), SCMP_SYS (recvfrom), SCMP_SYS (recv), SCMP_SYS (read), SCMP_SYS (preadv2), SCMP_SYS (write),
	SCMP_SYS (pwritev2), SCMP_SYS (splice), SCMP_SYS (vmsplice), SCMP_SYS (close), SCMP_SYS (getsockopt),
	SCMP_SYS (statx),
	/* waiting */
	SCMP_SYS (poll), SCMP_SYS (ppoll), SCMP_SYS (ppoll_time64), SCMP_SYS (restart_syscall), SCMP_SYS (sched_yield),
	SCMP_SYS (futex), SCMP_SYS (futex_time64),
	/* memory; mmap and mprotect are below */
	SCMP_SYS (brk), SCMP_SYS (munmap), SCMP_SYS (mremap), SCMP_SYS (madvise),
	/* threads; clone is below */
	SCMP_SYS (set_robust_list), SCMP_SYS (rseq), SCMP_SYS (gettid), SCMP_SYS (getpid), SCMP_SYS (rt_sigprocmask),
	SCMP_SYS (rt_sigaction), SCMP_SYS (timer_create), SCMP_SYS (timer_settime), SCMP_SYS (timer_settime64),
	SCMP_SYS (timer_delete), /* fd_drop */
	SCMP_SYS (rt_sigreturn), SCMP_SYS (sigreturn), SCMP_SYS (exit), SCMP_SYS (exit_group),
	/* the time */
	SCMP_SYS (clock_gettime), SCMP_SYS (clock_gettime64)
};

/* Allowed with some arguments only. These are the socket options that remex sets; kernels have had bugs in the others
 * (upper-layer protocols, packet filters, multicast). */
static const int socket_options[] = { SO_KEEPALIVE, SO_LINGER, SO_RCVBUF, SO_SNDBUF, SO_RCVLOWAT, SO_RCVTIMEO,
	SO_SNDTIMEO };
static const int tcp_options[] = { TCP_NODELAY, TCP_CORK, TCP_QUICKACK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT,
	TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT };
/* Without F_SETOWN and F_SETSIG, which make the kernel signal other processes. */
static const int commands[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC, F_GETPIPE_SZ,
	F_SETPIPE_SZ, F_GET_SEALS, F_ADD_SEALS };
static const unsigned long requests[] = { FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, SIOCOUTQ };

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define IS(n, value) ((struct scmp_arg_cmp){ .arg = (n), .op = SCMP_CMP_EQ, .datum_a = (unsigned)(value) })
#define LACKS(n, bits) ((struct scmp_arg_cmp){ .arg = (n), .op = SCMP_CMP_MASKED_EQ, .datum_a = (unsigned)(bits) })
#define ALLOW(filter, call, ...) seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (call), __VA_ARGS__)

static int allow_options (scmp_filter_ctx filter, int level, const int *options, size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++)
		result = ALLOW (filter, setsockopt, 2, IS (1, level), IS (2, options[i]));
	return result;
}

/* No executable memory, and no signal to another process: abort(3) signals the caller. 0, or a negative errno. */
static int allow_self (scmp_filter_ctx filter)
{
	const unsigned self = (unsigned)getpid ();
	int result;

	if ((result = ALLOW (filter, mmap, 1, LACKS (2, PROT_EXEC))) != 0 ||
		(result = ALLOW (filter, mmap2, 1, LACKS (2, PROT_EXEC))) != 0 ||
		(result = ALLOW (filter, mprotect, 1, LACKS (2, PROT_EXEC))) != 0)
		return result;
	return ALLOW (filter, tgkill, 1, IS (0, self));
}

/* The same. A TCP listener that is shut down is an unconnected socket, and MSG_FASTOPEN connects it to any address. */
static int allow_send (scmp_filter_ctx filter)
{
	int result;

	if ((result = ALLOW (filter, sendto, 1, LACKS (3, MSG_FASTOPEN))) != 0)
		return result;
	return ALLOW (filter, send, 1, LACKS (3, MSG_FASTOPEN));
}

static int allow_to_front (scmp_filter_ctx filter, pid_t carrier)
{
	/* A file cannot be opened for writing, created or truncated. */
	const unsigned writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int result;

	if ((result = allow_options (filter, SOL_SOCKET, socket_options, COUNT (socket_options))) != 0 ||
		(result = allow_options (filter, IPPROTO_TCP, tcp_options, COUNT (tcp_options))) != 0)
		return result;
	for (size_t i = 0; i < COUNT (commands); i++)
		if ((result = ALLOW (filter, fcntl, 1, IS (1, commands[i]))) != 0 ||
			(result = ALLOW (filter, fcntl64, 1, IS (1, commands[i]))) != 0)
			return result;
	for (size_t i = 0; i < COUNT (requests); i++)
		if ((result = ALLOW (filter, ioctl, 1, IS (1, requests[i]))) != 0)
			return result;
	if ((result = ALLOW (filter, open, 1, LACKS (1, writing))) != 0 ||
		(result = ALLOW (filter, openat, 1, LACKS (2, writing))) != 0 || (result = allow_self (filter)) != 0)
		return result;
	if ((result = allow_send (filter)) != 0 ||
		(result = ALLOW (filter, sendmsg, 1, LACKS (2, MSG_FASTOPEN))) != 0 ||
		(result = ALLOW (filter, sendmmsg, 1, LACKS (3, MSG_FASTOPEN))) != 0)
		return result;
	/* For the carrier. */
	if ((result = ALLOW (filter, socketpair, 1, IS (0, AF_UNIX))) != 0)
		return result;
	/* The front may read its limits. */
	if ((result = ALLOW (filter, prlimit64, 1, IS (2, 0))) != 0)
		return result;
	/* The front may send SIGCONT to a stopped supervisor, which works when both run as the same user, and to its
	 * carrier. */
	if ((result = ALLOW (filter, kill, 2, IS (0, (unsigned)getppid ()), IS (1, SIGCONT))) != 0)
		return result;
	return ALLOW (filter, kill, 2, IS (0, (unsigned)carrier), IS (1, SIGCONT));
}

/* Threads are made by clone(2) with these flags. glibc tries clone3(2) first, whose flags a filter cannot see, and takes
 * clone(2) where the kernel does not know clone3. */
static int allow_threads (scmp_filter_ctx filter)
{
	const unsigned thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
#if defined __s390__ || defined __CRIS__
	const unsigned flags = 1; /* clone(2) */
#else
	const unsigned flags = 0;
#endif
	int result = seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);

	if (result != 0)
		return result;
	return ALLOW (filter, clone, 1,
		((struct scmp_arg_cmp){
			.arg = flags, .op = SCMP_CMP_MASKED_EQ, .datum_a = thread, .datum_b = thread }));
}

static int allow_to_carrier (scmp_filter_ctx filter, pid_t carrier)
{
	int result;

	(void)carrier;
	if ((result = allow_self (filter)) != 0 || (result = allow_send (filter)) != 0 ||
		(result = allow_threads (filter)) != 0)
		return result;
	if ((result = ALLOW (filter, fcntl, 1, IS (1, F_GETFL))) != 0 ||
		(result = ALLOW (filter, fcntl64, 1, IS (1, F_GETFL))) != 0 ||
		(result = ALLOW (filter, ioctl, 1, IS (1, FIONREAD))) != 0)
		return result;
	if ((result = ALLOW (filter, setsockopt, 2, IS (1, SOL_SOCKET), IS (2, SO_SNDBUF))) != 0)
		return result;
	return ALLOW (filter, setsockopt, 2, IS (1, SOL_SOCKET), IS (2, SO_LINGER));
}

static int build (scmp_filter_ctx filter, const int *calls, size_t n,
	int (*allow_others) (scmp_filter_ctx filter, pid_t carrier), pid_t carrier)
{
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++)
		result = seccomp_rule_add (filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (result == 0)
		result = allow_others (filter, carrier);
	/* Speed, where the kernel and the library support it: a tree of comparisons instead of a list, and no
	 * mitigation of speculation. Older kernels switch that mitigation on for every process with a filter; only a
	 * process that runs foreign code needs it. */
	seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	seccomp_attr_set (filter, SCMP_FLTATR_CTL_SSB, 1);
	return result;
}

static int confine (const int *calls, size_t n, int (*allow_others) (scmp_filter_ctx filter, pid_t carrier),
	pid_t carrier, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ERRNO (EPERM));
	int result = -ENOMEM;

	if (filter && (result = build (filter, calls, n, allow_others, carrier)) == 0)
		result = seccomp_load (filter);
	seccomp_release (filter);
	malloc_trim (0); /* libseccomp needs much memory for a moment */
	if (result == 0)
		return 1;
	errno = -result;
	return err_sys (err, 0, "its system calls cannot be filtered");
}

int front_confine (pid_t carrier, struct err *err)
{
	return confine (front_calls, COUNT (front_calls), allow_to_front, carrier, err);
}

int carrier_confine (struct err *err)
{
	return confine (carrier_calls, COUNT (carrier_calls), allow_to_carrier, 0, err);
}

#else

int front_confine (pid_t carrier, struct err *err)
{
	(void)carrier;
	(void)err;
	return 0;
}

int carrier_confine (struct err *err)
{
	(void)err;
	return 0;
}

#endif
