/* front_alone - a front without processes around it: the supervisor and the workers are the test, which has the other ends
 * of their links. There is no carrier, so that no command can have pipes. The loop is turned by hand.
 */
#ifndef REMEX_TESTS_FRONT_FRONT_ALONE_H
#define REMEX_TESTS_FRONT_FRONT_ALONE_H

#include "front/front_state.h"
#include "wire/records.h"

enum { ALONE_WORKERS = 16 };

struct front_alone {
	struct front front;
	int supervisor, claims; /* the supervisor's ends of its links */
	int workers[ALONE_WORKERS + 1]; /* the workers' ends of their links, by serial; -1: closed */
	bool users_change; /* a new worker is of another state of the user database than the present one */
	int descriptors; /* open ones, when it began */
	int closed; /* connections that were closed */
	struct packet packet; /* the record that came last, */
	size_t n_fds; /* and how many descriptors it had, which are closed */
};

/* A front with that configuration (YAML). Its verbs are words.count (text: required), words.show (control), words.run (text:
 * required; it runs a command), and a plugin `bad` that was refused. Who the daemon is: the user of this process, who is therefore an administrator. */
void alone_begin (struct front_alone *alone, const char *yaml);

/* Free all. No descriptor may be left open, and no identity referenced. */
void alone_end (struct front_alone *alone);

/* Let the loop handle the ready descriptors and the times that are over. */
void alone_turn (struct front_alone *alone);

/* Turn the loop until the condition holds. */
#define alone_until(alone, condition) \
	while (!(condition)) \
	alone_turn (alone)

/* The next record for the supervisor, in alone->packet: it must have this type and id. */
void alone_expect (struct front_alone *alone, uint32_t type, uint64_t id);

/* There is no record for the supervisor. */
void alone_expect_nothing (struct front_alone *alone);

/* The supervisor answers WORKER: with a worker, with that errno. `lost`: its link could not be received. */
void alone_give_worker (struct front_alone *alone, uint64_t number, uint64_t serial, uid_t uid, bool lost);
void alone_refuse_worker (struct front_alone *alone, uint64_t number, int error);

/* The supervisor answers AUDIT. */
void alone_audited (struct front_alone *alone, uint64_t number, int error);

/* The next record for a worker, in alone->packet: it must have this type and id. */
void alone_worker_expect (struct front_alone *alone, uint64_t serial, uint32_t type, uint64_t id);

/* The worker has completed its request. */
void alone_complete (struct front_alone *alone, uint64_t serial, uint64_t number);

#endif
