/* proc_fixture - see proc_fixture.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/proc_fixture.h"
#include "proc/process_tree.h"

struct cgroups fixture_cgroups = { .root = -1, .left = -1 };

bool fixture_can_make_cgroups (void)
{
	const char *choice = getenv ("REMEX_CGROUP");
	char own[PATH_MAX] = "", path[PATH_MAX] = "";
	struct mntent *mount;
	FILE *file;
	int cgroup, status = -1;
	pid_t pid;

	if (choice && !strcmp (choice, "none"))
		return false;
	if ((file = fopen ("/proc/self/cgroup", "re"))) {
		while (fgets (path, sizeof path, file))
			if (sscanf (path, "0::%4000[^\n]", own) == 1)
				break;
		fclose (file);
	}
	if (!*own || !(file = setmntent ("/proc/self/mounts", "re")))
		return false;
	*path = '\0';
	while ((mount = getmntent (file)))
		if (!strcmp (mount->mnt_type, "cgroup2"))
			snprintf (path, sizeof path, "%.2000s%.2000s/remex-check-%d", mount->mnt_dir, own,
				(int)getpid ());
	endmntent (file);
	if (!*path || mkdir (path, 0755) < 0)
		return false;
	cgroup = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (faccessat (cgroup, "cgroup.kill", W_OK, 0) == 0) {
		if (!(pid = fork ())) {
			int procs = openat (cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

			_exit (procs < 0 || write (procs, "0", 1) != 1);
		}
		while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close (cgroup);
	rmdir (path);
	return status == 0;
}

static void set_up (void)
{
	prctl (PR_SET_CHILD_SUBREAPER, 1);
	cgroups_open (&fixture_cgroups);
}

/* The tests' worker cgroups, and then the root. */
static void remove_cgroups (void)
{
	DIR *dir;
	struct dirent *entry;

	if (fixture_cgroups.root < 0)
		return;
	dir = fdopendir (openat (fixture_cgroups.root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	while (dir && (entry = readdir (dir)))
		if (!strncmp (entry->d_name, "worker-", 7))
			unlinkat (fixture_cgroups.root, entry->d_name, AT_REMOVEDIR);
	if (dir)
		closedir (dir);
	cgroups_close (&fixture_cgroups);
}

static void tear_down (void)
{
	int left = tree_kill (-1, 60000, NULL, NULL);

	if (left)
		fprintf (stderr, "%d processes could not be killed\n", left);
	remove_cgroups ();
}

void fixture_add (TCase *tcase)
{
	tcase_add_unchecked_fixture (tcase, set_up, tear_down);
}

const char *fixture_helper (void)
{
	static char path[PATH_MAX];
	const char *top = getenv ("top_builddir");
	ssize_t n;

	if (top && snprintf (path, sizeof path, "%s/tests/proc/helper", top) < PATH_MAX && access (path, X_OK) == 0)
		return path;
	n = readlink ("/proc/self/exe", path, sizeof path - sizeof "helper");
	ck_assert_int_gt (n, 0);
	path[n] = '\0';
	strcpy (strrchr (path, '/') + 1, "helper");
	return path;
}

void fixture_spawn (struct child *child, int line, const char *action, int n)
{
	char number[12], count[12];
	const char *const argv[] = { fixture_helper (), number, action, count, NULL };
	struct spawn spawn = { .argv = argv, .fds = { -1, -1, 2 }, .keep = &line, .n_keep = line >= 0 };
	struct err err = { .text = "" };

	snprintf (number, sizeof number, "%d", line);
	snprintf (count, sizeof count, "%d", n);
	if (spawn_start (&spawn, child, &err) < 0)
		ck_abort_msg ("%s", err.text);
}

int fixture_finish (struct child *child)
{
	int status;

	fixture_readable (child->pidfd);
	ck_assert_int_eq (child_reap (child, &status), 0);
	ck_assert_int_eq (child->pidfd, -1);
	return status;
}

void fixture_no_children (void)
{
	int status;

	errno = 0;
	ck_assert_int_eq (waitpid (-1, &status, WNOHANG | __WALL), -1);
	ck_assert_int_eq (errno, ECHILD);
}

void fixture_readable (int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	ck_assert_int_eq (poll (&pollfd, 1, 200000), 1);
}

pid_t fixture_await (int line, const char *word, int n)
{
	size_t length = strlen (word);
	int pid = 0;

	while (n) {
		char text[64];
		ssize_t got;

		fixture_readable (line);
		got = recv (line, text, sizeof text - 1, 0);
		ck_assert_int_gt (got, 0);
		text[got] = '\0';
		if (!strncmp (text, "failed ", 7))
			ck_abort_msg ("a process of the test cannot fork: %s", text);
		if (!strncmp (text, word, length) && text[length] == ' ') {
			pid = atoi (text + length);
			n--;
		}
	}
	return pid;
}

void fixture_await_end (int line)
{
	char text[64];
	ssize_t got;

	do {
		fixture_readable (line);
		got = recv (line, text, sizeof text, 0);
	} while (got > 0);
	ck_assert_int_eq (got, 0);
}
