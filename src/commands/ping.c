/* remex ping - test whether a remexd answers, and how fast: round trips of {"ping":n} (remex(1)). */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/conversation.h"
#include "cli/json.h"
#include "cli/many.h"
#include "cli/say.h"
#include "commands/commands.h"

enum { ANSWER_MS = 5000, MOST = 1000000 };

/* A ping goes GREETING -> AWAITING <-> PAUSING -> OVER: it waits for hello, for an answer, for the time of the next
 * ping. */
struct ping {
	struct task task;
	struct conversation conversation;
	enum { GREETING, AWAITING, PAUSING, OVER } state;
	int64_t until_ms; /* when AWAITING or PAUSING ends */
	int64_t start_ns; /* when the ping that is AWAITING was sent */
	long count;
	double interval;
	int format;
	long sent, answered;
	double least, most, sum; /* milliseconds */
	json_t *times;
	struct many_options many;
	bool quiet; /* one of many hosts: only its sum is printed */
	bool good, begun; /* of many hosts */
	json_t *object; /* of many hosts, with --json: once it is over */
	char why[512]; /* the reason why the connection is gone */
};

static struct ping *ping_of (const struct task *task)
{
	return list_entry (task, struct ping, task);
}

static void send_one (struct ping *ping)
{
	ping->start_ns = clock_ns ();
	ping->until_ms = clock_ms () + ANSWER_MS;
	ping->state = remex_ping (ping->conversation.host) < 0 ? OVER : AWAITING;
	ping->sent += ping->state == AWAITING;
}

static void on_answer (struct ping *ping)
{
	double ms = (double)(clock_ns () - ping->start_ns) / 1e6;

	if (!ping->answered || ms < ping->least)
		ping->least = ms;
	if (ms > ping->most)
		ping->most = ms;
	ping->sum += ms;
	ping->answered++;
	if (ping->format)
		json_array_append_new (ping->times, json_real (ms));
	else if (!ping->quiet)
		printf ("%s: seq=%ld time=%.3f ms\n", safe (ping->conversation.where), ping->sent, ms);
	fflush (stdout);
	ping->state = ping->sent < ping->count ? PAUSING : OVER;
	ping->until_ms = clock_ms () + (int64_t)(ping->interval * 1000);
}

static void on_event (struct task *task, const struct remex_event *event)
{
	struct ping *ping = ping_of (task);

	if (event->type == REMEX_CLOSED) {
		snprintf (ping->why, sizeof ping->why, "%s", event->message);
		ping->state = OVER;
	} else if (event->type == REMEX_READY) {
		send_one (ping);
	} else if (event->type == REMEX_DATA && ping->state == AWAITING) {
		on_answer (ping);
	}
}

static void on_signal (struct task *task, int signo)
{
	(void)signo;
	ping_of (task)->state = OVER;
}

static bool on_work (struct task *task)
{
	struct ping *ping = ping_of (task);

	if (ping->state == GREETING || clock_ms () < ping->until_ms)
		return false; /* libremex itself gives up on a host that sends no hello */
	if (ping->state == PAUSING) {
		send_one (ping);
		return true; /* the ping must be written now */
	}
	if (!ping->format && !ping->quiet)
		printf ("%s: seq=%ld no answer\n", safe (ping->conversation.where), ping->sent);
	ping->state = OVER;
	return false;
}

static void on_wait (struct task *task, struct wait *wait)
{
	const struct ping *ping = ping_of (task);

	if (ping->state != GREETING)
		wait_ms (wait, clock_until (ping->until_ms));
}

static bool is_over (const struct task *task)
{
	return ping_of (task)->state == OVER;
}

static const struct task_ops ping_ops = {
	.event = on_event, .signal = on_signal, .work = on_work, .wait = on_wait, .over = is_over
};

static bool is_good (const struct ping *ping)
{
	return ping->answered > 0 && ping->answered == ping->sent && !*ping->why;
}

static json_t *as_json (const struct ping *ping)
{
	const struct remex_host *host = ping->conversation.host;
	json_t *error = *ping->why ? json_pack ("{so}", "message", json_words (ping->why)) : json_null ();

	return json_pack ("{so ss ss ss sI sI sO so}", "host", json_words (ping->conversation.where), "name",
		host ? remex_host_name (host) : "", "version", host ? remex_host_version (host) : "", "you",
		host ? remex_host_you (host) : "", "sent", (json_int_t)ping->sent, "answered",
		(json_int_t)ping->answered, "ms", ping->times, "error", error);
}

static void print_sum (const struct ping *ping)
{
	const struct remex_host *host = ping->conversation.host;

	if (*ping->why)
		complain (ping->conversation.where, "%s", ping->why);
	if (ping->answered)
		printf ("%s: %s%s on %s, you are %s; %ld of %ld answered, %.3f/%.3f/%.3f ms (least, mean, most)\n",
			safe (ping->conversation.where), *remex_host_via (host) ? "an sshd alone" : "remexd ",
			*remex_host_via (host) ? "" : safe (remex_host_version (host)), safe (remex_host_name (host)),
			safe (remex_host_you (host)), ping->answered, ping->sent, ping->least,
			ping->sum / (double)ping->answered, ping->most);
}

/* The exit status. */
static int report (const struct ping *ping)
{
	console_release_signals (); /* printing may block from here on */
	if (ping->format)
		json_print (as_json (ping), false);
	else
		print_sum (ping);
	return finish (is_good (ping) ? 0 : STATUS_REMEX);
}

static int ping_host (struct ping *ping, const struct host_target *target)
{
	int status, result;

	if (conversation_open_to (&ping->conversation, target, ping->many.connect_timeout) < 0)
		return STATUS_REMEX;
	ping->task.ops = &ping_ops;
	ping->times = json_array ();
	do {
		ping->state = GREETING;
		*ping->why = '\0';
		drive_add (&ping->conversation.drive, &ping->task, ping->conversation.host);
		result = drive_run (&ping->conversation.drive);
	} while (result == 0 && !strcmp (remex_host_code (ping->conversation.host), "untrusted") &&
		 conversation_trust (&ping->conversation));
	status = result == 0 && ping->conversation.host ? report (ping) : STATUS_REMEX;
	json_decref (ping->times);
	conversation_close (&ping->conversation);
	return status;
}

/* --- many hosts -------------------------------------------------------------------------------------------------- */

static void on_start (struct task *task, struct drive *drive)
{
	struct ping *ping = ping_of (task);
	struct remex_error error;

	ping->begun = true;
	ping->state = GREETING;
	ping->conversation.host = remex_connect_by (drive->remex, ping->conversation.address,
		&(struct remex_route){ .proxy = ping->conversation.proxy }, &error);
	if (ping->conversation.host) {
		drive_watch (task, ping->conversation.host);
		return;
	}
	snprintf (ping->why, sizeof ping->why, "%s", error.text);
	ping->state = OVER;
}

static void on_end (struct task *task)
{
	struct ping *ping = ping_of (task);

	ping->good = ping->begun && is_good (ping);
	if (ping->format)
		ping->object = as_json (ping);
	else if (ping->begun)
		print_sum (ping);
	fflush (stdout);
	remex_close (ping->conversation.host);
	ping->conversation.host = NULL;
}

static const struct task_ops queued_ops = { .start = on_start,
	.ended = on_end,
	.event = on_event,
	.signal = on_signal,
	.work = on_work,
	.wait = on_wait,
	.over = is_over };

static int run_all (struct ping *pings, size_t n, const struct many_options *options)
{
	size_t window = options->window ? (size_t)options->window : MANY_WINDOW;
	struct drive drive;
	int result = -1;

	if (drive_open (&drive) == 0) {
		drive_set_window (&drive, window < n ? window : n);
		if (options->connect_timeout > 0)
			remex_set_connect_timeout (drive.remex, options->connect_timeout);
		for (size_t i = 0; i < n; i++)
			drive_queue (&drive, &pings[i].task);
		result = drive_run (&drive);
	}
	drive_close (&drive);
	return result;
}

/* The exit status. */
static int ping_many (const struct ping *settings, const struct many_hosts *hosts)
{
	size_t n = hosts->targets.n, good = 0, begun = 0;
	struct ping *pings = calloc (n, sizeof *pings);
	json_t *all = json_array ();
	int result;

	if (!pings) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	for (size_t i = 0; i < n; i++) {
		pings[i] = *settings;
		pings[i].task.ops = &queued_ops;
		pings[i].conversation.where = hosts->targets.targets[i].label;
		pings[i].conversation.address = hosts->targets.targets[i].where;
		pings[i].conversation.proxy = hosts->targets.targets[i].proxy;
		pings[i].times = json_array ();
		pings[i].quiet = true;
	}
	result = run_all (pings, n, &settings->many);
	for (size_t i = 0; i < n; i++) {
		good += pings[i].good;
		begun += pings[i].begun;
		json_array_append_new (
			all, pings[i].object); /* none: it was never begun, because the loop has failed */
		json_decref (pings[i].times);
	}
	free (pings);
	if (settings->format)
		json_print (json_incref (all), false);
	else
		remark ("remex: %zu of %zu hosts answered\n", good, n);
	json_decref (all);
	return finish (result < 0 ? STATUS_REMEX : begun < n ? STATUS_CANCELLED : good < n ? STATUS_UNREACHABLE : 0);
}

static const struct option ping_options[] = {
	{ "count", 'c', OPTION_COUNT, offsetof (struct ping, count), "COUNT", "send that many pings (3)", MOST },
	{ "interval", 'i', OPTION_SECONDS, offsetof (struct ping, interval), "SEC", "the pause between two pings (0.2)",
		0 },
	OPTION_ROW_HOSTS ("these hosts, like those of the words; may be repeated"),
	{ "exclude", 'x', OPTION_LIST, offsetof (struct ping, many.excluded), "HOSTS",
		"not these hosts; may be repeated", 0 },
	{ "window", 'f', OPTION_COUNT, offsetof (struct ping, many.window), "COUNT",
		"run on at most this many hosts at once (64)", MANY_WINDOW_MAX },
	{ "connect-timeout", 't', OPTION_SECONDS, offsetof (struct ping, many.connect_timeout), "SEC",
		"try to reach each host for this time (10)", 0 },
	{ "proxy", 0, OPTION_TEXT, offsetof (struct ping, many.proxy), "CMD",
		"reach each host by this command ('ssh -W %h:%p gateway')", 0 },
	OPTION_ROW_JSON (struct ping, "print one JSON document"),
	OPTION_ROW_HELP,
	{ 0 },
};

static int run_ping (const struct subcommand *command, struct command_line *line)
{
	struct ping *ping = line->values;
	struct many_hosts hosts;
	int status;

	if (!ping->count)
		ping->count = 3;
	if (ping->interval == 0)
		ping->interval = 0.2;
	if ((status = many_words (command, line)))
		return status;
	if (!line->firsts.n && !ping->many.proxy)
		return ping_host (ping, &(struct host_target){ .label = "local", .where = "local" });
	if ((status = many_expand (command, &ping->many, many_or_local (&line->firsts), false, &hosts)) == 0)
		status = hosts.targets.n == 1 ? ping_host (ping, hosts.targets.targets) : ping_many (ping, &hosts);
	many_hosts_free (&hosts);
	return status;
}

const struct subcommand cmd_ping = { "ping", "[HOSTS]...", "Measure the round trip to a remexd", ping_options,
	WORDS_MIXED, -1, sizeof (struct ping), run_ping };
