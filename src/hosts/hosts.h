/* hosts - from the words of a user to machines.
 *
 *   struct hosts groups and the settings of hosts, from files that are read when they are needed
 *   struct hosts_query    what the user typed
 *   struct host_list      the names that it stands for (host_list.h)
 *   struct host_target    one machine: where it is, who the user is there
 *
 * An expression (expression.h has the grammar): web[01-64], r[1-4]n[1-16], db1:7400, alice@web1, [::1]:7363,
 * unix:///run/x.sock, ssh://web1, local, @group, @source:group, @*, ^FILE, - (stdin), and the operators `,` (union), `!`
 * (difference), `&` (intersection) and `^` (xor), from left to right. /RE/ and -/RE/ keep and drop names of the whole
 * result, -NAME drops hosts from it.
 *
 * Groups and settings come from hosts.yaml (hosts_file.h), from ClusterShell's groups.conf (clustershell.h) and from
 * the group files of pdsh (dsh_groups.h). A name without a source is looked up in this order.
 *
 * Every error names the expression and the column, and shows what would be right.
 */
#ifndef REMEX_HOSTS_HOSTS_H
#define REMEX_HOSTS_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hosts/fold.h"
#include "hosts/host_list.h"

struct hosts;

/* Inputs besides the files. */
struct hosts_options {
	/* All of stdin in new memory, for "-"; NULL and err. NULL in place of the function: "-" is an error, because
	 * stdin has another use. */
	char *(*read_stdin) (void *context, size_t max, size_t *n, struct err *err);
	void *context;
	const char *via; /* "ssh://GATEWAY,…" for targets over TCP and sshds that name no gateway themselves; NULL */
	const char *
		proxy; /* the command that leads to each target (proxy_line.h); "none": no command; NULL: not said. Each of
			      the two takes the place of both settings */
};

/* Nothing is read yet, except hosts.yaml of the user and of the system. `options` may be NULL. NULL and err: out of
 * memory, or a file that is not trusted or has a mistake (with file:line:column). */
struct hosts *hosts_open (const struct hosts_options *options, struct err *err);
void hosts_free (struct hosts *hosts);

/* Define a group that stands before all others of this name: "last.failed" for @last.failed. The expression is copied.
 * 0, or -1 and err. */
int hosts_define (struct hosts *hosts, const char *group, const char *expression, struct err *err);

/* With more hosts than this, a person has to confirm a command; 0: never. *file: the file that has this setting. */
long hosts_confirm_above (const struct hosts *hosts, const char **file);

struct hosts_query {
	const char *const *words; /* expressions, which are joined in this order */
	size_t n_words;
	const char *const *excluded; /* -x: expressions of hosts to drop */
	size_t n_excluded;
	bool all; /* -a: as the word @* before the others */
	bool wcoll; /* where no word and not `all` is given: the hosts of the file $WCOLL */
};

/* Expand the query into an empty list. 0; or -1 and err, and the list stays empty. An empty result is an error: nothing
 * ever means "everywhere" or "here". */
int hosts_expand (struct hosts *hosts, const struct hosts_query *query, struct host_list *list, struct err *err);

/* One machine. */
struct host_target {
	const char *label; /* its name as it was given: for output, and for folding */
	const char *where; /* for remex_connect: HOST:PORT, ssh://GATEWAY/HOST:PORT, ssh://HOST, unix:///PATH, local */
	const char *user; /* the user to run as there: of the label, else of the settings; NULL: not said */
	const char *proxy; /* the command that leads to it, with its tokens replaced (proxy_line.h); NULL: none */
	bool durable; /* commands there survive cuts of the connection (hosts.yaml) */
};

struct host_targets {
	struct host_target *targets; /* in the order of the list */
	size_t n;
	void *memory; /* for hosts.c only */
};

/* The targets of a list: each name with its settings (address, port, user, via, proxy, durable in hosts.yaml). The user and port
 * of the name itself win. A name that can be no host (an address of IPv6 without brackets, a port above 65535) is an
 * error here. Two names may be one machine; both are targets. 0; or -1 and err. The labels are the list's own strings:
 * the list has to live as long. */
int hosts_targets (struct hosts *hosts, const struct host_list *list, struct host_targets *targets, struct err *err);
void host_targets_free (struct host_targets *targets);

/* --- for `remex hosts` --------------------------------------------------------------------------------------------- */

/* One group, for lists. */
struct hosts_group {
	const char *source; /* "remex", a source of ClusterShell, "dsh" */
	const char *name;
	const char *file; /* where it is defined */
	bool shadowed; /* another source defines the name before: only @SOURCE:NAME means this group */
};

/* Call `each` for each known group, source after source. 0; or -1 and err, or the first result of each that is not 0.
 */
int hosts_each_group (struct hosts *hosts, int (*each) (const struct hosts_group *group, void *context), void *context,
	struct err *err);

/* The hosts of such a group, into an empty list, which may stay empty. 0; or -1 and err. */
int hosts_expand_group (struct hosts *hosts, const struct hosts_group *group, struct host_list *list, struct err *err);

#endif
