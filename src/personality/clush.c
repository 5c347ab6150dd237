/* clush - the program clush(1): one command on many hosts, live with labels, or gathered and folded. Hosts, calls, the loop
 * and the folding are those of remex; this file has the options, the messages and the exit statuses of ClusterShell 1.9
 * as it is with the worker ssh.
 *
 * doc/from-clush.md lists the differences.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/options.h"
#include "base/text.h"
#include "cli/coalesce.h"
#include "cli/confirm.h"
#include "cli/console.h"
#include "cli/fanout.h"
#include "cli/gather.h"
#include "cli/labels.h"
#include "cli/outdir.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/spool.h"
#include "hosts/fold.h"
#include "hosts/hosts.h"
#include "personality/personality.h"

enum {
	STATUS_PARSE = 1, /* status for a mistake in an expression of hosts */
	STATUS_USAGE = 2,
	STATUS_SSH = 255, /* of ssh, when the command has no status; of clush -S, when a node has timed out */
	FANOUT = 64,
	FANOUT_MOST = 1000000,
	SPOOL_BYTES = 16 * 1024 * 1024,
};

struct clush_values {
	struct option_list nodes, excluded, groups, excluded_groups, files, settings;
	const char *source, *user, *fanout, *connect, *command, *worker, *color, *outdir, *errdir, *taken, *pick;
	bool all, no_input, quiet, verbose, by_node, no_labels, gather, merge, largest, diff, copy, version, nothing;
};

static const struct option options[] = {
	{ "nodes", 'w', OPTION_LIST, offsetof (struct clush_values, nodes), "NODES", "on these nodes; may be repeated",
		0 },
	{ "exclude", 'x', OPTION_LIST, offsetof (struct clush_values, excluded), "NODES", "not on these", 0 },
	{ "group", 'g', OPTION_LIST, offsetof (struct clush_values, groups), "GROUP", "on the nodes of this group", 0 },
	{ "exclude-group", 'X', OPTION_LIST, offsetof (struct clush_values, excluded_groups), "GROUP", "not on those",
		0 },
	{ "all", 'a', OPTION_FLAG, offsetof (struct clush_values, all), NULL, "on all nodes that are in a group", 0 },
	{ "hostfile", 0, OPTION_LIST, offsetof (struct clush_values, files), "FILE", "on the nodes in a file", 0 },
	{ "machinefile", 0, OPTION_LIST, offsetof (struct clush_values, files), "FILE", "the same", 0 },
	{ "groupsource", 's', OPTION_TEXT, offsetof (struct clush_values, source), "SOURCE",
		"of the groups of -g and -X", 0 },
	{ "pick", 0, OPTION_TEXT, offsetof (struct clush_values, pick), "COUNT", "on that many of the nodes, at random",
		0 },
	{ "fanout", 'f', OPTION_TEXT, offsetof (struct clush_values, fanout), "COUNT",
		"at most this many nodes at once (64)", 0 },
	{ "user", 'l', OPTION_TEXT, offsetof (struct clush_values, user), "USER", "run the command as this user", 0 },
	{ "connect_timeout", 't', OPTION_TEXT, offsetof (struct clush_values, connect), "SEC",
		"the longest time to reach a node", 0 },
	{ "command_timeout", 'u', OPTION_TEXT, offsetof (struct clush_values, command), "SEC",
		"stop a command after this time", 0 },
	{ "nostdin", 'n', OPTION_FLAG, offsetof (struct clush_values, no_input), NULL, "do not read standard input",
		0 },
	{ "dshbak", 'b', OPTION_FLAG, offsetof (struct clush_values, gather), NULL,
		"print equal outputs once, at the end", 0 },
	{ "dshbak-all", 'B', OPTION_FLAG, offsetof (struct clush_values, merge), NULL, "the same, with standard error",
		0 },
	{ "by-node", 'L', OPTION_FLAG, offsetof (struct clush_values, by_node), NULL,
		"line by line at the end, by node", 0 },
	{ "no-labels", 'N', OPTION_FLAG, offsetof (struct clush_values, no_labels), NULL,
		"no 'NODE: ' before each line", 0 },
	{ "diff", 0, OPTION_FLAG, offsetof (struct clush_values, diff), NULL, "print how outputs differ", 0 },
	{ "outdir", 0, OPTION_TEXT, offsetof (struct clush_values, outdir), "DIR", "write standard output to DIR/NODE",
		0 },
	{ "errdir", 0, OPTION_TEXT, offsetof (struct clush_values, errdir), "DIR", "write standard error to DIR/NODE",
		0 },
	{ "maxrc", 'S', OPTION_FLAG, offsetof (struct clush_values, largest), NULL, "exit with the largest status", 0 },
	{ "color", 0, OPTION_TEXT, offsetof (struct clush_values, color), "WHEN", "never, always or auto", 0 },
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct clush_values, quiet), NULL, "print no counts of nodes", 0 },
	{ "verbose", 'v', OPTION_FLAG, offsetof (struct clush_values, verbose), NULL,
		"with -b: the lines also as they come", 0 },
	{ "option", 'O', OPTION_PAIRS, offsetof (struct clush_values, settings), "KEY=VALUE",
		"fanout, connect_timeout, command_timeout, color", 0 },
	{ "worker", 'R', OPTION_TEXT, offsetof (struct clush_values, worker), "NAME",
		"ssh, rsh: taken, and without effect", 0 },
	{ "options", 'o', OPTION_TEXT, offsetof (struct clush_values, taken), "TEXT", "taken, and without effect", 0 },
	{ "mode", 'm', OPTION_TEXT, offsetof (struct clush_values, taken), "MODE", "taken, and without effect", 0 },
	{ "groupsconf", 0, OPTION_TEXT, offsetof (struct clush_values, taken), "FILE", "taken, and without effect", 0 },
	{ "conf", 0, OPTION_TEXT, offsetof (struct clush_values, taken), "FILE", "taken, and without effect", 0 },
	{ "topology", 0, OPTION_TEXT, offsetof (struct clush_values, taken), "FILE", "taken, and without effect", 0 },
	{ "remote", 0, OPTION_TEXT, offsetof (struct clush_values, taken), "WHEN", "taken, and without effect", 0 },
	{ "debug", 'd', OPTION_FLAG, offsetof (struct clush_values, nothing), NULL, "taken, and without effect", 0 },
	{ "groupbase", 'G', OPTION_FLAG, offsetof (struct clush_values, nothing), NULL, "taken, and without effect",
		0 },
	{ "progress", 'P', OPTION_FLAG, offsetof (struct clush_values, nothing), NULL, "taken, and without effect", 0 },
	{ "regroup", 'r', OPTION_FLAG, offsetof (struct clush_values, nothing), NULL, "taken, and without effect", 0 },
	{ "preserve", 'p', OPTION_FLAG, offsetof (struct clush_values, nothing), NULL, "taken, and without effect", 0 },
	{ "copy", 'c', OPTION_FLAG, offsetof (struct clush_values, copy), NULL, "not done: use remex put", 0 },
	{ "rcopy", 0, OPTION_FLAG, offsetof (struct clush_values, copy), NULL, "not done: use remex get", 0 },
	{ "dest", 0, OPTION_TEXT, offsetof (struct clush_values, taken), "PATH", "not done", 0 },
	{ "version", 0, OPTION_FLAG, offsetof (struct clush_values, version), NULL, "print the version", 0 },
	{ "help", 'h', OPTION_HELP, 0, NULL, "show this", 0 },
	{ 0 },
};

/* One run of the program. */
struct clush {
	struct clush_values values;
	long fanout;
	double connect, command; /* seconds; 0: not limited here */
	const char *color;
	struct hosts *hosts;
	struct host_list list;
	struct host_targets targets;

	struct view view;
	struct labels labels;
	struct gather gather;
	struct spool spool;
	struct fanout run;
};

static int usage (FILE *to, int status)
{
	fprintf (to, "Usage: clush [options] command\n");
	if (!status)
		options_help (to, options);
	return status;
}

static int usage_wrong (const char *text)
{
	usage (stderr, STATUS_USAGE);
	fprintf (stderr, "\nclush: error: %s\n", safe (text));
	return STATUS_USAGE;
}

/* --- settings ---------------------------------------------------------------------------------------------------- */

static int read_seconds (char letter, const char *text, double *seconds)
{
	char *end, message[160];

	if (!text)
		return 0;
	*seconds = strtod (text, &end);
	if (end != text && !*end && *seconds >= 0 && *seconds <= 1e9)
		return 0;
	snprintf (message, sizeof message, "option -%c: invalid floating-point value: '%s'", letter, text);
	return usage_wrong (message);
}

static int read_count (const char *option, const char *text, long *count)
{
	char *end, message[160];

	if (!text)
		return 0;
	*count = strtol (text, &end, 10);
	if (end != text && !*end && *count > 0 && *count <= FANOUT_MOST)
		return 0;
	snprintf (message, sizeof message, "option %s: invalid integer value: '%s'", option, text);
	return usage_wrong (message);
}

/* The value of KEY in -O; NULL: none. */
static const char *setting (const struct clush *clush, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < clush->values.settings.n; i++) {
		const char *pair = clush->values.settings.words[i];
		size_t n = strlen (key);

		if (!strncmp (pair, key, n) && pair[n] == '=')
			value = pair + n + 1;
	}
	return value;
}

static int check_color (const char *color)
{
	char message[160];

	if (!*color || !strcmp (color, "never") || !strcmp (color, "always") || !strcmp (color, "auto"))
		return 0;
	snprintf (message, sizeof message,
		"option --color: invalid choice: '%s' (choose from '', 'never', 'always', 'auto')", color);
	return usage_wrong (message);
}

static int read_settings (struct clush *clush)
{
	const struct clush_values *values = &clush->values;
	const char *color = values->color ? values->color : setting (clush, "color");
	int status;

	clush->fanout = FANOUT;
	clush->color = color ? color : "auto";
	if ((status = read_count ("-f", values->fanout ? values->fanout : setting (clush, "fanout"), &clush->fanout)) ||
		(status = read_seconds ('t', values->connect ? values->connect : setting (clush, "connect_timeout"),
			 &clush->connect)) ||
		(status = read_seconds ('u', values->command ? values->command : setting (clush, "command_timeout"),
			 &clush->command)) ||
		(status = check_color (clush->color)))
		return status;
	if (values->worker && !strcmp (values->worker, "exec"))
		return usage_wrong ("-R exec runs commands on this machine; remex runs them on the nodes");
	if (values->copy)
		return usage_wrong ("files are copied by remex put and remex get");
	return 0;
}

/* --- nodes --------------------------------------------------------------------------------------------------------- */

/* Expressions in new memory, one after the other. */
struct expressions {
	char **words;
	size_t n;
};

static int add_word (struct expressions *words, const char *before, const char *source, const char *word)
{
	char **grown = reallocarray (words->words, words->n + 1, sizeof *grown);

	if (!grown)
		return -1;
	words->words = grown;
	if (asprintf (&grown[words->n], "%s%s%s%s", before, source ? source : "", source ? ":" : "", word) < 0)
		return -1;
	words->n++;
	return 0;
}

static int add_words (struct expressions *words, const struct option_list *list, const char *before, const char *source)
{
	for (size_t i = 0; i < list->n; i++)
		if (add_word (words, before, source, list->words[i]) < 0)
			return -1;
	return 0;
}

static void words_free (struct expressions *words)
{
	for (size_t i = 0; i < words->n; i++)
		free (words->words[i]);
	free (words->words);
}

/* Keep `count` of the targets, each one with the same probability, in their order. */
static void pick (struct host_targets *targets, size_t count)
{
	size_t n = 0, left = targets->n;

	for (size_t i = 0; i < targets->n && n < count; i++, left--) {
		uint64_t random;

		if (getrandom (&random, sizeof random, 0) != sizeof random)
			random = 0; /* the first ones, then */
		if (random % left < count - n) {
			struct host_target target = targets->targets[i];

			targets->targets[i] = targets->targets[n];
			targets->targets[n++] = target;
		}
	}
	targets->n = n;
}

/* Expand the options to targets. 0, or the exit status (the reason was reported). */
static int find_nodes (struct clush *clush, bool stdin_used)
{
	const struct clush_values *values = &clush->values;
	const struct hosts_options reading = { .read_stdin = console_read_all };
	struct expressions words = { .n = 0 }, excluded = { .n = 0 };
	struct err err = { .text = "out of memory" };
	int status = STATUS_PARSE;
	long count = 0;

	if ((status = read_count ("--pick", values->pick, &count)))
		return status;
	if (add_words (&words, &values->nodes, "", NULL) == 0 &&
		add_words (&words, &values->groups, "@", values->source) == 0 &&
		add_words (&words, &values->files, "^", NULL) == 0 &&
		add_words (&excluded, &values->excluded, "", NULL) == 0 &&
		add_words (&excluded, &values->excluded_groups, "@", values->source) == 0) {
		struct hosts_query query = { .words = (const char *const *)words.words,
			.n_words = words.n,
			.excluded = (const char *const *)excluded.words,
			.n_excluded = excluded.n,
			.all = values->all };

		if (!words.n && !values->all)
			status = usage_wrong ("No node to run on.");
		else if (!(clush->hosts = hosts_open (stdin_used ? NULL : &reading, &err)) ||
			 hosts_expand (clush->hosts, &query, &clush->list, &err) < 0 ||
			 hosts_targets (clush->hosts, &clush->list, &clush->targets, &err) < 0)
			status = STATUS_PARSE;
	} else {
		status = STATUS_PARSE;
	}
	words_free (&words);
	words_free (&excluded);
	if (status == STATUS_PARSE)
		complain (NULL, "Parse error: %s", err.text);
	if (!status && count)
		pick (&clush->targets, (size_t)count);
	return status;
}

/* --- the views ---------------------------------------------------------------------------------------------------- */

static struct clush *clush_of (const struct fanout *fanout)
{
	return fanout->context;
}

static bool gathers (const struct clush_values *values)
{
	return values->gather || values->merge || values->by_node || values->diff;
}

/* Are bytes of this stream shown as they come? */
static bool is_live (const struct clush_values *values, bool is_err)
{
	return !gathers (values) || values->verbose || (is_err && !values->merge);
}

/* Is this stream kept, and as which stream? */
static bool is_kept (const struct clush_values *values, bool is_err)
{
	return is_err ? values->merge || values->errdir : gathers (values) || values->outdir;
}

static int begin (struct view *view, struct member *member)
{
	struct view *labels = &clush_of (member->fanout)->labels.view;

	(void)view;
	return labels->ops->begin (labels, member);
}

static int take (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n)
{
	struct clush *clush = clush_of (member->fanout);
	const struct clush_values *values = &clush->values;
	struct view *gather = &clush->gather.view, *labels = &clush->labels.view;

	(void)view;
	if (is_kept (values, is_err) && gather->ops->take (gather, member, is_err && !values->merge, bytes, n) < 0)
		return -1;
	if (is_live (values, is_err))
		return labels->ops->take (labels, member, is_err, bytes, n);
	call_consume (&member->call, n);
	return 0;
}

static bool flush (struct view *view, struct member *member)
{
	struct view *labels = &clush_of (member->fanout)->labels.view;

	(void)view;
	return labels->ops->flush (labels, member);
}

/* The status of ssh for the end of a call. */
static int ssh_status (const struct member *member)
{
	return member->call.result.outcome == REMEX_EXITED ? member->call.result.exit : STATUS_SSH;
}

/* Has the node a status? A command that timed out has none. */
static bool has_status (const struct member *member)
{
	const struct call *call = &member->call;

	return !call->skipped && !call->gave_up && !call->broken && call->result.outcome != REMEX_TIMED_OUT &&
	       call->result.outcome != REMEX_CANCELLED;
}

static void ended (struct view *view, struct member *member)
{
	struct clush *clush = clush_of (member->fanout);
	struct view *gather = &clush->gather.view, *labels = &clush->labels.view;
	const struct remex_result *result = &member->call.result;
	const char *label = member->target->label;

	(void)view;
	if (has_status (member) && result->outcome != REMEX_EXITED && *result->message) {
		char line[RESULT_LINE];
		int n = snprintf (line, sizeof line, "%s\n", result->message);

		if (!clush->values.merge)
			remark ("%s: %s\n", safe (label), safe (result->message));
		else if (n < (int)sizeof line)
			gather->ops->take (gather, member, false, line, (size_t)n);
	}
	if (has_status (member) && ssh_status (member) && !gathers (&clush->values))
		complain (NULL, "%s: exited with exit code %d", label, ssh_status (member));
	if (gather->ops->ended)
		gather->ops->ended (gather, member);
	labels->ops->ended (labels, member);
}

static const struct view_ops clush_ops = { .begin = begin, .take = take, .flush = flush, .ended = ended };

/* --- the end ------------------------------------------------------------------------------------------------------- */

/* Fold the labels of members that `wanted` chooses. In new memory; NULL: none, or out of memory. */
static char *fold_members (
	const struct clush *clush, bool (*wanted) (const struct member *member, int status), int status, size_t *n)
{
	const struct fanout *run = &clush->run;
	const char **names = calloc (run->n + 1, sizeof *names);
	char *folded = NULL;

	*n = 0;
	for (size_t i = 0; names && i < run->n; i++)
		if (wanted (&run->members[i], status))
			names[(*n)++] = run->members[i].target->label;
	if (*n)
		folded = fold_names (names, *n);
	free (names);
	return folded;
}

static bool ended_with (const struct member *member, int status)
{
	return has_status (member) && ssh_status (member) == status;
}

static bool timed_out (const struct member *member, int status)
{
	(void)status;
	return !member->call.skipped && member->call.result.outcome == REMEX_TIMED_OUT;
}

static bool not_done (const struct member *member, int status)
{
	(void)status;
	return !has_status (member) && !timed_out (member, 0);
}

static const char *count_of (const struct clush *clush, char text[32], size_t n)
{
	*text = '\0';
	if (n > 1 && !clush->values.quiet)
		snprintf (text, 32, " (%zu)", n);
	return text;
}

/* Print the statuses, in the order of their first nodes, and the nodes that have timed out. */
static void print_ends (const struct clush *clush)
{
	const struct fanout *run = &clush->run;
	bool printed[STATUS_SSH + 1] = { true };
	char *names, count[32];
	size_t n;

	for (size_t i = 0; gathers (&clush->values) && i < run->n; i++) {
		int status = ssh_status (&run->members[i]);

		if (!has_status (&run->members[i]) || printed[status])
			continue;
		printed[status] = true;
		if ((names = fold_members (clush, ended_with, status, &n)))
			complain (NULL, "%s%s: exited with exit code %d", names, count_of (clush, count, n), status);
		free (names);
	}
	if ((names = fold_members (clush, timed_out, 0, &n)))
		complain (NULL, "%s: command timeout", names);
	free (names);
	if (run->interrupted && (names = fold_members (clush, not_done, 0, &n))) {
		remark ("Keyboard interrupt (%s did not complete).\n", safe (names));
		free (names);
	}
}

static int copy_stream (const struct trie_stream *stream, FILE *to)
{
	uint8_t bytes[16 * 1024], last = '\n';
	uint64_t at = 0;
	ssize_t n;

	while ((n = trie_read (stream, at, bytes, sizeof bytes)) > 0) {
		fwrite (bytes, 1, (size_t)n, to);
		at += (uint64_t)n;
		last = bytes[n - 1];
	}
	if (last != '\n')
		putc ('\n', to);
	return n < 0 ? -1 : 0;
}

/* -b and -B: each output once, behind the nodes that have it. */
static int print_blocks (const struct clush *clush, const struct coalesced *coalesced)
{
	static const char line[] = "---------------";
	bool coloured = clush->labels.colours[0];

	for (size_t i = 0; i < coalesced->n; i++) {
		const struct trie_stream *bytes =
			gather_bytes (&clush->gather, coalesce_first (&coalesced->groups[i])->rank, false);
		char *names = coalesce_group_names (&coalesced->groups[i]), count[32];

		if (!names)
			return -1;
		if (bytes->length) {
			printf ("%s%s\n%s%s\n%s%s\n", coloured ? "\033[94m" : "", line, names,
				count_of (clush, count, coalesced->groups[i].n), line, coloured ? "\033[0m" : "");
			if (copy_stream (bytes, stdout) < 0) {
				free (names);
				return -1;
			}
		}
		free (names);
	}
	return 0;
}

static int write_file (const struct clush *clush, const struct member *member, int directory, bool is_err)
{
	const struct trie_stream *bytes = gather_bytes (&clush->gather, member->rank, is_err);
	char name[OUTDIR_NAME];
	FILE *file;
	int fd, result = -1;

	if (outdir_name (name, member->target->label, "") < 0)
		return -1;
	fd = openat (directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	file = fd < 0 ? NULL : fdopen (fd, "w");

	if (file) {
		result = bytes->length ? copy_stream (bytes, file) : 0;
		if (fclose (file) != 0)
			result = -1;
	} else {
		fd_close (&fd);
	}
	return result;
}

/* --outdir and --errdir: a file for each node. */
static int write_files (const struct clush *clush, const char *path, bool is_err)
{
	int directory, result = 0;

	if (!path)
		return 0;
	if (mkdir (path, 0777) < 0 && errno != EEXIST)
		result = -1;
	if ((directory = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		result = -1;
	for (size_t i = 0; result == 0 && i < clush->run.n; i++)
		result = write_file (clush, &clush->run.members[i], directory, is_err);
	if (result < 0)
		complain (NULL, "cannot write the files in %s: %s", path, strerror (errno));
	fd_close (&directory);
	return result;
}

static int print_end (struct clush *clush)
{
	const struct clush_values *values = &clush->values;
	struct coalesced coalesced;
	int result = coalesce_make (&coalesced, &clush->run, &clush->gather, false);

	if (result < 0)
		;
	else if (values->diff)
		result = coalesce_print (&coalesced, COALESCE_DIFF, true);
	else if (values->by_node && (values->gather || values->merge))
		result = coalesce_print (&coalesced, COALESCE_LINES, true);
	else if (values->by_node)
		result = coalesce_print_hosts (&coalesced);
	else
		result = print_blocks (clush, &coalesced);
	if (result < 0)
		complain (NULL, "the output cannot be printed: %s", strerror (errno));
	fflush (stdout);
	coalesce_free (&coalesced);
	return result;
}

/* The exit status; with -S the largest status of the nodes. */
static int status_of (const struct clush *clush)
{
	const struct fanout *run = &clush->run;
	int largest = 0;

	if (run->broken)
		return fanout_status (run);
	if (run->interrupted)
		return STATUS_CANCELLED;
	for (size_t i = 0; clush->values.largest && i < run->n; i++) {
		int status = timed_out (&run->members[i], 0) ? STATUS_SSH
			     : has_status (&run->members[i]) ? ssh_status (&run->members[i])
							     : 0;

		largest = status > largest ? status : largest;
	}
	return largest;
}

/* --- the program --------------------------------------------------------------------------------------------------- */

static int open_views (struct clush *clush)
{
	const struct clush_values *values = &clush->values;
	size_t n = clush->targets.n;

	spool_init (&clush->spool, SPOOL_BYTES);
	if (gather_open (&clush->gather, &clush->spool, n) < 0 ||
		labels_open (&clush->labels, n, values->no_labels) < 0) {
		complain (NULL, "out of memory");
		return -1;
	}
	for (int i = 0; i < 2; i++) {
		if (*clush->color && strcmp (clush->color, "auto") != 0)
			clush->labels.colours[i] = !strcmp (clush->color, "always");
		clush->labels.raw[i] = !isatty (i ? STDERR_FILENO : STDOUT_FILENO); /* for a terminal: escaped */
	}
	clush->labels.open_end = false;
	clush->view = (struct view){ .ops = &clush_ops, .consumes = true };
	clush->run.views[clush->run.n_views++] = &clush->view;
	return 0;
}

static void close_all (struct clush *clush)
{
	fanout_close (&clush->run);
	labels_close (&clush->labels);
	gather_close (&clush->gather);
	spool_free (&clush->spool);
}

/* Run the command on all nodes. The exit status. */
static int run_command (struct clush *clush, const char *arguments)
{
	const struct clush_values *values = &clush->values;
	struct fanout *run = &clush->run;
	struct input input;
	int status = STATUS_SSH;

	input_init (&input, !values->no_input && !input_is_closed ());
	*run = (struct fanout){ .call = "exec.shell",
		.targets = &clush->targets,
		.window = (size_t)clush->fanout,
		.connect_timeout = clush->connect,
		.context = clush,
		.input = &input,
		.spool = &clush->spool };
	run->options = (struct remex_options){
		.args = arguments, .user = values->user, .deadline = clush->command, .wait_output = true
	};
	if (open_views (clush) == 0 && fanout_open (run) == 0 && fanout_run (run) == 0) {
		console_release_signals (); /* printing may block from here on, and may be interrupted */
		status = status_of (clush);
		if (run->broken != EPIPE) {
			if (gathers (values) && print_end (clush) < 0)
				status = STATUS_SSH;
			if (write_files (clush, values->outdir, false) < 0 ||
				write_files (clush, values->errdir, true) < 0)
				status = STATUS_SSH;
			print_ends (clush);
			status = finish (status);
		}
	}
	close_all (clush);
	input_close (&input);
	return status;
}

static int run_with (struct clush *clush, const struct command_line *line)
{
	bool script = !line->n_words;
	char *command, *arguments = NULL;
	int status;

	if ((status = read_settings (clush)) || (status = find_nodes (clush, script)))
		return status;
	if (script && (clush->values.no_input || isatty (STDIN_FILENO)))
		return usage_wrong ("no command: type one, or give a script on standard input");
	if ((status = confirm_hosts (clush->hosts, &clush->targets, clush->targets.n, CONFIRM_RUN)))
		return status;
	/* Without a command standard input is the script of the shell. */
	command = script ? strdup ("exec $SHELL") : text_join (line->words, (size_t)line->n_words);
	if (command && (arguments = personality_shell (command))) {
		status = run_command (clush, arguments);
	} else {
		complain (NULL, "out of memory");
		status = STATUS_SSH;
	}
	free (arguments);
	free (command);
	return status;
}

static int run (int argc, char **argv)
{
	struct clush clush = { .fanout = FANOUT };
	struct command_line line = { .options = options, .order = WORDS_BEHIND, .values = &clush.values };
	size_t all;
	struct err err;
	int status;

	if (options_parse (&line, argc, argv, &err) < 0) {
		status = usage_wrong (err.text);
	} else if (line.help || clush.values.version) {
		if (line.help)
			usage (stdout, 0);
		else
			printf ("clush 1.9.1\n");
		status = finish (0);
	} else {
		status = run_with (&clush, &line);
	}
	options_free (&line);
	all = clush.list.n; /* --pick has moved the other targets to the end */
	if (clush.targets.targets)
		clush.targets.n = all;
	host_targets_free (&clush.targets);
	host_list_free (&clush.list);
	hosts_free (clush.hosts);
	return status;
}

const struct personality personality_clush = { "clush", run };
