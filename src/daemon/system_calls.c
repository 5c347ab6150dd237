/* system_calls - see system_calls.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/system_calls.h"

/* Each with arguments that are wrong, so that a system that has the call does nothing. */
static long try_close_range (void)
{
	return syscall (SYS_close_range, 1, 0, 0);
}

static long try_pidfd_open (void)
{
	return syscall (SYS_pidfd_open, -1, 0);
}

static long try_pidfd_send_signal (void)
{
	return syscall (SYS_pidfd_send_signal, -1, 0, NULL, 0);
}

static long try_statx (void)
{
	return syscall (SYS_statx, -1, "", AT_EMPTY_PATH, STATX_TYPE, NULL);
}

static const struct {
	const char *name;
	long (*try) (void);
	const char *since; /* the first kernel that has it */
	const char *use;
} rows[] = {
	{ "close_range", try_close_range, "5.9", "commands would get descriptors of remexd" },
	{ "pidfd_open", try_pidfd_open, "5.3", "commands could not be watched" },
	{ "pidfd_send_signal", try_pidfd_send_signal, "5.1", "processes could not be stopped safely" },
	{ "statx", try_statx, "4.11", "pipes and sockets could not be checked" },
};

int system_calls_check (struct err *err)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		errno = 0;
		rows[i].try ();
		if (errno == ENOSYS || errno == EPERM || errno == EACCES)
			return err_sys (err, 0,
				"the system call %s (Linux %s) is refused here, by the kernel or by the filter of a "
				"container; "
				"without it %s",
				rows[i].name, rows[i].since, rows[i].use);
	}
	return 0;
}
