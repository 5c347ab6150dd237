/* remex hosts - what a list of hosts stands for: expanded, folded, counted; and the groups that are known (remex(1)). */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "cli/json.h"
#include "cli/last.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "hosts/hosts.h"

enum form { FORM_LINES, FORM_EXPANDED, FORM_FOLDED, FORM_COUNT };

struct settings {
	int form, format;
	bool all, groups;
	const char *separator;
	struct option_list excluded;
};

#define AT(member) offsetof (struct settings, member)

static const struct option hosts_options[] = {
	{ "expand", 'e', OPTION_CHOICE, AT (form), NULL, "all on one line", FORM_EXPANDED },
	{ "separator", 'S', OPTION_TEXT, AT (separator), "SEP",
		"with this text between them (\\n and \\t are possible)", 0 },
	{ "fold", 'f', OPTION_CHOICE, AT (form), NULL, "folded: web[1-3]", FORM_FOLDED },
	{ "count", 'c', OPTION_CHOICE, AT (form), NULL, "only the number of hosts", FORM_COUNT },
	{ "exclude", 'x', OPTION_LIST, AT (excluded), "HOSTS", "without these", 0 },
	{ "all", 'a', OPTION_FLAG, AT (all), NULL, "all hosts that groups name: @*", 0 },
	{ "list", 'l', OPTION_FLAG, AT (groups), NULL,
		"list groups: all, or those of HOSTS; with -e, -f or -c also their hosts", 0 },
	OPTION_ROW_JSON (struct settings, "print one JSON document, with where each host is"),
	OPTION_ROW_HELP,
	{ 0 },
};

static char *read_stdin (void *context, size_t max, size_t *n, struct err *err)
{
	struct err why;
	char *bytes = fd_read_all (STDIN_FILENO, max, n, &why);

	(void)context;
	if (!bytes)
		err_set (err, 0, "cannot read the hosts on stdin: %.300s", why.text);
	return bytes;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

/* Print the separator, in which \n and \t are a line and a tab. */
static void print_separator (const char *separator)
{
	for (const char *p = separator; *p; p++)
		if (*p == '\\' && (p[1] == 'n' || p[1] == 't'))
			putchar (*++p == 'n' ? '\n' : '\t');
		else
			putchar (*p);
}

static int print_folded (const struct host_list *list)
{
	char *folded = fold_names (list->names, list->n);

	if (!folded) {
		complain (NULL, "out of memory");
		return -1;
	}
	puts (folded);
	free (folded);
	return 0;
}

static int print_names (const struct host_list *list, const struct settings *settings)
{
	const char *usual = settings->form == FORM_LINES ? "\n" : " ";

	if (settings->form == FORM_FOLDED)
		return print_folded (list);
	if (settings->form == FORM_COUNT) {
		printf ("%zu\n", list->n);
		return 0;
	}
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			print_separator (settings->separator ? settings->separator : usual);
		fputs (list->names[i], stdout);
	}
	putchar ('\n');
	return 0;
}

static json_t *target_json (const struct host_target *target)
{
	json_t *json =
		json_pack ("{s:o, s:o}", "host", json_words (target->label), "where", json_words (target->where));

	if (json && target->user)
		json_object_set_new (json, "user", json_words (target->user));
	if (json && target->proxy)
		json_object_set_new (json, "proxy", json_words (target->proxy));
	if (json && target->durable)
		json_object_set_new (json, "durable", json_true ());
	return json;
}

static int print_targets (struct hosts *hosts, const struct host_list *list)
{
	json_t *array = json_array ();
	struct host_targets targets;
	struct err err;

	if (hosts_targets (hosts, list, &targets, &err) < 0) {
		json_decref (array);
		complain (NULL, "%s", err.text);
		return -1;
	}
	for (size_t i = 0; i < targets.n; i++)
		json_array_append_new (array, target_json (&targets.targets[i]));
	host_targets_free (&targets);
	return json_print (json_pack ("{s:o}", "hosts", array), false);
}

/* --- groups ------------------------------------------------------------------------------------------------------ */

struct listing {
	struct hosts *hosts;
	const struct settings *settings;
	const struct host_list *members; /* list only groups with one of these; empty: all groups */
	json_t *array; /* with --json */
	bool failed; /* at a group, which was reported */
};

static bool has_member (const struct listing *listing, const struct host_list *list)
{
	for (size_t i = 0; i < listing->members->n; i++)
		if (host_list_find (list, listing->members->names[i]) < list->n)
			return true;
	return !listing->members->n;
}

static int add_group_json (struct listing *listing, const struct hosts_group *group, const struct host_list *list)
{
	char *folded = fold_names (list->names, list->n);
	json_t *json = json_pack ("{s:s, s:s, s:s, s:I, s:b}", "source", group->source, "name", group->name, "hosts",
		folded ? folded : "", "count", (json_int_t)list->n, "shadowed", group->shadowed);

	free (folded);
	if (json && group->file)
		json_object_set_new (json, "file", json_words (group->file));
	return json_array_append_new (listing->array, json);
}

/* Print one group, as it is to be written on a command line. */
static int print_group (struct listing *listing, const struct hosts_group *group, const struct host_list *list)
{
	if (listing->settings->format)
		return add_group_json (listing, group, list);
	if (group->shadowed)
		printf ("@%s:%s", safe (group->source), safe (group->name));
	else
		printf ("@%s", safe (group->name));
	if (listing->settings->form == FORM_LINES) {
		putchar ('\n');
		return 0;
	}
	putchar (' ');
	return print_names (list, listing->settings);
}

/* A group that has a mistake in it does not hide the others. */
static int list_group (const struct hosts_group *group, void *context)
{
	struct listing *listing = context;
	struct host_list list = { .n = 0 };
	struct err err;
	int result = 0;

	if (hosts_expand_group (listing->hosts, group, &list, &err) < 0) {
		complain (NULL, "%s", err.text);
		listing->failed = true;
	} else if (has_member (listing, &list)) {
		result = print_group (listing, group, &list);
	}
	host_list_free (&list);
	return result;
}

static int print_groups (struct hosts *hosts, const struct settings *settings, const struct host_list *members)
{
	struct listing listing = { .hosts = hosts, .settings = settings, .members = members };
	struct err err = { .text = "" };
	int result;

	listing.array = settings->format ? json_array () : NULL;
	result = hosts_each_group (hosts, list_group, &listing, &err);
	if (*err.text)
		complain (NULL, "%s", err.text);
	if (settings->format && json_print (json_pack ("{s:o}", "groups", listing.array), false) < 0)
		result = -1;
	return result < 0 || listing.failed ? -1 : 0;
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int run (struct hosts *hosts, const struct settings *settings, const struct hosts_query *query)
{
	struct host_list list = { .n = 0 };
	int result = 0;
	struct err err;

	if ((!settings->groups || query->n_words || query->all) && hosts_expand (hosts, query, &list, &err) < 0) {
		complain (NULL, "%s", err.text);
		return -1;
	}
	if (settings->groups)
		result = print_groups (hosts, settings, &list);
	else if (settings->format)
		result = print_targets (hosts, &list);
	else
		result = print_names (&list, settings);
	host_list_free (&list);
	return result;
}

static int run_hosts (const struct subcommand *command, struct command_line *line)
{
	struct settings *settings = line->values;
	const struct hosts_options options = { .read_stdin = read_stdin };
	const struct hosts_query query = {
		.words = (const char *const *)line->words,
		.n_words = (size_t)line->n_words,
		.excluded = settings->excluded.words,
		.n_excluded = settings->excluded.n,
		.all = settings->all,
		.wcoll = true,
	};
	struct hosts *hosts;
	struct err err;
	int result;

	if (settings->separator && (settings->form == FORM_FOLDED || settings->form == FORM_COUNT))
		return usage_error (command, "-S is for expanded hosts, and not for -f and -c");
	if (!(hosts = hosts_open (&options, &err))) {
		complain (NULL, "%s", err.text);
		return STATUS_REMEX;
	}
	if ((last_is_meant (query.words, query.n_words) || last_is_meant (query.excluded, query.n_excluded)) &&
		last_define (hosts, &err) < 0) {
		complain (NULL, "%s", err.text);
		result = -1;
	} else {
		result = run (hosts, settings, &query);
	}
	hosts_free (hosts);
	return finish (result < 0 ? STATUS_REMEX : 0);
}

const struct subcommand cmd_hosts = { "hosts", "[HOSTS...]", "Show which hosts a list stands for, and the groups",
	hosts_options, WORDS_MIXED, -1, sizeof (struct settings), run_hosts };
