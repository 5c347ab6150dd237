/* remex ping - is there a remexd, and how far away: round trips of {"ping":n} (remex(1)). */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/exchange.h"
#include "cli/json.h"
#include "cli/signals.h"
#include "cli/trust.h"

enum { ANSWER_MS = 5000, MOST = 1000000 };

struct ping {
	struct session session;
	long count;
	double interval;
	bool as_json;
	long sent, answered;
	double least, most, sum; /* milliseconds */
	json_t *times;
	char why[512]; /* the connection is gone */
};

/* Wait for an event of this type: 1; 0 when `until` has passed or a signal came, -1 when the connection is gone. */
static int wait_for (struct ping *ping, enum remex_event_type type, int64_t until)
{
	struct remex *remex = ping->session.remex;
	struct remex_event event;

	for (;;) {
		int timeout, left = clock_until (until);
		struct pollfd fds[] = {
			{ .fd = signals_open (), .events = POLLIN },
			{ .fd = remex_fd (remex), .events = POLLIN },
		};

		while (remex_next (remex, &event, 0) > 0) {
			if (event.type == REMEX_CLOSED) {
				snprintf (ping->why, sizeof ping->why, "%s", event.message);
				return -1;
			}
			if (event.type == type)
				return 1;
		}
		if (left == 0)
			return 0;
		timeout = remex_timeout (remex);
		if (left >= 0 && (timeout < 0 || left < timeout))
			timeout = left;
		if (poll (fds, 2, timeout) > 0 && fds[0].revents)
			return 0;
	}
}

/* One round trip; false when there will be no more. */
static bool once (struct ping *ping)
{
	int64_t start = clock_ns ();
	double ms;
	int got;

	if (remex_ping (ping->session.host) < 0)
		return false;
	ping->sent++;
	if ((got = wait_for (ping, REMEX_DATA, clock_ms () + ANSWER_MS)) <= 0) {
		if (!ping->as_json && got == 0)
			printf ("%s: seq=%ld no answer\n", safe (ping->session.where), ping->sent);
		return false;
	}
	ms = (double)(clock_ns () - start) / 1e6;
	if (!ping->answered || ms < ping->least)
		ping->least = ms;
	if (ms > ping->most)
		ping->most = ms;
	ping->sum += ms;
	ping->answered++;
	if (ping->as_json)
		json_array_append_new (ping->times, json_real (ms));
	else
		printf ("%s: seq=%ld time=%.3f ms\n", safe (ping->session.where), ping->sent, ms);
	fflush (stdout);
	return true;
}

/* The exit status. */
static int report (struct ping *ping)
{
	const struct remex_host *host = ping->session.host;
	bool good = ping->answered > 0 && ping->answered == ping->sent && !*ping->why;

	if (*ping->why && !ping->as_json)
		complain (ping->session.where, "%s", ping->why);
	if (ping->as_json) {
		json_t *error = *ping->why ? json_pack ("{ss}", "message", ping->why) : json_null ();

		json_print (json_pack ("{ss ss ss ss sI sI sO so}", "host", ping->session.where, "name",
				    remex_host_name (host), "version", remex_host_version (host), "you",
				    remex_host_you (host), "sent", (json_int_t)ping->sent, "answered",
				    (json_int_t)ping->answered, "ms", ping->times, "error", error),
			false);
	} else if (ping->answered) {
		printf ("%s: remexd %s on %s, you are %s; %ld of %ld answered, %.3f/%.3f/%.3f ms (least, mean, most)\n",
			safe (ping->session.where), safe (remex_host_version (host)), safe (remex_host_name (host)),
			safe (remex_host_you (host)), ping->answered, ping->sent, ping->least,
			ping->sum / (double)ping->answered, ping->most);
	}
	return finish (good ? 0 : STATUS_REMEX);
}

static int ping_host (struct ping *ping, const char *where)
{
	int status, ready;

	if (session_open (&ping->session, where) < 0)
		return STATUS_REMEX;
	ping->times = json_array ();
	/* libremex gives up on a silent one by itself. */
	ready = wait_for (ping, REMEX_READY, 0);
	if (ready < 0 && !strcmp (remex_host_code (ping->session.host), "untrusted") &&
		trust_can_ask (ping->session.host) && trust_ask (ping->session.host)) {
		*ping->why = '\0';
		if (session_again (&ping->session) < 0) {
			json_decref (ping->times);
			session_close (&ping->session);
			return STATUS_REMEX;
		}
		ready = wait_for (ping, REMEX_READY, 0);
	}
	if (ready > 0)
		while (once (ping) && ping->sent < ping->count &&
			wait_for (ping, REMEX_ENDED, clock_ms () + (int64_t)(ping->interval * 1000)) == 0 &&
			!signals_take ())
			continue;
	status = report (ping);
	json_decref (ping->times);
	session_close (&ping->session);
	return status;
}

static const struct option ping_options[] = {
	{ 'c', "count", "COUNT", "so many times (3)" },
	{ 'i', "interval", "SEC", "with a pause of so long (0.2)" },
	OPTION_ROW_JSON,
	OPTION_ROW_HELP,
	{ 0 },
};

static int run_ping (const struct command *command, int argc, char **argv)
{
	struct ping ping = { .count = 3, .interval = 0.2 };
	struct options options;
	char *end;
	int key;

	options_init (&options, command, argc, argv);
	while ((key = options_next (&options)) != 0) {
		if (key < 0)
			return options.status;
		if (key == 'i' && options_seconds (&options, &ping.interval) < 0)
			return options.status;
		if (key == OPTION_JSON)
			ping.as_json = true;
		if (key != 'c')
			continue;
		ping.count = strtol (options.value, &end, 10);
		if (end == options.value || *end || ping.count < 1 || ping.count > MOST)
			return options_wrong (&options, "'%s' is no count from 1 to %d", options.value, MOST);
	}
	if (options.n_words)
		return options_wrong (&options, "one host at a time");
	return ping_host (&ping, options.hosts ? options.hosts : "local");
}

const struct command cmd_ping = { "ping", "[HOST]", "Measure the way to a remexd", ping_options, run_ping,
	OPTIONS_FIRST };
