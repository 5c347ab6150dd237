/* daemon_admin - the remexd of this machine and its identities, for the commands that change them. If no remexd
 * answers, its files can still be changed: it reads them when it starts.
 */
#ifndef REMEX_COMMANDS_DAEMON_ADMIN_H
#define REMEX_COMMANDS_DAEMON_ADMIN_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/conversation.h"

struct daemon_admin {
	struct conversation conversation;
	bool answers;
	char why[512]; /* the reason of the last failure */
	char *directory; /* of identities: the daemon's answer, else the default */
	json_t *document; /* the result of the call `identities`; NULL if no remexd answers */
};

/* Call `identities`. 0, also if no remexd answers; -1 when the daemon refuses, or its directory is unknown (already
 * reported). Then daemon_admin_close, in both cases. */
int daemon_admin_open (struct daemon_admin *admin);
void daemon_admin_close (struct daemon_admin *admin);

/* Have the daemon read its files again, and call `identities` again. 0; 1 and admin->why: the daemon has read the
 * identities, and refuses the rest of its files; -1 and admin->why: it is not known what the daemon has done. */
int daemon_admin_reload (struct daemon_admin *admin);

/* The daemon's data about that identity, or NULL. */
const json_t *daemon_admin_identity (const struct daemon_admin *admin, const char *name);

/* DIRECTORY/NAME.yaml in new memory; NULL: out of memory (already reported). */
char *daemon_admin_path (const struct daemon_admin *admin, const char *name);

/* Print on stdout that no remexd answers, so that the change takes effect later. */
void daemon_admin_print_later (const struct daemon_admin *admin);

#endif
