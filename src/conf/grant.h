/* grant - what one identity file, identities.d/NAME.yaml, grants to whoever holds its keys. Default deny: what is not
 * listed is not allowed.
 *
 *   key: remex-ed25519 AAAA… alice@desk      # or a list of keys
 *   user: deploy                             # as whom; needed where remexd runs as root
 *   allow: [status, file.*]                  # a verb, a plugin's name or "plugin.*" for all its verbs, "*" for every call
 *   commands:                                # only these, with the verbs that run an argv (REMEX_COMMAND)
 *     - [systemctl, status, "{unit}"]
 *   slots: { unit: "[a-z0-9@.-]+" }          # what may stand in a slot: an extended regular expression, for all of it
 *   roots: { /srv/app: rw, /var/log: r } # what the verbs with REMEX_PATHS (remex/plugin.h) may reach; none: whatever
 *                                        # the user may. A path is absolute, without ".", "..", double or trailing slashes
 *   from: [10.0.0.0/8]                       # networks; none: from everywhere
 *   expires: 2027-01-31T12:00:00Z            # or a date, whose day is the first on which it is no longer good (UTC)
 *   limits: { connections: 8, calls: 16, deadline: 1h }
 *
 * Checked as strictly as remexd.yaml and by the same code. A file that would seem to say more than it does is refused:
 * one without a key, one that allows nothing, an empty list, no roots in `roots`, a pattern for a slot that no command has.
 * What depends on the verbs that there are is checked where these are known (grant_check_verbs): `commands` beside an `allow`
 * with a verb that runs anything, and `roots` beside such a verb, for a command reaches what its user may, whatever the
 * roots are. A verb that `commands` narrow may stand in both, and then means the commands. The name is the file's: 1 to 63 of
 * a-z A-Z 0-9 . _ - @, not starting with a dot or a dash.
 */
#ifndef REMEX_CONF_GRANT_H
#define REMEX_CONF_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/command.h"
#include "conf/schema.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "wire/verbs.h"

enum { GRANT_NAME_MAX = 63, GRANT_KEYS_MAX = 16, GRANT_LIST_MAX = 256, GRANT_SLOTS_MAX = 64, GRANT_ROOTS_MAX = 64 };
enum { GRANT_PATH_MAX = 4095 }; /* bytes of a root's path */

struct conf_node;

struct grant_root {
	const char *path; /* the text is the tree's */
	bool writable;
};

struct grant {
	char *name;
	struct key *keys;
	size_t n_keys; /* at least one; none of them twice */
	const char **allow; /* the texts are the tree's */
	size_t n_allow;
	struct command *commands;
	size_t n_commands;
	struct grant_root *roots;
	size_t n_roots; /* 0: it is bound by none */
	char *user; /* NULL: nobody said */
	struct network *from;
	size_t n_from; /* 0: from everywhere */
	int64_t expires; /* unix seconds; 0: never */
	struct {
		int connections; /* 16 at once */
		int calls; /* 64 that run or wait at once, over all its connections */
		int64_t deadline_ms; /* the longest a request may take; 0: no limit */
	} limits;
	struct conf_node *tree; /* owns texts */
};

extern const struct schema grant_schema;

/* May that name stand in front of .yaml? 0, or -1 and err. */
int grant_check_name (const char *name, struct err *err);

/* Is that path one that a root may have? 0, or -1 and err. */
int grant_check_root (const char *path, struct err *err);

/* Parse n bytes of text; `file` is for messages. NULL and err (with file:line:column, and the nearest known key). */
struct grant *grant_parse (const char *text, size_t n, const char *name, const char *file, struct err *err);
void grant_free (struct grant *grant);

/* Does the grant allow that verb, whatever the arguments? With `commands`, it never does so for a verb that they narrow
 * (verb->command): for such a verb ask grant_allows_argv as well, which says whether one of the commands is that argv. */
bool grant_allows (const struct grant *grant, const struct verb *verb);
bool grant_allows_argv (const struct grant *grant, const char *const *argv, const size_t *lengths, size_t n);

/* Does the grant say no more than it does, given these verbs? Refused are an entry of `allow` that matches none of them, and
 * `commands` or `roots` beside an entry that matches a verb that runs anything (verb->runs, and not narrowed by `commands`).
 * `table` NULL: there are no verbs. 0, or -1 and err (with file:line:column). */
int grant_check_verbs (const struct grant *grant, const struct verb_table *table, const char *file, struct err *err);

/* Is it no longer good at that time (unix seconds)? Is it good from there? */
bool grant_expired (const struct grant *grant, int64_t now);
bool grant_from (const struct grant *grant, const struct endpoint *endpoint);

/* May everything that `before` lets be reached still be reached by the roots of `now`, and as it could (the nearest root
 * above a path decides)? */
bool grant_covers_roots (const struct grant *now, const struct grant *before);

/* "2027-01-31" or "2027-01-31T12:00:00Z" (RFC 3339, in UTC and whole seconds only, from the year 2000 on) as unix
 * seconds; 0 or -1 (also for a 30th of February and a leap second). */
int grant_parse_date (const char *text, int64_t *seconds);

/* A snapshot of several files in one buffer, for another process: append one; read the next one at *offset (text points
 * into bytes and has no NUL behind it). grant_append: 0, or -1 with errno as buf_append, EINVAL for a bad name, EFBIG
 * for more than CONF_FILE_MAX; nothing is appended then. grant_next: 1, 0 at the end, -1 when it is no such snapshot;
 * then *offset stays where it is. */
int grant_append (struct buf *buf, const char *name, const char *text, size_t n);
int grant_next (
	const char *bytes, size_t size, size_t *offset, char name[GRANT_NAME_MAX + 1], const char **text, size_t *n);

#endif
