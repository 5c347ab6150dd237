/* alone_kill - see alone_kill.h.
 *
 * The scripts are for any sh(1), with the tools of a busybox: its grep takes a file with NULs for shorter than it is, which
 * is tried first. The searching shell has no mark in its environment, and finds itself never.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "ssh/alone_kill.h"
#include "ssh/preamble.h"
#include "wire/codes.h"

enum {
	GIVE_UP_MS = ALONE_HANG_UP_MS + ALONE_GRACE_MS + 10000, /* the second exec does not answer: from its start */
	SCRIPT_MAX = 4096,
};

#define ANSWER "remex-ssh:killed "

struct alone_kill {
	struct ssh_reach *reach;
	struct timer *timer;
	struct preamble preamble;
	char answer[16];
	size_t n_answer;
	alone_killed *killed; /* NULL: alone_signal */
	void *arg;
};

/* Is the process group of the command still that of the command? Then g is its number, else 0. A zombie is none. j is the
 * foreground process group of its terminal, -1 where there is none. */
static const char find_group[] = "group() { g=0; if [ -n \"$s\" ] && read -r x 2>/dev/null </proc/$p/stat; then "
				 "set -- ${x##*)}; [ \"$1\" != Z ] && [ \"${20}\" = \"$s\" ] && g=$p j=$6; fi; }; ";

/* f lists the files of the processes with the mark; l puts their numbers, and the group's, into a. A round of the loops below
 * sleeps w seconds, and is counted as i tenths of a second. */
static const char find_marked[] =
	"w=.1 i=1; sleep .01 2>/dev/null || { w=1 i=10; }; "
	"if env -i A=1 B=x$m $(command -v grep) -q x$m /proc/self/environ 2>/dev/null; then "
	"f() { grep -l REMEX_CALL=$m /proc/[0-9]*/environ; }; "
	"elif [ -r /proc/self/environ ]; then w=1 i=10; "
	"f() { for d in /proc/[0-9]*/environ; do tr '\\000' '\\n' <$d | grep -q REMEX_CALL=$m && echo $d; done; }; "
	"else echo " ANSWER "no; exit; fi; "
	"l() { a=; for d in $(f 2>/dev/null); do d=${d#/proc/}; a=\"$a ${d%/environ}\"; done; group; "
	"[ $g != 0 ] && a=\"$a -$g\"; [ -n \"$a\" ]; }; ";

/* The hang-up of a terminal, which a shell and an editor use to save what they have: they get e tenths of a second for it. */
static const char hang_up_marked[] = "t=0; l && kill -HUP $a 2>/dev/null; kill -CONT $a 2>/dev/null; "
				     "while l && [ $t -lt $e ]; do sleep $w; t=$((t+i)); done; ";

/* r: the grace in tenths of a second. */
static const char kill_marked[] =
	"t=0; l && kill -TERM $a 2>/dev/null; "
	"while l && [ $t -lt $r ]; do sleep $w; t=$((t+i)); done; "
	"t=0; while l && [ $t -lt 50 ]; do kill -KILL $a 2>/dev/null; sleep $w; t=$((t+i)); done; "
	"l; set -- $a; echo " ANSWER "$#";

void alone_kill_free (struct alone_kill *kill)
{
	if (!kill)
		return;
	if (kill->reach)
		ssh_reach_abandon (kill->reach);
	timer_free (&kill->timer);
	free (kill);
}

static void tell (struct alone_kill *kill, int left, const char *why)
{
	alone_killed *killed = kill->killed;
	void *arg = kill->arg;

	alone_kill_free (kill);
	if (killed)
		killed (arg, left, why);
}

static void on_timer (void *arg)
{
	tell (arg, 0, "the search for its processes was not answered in time");
}

static void on_opened (void *arg)
{
	struct alone_kill *kill = arg;

	ssh_channel_send_end (ssh_reach_channel (kill->reach));
}

/* The answer is a number, or a word, behind the marker. */
static void take (struct alone_kill *kill, const uint8_t *bytes, size_t n)
{
	size_t taken = preamble_take (&kill->preamble, bytes, n);

	for (; taken < n && kill->n_answer < sizeof kill->answer - 1; taken++)
		kill->answer[kill->n_answer++] = (char)bytes[taken];
}

static void on_ready (void *arg)
{
	struct alone_kill *kill = arg;
	struct ssh_channel *channel = ssh_reach_channel (kill->reach);
	const uint8_t *bytes;
	size_t n;

	bytes = ssh_channel_output (channel, CHANNEL_STDOUT, &n);
	take (kill, bytes, n);
	ssh_channel_consume (channel, CHANNEL_STDOUT, n);
	ssh_channel_output (channel, CHANNEL_STDERR, &n);
	ssh_channel_consume (channel, CHANNEL_STDERR, n);
}

static void on_failed (void *arg, const struct ssh_exit *how, const struct err *err)
{
	struct alone_kill *kill = arg;
	char why[ERR_TEXT + 80], line[PREAMBLE_LINE];

	kill->reach = NULL;
	if (!how || !how->known) {
		snprintf (why, sizeof why, "its processes cannot be looked for: %s", err->text);
		tell (kill, 0, why);
	} else if (!kill->preamble.passed) {
		preamble_line (&kill->preamble, line, sizeof line);
		snprintf (why, sizeof why, "its processes cannot be looked for: the shell there ended with %d%s%s",
			how->status, *line ? ": " : "", line);
		tell (kill, 0, why);
	} else if (*kill->answer < '0' || *kill->answer > '9') {
		tell (kill, 0, "there is no /proc to look for its processes");
	} else {
		tell (kill, (int)strtol (kill->answer, NULL, 10), NULL);
	}
}

/* Run the script, which is freed. */
static struct alone_kill *run (
	struct alone_call *call, struct buf *script, alone_killed *killed, void *arg, struct err *err)
{
	static const struct ssh_pool_ops ops = { on_opened, on_ready, on_failed };
	struct alone_kill *kill = calloc (1, sizeof *kill);
	struct ssh_channel_target what = { .command = NULL };
	struct buf text;

	buf_init (&text, QUOTE_EXEC_MAX + 1);
	err_set (err, CODE_INTERNAL, "out of memory");
	if (kill && quote_exec (&text, (const char *)buf_head (script), buf_len (script), err) == 0 &&
		buf_append (&text, "", 1) == 0) {
		preamble_init (&kill->preamble, ANSWER);
		kill->killed = killed;
		kill->arg = arg;
		what.command = (const char *)buf_head (&text);
		kill->reach = alone_open (call, &what, &ops, kill, err);
	}
	buf_free (&text);
	buf_free (script);
	if (kill && kill->reach) {
		timer_set (alone_loop (call), &kill->timer, clock_ms () + GIVE_UP_MS, on_timer, kill);
		return kill;
	}
	free (kill);
	return NULL;
}

struct alone_kill *alone_kill_new (
	struct alone_call *call, const struct alone_mark *mark, alone_killed *killed, void *arg, struct err *err)
{
	struct buf script;

	buf_init (&script, SCRIPT_MAX);
	buf_printf (&script, "m=%s p=%ld s=%s e=%d r=%d; %s%s%s%s", mark->mark, mark->pid, mark->start,
		ALONE_HANG_UP_MS / 100, ALONE_GRACE_MS / 100, find_group, find_marked, mark->tty ? hang_up_marked : "",
		kill_marked);
	return run (call, &script, killed, arg, err);
}

struct alone_kill *alone_probe_new (
	struct alone_call *call, const struct alone_mark *mark, alone_killed *killed, void *arg, struct err *err)
{
	struct buf script;

	buf_init (&script, SCRIPT_MAX);
	buf_printf (&script, "p=%ld s=%s; %sgroup; echo " ANSWER "$((g != 0))", mark->pid, mark->start, find_group);
	return run (call, &script, killed, arg, err);
}

struct alone_kill *alone_signal_new (struct alone_call *call, const struct alone_mark *mark, int signo,
	alone_killed *killed, void *arg, struct err *err)
{
	struct buf script;

	if (!mark->pid || !*mark->start) {
		err_set (err, CODE_FAILED, "the process group of the command is not known");
		return NULL;
	}
	buf_init (&script, SCRIPT_MAX);
	if (signo == SIGTSTP && !mark->tty)
		signo = SIGSTOP;
	buf_printf (&script, "p=%ld s=%s; %sgroup; [ $g != 0 ] && [ $j -gt 0 ] && g=$j; [ $g != 0 ] && kill -%s -$g",
		mark->pid, mark->start, find_group, signal_word (signo));
	return run (call, &script, killed, arg, err);
}
