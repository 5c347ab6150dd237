/* keeper_fixture - a keeper with its worker and the worker's processes; the test plays the supervisor and the front.
 *
 * The worker's link shows when all processes are gone: each process in the tree holds it.
 */
#ifndef REMEX_TESTS_PROC_KEEPER_FIXTURE_H
#define REMEX_TESTS_PROC_KEEPER_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/keeper.h"
#include "wire/records.h"

struct action {
	const char *action;
	int n, ready;
};

enum { KEEPER_FIXTURE_FDS = 64 };

struct keeper_fixture {
	struct keeper keeper;
	pid_t pid; /* of the keeper */
	int supervisor, front; /* our ends of its link and of the worker's */
	uint64_t serial;
	bool cgroup;
	struct action actions[10]; /* the actions that the worker starts */
	int fds[KEEPER_FIXTURE_FDS]; /* further descriptors that the worker must have */
	size_t n_fds;
	bool stuck; /* the worker does not heed its lifeline */
};

/* All kinds of attempts of a command to escape. */
#define ZOO \
	{ \
		{ "rest", 0, 1 }, { "daemon", 0, 1 }, { "stubborn", 0, 1 }, { "stopped", 0, 1 }, { "headless", 0, 1 }, \
			{ "threaded", 0, 1 }, { "comets", 8, 8 }, \
		{ \
			"crowd", 200, 200 \
		} \
	}

/* Loop tests run each case twice: with the sweep (i even), and with a cgroup. False: there is no cgroup. */
bool keeper_fixture_kind (struct keeper_fixture *fixture, int i);

/* Start keeper, worker and actions, and wait until all of these are ready. */
void keeper_fixture_start (struct keeper_fixture *fixture);

/* Fail unless the keeper's next and last record is this report, and it then exits. */
void keeper_fixture_report (const struct keeper_fixture *fixture, enum gone how, int n, int64_t survivors);

/* Fail if any process in the tree is alive at this moment. */
void keeper_fixture_empty (const struct keeper_fixture *fixture);

#endif
