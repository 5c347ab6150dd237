/* conversation - see conversation.h. */
#include "config.h"

#include <string.h>

#include "cli/ask.h"
#include "cli/conversation.h"
#include "cli/result.h"
#include "cli/say.h"

static int dial (struct conversation *conversation)
{
	struct remex_error error;

	conversation->host = remex_connect_by (conversation->drive.remex, conversation->address,
		&(struct remex_route){ .proxy = conversation->proxy }, &error);
	if (conversation->host)
		return 0;
	complain (NULL, "%s", error.text);
	return -1;
}

int conversation_open_to (struct conversation *conversation, const struct host_target *target, double connect_timeout)
{
	conversation->where = target->label;
	conversation->address = target->where;
	conversation->proxy = target->proxy;
	conversation->host = NULL;
	if (drive_open (&conversation->drive) == 0) {
		if (connect_timeout > 0)
			remex_set_connect_timeout (conversation->drive.remex, connect_timeout);
		if (dial (conversation) == 0)
			return 0;
	}
	conversation_close (conversation);
	return -1;
}

int conversation_open (struct conversation *conversation, const char *where)
{
	return conversation_open_to (conversation, &(struct host_target){ .label = where, .where = where }, 0);
}

void conversation_close (struct conversation *conversation)
{
	drive_close (&conversation->drive);
	conversation->host = NULL;
}

bool conversation_trust (struct conversation *conversation)
{
	if (!ask_possible (conversation->host) || !ask_trust (conversation->host))
		return false;
	remex_close (conversation->host);
	return dial (conversation) == 0;
}

int conversation_call (struct conversation *conversation, struct call *call)
{
	call->where = conversation->where;
	call->address = conversation->address;
	call->proxy = conversation->proxy;
	call_init (call);
	for (;;) {
		int result;

		if (!conversation->host || call_start (call, &conversation->drive, conversation->host) < 0)
			return -1;
		result = drive_run (&conversation->drive);
		if (call->durable)
			conversation->host = call->host; /* it may have connected again */
		if (result < 0)
			return -1;
		if (call->gave_up || strcmp (call->result.code, "untrusted") != 0)
			return 0;
		if (!conversation_trust (conversation))
			return conversation->host ? 0 : -1;
	}
}

int conversation_fetch (struct conversation *conversation, struct call *call, const char *name, double deadline)
{
	*call = (struct call){ .name = name, .options.deadline = deadline, .sink = &sink_collect };
	if (conversation_call (conversation, call) < 0)
		return STATUS_REMEX;
	result_explain (call, NULL);
	return result_status (call);
}
