/* session - one host on which calls follow each other, over one connection. Where a person can be asked, a host that is not
 * trusted yet may become so (ask.h), and the call is made again: nothing was sent to it before.
 */
#ifndef REMEX_CLI_SESSION_H
#define REMEX_CLI_SESSION_H

#include <stdbool.h>

#include "cli/call.h"
#include "cli/drive.h"
#include "remex/client.h"

struct session {
	const char *where;
	struct drive drive;
	struct remex_host *host;
};

/* Connect; 0, or -1 when `where` cannot be (which has been said). What fails later is told by the call. */
int session_open (struct session *session, const char *where);
void session_close (struct session *session);

/* Connect again where the person at the terminal says that the host, which is not trusted, is to be: true. */
bool session_trust (struct session *session);

/* Run a call to its end; its `where` is the session's. 0; -1 when it could not be started, or
 * not be waited for (which has been said). */
int session_call (struct session *session, struct call *call);

/* Call something that takes no time and gives one JSON document; its bytes are in call->result_bytes. The exit status;
 * when it is not 0, the reason has been said. */
int session_fetch (struct session *session, struct call *call, const char *name);

#endif
