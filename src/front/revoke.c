/* revoke - see revoke.h. */
#include "config.h"

#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/connection.h"
#include "front/front.h"
#include "front/request.h"
#include "front/revoke.h"

enum { LOOK_MS = 10000 }; /* expiry is a time of the wall clock, which may be set: look at it again after so long */

static void end_connections (struct front *front)
{
	struct connection *connection, *after;
	struct err err;

	list_each_safe (connection, after, &front->connections, node) {
		struct identity *identity = connection->identity;

		if (!connection->remote || connection->ending)
			continue;
		if (access_stays (identity, &connection->key, &connection->from, time (NULL), &err) == 0) {
			revoke_watch (front, identity->grant);
			continue;
		}
		log_info ("a connection ends: %s. id=%llu you=%s", err.text, (unsigned long long)connection->number,
			identity->name);
		connection_refuse (connection, (enum code)err.code, err.text);
	}
}

static void on_expiry (void *arg)
{
	struct front *front = arg;

	front->expiry_at = 0;
	front->held = true;
	end_connections (front);
	front->held = false;
	dispatch_pump (front);
}

void revoke_watch (struct front *front, const struct grant *grant)
{
	struct timespec now;
	int64_t left;

	if (!grant->expires || (front->expiry_at && front->expiry_at <= grant->expires))
		return;
	front->expiry_at = grant->expires;
	clock_gettime (CLOCK_REALTIME, &now);
	left = grant->expires - now.tv_sec > LOOK_MS / 1000
		       ? LOOK_MS
		       : (grant->expires - now.tv_sec) * 1000 - now.tv_nsec / 1000000;
	timer_set (&front->loop, &front->expiry_timer, clock_ms () + (left > 0 ? left : 1), on_expiry, front);
}

void revoke_all (struct front *front)
{
	struct request *request, *after;
	struct err err;

	front->held = true;
	front->expiry_at = 0;
	end_connections (front);
	list_each_safe (request, after, &front->requests, node) {
		if (request->state == REQUEST_WAITING) {
			if (request_renew (request, &err) < 0)
				request_refuse (request, (enum code)err.code, err.text, 0);
		} else if (request->state != REQUEST_STOPPING && request->channel && request_forbidden (request)) {
			log_info ("a call is stopped: its identity may not make it any more. call=%s you=%s",
				request->verb->name, request->identity->name);
			request_stop (request, CAUSE_DENIED);
		}
	}
	front->held = false;
}
