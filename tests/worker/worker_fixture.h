/* worker_fixture - a worker with the plugin `tester`; the test plays its front and its keeper. */
#ifndef REMEX_TESTS_WORKER_WORKER_FIXTURE_H
#define REMEX_TESTS_WORKER_WORKER_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "conf/config.h"
#include "plugin/plugin_files.h"
#include "wire/records.h"
#include "worker/worker.h"

struct worker_fixture {
	pid_t pid;
	int link, lifeline; /* our ends */
	struct config *config;
	struct plugin_files files;
	struct packet packet; /* the last that came */
};

/* Start one, with `tester` installed. fixture_ready also waits until it is ready. */
void fixture_start (struct worker_fixture *fixture, uid_t uid, bool probe);
void fixture_ready (struct worker_fixture *fixture);

/* Receive one record: its type, or 0 when the worker has closed its link. */
int fixture_recv (struct worker_fixture *fixture);

/* Send a call in one record, and wait for its terminal record: returns its type. Earlier output goes to `out` (of
 * OUTPUT, without the streams' names), NUL-terminated. */
void fixture_call (struct worker_fixture *fixture, uint64_t id, const char *header);
void fixture_call_with (struct worker_fixture *fixture, uint64_t id, const char *header, const char *attachment);
int fixture_end (struct worker_fixture *fixture, char *out, size_t size);

/* The state in the received terminal record, and the words behind it. */
struct worker_state fixture_state (const struct worker_fixture *fixture);
const char *fixture_words (struct worker_fixture *fixture);

/* Wait for its end: the status of waitpid(2). Closes all. */
int fixture_wait (struct worker_fixture *fixture);

/* End its lifeline, and check that it exits with status 0. */
void fixture_finish (struct worker_fixture *fixture);

#endif
