/* session - see session.h. */
#include "config.h"

#include <string.h>

#include "cli/ask.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/session.h"

static int dial (struct session *session)
{
	struct remex_error error;

	if ((session->host = remex_connect (session->drive.remex, session->where, &error)))
		return 0;
	complain (NULL, "%s", error.text);
	return -1;
}

int session_open (struct session *session, const char *where)
{
	session->where = where;
	session->host = NULL;
	if (drive_open (&session->drive) == 0 && dial (session) == 0)
		return 0;
	session_close (session);
	return -1;
}

void session_close (struct session *session)
{
	drive_close (&session->drive);
	session->host = NULL;
}

bool session_trust (struct session *session)
{
	if (!ask_possible (session->host) || !ask_trust (session->host))
		return false;
	remex_close (session->host);
	return dial (session) == 0;
}

int session_call (struct session *session, struct call *call)
{
	call->where = session->where;
	call_init (call);
	for (;;) {
		if (!session->host || call_start (call, &session->drive, session->host) < 0 ||
			drive_run (&session->drive) < 0)
			return -1;
		if (call->gave_up || strcmp (call->result.code, "untrusted") != 0)
			return 0;
		if (!session_trust (session))
			return session->host ? 0 : -1;
	}
}

int session_fetch (struct session *session, struct call *call, const char *name)
{
	*call = (struct call){ .name = name, .sink = &sink_collect };
	if (session_call (session, call) < 0)
		return STATUS_REMEX;
	result_explain (call, NULL);
	if (call_ended (call, REMEX_COMPLETED) && !buf_len (&call->result_bytes)) {
		complain (session->where, "%s gave no result", name);
		return STATUS_REMEX;
	}
	return result_status (call);
}
