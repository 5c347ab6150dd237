/* grant - the rights that one identity file, identities.d/NAME.yaml, grants to the holders of its keys. Default deny: a
 * call that is not listed is not allowed.
 *
 *   key: remex-ed25519 AAAA… alice@desk      # or a list of keys
 *   user: deploy                             # the requests run as this user; needed where remexd runs as root
 *   allow: [status, file.*]                  # a verb, a plugin's name or "plugin.*" (all its verbs), "*" (every call)
 *   commands:                                # only these commands, with the verbs that run an argv (REMEX_COMMAND)
 *     - [systemctl, status, "{unit}"]
 *   slots: { unit: "[a-z0-9@.-]+" }          # the values of a slot: an extended regular expression
 *                                            # that must match the whole value
 *   roots: { /srv/app: rw, /var/log: r }     # the files that verbs with REMEX_PATHS (remex/plugin.h) may
 *                                            # reach; none: all files of the user. A path is absolute,
 *                                            # without ".", "..", double or trailing slashes
 *   from: [10.0.0.0/8]                       # networks; none: from everywhere
 *   expires: 2027-01-31T12:00:00Z            # or a date: the first day (UTC) on which the identity is no longer valid
 *   limits: { connections: 8, calls: 16, deadline: 1h, cpu: 10m, memory: 1GiB }
 *                                            # all names of wire/call_limits.h, as upper bounds of each request
 *   record: { what: all, when_full: refuse } # in place of what remexd.yaml says
 *
 * A file is checked as strictly as remexd.yaml, by the same code. A file that would seem to say more than it does is
 * refused: a file without a key, a file that allows nothing, an empty list, no roots in `roots`, a pattern for a slot
 * that no command has. Rules that depend on the existing verbs are checked where the verbs are known
 * (grant_check_verbs): `commands` or `roots` beside an `allow` with a verb that runs any command are refused there.
 * (Roots do not bind a command: a command reaches all files of its user.) A verb that `commands` narrow may stand in
 * both `allow` and `commands`, and then means the commands. The name of the identity is the name of the file: 1 to 63
 * of a-z A-Z 0-9 . _ - @, not starting with a dot or a dash.
 */
#ifndef REMEX_CONF_GRANT_H
#define REMEX_CONF_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/command.h"
#include "conf/record_key.h"
#include "conf/schema.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "wire/call_limits.h"
#include "wire/verbs.h"

enum { GRANT_NAME_MAX = 63, GRANT_KEYS_MAX = 16, GRANT_LIST_MAX = 256, GRANT_SLOTS_MAX = 64, GRANT_ROOTS_MAX = 64 };
enum { GRANT_PATH_MAX = 4095 }; /* bytes of a root's path */

struct conf_node;

struct grant_root {
	const char *path; /* the text belongs to the tree */
	bool writable;
};

struct grant {
	char *name;
	struct key *keys;
	size_t n_keys; /* at least one, without duplicates */
	const char **allow; /* the texts belong to the tree */
	size_t n_allow;
	struct command *commands;
	size_t n_commands;
	struct grant_root *roots;
	size_t n_roots; /* 0: no roots bind the identity */
	char *user; /* NULL: not given */
	struct network *from;
	size_t n_from; /* 0: from everywhere */
	int64_t expires; /* Unix seconds; 0: never */
	struct {
		int connections; /* 16 at once */
		int calls; /* 64 that run or wait at once, over all its connections */
		struct call_limits requests; /* the upper bounds of each of its requests; none */
	} limits;
	struct {
		enum record_what what; /* not given: remexd.yaml says it */
		enum record_full when_full;
	} record;
	struct conf_node *tree; /* owns the texts */
};

extern const struct schema grant_schema;

/* May that name stand in front of .yaml? 0, or -1 and err. */
int grant_check_name (const char *name, struct err *err);

/* May a root have that path? 0, or -1 and err. */
int grant_check_root (const char *path, struct err *err);

/* Parse n bytes of text; `file` is for messages. NULL and err (with file:line:column, and the nearest known key). */
struct grant *grant_parse (const char *text, size_t n, const char *name, const char *file, struct err *err);
void grant_free (struct grant *grant);

/* Does the grant allow that verb with any arguments? With `commands`, the answer is no for a verb that they narrow
 * (verb->command). For such a verb also ask grant_allows_argv: is that argv one of the commands? */
bool grant_allows (const struct grant *grant, const struct verb *verb);
bool grant_allows_argv (const struct grant *grant, const char *const *argv, const size_t *lengths, size_t n);

/* Does `allow` have exactly that entry? */
bool grant_names (const struct grant *grant, const char *call);

/* Check the grant with these verbs. Two mistakes are refused: an entry of `allow` that matches no verb, and `commands`
 * or `roots` beside an entry that matches a verb that runs any command (verb->runs, and not narrowed by `commands`).
 * `table` NULL: there are no verbs. 0, or -1 and err (with file:line:column). */
int grant_check_verbs (const struct grant *grant, const struct verb_table *table, const char *file, struct err *err);

/* Has the grant expired at that time (Unix seconds)? Is it valid for a client from that address? */
bool grant_expired (const struct grant *grant, int64_t now);
bool grant_from (const struct grant *grant, const struct endpoint *endpoint);

/* Do the roots of `now` still give all the access, for reading and writing, that the roots of `before` give? (The
 * nearest root above a path decides.) */
bool grant_covers_roots (const struct grant *now, const struct grant *before);

/* "2027-01-31" or "2027-01-31T12:00:00Z" (RFC 3339, in UTC and whole seconds only, from the year 2000 on) as Unix
 * seconds; 0 or -1 (also for the 30th of February or a leap second). */
int grant_parse_date (const char *text, int64_t *seconds);

/* A snapshot of several files in one buffer, for another process. grant_append appends a file: 0, or -1 with errno as
 * buf_append, EINVAL for a bad name, EFBIG for more than CONF_FILE_MAX; nothing is appended then. grant_next reads the
 * file at *offset (`text` points into `bytes`, without a NUL behind it): 1; 0 at the end; -1 when the bytes are no such
 * snapshot, with *offset unchanged. */
int grant_append (struct buf *buf, const char *name, const char *text, size_t n);
int grant_next (
	const char *bytes, size_t size, size_t *offset, char name[GRANT_NAME_MAX + 1], const char **text, size_t *n);

#endif
