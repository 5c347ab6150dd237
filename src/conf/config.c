/* config - see config.h. This file has the table of keys, the types that only remexd.yaml has, and the checks of more
 * than one key; the reader (reader.h) does the rest.
 */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/config.h"
#include "conf/listen_key.h"
#include "conf/reader.h"
#include "conf/record_key.h"
#include "conf/tunnel_key.h"

static int set_log (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	int level = node->kind == CONF_SCALAR ? log_level_parse (node->value) : -1;

	if (level < 0)
		return reader_fail_type (reader, key, node);
	*(enum log_level *)to = (enum log_level)level;
	return 0;
}

static int set_audit (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct config *config = reader->target;
	enum audit_kind kind = AUDIT_FILE;

	if (!reader_is_word (node))
		return reader_fail_type (reader, key, node);
	if (!strcmp (node->value, "none"))
		kind = AUDIT_NONE;
	else if (!strcmp (node->value, "journal"))
		kind = AUDIT_JOURNAL;
	else if (node->value[0] != '/' || node->value[strlen (node->value) - 1] == '/')
		return reader_fail_type (reader, key, node);
	else if (reader_copy (reader, node->value, &config->audit_file) < 0)
		return -1;
	*(enum audit_kind *)to = kind;
	return 0;
}

static const struct schema_type log_type = { "level", "error, warning, info or debug", set_log, SCHEMA_WORDS, false };
static const struct schema_type audit_type = { "where", "none, journal or the absolute path of a file", set_audit,
	SCHEMA_WORDS, false };

static int set_slice (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	static const char suffix[] = ".slice";
	size_t n = reader_is_word (node) ? strlen (node->value) : 0, stem = n - (sizeof suffix - 1);

	/* systemd.unit(5); a dash separates a slice from the one above it. */
	if (n < sizeof suffix || n > 128 || strcmp (node->value + stem, suffix) != 0 || node->value[0] == '-' ||
		node->value[stem - 1] == '-' || strstr (node->value, "--") ||
		strspn (node->value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") != n)
		return reader_fail_type (reader, key, node);
	return reader_copy (reader, node->value, to);
}

static const struct schema_type slice_type = { "name", "the name of a slice of systemd, such as remex.slice", set_slice,
	SCHEMA_WORDS, false };

static int set_directory (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct config *config = reader->target;
	char **place = &config->plugins_directories[config->n_plugins_directories];

	(void)to;
	if (schema_path.set (reader, key, node, place) < 0)
		return -1;
	config->n_plugins_directories++;
	return 0;
}

static const struct schema_type directory_type = { "path", "an absolute path", set_directory, SCHEMA_WORDS, true };

/* `plugins.NAME`: a map of options, or a boolean. No value (all its lines are commented out) means true. */
static int add_plugin (struct reader *reader, const char *path, const struct conf_node *node)
{
	struct config *config = reader->target;
	struct config_plugin *more, plugin = { .name = node->key, .enabled = true };
	char near[SCHEMA_PATH_MAX], shown[READER_SHOWN], hint[SCHEMA_PATH_MAX + 32];

	if (node->kind == CONF_MAP) {
		plugin.options = node;
	} else if (node->kind != CONF_NULL && conf_bool (node, &plugin.enabled) < 0) {
		text_hint (hint, sizeof hint, schema_nearest (&config_schema, path, near));
		return reader_fail (reader, node, "%s must be false or a map of the plugin's keys, not %s%s", path,
			reader_show (node, shown), hint);
	}
	if ((config->n_plugins & (config->n_plugins - 1)) == 0) {
		size_t room = config->n_plugins ? config->n_plugins * 2 : 1;

		if (!(more = realloc (config->plugins, room * sizeof *more)))
			return reader_fail_memory (reader);
		config->plugins = more;
	}
	config->plugins[config->n_plugins++] = plugin;
	return 0;
}

#define AT(member) offsetof (struct config, member)
#define MS 1LL
#define SECOND (1000 * MS)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define KIB (1LL << 10)
#define MIB (1LL << 20)
#define GIB (1LL << 30)

/* The limits of every request. */
#define REQUEST_KEY(name, word, quantity, least, most, resource, words, help) \
	READER_LIMIT ("requests." word, READER_LIMIT_##quantity, AT (requests.value[LIMIT_##name]), most, help)

/* clang-format off */
static const struct schema_key keys[] = {
	{ "listen", &listen_type, AT (listen), 1, 16, NULL, "unix:///run/remex/remexd.sock",
		"The sockets that remexd listens on, one or a list." },
	{ "host_key", &schema_path, AT (host_key), 0, 0, NULL, "/etc/remex/host.pem",
		"The file with the key by which clients know this machine." },
	{ "discovery", &schema_boolean, AT (discovery), 0, 0, "false", NULL,
		"Whether this machine answers `remex discover` with its name, its TCP port and the fingerprint of its key." },
	{ "identities", &schema_path, AT (identities), 0, 0, NULL, "/etc/remex/identities.d",
		"The directory with a file for each identity that may call over TCP." },
	{ "workers.max", &schema_integer, AT (workers_max), 1, 4096, "64", NULL,
		"How many requests run at once, each in a worker process." },
	{ "workers.spare", &schema_integer, AT (workers_spare), 0, 4096, "2", NULL,
		"Idle workers that are kept ready; not more than workers.max." },
	{ "workers.requests", &schema_integer, AT (workers_requests), 0, 1000000000, "10000", NULL,
		"A worker is replaced after so many requests; 0: never." },
	{ "workers.age", &schema_time, AT (workers_age_ms), 0, DAY, "5s", NULL,
		"How old a worker that gets a request may be, where users come from more than files; 0: any age." },
	{ "queue.length", &schema_integer, AT (queue_length), 1, 1000000, "256", NULL,
		"How many requests may wait for a worker; a further one is answered \"busy\"." },
	{ "queue.bytes", &schema_size, AT (queue_bytes), 4 * KIB, 64 * GIB, "8MiB", NULL,
		"How much memory waiting requests may take." },
	{ "limits.grace", &schema_time, AT (limits.grace_ms), 0, HOUR, "2s", NULL,
		"The time between TERM and KILL when a request is stopped." },
	{ "limits.message", &schema_time, AT (limits.message_ms), 100 * MS, HOUR, "10s", NULL,
		"A message that has begun to arrive must make progress within this time." },
	{ "limits.ping", &schema_time, AT (limits.ping_ms), 100 * MS, DAY, "15s", NULL,
		"A client with calls in flight is pinged after this much silence." },
	{ "limits.silence", &schema_time, AT (limits.silence_ms), 100 * MS, DAY, "45s", NULL,
		"Such a client is given up after this much silence; more than limits.ping." },
	{ "limits.calls", &schema_integer, AT (limits.calls), 1, 65536, "64", NULL,
		"Requests of one connection that may run or wait at once." },
	{ "limits.connections", &schema_integer, AT (limits.connections), 1, 1000000, "10000", NULL,
		"Connections at once; some are kept for root and the user that remexd runs as." },
	{ "limits.connections_each", &schema_integer, AT (limits.connections_each), 1, 1000000, "1000", NULL,
		"Connections of one identity; not more than limits.connections." },
	{ "limits.output", &schema_size, AT (limits.output), 64 * KIB, 64 * MIB, "256KiB", NULL,
		"How much output may wait for a client; with more, its commands have to wait." },
	{ "limits.memory", &schema_size, AT (limits.memory), 8 * MIB, 64 * GIB, "64MiB", NULL,
		"Memory for messages from clients and for output they do not read; a quarter for each identity." },
	{ "limits.stall", &schema_time, AT (limits.stall_ms), 100 * MS, DAY, "60s", NULL,
		"A client that reads nothing for this long, while output waits for it, is given up." },
	{ "limits.crashes", &schema_integer, AT (limits.crashes), 0, 1000000, "10", NULL,
		"A plugin with this many crashes rests for a while, for that user; a good call takes back half a crash; 0: never." },
	{ "limits.drain", &schema_time, AT (limits.drain_ms), 0, DAY, "30s", NULL,
		"How long running requests may go on after remexd was told to end." },
	{ "limits.handshake", &schema_time, AT (limits.handshake_ms), 100 * MS, HOUR, "5s", NULL,
		"How long a new TCP client may take to prove who it is." },
	{ "limits.unauthenticated", &schema_integer, AT (limits.unauthenticated), 1, 1000000, "256", NULL,
		"How many TCP clients at once may not have proved yet who they are." },
	{ "limits.unauthenticated_each", &schema_integer, AT (limits.unauthenticated_each), 1, 1000000, "8", NULL,
		"How many of them one address may have; not more than limits.unauthenticated." },
	{ "limits.penalty", &schema_time, AT (limits.penalty_ms), 0, DAY, "10m", NULL,
		"The longest time that an address is kept out for its failures; 0: never." },
	{ "limits.idle", &schema_time, AT (limits.idle_ms), 0, 365 * DAY, "1h", NULL,
		"A TCP connection without a call is closed after this much silence; 0: never." },
	CALL_LIMIT_TABLE (REQUEST_KEY)
	{ "jobs.directory", &schema_path, AT (jobs.directory), 0, 0, NULL, "/var/lib/remex/jobs",
		"The directory in which each job has its record and its output." },
	{ "jobs.spool", &schema_size, AT (jobs.spool), 128 * KIB, 1024 * GIB, "64MiB", NULL,
		"How much output of a job is kept; its oldest output is dropped, and what was dropped is told." },
	{ "jobs.keep", &schema_time, AT (jobs.keep_ms), 0, 3650 * DAY, "7d", NULL,
		"How long a job that has ended is kept." },
	{ "jobs.keep_number", &schema_integer, AT (jobs.keep_number), 0, 100000, "200", NULL,
		"How many ended jobs of one identity are kept; the oldest are forgotten first." },
	{ "jobs.each", &schema_integer, AT (jobs.each), 0, 100000, "64", NULL,
		"How many jobs of one identity may run at once; not more than jobs.max." },
	{ "jobs.max", &schema_integer, AT (jobs.max), 0, 100000, "1000", NULL,
		"How many jobs may run at once, an eighth of them only for root and the user that remexd runs as; 0: no "
		"job may be started." },
	{ "jobs.total", &schema_size, AT (jobs.total), 0, 1LL << 60, "0", NULL,
		"How much of the disk all jobs may take; the oldest ended ones are forgotten, then none is started; 0: no limit." },
	{ "jobs.slice", &slice_type, AT (jobs.slice), 0, 0, "remex.slice", NULL,
		"The slice of systemd in which each job has its scope." },
	{ "record.what", &record_what_type, AT (record.what), 0, 0, "none", NULL,
		"Which calls are recorded: none, shell (those with a terminal) or all (every command)." },
	{ "record.directory", &schema_path, AT (record.directory), 0, 0, NULL, "/var/lib/remex/recordings",
		"The directory of the recordings, a file of asciicast v2 for each call." },
	{ "record.when_full", &record_full_type, AT (record.when_full), 0, 0, "refuse", NULL,
		"When a recording cannot be written: refuse the call, and end it if it runs; or go_on without." },
	{ "record.size", &schema_size, AT (record.size), 64 * KIB, 1024 * GIB, "1GiB", NULL,
		"The most bytes of one recording." },
	{ "record.leave_free", &schema_size, AT (record.leave_free), 0, 1024 * GIB, "256MiB", NULL,
		"The recordings leave so many bytes of their file system free." },
	{ "tunnel.ssh", &tunnel_ssh_type, AT (tunnel), 0, 0, "none", NULL,
		"The sshd through which clients reach this machine, where no port of it is open (a bastion)." },
	{ "tunnel.listen", &tunnel_listen_type, AT (tunnel), 0, 0, "localhost:7363", NULL,
		"What the bastion listens on for this machine; *: all its addresses; port 0: the bastion chooses." },
	{ "tunnel.key", &schema_path, AT (tunnel.key), 0, 0, NULL, "/etc/remex/tunnel_key",
		"The file with the private key to log in there, of ssh-keygen(1) and without a passphrase." },
	{ "tunnel.known_hosts", &schema_path, AT (tunnel.known_hosts), 0, 0, NULL, "/etc/remex/known_hosts",
		"The file with the host keys of the bastion, as for ssh(1)." },
	{ "tunnel.host_key", &tunnel_print_type, AT (tunnel.host_key), 0, 0, "none", NULL,
		"The fingerprint of the bastion's host key, in place of tunnel.known_hosts." },
	{ "tunnel.keepalive", &schema_time, AT (tunnel.keepalive_ms), SECOND, HOUR, "15s", NULL,
		"After this much silence the bastion is asked for an answer; after three times that it is given up." },
	{ "front_user", &schema_user, AT (front_user), 0, 0, NULL, "remex",
		"The user that the process facing the clients runs as." },
	{ "plugins.directory", &directory_type, AT (plugins_directories), 1, CONFIG_DIRECTORIES, NULL, "/usr/local/lib/remex/plugins",
		"Where the plugins are, one directory or a list; every *.so in it is loaded." },
	{ "audit", &audit_type, AT (audit), 0, 0, "none", NULL,
		"Where a line is written for each start and end of a request: none, journal or a file." },
	{ "log", &log_type, AT (log), 0, 0, "info", NULL,
		"The least important messages that are logged: error, warning, info or debug." },
};
/* clang-format on */

static const struct schema_former former[] = {
	{ "limits.unproved", "limits.unauthenticated" },
	{ "limits.unproved_each", "limits.unauthenticated_each" },
};

const struct schema config_schema = {
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.former = former,
	.n_former = sizeof former / sizeof *former,
	.open = "plugins",
	.set_other = add_plugin,
};

_Static_assert(sizeof keys / sizeof *keys <= SCHEMA_KEYS_MAX, "SCHEMA_KEYS_MAX is too small");

/* A message about two keys names the place of the key that is in the file, or of the later one when both are. */
static int fail_pair (struct reader *reader, const char *first, const char *second, const char *fmt, ...)
	__attribute__ ((format (printf, 4, 5)));

static int fail_pair (struct reader *reader, const char *first, const char *second, const char *fmt, ...)
{
	const struct conf_node *a = reader_given (reader, first), *b = reader_given (reader, second);
	char words[ERR_TEXT];
	va_list args;

	if (!a || (b && (b->line > a->line || (b->line == a->line && b->column > a->column))))
		a = b;
	va_start (args, fmt);
	vsnprintf (words, sizeof words, fmt, args);
	va_end (args);
	return conf_fail (reader->err, reader->file, a ? a->line : 1, a ? a->column : 1, "%s", words);
}

/* Check that one key is not above another. A file that sets only the other key is valid: the default of this key is
 * then lowered. */
static int check_most (struct reader *reader, const char *first, int *value, const char *second, int most)
{
	if (*value > most && !reader_given (reader, first))
		*value = most;
	if (*value <= most)
		return 0;
	return fail_pair (reader, first, second, "%s (%d) is more than %s (%d)", first, *value, second, most);
}

/* What is found by discovery is a TCP port. */
static int check_discovery (struct reader *reader)
{
	const struct config *config = reader->target;
	bool tcp = false;

	for (size_t i = 0; i < config->n_listen; i++)
		tcp |= config->listen[i].kind == LISTEN_TCP;
	if (!config->discovery || tcp)
		return 0;
	return reader_fail (reader, reader_given (reader, "discovery"),
		"discovery tells a TCP port, and `listen` has none (example: listen: [unix:///run/remex/remexd.sock, "
		"tcp://0.0.0.0:7363])");
}

/* Checks of more than one key. */
static int check_pairs (struct reader *reader)
{
	struct config *config = reader->target;
	char ping[SCHEMA_NUMBER_MAX], silence[SCHEMA_NUMBER_MAX];

	if (check_most (reader, "workers.spare", &config->workers_spare, "workers.max", config->workers_max) < 0 ||
		check_most (reader, "limits.connections_each", &config->limits.connections_each, "limits.connections",
			config->limits.connections) < 0 ||
		check_most (reader, "jobs.each", &config->jobs.each, "jobs.max", config->jobs.max) < 0 ||
		check_most (reader, "limits.unauthenticated_each", &config->limits.unauthenticated_each,
			"limits.unauthenticated", config->limits.unauthenticated) < 0)
		return -1;
	if (config->limits.ping_ms >= config->limits.silence_ms)
		return fail_pair (reader, "limits.ping", "limits.silence",
			"limits.ping (%s) must be less than limits.silence (%s)",
			schema_number (SCHEMA_TIME, config->limits.ping_ms, ping),
			schema_number (SCHEMA_TIME, config->limits.silence_ms, silence));
	return 0;
}

struct config *config_parse (const char *text, size_t n, const char *file, struct err *err)
{
	struct config *config = calloc (1, sizeof *config);
	struct reader reader = { .schema = &config_schema, .target = config, .err = err };

	if (!config || !(config->file = strdup (file))) {
		err_set (err, 0, "out of memory");
		goto fail;
	}
	if (!(config->tree = conf_parse (text, n, file, err)))
		goto fail;
	reader.file = config->file;
	reader.tree = config->tree;
	if (reader_read (&reader) < 0 || check_pairs (&reader) < 0 || check_discovery (&reader) < 0)
		goto fail;
	if (!config->n_plugins_directories) {
		if (reader_copy (&reader, PLUGINDIR, &config->plugins_directories[0]) < 0)
			goto fail;
		config->n_plugins_directories = 1;
	}
	return config;
fail:
	config_free (config);
	return NULL;
}

void config_report_former (const struct config *config, void (*report) (const char *words))
{
	for (size_t i = 0; i < config_schema.n_former; i++) {
		const struct conf_node *node = reader_at (config->tree, former[i].former);
		struct err err;

		if (!node)
			continue;
		conf_fail (&err, config->file, node->key_line, node->key_column, "%s has the name %s now",
			former[i].former, former[i].path);
		report (err.text);
	}
}

void config_free (struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_listen; i++)
		free (config->listen[i].path);
	free (config->listen);
	free (config->host_key);
	free (config->identities);
	free (config->audit_file);
	free (config->jobs.directory);
	free (config->jobs.slice);
	free (config->record.directory);
	config_tunnel_free (&config->tunnel);
	free (config->front_user);
	for (size_t i = 0; i < config->n_plugins_directories; i++)
		free (config->plugins_directories[i]);
	free (config->plugins);
	conf_free (config->tree);
	free (config->file);
	free (config);
}

const struct config_plugin *config_plugin (const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_plugins; i++)
		if (!strcmp (config->plugins[i].name, name))
			return &config->plugins[i];
	return NULL;
}
