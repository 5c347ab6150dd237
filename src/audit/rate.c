/* audit/rate - see rate.h. */
#include "config.h"

#include <stddef.h>

#include "audit/rate.h"

static const struct token_rate lines = { .burst = 10, .period_ms = 1000 };

/* Is there room for one line? */
static bool refill (struct audit_rate *rate, int64_t now_ms)
{
	return token_bucket_refill (&rate->bucket, &lines, now_ms);
}

static void spend (struct audit_rate *rate, uint64_t *suppressed)
{
	token_bucket_spend (&rate->bucket, &lines);
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
