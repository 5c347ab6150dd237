/* audit/rate - see rate.h. */
#include "config.h"

#include <stddef.h>

#include "audit/rate.h"

enum {
	RATE_BURST = 10,
	RATE_MS = 1000, /* time for one more line */
};

/* Is there room for one line? */
static bool refill (struct audit_rate *rate, int64_t now_ms)
{
	int64_t passed = now_ms - rate->since_ms;

	rate->since_ms = now_ms;
	rate->spent_ms = rate->spent_ms > passed ? rate->spent_ms - passed : 0;
	return rate->spent_ms <= (RATE_BURST - 1) * RATE_MS;
}

static void spend (struct audit_rate *rate, uint64_t *suppressed)
{
	rate->spent_ms += RATE_MS;
	*suppressed = rate->suppressed;
	rate->suppressed = 0;
}

bool audit_rate_take (struct audit_rate *rate, int64_t now_ms, uint64_t *suppressed)
{
	if (!refill (rate, now_ms)) {
		rate->suppressed++;
		return false;
	}
	spend (rate, suppressed);
	return true;
}

void audit_rate_failed (struct audit_rate *rate, uint64_t n)
{
	rate->suppressed += n;
}

struct audit_rate *audit_rates_of (struct audit_rates *rates, const char *name)
{
	uint32_t hash = 2166136261; /* FNV-1a */

	if (!name)
		return &rates->all[0];
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619;
	return &rates->all[1 + hash % (AUDIT_RATES - 1)];
}

struct audit_rate *audit_rates_owing (struct audit_rates *rates, int64_t now_ms, uint64_t *suppressed)
{
	for (int i = 0; i < AUDIT_RATES; i++) {
		struct audit_rate *rate = &rates->all[i];

		if (rate->suppressed && refill (rate, now_ms)) {
			spend (rate, suppressed);
			return rate;
		}
	}
	return NULL;
}
