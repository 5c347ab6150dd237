/* last - the named results of the last command on many hosts: @last.ok, @last.failed and @last.N in the next one.
 *
 * They are one small file, $XDG_STATE_HOME/remex/last or ~/.local/state/remex/last: a line "NAME EXPRESSION" for each
 * set. It is replaced as a whole; the later one of two commands at the same time counts. The file is not synced to the
 * disk: after a crash of the machine the sets may be those of an earlier command, or missing.
 */
#ifndef REMEX_CLI_LAST_H
#define REMEX_CLI_LAST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "hosts/hosts.h"

enum { LAST_GROUPS = 100, LAST_SETS = LAST_GROUPS + 2, LAST_NAME = 24 };

struct last {
	struct {
		char name[LAST_NAME];
		char *expression;
	} sets[LAST_SETS];
	size_t n;
};

/* Add a set, whose expression is in new memory and belongs to `last` from now on; NULL or "" is no set. */
void last_add (struct last *last, const char *name, char *expression);

/* Write the file, and free the sets. A failure is reported on stderr. */
void last_save (struct last *last);

/* Does one of these n expressions name a set of the last command? If not, the file is not read. */
bool last_is_meant (const char *const *expressions, size_t n);

/* Define the groups last.NAME of the file, if there is one. 0, or -1 and err: the file is not trusted (base/trusted.h), or
 * it is damaged. */
int last_define (struct hosts *hosts, struct err *err);

#endif
