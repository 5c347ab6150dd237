/* breaker - the circuit breakers of the plugins. A user whose calls often crash a plugin is refused calls of that plugin
 * for a while.
 *
 * There is one breaker for each pair of a plugin and a uid, the user that the call runs as. A process of that user can
 * kill its own workers, and that must not affect other users.
 *
 * A crash counts one, and a call that ends takes back half a one, with any outcome. So crashes in a row open a breaker, and
 * so do crashes that alternate with good calls; a plugin of which less than a third of the calls crash stays in use.
 *
 *   CLOSED  --the crashes come to `limits.crashes`-->  OPEN: calls are refused for the backoff, 1 s
 *   OPEN    --the backoff is over-->  HALF OPEN: calls are let through
 *   HALF OPEN  --the next crash that makes `limits.crashes`-->  OPEN, with twice the backoff, up to 60 s
 *   HALF OPEN  --no crash is left-->  CLOSED, and forgotten
 *
 * The count never exceeds `limits.crashes`. At most BREAKERS_MAX breakers are kept; beyond that, the breaker with the
 * oldest last crash is forgotten. Pure: the caller gives the time.
 */
#ifndef REMEX_FRONT_BREAKER_H
#define REMEX_FRONT_BREAKER_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"

enum { BREAKER_BACKOFF_MIN_MS = 1000, BREAKER_BACKOFF_MAX_MS = 60000, BREAKERS_MAX = 1024 };

struct breakers {
	struct list plugins; /* counters of each plugin, for the status */
	struct list list; /* of breakers with a crash that counts; the breaker with the oldest crash is first */
	int n;
	int limit; /* crashes; 0: no breaker ever opens */
};

void breakers_init (struct breakers *breakers, int limit);
void breakers_free (struct breakers *breakers);

/* How long calls of the plugin as that user are still refused, in milliseconds; 0: the call may go on. */
int64_t breaker_backoff (const struct breakers *breakers, const char *plugin, uid_t uid, int64_t now_ms);

/* A call of the plugin has ended. */
void breaker_ended (struct breakers *breakers, const char *plugin, uid_t uid);

/* A call of the plugin has crashed its worker. Returns the backoff from now on in milliseconds; 0: there is none. */
int64_t breaker_crashed (struct breakers *breakers, const char *plugin, uid_t uid, int64_t now_ms);

/* {"exec":{"ended":n,"crashed":n,"rests":seconds,"backoff":{"alice":seconds}},...}: `backoff` has each user whose calls
 * are refused, `rests` is the longest backoff; both are left out when there is no backoff. A new reference. */
json_t *breakers_json (const struct breakers *breakers, int64_t now_ms);

#endif
