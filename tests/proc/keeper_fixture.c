/* keeper_fixture - see keeper_fixture.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/link.h"
#include "proc/fork.h"
#include "proc/keeper_fixture.h"
#include "proc/proc_fixture.h"
#include "proc/process_tree.h"

/* The worker: starts its actions, then obeys one letter from the front. */
static int worker (int link, int lifeline, void *arg)
{
	const struct keeper_fixture *fixture = arg;
	struct pollfd fds[] = { { .fd = link, .events = POLLIN }, { .fd = lifeline } };
	struct child child;
	char letter = 0;

	alarm (300);
	for (size_t i = 0; i < fixture->n_fds; i++)
		if (fcntl (fixture->fds[i], F_GETFD) < 0)
			return 5;
	for (const struct action *action = fixture->actions; action->action; action++)
		fixture_spawn (&child, link, action->action, action->n);
	while (poll (fds, fixture->stuck ? 1 : 2, -1) < 0 || !(fds[0].revents & POLLIN))
		if (fds[1].revents)
			return 0;
	if (recv (link, &letter, 1, 0) == 1 && letter == 'c')
		raise (SIGSEGV);
	return letter == 'x' ? 3 : 4;
}

void keeper_fixture_start (struct keeper_fixture *fixture)
{
	static uint64_t serial;
	struct keeper *keeper = &fixture->keeper;
	int supervisor[2], front[2], kept[4 + KEEPER_FIXTURE_FDS];

	ck_assert_int_eq (link_pair (supervisor), 0);
	ck_assert_int_eq (link_pair (front), 0);
	*keeper = (struct keeper){
		.link = supervisor[1],
		.worker_link = front[1],
		.cgroup = -1,
		.left = -1,
		.crash_grace_ms = keeper->crash_grace_ms,
		.deadline_ms = keeper->deadline_ms,
		.worker_fds = fixture->fds,
		.n_worker_fds = fixture->n_fds,
		.worker = worker,
		.arg = fixture,
	};
	if (fixture->cgroup) {
		fixture->serial = (uint64_t)getpid () * 100 + ++serial;
		keeper->cgroup = cgroup_make (&fixture_cgroups, fixture->serial);
		keeper->left = fixture_cgroups.left;
		ck_assert_int_ge (keeper->cgroup, 0);
	}
	memcpy (kept, (int[]){ keeper->link, keeper->worker_link, keeper->cgroup, keeper->left }, 4 * sizeof *kept);
	memcpy (kept + 4, fixture->fds, fixture->n_fds * sizeof *kept);
	fixture->pid = fork_run ("remexd-keeper", kept, 4 + fixture->n_fds, keeper_run, keeper);
	ck_assert_int_gt (fixture->pid, 0);
	close (keeper->link);
	close (keeper->worker_link);
	if (fixture->cgroup)
		close (keeper->cgroup);
	fixture->supervisor = supervisor[0];
	fixture->front = front[0];
	for (const struct action *action = fixture->actions; action->action; action++)
		fixture_await (fixture->front, "ready", action->ready);
}

void keeper_fixture_report (const struct keeper_fixture *fixture, enum gone how, int n, int64_t survivors)
{
	static struct packet packet;
	int64_t told;
	int status;

	fixture_readable (fixture->supervisor);
	ck_assert_int_eq (link_recv (fixture->supervisor, &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, REC_KEEPER_GONE);
	ck_assert_int_eq (packet.record.a, how);
	ck_assert_int_eq (packet.record.b, n);
	ck_assert_uint_eq (packet.record.length, sizeof told);
	memcpy (&told, packet.data, sizeof told);
	ck_assert_int_eq (told, survivors);
	fixture_readable (fixture->supervisor);
	ck_assert_int_eq (link_recv (fixture->supervisor, &packet, 0), 0);
	ck_assert_int_eq (waitpid (fixture->pid, &status, 0), fixture->pid);
	ck_assert_int_eq (status, n == KEEPER_FAILED ? W_EXITCODE (1, 0) : 0);
}

void keeper_fixture_empty (const struct keeper_fixture *fixture)
{
	char text[64];
	ssize_t got;

	do
		got = recv (fixture->front, text, sizeof text, MSG_DONTWAIT);
	while (got > 0 || (got < 0 && errno == ECONNRESET)); /* our letter was not read */
	ck_assert_msg (
		got == 0, "%d processes of the tree live", tree_count (0)); /* orphans come to us (proc_fixture.c) */
	if (fixture->cgroup) {
		char name[32];

		cgroup_remove (&fixture_cgroups, fixture->serial);
		snprintf (name, sizeof name, "worker-%llu", (unsigned long long)fixture->serial);
		ck_assert_int_eq (faccessat (fixture_cgroups.root, name, F_OK, 0), -1);
	}
}

bool keeper_fixture_kind (struct keeper_fixture *fixture, int i)
{
	fixture->cgroup = i % 2;
	return !fixture->cgroup || fixture_cgroups.root >= 0;
}
