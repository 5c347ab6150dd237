/* check_cgroup - one cgroup per worker, where cgroups are available; otherwise none. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/cgroup.h"
#include "proc/fork.h"
#include "proc/pids.h"
#include "proc/proc_fixture.h"
#include "proc/process_tree.h"
#include "support/check_main.h"
#include "support/descriptors.h"

/* Some of the cases need no cgroup. */
#define NEED_CGROUP \
	if (fixture_cgroups.root < 0) \
	NO_CGROUPS

static int here (int at, const char *name)
{
	return faccessat (at, name, F_OK, 0) == 0;
}

/* The number of processes in the cgroup. */
static int population (int cgroup)
{
	int fd = openat (cgroup, "cgroup.procs", O_RDONLY | O_CLOEXEC), n = 0;
	struct pids pids;

	ck_assert_int_ge (fd, 0);
	pids_start (&pids, fd);
	while (pids_next (&pids) > 0)
		n++;
	close (fd);
	return n;
}

static int burn (void *arg)
{
	int64_t begin, now;
	int fd;

	if (cgroup_enter (*(int *)arg) < 0 || (fd = cgroup_open_own_cpu ()) < 0 || (begin = cgroup_cpu_us (fd)) < 0)
		return 1;
	while ((now = cgroup_cpu_us (fd)) < begin + 20000)
		if (now < begin)
			return 2;
	return 0;
}

/* A process in a worker's cgroup finds its account of CPU time; one elsewhere finds none. */
START_TEST (test_cpu)
{
	int cgroup, status;
	pid_t pid;

	ck_assert_int_eq (cgroup_open_own_cpu (), -1);
	NEED_CGROUP;
	ck_assert_int_ge (cgroup = cgroup_make (&fixture_cgroups, 7), 0);
	ck_assert_int_gt (pid = fork_run ("burn", &cgroup, 1, burn, &cgroup), 0);
	ck_assert_int_eq (waitpid (pid, &status, 0), pid);
	ck_assert_int_eq (status, 0);
	close (cgroup);
	cgroup_remove (&fixture_cgroups, 7);
}
END_TEST

/* A directory that plays a cgroup, with these controllers. */
static int fake_cgroup (char path[], const char *const files[][2])
{
	int dir, fd;

	ck_assert_ptr_nonnull (mkdtemp (path));
	ck_assert_int_ge (dir = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	for (size_t i = 0; files[i][0]; i++) {
		fd = openat (dir, files[i][0], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_eq (write (fd, files[i][1], strlen (files[i][1])), (ssize_t)strlen (files[i][1]));
		close (fd);
	}
	return dir;
}

static void remove_fake (int dir, const char *path, const char *const files[][2])
{
	for (size_t i = 0; files[i][0]; i++)
		unlinkat (dir, files[i][0], 0);
	close (dir);
	ck_assert_int_eq (rmdir (path), 0); /* nothing else was made */
}

static const char *content (int dir, const char *name)
{
	static char text[64];
	int fd = openat (dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read (fd, text, sizeof text - 1);

	close (fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Bounds are written where the controller is, and what was counted is read. */
START_TEST (test_bounds)
{
	static const char *const files[][2] = { { "memory.max", "" }, { "pids.max", "" },
		{ "memory.events", "low 1\nhigh 2\nmax 30\noom 4\noom_kill 5\noom_group_kill 6\n" },
		{ "pids.events", "max 7\n" }, { NULL, NULL } };
	static const char *const odd[][2] = { { "memory.events", "oom_kill\noom_kill_ 3\nxoom_kill 9\noom_kill -4" },
		{ "pids.events", "" }, { NULL, NULL } };
	char path[] = "/tmp/remex-check-cgroup-XXXXXX", other[] = "/tmp/remex-check-cgroup-XXXXXX";
	int dir = fake_cgroup (path, files);
	struct cgroup_events events;

	cgroup_bound (dir, 0, 0);
	ck_assert_str_eq (content (dir, "memory.max"), "");
	ck_assert_str_eq (content (dir, "pids.max"), "");
	cgroup_bound (dir, 1LL << 40, 17);
	ck_assert_str_eq (content (dir, "memory.max"), "1099511627776");
	ck_assert_str_eq (content (dir, "pids.max"), "17");
	cgroup_read_events (dir, &events);
	ck_assert_int_eq (events.killed, 5);
	ck_assert_int_eq (events.refused, 7);
	remove_fake (dir, path, files);
	dir = fake_cgroup (other, odd);
	cgroup_bound (dir, 1, 1);
	cgroup_read_events (dir, &events);
	ck_assert_int_eq (events.killed, 0);
	ck_assert_int_eq (events.refused, 0);
	remove_fake (dir, other, odd);
}
END_TEST

START_TEST (test_none)
{
	struct cgroups cgroups = { .root = 7, .left = 7 };
	int fds = open_descriptors ();

	setenv ("REMEX_CGROUP", "none", 1);
	cgroups_open (&cgroups);
	ck_assert_int_eq (cgroups.root, -1);
	ck_assert_int_eq (cgroups.left, -1);
	ck_assert_int_eq (cgroup_make (&cgroups, 1), -1);
	cgroup_remove (&cgroups, 1);
	cgroups_close (&cgroups);
	ck_assert_int_eq (open_descriptors (), fds);
}
END_TEST

/* Another user may not make one here: no error, no trace. */
START_TEST (test_not_allowed)
{
	struct cgroups cgroups = { .root = 7, .left = 7 };
	int fds = open_descriptors ();

	NEED_ROOT;
	ck_assert_int_eq (setresgid (65534, 65534, 65534) | setresuid (65534, 65534, 65534), 0);
	cgroups_open (&cgroups);
	ck_assert_int_eq (cgroups.root, -1);
	ck_assert_int_eq (cgroups.left, -1);
	ck_assert_int_eq (open_descriptors (), fds);
}
END_TEST

static void path_of (int fd, char path[PATH_MAX])
{
	char name[48];
	ssize_t n;

	snprintf (name, sizeof name, "/proc/self/fd/%d", fd);
	n = readlink (name, path, PATH_MAX - 1);
	ck_assert_int_gt (n, 0);
	path[n] = '\0';
}

static void own_cgroup (char out[4096])
{
	char text[4096], *line;
	FILE *file = fopen ("/proc/self/cgroup", "re");

	text[fread (text, 1, sizeof text - 1, file)] = '\0';
	fclose (file);
	line = strstr (text, "0::");
	ck_assert_ptr_nonnull (line);
	snprintf (out, 4096, "%.*s", (int)strcspn (line, "\n"), line);
}

/* A second daemon with our pid gets a name of its own; all cgroups that were made are removed. */
START_TEST (test_open_close)
{
	struct cgroups one, two;
	char first[PATH_MAX], second[PATH_MAX], name[32];
	int fds = open_descriptors ();

	NEED_CGROUP;
	cgroups_open (&one);
	cgroups_open (&two);
	ck_assert_int_ge (one.root, 0);
	ck_assert_int_ge (one.left, 0);
	ck_assert_int_ge (two.root, 0);
	path_of (one.root, first);
	path_of (two.root, second);
	snprintf (name, sizeof name, "/remex-%d", (int)getpid ());
	ck_assert_ptr_nonnull (strstr (first, name));
	ck_assert_str_ne (first, second);
	cgroups_close (&one);
	cgroups_close (&two);
	ck_assert (!here (AT_FDCWD, first) && !here (AT_FDCWD, second));
	ck_assert_int_eq (one.root, -1);
	ck_assert_int_eq (open_descriptors (), fds);
}
END_TEST

/* A process that settles is alone in a leaf; in the end it is back in its former cgroup. */
START_TEST (test_settle)
{
	struct cgroups cgroups;
	char before[4096], within[4096], after[4096];

	NEED_CGROUP;
	own_cgroup (before);
	cgroups_open (&cgroups);
	cgroups_settle (&cgroups);
	ck_assert (cgroups.settled);
	own_cgroup (within);
	ck_assert_ptr_nonnull (strstr (within, "/daemon"));
	cgroups_close (&cgroups);
	own_cgroup (after);
	ck_assert_str_eq (after, before);
}
END_TEST

/* Is the process in a cgroup of this name? */
static bool is_within (pid_t pid, const char *name)
{
	char path[64], line[4096];
	bool within = false;
	FILE *file;

	snprintf (path, sizeof path, "/proc/%d/cgroup", (int)pid);
	if (!(file = fopen (path, "re")))
		return false;
	while (fgets (line, sizeof line, file))
		within |= strstr (line, name) != NULL;
	fclose (file);
	return within;
}

/* The carrier may end a moment after its front, and so after the supervisor has begun to remove its cgroups. */
START_TEST (test_a_process_ends_late)
{
	struct cgroups cgroups;
	char path[PATH_MAX];
	pid_t pid;

	NEED_CGROUP;
	cgroups_open (&cgroups);
	cgroups_settle (&cgroups);
	path_of (cgroups.root, path);
	if (!(pid = fork ())) {
		while (is_within (getppid (), "/daemon"))
			poll (NULL, 0, 1);
		poll (NULL, 0, 30); /* the parent tries to remove the cgroup now */
		_exit (0);
	}
	cgroups_close (&cgroups);
	ck_assert (!here (AT_FDCWD, path));
	ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
}
END_TEST

/* A daemon that is killed leaves empty cgroups; the next one removes them. */
START_TEST (test_sweep_dead)
{
	struct cgroups cgroups;
	char name[32];
	int at, status;
	pid_t pid;

	NEED_CGROUP;
	if (!(pid = fork ())) {
		cgroups_open (&cgroups);
		_exit (cgroups.root < 0 || cgroup_make (&cgroups, 1) < 0);
	}
	ck_assert_int_eq (waitpid (pid, &status, 0), pid);
	ck_assert_int_eq (status, 0);
	snprintf (name, sizeof name, "remex-%d", (int)pid);
	at = openat (fixture_cgroups.root, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge (at, 0);
	cgroups_open (&cgroups);
	ck_assert (!here (at, name));
	cgroups_close (&cgroups);
	close (at);
}
END_TEST

START_TEST (test_make_remove)
{
	int fds = open_descriptors (), cgroup;
	char name[32];

	NEED_CGROUP;
	snprintf (name, sizeof name, "worker-%d", (int)getpid ());
	cgroup = cgroup_make (&fixture_cgroups, (uint64_t)getpid ());
	ck_assert_int_ge (cgroup, 0);
	ck_assert (here (fixture_cgroups.root, name));
	ck_assert_int_eq (fcntl (cgroup, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq (cgroup_make (&fixture_cgroups, (uint64_t)getpid ()), -1); /* serials are not reused */
	cgroup_remove (&fixture_cgroups, (uint64_t)getpid ());
	ck_assert (!here (fixture_cgroups.root, name));
	close (cgroup);
	ck_assert_int_eq (open_descriptors (), fds);
}
END_TEST

struct inside {
	int cgroup, line;
	const char *action;
	int n;
};

static int inside_run (void *arg)
{
	const struct inside *inside = arg;
	struct child child;

	if (cgroup_enter (inside->cgroup) < 0)
		return 1;
	alarm (300);
	fixture_spawn (&child, inside->line, inside->action, inside->n);
	for (;;)
		pause ();
}

/* A process in the cgroup that has started a helper there. */
static void start_inside (int cgroup, const char *action, int n, int ready, int *line)
{
	int pair[2];
	struct inside inside = { .cgroup = cgroup, .action = action, .n = n };

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	inside.line = pair[1];
	ck_assert_int_gt (fork_run ("inside", (int[]){ cgroup, pair[1] }, 2, inside_run, &inside), 0);
	close (pair[1]);
	*line = pair[0];
	fixture_await (*line, "ready", ready);
}

static const struct {
	const char *action;
	int n, ready;
} actions[] = { { "daemon", 0, 1 }, { "stopped", 0, 1 }, { "crowd", 200, 200 }, { "comets", 8, 8 } };

/* One write kills all processes. */
START_TEST (test_kill)
{
	int cgroup, line;

	NEED_CGROUP;
	cgroup = cgroup_make (&fixture_cgroups, (uint64_t)getpid ());
	start_inside (cgroup, actions[_i].action, actions[_i].n, actions[_i].ready, &line);
	ck_assert_int_gt (population (cgroup), 1);
	ck_assert_int_eq (cgroup_kill (cgroup), 0);
	fixture_await_end (line);
	while (population (cgroup))
		poll (NULL, 0, 1);
	while (wait (NULL) > 0)
		;
	cgroup_remove (&fixture_cgroups, (uint64_t)getpid ());
}
END_TEST

/* The same through tree_kill, which also reaps. */
START_TEST (test_tree_kill)
{
	int cgroup, line, killer;

	NEED_CGROUP;
	prctl (PR_SET_CHILD_SUBREAPER, 1);
	cgroup = cgroup_make (&fixture_cgroups, (uint64_t)getpid ());
	start_inside (cgroup, actions[_i].action, actions[_i].n, actions[_i].ready, &line);
	killer = cgroup_kill_open (cgroup);
	ck_assert_int_ge (killer, 0);
	ck_assert_int_eq (tree_kill (killer, 200000, NULL, NULL), 0);
	fixture_await_end (line);
	fixture_no_children ();
	ck_assert_int_eq (population (cgroup), 0);
	cgroup_remove (&fixture_cgroups, (uint64_t)getpid ());
}
END_TEST

/* Processes left behind move out of the cgroup, also while they fork. */
START_TEST (test_empty)
{
	int cgroup, other, line, was;

	NEED_CGROUP;
	cgroup = cgroup_make (&fixture_cgroups, (uint64_t)getpid ());
	other = cgroup_make (&fixture_cgroups, (uint64_t)getpid () + 1000000000);
	start_inside (cgroup, actions[_i].action, actions[_i].n, actions[_i].ready, &line);
	was = population (cgroup);
	do /* processes that fork all the time may escape a round */
		cgroup_empty (cgroup, other);
	while (population (cgroup));
	ck_assert_int_ge (population (other), was > 200 ? 200 : 1);
	cgroup_remove (&fixture_cgroups, (uint64_t)getpid ()); /* works, for it is empty */
	ck_assert_int_eq (cgroup_kill (other), 0);
	fixture_await_end (line);
	while (population (other))
		poll (NULL, 0, 1);
	while (wait (NULL) > 0)
		;
	cgroup_remove (&fixture_cgroups, (uint64_t)getpid () + 1000000000);
}
END_TEST

static void add_cgroup (TCase *tcase)
{
	int n = (int)(sizeof actions / sizeof *actions);

	fixture_add (tcase);
	tcase_add_test (tcase, test_bounds);
	tcase_add_test (tcase, test_none);
	tcase_add_test (tcase, test_cpu);
	tcase_add_test (tcase, test_not_allowed);
	tcase_add_test (tcase, test_open_close);
	tcase_add_test (tcase, test_settle);
	tcase_add_test (tcase, test_a_process_ends_late);
	tcase_add_test (tcase, test_sweep_dead);
	tcase_add_test (tcase, test_make_remove);
	tcase_add_loop_test (tcase, test_kill, 0, n);
	tcase_add_loop_test (tcase, test_tree_kill, 0, n);
	tcase_add_loop_test (tcase, test_empty, 0, n);
}

CHECK_MAIN ("proc/cgroup", add_cgroup)
