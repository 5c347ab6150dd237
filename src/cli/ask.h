/* ask - the one question that remex asks a person: is this the key of that host? */
#ifndef REMEX_CLI_ASK_H
#define REMEX_CLI_ASK_H

#include <stdbool.h>

#include "remex/client.h"

/* Is there somebody to ask (console.h), and something to ask about: a host that has shown its key and is not pinned? */
bool ask_possible (const struct remex_host *host);

/* Show the fingerprint, ask, and pin the key if the answer is yes or the fingerprint itself. False when it is not pinned
 * (which has been said where it is not the answer). Signals are caught (console.h): one of them is a no. */
bool ask_trust (struct remex_host *host);

/* Is `text`, as it was typed, the fingerprint of the key that the host has shown? */
bool ask_is_fingerprint (const struct remex_host *host, const char *text);

/* Pin the key that the host has shown. 0, or -1 (which has been said). */
int ask_pin (struct remex_host *host);

#endif
