/* brake - how fast many hosts are started, and when no further one is: pure, numbers in and numbers out.
 *
 *   window    that many at once
 *   ramp      1 at once at first; twice as many whenever as many have succeeded as the window was, up to the window
 *   rolling   batches: the next one begins when all hosts of the last one are over
 *   max_fail  no further host after more than so many failures, or after more than this share of all hosts
 *   fail_fast no further host after the first failure, and those that run are stopped
 *   any       one host after the other, until one of them could be reached and has run it
 */
#ifndef REMEX_CLI_BRAKE_H
#define REMEX_CLI_BRAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct brake {
	/* Set by the caller: */
	bool ramp, fail_fast, any;
	size_t rolling; /* hosts of a batch; 0: no batches */
	bool limited; /* max_fail counts */
	size_t max_fail;
	bool percent; /* max_fail is a percentage */

	/* Internal: */
	size_t n, window; /* all hosts; the most at once */
	size_t now; /* of a ramp: at once, now */
	size_t succeeded; /* of a ramp: since the window was widened */
	size_t batch; /* of rolling: hosts of this batch that have not been started */
	size_t failed; /* in all */
	bool held; /* no further host */
};

/* Read "3" or "5%". 0, or -1 and err. */
int brake_parse_max_fail (struct brake *brake, const char *text, struct err *err);

/* For n hosts, at most `window` at once. */
void brake_open (struct brake *brake, size_t n, size_t window);

/* How many hosts may run at once now, while `running` hosts do. */
size_t brake_window (struct brake *brake, size_t running);

/* One host was started; one is over. `reached`: its call was begun on the host, however it ended. */
void brake_started (struct brake *brake);
void brake_ended (struct brake *brake, bool succeeded, bool reached);

/* No further host is started. */
bool brake_holds (const struct brake *brake);

/* Those that run are stopped as well. */
bool brake_stops (const struct brake *brake);

#endif
