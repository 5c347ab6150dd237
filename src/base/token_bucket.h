/* token_bucket - how often something may happen: so many times in a row, and then once in each period. Pure: the caller has
 * the clock.
 */
#ifndef REMEX_BASE_TOKEN_BUCKET_H
#define REMEX_BASE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct token_rate {
	int64_t burst; /* tokens of a full bucket */
	int64_t period_ms; /* the time in which one token comes back */
};

/* All zero: the bucket is full. */
struct token_bucket {
	int64_t spent_ms; /* the time until the bucket is full again, at since_ms */
	int64_t since_ms; /* clock_ms */
};

/* Bring the bucket up to now. Is there a token? */
bool token_bucket_refill (struct token_bucket *bucket, const struct token_rate *rate, int64_t now_ms);

/* Take a token. The caller has called token_bucket_refill, which returned true. */
void token_bucket_spend (struct token_bucket *bucket, const struct token_rate *rate);

#endif
