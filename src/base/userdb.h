/* userdb - has the user database changed? Who keeps what it once said of a user (a process with that user's groups) asks
 * here whether that may still be true.
 *
 * The database is the files passwd, group and shadow, as long as nsswitch.conf(5) names no other source of users and
 * groups; of what other sources say nobody notices a change, and what they said can only be bounded in age. A state is a
 * number: one taken before the database was asked, and the same now, mean that it would answer the same.
 */
#ifndef REMEX_BASE_USERDB_H
#define REMEX_BASE_USERDB_H

#include <stdbool.h>
#include <stdint.h>

struct userdb {
	const char *directory; /* where the files are; NULL: /etc */
	uint64_t read; /* the state in which nsswitch.conf was read last; 0: never */
	bool others; /* it names sources other than files, or could not be read, which may mean the same */
};

/* The state now: four calls of stat(2), and nsswitch.conf is read when something has changed. `others` is as of this
 * call. In the very moment of a change (50 ms, as file systems keep time in ticks) each state is one of its own. */
uint64_t userdb_state (struct userdb *userdb);

/* Does that text of an nsswitch.conf name sources of users or groups other than files, or leave out where they are? */
bool userdb_has_others (const char *text);

#endif
