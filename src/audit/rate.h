/* audit/rate - how many `refused` lines there may be: 10 at once, and one a second. A refusal costs an
 * attacker nothing, so refusals must not fill the disk. Lines that are left out are counted, and told of in the next line.
 */
#ifndef REMEX_AUDIT_RATE_H
#define REMEX_AUDIT_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed, it is full. */
struct audit_rate {
	int64_t spent_ms; /* what has been used, in milliseconds of refilling, as of */
	int64_t since_ms;
	uint64_t suppressed; /* lines left out, and not told of yet */
};

/* May a line be written now? true: *suppressed is how many were left out before it, and counting starts anew. false: the
 * line is counted. */
bool audit_rate_take (struct audit_rate *rate, int64_t now_ms, uint64_t *suppressed);

/* The line could not be written after all: n refusals are still to be told of. */
void audit_rate_failed (struct audit_rate *rate, uint64_t n);

enum { AUDIT_RATES = 64 };

/* One rate for strangers, who have no name, and the others for those who have one, so that a flood of refusals of one does
 * not hide those of others. Zeroed, all are full. */
struct audit_rates {
	struct audit_rate all[AUDIT_RATES]; /* the first one is the strangers' */
};

/* The rate of that name; NULL: of strangers. Names are the administrator's, so nobody chooses one that shares the rate of
 * another. */
struct audit_rate *audit_rates_of (struct audit_rates *rates, const char *name);

/* A rate that owes a line for those it has left out, because none may follow that tells of them: it may be written now, and
 * *suppressed is taken as above. NULL: there is none. Asked now and then, and at the end. */
struct audit_rate *audit_rates_owing (struct audit_rates *rates, int64_t now_ms, uint64_t *suppressed);

#endif
