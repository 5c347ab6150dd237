/* remex trust - pin the key of a host, or forget it (remex(1)). */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/trusted.h"
#include "cli/ask.h"
#include "cli/descriptor.h"
#include "cli/drive.h"
#include "cli/many.h"
#include "cli/pins.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "hosts/fold.h"
#include "net/key.h"

enum { WORD = 512 };

static int forget (const char *label, const char *where)
{
	struct remex *remex = drive_new_remex ();
	struct remex_error error;
	int removed;

	if (!remex)
		return STATUS_REMEX;
	removed = remex_forget (remex, where, &error);
	remex_free (remex);
	if (removed < 0)
		complain (NULL, "%s", error.text);
	else if (!removed)
		complain (label, "it was not trusted");
	else
		printf ("%s is no longer trusted\n", safe (label));
	return finish (removed > 0 ? 0 : STATUS_REMEX);
}

/* A host that only shows its key. */
struct probe {
	struct task task;
	bool closed; /* the host has ended; `why` has the reason */
	bool interrupted;
	char why[512];
};

static void on_event (struct task *task, const struct remex_event *event)
{
	struct probe *probe = list_entry (task, struct probe, task);

	if (event->type != REMEX_CLOSED)
		return;
	snprintf (probe->why, sizeof probe->why, "%s", event->message);
	probe->closed = true;
}

static void on_signal (struct task *task, int signo)
{
	(void)signo;
	list_entry (task, struct probe, task)->interrupted = true;
}

static bool is_over (const struct task *task)
{
	const struct probe *probe = list_entry (task, struct probe, task);

	return probe->closed || probe->interrupted;
}

static const struct task_ops probe_ops = { .event = on_event, .signal = on_signal, .over = is_over };

/* The host has shown its key. The exit status. */
static int decide (struct remex_host *host, const char *where, const char *named, const char *why)
{
	const char *print = remex_host_fingerprint (host);
	char word[WORD];

	if (!strcmp (remex_host_code (host), "untrusted") && *remex_host_pin (host)) {
		complain (where, "%s", why); /* a changed key: no answer of the user can make it trusted */
		return STATUS_REMEX;
	}
	if (named && !ask_is_fingerprint (host, named)) {
		complain (where, "it shows another key: %s, not %s; nothing is trusted", print, named);
		return STATUS_REMEX;
	}
	if (!strcmp (remex_host_code (host), "trusted")) {
		printf ("%s is trusted already: %s\n", safe (where), print);
		return finish (0);
	}
	if (!named && !ask_possible (host)) {
		complain (where, "its key is %s; where there is no terminal to ask, name it: remex trust %s %s", print,
			text_quote (word, sizeof word, where), print);
		return STATUS_REMEX;
	}
	if (named ? ask_pin (host) < 0 : !ask_trust (host)) {
		complain (where, "nothing is trusted");
		return STATUS_REMEX;
	}
	printf ("%s is trusted: %s\n", safe (where), print);
	return finish (0);
}

static int trust (const struct host_target *target, const char *named)
{
	const struct remex_route route = { .proxy = target->proxy };
	const char *label = target->label;
	struct probe probe = { .task.ops = &probe_ops };
	struct remex_error error;
	struct remex_host *host;
	struct drive drive;
	int status = STATUS_REMEX;

	if (drive_open (&drive) == 0) {
		if (!(host = remex_probe_by (drive.remex, target->where, &route, &error))) {
			complain (NULL, "%s", error.text);
		} else {
			drive_add (&drive, &probe.task, host);
			if (drive_run (&drive) < 0)
				;
			else if (!probe.closed)
				status = STATUS_CANCELLED;
			else if (!*remex_host_fingerprint (host))
				complain (label, "%s", probe.why);
			else
				status = decide (host, label, named, probe.why);
		}
	}
	drive_close (&drive);
	return status;
}

/* --- what is trusted --------------------------------------------------------------------------------------------- */

static void print_pins (const struct pins *pins)
{
	char print[KEY_PRINT_SIZE];
	int width = 0;

	if (!pins->n)
		printf ("No host is trusted; remex trust HOST trusts one.\n");
	for (size_t i = 0; i < pins->n; i++)
		if ((int)strlen (pins->all[i].name) > width)
			width = (int)strlen (pins->all[i].name);
	for (size_t i = 0; i < pins->n; i++) {
		const struct pin *pin = &pins->all[i];

		if (pin->why)
			printf ("%-*s  not trusted: %s\n", width, safe (pin->name), safe (pin->why));
		else
			printf ("%-*s  %s\n", width, safe (pin->name), key_print (&pin->key, print));
	}
}

static int list (void)
{
	struct remex *remex = drive_new_remex ();
	struct pins pins = { .n = 0 };
	int status = STATUS_REMEX;
	struct err err;

	if (remex && pins_read (&pins, remex, &err) < 0) {
		complain (NULL, "%s", err.text);
	} else if (remex) {
		print_pins (&pins);
		status = 0;
	}
	pins_free (&pins);
	remex_free (remex);
	return finish (status);
}

/* --- a verified list --------------------------------------------------------------------------------------------- */

enum { LIST_MAX = 64 * 1024 * 1024, PROBES = 64 };

/* The lines "HOST FINGERPRINT" of a file. */
struct pin_list {
	char *text; /* the file; names and fingerprints point into it */
	struct pin_line {
		const char *name, *print;
		size_t number;
	} * lines;
	size_t n;
};

static void pin_list_free (struct pin_list *list)
{
	free (list->text);
	free (list->lines);
}

static int by_host (const void *a, const void *b)
{
	const struct pin_line *one = a, *other = b;
	int order = strcmp (one->name, other->name);

	return order ? order : one->number < other->number ? -1 : 1;
}

static const struct pin_line *find_line (const struct pin_list *list, const char *name)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp (list->lines[middle].name, name);

		if (!order)
			return &list->lines[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Does it look like a fingerprint: "SHA256:" and 43 characters of base64? */
static bool is_fingerprint (const char *text)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return !strncmp (text, "SHA256:", 7) && strspn (text + 7, base64) == 43 && !text[7 + 43];
}

/* One line without its newline. 0, or -1 and err. */
static int read_line (struct pin_list *list, char *line, size_t number, struct err *err)
{
	char *rest = NULL, *name = strtok_r (line, " \t\r", &rest),
	     *print = name ? strtok_r (NULL, " \t\r", &rest) : NULL;

	if (!name || *name == '#')
		return 0;
	if (!print || !is_fingerprint (print))
		return err_set (err, 0, "line %zu is not 'HOST SHA256:...', a host and its fingerprint", number);
	list->lines[list->n++] = (struct pin_line){ name, print, number };
	return 0;
}

/* What is in the file. It decides whom we trust, so it has to be one that nobody else could have written. "-" and the
 * paths of our own descriptors are what the caller has opened. NULL and err; the caller frees. */
static char *read_text (const char *path, size_t *n, struct err *err)
{
	int fd = STDIN_FILENO, known = strcmp (path, "-") != 0 ? descriptor_of (path, &fd) : 1;
	char *absolute, *text;

	if (known > 0) {
		if (!(text = fd_read_all (fd, LIST_MAX, n, err))) {
			errno = err->sys ? err->sys : EFBIG;
			err_sys (err, 0, "cannot read %.300s", path);
		}
		return text;
	}
	if (known < 0 || !(absolute = paths_absolute (path))) {
		err_sys (err, 0, "cannot read %.300s", path);
		return NULL;
	}
	text = trusted_read (absolute, LIST_MAX, n, err);
	free (absolute);
	return text;
}

/* Read the file ("-": stdin). 0, or -1 and err. */
static int pin_list_read (struct pin_list *list, const char *path, struct err *err)
{
	size_t n = 0, number = 0, lines = 1;
	char *line, *newline;

	*list = (struct pin_list){ .n = 0 };
	if (!(list->text = read_text (path, &n, err)))
		return -1;
	for (size_t i = 0; i < n; i++)
		lines += list->text[i] == '\n';
	if (!(list->lines = calloc (lines, sizeof *list->lines)))
		return err_set (err, 0, "out of memory");
	for (line = list->text; line; line = newline ? newline + 1 : NULL) {
		if ((newline = strchr (line, '\n')))
			*newline = '\0';
		if (read_line (list, line, ++number, err) < 0)
			return -1;
	}
	qsort (list->lines, list->n, sizeof *list->lines, by_host);
	for (size_t i = 1; i < list->n; i++)
		if (!strcmp (list->lines[i - 1].name, list->lines[i].name) &&
			strcmp (list->lines[i - 1].print, list->lines[i].print) != 0)
			return err_set (err, 0, "lines %zu and %zu name different keys of one host",
				list->lines[i - 1].number, list->lines[i].number);
	return list->n ? 0 : err_set (err, 0, "there is no host in it");
}

/* A host of the list whose key is fetched, in its turn. */
struct listed_probe {
	struct probe probe;
	const struct host_target *target;
	const struct pin_line *line;
	struct drive *drive;
	struct remex_host *host;
	bool started, trusted;
};

static struct listed_probe *listed_of (const struct task *task)
{
	return list_entry (task, struct listed_probe, probe.task);
}

static void listed_start (struct task *task, struct drive *drive)
{
	struct listed_probe *one = listed_of (task);
	const struct remex_route route = { .proxy = one->target->proxy };
	struct remex_error error;

	one->started = true;
	if (!one->line) {
		complain (one->target->label, "it is not in the list of keys");
		one->probe.closed = true;
	} else if (!(one->host = remex_probe_by (drive->remex, one->target->where, &route, &error))) {
		complain (one->target->label, "%s", error.text);
		one->probe.closed = true;
	} else {
		drive_watch (task, one->host);
	}
}

static void listed_ended (struct task *task)
{
	struct listed_probe *one = listed_of (task);

	if (one->host && one->probe.closed && !*remex_host_fingerprint (one->host))
		complain (one->target->label, "%s", one->probe.why);
	else if (one->host && one->probe.closed)
		one->trusted = decide (one->host, one->target->label, one->line->print, one->probe.why) == 0;
	remex_close (one->host);
	one->host = NULL;
}

static const struct task_ops listed_ops = {
	.start = listed_start, .ended = listed_ended, .event = on_event, .signal = on_signal, .over = is_over
};

/* Print how many hosts are trusted, and the names of the others, for a next command. */
static void print_trusted (const struct listed_probe *all, size_t n)
{
	const char **left = calloc (n + 1, sizeof *left);
	size_t n_left = 0;
	char *names;

	for (size_t i = 0; left && i < n; i++)
		if (!all[i].trusted)
			left[n_left++] = all[i].target->label;
	names = left ? fold_names (left, n_left) : NULL;
	if (names && n_left)
		remark ("remex: %zu of %zu hosts %s trusted; not trusted: %s\n", n - n_left, n,
			n - n_left == 1 ? "is" : "are", names);
	else if (names && n > 1)
		remark ("remex: %zu of %zu hosts are trusted\n", n, n);
	free (names);
	free (left);
}

/* Fetch the keys of all targets, and pin those that the list confirms. The exit status. */
static int trust_targets (const struct host_targets *targets, const struct pin_list *list)
{
	struct listed_probe *all = calloc (targets->n + 1, sizeof *all);
	size_t trusted = 0, started = 0;
	struct drive drive;
	int result = -1;

	if (!all) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	if (drive_open (&drive) == 0) {
		drive_set_window (&drive, targets->n < PROBES ? targets->n : PROBES);
		for (size_t i = 0; i < targets->n; i++) {
			all[i].probe.task.ops = &listed_ops;
			all[i].target = &targets->targets[i];
			all[i].line = find_line (list, targets->targets[i].label);
			drive_queue (&drive, &all[i].probe.task);
		}
		result = drive_run (&drive);
	}
	for (size_t i = 0; i < targets->n; i++) {
		trusted += all[i].trusted;
		started += all[i].started && all[i].probe.closed;
	}
	drive_close (&drive);
	print_trusted (all, targets->n);
	free (all);
	return finish (result < 0              ? STATUS_REMEX
		       : started < targets->n  ? STATUS_CANCELLED
		       : trusted == targets->n ? 0
					       : STATUS_UNREACHABLE);
}

/* Trust the hosts of an expression (NULL: those of the file) by the fingerprints of the file. The exit status. */
static int trust_list (
	const struct subcommand *command, const char *words, const char *path, const struct many_options *options)
{
	struct many_hosts hosts = { .all = 0 };
	struct host_list names = { .n = 0 };
	struct pin_list list;
	struct err err;
	char *all = NULL;
	int status = STATUS_REMEX;

	if (pin_list_read (&list, path, &err) < 0) {
		if (list.text)
			complain (NULL, "%s: %s", path, err.text);
		else
			complain (NULL, "%s", err.text); /* it names the file */
	} else {
		for (size_t i = 0; !words && i < list.n; i++)
			if (host_list_add (&names, list.lines[i].name) < 0)
				break;
		if (!words && !(all = fold_names (names.names, names.n)))
			complain (NULL, "out of memory");
		else {
			const char *meant = words ? words : all;

			status = many_expand (
				command, options, &(struct option_list){ &meant, 1 }, !strcmp (path, "-"), &hosts);
			if (status == 0)
				status = trust_targets (&hosts.targets, &list);
		}
	}
	many_hosts_free (&hosts);
	host_list_free (&names);
	pin_list_free (&list);
	free (all);
	return status;
}

struct trust_settings {
	bool remove;
	const char *from;
	struct many_options many; /* only `via` and `proxy` */
};

static const struct option trust_options[] = {
	{ "from", 0, OPTION_TEXT, offsetof (struct trust_settings, from), "FILE",
		"trust many hosts by the lines 'HOST FINGERPRINT' of this file", 0 },
	{ "remove", 0, OPTION_FLAG, offsetof (struct trust_settings, remove), NULL, "trust it no longer", 0 },
	{ "via", 0, OPTION_TEXT, offsetof (struct trust_settings, many.via), "GATEWAY",
		"reach each host from there (ssh://[USER@]GATEWAY[:PORT])", 0 },
	{ "proxy", 0, OPTION_TEXT, offsetof (struct trust_settings, many.proxy), "CMD",
		"reach each host by this command ('ssh -W %h:%p gateway')", 0 },
	OPTION_ROW_HELP,
	{ 0 },
};

/* Trust one host, or forget any number. The exit status. */
static int run_on_hosts (
	const struct subcommand *command, const char *words, const char *named, const struct trust_settings *settings)
{
	bool remove = settings->remove;
	struct many_hosts hosts;
	const struct host_target *target;
	int status = many_expand (command, &settings->many, &(struct option_list){ &words, 1 }, false, &hosts);

	if (status == 0 && !remove && hosts.targets.n > 1)
		status = usage_error (
			command, "%zu hosts: their keys are trusted by a list that you have (--from)", hosts.targets.n);
	for (size_t i = 0; i < hosts.targets.n && (i == 0 ? status == 0 : remove); i++) {
		int one;

		target = &hosts.targets.targets[i];
		one = remove ? forget (target->label, target->where) : trust (target, named);
		status = one > status ? one : status;
	}
	many_hosts_free (&hosts);
	return status;
}

static int run_trust (const struct subcommand *command, struct command_line *line)
{
	const struct trust_settings *settings = line->values;

	if (settings->from && settings->remove)
		return usage_error (command, "--from and --remove exclude each other");
	if ((settings->remove || settings->from) && line->n_words > 1)
		return usage_unexpected (command, line->words[1]);
	if (settings->from)
		return trust_list (command, line->n_words ? line->words[0] : NULL, settings->from, &settings->many);
	if (!line->n_words)
		return settings->remove ? usage_error (command, "missing host") : list ();
	return run_on_hosts (command, line->words[0], line->words[1], settings);
}

const struct subcommand cmd_trust = { "trust", "[HOST [FINGERPRINT]] | [HOSTS] --from FILE",
	"Trust the key of a host, or list the trusted hosts", trust_options, WORDS_MIXED, 2,
	sizeof (struct trust_settings), run_trust };
