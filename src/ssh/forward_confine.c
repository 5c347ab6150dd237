/* forward_confine - see forward_confine.h. getaddrinfo(3) runs what nsswitch.conf(5) names, so this is a list of what is
 * refused. */
#include "config.h"

#include "ssh/forward_confine.h"

#if defined HAVE_SECCOMP && !defined SANITIZED

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Refused with any arguments. libseccomp leaves out a call that this machine's architecture does not have. */
static const int refused[] = {
	/* other programs and processes */
	SCMP_SYS (execve), SCMP_SYS (execveat), SCMP_SYS (fork), SCMP_SYS (vfork), SCMP_SYS (kill), SCMP_SYS (tkill),
	SCMP_SYS (rt_sigqueueinfo), SCMP_SYS (rt_tgsigqueueinfo), SCMP_SYS (pidfd_send_signal), SCMP_SYS (pidfd_open),
	SCMP_SYS (pidfd_getfd), SCMP_SYS (ptrace), SCMP_SYS (process_vm_readv), SCMP_SYS (process_vm_writev),
	SCMP_SYS (process_madvise), SCMP_SYS (kcmp), SCMP_SYS (prlimit64), SCMP_SYS (setpriority),
	/* to be reached */
	SCMP_SYS (listen), SCMP_SYS (accept), SCMP_SYS (accept4),
	/* files; opening for writing is below */
	SCMP_SYS (creat), SCMP_SYS (truncate), SCMP_SYS (truncate64), SCMP_SYS (unlink), SCMP_SYS (unlinkat),
	SCMP_SYS (rename), SCMP_SYS (renameat), SCMP_SYS (renameat2), SCMP_SYS (link), SCMP_SYS (linkat),
	SCMP_SYS (symlink), SCMP_SYS (symlinkat), SCMP_SYS (mkdir), SCMP_SYS (mkdirat), SCMP_SYS (rmdir),
	SCMP_SYS (mknod), SCMP_SYS (mknodat), SCMP_SYS (chmod), SCMP_SYS (fchmod), SCMP_SYS (fchmodat),
	SCMP_SYS (chown), SCMP_SYS (fchown), SCMP_SYS (lchown), SCMP_SYS (fchownat), SCMP_SYS (setxattr),
	SCMP_SYS (lsetxattr), SCMP_SYS (fsetxattr), SCMP_SYS (removexattr), SCMP_SYS (lremovexattr),
	SCMP_SYS (fremovexattr), SCMP_SYS (utime), SCMP_SYS (utimes), SCMP_SYS (futimesat), SCMP_SYS (utimensat),
	SCMP_SYS (openat2), SCMP_SYS (open_by_handle_at), SCMP_SYS (mq_open), SCMP_SYS (mq_unlink),
	/* namespaces, mounts, keys, the kernel */
	SCMP_SYS (unshare), SCMP_SYS (setns), SCMP_SYS (mount), SCMP_SYS (umount2), SCMP_SYS (pivot_root),
	SCMP_SYS (chroot), SCMP_SYS (open_tree), SCMP_SYS (move_mount), SCMP_SYS (fsopen), SCMP_SYS (fsmount),
	SCMP_SYS (add_key), SCMP_SYS (request_key), SCMP_SYS (keyctl), SCMP_SYS (bpf), SCMP_SYS (perf_event_open),
	SCMP_SYS (userfaultfd), SCMP_SYS (io_uring_setup), SCMP_SYS (io_uring_enter), SCMP_SYS (io_uring_register),
	SCMP_SYS (init_module), SCMP_SYS (finit_module), SCMP_SYS (kexec_load), SCMP_SYS (quotactl), SCMP_SYS (reboot),
	SCMP_SYS (swapon), SCMP_SYS (personality), SCMP_SYS (ioperm), SCMP_SYS (iopl), SCMP_SYS (acct),
	SCMP_SYS (memfd_create), SCMP_SYS (name_to_handle_at), SCMP_SYS (fanotify_init)
};

#define MASK(n, mask, value) \
	((struct scmp_arg_cmp){ .arg = (n), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value) })
#define REFUSE(filter, call, ...) seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), SCMP_SYS (call), __VA_ARGS__)

/* No file is opened for writing or made. */
static int refuse_writing (scmp_filter_ctx filter)
{
	static const struct {
		unsigned mask, value;
	} flags[] = { { O_ACCMODE, O_WRONLY }, { O_ACCMODE, O_RDWR }, { O_CREAT, O_CREAT }, { O_TRUNC, O_TRUNC } };
	int result = 0;

	for (size_t i = 0; i < sizeof flags / sizeof *flags && result == 0; i++)
		if ((result = REFUSE (filter, open, 1, MASK (1, flags[i].mask, flags[i].value))) == 0)
			result = REFUSE (filter, openat, 1, MASK (2, flags[i].mask, flags[i].value));
	return result;
}

/* The kernel signals the owner of a descriptor. */
static int refuse_owners (scmp_filter_ctx filter)
{
	static const unsigned of_fcntl[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG }, of_ioctl[] = { FIOSETOWN, SIOCSPGRP };
	int result = 0;

	for (size_t i = 0; i < sizeof of_fcntl / sizeof *of_fcntl && result == 0; i++)
		result = REFUSE (filter, fcntl, 1, MASK (1, 0xFFFFFFFF, of_fcntl[i]));
	for (size_t i = 0; i < sizeof of_ioctl / sizeof *of_ioctl && result == 0; i++)
		result = REFUSE (filter, ioctl, 1, MASK (1, 0xFFFFFFFF, of_ioctl[i]));
	return result;
}

/* A thread may be made, and no process. glibc tries clone3(2) first, whose flags a filter cannot see. */
static int refuse_processes (scmp_filter_ctx filter)
{
#if defined __s390__ || defined __CRIS__
	const unsigned flags = 1; /* clone(2) */
#else
	const unsigned flags = 0;
#endif
	int result = seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);

	return result ? result : REFUSE (filter, clone, 1, MASK (flags, CLONE_THREAD, 0));
}

int forward_confine (struct err *err)
{
	scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
	const unsigned self = (unsigned)getpid ();
	int result = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof refused / sizeof *refused && result == 0; i++)
		result = seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), refused[i], 0);
	/* abort(3) signals the caller. */
	if (result == 0)
		result = REFUSE (
			filter, tgkill, 1, ((struct scmp_arg_cmp){ .arg = 0, .op = SCMP_CMP_NE, .datum_a = self }));
	if (result == 0 && (result = refuse_writing (filter)) == 0 && (result = refuse_processes (filter)) == 0 &&
		(result = refuse_owners (filter)) == 0)
		result = seccomp_load (filter);
	seccomp_release (filter);
	if (result == 0)
		return 0;
	errno = -result;
	return err_sys (err, 0, "the system calls of the tunnel cannot be filtered");
}

#else

int forward_confine (struct err *err)
{
	(void)err;
	return 0;
}

#endif
