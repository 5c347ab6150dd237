/* remex status - the state of a machine and its remexd: the document of status.show as a table, or as JSON (remex(1)).
 * All members of the document are optional, except the daemon; a line without data is left out. */
#include "config.h"

#include <stdio.h>

#include "cli/conversation.h"
#include "cli/document.h"
#include "cli/json.h"
#include "cli/say.h"
#include "commands/commands.h"

static const char *text_at (const json_t *json, const char *path)
{
	const json_t *value = json_at (json, path);

	return json_is_string (value) ? safe (json_string_value (value)) : "?";
}

static double number_at (const json_t *json, const char *path)
{
	return json_number_value (json_at (json, path));
}

static long long count_at (const json_t *json, const char *path)
{
	return json_integer_value (json_at (json, path));
}

/* In one of a few static buffers, for the arguments of one printf. */
static char *scratch (void)
{
	static char buffers[4][48];
	static unsigned turn;

	return buffers[turn++ % 4];
}

static const char *size (double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	char *out = scratch ();
	int unit = 0;

	for (; bytes >= 1024 && unit < 5; unit++)
		bytes /= 1024;
	snprintf (out, 48, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
	return out;
}

static const char *age (double seconds)
{
	long long s = seconds > 0 && seconds < 1e12 ? (long long)seconds : 0;
	char *out = scratch ();

	if (s >= 86400)
		snprintf (out, 48, "%lld d %lld h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		snprintf (out, 48, "%lld h %lld min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		snprintf (out, 48, "%lld min %lld s", s / 60, s % 60);
	else
		snprintf (out, 48, "%lld s", s);
	return out;
}

static void show_machine (const json_t *json)
{
	const json_t *load = json_at (json, "load"), *disk;
	size_t i;

	if (!json)
		return;
	printf ("machine      %s, %s %s %s, %lld CPUs", text_at (json, "hostname"), text_at (json, "system"),
		text_at (json, "release"), text_at (json, "machine"), count_at (json, "cpus"));
	printf (", up %s\n", age (number_at (json, "uptime")));
	if (json_array_size (load) == 3)
		printf ("load         %.2f %.2f %.2f\n", json_number_value (json_array_get (load, 0)),
			json_number_value (json_array_get (load, 1)), json_number_value (json_array_get (load, 2)));
	if (json_at (json, "memory"))
		printf ("memory       %s available of %s\n", size (number_at (json, "memory.available")),
			size (number_at (json, "memory.total")));
	json_array_foreach (json_at (json, "disks"), i, disk) printf ("disk         %s: %s available of %s\n",
		text_at (disk, "path"), size (number_at (disk, "available")), size (number_at (disk, "total")));
}

static void show_daemon (const json_t *json)
{
	const json_t *daemon = json_at (json, "daemon");

	if (!daemon)
		return;
	printf ("remexd       %s, pid %lld, as %s, up %s", text_at (daemon, "version"), count_at (daemon, "pid"),
		text_at (daemon, "user"), age (number_at (daemon, "uptime")));
	if (json_at (json, "generation"))
		printf (", configuration %lld", count_at (json, "generation"));
	putchar ('\n');
	if (json_at (daemon, "audit_error"))
		printf ("audit trail  cannot be written: %s\n", text_at (daemon, "audit_error"));
}

static void show_tunnel (const json_t *tunnel)
{
	if (!tunnel)
		return;
	printf ("tunnel       %s, %s", text_at (tunnel, "ssh"), text_at (tunnel, "state"));
	if (json_at (tunnel, "up"))
		printf (" for %s: it listens on %s, %lld connections", age (number_at (tunnel, "up")),
			text_at (tunnel, "listen"), count_at (tunnel, "connections"));
	if (json_at (tunnel, "next"))
		printf (", next try in %s", age (number_at (tunnel, "next") + 0.999));
	if (json_at (tunnel, "error"))
		printf (": %s", text_at (tunnel, "error"));
	putchar ('\n');
}

static void show_load (const json_t *json)
{
	const json_t *pool = json_at (json, "pool"), *queue = json_at (json, "queue");

	if (pool)
		printf ("workers      %zu of %lld: %lld busy, %lld idle, %lld starting; %lld spare\n",
			json_array_size (json_at (pool, "workers")), count_at (pool, "max"), count_at (pool, "busy"),
			count_at (pool, "idle"), count_at (pool, "starting"), count_at (pool, "spare"));
	if (queue) {
		printf ("queue        %lld of %lld requests, %s of %s", count_at (queue, "length"),
			count_at (queue, "max"), size (number_at (queue, "bytes")),
			size (number_at (queue, "max_bytes")));
		if (count_at (queue, "length"))
			printf (", the oldest for %s", age (number_at (queue, "oldest")));
		putchar ('\n');
	}
}

/* "exited 120, timed_out 2" of {"exited":120,"timed_out":2}; zeros are left out. */
static void show_counts (const char *label, const json_t *counts)
{
	const char *key, *gap = "";
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)counts, key, value)
	{
		if (!json_integer_value (value))
			continue;
		printf ("%s%s %lld", *gap ? gap : label, safe (key), (long long)json_integer_value (value));
		gap = ", ";
	}
	if (*gap)
		putchar ('\n');
}

/* Only plugins that have crashed: the others need no line. */
static void show_plugins (const json_t *plugins)
{
	const json_t *plugin, *backoff;
	const char *name, *user, *gap;

	json_object_foreach ((json_t *)(uintptr_t)plugins, name, plugin)
	{
		if (!count_at (plugin, "crashed"))
			continue;
		printf ("plugin       %s: %lld crashes", safe (name), count_at (plugin, "crashed"));
		if (json_at (plugin, "rests"))
			printf (", rests for %s", age (number_at (plugin, "rests") + 0.999));
		gap = " (calls of ";
		json_object_foreach (json_object_get (plugin, "backoff"), user, backoff)
		{
			printf ("%s%s", gap, safe (user));
			gap = ", ";
		}
		if (*gap == ',')
			putchar (')');
		putchar ('\n');
	}
}

static void show_traffic (const json_t *json)
{
	if (json_at (json, "requests"))
		printf ("requests     %lld, %lld running\n", count_at (json, "requests.total"),
			count_at (json, "requests.running"));
	show_counts ("ended        ", json_at (json, "requests.outcomes"));
	show_counts ("limits       ", json_at (json, "requests.limits"));
	show_counts ("refused      ", json_at (json, "requests.errors"));
	if (json_at (json, "bytes"))
		printf ("bytes        %s in, %s out\n", size (number_at (json, "bytes.in")),
			size (number_at (json, "bytes.out")));
	if (json_at (json, "connections"))
		printf ("connections  %lld open, %lld in all\n", count_at (json, "connections.open"),
			count_at (json, "connections.total"));
}

static void show_workers (const json_t *workers)
{
	const json_t *worker, *call;
	size_t i;

	if (!json_array_size (workers))
		return;
	printf ("\n%8s %-12s %-9s %9s %10s  %s\n", "WORKER", "USER", "STATE", "REQUESTS", "RESIDENT", "CALL");
	json_array_foreach (workers, i, worker)
	{
		call = json_object_get (worker, "call");
		printf ("%8lld %-12s %-9s %9lld %10s  %s\n", count_at (worker, "serial"), text_at (worker, "user"),
			text_at (worker, "state"), count_at (worker, "requests"), size (number_at (worker, "resident")),
			json_is_string (call) ? safe (json_string_value (call)) : "-");
	}
}

static void show_all (const json_t *json)
{
	show_machine (json_at (json, "machine"));
	show_daemon (json);
	show_tunnel (json_at (json, "tunnel"));
	show_load (json);
	show_traffic (json);
	show_plugins (json_at (json, "plugins"));
	show_workers (json_at (json, "pool.workers"));
}

static int check (json_t *json, struct err *err)
{
	const json_t *daemon = json_object_get (json, "daemon");

	if (!json_is_string (json_object_get (daemon, "version")) || !json_is_integer (json_object_get (daemon, "pid")))
		return err_set (err, 0, "it lacks the version or the pid of the daemon");
	return 0;
}

static int run_status (const struct subcommand *command, struct command_line *line)
{
	return document_run (command, line, &(struct document){ "status.show", check, show_all });
}

const struct subcommand cmd_status = { "status", "[HOSTS]...", "Show the state of a machine and of its remexd",
	document_options, WORDS_MIXED, -1, sizeof (struct document_settings), run_status };
