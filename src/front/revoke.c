/* revoke - see revoke.h. */
#include "config.h"

#include <time.h>

#include "base/log.h"
#include "front/connection.h"
#include "front/dispatch.h"
#include "front/front_state.h"
#include "front/job_call.h"
#include "front/request.h"
#include "front/revoke.h"

void revoke_client (void *front, struct gate_client *client, const struct err *err)
{
	struct connection *connection = list_entry (client, struct connection, client);

	(void)front;
	if (connection->ending)
		return;
	log_info ("a connection ends: %s. id=%llu you=%s", err->text, (unsigned long long)connection->number,
		client->identity->name);
	connection_refuse (connection, (enum code)err->code, err->text);
}

void revoke_expired (void *arg)
{
	struct front *front = arg;

	front->paused = true;
	gate_review (&front->gate, time (NULL));
	front->paused = false;
	dispatch_pump (front);
}

/* End the connections of Unix clients that were members of the group `remex`, if that is another group now. */
static void end_strangers (struct front *front)
{
	struct connection *connection, *after;
	struct err err;

	err_set (&err, CODE_DENIED, "you are not a member of the group remex");
	list_each_safe (connection, after, &front->connections, node)
		if (!connection->client.remote && !front->single &&
			!access_unix_stays (
				&front->gate.access, connection->client.identity, connection->pump.stream.in))
			revoke_client (front, &connection->client, &err);
}

void revoke_all (struct front *front)
{
	struct request *request, *after;
	struct err err;

	front->paused = true;
	access_renew_group (&front->gate.access);
	front->queue.shared = front->gate.access.shared;
	end_strangers (front);
	gate_review (&front->gate, time (NULL));
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
	job_calls_revoke (front);
	front->paused = false;
}
