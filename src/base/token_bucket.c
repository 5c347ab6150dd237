/* token_bucket - see token_bucket.h. */
#include "config.h"

#include "base/token_bucket.h"

bool token_bucket_refill (struct token_bucket *bucket, const struct token_rate *rate, int64_t now_ms)
{
	int64_t passed = now_ms - bucket->since_ms;

	bucket->since_ms = now_ms;
	bucket->spent_ms = bucket->spent_ms > passed ? bucket->spent_ms - passed : 0;
	return bucket->spent_ms <= (rate->burst - 1) * rate->period_ms;
}

void token_bucket_spend (struct token_bucket *bucket, const struct token_rate *rate)
{
	bucket->spent_ms += rate->period_ms;
}
