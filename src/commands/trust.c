/* remex trust - pin the key of a host, or forget it (remex(1)). */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/trusted.h"
#include "cli/say.h"
#include "cli/drive.h"
#include "cli/ask.h"
#include "commands/commands.h"
#include "net/certificate.h"
#include "net/key.h"

enum { WORD = 512, PIN_MAX = 64 * 1024 };

static int forget (const char *where)
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
		complain (where, "it was not trusted");
	else
		printf ("%s is no longer trusted\n", safe (where));
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
static int decide (struct remex_host *host, const char *named, const char *why)
{
	const char *where = remex_host_where (host), *print = remex_host_fingerprint (host);
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

static int trust (const char *where, const char *named)
{
	struct probe probe = { .task.ops = &probe_ops };
	struct remex_error error;
	struct remex_host *host;
	struct drive drive;
	int status = STATUS_REMEX;

	if (drive_open (&drive) == 0) {
		if (!(host = remex_probe (drive.remex, where, &error))) {
			complain (NULL, "%s", error.text);
		} else {
			drive_add (&drive, &probe.task, host);
			if (drive_run (&drive) < 0)
				;
			else if (!probe.closed)
				status = STATUS_CANCELLED;
			else if (!*remex_host_fingerprint (host))
				complain (where, "%s", probe.why);
			else
				status = decide (host, named, probe.why);
		}
	}
	drive_close (&drive);
	return status;
}

/* --- what is trusted --------------------------------------------------------------------------------------------- */

static int is_pin (const struct dirent *entry)
{
	size_t n = strlen (entry->d_name);

	return n > 4 && *entry->d_name != '.' && !strcmp (entry->d_name + n - 4, ".pem");
}

/* `hosts` is open as `at`. */
static void show_pin (int at, const char *hosts, const char *name, int width)
{
	char print[KEY_PRINT_SIZE], where[NAME_MAX + 1];
	char *pem = NULL;
	struct err err = { .text = "no memory" };
	struct key key;
	size_t n;
	int fd;

	snprintf (where, sizeof where, "%.*s", (int)strlen (name) - 4, name);
	if ((fd = trusted_open_at (at, hosts, name, TRUSTED_FILE, &err)) >= 0 &&
		(pem = fd_read_all (fd, PIN_MAX, &n, &err)) && certificate_key (pem, n, &key, &err) == 0)
		printf ("%-*s  %s\n", width, safe (where), key_print (&key, print));
	else
		printf ("%-*s  not trusted: %s\n", width, safe (where), safe (err.text));
	fd_close (&fd);
	free (pem);
}

static int show_pins (const char *hosts)
{
	struct err err = { 0 };
	struct dirent **entries = NULL;
	int at = trusted_open (hosts, TRUSTED_DIRECTORY, &err), n = 0, width = 0;

	if (at >= 0 && (n = scandirat (at, ".", &entries, is_pin, alphasort)) < 0)
		err_sys (&err, 0, "%.300s", hosts);
	if (err.sys && err.sys != ENOENT)
		complain (NULL, "%s", err.text);
	else if (n == 0)
		printf ("No host is trusted; remex trust HOST trusts one.\n");
	for (int i = 0; i < n; i++)
		if ((int)strlen (entries[i]->d_name) - 4 > width)
			width = (int)strlen (entries[i]->d_name) - 4;
	for (int i = 0; i < n; i++) {
		show_pin (at, hosts, entries[i]->d_name, width);
		free (entries[i]);
	}
	free (entries);
	fd_close (&at);
	return err.sys && err.sys != ENOENT ? STATUS_REMEX : 0;
}

static int list (void)
{
	struct remex *remex = drive_new_remex ();
	struct remex_error error = { .text = "no memory" };
	const char *directory = remex ? remex_directory (remex, &error) : NULL;
	int status = STATUS_REMEX;
	char *hosts = NULL;

	if (remex && (!directory || asprintf (&hosts, "%s/hosts", directory) < 0))
		complain (NULL, "%s", error.text);
	else if (remex)
		status = show_pins (hosts);
	free (hosts);
	remex_free (remex);
	return finish (status);
}

struct trust_settings {
	bool remove;
};

static const struct option trust_options[] = {
	{ "remove", 0, OPTION_FLAG, offsetof (struct trust_settings, remove), NULL, "trust it no longer", 0 },
	OPTION_ROW_HELP,
	{ 0 },
};

static int run_trust (const struct subcommand *command, struct command_line *line)
{
	const struct trust_settings *settings = line->values;

	if (!settings->remove)
		return line->n_words ? trust (line->words[0], line->words[1]) : list ();
	if (!line->n_words)
		return usage_error (command, "missing host");
	if (line->n_words > 1)
		return usage_unexpected (command, line->words[1]);
	return forget (line->words[0]);
}

const struct subcommand cmd_trust = { "trust", "[HOST [FINGERPRINT]]",
	"Trust the key of a host, or list the trusted hosts", trust_options, WORDS_MIXED, 2,
	sizeof (struct trust_settings), run_trust };
