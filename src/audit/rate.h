/* audit/rate - limits the `refused` lines: 10 in a burst, then one a second. A refusal costs an attacker nothing, so
 * refusals must not fill the disk. Lines that are left out are counted, and the next line has their number.
 */
#ifndef REMEX_AUDIT_RATE_H
#define REMEX_AUDIT_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/token_bucket.h"

/* All zero: the whole rate is available. */
struct audit_rate {
	struct token_bucket bucket;
	uint64_t suppressed; /* lines that were left out, and not reported yet */
};

/* May a line be written now? True: *suppressed is the number of lines left out before it, and counting starts again.
 * False: the line is counted as left out. */
bool audit_rate_take (struct audit_rate *rate, int64_t now_ms, uint64_t *suppressed);

/* The line could not be written: n refusals are still to be reported. */
void audit_rate_failed (struct audit_rate *rate, uint64_t n);

enum { AUDIT_RATES = 64 };

/* One rate for strangers, which have no name, and the other rates for names, so that a flood of refusals of one client
 * does not hide the refusals of others. All zero: all rates are available. */
struct audit_rates {
	struct audit_rate all[AUDIT_RATES]; /* the first rate is for strangers */
};

/* The rate of that name; name NULL: of strangers. Only the administrator gives names, so a client cannot choose a name
 * that shares the rate of another name. */
struct audit_rate *audit_rates_of (struct audit_rates *rates, const char *name);

/* A rate that has left out lines and may write a line now; *suppressed is set as above. NULL: there is no such rate.
 * Call this from time to time and at the end, because there may be no later refusal whose line would report the
 * number. */
struct audit_rate *audit_rates_owing (struct audit_rates *rates, int64_t now_ms, uint64_t *suppressed);

#endif
