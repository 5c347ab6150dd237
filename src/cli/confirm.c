/* confirm - see confirm.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/confirm.h"
#include "cli/console.h"
#include "cli/say.h"
#include "hosts/fold.h"

enum { ANSWER = 64, SHOWN = 1000 };

/* The hosts, folded; a list that would fill the terminal is cut. */
static void show (const struct host_targets *targets, size_t n)
{
	const char **names = calloc (n + 1, sizeof *names);
	char *folded = NULL;

	for (size_t i = 0; names && i < n; i++)
		names[i] = targets->targets[i].label;
	if (names)
		folded = fold_names (names, n);
	if (folded)
		remark ("%.*s%s\n", SHOWN, folded, strlen (folded) > SHOWN ? " ..." : "");
	free (folded);
	free (names);
}

static int ask (size_t n, long most, const char *file)
{
	char answer[ANSWER], expected[ANSWER];
	bool answered;
	int signo;

	if (console_catch_signals () < 0) {
		complain (NULL, "cannot catch signals: %s", strerror (errno));
		return STATUS_REMEX;
	}
	remark ("These are %zu hosts, more than the %ld of confirm_above (%s).\nTo go on, type their number: ", n, most,
		safe (file));
	answered = console_answer (answer, sizeof answer);
	signo = console_signal ();
	console_release_signals ();
	if (signo)
		return STATUS_CANCELLED;
	snprintf (expected, sizeof expected, "%zu", n);
	if (answered && !strcmp (answer, expected))
		return 0;
	complain (NULL, "nothing was run: the answer was not %zu", n);
	return STATUS_REMEX;
}

int confirm_hosts (
	const struct hosts *hosts, const struct host_targets *targets, size_t n, enum confirm_elsewhere elsewhere)
{
	const char *file = NULL;
	long most = hosts ? hosts_confirm_above (hosts, &file) : 0;

	if (!most || n <= (size_t)most)
		return 0;
	if (console_can_ask ()) {
		show (targets, n);
		return ask (n, most, file);
	}
	if (elsewhere == CONFIRM_RUN)
		return 0;
	complain (NULL,
		"nothing was run: %zu hosts are more than the %ld of confirm_above (%s), and there is no terminal to "
		"ask "
		"at; --expect %zu or --yes confirms them",
		n, most, file, n);
	return STATUS_REMEX;
}
