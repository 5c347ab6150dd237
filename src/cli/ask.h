/* ask - the only question that remex asks a person: is this the key of that host? */
#ifndef REMEX_CLI_ASK_H
#define REMEX_CLI_ASK_H

#include <stdbool.h>

#include "remex/client.h"

/* Is there a user to ask (console.h), and has the host, which is not pinned, shown its key? */
bool ask_possible (const struct remex_host *host);

/* Show the fingerprint, ask, and pin the key if the answer is yes or the fingerprint itself. False: the key is not
 * pinned (the reason was reported, unless it is the answer). Signals are caught (console.h); a signal means no. */
bool ask_trust (struct remex_host *host);

/* Is `text`, as the user typed it, the fingerprint of the key that the host has shown? */
bool ask_is_fingerprint (const struct remex_host *host, const char *text);

/* Pin the key that the host has shown. 0, or -1 (already reported). */
int ask_pin (struct remex_host *host);

#endif
