/* userdb - has the user database changed? A process that keeps facts about a user, such as the user's groups, asks here
 * whether they may be out of date.
 *
 * The database is the files passwd, group and shadow, as long as nsswitch.conf(5) names no other source of users and
 * groups. A change in another source is not noticed: only the age of facts from there can be bounded. A state is a
 * number. When the state now is the one that was taken before the database was read, the database would still answer
 * the same.
 */
#ifndef REMEX_BASE_USERDB_H
#define REMEX_BASE_USERDB_H

#include <stdbool.h>
#include <stdint.h>

struct userdb {
	const char *directory; /* where the files are; NULL: /etc */
	uint64_t read; /* the state in which nsswitch.conf was read last; 0: never */
	bool others; /* it names sources other than files, or could not be read and may do so */
};

/* The state now: four calls of stat(2), and nsswitch.conf is read when something has changed. `others` is set by
 * this call. For 50 ms after a change each call returns another state, because file systems keep time in ticks. */
uint64_t userdb_state (struct userdb *userdb);

/* Does that text of an nsswitch.conf name sources of users or groups other than files, or leave out where they are? */
bool userdb_has_others (const char *text);

#endif
