/* daemon_admin - the remexd of this machine and the identities that it lets in, for the commands that change them. Where none
 * answers, its files can be changed all the same: it reads them when it starts.
 */
#ifndef REMEX_COMMANDS_DAEMON_ADMIN_H
#define REMEX_COMMANDS_DAEMON_ADMIN_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/conversation.h"

struct daemon_admin {
	struct conversation conversation;
	bool answers;
	char why[512]; /* why it does not; of the last failure */
	char *directory; /* of identities: the daemon's word, else the usual one */
	json_t *document; /* what the call `identities` gave; where nobody answers, NULL */
};

/* Ask it. 0, also where nobody answers; -1 when it refuses, or there is no telling which directory it is (which has been
 * said). Either way daemon_admin_close. */
int daemon_admin_open (struct daemon_admin *admin);
void daemon_admin_close (struct daemon_admin *admin);

/* Have the daemon read its files again, and ask it again. 0; 1 and admin->why: the daemon has read the identities, and refuses
 * the rest; -1 and admin->why: it is not known what the daemon has done. */
int daemon_admin_reload (struct daemon_admin *admin);

/* What it said of that identity, or NULL. */
const json_t *daemon_admin_identity (const struct daemon_admin *admin, const char *name);

/* DIRECTORY/NAME.yaml in new memory; NULL without memory (which has been said). */
char *daemon_admin_path (const struct daemon_admin *admin, const char *name);

/* Say on stdout that nobody answers, so that what was done takes effect later. */
void daemon_admin_say_later (const struct daemon_admin *admin);

#endif
