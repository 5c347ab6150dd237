/* health - how each plugin fares: calls that ended, crashes, and whether it rests.
 *
 * A plugin that crashes again and again, with no call that ends in between, does nothing but make processes. After
 * `limits.crashes` in a row it rests: calls are refused for 1 s, then one more crash makes it 2 s, 4 s, up to 60 s. A
 * call that ends, however it ends, makes it well again. Pure: the time is the caller's.
 */
#ifndef REMEX_FRONT_HEALTH_H
#define REMEX_FRONT_HEALTH_H

#include <jansson.h>
#include <stdint.h>

#include "base/list.h"

enum { HEALTH_REST_MIN_MS = 1000, HEALTH_REST_MAX_MS = 60000 };

struct health {
	struct list plugins;
	int limit; /* crashes in a row; 0: a plugin never rests */
};

void health_init (struct health *health, int limit);
void health_free (struct health *health);

/* How long it still rests, in milliseconds; 0: call it. */
int64_t health_rest (const struct health *health, const char *plugin, int64_t now_ms);

void health_ended (struct health *health, const char *plugin);

/* Returns how long it rests from now on, 0 when it does not. */
int64_t health_crashed (struct health *health, const char *plugin, int64_t now_ms);

/* {"exec":{"ended":n,"crashed":n,"rests":seconds}, …}; `rests` only where it does. A new reference. */
json_t *health_json (const struct health *health, int64_t now_ms);

#endif
