/* local - the remexd of this machine and the identities that it lets in, for the commands that change them. Where none
 * answers, its files can be changed all the same: it reads them when it starts.
 */
#ifndef REMEX_COMMANDS_LOCAL_H
#define REMEX_COMMANDS_LOCAL_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/session.h"

struct local {
	struct session session;
	bool answers;
	char why[512]; /* why it does not; of the last failure */
	char *directory; /* of identities: the daemon's word, else the usual one */
	json_t *document; /* what the call `identities` gave; where nobody answers, NULL */
};

/* Ask it. 0, also where nobody answers; -1 when it refuses, or there is no telling which directory it is (which has been
 * said). Either way local_close. */
int local_open (struct local *local);
void local_close (struct local *local);

/* Have it read its files again, and ask it again. 0; 1 and local->why: it has read the identities, and refuses the rest;
 * -1 and local->why: there is no telling. */
int local_reload (struct local *local);

/* What it said of that identity, or NULL. */
const json_t *local_identity (const struct local *local, const char *name);

/* DIRECTORY/NAME.yaml in new memory; NULL without memory (which has been said). */
char *local_path (const struct local *local, const char *name);

/* Say on stdout that nobody answers, so that what was done takes effect later. */
void local_say_later (const struct local *local);

#endif
