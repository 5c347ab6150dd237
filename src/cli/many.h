/* many - the options by which a command is run on many hosts, and the way from the words of the user to targets. */
#ifndef REMEX_CLI_MANY_H
#define REMEX_CLI_MANY_H

#include <stdbool.h>

#include "base/options.h"
#include "cli/coalesce.h"
#include "cli/fanout.h"
#include "cli/gather.h"
#include "cli/labels.h"
#include "cli/outdir.h"
#include "cli/report.h"
#include "cli/spool.h"
#include "cli/subcommand.h"
#include "hosts/hosts.h"

struct many_options {
	struct option_list excluded; /* -x */
	long window, rolling, pick, expect;
	double connect_timeout;
	const char *max_fail, *exit_from, *outdir, *via, *proxy;
	bool ramp, fail_fast, any;
	bool yes, no_status;
	bool labels, no_labels, fold, merged, live, by_line, diff, similar, no_variables;
};

#define OPTION_ROWS_MANY(type) OPTION_ROWS_MANY_LETTER (type, 't')

/* The same with another letter for --connect-timeout; 0: none. */
#define OPTION_ROWS_MANY_LETTER(type, letter) \
	{ "exclude", 'x', OPTION_LIST, offsetof (type, many.excluded), "HOSTS", "not on these hosts; may be repeated", \
		0 }, \
		{ "via", 0, OPTION_TEXT, offsetof (type, many.via), "GATEWAY", \
			"connect to the hosts from there: ssh://[USER@]HOST[:PORT]", 0 }, \
		{ "window", 'f', OPTION_COUNT, offsetof (type, many.window), "COUNT", \
			"run on at most this many hosts at once (64)", MANY_WINDOW_MAX }, \
		{ "connect-timeout", letter, OPTION_SECONDS, offsetof (type, many.connect_timeout), "SEC", \
			"try to reach each host for this time (10)", 0 }, \
		{ "proxy", 0, OPTION_TEXT, offsetof (type, many.proxy), "CMD", \
			"reach each host by this command ('ssh -W %h:%p gateway')", 0 }, \
		{ "expect", 0, OPTION_COUNT, offsetof (type, many.expect), "COUNT", \
			"do nothing unless HOSTS are so many", MANY_WINDOW_MAX }, \
		{ "pick", 0, OPTION_COUNT, offsetof (type, many.pick), "COUNT", "only the first COUNT of the hosts", \
			MANY_WINDOW_MAX }, \
		{ "ramp", 0, OPTION_FLAG, offsetof (type, many.ramp), NULL, \
			"one host at first, then 2, 4, 8 ... as they succeed", 0 }, \
		{ "rolling", 0, OPTION_COUNT, offsetof (type, many.rolling), "COUNT", \
			"batches of COUNT hosts, one after the other", MANY_WINDOW_MAX }, \
		{ "max-fail", 0, OPTION_TEXT, offsetof (type, many.max_fail), "COUNT", \
			"start no further host after more failures (3, 5%)", 0 }, \
		{ "fail-fast", 0, OPTION_FLAG, offsetof (type, many.fail_fast), NULL, \
			"stop all hosts at the first failure", 0 }, \
		{ "no-status", 0, OPTION_FLAG, offsetof (type, many.no_status), NULL, \
			"no status line at the terminal", 0 }, \
		{ "any", 0, OPTION_FLAG, offsetof (type, many.any), NULL, \
			"on the first host that can be reached, and no other", 0 }, \
	{ \
		"exit-from", 0, OPTION_TEXT, offsetof (type, many.exit_from), "HOST", \
			"exit with the status of this host", 0 \
	}

/* For a command that may change its hosts: many_confirm. */
#define OPTION_ROW_YES(type) \
	{ \
		"yes", 0, OPTION_FLAG, offsetof (type, many.yes), NULL, \
			"do not ask, however many hosts there are (confirm_above)", 0 \
	}

#define OPTION_ROW_HOSTS(about) \
	{ \
		"hosts", 'w', OPTION_FIRST, 0, "HOSTS", (about), 0 \
	}

#define OPTION_ROWS_VIEWS(type) \
	{ "labels", 0, OPTION_FLAG, offsetof (type, many.labels), NULL, "'HOST: ' before each line, also of one host", \
		0 }, \
		{ "no-labels", 'N', OPTION_FLAG, offsetof (type, many.no_labels), NULL, \
			"no 'HOST: ' before each line", 0 }, \
		{ "fold", 'b', OPTION_FLAG, offsetof (type, many.fold), NULL, \
			"print equal outputs once, at the end, under their hosts", 0 }, \
		{ "fold-all", 'B', OPTION_FLAG, offsetof (type, many.merged), NULL, \
			"the same, standard error with standard output", 0 }, \
		{ "live", 0, OPTION_FLAG, offsetof (type, many.live), NULL, "with -b: the lines also as they come", \
			0 }, \
		{ "lines", 'L', OPTION_FLAG, offsetof (type, many.by_line), NULL, \
			"line by line at the end, in the order of the hosts; with -b equal lines once", 0 }, \
		{ "diff", 0, OPTION_FLAG, offsetof (type, many.diff), NULL, \
			"print how outputs differ from those of the largest group", 0 }, \
		{ "similar", 0, OPTION_FLAG, offsetof (type, many.similar), NULL, \
			"as -b, also where only numbers or the host's name differ", 0 }, \
	{ \
		"outdir", 0, OPTION_TEXT, offsetof (type, many.outdir), "DIR", \
			"write HOST.out, HOST.err and HOST.error there", 0 \
	}

enum { MANY_WINDOW = 64, MANY_WINDOW_MAX = 1000000, MANY_SPOOL = 16 * 1024 * 1024 };

/* The machines that the words of the user stand for. */
struct many_hosts {
	struct hosts *hosts;
	struct host_list list;
	struct host_targets targets; /* after --pick */
	size_t all; /* how many targets there are to free */
	struct host_target one; /* the only target, where the list was not needed */
};

/* For a command line whose words are all hosts: its `firsts` become the words, unless they are the values of -w. 0, or
 * the exit status. */
int many_words (const struct subcommand *command, struct command_line *line);

/* The same expressions; without any, the host `local`. */
const struct option_list *many_or_local (const struct option_list *words);

/* Expand the expressions, all of them together, and check --expect and the other conditions before anything runs. 0, or
 * the exit status (the reason was reported). Then many_hosts_free, in both cases. */
int many_expand (const struct subcommand *command, const struct many_options *options, const struct option_list *words,
	bool stdin_used, struct many_hosts *hosts);
void many_hosts_free (struct many_hosts *hosts);

/* For a command that may change its hosts: ask when confirm_above requires it (confirm.h). With --expect or --yes there
 * is no question. 0, or the exit status (the reason was reported). */
int many_confirm (const struct many_options *options, const struct many_hosts *hosts);

/* Is there only one target, and no option that only makes sense for many hosts? Then the command runs on one host,
 * without a fan-out. */
bool many_is_one (const struct many_options *options, const struct many_hosts *hosts);

/* Check that the options go together. 0, or the exit status. */
int many_check (const struct subcommand *command, const struct many_options *options, int format);

/* A fan-out with the views that the options ask for. */
struct many {
	const struct many_options *options;
	int format;
	bool quiet;
	bool no_status; /* no status line, whatever the options say */
	bool jobs; /* the targets are jobs and no hosts: they become no sets such as @last.failed */
	bool own; /* the caller's own sink and `ended` show everything: no views, and no message about each host */
	struct fanout fanout; /* the caller sets call, options, arguments, render, context, program, input */
	struct spool spool;
	struct labels labels;
	struct gather gather;
	struct report report;
	struct outdir outdir;
};

/* Run the call on all targets and print what the options ask for. The exit status. */
int many_run (struct many *many, const struct many_hosts *hosts);

#endif
