/* cgroup - see cgroup.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "proc/cgroup.h"
#include "proc/fork.h"
#include "proc/pids.h"

enum {
	NAMES = 8, /* remex-PID, remex-PID-1 …: an older daemon with our pid may have left one */
	EMPTY_MS = 200, /* how long cgroup_empty tries when processes fork all the time */
	DYING_MS = 500, /* how long a cgroup is waited for whose processes are about to end */
};

/* Open a directory in `at`; -1 with errno. */
static int open_dir (int at, const char *name)
{
	return openat (at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Write a word to a file of the cgroup; 0 or -1 with errno. */
static int write_file (int cgroup, const char *file, const char *word)
{
	int fd = openat (cgroup, file, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = write (fd, word, strlen (word)) < 0 ? -1 : 0;
	fd_close (&fd);
	return rc;
}

/* Make a directory and open it; -1 with errno, and no directory is made. */
static int make_dir (int at, const char *name)
{
	int fd;

	if (mkdirat (at, name, 0755) < 0)
		return -1;
	if ((fd = open_dir (at, name)) < 0) {
		int saved = errno;

		unlinkat (at, name, AT_REMOVEDIR);
		errno = saved;
	}
	return fd;
}

/* Our cgroup in the unified hierarchy ("0::/path"), in `out`; 0 or -1. */
static int own_path (char *out)
{
	FILE *file = fopen ("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t size = 0;
	int rc = -1;

	if (!file)
		return -1;
	while (rc < 0 && getline (&line, &size, file) > 0) {
		line[strcspn (line, "\n")] = '\0';
		if (!strncmp (line, "0::/", 4) && strlen (line + 3) < PATH_MAX) {
			strcpy (out, line + 3);
			rc = 0;
		}
	}
	free (line);
	fclose (file);
	return rc;
}

/* Decode the \ooo in mountinfo (proc(5)), in place. */
static void unescape (char *text)
{
	char *out = text;

	for (; *text; text++)
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*out++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
			text += 3;
		} else
			*out++ = *text;
	*out = '\0';
}

/* Find our cgroup below the mount in a line of mountinfo. 0, or -1 when it is not there. */
static int mount_path (char *out, char *line, const char *own)
{
	char *field[6], *rest, *end = strstr (line, " - cgroup2 ");
	size_t root;

	if (!end)
		return -1;
	*end = '\0';
	for (int i = 0; i < 6; i++) /* id, parent, device, root, mount point, options */
		if (!(field[i] = strtok_r (i ? NULL : line, " ", &rest)))
			return -1;
	unescape (field[3]);
	unescape (field[4]);
	root = strlen (field[3]);
	if (root == 1)
		root = 0;
	if (strncmp (own, field[3], root) || (own[root] && own[root] != '/'))
		return -1;
	return snprintf (out, PATH_MAX, "%s%s", field[4], own + root) < PATH_MAX ? 0 : -1;
}

/* May processes be moved to the cgroup? A child moves there and ends. */
static int probe_run (void *arg)
{
	return cgroup_enter (*(int *)arg) < 0;
}

static bool can_enter (int cgroup)
{
	int kill = cgroup_kill_open (cgroup), status;
	pid_t pid;

	if (kill < 0)
		return false;
	fd_close (&kill);
	pid = fork_run ("remexd-probe", &cgroup, 1, probe_run, &cgroup);
	if (pid < 0)
		return false;
	while (waitpid (pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED (status) && !WEXITSTATUS (status);
}

/* Remove the empty directories in `name`, a directory in `at`; cgroups with processes stay. */
static void remove_children (int at, const char *name)
{
	int fd = open_dir (at, name);
	DIR *dir = fd < 0 ? NULL : fdopendir (fd);
	struct dirent *entry;

	if (!dir) {
		fd_close (&fd);
		return;
	}
	while ((entry = readdir (dir)))
		if (entry->d_type == DT_DIR && *entry->d_name != '.')
			unlinkat (fd, entry->d_name, AT_REMOVEDIR);
	closedir (dir);
}

static void remove_empty (int at, const char *name)
{
	remove_children (at, name);
	unlinkat (at, name, AT_REMOVEDIR);
}

/* Remove the cgroups of supervisors that were killed. A cgroup stays while a process has the pid in its name. */
static void sweep_dead (int at)
{
	int fd = open_dir (at, ".");
	DIR *dir = fd < 0 ? NULL : fdopendir (fd);
	struct dirent *entry;
	int pid;

	while (dir && (entry = readdir (dir)))
		if (sscanf (entry->d_name, "remex-%d", &pid) == 1 && pid > 0 && kill (pid, 0) < 0 && errno == ESRCH)
			remove_empty (at, entry->d_name);
	if (dir)
		closedir (dir);
	else
		fd_close (&fd);
}

/* Make remex-PID in the directory `path`; 0 or -1. */
static int try_root (struct cgroups *cgroups, const char *path)
{
	int at = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[48];

	if (at < 0)
		return -1;
	sweep_dead (at);
	for (int i = 0; i < NAMES; i++) {
		snprintf (name, sizeof name, i ? "remex-%d-%d" : "remex-%d", (int)getpid (), i);
		cgroups->root = make_dir (at, name);
		if (cgroups->root >= 0 || errno != EEXIST)
			break;
	}
	fd_close (&at);
	if (cgroups->root < 0)
		return -1;
	cgroups->left = make_dir (cgroups->root, "left");
	if (cgroups->left >= 0 && can_enter (cgroups->left))
		return 0;
	cgroups_close (cgroups);
	return -1;
}

void cgroups_open (struct cgroups *cgroups)
{
	const char *choice = getenv ("REMEX_CGROUP");
	char own[PATH_MAX], path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *mounts;

	cgroups->root = cgroups->left = -1;
	cgroups->settled = false;
	if ((choice && !strcmp (choice, "none")) || own_path (own) < 0)
		return;
	if (!(mounts = fopen ("/proc/self/mountinfo", "re")))
		return;
	while (cgroups->root < 0 && getline (&line, &size, mounts) > 0)
		if (mount_path (path, line, own) == 0)
			try_root (cgroups, path);
	free (line);
	fclose (mounts);
}

/* Move this process to that cgroup, and close the descriptor; 0 or -1. */
static int move_to (int cgroup)
{
	int result = cgroup < 0 ? -1 : cgroup_enter (cgroup);

	fd_close (&cgroup);
	return result;
}

/* Is that the path of a cgroup of cgroup_make? */
static bool is_of_worker (const char *path)
{
	const char *last = strrchr (path, '/'), *before = last;
	uint64_t serial;
	int pid, end = 0;

	while (before > path && before[-1] != '/')
		before--;
	return last && sscanf (last, "/worker-%" SCNu64 "%n", &serial, &end) == 1 && !last[end] &&
	       sscanf (before, "remex-%d", &pid) == 1;
}

/* Open the caller's own cgroup, if its path passes that test; else -1. */
static int open_own (bool (*is_right) (const char *path))
{
	char own[PATH_MAX], path[PATH_MAX], *line = NULL;
	size_t size = 0;
	int dir = -1;
	FILE *mounts;

	if (own_path (own) < 0 || !is_right (own) || !(mounts = fopen ("/proc/self/mountinfo", "re")))
		return -1;
	while (dir < 0 && getline (&line, &size, mounts) > 0)
		if (mount_path (path, line, own) == 0)
			dir = open_dir (AT_FDCWD, path);
	free (line);
	fclose (mounts);
	return dir;
}

int cgroup_open_own_cpu (void)
{
	int dir = open_own (is_of_worker), fd = dir < 0 ? -1 : openat (dir, "cpu.stat", O_RDONLY | O_CLOEXEC);

	fd_close (&dir);
	return fd;
}

static bool is_scope_of_job (const char *path)
{
	static const char prefix[] = "/remex-job-", suffix[] = ".scope";
	const char *last = strrchr (path, '/');

	return last && !strncmp (last, prefix, sizeof prefix - 1) &&
	       strlen (last) > sizeof prefix + sizeof suffix - 2 &&
	       !strcmp (last + strlen (last) - (sizeof suffix - 1), suffix);
}

int cgroup_open_own_scope (void)
{
	return open_own (is_scope_of_job);
}

static void bound (int cgroup, const char *file, int64_t most)
{
	char word[24];

	snprintf (word, sizeof word, "%" PRId64, most);
	if (most)
		write_file (cgroup, file, word);
}

void cgroup_bound (int cgroup, int64_t memory, int64_t processes)
{
	bound (cgroup, "memory.max", memory);
	bound (cgroup, "pids.max", processes);
}

/* The number behind `key` in a file with a line for each key; 0: there is none. */
static int64_t read_count (int cgroup, const char *file, const char *key)
{
	char text[1024];
	int fd = openat (cgroup, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread (fd, text, sizeof text - 1, 0);
	int64_t count = 0;

	fd_close (&fd);
	text[n > 0 ? n : 0] = '\0';
	for (const char *line = text; *line; line += strcspn (line, "\n"), line += *line == '\n')
		if (!strncmp (line, key, strlen (key)) && line[strlen (key)] == ' ')
			count = strtoll (line + strlen (key), NULL, 10);
	return count > 0 ? count : 0;
}

void cgroup_read_events (int cgroup, struct cgroup_events *events)
{
	events->killed = read_count (cgroup, "memory.events", "oom_kill");
	events->refused = read_count (cgroup, "pids.events", "max");
}

int64_t cgroup_cpu_us (int cpu_stat)
{
	char text[256];
	ssize_t n = pread (cpu_stat, text, sizeof text - 1, 0);
	int64_t us;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	return sscanf (text, "usage_usec %" SCNd64, &us) == 1 ? us : -1;
}

void cgroups_settle (struct cgroups *cgroups)
{
	if (cgroups->root >= 0)
		cgroups->settled = move_to (make_dir (cgroups->root, "daemon")) == 0;
}

/* Remove the cgroup `name` in `at` whose processes are about to end: a process keeps its cgroup busy until its death. */
static void remove_dying (int at, const char *name)
{
	int64_t end = clock_ms () + DYING_MS;

	while (unlinkat (at, name, AT_REMOVEDIR) < 0 && errno == EBUSY && clock_ms () < end)
		poll (NULL, 0, 1);
}

void cgroups_close (struct cgroups *cgroups)
{
	char link[48], path[PATH_MAX];
	ssize_t n;

	if (cgroups->root >= 0) {
		if (cgroups->settled)
			move_to (open_dir (cgroups->root, "..")); /* the original cgroup */
		cgroups->settled = false;
		remove_dying (cgroups->root, "daemon"); /* the carrier ends after its front */
		remove_children (cgroups->root, "."); /* `left`, and workers' cgroups that could not be removed
							 earlier */
		snprintf (link, sizeof link, "/proc/self/fd/%d", cgroups->root);
		n = readlink (link, path, sizeof path - 1);
		if (n > 0) {
			path[n] = '\0';
			rmdir (path);
		}
	}
	fd_close (&cgroups->left);
	fd_close (&cgroups->root);
}

/* Make the directory with that name for one worker or job. */
static int make_named (const struct cgroups *cgroups, const char *name)
{
	if (cgroups->root < 0) {
		errno = ENOENT;
		return -1;
	}
	return make_dir (cgroups->root, name);
}

static void remove_named (const struct cgroups *cgroups, const char *name)
{
	if (cgroups->root >= 0)
		unlinkat (cgroups->root, name, AT_REMOVEDIR);
}

static void worker_name (char name[32], uint64_t serial)
{
	snprintf (name, 32, "worker-%" PRIu64, serial);
}

int cgroup_make (const struct cgroups *cgroups, uint64_t serial)
{
	char name[32];

	worker_name (name, serial);
	return make_named (cgroups, name);
}

static void job_name (char name[32], const char *id)
{
	snprintf (name, 32, "job-%.20s", id);
}

int cgroup_make_job (const struct cgroups *cgroups, const char *id)
{
	char name[32];

	job_name (name, id);
	return make_named (cgroups, name);
}

int cgroup_open_job (const struct cgroups *cgroups, const char *id)
{
	char name[32];

	job_name (name, id);
	return cgroups->root < 0 ? -1 : openat (cgroups->root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void cgroup_remove_job (const struct cgroups *cgroups, const char *id)
{
	char name[32];

	job_name (name, id);
	remove_named (cgroups, name);
}

int cgroup_enter (int cgroup)
{
	return write_file (cgroup, "cgroup.procs", "0");
}

int cgroup_kill_open (int cgroup)
{
	return openat (cgroup, "cgroup.kill", O_WRONLY | O_CLOEXEC);
}

int cgroup_kill (int cgroup)
{
	return write_file (cgroup, "cgroup.kill", "1");
}

/* Move the processes that are listed now. Returns their number. */
static int move_listed (int from_procs, int to_procs)
{
	struct pids pids;
	int n = 0;
	pid_t pid;

	pids_start (&pids, from_procs);
	while ((pid = pids_next (&pids)) > 0) {
		char word[16];
		int length = snprintf (word, sizeof word, "%d", (int)pid);

		n++;
		/* A process that has ended in the meantime need not be moved. */
		if (write (to_procs, word, (size_t)length) < 0)
			continue;
	}
	return n;
}

void cgroup_empty (int from, int to)
{
	int from_procs = openat (from, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	int to_procs = openat (to, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	int64_t end = clock_ms () + EMPTY_MS;

	/* A process that forks while it is moved leaves its child behind. A dying process cannot be moved, but is
	 * listed for a moment more. So repeat until the list is empty. */
	if (from_procs >= 0 && to_procs >= 0)
		for (int i = 1; move_listed (from_procs, to_procs) && clock_ms () < end; i++)
			if (i % 8 == 0)
				poll (NULL, 0, 1);
	fd_close (&from_procs);
	fd_close (&to_procs);
}

void cgroup_remove (const struct cgroups *cgroups, uint64_t serial)
{
	char name[32];

	worker_name (name, serial);
	remove_named (cgroups, name);
}

void cgroup_destroy (const struct cgroups *cgroups, uint64_t serial, int cgroup)
{
	char name[32];

	worker_name (name, serial);
	cgroup_kill (cgroup);
	if (cgroups->root >= 0)
		remove_dying (cgroups->root, name);
}
