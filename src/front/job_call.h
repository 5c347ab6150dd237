/* job_call - a call about a job, from its arrival to its only terminal message: what all of them share.
 *
 * Such a call takes no worker, no place in the queue and none in the pool. It counts for its identity (limits.calls), and all of
 * them together have at most an eighth of the front's descriptors, of which one identity has a quarter, and the administrators a
 * reserve (gate/share.h). It asks the supervisor (wire/records.h, JOB_START to JOB_KILL), which proves the caller and decides; the
 * answer comes back by the number of the call:
 *
 *   WAITING  JOB_CALL_ASKS questions of its identity have no answer yet: its turn comes. The supervisor proves one caller after
 *            the other (daemon/claims.h), so nobody may have a thousand of them in that line. Administrators do not wait
 *   ASKED    the supervisor owes an answer           --answer--> the owner's operation
 *   PAUSING  it is asked again soon: its link was full, or the job's process was just ending
 *
 * job_start.c starts a job, job_view.c has all other calls. Each owns a struct job_call as its first member.
 */
#ifndef REMEX_FRONT_JOB_CALL_H
#define REMEX_FRONT_JOB_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "base/list.h"
#include "front/job_viewer.h"
#include "wire/codes.h"
#include "wire/session.h"
#include "wire/verbs.h"

struct front;
struct gate_client;
struct job_call;

struct job_call_ops {
	/* The supervisor gives a job: REC_JOB; the operation takes the descriptor (sets it to -1). */
	void (*job) (struct job_call *call, struct packet *packet);
	/* The supervisor has refused, or (CODE_NONE) has done what it was asked for. NULL: the call ends with that. */
	void (*refused) (struct job_call *call, enum code code, const char *text);
	/* A piece of the list. */
	void (*piece) (struct job_call *call, const struct packet *packet);
	/* The start is in the audit trail, or there is none (job_call_record). */
	void (*recorded) (struct job_call *call);
	/* The pause is over. */
	void (*again) (struct job_call *call);
	/* The rights of identities have changed: check the call as if it came now. 0; or -1 and err: it is refused. A call that cannot
	 * be taken back any more is not refused. */
	int (*renew) (struct job_call *call, struct err *err);
	/* The time of the drain is over: end the call, or have it end soon. NULL: it ends with `shutting_down`. */
	void (*stop) (struct job_call *call);
	/* Free what the owner has besides, and the call itself. */
	void (*free) (struct job_call *call);
	bool stays; /* the call is finished before the front ends; false: it ends with `shutting_down` when draining begins */
};

struct job_call {
	struct list node; /* of the front's job_calls */
	struct list turn; /* of the front's job_turns: WAITING */
	const struct job_call_ops *ops;
	struct front *front;
	struct identity *identity; /* a reference */
	const struct gate_client *client; /* valid as long as `channel` is */
	int peer; /* the socket that proves the client's user; -1: none */
	struct channel *channel; /* NULL: the client is gone */
	struct verb_table *table; /* a reference, for: */
	const struct verb *verb;
	uint64_t number; /* given by the front */
	int64_t since_ms;
	bool unrecorded; /* root and the daemon's own user may make the call when the trail cannot be written */
	bool recording; /* the supervisor has not reported the start as written */
	bool recorded; /* the start is in the audit trail, or will be: the end has to follow */
	int tries; /* so often the supervisor was asked again */
	struct timer *timer;
	struct job_viewer viewer;
};

enum {
	JOB_CALL_PAUSE_MS = 50,
	JOB_CALL_TRIES = 60,
	JOB_CALL_ASKS = 8, /* questions of one identity that the supervisor has not answered */
	JOB_CALL_WORD = 64, /* the most bytes of a job's name or key */
};

/* May a job have that name or key: JOB_CALL_WORD bytes at most, without control characters? */
bool job_call_is_word (const char *text, size_t n);

/* The most calls about jobs. Each has one descriptor at most. */
int job_calls_most (const struct front *front);

/* Begin: `call` is zeroed memory. 0; or -1 and err, and nothing has been done. */
int job_call_init (struct job_call *call, const struct job_call_ops *ops, struct front *front,
	const struct gate_client *client, int peer, struct channel *channel, const struct verb *verb, struct err *err);

/* Ask the supervisor, as the user `uid`. When it cannot be asked now, `again` is called later. */
void job_call_ask (struct job_call *call, uint32_t type, uid_t uid, const void *data, size_t n);

/* The user as which a call about existing jobs is proved: the caller's own. */
uid_t job_call_user (const struct job_call *call);

/* Write the start to the audit trail, as of that user, and call `recorded` when it is there: at once where there is no trail.
 * The call may end here. `job`: the id of the job that it starts, `recording`: the name of its recording; or NULL. The end of the
 * call goes to the trail by itself; job_call_record_end names another outcome. */
void job_call_record (struct job_call *call, uid_t uid, json_t *args, const char *job, const char *recording);
void job_call_record_end (struct job_call *call, enum outcome outcome);

/* The start of a call is in the audit trail, or could not be written (REC_AUDITED). */
void job_call_audited (struct front *front, const struct packet *packet);

/* Call `again` after a pause. False: that was done too often. */
bool job_call_pause (struct job_call *call);

/* End the call: with `done` (consumed), with an error, with nothing because the client is gone. The call is freed. */
void job_call_done (struct job_call *call, enum outcome outcome, json_t *done);
void job_call_fail (struct job_call *call, enum code code, const char *text);
void job_call_free (struct job_call *call);

/* An answer of the supervisor: REC_JOB, REC_NO_JOB, REC_JOBS. */
void job_call_answer (struct front *front, struct packet *packet);

/* The call with that number; NULL: none. */
struct job_call *job_call_find (struct front *front, uint64_t number);

/* The front drains: end what only watches jobs. Its time is over: end all. The rights have changed: end what would be refused
 * now. */
void job_calls_drain (struct front *front);
void job_calls_stop (struct front *front);
void job_calls_revoke (struct front *front);

/* The front ends: forget what the supervisor was asked. */
void job_calls_end (struct front *front);

#endif
