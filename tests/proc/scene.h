/* scene - a keeper with its worker and what that starts; the test plays the supervisor and the front.
 *
 * The worker's link shows when all is gone: whoever is in the tree holds it.
 */
#ifndef REMEX_TESTS_PROC_SCENE_H
#define REMEX_TESTS_PROC_SCENE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/keeper.h"
#include "wire/records.h"

struct deed {
	const char *deed;
	int n, ready;
};

enum { SCENE_FDS = 64 };

struct scene {
	struct keeper keeper;
	pid_t pid; /* of the keeper */
	int supervisor, front; /* our ends of its link and of the worker's */
	uint64_t serial;
	bool cgroup;
	struct deed deeds[10]; /* what the worker starts */
	int fds[SCENE_FDS]; /* what the worker is given besides, and must have */
	size_t n_fds;
	bool stuck; /* the worker does not heed its lifeline */
};

/* All that a command may do to escape. */
#define ZOO \
	{ \
		{ "rest", 0, 1 }, { "daemon", 0, 1 }, { "stubborn", 0, 1 }, { "stopped", 0, 1 }, { "headless", 0, 1 }, \
			{ "threaded", 0, 1 }, { "comets", 8, 8 }, \
		{ \
			"crowd", 200, 200 \
		} \
	}

/* Loop tests run each thing twice: by the sweep (i even), and with a cgroup. False: there is none. */
bool scene_kind (struct scene *scene, int i);

/* Start keeper, worker and deeds, and wait until all of these are ready. */
void scene_start (struct scene *scene);

/* Fail unless the keeper's next and last word is this report, and it then exits. */
void scene_report (const struct scene *scene, enum gone how, int n, int64_t survivors);

/* Fail if anybody in the tree is alive at this moment. */
void scene_empty (const struct scene *scene);

#endif
