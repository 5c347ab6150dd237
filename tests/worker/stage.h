/* stage - what the tests of the worker need: a private directory of plugins, and a worker over it whose front and
 * keeper is the test.
 */
#ifndef REMEX_TESTS_WORKER_STAGE_H
#define REMEX_TESTS_WORKER_STAGE_H

#include <check.h>
#include <sys/types.h>

#include "base/link.h"
#include "conf/config.h"
#include "worker/plugins.h"
#include "worker/worker.h"

/* A fixture of every test: makes the directory, and removes it with all that is in it. */
void stage_add (TCase *tcase);

const char *stage_directory (void);

/* Install a built plugin (its path in the build tree, without .so) under a name; a file with that text. */
void stage_install (const char *built, const char *name);
void stage_write (const char *name, const char *text);

/* The configuration with that directory and, for the plugins, this section (of "plugins: {directory: …, SECTION}"). */
struct config *stage_config (const char *section);

/* --- a worker ----------------------------------------------------------------------------------------------------- */

struct scene {
	pid_t pid;
	int link, lifeline; /* our ends */
	struct config *config;
	struct plugin_files files;
	struct packet packet; /* the last that came */
};

/* Start one, with `tester` installed. scene_ready also waits until it is ready. */
void scene_start (struct scene *scene, uid_t uid, bool probe);
void scene_ready (struct scene *scene);

/* Receive one record: its type, or 0 when the worker has closed its link. */
int scene_recv (struct scene *scene);

/* Send a call in one record, and wait for its terminal record: its type. What comes before goes to `out` (of OUTPUT,
 * without the streams' names), NUL-terminated. */
void scene_call (struct scene *scene, uint64_t id, const char *header);
void scene_call_with (struct scene *scene, uint64_t id, const char *header, const char *attachment);
int scene_end (struct scene *scene, char *out, size_t size);

/* The state in the terminal record that was received, and the words behind it. */
struct worker_state scene_state (const struct scene *scene);
const char *scene_words (struct scene *scene);

/* Wait for its end: as waitpid(2) has it. Closes all. */
int scene_wait (struct scene *scene);

/* End its lifeline, and see that it leaves with status 0. */
void scene_finish (struct scene *scene);

#endif
