/* conversation - one host on which calls follow each other, over one connection. Where a person can be asked, a host that is not
 * trusted yet may become so (ask.h), and the call is made again: nothing was sent to it before.
 */
#ifndef REMEX_CLI_CONVERSATION_H
#define REMEX_CLI_CONVERSATION_H

#include <stdbool.h>

#include "cli/call.h"
#include "cli/drive.h"
#include "remex/client.h"

struct conversation {
	const char *where;
	struct drive drive;
	struct remex_host *host;
};

/* Connect; 0, or -1 when `where` cannot be (which has been said). What fails later is told by the call. */
int conversation_open (struct conversation *conversation, const char *where);
void conversation_close (struct conversation *conversation);

/* Connect again where the person at the terminal says that the host, which is not trusted, is to be: true. */
bool conversation_trust (struct conversation *conversation);

/* Run a call to its end; its `where` is that of the conversation. 0; -1 when it could not be started, or
 * not be waited for (which has been said). */
int conversation_call (struct conversation *conversation, struct call *call);

/* Call something that takes no time and gives one JSON document; its bytes are in call->result_bytes. The exit status;
 * when it is not 0, the reason has been said. */
int conversation_fetch (struct conversation *conversation, struct call *call, const char *name);

#endif
