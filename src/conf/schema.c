/* schema - see schema.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "conf/config.h"
#include "conf/schema.h"

#define AT(member) offsetof (struct config, member)
#define MS 1LL
#define SECOND (1000 * MS)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define KIB (1LL << 10)
#define MIB (1LL << 20)
#define GIB (1LL << 30)

/* clang-format off */
const struct schema_key schema_keys[] = {
	{ "listen", SCHEMA_LISTEN, AT (listen), 1, 16, NULL, "unix:///run/remex/remexd.sock",
		"The sockets that remexd listens on, one or a list." },
	{ "workers.max", SCHEMA_INTEGER, AT (workers_max), 1, 4096, "64", NULL,
		"How many requests run at once, each in a worker process." },
	{ "workers.spare", SCHEMA_INTEGER, AT (workers_spare), 0, 4096, "2", NULL,
		"Idle workers that are kept ready; not more than workers.max." },
	{ "workers.requests", SCHEMA_INTEGER, AT (workers_requests), 0, 1000000000, "10000", NULL,
		"A worker is replaced after so many requests; 0: never." },
	{ "queue.length", SCHEMA_INTEGER, AT (queue_length), 1, 1000000, "256", NULL,
		"Requests that may wait for a worker; the next one is answered \"busy\"." },
	{ "queue.bytes", SCHEMA_SIZE, AT (queue_bytes), 4 * KIB, 64 * GIB, "8MiB", NULL,
		"Memory that waiting requests may take." },
	{ "limits.grace", SCHEMA_TIME, AT (limits.grace_ms), 0, HOUR, "2s", NULL,
		"From TERM to KILL, when a request is stopped." },
	{ "limits.message", SCHEMA_TIME, AT (limits.message_ms), 100 * MS, HOUR, "10s", NULL,
		"A message that has begun must make progress within this time." },
	{ "limits.ping", SCHEMA_TIME, AT (limits.ping_ms), 100 * MS, DAY, "15s", NULL,
		"A client with calls in flight is pinged after so much silence." },
	{ "limits.silence", SCHEMA_TIME, AT (limits.silence_ms), 100 * MS, DAY, "45s", NULL,
		"It is given up after so much silence; more than limits.ping." },
	{ "limits.calls", SCHEMA_INTEGER, AT (limits.calls), 1, 65536, "64", NULL,
		"Requests of one connection that may run or wait at once." },
	{ "limits.connections", SCHEMA_INTEGER, AT (limits.connections), 1, 1000000, "10000", NULL,
		"Connections at once." },
	{ "limits.output", SCHEMA_SIZE, AT (limits.output), 64 * KIB, 64 * MIB, "256KiB", NULL,
		"Output that may wait for a client; with more, its commands are held up." },
	{ "limits.stall", SCHEMA_TIME, AT (limits.stall_ms), 100 * MS, DAY, "60s", NULL,
		"A client that takes nothing of what waits for it for so long is given up." },
	{ "limits.crashes", SCHEMA_INTEGER, AT (limits.crashes), 0, 1000000, "10", NULL,
		"A plugin that crashes so often in a row rests for a while; 0: never." },
	{ "limits.drain", SCHEMA_TIME, AT (limits.drain_ms), 0, DAY, "30s", NULL,
		"How long running requests may go on after remexd was told to end." },
	{ "front_user", SCHEMA_USER, AT (front_user), 0, 0, NULL, "remex",
		"The user that the process facing the clients runs as." },
	{ "plugins.directory", SCHEMA_DIRECTORY, AT (plugins_directory), 0, 0, PLUGINDIR, "/usr/local/lib/remex/plugins",
		"Where the plugins are; every *.so in it is loaded." },
	{ "log", SCHEMA_LOG, AT (log), 0, 0, "info", NULL,
		"The least important messages that are logged: error, warning, info or debug." },
};
/* clang-format on */

const size_t schema_size = sizeof schema_keys / sizeof *schema_keys;

_Static_assert(sizeof schema_keys / sizeof *schema_keys <= SCHEMA_KEYS_MAX, "SCHEMA_KEYS_MAX is too small");

const struct schema_key *schema_find (const char *path)
{
	for (size_t i = 0; i < schema_size; i++)
		if (!strcmp (schema_keys[i].path, path))
			return &schema_keys[i];
	return NULL;
}

bool schema_is_section (const char *path)
{
	size_t n = strlen (path);

	for (size_t i = 0; i < schema_size; i++)
		if (!strncmp (schema_keys[i].path, path, n) && schema_keys[i].path[n] == '.')
			return true;
	return false;
}

static const char *last_word (const char *path)
{
	const char *dot = strrchr (path, '.');

	return dot ? dot + 1 : path;
}

/* The only key whose last word is this one. */
static const char *only_home (const char *word)
{
	const char *found = NULL;

	for (size_t i = 0; i < schema_size; i++) {
		if (strcmp (last_word (schema_keys[i].path), word) != 0)
			continue;
		if (found)
			return NULL;
		found = schema_keys[i].path;
	}
	return found;
}

const char *schema_nearest (const char *path, char out[SCHEMA_PATH_MAX])
{
	const char *word = last_word (path), *near = only_home (word);
	char words[SCHEMA_KEYS_MAX][SCHEMA_PATH_MAX];
	const char *names[SCHEMA_KEYS_MAX];
	size_t n = 0, section = (size_t)(word - path);

	if (near) {
		snprintf (out, SCHEMA_PATH_MAX, "%s", near);
		return out;
	}
	/* Each word that may stand where this one stands; a section comes up once per key, which does no harm. */
	for (size_t i = 0; i < schema_size; i++) {
		const char *known = schema_keys[i].path;

		if (strncmp (known, path, section) != 0)
			continue;
		snprintf (words[n], SCHEMA_PATH_MAX, "%.*s", (int)strcspn (known + section, "."), known + section);
		names[n] = words[n];
		n++;
	}
	if (!(near = text_nearest (word, names, n)))
		return NULL;
	snprintf (out, SCHEMA_PATH_MAX, "%.*s%.40s", section < 20 ? (int)section : 20, path, near);
	return out;
}

char *schema_number (enum schema_type type, long long value, char out[SCHEMA_NUMBER_MAX])
{
	static const struct {
		enum schema_type type;
		long long factor;
		const char *name;
	} units[] = {
		{ SCHEMA_SIZE, 1LL << 40, "TiB" },
		{ SCHEMA_SIZE, 1LL << 30, "GiB" },
		{ SCHEMA_SIZE, 1LL << 20, "MiB" },
		{ SCHEMA_SIZE, 1LL << 10, "KiB" },
		{ SCHEMA_SIZE, 1, "" },
		{ SCHEMA_TIME, DAY, "d" },
		{ SCHEMA_TIME, HOUR, "h" },
		{ SCHEMA_TIME, 60 * SECOND, "m" },
		{ SCHEMA_TIME, SECOND, "s" },
		{ SCHEMA_TIME, MS, "ms" },
		{ SCHEMA_INTEGER, 1, "" },
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].type == type && value && value % units[i].factor == 0) {
			snprintf (out, SCHEMA_NUMBER_MAX, "%lld%s", value / units[i].factor, units[i].name);
			return out;
		}
	snprintf (out, SCHEMA_NUMBER_MAX, "%s", type == SCHEMA_TIME ? "0s" : "0");
	return out;
}

char *schema_expects (const struct schema_key *key, char *out, size_t size)
{
	static const char *const words[] = {
		[SCHEMA_INTEGER] = "a whole number",
		[SCHEMA_SIZE] = "a size",
		[SCHEMA_TIME] = "a time",
		[SCHEMA_LOG] = "error, warning, info or debug",
		[SCHEMA_USER] = "the name of a user",
		[SCHEMA_DIRECTORY] = "an absolute path",
		[SCHEMA_LISTEN] = "unix:///absolute/path or a list of them",
	};
	char low[SCHEMA_NUMBER_MAX], high[SCHEMA_NUMBER_MAX];

	if (key->type != SCHEMA_INTEGER && key->type != SCHEMA_SIZE && key->type != SCHEMA_TIME) {
		snprintf (out, size, "%s", words[key->type]);
		return out;
	}
	snprintf (out, size, "%s from %s to %s", words[key->type], schema_number (key->type, key->min, low),
		schema_number (key->type, key->max, high));
	return out;
}
