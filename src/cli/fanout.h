/* fanout - one call on many hosts: a task for each host, in one loop (drive.h), at most `window` of them at once.
 *
 *   targets (hosts/hosts.h) -> members -> outcomes
 *
 *   member   WAITING -> RUNNING -> OVER        each host has exactly one outcome: that of its call, or `skipped`
 *            WAITING -> OVER (skipped)
 *
 * The counters of the members always add up to the number of targets. Views (view.h) take the output. The caller makes
 * the arguments for each host (`arguments`). Ctrl-C: the first one sends INT to every command and starts no further
 * host; the second cancels them; the third leaves at once. Output that has come until then stays with the views.
 *
 * The brake (brake.h) decides how many hosts may run, and when no further one is started.
 */
#ifndef REMEX_CLI_FANOUT_H
#define REMEX_CLI_FANOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/brake.h"
#include "cli/call.h"
#include "cli/drive.h"
#include "cli/feed.h"
#include "cli/progress.h"
#include "cli/view.h"
#include "hosts/hosts.h"

struct fanout;

enum member_state { MEMBER_WAITING, MEMBER_RUNNING, MEMBER_OVER };

struct member {
	struct call call;
	const struct host_target *target;
	size_t rank; /* from 0, in the order of the targets */
	enum member_state state;
	struct fanout *fanout;
	struct tap tap;
	struct durable_call durable; /* with `patience`: the call is durable */
	char *args; /* what `arguments` has made */
};

enum { FANOUT_VIEWS = 4 };

struct fanout {
	/* Set by the caller, before fanout_run: */
	const char *call; /* "exec.run" */
	struct remex_options options; /* of every call; options.user counts where the target names no user */
	const struct host_targets *targets;
	struct view *views[FANOUT_VIEWS];
	size_t n_views;
	const struct sink *sink; /* in place of the views; NULL: the views take the output */
	/* The member starts: 0; or -1 with errno, or with errno 0 after call_fail. May be NULL. */
	int (*begin) (struct fanout *fanout, struct member *member);
	void (*ended) (struct fanout *fanout, struct member *member); /* it is over, or was skipped. May be NULL */
	struct input *input; /* NULL: none */
	struct spool *spool; /* for the input; NULL where there is none */
	size_t window; /* hosts at once */
	double connect_timeout; /* seconds; 0: that of libremex */
	struct brake brake;
	/* The arguments of the call on one host, as JSON text in new memory; NULL with errno. NULL: options.args. */
	char *(*arguments) (struct fanout *fanout, const struct member *member);
	/* The result of the call on one host (call.result_bytes, not empty) as text for people, in new memory. NULL and err:
	 * the result is wrong, and the call has failed. NULL in place of the function: nothing is done with results. */
	char *(*render) (struct fanout *fanout, const struct member *member, struct err *err);
	bool renders; /* views get this text at the end of stdout */
	void *context; /* for `arguments` and `render` */
	const char *program; /* for messages (result.h); NULL: none */
	/* For the status line: how many bytes have gone to or from the host, and *total: how many there are, -1: not
	 * known. NULL: the bytes of the input, if there is any. */
	int64_t (*measure) (struct fanout *fanout, const struct member *member, int64_t *total);
	struct progress progress; /* of the status line; zeros: there is none */
	double patience; /* of durable calls (durable_call.h): of all, or of targets that are `durable`; seconds */
	bool durable; /* of all */
	bool reports; /* print at once how a host ended, unless the command itself ended */

	/* Filled in: */
	struct member *members; /* targets->n of them */
	size_t n, waiting, running, over; /* waiting + running + over is n */
	size_t succeeded, failed, skipped; /* add up to `over` */
	bool interrupted; /* by a signal */
	int broken; /* errno: our own stdout, stderr or stdin has failed */

	/* Internal: */
	struct drive drive;
	struct task monitor;
	struct feed feed;
	int interrupts;
	bool leaving, opened;
	bool feeds; /* the input is read while the calls run */
};

/* Make the members. 0, or -1 (already reported). Then fanout_close, in both cases, or without fanout_open. */
int fanout_open (struct fanout *fanout);
void fanout_close (struct fanout *fanout);

/* Run until every member is over. 0, or -1 (already reported). */
int fanout_run (struct fanout *fanout);

/* Start no further member; those that wait are skipped. fanout_stop also cancels those that run. */
void fanout_hold (struct fanout *fanout);
void fanout_stop (struct fanout *fanout);

/* Has the member succeeded: the command exited with 0, the call completed? */
bool member_succeeded (const struct member *member);

/* The word of its outcome: that of remex_outcome_word, or "skipped". */
const char *member_outcome (const struct member *member);

/* The exit status of one member (as for one host), and of all (remex(1), EXIT STATUS). With brake.any it is that of the
 * member that has begun the call. */
int member_status (const struct member *member);
int fanout_status (const struct fanout *fanout);

#endif
