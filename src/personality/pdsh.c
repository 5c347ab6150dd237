/* pdsh - the program pdsh(1): one command on many hosts, each line behind "HOST: ". Hosts, calls and the loop are those of
 * remex; this file has the options, the environment, the labels, the messages and the exit statuses of pdsh 2.34 as it is
 * with `-R ssh`.
 *
 * Without a command, commands are read from stdin, line by line. doc/from-pdsh.md lists the differences.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/options.h"
#include "base/text.h"
#include "cli/confirm.h"
#include "cli/console.h"
#include "cli/fanout.h"
#include "cli/labels.h"
#include "cli/result.h"
#include "cli/say.h"
#include "hosts/fold.h"
#include "hosts/hosts.h"
#include "personality/personality.h"

enum {
	STATUS_FATAL = 1, /* pdsh itself cannot do it */
	STATUS_SSH = 255, /* the status of ssh when the host cannot be reached or a signal has ended the command */
	STATUS_LATE = 254, /* the status of pdsh when a command has timed out */
	FANOUT = 32,
	CONNECT_SECONDS = 10,
	FANOUT_MOST = 1000000,
};

struct pdsh_values {
	struct option_list hosts, excluded, groups, excluded_groups;
	const char *user, *rcmd, *fanout, *connect, *command, *modules, *genders;
	bool all, status, no_labels, whole_names, batch, query, expand, help, version, list, first_failure, debug;
	bool alternate;
};

static const struct option options[] = {
	{ "hosts", 'w', OPTION_LIST, offsetof (struct pdsh_values, hosts), "HOSTS", "on these hosts; may be repeated",
		0 },
	{ "exclude", 'x', OPTION_LIST, offsetof (struct pdsh_values, excluded), "HOSTS", "not on these", 0 },
	{ "groups", 'g', OPTION_LIST, offsetof (struct pdsh_values, groups), "GROUP", "on the hosts of this group", 0 },
	{ "exclude-groups", 'X', OPTION_LIST, offsetof (struct pdsh_values, excluded_groups), "GROUP", "not on those",
		0 },
	{ "all", 'a', OPTION_FLAG, offsetof (struct pdsh_values, all), NULL, "on all hosts that are in a group", 0 },
	{ "every", 'A', OPTION_FLAG, offsetof (struct pdsh_values, all), NULL, "the same", 0 },
	{ "user", 'l', OPTION_TEXT, offsetof (struct pdsh_values, user), "USER", "run the command as this user", 0 },
	{ "connect-timeout", 't', OPTION_TEXT, offsetof (struct pdsh_values, connect), "SEC",
		"the longest time to reach a host (10)", 0 },
	{ "timeout", 'u', OPTION_TEXT, offsetof (struct pdsh_values, command), "SEC", "stop a command after this time",
		0 },
	{ "fanout", 'f', OPTION_TEXT, offsetof (struct pdsh_values, fanout), "COUNT",
		"at most this many hosts at once (32)", 0 },
	{ "status", 'S', OPTION_FLAG, offsetof (struct pdsh_values, status), NULL, "exit with the largest status", 0 },
	{ "first-failure", 'k', OPTION_FLAG, offsetof (struct pdsh_values, first_failure), NULL,
		"stop all at the first failure", 0 },
	{ "no-labels", 'N', OPTION_FLAG, offsetof (struct pdsh_values, no_labels), NULL, "no 'HOST: ' before each line",
		0 },
	{ "whole-names", 'K', OPTION_FLAG, offsetof (struct pdsh_values, whole_names), NULL, "labels with the domain",
		0 },
	{ "query", 'q', OPTION_FLAG, offsetof (struct pdsh_values, query), NULL,
		"print the settings and the hosts, folded", 0 },
	{ "query-expanded", 'Q', OPTION_FLAG, offsetof (struct pdsh_values, expand), NULL, "the same, not folded", 0 },
	{ "rcmd", 'R', OPTION_TEXT, offsetof (struct pdsh_values, rcmd), "NAME", "ssh, rsh: taken, and without effect",
		0 },
	{ "modules", 'M', OPTION_TEXT, offsetof (struct pdsh_values, modules), "NAME", "taken, and without effect", 0 },
	{ "genders", 'F', OPTION_TEXT, offsetof (struct pdsh_values, genders), "FILE", "taken, and without effect", 0 },
	{ "alternate", 'i', OPTION_FLAG, offsetof (struct pdsh_values, alternate), NULL, "taken, and without effect",
		0 },
	{ "batch", 'b', OPTION_FLAG, offsetof (struct pdsh_values, batch), NULL, "taken, and without effect", 0 },
	{ "debug", 'd', OPTION_FLAG, offsetof (struct pdsh_values, debug), NULL, "taken, and without effect", 0 },
	{ "list", 'L', OPTION_FLAG, offsetof (struct pdsh_values, list), NULL, "list the modules", 0 },
	{ "version", 'V', OPTION_FLAG, offsetof (struct pdsh_values, version), NULL, "print the version", 0 },
	{ "help", 'h', OPTION_FLAG, offsetof (struct pdsh_values, help), NULL, "show this", 0 },
	{ 0 },
};

/* One run of the program. */
struct pdsh {
	struct pdsh_values values;
	char title[HOST_NAME_MAX + 16]; /* "pdsh@HERE" */
	long fanout, connect, command; /* seconds; command 0: no limit */
	struct hosts *hosts;
	struct host_list list;
	struct host_targets targets; /* targets that get the next command; the others come behind them */
	size_t all; /* of them */
	bool cut_names;

	/* Of one command: */
	bool *gone; /* by rank: it has timed out, and gets no further command */
	int status; /* the largest */
	bool late; /* one has timed out */
};

static int usage (FILE *to, int status)
{
	fprintf (to, "usage: pdsh [options] [COMMAND]\n");
	options_help (to, options);
	return status;
}

/* --- settings ---------------------------------------------------------------------------------------------------- */

/* As atoi(3) reads it: text that is no number is 0. */
static long count_of (const char *text)
{
	long value = strtol (text, NULL, 10);

	return value < 0 ? 0 : value > FANOUT_MOST ? FANOUT_MOST : value;
}

static bool is_number (const char *text)
{
	return *text && !text[strspn (text, "0123456789")];
}

/* A setting of the environment, which an option may overrule. */
static int from_environment (const char *name, long *value)
{
	const char *text = getenv (name);

	if (!text)
		return 0;
	if (!is_number (text)) {
		complain (NULL, "Invalid environment variable %s=%s", name, text);
		return -1;
	}
	*value = count_of (text);
	return 0;
}

static bool is_rcmd (const char *name, size_t n)
{
	static const char *const names[] = { "ssh", "rsh", "mrsh", "krb4", "xcpu", "qsh", "mqsh", "exec" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen (names[i]) == n && !strncmp (names[i], name, n))
			return true;
	return false;
}

static int check_rcmd (const char *name)
{
	if (!is_rcmd (name, strlen (name))) {
		fprintf (stderr, "No such rcmd module \"%s\"\n", safe (name));
		return -1;
	}
	if (!strcmp (name, "exec")) {
		complain (NULL, "-R exec runs commands on this machine; remex runs them on the hosts");
		return -1;
	}
	return 0;
}

static int read_settings (struct pdsh *pdsh)
{
	const struct pdsh_values *values = &pdsh->values;
	const char *rcmd = values->rcmd ? values->rcmd : getenv ("PDSH_RCMD_TYPE");

	pdsh->fanout = FANOUT;
	pdsh->connect = CONNECT_SECONDS;
	if (from_environment ("FANOUT", &pdsh->fanout) < 0 ||
		from_environment ("PDSH_CONNECT_TIMEOUT", &pdsh->connect) < 0 ||
		from_environment ("PDSH_COMMAND_TIMEOUT", &pdsh->command) < 0 || (rcmd && check_rcmd (rcmd) < 0))
		return -1;
	if (values->fanout) {
		if (!is_number (values->fanout)) {
			complain (NULL, "Invalid fanout `%s' passed to -f.", values->fanout);
			return -1;
		}
		pdsh->fanout = count_of (values->fanout);
	}
	if (!pdsh->fanout) {
		complain (NULL, "a fanout of 0 runs nothing (at least 1)");
		return -1;
	}
	if (values->connect)
		pdsh->connect = count_of (values->connect);
	if (values->command)
		pdsh->command = count_of (values->command);
	return 0;
}

/* --- hosts ------------------------------------------------------------------------------------------------------- */

/* Append one item of -w without the name of a way to reach it ("ssh:bob@web1"). */
static int add_item (struct buf *out, const char *item, size_t n)
{
	const char *colon = memchr (item, ':', n);

	if (colon && is_rcmd (item, (size_t)(colon - item))) {
		n -= (size_t)(colon + 1 - item);
		item = colon + 1;
	}
	return buf_append (out, item, n);
}

/* The words of -w or -x as one expression of remex; NULL: out of memory. */
static char *expression_of (const struct option_list *list, const struct option_list *groups)
{
	struct buf out;
	int result;

	buf_init (&out, SIZE_MAX);
	result = buf_append (&out, "", 0);
	for (size_t i = 0; i < list->n; i++)
		for (const char *item = list->words[i], *end; *item; item = *end ? end + 1 : end) {
			int depth = 0;

			for (end = item; *end && (*end != ',' || depth > 0); end++)
				depth += *end == '[' ? 1 : *end == ']' ? -1 : 0;
			if (buf_len (&out))
				result |= buf_append (&out, ",", 1);
			result |= add_item (&out, item, (size_t)(end - item));
		}
	for (size_t i = 0; i < groups->n; i++)
		result |= buf_printf (&out, "%s@%s", buf_len (&out) ? "," : "", groups->words[i]);
	result |= buf_append (&out, "", 1);
	if (result < 0) {
		buf_free (&out);
		return NULL;
	}
	return (char *)out.data;
}

/* Is the number of domains of the names more than one? Then the labels are whole names. */
static bool domains_differ (const struct host_list *list)
{
	const char *first = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const char *dot = strchr (list->names[i], '.');

		if (!dot)
			continue;
		if (first && strcmp (first, dot) != 0)
			return true;
		first = dot;
	}
	return false;
}

static int find_hosts (struct pdsh *pdsh)
{
	const struct hosts_options reading = { .read_stdin = console_read_all };
	char *words = expression_of (&pdsh->values.hosts, &pdsh->values.groups);
	char *excluded = expression_of (&pdsh->values.excluded, &pdsh->values.excluded_groups);
	struct hosts_query query = { .words = (const char *const *)&words,
		.n_words = words && *words,
		.excluded = (const char *const *)&excluded,
		.n_excluded = excluded && *excluded,
		.all = pdsh->values.all,
		.wcoll = true };
	struct err err = { .text = "out of memory" };
	int result = -1;

	if (words && excluded && !*words && !query.all && !getenv ("WCOLL"))
		err_set (&err, 0, "no remote hosts specified");
	else if (words && excluded && (pdsh->hosts = hosts_open (&reading, &err)) &&
		 hosts_expand (pdsh->hosts, &query, &pdsh->list, &err) == 0 &&
		 hosts_targets (pdsh->hosts, &pdsh->list, &pdsh->targets, &err) == 0)
		result = 0;
	if (result < 0)
		complain (NULL, "%s", err.text);
	pdsh->all = pdsh->targets.n;
	pdsh->cut_names = !pdsh->values.whole_names && !domains_differ (&pdsh->list);
	free (words);
	free (excluded);
	return result;
}

/* --- the command on all hosts -------------------------------------------------------------------------------------- */

/* The label of a host: without the user, and up to the first dot where that is allowed. A number stays whole. */
static const char *label_of (const struct host_target *target, bool cut)
{
	static char label[256];
	const char *at = strrchr (target->label, '@'), *name = at ? at + 1 : target->label;
	bool number = *name >= '0' && *name <= '9';

	snprintf (label, sizeof label, "%.*s", (int)(cut && !number ? strcspn (name, ".") : strlen (name)), name);
	return label;
}

static struct pdsh *pdsh_of (const struct member *member)
{
	return member->fanout->context;
}

static const char *label_of_member (const struct member *member)
{
	return label_of (member->target, pdsh_of (member)->cut_names);
}

/* The status that pdsh -R ssh has for the end of a call. */
static int ssh_status (const struct member *member)
{
	return member->call.result.outcome == REMEX_EXITED ? member->call.result.exit : STATUS_SSH;
}

static void on_end (struct view *view, struct member *member)
{
	struct pdsh *pdsh = pdsh_of (member);
	const char *label = label_of_member (member);
	const struct remex_result *result = &member->call.result;
	int status;

	(void)view;
	if (member->call.skipped || member->call.gave_up || member->call.broken)
		return;
	if (result->outcome == REMEX_TIMED_OUT) {
		complain (NULL, "%s: command timeout", label);
		pdsh->gone[member->rank] = true;
		pdsh->late = true;
		return;
	}
	if ((status = ssh_status (member)) == 0)
		return;
	if (result->outcome != REMEX_EXITED && *result->message)
		remark ("%s: %s\n", safe (label), safe (result->message));
	complain (NULL, "%s: ssh exited with exit code %d", label, status);
	if (status > pdsh->status)
		pdsh->status = status;
}

static int take_nothing (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n)
{
	(void)view;
	(void)member;
	(void)is_err;
	(void)bytes;
	(void)n;
	return 0;
}

static const struct view_ops ends_ops = { .take = take_nothing, .ended = on_end };

/* The arguments of exec.shell: the command, behind $DSHPATH. In new memory; NULL: out of memory. */
static char *arguments_for (const char *command)
{
	const char *path = getenv ("DSHPATH");
	char *line, *text;

	if (!path)
		return personality_shell (command);
	if (asprintf (&line, "PATH=%s;%s", path, command) < 0)
		return NULL;
	text = personality_shell (line);
	free (line);
	return text;
}

/* Move the targets that have timed out behind the others. */
static void drop_gone (struct pdsh *pdsh)
{
	struct host_target *targets = pdsh->targets.targets;
	size_t n = pdsh->targets.n;

	for (size_t i = n; i-- > 0;)
		if (pdsh->gone[i]) {
			struct host_target target = targets[i];

			n--;
			memmove (targets + i, targets + i + 1, (n - i) * sizeof *targets);
			targets[n] = target;
		}
	pdsh->targets.n = n;
}

static int run_views (struct pdsh *pdsh, struct fanout *fanout)
{
	struct labels labels;
	struct view ends = { .ops = &ends_ops };
	int result = -1;

	if (labels_open (&labels, pdsh->targets.n, pdsh->values.no_labels) == 0) {
		labels.name = label_of_member;
		for (int i = 0; i < 2; i++) {
			labels.colours[i] = false;
			labels.raw[i] = !isatty (i ? STDERR_FILENO : STDOUT_FILENO); /* for a terminal: escaped */
		}
		labels.open_end = true;
		fanout->views[fanout->n_views++] = &labels.view;
		fanout->views[fanout->n_views++] = &ends;
		if (fanout_open (fanout) == 0)
			result = fanout_run (fanout);
		fanout_close (fanout);
	} else {
		complain (NULL, "out of memory");
	}
	labels_close (&labels);
	return result;
}

/* Run one command on all hosts. The exit status. */
static int run_command (struct pdsh *pdsh, const char *command)
{
	struct fanout fanout = { .call = "exec.shell",
		.targets = &pdsh->targets,
		.window = (size_t)pdsh->fanout,
		.connect_timeout = (double)pdsh->connect,
		.context = pdsh };
	char *arguments = arguments_for (command);
	int status = STATUS_FATAL;

	pdsh->status = 0;
	pdsh->late = false;
	pdsh->gone = calloc (pdsh->targets.n + 1, sizeof *pdsh->gone);
	if (arguments && pdsh->gone) {
		fanout.options = (struct remex_options){ .args = arguments,
			.user = pdsh->values.user,
			.deadline = (double)pdsh->command,
			.wait_output = true };
		fanout.brake.fail_fast = pdsh->values.first_failure;
		if (run_views (pdsh, &fanout) == 0)
			status = pdsh->late ? STATUS_LATE : pdsh->status;
		if (fanout.failed && pdsh->values.first_failure) {
			complain (NULL, "terminating all processes");
			status = STATUS_FATAL;
		} else if (fanout.broken || fanout.interrupted) {
			status = fanout_status (&fanout);
		} else if (!pdsh->values.status) {
			status = 0;
		}
		drop_gone (pdsh);
	} else {
		complain (NULL, "out of memory");
	}
	free (pdsh->gone);
	free (arguments);
	return status;
}

/* --- commands of stdin --------------------------------------------------------------------------------------------- */

/* Read commands until the end of stdin. A line that is not typed at a terminal is shown behind the prompt. */
static int run_lines (struct pdsh *pdsh)
{
	bool typed = isatty (STDIN_FILENO);
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int status = 0;

	for (;;) {
		printf ("pdsh> ");
		fflush (stdout);
		if ((n = getline (&line, &size, stdin)) < 0)
			break;
		line[strcspn (line, "\n")] = '\0';
		if (!typed)
			printf ("%s\n", line);
		fflush (stdout);
		if (!strcmp (line, "quit") || !strcmp (line, "exit"))
			break;
		if (*line)
			status = run_command (pdsh, line);
	}
	if (typed && n < 0)
		printf ("\n");
	free (line);
	return finish (status);
}

/* --- the program --------------------------------------------------------------------------------------------------- */

static const char *user_name (void)
{
	const struct passwd *entry = getpwuid (getuid ());

	return entry ? entry->pw_name : "unknown";
}

/* -q and -Q: scripts read these lines by their names, and the last one is the hosts. */
static int print_settings (const struct pdsh *pdsh, const char *command)
{
	const struct pdsh_values *values = &pdsh->values;
	const char *path = getenv ("DSHPATH"), *rcmd = values->rcmd ? values->rcmd : getenv ("PDSH_RCMD_TYPE");
	const char **names = calloc (pdsh->all + 1, sizeof *names);
	char *folded = NULL, program[PATH_MAX];
	ssize_t n = readlink ("/proc/self/exe", program, sizeof program - 1);

	program[n < 0 ? 0 : n] = '\0';
	for (size_t i = 0; names && i < pdsh->all; i++)
		names[i] = pdsh->list.names[i];
	if (!names || (!values->expand && !(folded = fold_names (names, pdsh->all)))) {
		free (names);
		complain (NULL, "out of memory");
		return STATUS_FATAL;
	}
	printf ("-- DSH-specific options --\nSeparate stderr/stdout\tYes\n");
	printf ("Path prepended to cmd\t%s%s%s\nAppended to cmd         none\n", path ? "PATH=" : "",
		path ? path : "none", path ? ";" : "");
	printf ("Command:\t\t%s\nFull program pathname\t%s\nRemote program path\t%s\n", *command ? command : "none",
		program, program);
	printf ("\n-- Generic options --\nLocal username\t\t%s\nLocal uid     \t\t%u\n", user_name (),
		(unsigned)getuid ());
	printf ("Remote username\t\t%s\nRcmd type\t\t%s\n", values->user ? values->user : user_name (),
		rcmd ? rcmd : "remex");
	printf ("one ^C will kill pdsh   %s\nConnect timeout (secs)\t%ld\nCommand timeout "
		"(secs)\t%ld\nFanout\t\t\t%ld\n",
		values->batch ? "Yes" : "No", pdsh->connect, pdsh->command, pdsh->fanout);
	printf ("Display hostname labels\t%s\nDebugging       \t%s\n", values->no_labels ? "No" : "Yes",
		values->debug ? "Yes" : "No");
	printf ("\n-- Target nodes --\n");
	if (folded)
		printf ("%s", folded);
	for (size_t i = 0; !folded && i < pdsh->all; i++)
		printf ("%s%s", i ? "," : "", names[i]);
	printf ("\n");
	free (folded);
	free (names);
	return finish (0);
}

static int run_with (struct pdsh *pdsh, const struct command_line *line)
{
	const struct pdsh_values *values = &pdsh->values;
	char *command;
	int status = STATUS_FATAL;

	if (values->help)
		return usage (stdout, 0);
	if (values->version || values->list) {
		printf (values->version ? "pdsh-2.34 (remex " PACKAGE_VERSION ")\n" : "0 modules loaded:\n\n");
		return finish (0);
	}
	if (read_settings (pdsh) < 0 || find_hosts (pdsh) < 0)
		return STATUS_FATAL;
	if (!(command = text_join (line->words, (size_t)line->n_words)))
		complain (NULL, "out of memory");
	else if (values->query || values->expand)
		status = print_settings (pdsh, command);
	else if (confirm_hosts (pdsh->hosts, &pdsh->targets, pdsh->targets.n, CONFIRM_RUN) == 0)
		status = line->n_words ? run_command (pdsh, command) : run_lines (pdsh);
	free (command);
	return status;
}

static int run (int argc, char **argv)
{
	struct pdsh pdsh = { .status = 0 };
	struct command_line line = { .options = options, .order = WORDS_BEHIND, .values = &pdsh.values };
	char here[HOST_NAME_MAX + 1] = "";
	struct err err;
	int status;

	gethostname (here, sizeof here - 1);
	here[strcspn (here, ".")] = '\0';
	snprintf (pdsh.title, sizeof pdsh.title, "pdsh@%s", here);
	if (options_parse (&line, argc, argv, &err) < 0) {
		complain (NULL, "%s", err.text);
		status = usage (stderr, STATUS_FATAL);
	} else {
		say_program (pdsh.title);
		status = run_with (&pdsh, &line);
	}
	options_free (&line);
	pdsh.targets.n = pdsh.all;
	host_targets_free (&pdsh.targets);
	host_list_free (&pdsh.list);
	hosts_free (pdsh.hosts);
	return status;
}

const struct personality personality_pdsh = { "pdsh", run };
