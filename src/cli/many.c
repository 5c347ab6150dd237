/* many - see many.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/confirm.h"
#include "cli/console.h"
#include "cli/json.h"
#include "cli/last.h"
#include "cli/many.h"
#include "cli/say.h"

/* --- hosts ------------------------------------------------------------------------------------------------------- */

int many_words (const struct subcommand *command, struct command_line *line)
{
	struct option_list *firsts = &line->firsts;

	if (firsts->n && line->n_words)
		return usage_unexpected (command, line->words[0]);
	if (firsts->n || !line->n_words)
		return 0;
	if (!(firsts->words = calloc ((size_t)line->n_words, sizeof *firsts->words))) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	while (firsts->n < (size_t)line->n_words) {
		firsts->words[firsts->n] = line->words[firsts->n];
		firsts->n++;
	}
	return 0;
}

const struct option_list *many_or_local (const struct option_list *words)
{
	static const char *local[] = { "local" };
	static const struct option_list only = { local, 1 };

	return words->n ? words : &only;
}

static int expand (const struct many_options *options, const struct option_list *words, bool stdin_used,
	struct many_hosts *hosts, struct err *err)
{
	struct hosts_options reading = {
		.read_stdin = stdin_used ? NULL : console_read_all, .via = options->via, .proxy = options->proxy
	};
	struct hosts_query query = { .words = words->words,
		.n_words = words->n,
		.excluded = options->excluded.words,
		.n_excluded = options->excluded.n,
		.wcoll = true };

	if (!(hosts->hosts = hosts_open (&reading, err)) ||
		((last_is_meant (words->words, words->n) ||
			 last_is_meant (options->excluded.words, options->excluded.n)) &&
			last_define (hosts->hosts, err) < 0) ||
		hosts_expand (hosts->hosts, &query, &hosts->list, err) < 0 ||
		hosts_targets (hosts->hosts, &hosts->list, &hosts->targets, err) < 0)
		return -1;
	hosts->all = hosts->targets.n;
	return 0;
}

/* The path of a socket may have any bytes; a path that cannot be an expression is not read as one. */
static bool is_socket (const struct many_options *options, const struct option_list *words)
{
	return words->n == 1 && !strncmp (words->words[0], "unix:///", 8) &&
	       !strpbrk (words->words[0], " \t\n,!&^*?[]") && !options->excluded.n && !options->proxy;
}

int many_expand (const struct subcommand *command, const struct many_options *options, const struct option_list *words,
	bool stdin_used, struct many_hosts *hosts)
{
	struct err err;
	bool found = false;

	*hosts = (struct many_hosts){ .all = 0 };
	if (is_socket (options, words)) {
		hosts->one = (struct host_target){ .label = words->words[0], .where = words->words[0] };
		hosts->targets = (struct host_targets){ .targets = &hosts->one, .n = 1 };
	} else if (expand (options, words, stdin_used, hosts, &err) < 0) {
		complain (NULL, "%s", err.text);
		return STATUS_REMEX;
	}
	if (options->expect && (size_t)options->expect != hosts->targets.n) {
		complain (NULL, "%zu host%s, and --expect says %ld: nothing was run", hosts->targets.n,
			hosts->targets.n == 1 ? "" : "s", options->expect);
		return STATUS_REMEX;
	}
	if (options->pick && (size_t)options->pick < hosts->targets.n)
		hosts->targets.n = (size_t)options->pick;
	for (size_t i = 0; options->exit_from && !found && i < hosts->targets.n; i++)
		found = !strcmp (hosts->targets.targets[i].label, options->exit_from);
	if (options->exit_from && !found)
		return usage_error (command, "--exit-from %s: it is not among the hosts", options->exit_from);
	return 0;
}

int many_confirm (const struct many_options *options, const struct many_hosts *hosts)
{
	if (options->yes || options->expect || options->any)
		return 0;
	return confirm_hosts (hosts->hosts, &hosts->targets, hosts->targets.n, CONFIRM_REFUSE);
}

void many_hosts_free (struct many_hosts *hosts)
{
	hosts->targets.n = hosts->all;
	if (hosts->targets.targets != &hosts->one)
		host_targets_free (&hosts->targets);
	host_list_free (&hosts->list);
	hosts_free (hosts->hosts);
	hosts->hosts = NULL;
}

/* --- options ----------------------------------------------------------------------------------------------------- */

bool many_is_one (const struct many_options *options, const struct many_hosts *hosts)
{
	return hosts->targets.n == 1 && !options->labels && !options->fold && !options->merged && !options->by_line &&
	       !options->diff && !options->similar && !options->outdir;
}

int many_check (const struct subcommand *command, const struct many_options *options, int format)
{
	bool folds = options->fold || options->merged || options->diff || options->similar;
	struct brake brake = { .n = 0 };
	struct err err;

	if (options->max_fail && brake_parse_max_fail (&brake, options->max_fail, &err) < 0)
		return usage_error (command, "%s", err.text);
	if (format && (folds || options->by_line || options->live || options->labels || options->no_labels))
		return usage_error (command, "--json and --jsonl print JSON and nothing else: they do not go with -b, "
					     "-B, -L, -N, --diff, --similar, --live and --labels");
	if (options->labels && options->no_labels)
		return usage_error (command, "--labels and --no-labels (-N) exclude each other");
	if (options->diff && (options->by_line || options->similar))
		return usage_error (command, "--diff does not go with %s", options->by_line ? "-L" : "--similar");
	if (options->similar && options->by_line)
		return usage_error (command, "--similar does not go with -L");
	if (options->live && !folds && !options->by_line)
		return usage_error (
			command, "--live goes with -b, -B, -L, --diff or --similar; lines come as they are anyway");
	return 0;
}

/* --- the fan-out ------------------------------------------------------------------------------------------------- */

static bool gathers (const struct many *many)
{
	const struct many_options *options = many->options;

	return many->format || options->fold || options->merged || options->by_line || options->diff ||
	       options->similar;
}

static void add_view (struct many *many, struct view *view)
{
	many->fanout.views[many->fanout.n_views++] = view;
}

/* The member "result" of an object in JSON. */
static void add_result (json_t *object, const struct member *member)
{
	const struct buf *bytes = &member->call.result_bytes;
	char why[256];
	json_t *result = buf_len (bytes) ? json_parse (bytes, why, sizeof why) : NULL;

	json_object_set_new (object, "result", result ? result : json_null ());
	if (!result && buf_len (bytes))
		json_object_set_new (object, "result_bytes", json_bytes (bytes));
}

static int open_views (struct many *many, size_t n)
{
	const struct many_options *options = many->options;
	struct err err;

	if (options->outdir) {
		if (outdir_open (&many->outdir, options->outdir, n, &err) < 0) {
			complain (NULL, "%s", err.text);
			return -1;
		}
		add_view (many, &many->outdir.view);
	}
	if (gathers (many)) {
		if (gather_open (&many->gather, &many->spool, n) < 0) {
			complain (NULL, "out of memory");
			return -1;
		}
		add_view (many, &many->gather.view);
		report_init (&many->report, &many->gather, many->fanout.render ? add_result : NULL);
	}
	if (many->format == FORMAT_JSON_LINE)
		add_view (many, &many->report.view);
	if (!many->own && (!gathers (many) || options->live)) {
		if (labels_open (&many->labels, n, options->no_labels) < 0) {
			complain (NULL, "out of memory");
			return -1;
		}
		add_view (many, &many->labels.view);
	}
	return 0;
}

static bool is_failed (const struct member *member)
{
	return !member->call.skipped && !member_succeeded (member);
}

/* The sets that the next command knows as @last.NAME. */
static void save (const struct many *many, const struct coalesced *coalesced)
{
	struct last last = { .n = 0 };

	last_add (&last, "ok", coalesce_names (&many->fanout, member_succeeded));
	last_add (&last, "failed", coalesce_names (&many->fanout, is_failed));
	for (size_t i = 0; many->fanout.n > 1 && coalesced->gather && i < coalesced->n && i < LAST_GROUPS; i++) {
		char name[24];

		snprintf (name, sizeof name, "%zu", i + 1);
		last_add (&last, name, coalesce_group_names (&coalesced->groups[i]));
	}
	last_save (&last);
}

/* Print the gathered output, and report how the hosts ended. 0, or -1 (already reported). */
static int print_end (struct many *many)
{
	const struct many_options *options = many->options;
	enum coalesce_style style = options->diff ? COALESCE_DIFF : options->by_line ? COALESCE_LINES : COALESCE_BLOCKS;
	bool by_host = options->by_line && !options->fold && !options->merged;
	const struct gather *gather = gathers (many) && !many->format ? &many->gather : NULL;
	struct coalesced coalesced;
	int result = coalesce_make (&coalesced, &many->fanout, gather, options->similar);

	if (result == 0 && by_host)
		result = coalesce_print_hosts (&coalesced);
	else if (result == 0 && gather)
		result = coalesce_print (&coalesced, style, options->merged);
	if (result < 0)
		complain (NULL, "the output cannot be printed: %s", strerror (errno));
	fflush (stdout);
	if (result == 0 && !many->quiet && !many->format)
		coalesce_print_summary (&coalesced, many->own || many->fanout.reports);
	if (result == 0 && !many->jobs)
		save (many, &coalesced);
	coalesce_free (&coalesced);
	return result;
}

static int status_of (const struct many *many)
{
	for (size_t i = 0; many->options->exit_from && i < many->fanout.n; i++)
		if (!strcmp (many->fanout.members[i].target->label, many->options->exit_from))
			return member_status (&many->fanout.members[i]);
	return fanout_status (&many->fanout);
}

static void close_all (struct many *many)
{
	fanout_close (&many->fanout);
	labels_close (&many->labels);
	gather_close (&many->gather);
	if (many->options->outdir)
		outdir_close (&many->outdir);
	spool_free (&many->spool);
}

int many_run (struct many *many, const struct many_hosts *hosts)
{
	const struct many_options *options = many->options;
	struct fanout *fanout = &many->fanout;
	int status = STATUS_REMEX;

	spool_init (&many->spool, MANY_SPOOL);
	fanout->targets = &hosts->targets;
	fanout->spool = &many->spool;
	fanout->window = options->window ? (size_t)options->window : MANY_WINDOW;
	fanout->connect_timeout = options->connect_timeout;
	fanout->brake = (struct brake){ .ramp = options->ramp,
		.fail_fast = options->fail_fast,
		.any = options->any,
		.rolling = (size_t)options->rolling };
	if (options->max_fail)
		brake_parse_max_fail (&fanout->brake, options->max_fail, NULL);
	progress_init (&fanout->progress, !options->no_status && !many->quiet && !many->no_status);
	fanout->renders = !many->format;
	fanout->reports = !many->own && !many->quiet && !many->format && (!gathers (many) || options->live);
	if (open_views (many, hosts->targets.n) == 0 && fanout_open (fanout) == 0) {
		int result = fanout_run (fanout);

		console_release_signals (); /* printing may block from here on, and may be interrupted */
		status = result < 0 ? STATUS_REMEX : status_of (many);
		if (fanout->broken != EPIPE) {
			if (many->format == FORMAT_JSON && report_print (&many->report, fanout) < 0)
				status = STATUS_REMEX;
			if (print_end (many) < 0)
				status = STATUS_REMEX;
			status = finish (status);
		}
	}
	close_all (many);
	return status;
}
