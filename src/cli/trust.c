/* remex trust - say which key a host is known by, once and for all: pin it, or forget it (remex(1)). */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/trusted.h"
#include "cli/cli.h"
#include "cli/exchange.h"
#include "cli/signals.h"
#include "cli/trust.h"
#include "net/certificate.h"
#include "net/key.h"

enum { ANSWER = 256, WORD = 512, PIN_MAX = 64 * 1024 };

/* --- asking ------------------------------------------------------------------------------------------------------ */

bool trust_can_ask (const struct remex_host *host)
{
	const char *pin = remex_host_pin (host);

	return pin && !*pin && *remex_host_fingerprint (host) && isatty (STDIN_FILENO) && isatty (STDERR_FILENO);
}

/* A line from the terminal, without its newline; false at its end or when a signal came. */
static bool read_answer (char answer[ANSWER])
{
	struct pollfd fds[] = {
		{ .fd = signals_open (), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	ssize_t n;

	while (poll (fds, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	if (fds[0].revents || (n = read (STDIN_FILENO, answer, ANSWER - 1)) <= 0) {
		fputc ('\n', stderr);
		return false;
	}
	answer[n] = '\0';
	answer[strcspn (answer, "\r\n")] = '\0';
	return true;
}

/* Is that, as it was typed, the fingerprint of the key that the host has shown? */
static bool is_print (const struct remex_host *host, const char *text)
{
	struct key key;

	return key_parse (&key, remex_host_key (host), NULL) == 0 && key_matches (&key, text);
}

static int pin (struct remex_host *host)
{
	struct remex_error error;

	if (remex_host_trust (host, &error) == 0)
		return 0;
	complain (remex_host_where (host), "%s", error.text);
	return -1;
}

bool trust_ask (struct remex_host *host)
{
	char answer[ANSWER];

	fprintf (stderr,
		"%s is not trusted yet. Its key is\n"
		"  %s\n"
		"`remex identities` shows it there. Trust this key from now on (yes, no, or the fingerprint)? ",
		safe (remex_host_where (host)), remex_host_fingerprint (host));
	while (read_answer (answer)) {
		if (!strcmp (answer, "yes") || is_print (host, answer))
			return pin (host) == 0;
		if (!strcmp (answer, "no") || !*answer)
			return false;
		fprintf (stderr, "Please type yes, no, or the fingerprint: ");
	}
	return false;
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int forget (const char *where)
{
	struct remex *remex = remex_new ();
	struct remex_error error = { .text = "no memory" };
	int removed = remex ? remex_forget (remex, where, &error) : -1;

	remex_free (remex);
	if (removed < 0)
		complain (NULL, "%s", error.text);
	else if (!removed)
		complain (where, "it was not trusted");
	else
		printf ("%s is no longer trusted\n", safe (where));
	return finish (removed > 0 ? 0 : STATUS_REMEX);
}

/* Wait for the host's end, which says what there is to know of its key. False when a signal came first. */
static bool wait_end (struct session *session, char *why, size_t size)
{
	struct remex_event event;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = signals_open (), .events = POLLIN },
			{ .fd = remex_fd (session->remex), .events = POLLIN },
		};

		while (remex_next (session->remex, &event, 0) > 0)
			if (event.type == REMEX_CLOSED) {
				snprintf (why, size, "%s", event.message);
				return true;
			}
		if (poll (fds, 2, remex_timeout (session->remex)) > 0 && fds[0].revents)
			return false;
	}
}

/* The host has shown its key. The exit status. */
static int decide (struct remex_host *host, const char *named, const char *why)
{
	const char *where = remex_host_where (host), *print = remex_host_fingerprint (host);
	char word[WORD];

	if (!strcmp (remex_host_code (host), "untrusted") && *remex_host_pin (host)) {
		complain (where, "%s", why); /* a changed key: nothing that is typed here makes it good */
		return STATUS_REMEX;
	}
	if (named && !is_print (host, named)) {
		complain (where, "it shows another key than that: it is %s, not %s; nothing is trusted", print, named);
		return STATUS_REMEX;
	}
	if (!strcmp (remex_host_code (host), "trusted")) {
		printf ("%s is trusted already: %s\n", safe (where), print);
		return finish (0);
	}
	if (!named && !trust_can_ask (host)) {
		complain (where, "its key is %s; where there is no terminal to ask, name it: remex trust %s %s", print,
			text_quote (word, sizeof word, where), print);
		return STATUS_REMEX;
	}
	if (named ? pin (host) < 0 : !trust_ask (host)) {
		complain (where, "nothing is trusted");
		return STATUS_REMEX;
	}
	printf ("%s is trusted: %s\n", safe (where), print);
	return finish (0);
}

static int trust (const char *where, const char *named)
{
	struct session session = { .where = where, .remex = remex_new () };
	struct remex_error error = { .text = "no memory" };
	char why[sizeof error.text];
	int status = STATUS_REMEX;

	if (!session.remex || signals_open () < 0 || !(session.host = remex_probe (session.remex, where, &error)))
		complain (NULL, "%s", error.text);
	else if (!wait_end (&session, why, sizeof why))
		status = STATUS_CANCELLED;
	else if (!*remex_host_fingerprint (session.host))
		complain (where, "%s", why);
	else
		status = decide (session.host, named, why);
	session_close (&session);
	return status;
}

/* --- what is trusted --------------------------------------------------------------------------------------------- */

static int is_pin (const struct dirent *entry)
{
	size_t n = strlen (entry->d_name);

	return n > 4 && *entry->d_name != '.' && !strcmp (entry->d_name + n - 4, ".pem");
}

static void show_pin (const char *directory, const char *name, int width)
{
	char print[KEY_PRINT_SIZE], where[NAME_MAX + 1];
	char *path = NULL, *pem = NULL;
	struct err err = { .text = "no memory" };
	struct key key;
	size_t n;
	int fd = -1;

	snprintf (where, sizeof where, "%.*s", (int)strlen (name) - 4, name);
	if (asprintf (&path, "%s/hosts/%s", directory, name) >= 0 &&
		(fd = trusted_open (path, TRUSTED_FILE, &err)) >= 0 && (pem = fd_read_all (fd, PIN_MAX, &n, &err)) &&
		certificate_key (pem, n, &key, &err) == 0)
		printf ("%-*s  %s\n", width, safe (where), key_print (&key, print));
	else
		printf ("%-*s  not trusted: %s\n", width, safe (where), safe (err.text));
	fd_close (&fd);
	free (pem);
	free (path);
}

static int list (void)
{
	struct remex *remex = remex_new ();
	struct remex_error error = { .text = "no memory" };
	const char *directory = remex ? remex_directory (remex, &error) : NULL;
	struct dirent **entries = NULL;
	int n = -1, width = 0, status = 0;
	char *hosts = NULL;

	if (!directory || asprintf (&hosts, "%s/hosts", directory) < 0) {
		complain (NULL, "%s", error.text);
		status = STATUS_REMEX;
	} else if ((n = scandir (hosts, &entries, is_pin, alphasort)) < 0 && errno != ENOENT) {
		complain (NULL, "%s: %s", hosts, strerror (errno));
		status = STATUS_REMEX;
	} else if (n <= 0) {
		printf ("No host is trusted; remex trust HOST trusts one.\n");
	}
	for (int i = 0; i < n; i++)
		if ((int)strlen (entries[i]->d_name) - 4 > width)
			width = (int)strlen (entries[i]->d_name) - 4;
	for (int i = 0; i < n; i++) {
		show_pin (directory, entries[i]->d_name, width);
		free (entries[i]);
	}
	free (entries);
	free (hosts);
	remex_free (remex);
	return finish (status);
}

static const struct option trust_options[] = {
	{ OPTION_REMOVE, "remove", NULL, "trust it no longer" },
	OPTION_ROW_HELP,
	{ 0 },
};

static int run_trust (const struct command *command, int argc, char **argv)
{
	struct options options;
	bool remove = false;
	int key;

	options_init (&options, command, argc, argv);
	while ((key = options_next (&options)) != 0) {
		if (key < 0)
			return options.status;
		remove = true;
	}
	if (!options.hosts)
		return remove ? options_wrong (&options, "which host?") : list ();
	if (options.n_words > (remove ? 0 : 1))
		return options_wrong (&options, remove ? "--remove takes a host only" : "one host and one fingerprint");
	return remove ? forget (options.hosts) : trust (options.hosts, options.words[0]);
}

const struct command cmd_trust = { "trust", "[HOST [FINGERPRINT]]",
	"Say by which key a host is known, or show which are", trust_options, run_trust, OPTIONS_MIXED };
