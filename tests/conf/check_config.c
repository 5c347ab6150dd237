/* check_config - remexd.yaml to struct config: the defaults, every key, every refusal with its position and message,
 * and that conf/remexd.yaml and man/remexd.yaml.5 agree with the table of keys. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "conf/config.h"
#include "conf/reader.h"
#include "conf/schema.h"
#include "support/check_main.h"

static struct config *parse (const char *text)
{
	struct err err = { 0 };
	struct config *config = config_parse (text, strlen (text), "f", &err);

	ck_assert_msg (config != NULL, "%s: %s", text, err.text);
	return config;
}

static void check_defaults (const struct config *config)
{
	ck_assert (!config->discovery);
	ck_assert_int_eq (config->workers_max, 64);
	ck_assert_int_eq (config->workers_spare, 2);
	ck_assert_int_eq (config->workers_requests, 10000);
	ck_assert_int_eq (config->workers_age_ms, 5000);
	ck_assert_int_eq (config->queue_length, 256);
	ck_assert_int_eq (config->queue_bytes, 8 * 1024 * 1024);
	ck_assert_int_eq (config->limits.grace_ms, 2000);
	ck_assert_int_eq (config->limits.message_ms, 10000);
	ck_assert_int_eq (config->limits.ping_ms, 15000);
	ck_assert_int_eq (config->limits.silence_ms, 45000);
	ck_assert_int_eq (config->limits.calls, 64);
	ck_assert_int_eq (config->limits.connections, 10000);
	ck_assert_int_eq (config->limits.connections_each, 1000);
	ck_assert_int_eq (config->limits.drain_ms, 30000);
	ck_assert_int_eq (config->limits.handshake_ms, 5000);
	ck_assert_int_eq (config->limits.unauthenticated, 256);
	ck_assert_int_eq (config->limits.unauthenticated_each, 8);
	ck_assert_int_eq (config->limits.penalty_ms, 600000);
	ck_assert_int_eq (config->limits.idle_ms, 3600000);
	ck_assert_int_eq (config->limits.output, 256 * 1024);
	ck_assert_int_eq (config->limits.memory, 64 << 20);
	ck_assert_int_eq (config->limits.stall_ms, 60000);
	ck_assert_int_eq (config->jobs.spool, 64 << 20);
	ck_assert_int_eq (config->jobs.keep_ms, 7LL * 24 * 3600 * 1000);
	ck_assert_int_eq (config->jobs.keep_number, 200);
	ck_assert_int_eq (config->jobs.each, 64);
	ck_assert_int_eq (config->jobs.max, 1000);
	ck_assert_int_eq (config->jobs.total, 0);
	ck_assert_str_eq (config->jobs.slice, "remex.slice");
	ck_assert_int_eq (config->audit, AUDIT_NONE);
	ck_assert_ptr_null (config->audit_file);
	ck_assert_uint_eq (config->n_plugins, 0);
	ck_assert_int_eq (config->log, LOG_INFO);
}

/* The defaults that the caller of config_parse or the build sets. */
static void check_unset (const struct config *config)
{
	ck_assert_uint_eq (config->n_listen, 0);
	ck_assert_ptr_null (config->listen);
	ck_assert_ptr_null (config->host_key);
	ck_assert_ptr_null (config->identities);
	ck_assert_ptr_null (config->front_user);
	ck_assert_ptr_null (config->tunnel.host);
	ck_assert_ptr_null (config->tunnel.key);
	ck_assert_ptr_null (config->tunnel.known_hosts);
	ck_assert_str_eq (config->plugins_directories[0], PLUGINDIR);
}

START_TEST (defaults)
{
	static const char *const empty[] = { "", "{}", "# nothing", "workers:\nqueue:\nlimits:\nplugins:\n",
		"workers: {}\n" };

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		struct config *config = parse (empty[i]);

		check_defaults (config);
		check_unset (config);
		ck_assert_str_eq (config->file, "f");
		config_free (config);
	}
	config_free (NULL);
}
END_TEST

START_TEST (everything)
{
	struct config *config = parse ("listen:\n"
				       "  - unix:///run/a.sock\n"
				       "  - 'unix:///run/b b.sock'\n"
				       "host_key: /etc/key.pem\n"
				       "identities: /etc/who.d/\n"
				       "workers: {max: 4096, spare: 0, requests: 0}\n"
				       "queue: {length: 1, bytes: 4096}\n"
				       "limits:\n"
				       "  grace: 0\n"
				       "  message: 0.1\n"
				       "  ping: 100ms\n"
				       "  silence: 1d\n"
				       "  calls: 65536\n"
				       "  connections: 1\n"
				       "  drain: 1.5h\n"
				       "  handshake: 100ms\n"
				       "  unauthenticated: 3\n"
				       "  unauthenticated_each: 3\n"
				       "  penalty: 0\n"
				       "  idle: 365d\n"
				       "  output: 64MiB\n"
				       "  memory: 8MiB\n"
				       "  stall: 1d\n"
				       "front_user: \"0\"\n"
				       "plugins:\n"
				       "  directory: /x y\n"
				       "  exec: no\n"
				       "  file: {root: /srv, deep: {er: [1]}}\n"
				       "  status: true\n"
				       "  empty:\n"
				       "audit: /var/log/re mex\n"
				       "log: \"debug\"\n");
	const struct config_plugin *plugin;

	ck_assert_uint_eq (config->n_listen, 2);
	ck_assert_int_eq (config->listen[0].kind, LISTEN_UNIX);
	ck_assert_str_eq (config->listen[0].path, "/run/a.sock");
	ck_assert_str_eq (config->listen[1].path, "/run/b b.sock");
	ck_assert_uint_eq (config->listen[1].line, 3);
	ck_assert_uint_eq (config->listen[1].column, 5);
	ck_assert_int_eq (config->workers_max, 4096);
	ck_assert_int_eq (config->workers_spare, 0);
	ck_assert_int_eq (config->workers_requests, 0);
	ck_assert_int_eq (config->queue_length, 1);
	ck_assert_int_eq (config->queue_bytes, 4096);
	ck_assert_int_eq (config->limits.grace_ms, 0);
	ck_assert_int_eq (config->limits.message_ms, 100);
	ck_assert_int_eq (config->limits.ping_ms, 100);
	ck_assert_int_eq (config->limits.silence_ms, 86400000);
	ck_assert_int_eq (config->limits.calls, 65536);
	ck_assert_int_eq (config->limits.connections_each, 1); /* never more than connections */
	ck_assert_int_eq (config->limits.connections, 1);
	ck_assert_int_eq (config->limits.drain_ms, 5400000);
	ck_assert_int_eq (config->limits.handshake_ms, 100);
	ck_assert_int_eq (config->limits.unauthenticated, 3);
	ck_assert_int_eq (config->limits.unauthenticated_each, 3);
	ck_assert_int_eq (config->limits.penalty_ms, 0);
	ck_assert_int_eq (config->limits.idle_ms, 365LL * 86400000);
	ck_assert_int_eq (config->limits.output, 64 << 20);
	ck_assert_int_eq (config->limits.memory, 8 << 20);
	ck_assert_int_eq (config->limits.stall_ms, 86400000);
	ck_assert_str_eq (config->host_key, "/etc/key.pem");
	ck_assert_str_eq (config->identities, "/etc/who.d/");
	ck_assert_int_eq (config->audit, AUDIT_FILE);
	ck_assert_str_eq (config->audit_file, "/var/log/re mex");
	ck_assert_str_eq (config->front_user, "0");
	ck_assert_str_eq (config->plugins_directories[0], "/x y");
	ck_assert_int_eq (config->log, LOG_DEBUG);
	ck_assert_uint_eq (config->n_plugins, 4);
	ck_assert (!config_plugin (config, "exec")->enabled);
	ck_assert_ptr_null (config_plugin (config, "exec")->options);
	plugin = config_plugin (config, "file");
	ck_assert (plugin->enabled);
	ck_assert_str_eq (conf_get (plugin->options, "root")->value, "/srv");
	ck_assert_uint_eq (conf_get (plugin->options, "root")->line, 28);
	ck_assert (config_plugin (config, "status")->enabled);
	ck_assert (config_plugin (config, "empty")->enabled);
	ck_assert_ptr_null (config_plugin (config, "empty")->options);
	ck_assert_ptr_null (config_plugin (config, "directory"));
	config_free (config);
}
END_TEST

START_TEST (one_key)
{
	struct config *config = parse ("workers: {max: 1}");

	ck_assert_int_eq (config->workers_spare, 1);
	config_free (config);
	config = parse ("listen: unix:///run/a.sock");
	ck_assert_uint_eq (config->n_listen, 1);
	ck_assert_str_eq (config->listen[0].path, "/run/a.sock");
	config_free (config);
	config = parse ("discovery: on\nlisten: tcp://[::]:1");
	ck_assert (config->discovery);
	config_free (config);
	config = parse ("limits: {unauthenticated: 2}");
	ck_assert_int_eq (config->limits.unauthenticated_each, 2);
	config_free (config);
	config = parse ("audit: journal");
	ck_assert_int_eq (config->audit, AUDIT_JOURNAL);
	ck_assert_ptr_null (config->audit_file);
	config_free (config);
	config = parse ("audit: \"none\"");
	ck_assert_int_eq (config->audit, AUDIT_NONE);
	config_free (config);
}
END_TEST

static struct {
	char words[4][ERR_TEXT];
	size_t n;
} warnings;

static void on_warning (const char *words)
{
	ck_assert_uint_lt (warnings.n, 4);
	snprintf (warnings.words[warnings.n++], ERR_TEXT, "%s", words);
}

/* A former name has the effect of the name now, also for the default of another key, and the caller can warn of it. */
START_TEST (former_names)
{
	struct config *config = parse ("log: info\nlimits:\n  unproved: 3\n  unproved_each: 2\n");

	ck_assert_int_eq (config->limits.unauthenticated, 3);
	ck_assert_int_eq (config->limits.unauthenticated_each, 2);
	config_report_former (config, on_warning);
	ck_assert_uint_eq (warnings.n, 2);
	ck_assert_str_eq (warnings.words[0], "f:3:3: limits.unproved has the name limits.unauthenticated now");
	ck_assert_str_eq (
		warnings.words[1], "f:4:3: limits.unproved_each has the name limits.unauthenticated_each now");
	config_free (config);
	config = parse ("limits: {unproved: 2}");
	ck_assert_int_eq (config->limits.unauthenticated_each, 2);
	config_free (config);
	warnings.n = 0;
	config = parse ("limits: {unauthenticated: 2}\nplugins: {unproved: {unproved: 1}}");
	config_report_former (config, on_warning);
	ck_assert_uint_eq (warnings.n, 0);
	config_free (config);
	for (size_t i = 0; i < config_schema.n_former; i++) {
		ck_assert_ptr_nonnull (schema_find (&config_schema, config_schema.former[i].path));
		ck_assert_ptr_null (schema_find (&config_schema, config_schema.former[i].former));
	}
}
END_TEST

START_TEST (listen_tcp)
{
	static const char *const formats[] = { "0.0.0.0:7363", "[::]:7363", NULL, "192.0.2.1:1", "[2001:db8::1]:65535",
		"127.0.0.1:0" };
	struct config *config = parse ("listen:\n"
				       "- tcp://0.0.0.0\n"
				       "- tcp://[::]:7363\n"
				       "- unix:///run/a.sock\n"
				       "- 'tcp://192.0.2.1:1'\n"
				       "- tcp://[2001:DB8:0:0::1]:65535\n"
				       "- tcp://127.0.0.1:0\n");
	char text[ENDPOINT_SIZE];

	ck_assert_uint_eq (config->n_listen, 6);
	for (size_t i = 0; i < config->n_listen; i++) {
		ck_assert_int_eq (config->listen[i].kind, formats[i] ? LISTEN_TCP : LISTEN_UNIX);
		ck_assert_uint_eq (config->listen[i].line, i + 2);
		if (formats[i]) {
			ck_assert_ptr_null (config->listen[i].path);
			ck_assert_str_eq (endpoint_format (&config->listen[i].endpoint, text), formats[i]);
		} else {
			ck_assert_str_eq (config->listen[i].path, "/run/a.sock");
		}
	}
	config_free (config);
}
END_TEST

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *text, *message;
} refusals[] = {
	/* Keys. */
	{ "wrokers: {max: 3}", "f:1:1: unknown key 'wrokers'; did you mean 'workers'?" },
	{ "log: info\nlistens: unix:///a", "f:2:1: unknown key 'listens'; did you mean 'listen'?" },
	{ "workers:\n  max: 3\n  spar: 1", "f:3:3: unknown key 'workers.spar'; did you mean 'workers.spare'?" },
	{ "limits: {connection: 3}", "f:1:10: unknown key 'limits.connection'; did you mean 'limits.connections'?" },
	{ "/srv/max: 3", "f:1:1: unknown key '/srv/max'" },
	{ "plugins: {'/a b.c': {}}", "f:1:11: unknown key 'plugins./a b.c'" },
	{ "grace: 3", "f:1:1: unknown key 'grace'; did you mean 'limits.grace'?" },
	{ "queue: {connections: 3}", "f:1:9: unknown key 'queue.connections'; did you mean 'limits.connections'?" },
	{ "workers.max: 3", "f:1:1: unknown key 'workers.max'; sections are nested, not dotted" },
	{ "nothing_like_it: /x", "f:1:1: unknown key 'nothing_like_it'" },
	{ "hostkey: /x", "f:1:1: unknown key 'hostkey'; did you mean 'host_key'?" },
	{ "unauthenticated: 1", "f:1:1: unknown key 'unauthenticated'; did you mean 'limits.unauthenticated'?" },
	{ "unproved: 1", "f:1:1: unknown key 'unproved'; did you mean 'limits.unauthenticated'?" },
	{ "Log: info", "f:1:1: unknown key 'Log'; did you mean 'log'?" },
	{ "log: info\nlog: debug", "f:2:1: the key 'log' is already on line 1" },
	{ "workers:\n\tmax: 3", "f:2:1: a tab where YAML is indented with spaces" },
	{ "- log", "f:1:1: the file must be a map of keys, not a list" },
	/* Sections. */
	{ "workers: 4", "f:1:10: workers must be a map of keys, not '4'" },
	{ "queue: [a]", "f:1:8: queue must be a map of keys, not a list" },
	{ "plugins: \"exec\"", "f:1:10: plugins must be a map of keys, not \"exec\"" },
	/* Numbers. */
	{ "workers: {max: 0}", "f:1:16: workers.max must be a whole number from 1 to 4096, not '0'" },
	{ "workers: {max: 4097}", "f:1:16: workers.max must be a whole number from 1 to 4096, not '4097'" },
	{ "workers: {max: -1}", "f:1:16: workers.max must be a whole number from 1 to 4096, not '-1'" },
	{ "workers: {max: 10GB}", "f:1:16: workers.max must be a whole number from 1 to 4096, not '10GB'" },
	{ "workers: {max: 1.5}", "f:1:16: workers.max must be a whole number from 1 to 4096, not '1.5'" },
	{ "workers: {max: 4294967297}", "f:1:16: workers.max must be a whole number from 1 to 4096, not '4294967297'" },
	{ "workers: {max: 18446744073709551617}",
		"f:1:16: workers.max must be a whole number from 1 to 4096, not '18446744073709551617'" },
	{ "workers: {max: '4'}", "f:1:16: workers.max must be a whole number from 1 to 4096, not \"4\"" },
	{ "workers: {max: }", "f:1:16: workers.max must be a whole number from 1 to 4096, not empty" },
	{ "workers: {max: [4]}", "f:1:16: workers.max must be a whole number from 1 to 4096, not a list" },
	{ "workers: {max: {a: 4}}", "f:1:16: workers.max must be a whole number from 1 to 4096, not a map" },
	{ "workers:\n  requests: -1",
		"f:2:13: workers.requests must be a whole number from 0 to 1000000000, not '-1'" },
	{ "queue:\n  length: 0", "f:2:11: queue.length must be a whole number from 1 to 1000000, not '0'" },
	{ "limits: {calls: 0}", "f:1:17: limits.calls must be a whole number from 1 to 65536, not '0'" },
	{ "limits: {connections: 0}", "f:1:23: limits.connections must be a whole number from 1 to 1000000, not '0'" },
	/* Sizes and times. */
	{ "queue: {bytes: 0}", "f:1:16: queue.bytes must be a size from 4KiB to 64GiB, not '0'" },
	{ "queue: {bytes: 1TB}", "f:1:16: queue.bytes must be a size from 4KiB to 64GiB, not '1TB'" },
	{ "queue: {bytes: 99999999TiB}", "f:1:16: queue.bytes must be a size from 4KiB to 64GiB, not '99999999TiB'" },
	{ "queue: {bytes: -8MiB}", "f:1:16: queue.bytes must be a size from 4KiB to 64GiB, not '-8MiB'" },
	{ "queue: {bytes: 8 MiB}", "f:1:16: queue.bytes must be a size from 4KiB to 64GiB, not '8 MiB'" },
	{ "limits: {grace: -1s}", "f:1:17: limits.grace must be a time from 0s to 1h, not '-1s'" },
	{ "limits: {grace: 61m}", "f:1:17: limits.grace must be a time from 0s to 1h, not '61m'" },
	{ "limits: {message: 0}", "f:1:19: limits.message must be a time from 100ms to 1h, not '0'" },
	{ "limits: {ping: 2 s}", "f:1:16: limits.ping must be a time from 100ms to 1d, not '2 s'" },
	{ "limits: {silence: 25h}", "f:1:19: limits.silence must be a time from 100ms to 1d, not '25h'" },
	{ "limits: {drain: forever}", "f:1:17: limits.drain must be a time from 0s to 1d, not 'forever'" },
	{ "limits: {drain: \"\\e[2J\\n\"}", "f:1:17: limits.drain must be a time from 0s to 1d, not \"\\x1b[2J\\n\"" },
	{ "limits: {handshake: 0}", "f:1:21: limits.handshake must be a time from 100ms to 1h, not '0'" },
	{ "limits: {unauthenticated: 0}",
		"f:1:27: limits.unauthenticated must be a whole number from 1 to 1000000, not '0'" },
	{ "limits: {unauthenticated_each: 8s}",
		"f:1:32: limits.unauthenticated_each must be a whole number from 1 to 1000000, not '8s'" },
	{ "limits: {penalty: 25h}", "f:1:19: limits.penalty must be a time from 0s to 1d, not '25h'" },
	{ "limits: {idle: 366d}", "f:1:16: limits.idle must be a time from 0s to 365d, not '366d'" },
	{ "limits: {output: 65535}", "f:1:18: limits.output must be a size from 64KiB to 64MiB, not '65535'" },
	{ "limits: {memory: 8MB}", "f:1:18: limits.memory must be a size from 8MiB to 64GiB, not '8MB'" },
	{ "limits: {output: 65MiB}", "f:1:18: limits.output must be a size from 64KiB to 64MiB, not '65MiB'" },
	{ "limits: {stall: 0}", "f:1:17: limits.stall must be a time from 100ms to 1d, not '0'" },
	/* Two keys that contradict each other: the position is that of the second. */
	{ "workers: {max: 4, spare: 8}", "f:1:26: workers.spare (8) is more than workers.max (4)" },
	{ "workers: {spare: 8, max: 4}", "f:1:26: workers.spare (8) is more than workers.max (4)" },
	{ "workers:\n  spare: 65", "f:2:10: workers.spare (65) is more than workers.max (64)" },
	{ "limits: {unauthenticated_each: 9, unauthenticated: 8}",
		"f:1:52: limits.unauthenticated_each (9) is more than limits.unauthenticated (8)" },
	{ "jobs: {each: 9, max: 8}", "f:1:22: jobs.each (9) is more than jobs.max (8)" },
	{ "limits: {connections_each: 9, connections: 8}",
		"f:1:44: limits.connections_each (9) is more than limits.connections (8)" },
	{ "limits: {unauthenticated_each: 257}",
		"f:1:32: limits.unauthenticated_each (257) is more than limits.unauthenticated (256)" },
	{ "limits: {unproved: 8, unauthenticated_each: 9}",
		"f:1:45: limits.unauthenticated_each (9) is more than limits.unauthenticated (8)" },
	{ "limits: {unproved_each: 257}",
		"f:1:25: limits.unauthenticated_each (257) is more than limits.unauthenticated (256)" },
	/* Former names. */
	{ "limits: {unproved: 0}", "f:1:20: limits.unauthenticated must be a whole number from 1 to 1000000, not '0'" },
	{ "limits: {unproved: 8, unauthenticated: 8}",
		"f:1:10: limits.unproved is the former name of "
		"limits.unauthenticated, which the file has, too: remove one of them" },
	{ "limits: {unauthenticated_each: 8, unproved_each: 8}",
		"f:1:35: limits.unproved_each is the former name of limits.unauthenticated_each, which the file has, "
		"too: "
		"remove one of them" },
	{ "limits:\n  silence: 10s", "f:2:12: limits.ping (15s) must be less than limits.silence (10s)" },
	{ "limits:\n  ping: 45000ms", "f:2:9: limits.ping (45s) must be less than limits.silence (45s)" },
	/* Listeners. */
	{ "listen: tcp://*:7363",
		"f:1:9: listen: \"*:7363\" names no address: 0.0.0.0 is every IPv4 address, [::] every IPv6 address" },
	{ "listen: tcp://:7363",
		"f:1:9: listen: \":7363\" names no address: 0.0.0.0 is every IPv4 address, [::] every IPv6 address" },
	{ "listen:\n- unix:///a\n- tcp://web1:7363", "f:3:3: listen: \"web1:7363\" is not an address in numbers "
						     "(examples: 192.0.2.1:7363, [2001:db8::1]:7363)" },
	{ "listen: tcp://::1", "f:1:9: listen: \"::1\" is an IPv6 address without brackets: write [ADDRESS]:PORT" },
	{ "listen: tcp://10.0.0.1:70000",
		"f:1:9: listen: \"10.0.0.1:70000\" has no port behind its colon: a port is a number up to 65535" },
	{ "listen: 10.0.0.1:7363", "f:1:9: listen must be unix:///absolute/path or tcp://ADDRESS:PORT, not "
				   "'10.0.0.1:7363'; write tcp:// in front of it" },
	{ "listen: tcp:10.0.0.1",
		"f:1:9: listen must be unix:///absolute/path or tcp://ADDRESS:PORT, not 'tcp:10.0.0.1'" },
	{ "listen:\n- tcp://0.0.0.0\n- unix:///b\n- tcp://0.0.0.0:7363",
		"f:4:3: 'tcp://0.0.0.0:7363' is already on line 2" },
	{ "listen: unix://run/a",
		"f:1:9: 'unix://run/a' is not absolute: three slashes, as in unix:///run/remex/remexd.sock" },
	{ "listen: unix://", "f:1:9: 'unix://' is not absolute: three slashes, as in unix:///run/remex/remexd.sock" },
	{ "listen: unix:/run/a",
		"f:1:9: listen must be unix:///absolute/path or tcp://ADDRESS:PORT, not 'unix:/run/a'" },
	{ "listen: /run/a", "f:1:9: listen must be unix:///absolute/path or tcp://ADDRESS:PORT, not '/run/a'; write "
			    "unix:// in front of it" },
	{ "listen: ssh://a", "f:1:9: listen must be unix:///absolute/path or tcp://ADDRESS:PORT, not 'ssh://a'" },
	{ "listen: unix:///", "f:1:9: 'unix:///' names a directory, not a socket" },
	{ "listen: unix:///run/", "f:1:9: 'unix:///run/' names a directory, not a socket" },
	{ "listen: \"unix:///a\\nb\"", "f:1:9: \"unix:///a\\nb\" has a control character in it" },
	{ "listen: unix:///" HUNDRED "1234567", "f:1:9: the socket's path is 108 bytes long; it may have at most 107: "
						"'unix:///" HUNDRED "1234567'" },
	{ "listen: []", "f:1:9: listen is an empty list" },
	{ "listen:",
		"f:1:8: listen must be unix:///absolute/path or tcp://ADDRESS:PORT, or a list of them, not empty" },
	{ "listen: {a: b}",
		"f:1:9: listen must be unix:///absolute/path or tcp://ADDRESS:PORT, or a list of them, not a map" },
	{ "listen: [unix:///a, [b]]",
		"f:1:21: each of listen must be unix:///absolute/path or tcp://ADDRESS:PORT, not a list" },
	{ "listen: [unix:///a, ~]",
		"f:1:21: each of listen must be unix:///absolute/path or tcp://ADDRESS:PORT, not empty" },
	{ "listen:\n- unix:///a\n- unix:///b\n- unix:///a", "f:4:3: 'unix:///a' is already on line 2" },
	{ "listen: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a]", "f:1:9: listen is a list of 17; it may have at most 16" },
	/* Discovery. */
	{ "discovery: 1", "f:1:12: discovery must be true or false, not '1'" },
	{ "discovery: \"true\"", "f:1:12: discovery must be true or false, not \"true\"" },
	{ "discovery: true", "f:1:12: discovery tells a TCP port, and `listen` has none (example: listen: "
			     "[unix:///run/remex/remexd.sock, tcp://0.0.0.0:7363])" },
	{ "listen: unix:///a\ndiscovery: on", "f:2:12: discovery tells a TCP port, and `listen` has none (example: "
					      "listen: [unix:///run/remex/remexd.sock, tcp://0.0.0.0:7363])" },
	/* Words. */
	{ "host_key: host.pem", "f:1:11: host_key must be an absolute path, not 'host.pem'" },
	{ "identities:", "f:1:12: identities must be an absolute path, not empty" },
	{ "audit: syslog", "f:1:8: audit must be none, journal or the absolute path of a file, not 'syslog'" },
	{ "audit: false", "f:1:8: audit must be none, journal or the absolute path of a file, not 'false'" },
	{ "audit: audit.log", "f:1:8: audit must be none, journal or the absolute path of a file, not 'audit.log'" },
	{ "audit: /var/log/", "f:1:8: audit must be none, journal or the absolute path of a file, not '/var/log/'" },
	{ "audit: [none]", "f:1:8: audit must be none, journal or the absolute path of a file, not a list" },
	{ "audit: \"/a\\nb\"", "f:1:8: audit must be none, journal or the absolute path of a file, not \"/a\\nb\"" },
	{ "tunnel: {listen: localhost}",
		"f:1:18: tunnel.listen must be an address and a port there, such as localhost:7363, not 'localhost'" },
	{ "tunnel: {listen: ':7363'}",
		"f:1:18: tunnel.listen must be an address and a port there, such as localhost:7363, not \":7363\"" },
	{ "tunnel: {key: id}", "f:1:15: tunnel.key must be an absolute path, not 'id'" },
	{ "tunnel: {host_key: SHA256:AAAA}",
		"f:1:20: tunnel.host_key must be none or SHA256: and 43 characters, as ssh-keygen -lf prints it, "
		"not 'SHA256:AAAA'" },
	{ "tunnel: {keepalive: 0s}", "f:1:21: tunnel.keepalive must be a time from 1s to 1h, not '0s'" },
	{ "tunnel: on", "f:1:9: tunnel must be a map of keys, not 'on'" },
	{ "log: verbose", "f:1:6: log must be error, warning, info or debug, not 'verbose'" },
	{ "log: Info", "f:1:6: log must be error, warning, info or debug, not 'Info'" },
	{ "log:", "f:1:5: log must be error, warning, info or debug, not empty" },
	{ "jobs: {slice: remex}",
		"f:1:15: jobs.slice must be the name of a slice of systemd, such as remex.slice, not 'remex'" },
	{ "jobs: {slice: .slice}",
		"f:1:15: jobs.slice must be the name of a slice of systemd, such as remex.slice, not '.slice'" },
	{ "jobs: {slice: a-.slice}",
		"f:1:15: jobs.slice must be the name of a slice of systemd, such as remex.slice, not 'a-.slice'" },
	{ "jobs: {slice: a/b.slice}",
		"f:1:15: jobs.slice must be the name of a slice of systemd, such as remex.slice, not 'a/b.slice'" },
	{ "jobs: {slice: [a.slice]}",
		"f:1:15: jobs.slice must be the name of a slice of systemd, such as remex.slice, not a list" },
	{ "front_user:", "f:1:12: front_user must be the name of a user, not empty" },
	{ "front_user: ''", "f:1:13: front_user must be the name of a user, not \"\"" },
	{ "front_user: [a]", "f:1:13: front_user must be the name of a user, not a list" },
	{ "front_user: \"a\\tb\"", "f:1:13: front_user must be the name of a user, not \"a\\tb\"" },
	/* Plugins. */
	{ "plugins: {directory: []}", "f:1:22: plugins.directory is an empty list" },
	{ "plugins: {directory: [/a, b]}",
		"f:1:27: plugins.directory must be an absolute path, or a list of them, not 'b'" },
	{ "plugins: {directory: [/1, /2, /3, /4, /5, /6, /7, /8, /9]}",
		"f:1:22: plugins.directory is a list of 9; it may have at most 8" },
	{ "plugins: {directory: lib}",
		"f:1:22: plugins.directory must be an absolute path, or a list of them, not 'lib'" },
	{ "plugins: {directory: false}",
		"f:1:22: plugins.directory must be an absolute path, or a list of them, not 'false'" },
	{ "plugins: {exec: 1}", "f:1:17: plugins.exec must be false or a map of the plugin's keys, not '1'" },
	{ "plugins: {exec: 'no'}", "f:1:17: plugins.exec must be false or a map of the plugin's keys, not \"no\"" },
	{ "plugins: {exec: [a]}", "f:1:17: plugins.exec must be false or a map of the plugin's keys, not a list" },
	{ "plugins: {direktory: /x}", "f:1:22: plugins.direktory must be false or a map of the plugin's keys, not '/x';"
				      " did you mean 'plugins.directory'?" },
	{ "plugins: {a.b: false}", "f:1:11: unknown key 'plugins.a.b'; sections are nested, not dotted" },
};

START_TEST (refused)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct err err = { 0 };

		ck_assert_msg (config_parse (refusals[i].text, strlen (refusals[i].text), "f", &err) == NULL, "%s",
			refusals[i].text);
		ck_assert_str_eq (err.text, refusals[i].message);
		ck_assert_ptr_null (config_parse (refusals[i].text, strlen (refusals[i].text), "f", NULL));
	}
}
END_TEST

START_TEST (longest_path)
{
	struct config *config = parse ("listen: unix:///" HUNDRED "123456");

	ck_assert_uint_eq (strlen (config->listen[0].path), 107);
	config_free (config);
}
END_TEST

/* --- the tunnel --------------------------------------------------------------------------------------------------- */

#ifdef HAVE_LIBSSH2
START_TEST (tunnel)
{
	static const struct {
		const char *text, *user, *host;
		unsigned port;
		const char *listen;
		unsigned listen_port;
	} rows[] = {
		{ "tunnel: {ssh: me@bastion}", "me", "bastion", 22, "localhost", 7363 },
		{ "tunnel: {ssh: 'a.b@192.0.2.1:2222', listen: '*:0'}", "a.b", "192.0.2.1", 2222, "", 0 },
		{ "tunnel: {ssh: 'me@[2001:db8::1]:65535', listen: '[::1]:1'}", "me", "2001:db8::1", 65535, "::1", 1 },
		{ "tunnel: {ssh: 'me@[fe80::1%eth0]', listen: '0.0.0.0:65535'}", "me", "fe80::1%eth0", 22, "0.0.0.0",
			65535 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct config *config = parse (rows[i].text), *none = parse ("");

		ck_assert_str_eq (config->tunnel.user, rows[i].user);
		ck_assert_str_eq (config->tunnel.host, rows[i].host);
		ck_assert_uint_eq (config->tunnel.port, rows[i].port);
		ck_assert_str_eq (config->tunnel.listen, rows[i].listen);
		ck_assert_uint_eq (config->tunnel.listen_port, rows[i].listen_port);
		ck_assert (config_tunnel_equal (&config->tunnel, &config->tunnel));
		ck_assert (!config_tunnel_equal (&config->tunnel, &none->tunnel));
		config_free (none);
		config_free (config);
	}
}
END_TEST

START_TEST (tunnel_files)
{
	struct config *config = parse ("tunnel:\n  ssh: me@bastion\n  key: /k\n  known_hosts: /h\n  keepalive: 1m\n"
				       "  host_key: SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");

	ck_assert_str_eq (config->tunnel.key, "/k");
	ck_assert_str_eq (config->tunnel.known_hosts, "/h");
	ck_assert_str_eq (config->tunnel.host_key, "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	ck_assert_int_eq (config->tunnel.keepalive_ms, 60000);
	config_free (config);
}
END_TEST

START_TEST (tunnel_refused)
{
	static const char *const bad[] = { "bastion", "@bastion", "me@", "me@a b", "me@bastion:0", "me@bastion:65536",
		"me@bastion:", "me@bastion:22x", "me@*", "me@-x", "-me@bastion", "m e@bastion", "me@2001:db8::1",
		"me@[2001:db8::1", "me@[2001:db8::1]22", "me@[]", "ssh://me@bastion", "me:x@bastion", "me@a/b" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = { 0 };
		char text[128], expected[256];

		snprintf (text, sizeof text, "tunnel: {ssh: '%s'}", bad[i]);
		snprintf (expected, sizeof expected, "f:1:15: tunnel.ssh must be none or USER@HOST[:PORT], not \"%s\"",
			bad[i]);
		ck_assert_msg (config_parse (text, strlen (text), "f", &err) == NULL, "%s", text);
		ck_assert_str_eq (err.text, expected);
	}
}
END_TEST
#else
START_TEST (tunnel)
{
	static const char text[] = "log: info\ntunnel:\n  ssh: me@bastion\n";
	struct err err = { 0 };

	ck_assert_ptr_null (config_parse (text, strlen (text), "f", &err));
	ck_assert_str_eq (err.text,
		"f:3:8: tunnel.ssh needs remex-ssh, and this remexd was built without libssh2 (configure "
		"says whether it found libssh2)");
	config_free (parse ("tunnel: {ssh: none}"));
}
END_TEST
#endif

/* --- the table, the shipped file and the manual page ------------------------------------------------------------- */

/* A file of the source tree; the caller frees. */
static char *read_source (const char *name)
{
	const char *top = getenv ("top_srcdir");
	char path[4096], *text;
	struct err err;
	size_t n;

	snprintf (path, sizeof path, "%s/%s", top ? top : ".", name);
	text = fd_read_file (path, CONF_FILE_MAX, &n, &err);
	ck_assert_msg (text != NULL, "%s", text ? "" : err.text);
	return text;
}

/* A commented setting: blanks, '#', and no blank behind it. */
static char *setting (char *line)
{
	line += strspn (line, " ");
	return *line == '#' && line[1] != ' ' && line[1] != '\n' && line[1] ? line : NULL;
}

/* Remove the '#' from every setting, or from the `only`th alone; returns the number of settings. */
static int uncomment (char *text, int only)
{
	int n = 0;

	for (char *line = text; line && *line; line = strchr (line, '\n'), line += line != NULL) {
		char *mark = setting (line);

		if (!mark)
			continue;
		if (only < 0 || only == n)
			memmove (mark, mark + 1, strlen (mark));
		n++;
	}
	return n;
}

static const char *shown (const struct schema_key *key)
{
	return key->shown ? key->shown : key->value;
}

/* The shipped file, unchanged, has no effect. */
START_TEST (shipped)
{
	char *text = read_source ("conf/remexd.yaml");
	struct config *config = parse (text);

	check_defaults (config);
	check_unset (config);
	config_free (config);
	free (text);
}
END_TEST

/* All its settings together are the defaults, and each is for a key of the table, with the table's text. */
START_TEST (shipped_complete)
{
	char *text = read_source ("conf/remexd.yaml");
	struct config *config;

	ck_assert_int_eq (uncomment (text, -1), (int)config_schema.n_keys);
	config = parse (text);
	check_defaults (config);
	for (size_t i = 0; i < config_schema.n_keys; i++) {
		const struct conf_node *node = reader_at (config->tree, config_schema.keys[i].path);

		ck_assert_msg (node != NULL, "%s is not in conf/remexd.yaml", config_schema.keys[i].path);
		ck_assert_str_eq (node->value, shown (&config_schema.keys[i]));
		ck_assert_msg (strstr (text, config_schema.keys[i].help) != NULL, "not in conf/remexd.yaml: %s",
			config_schema.keys[i].help);
	}
	config_free (config);
	free (text);
}
END_TEST

/* Removing one '#' changes one key. */
START_TEST (shipped_each)
{
	for (int i = 0; i < (int)config_schema.n_keys; i++) {
		char *text = read_source ("conf/remexd.yaml");
		struct config *config;
		size_t given = 0;

		uncomment (text, i);
		config = parse (text);
		check_defaults (config);
		for (size_t k = 0; k < config_schema.n_keys; k++)
			given += reader_at (config->tree, config_schema.keys[k].path) != NULL;
		ck_assert_uint_eq (given, 1);
		config_free (config);
		free (text);
	}
}
END_TEST

/* `.It Cm workers.max Ar integer , No default Cm 64` for each key, and its range in the text below. */
START_TEST (manual)
{
	char *text = read_source ("man/remexd.yaml.5"), *from = strstr (text, "\n.Sh KEYS\n");

	ck_assert_ptr_nonnull (from);
	*strstr (from, "\n.Sh IDENTITY FILES\n") = '\0';
	for (size_t i = 0; i < config_schema.n_keys; i++) {
		const struct schema_key *key = &config_schema.keys[i];
		char line[256], expected[160], *at, *end, *range;

		snprintf (line, sizeof line, "\n.It Cm %s Ar %s , No default Cm %s\n", key->path, key->type->word,
			shown (key));
		ck_assert_msg ((at = strstr (from, line)) != NULL, "not in man/remexd.yaml.5:%s", line);
		schema_expects (key, expected, sizeof expected);
		if (key->type->list)
			snprintf (expected, sizeof expected, "up to %lld", key->max);
		range = strstr (expected, "from ");
		/* "An absolute path" */
		range = range || key->type->list ? (range ? range : expected) : expected + strcspn (expected, " ");
		end = strstr (at + 1, "\n.It");
		at = strstr (at, range);
		ck_assert_msg (at && (!end || at < end), "%s: '%s' is not in man/remexd.yaml.5", key->path, range);
	}
	free (text);
}
END_TEST

/* The examples in the manual work. */
START_TEST (manual_examples)
{
	static const char begin[] = "\n.Bd -literal -offset indent\n", end[] = "\n.Ed";
	char *text = read_source ("man/remexd.yaml.5"), *at = strstr (text, "\n.Sh EXAMPLES\n"), *stop;
	int n = 0;

	ck_assert_ptr_nonnull (at);
	*strstr (at, "\n.Sh DIAGNOSTICS") = '\0';
	for (; (at = strstr (at, begin)); at = stop + 1, n++) {
		at += sizeof begin - 1;
		ck_assert_ptr_nonnull ((stop = strstr (at, end)));
		*stop = '\0';
		config_free (parse (at));
	}
	ck_assert_int_gt (n, 2);
	free (text);
}
END_TEST

/* The defaults are within their own ranges, and every path fits into its buffer. */
START_TEST (table)
{
	for (size_t i = 0; i < config_schema.n_keys; i++) {
		const struct schema_key *key = &config_schema.keys[i];
		char near[SCHEMA_PATH_MAX];

		ck_assert_uint_lt (strlen (key->path), SCHEMA_PATH_MAX - 20);
		ck_assert_ptr_eq (schema_find (&config_schema, key->path), key);
		ck_assert_ptr_nonnull (shown (key));
		ck_assert (!schema_is_section (&config_schema, key->path));
		/* A key in its own place is the nearest to itself. */
		ck_assert_str_eq (schema_nearest (&config_schema, key->path, near), key->path);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne (config_schema.keys[k].path, key->path);
	}
	ck_assert (schema_is_section (&config_schema, "workers"));
	ck_assert (!schema_is_section (&config_schema, "worker"));
	ck_assert (!schema_is_section (&config_schema, ""));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, defaults);
	tcase_add_test (tcase, tunnel);
#ifdef HAVE_LIBSSH2
	tcase_add_test (tcase, tunnel_files);
	tcase_add_test (tcase, tunnel_refused);
#endif
	tcase_add_test (tcase, everything);
	tcase_add_test (tcase, one_key);
	tcase_add_test (tcase, former_names);
	tcase_add_test (tcase, listen_tcp);
	tcase_add_test (tcase, refused);
	tcase_add_test (tcase, longest_path);
	tcase_add_test (tcase, shipped);
	tcase_add_test (tcase, shipped_complete);
	tcase_add_test (tcase, shipped_each);
	tcase_add_test (tcase, manual);
	tcase_add_test (tcase, manual_examples);
	tcase_add_test (tcase, table);
}

CHECK_MAIN ("config", add_cases)
