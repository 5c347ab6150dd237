/* agent_link - the connection to the user's ssh-agent (SSH_AUTH_SOCK), in the loop: libssh2's own calls for an agent block.
 * All logins share it. Requests are sent one after the other, as the protocol wants it (agent.h has the messages).
 *
 * An agent that does not answer in time is not asked again: each further request fails at once.
 */
#ifndef REMEX_SSH_AGENT_LINK_H
#define REMEX_SSH_AGENT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	AGENT_KEYS_MS = 5000, /* for the list of keys */
	AGENT_SIGN_MS = 20000, /* for a signature: the agent may ask its user */
};

struct agent_link;
struct agent_request;

/* Nothing is opened yet. NULL: out of memory. */
struct agent_link *agent_link_new (uv_loop_t *loop);
void agent_link_free (struct agent_link *link); /* no callback is called any more; NULL is allowed */

/* Is there an agent? */
bool agent_link_is_there (void);

/* Send a message, whose buffer becomes the link's own and is empty after the call. `done` is called once, never during this
 * call: with the whole answer, which lives during the call; or with message NULL and err. NULL: out of memory. */
struct agent_request *agent_link_ask (struct agent_link *link, struct buf *message, int ms,
	void (*done) (void *arg, const uint8_t *message, size_t n, const struct err *err), void *arg);

/* Do not call its `done`. NULL is allowed. Not after `done`. */
void agent_request_cancel (struct agent_request *request);

#endif
