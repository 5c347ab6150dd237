/* trust - the one question about the key of a host that is not pinned, for `remex trust` and for whoever else meets one. */
#ifndef REMEX_CLI_TRUST_H
#define REMEX_CLI_TRUST_H

#include <stdbool.h>

#include "remex/client.h"

/* Is there somebody to ask (a terminal at stdin and stderr), and something to ask about: a host that has shown its key
 * and is not pinned? */
bool trust_can_ask (const struct remex_host *host);

/* Show the fingerprint, ask, and pin the key if the answer is yes or the fingerprint itself. False when it is not pinned
 * (which has been said where it is not the answer). Signals are caught (signals.h): one of them is a no. */
bool trust_ask (struct remex_host *host);

#endif
