/* conversation - calls on one host, one after the other, over one connection. Where a user can be asked, a host that is
 * not trusted yet may become trusted (ask.h). Then the call is made again: nothing was sent to the host before.
 */
#ifndef REMEX_CLI_CONVERSATION_H
#define REMEX_CLI_CONVERSATION_H

#include <stdbool.h>

#include "cli/call.h"
#include "cli/drive.h"
#include "hosts/hosts.h"
#include "remex/client.h"

struct conversation {
	const char *where; /* the host as the user has named it, for messages */
	const char *address; /* for remex_connect_by */
	const char *proxy; /* the command that leads there; NULL: none */
	struct drive drive;
	struct remex_host *host;
};

/* Connect. 0, or -1 when `where` is not usable (already reported). Later failures are results of the call. _to: a
 * target, whose label is its name in messages; the connection may take that many seconds (0: the default of
 * libremex). */
int conversation_open (struct conversation *conversation, const char *where);
int conversation_open_to (struct conversation *conversation, const struct host_target *target, double connect_timeout);
void conversation_close (struct conversation *conversation);

/* Ask the user at the terminal whether to trust the host, which is not trusted; if yes, connect again: true. */
bool conversation_trust (struct conversation *conversation);

/* Run a call to its end; its `where` becomes that of the conversation. 0; -1 when the call could not be started or
 * waited for (already reported). */
int conversation_call (struct conversation *conversation, struct call *call);

/* Make a short call that returns one JSON document, in call->result_bytes. `deadline`: seconds, 0: none. Returns the exit
 * status; when it is not 0, the reason was reported. */
int conversation_fetch (struct conversation *conversation, struct call *call, const char *name, double deadline);

#endif
