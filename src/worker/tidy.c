/* tidy - see tidy.h. */
#include "config.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "worker/tidy.h"

/* In the order in which the kernel prints them. */
static const struct {
	const char *label, *word;
} table[TIDY_LINES] = {
	{ "Umask:", "umask" },
	{ "Uid:", "user ids" },
	{ "Gid:", "group ids" },
	{ "Threads:", "threads" },
	{ "SigBlk:", "signal mask" },
	{ "SigIgn:", "signal dispositions" },
	{ "SigCgt:", "signal dispositions" },
	{ "CapInh:", "capabilities" },
	{ "CapPrm:", "capabilities" },
	{ "CapEff:", "capabilities" },
	{ "CapBnd:", "capabilities" },
	{ "CapAmb:", "capabilities" },
	{ "NoNewPrivs:", "no_new_privs" },
	{ "Seccomp:", "filter of system calls" },
	{ "Cpus_allowed:", "processors" },
};

static const char *const limit_names[RLIM_NLIMITS] = {
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_STACK] = "RLIMIT_STACK",
};

enum { STATUS_MAX = 8192 };

int tidy_open (struct tidy *tidy)
{
	tidy->oom = open ("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	return tidy->status = open ("/proc/self/status", O_RDONLY | O_CLOEXEC);
}

static void read_status (int status, char text[STATUS_MAX])
{
	ssize_t n = pread (status, text, STATUS_MAX - 1, 0);

	text[n > 0 ? n : 0] = '\0';
}

/* FNV-1a. */
static uint64_t hash (const char *bytes, size_t n)
{
	uint64_t value = 14695981039346656037U;

	for (size_t i = 0; i < n; i++)
		value = (value ^ (uint8_t)bytes[i]) * 1099511628211U;
	return value;
}

static void hash_lines (int status, uint64_t lines[TIDY_LINES])
{
	char text[STATUS_MAX];
	const char *at = text, *found;

	read_status (status, text);
	for (int i = 0; i < TIDY_LINES; i++) {
		lines[i] = 0;
		if ((found = strstr (at, table[i].label)))
			lines[i] = hash (found, strcspn (found, "\n"));
		at = found ? found : at;
	}
}

static int read_oom_adjust (int file)
{
	char text[16] = "";

	return pread (file, text, sizeof text - 1, 0) > 0 ? atoi (text) : 0;
}

static bool has_timers (void)
{
	static const int kinds[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
	struct itimerval timer;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (getitimer (kinds[i], &timer) == 0 && (timer.it_value.tv_sec || timer.it_value.tv_usec))
			return true;
	return false;
}

void tidy_snapshot (struct tidy *tidy)
{
	struct stat st;

	tidy->device = 0;
	tidy->inode = 0;
	if (stat (".", &st) == 0) {
		tidy->device = st.st_dev;
		tidy->inode = st.st_ino;
	}
	hash_lines (tidy->status, tidy->lines);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit (i, &tidy->limits[i]) < 0)
			tidy->limits[i] = (struct rlimit){ 0 }; /* not known */
	tidy->priority = getpriority (PRIO_PROCESS, 0);
	tidy->io_priority = (int)syscall (SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
	tidy->policy = sched_getscheduler (0);
	tidy->oom_adjust = read_oom_adjust (tidy->oom);
	tidy->timers = has_timers ();
	tidy->lowest_fd = fcntl (2, F_DUPFD_CLOEXEC, 0);
	close (tidy->lowest_fd);
}

static bool is_same (const struct rlimit *one, const struct rlimit *other)
{
	return one->rlim_cur == other->rlim_cur && one->rlim_max == other->rlim_max;
}

const char *tidy_changed (const struct tidy *before)
{
	struct tidy now = { .status = before->status, .oom = before->oom };

	tidy_snapshot (&now);
	if (now.device != before->device || now.inode != before->inode)
		return "working directory";
	for (int i = 0; i < TIDY_LINES; i++)
		if (now.lines[i] != before->lines[i])
			return table[i].word;
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (!is_same (&now.limits[i], &before->limits[i]))
			return limit_names[i] ? limit_names[i] : "resource limits";
	if (now.priority != before->priority)
		return "priority";
	if (now.io_priority != before->io_priority)
		return "I/O priority";
	if (now.oom_adjust != before->oom_adjust)
		return "oom_score_adj";
	if (now.timers != before->timers)
		return "timers";
	if (now.policy != before->policy)
		return "scheduling policy";
	if (now.lowest_fd != before->lowest_fd)
		return "descriptors";
	return NULL;
}

const char *tidy_restore_limits (const struct tidy *before)
{
	struct rlimit now;

	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit (i, &now) == 0 && !is_same (&now, &before->limits[i]) && before->limits[i].rlim_max &&
			setrlimit (i, &before->limits[i]) < 0)
			return limit_names[i] ? limit_names[i] : "a resource limit";
	return NULL;
}

uint64_t tidy_ignored (const struct tidy *tidy)
{
	static const char label[] = "\nSigIgn:";
	char text[STATUS_MAX];
	const char *line;

	read_status (tidy->status, text);
	/* Not readable: count all signals as ignored. */
	return (line = strstr (text, label)) ? strtoull (line + strlen (label), NULL, 16) : UINT64_MAX;
}
