/* scene - see scene.h. */
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
#include "proc/scene.h"
#include "proc/stage.h"
#include "proc/tree.h"

/* The worker: starts its deeds, then obeys one letter from the front. */
static int worker (int link, int lifeline, void *arg)
{
	const struct scene *scene = arg;
	struct pollfd fds[] = { { .fd = link, .events = POLLIN }, { .fd = lifeline } };
	struct child child;
	char letter = 0;

	alarm (300);
	for (size_t i = 0; i < scene->n_fds; i++)
		if (fcntl (scene->fds[i], F_GETFD) < 0)
			return 5;
	for (const struct deed *deed = scene->deeds; deed->deed; deed++)
		stage_spawn (&child, link, deed->deed, deed->n);
	while (poll (fds, scene->stuck ? 1 : 2, -1) < 0 || !(fds[0].revents & POLLIN))
		if (fds[1].revents)
			return 0;
	if (recv (link, &letter, 1, 0) == 1 && letter == 'c')
		raise (SIGSEGV);
	return letter == 'x' ? 3 : 4;
}

void scene_start (struct scene *scene)
{
	static uint64_t serial;
	struct keeper *keeper = &scene->keeper;
	int supervisor[2], front[2], kept[4 + SCENE_FDS];

	ck_assert_int_eq (link_pair (supervisor), 0);
	ck_assert_int_eq (link_pair (front), 0);
	*keeper = (struct keeper){
		.link = supervisor[1],
		.worker_link = front[1],
		.cgroup = -1,
		.left = -1,
		.crash_grace_ms = keeper->crash_grace_ms,
		.worker_fds = scene->fds,
		.n_worker_fds = scene->n_fds,
		.worker = worker,
		.arg = scene,
	};
	if (scene->cgroup) {
		scene->serial = (uint64_t)getpid () * 100 + ++serial;
		keeper->cgroup = cgroup_make (&stage_cgroups, scene->serial);
		keeper->left = stage_cgroups.left;
		ck_assert_int_ge (keeper->cgroup, 0);
	}
	memcpy (kept, (int[]){ keeper->link, keeper->worker_link, keeper->cgroup, keeper->left }, 4 * sizeof *kept);
	memcpy (kept + 4, scene->fds, scene->n_fds * sizeof *kept);
	scene->pid = fork_run ("remexd-keeper", kept, 4 + scene->n_fds, keeper_run, keeper);
	ck_assert_int_gt (scene->pid, 0);
	close (keeper->link);
	close (keeper->worker_link);
	if (scene->cgroup)
		close (keeper->cgroup);
	scene->supervisor = supervisor[0];
	scene->front = front[0];
	for (const struct deed *deed = scene->deeds; deed->deed; deed++)
		stage_await (scene->front, "ready", deed->ready);
}

void scene_report (const struct scene *scene, enum gone how, int n, int64_t survivors)
{
	static struct packet packet;
	int64_t told;
	int status;

	stage_readable (scene->supervisor);
	ck_assert_int_eq (link_recv (scene->supervisor, &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, REC_KEEPER_GONE);
	ck_assert_int_eq (packet.record.a, how);
	ck_assert_int_eq (packet.record.b, n);
	ck_assert_uint_eq (packet.record.length, sizeof told);
	memcpy (&told, packet.data, sizeof told);
	ck_assert_int_eq (told, survivors);
	stage_readable (scene->supervisor);
	ck_assert_int_eq (link_recv (scene->supervisor, &packet, 0), 0);
	ck_assert_int_eq (waitpid (scene->pid, &status, 0), scene->pid);
	ck_assert_int_eq (status, n == KEEPER_FAILED ? W_EXITCODE (1, 0) : 0);
}

void scene_empty (const struct scene *scene)
{
	char text[64];
	ssize_t got;

	do
		got = recv (scene->front, text, sizeof text, MSG_DONTWAIT);
	while (got > 0 || (got < 0 && errno == ECONNRESET)); /* our letter was not read */
	ck_assert_msg (got == 0, "%d processes of the tree live", tree_count (0)); /* orphans come to us (stage.c) */
	if (scene->cgroup) {
		char name[32];

		cgroup_remove (&stage_cgroups, scene->serial);
		snprintf (name, sizeof name, "worker-%llu", (unsigned long long)scene->serial);
		ck_assert_int_eq (faccessat (stage_cgroups.root, name, F_OK, 0), -1);
	}
}

bool scene_kind (struct scene *scene, int i)
{
	scene->cgroup = i % 2;
	return !scene->cgroup || stage_cgroups.root >= 0;
}
