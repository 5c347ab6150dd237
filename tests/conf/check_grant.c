/* check_grant - identity files: every key, every refusal with its position and message, the rights, dates, and the
 * snapshot that transfers them from one process to another.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "conf/grant.h"
#include "conf/tree.h"
#include "support/check_main.h"

#define ROWS(table) (sizeof (table) / sizeof *(table))

/* The public keys of RFC 8032, section 7.1. */
#define B64_1 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define B64_2 "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
#define KEY_1 "remex-ed25519 " B64_1
#define KEY_2 "remex-ed25519 " B64_2
#define KEY "key: " KEY_1 "\n"

static struct grant *parse (const char *text)
{
	struct err err = { 0 };
	struct grant *grant = grant_parse (text, strlen (text), "alice", "f", &err);

	ck_assert_msg (grant != NULL, "%s: %s", text, err.text);
	return grant;
}

START_TEST (defaults)
{
	struct grant *grant = parse (KEY "allow: exec");
	char line[KEY_LINE_SIZE];

	ck_assert_str_eq (grant->name, "alice");
	ck_assert_uint_eq (grant->n_keys, 1);
	ck_assert_str_eq (key_format (&grant->keys[0], NULL, line), KEY_1);
	ck_assert_uint_eq (grant->n_allow, 1);
	ck_assert_str_eq (grant->allow[0], "exec");
	ck_assert_uint_eq (grant->n_commands, 0);
	ck_assert_uint_eq (grant->n_roots, 0);
	ck_assert_uint_eq (grant->n_from, 0);
	ck_assert_ptr_null (grant->user);
	ck_assert_int_eq (grant->expires, 0);
	ck_assert_int_eq (grant->limits.connections, 16);
	ck_assert_int_eq (grant->limits.calls, 64);
	ck_assert_int_eq (grant->record.what, RECORD_UNSAID);
	ck_assert_int_eq (grant->record.when_full, RECORD_FULL_UNSAID);
	for (int i = 0; i < N_CALL_LIMITS; i++)
		ck_assert_int_eq (grant->limits.requests.value[i], 0);
	grant_free (grant);
	grant_free (NULL);
}
END_TEST

START_TEST (everything)
{
	struct grant *grant =
		parse ("slots:\n"
		       "  unit: '[a-z]+'\n"
		       "key: [" KEY_1 " alice@desk, '" KEY_2 "']\n"
		       "user: deploy\n"
		       "allow: [status, file.*, exec.run, \"a.b\"]\n"
		       "commands:\n"
		       "  - [systemctl, status, \"{unit}\"]\n"
		       "  - [uptime]\n"
		       "roots: {/srv/app: rw, '/var/log': 'r'}\n"
		       "from: [10.0.0.0/8, '2001:db8::/32', 192.0.2.1]\n"
		       "expires: 2027-01-31T12:00:00Z\n"
		       "limits: {connections: 1, calls: 65536, deadline: 1.5h, idle: 1m, cpu: 2s, memory: 1GiB,\n"
		       "  processes: 100, files: 64, file_size: 1MiB, nice: 5, output: 10MB}\n"
		       "record: {what: shell, when_full: go_on}\n");
	char line[KEY_LINE_SIZE];

	ck_assert_uint_eq (grant->n_keys, 2);
	ck_assert_str_eq (key_format (&grant->keys[0], NULL, line), KEY_1);
	ck_assert_str_eq (key_format (&grant->keys[1], NULL, line), KEY_2);
	ck_assert_str_eq (grant->user, "deploy");
	ck_assert_uint_eq (grant->n_allow, 4);
	ck_assert_str_eq (grant->allow[3], "a.b");
	ck_assert_uint_eq (grant->n_commands, 2);
	ck_assert_uint_eq (grant->commands[0].n_words, 3);
	ck_assert_str_eq (grant->commands[0].words[2].slot, "unit");
	ck_assert_uint_eq (grant->commands[1].n_words, 1);
	ck_assert_uint_eq (grant->n_roots, 2);
	ck_assert_str_eq (grant->roots[0].path, "/srv/app");
	ck_assert (grant->roots[0].writable);
	ck_assert_str_eq (grant->roots[1].path, "/var/log");
	ck_assert (!grant->roots[1].writable);
	ck_assert_uint_eq (grant->n_from, 3);
	ck_assert_int_eq (grant->from[1].bits, 32);
	ck_assert_int_eq (grant->expires, 1801396800);
	ck_assert_int_eq (grant->limits.connections, 1);
	ck_assert_int_eq (grant->limits.calls, 65536);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_DEADLINE], 5400000);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_IDLE], 60000);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_CPU], 2000);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_MEMORY], 1 << 30);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_PROCESSES], 100);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_FILES], 64);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_FILE_SIZE], 1 << 20);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_NICE], 5);
	ck_assert_int_eq (grant->limits.requests.value[LIMIT_OUTPUT], 10000000);
	ck_assert_int_eq (grant->record.what, RECORD_SHELL);
	ck_assert_int_eq (grant->record.when_full, RECORD_GO_ON);
	grant_free (grant);
}
END_TEST

#define ALLOW KEY "allow: exec\n"
#define COMMANDS KEY "commands: [[x, \"{a}\"]]\nslots: {a: b}\n"
#define FILES KEY "allow: file\n"

static const struct {
	const char *text, *message;
} refusals[] = {
	/* Keys of the file. */
	{ ALLOW "form: 10.0.0.0/8", "f:3:1: unknown key 'form'; did you mean 'from'?" },
	{ ALLOW "record: {what: some}", "f:3:16: record.what must be none, shell or all, not 'some'" },
	{ ALLOW "record: {when_full: stop}", "f:3:21: record.when_full must be refuse or go_on, not 'stop'" },
	{ ALLOW "record: {directory: /x}", "f:3:10: unknown key 'record.directory'" },
	{ ALLOW "keys: x", "f:3:1: unknown key 'keys'; did you mean 'key'?" },
	{ ALLOW "limits: {call: 3}", "f:3:10: unknown key 'limits.call'; did you mean 'limits.calls'?" },
	{ ALLOW "deadline: 3", "f:3:1: unknown key 'deadline'; did you mean 'limits.deadline'?" },
	{ ALLOW "limits.calls: 3", "f:3:1: unknown key 'limits.calls'; sections are nested, not dotted" },
	{ ALLOW "workers: {max: 3}", "f:3:1: unknown key 'workers'" },
	{ ALLOW "slots.a: b", "f:3:1: unknown key 'slots.a'; sections are nested, not dotted" },
	{ ALLOW "allow: exec", "f:3:1: the key 'allow' is already on line 2" },
	{ "- key", "f:1:1: the file must be a map of keys, not a list" },
	/* Keys of the identity. */
	{ "", "f:1:1: an identity has to have a key: the line that remex keygen prints" },
	{ "allow: exec", "f:1:1: an identity has to have a key: the line that remex keygen prints" },
	{ "key:", "f:1:5: key must be a line as remex keygen prints it (remex-ed25519 ...), or a list of them, not "
		  "empty" },
	{ "key: []", "f:1:6: key is an empty list" },
	{ "key: ['']", "f:1:7: each of key must be a line as remex keygen prints it (remex-ed25519 ...), not \"\"" },
	{ "key: [[x]]", "f:1:7: each of key must be a line as remex keygen prints it (remex-ed25519 ...), not a list" },
	{ "key: [" KEY_1 ", ssh-ed25519 AAAA]",
		"f:1:67: key: this is an ssh key; remex has its own keys: make one with remex keygen" },
	{ "key: remex-ed25519 AAAA", "f:1:6: key: 4 characters behind remex-ed25519, not 44: is the line complete?" },
	{ "key:\n- " KEY_1 "\n- " KEY_2 "\n- " KEY_1 " again", "f:4:3: this key is in the list already" },
	/* Rights. */
	{ KEY, "f:1:1: this identity may do nothing: give it 'allow' or 'commands'" },
	{ KEY "allow: *", "f:2:8: a word that starts with '*' has to be in quotes" },
	{ KEY "allow: [exec, *]", "f:2:15: a word that starts with '*' has to be in quotes" },
	{ KEY "allow: []", "f:2:8: allow is an empty list" },
	{ KEY "allow:", "f:2:7: allow must be a call such as exec.run, file.* or \"*\", or a list of them, not empty" },
	{ KEY "allow: {exec: true}",
		"f:2:8: allow must be a call such as exec.run, file.* or \"*\", or a list of them, not a map" },
	{ KEY "allow: exec run",
		"f:2:8: each of allow must be a call such as exec.run, file.* or \"*\", not 'exec run'" },
	{ KEY "allow: [a, [b]]", "f:2:12: each of allow must be a call such as exec.run, file.* or \"*\", not a list" },
	/* Commands. */
	{ KEY "commands: uptime", "f:2:11: each of commands must be a list of words, not 'uptime'" },
	{ KEY "commands: [uptime]", "f:2:12: each of commands must be a list of words, not 'uptime'" },
	{ KEY "commands: {a: [b]}", "f:2:11: commands must be a list of words, or a list of them, not a map" },
	{ KEY "commands: []", "f:2:11: commands is an empty list" },
	{ KEY "commands: [[]]", "f:2:12: a command must be a list of 1 to 64 words, such as [systemctl, status]" },
	{ KEY "commands: [[x], [x, \"{a}\"]]", "f:2:21: {a} has no pattern in slots" },
	{ KEY "commands: [[x, \"{a}\"]]\nslots: [a]", "f:3:8: slots must be a map of regular expressions, not a list" },
	{ KEY "commands: [[x, \"{a}\"]]\nslots:", "f:3:7: slots must be a map of regular expressions, not empty" },
	{ KEY "commands: [[x, \"{a}\"]]\nslots: {a: b, c: d}", "f:3:15: slots.c is used in none of the commands" },
	{ ALLOW "slots: {a: b}", "f:3:9: slots.a is used in none of the commands" },
	{ KEY "commands: [[x, \"{a}\"]]\nslots: {a: (}",
		"f:3:12: the pattern of slots.a is not a regular expression: Unmatched ( or \\(" },
	/* Roots. */
	{ FILES "roots:", "f:3:7: roots must be a map of absolute paths to r or rw, not empty" },
	{ FILES "roots: [/srv]", "f:3:8: roots must be a map of absolute paths to r or rw, not a list" },
	{ FILES "roots: /srv", "f:3:8: roots must be a map of absolute paths to r or rw, not '/srv'" },
	{ FILES "roots: {}", "f:3:8: roots is an empty map" },
	{ FILES "roots: {/srv: w}", "f:3:15: each of roots must be r or rw, not 'w'" },
	{ FILES "roots: {/srv: RW}", "f:3:15: each of roots must be r or rw, not 'RW'" },
	{ FILES "roots: {/srv: ''}", "f:3:15: each of roots must be r or rw, not \"\"" },
	{ FILES "roots: {/srv: [r]}", "f:3:15: each of roots must be r or rw, not a list" },
	{ FILES "roots: {/srv: }", "f:3:15: each of roots must be r or rw, not empty" },
	{ FILES "roots: {/srv:rw}", "f:3:16: each of roots must be r or rw, not empty" },
	{ FILES "roots:\n  /a: r\n  srv: r", "f:5:3: roots: 'srv' is not an absolute path" },
	{ FILES "roots: {/srv/: r}", "f:3:9: roots: '/srv/' has an extra '/'" },
	{ FILES "roots: {//: r}", "f:3:9: roots: '//' has an extra '/'" },
	{ FILES "roots: {//srv: r}", "f:3:9: roots: '//srv' has an extra '/'" },
	{ FILES "roots: {/a//b: r}", "f:3:9: roots: '/a//b' has an extra '/'" },
	{ FILES "roots: {/.: r}", "f:3:9: roots: '/.' has '.' in it" },
	{ FILES "roots: {/a/./b: r}", "f:3:9: roots: '/a/./b' has '.' in it" },
	{ FILES "roots: {/..: r}", "f:3:9: roots: '/..' has '..' in it" },
	{ FILES "roots: {/a/../b: r}", "f:3:9: roots: '/a/../b' has '..' in it" },
	{ FILES "roots: {/a: r, /b: r, /a: rw}", "f:3:23: the key '/a' is already on line 3" },
	{ FILES "roots: {/srv: rw, /srv/conf: r}",
		"f:3:19: roots: '/srv/conf' cannot be read-only: it is beneath '/srv', which may be written" },
	{ FILES "roots: {/srv: r, /: rw}",
		"f:3:9: roots: '/srv' cannot be read-only: it is beneath '/', which may be written" },
	{ FILES "roots: {\"/a\\nb\": r}", "f:3:9: '/a\\nb' is not a key: a path has no control characters" },
	{ FILES "/srv: r", "f:3:1: unknown key '/srv'" },
	{ FILES "/srv.d: r", "f:3:1: unknown key '/srv.d'" },
	{ FILES "limits: {/srv: r}", "f:3:10: unknown key 'limits./srv'" },
	{ KEY "roots: {/srv: r}", "f:1:1: this identity may do nothing: give it 'allow' or 'commands'" },
	/* Addresses and expiry. */
	{ ALLOW "from: []", "f:3:7: from is an empty list" },
	{ ALLOW "from:",
		"f:3:6: from must be a network such as 10.0.0.0/8 or 2001:db8::/32, or a list of them, not empty" },
	{ ALLOW "from: web1",
		"f:3:7: from: \"web1\" is not a network in numbers (examples: 10.0.0.0/8, 2001:db8::/32)" },
	{ ALLOW "from: [10.0.0.0/8, 10.0.0.1/8]",
		"f:3:20: from: \"10.0.0.1/8\" has bits set behind its prefix: the network is 10.0.0.0/8" },
	{ ALLOW "from: 10.0.0.0/33", "f:3:7: from: \"10.0.0.0/33\": the number behind the slash must be from 0 to 32" },
	{ ALLOW "expires: 2027-02-30",
		"f:3:10: expires must be a date in UTC such as 2027-01-31 or 2027-01-31T12:00:00Z, not '2027-02-30'" },
	{ ALLOW "expires: never",
		"f:3:10: expires must be a date in UTC such as 2027-01-31 or 2027-01-31T12:00:00Z, not 'never'" },
	{ ALLOW "expires:",
		"f:3:9: expires must be a date in UTC such as 2027-01-31 or 2027-01-31T12:00:00Z, not empty" },
	/* The rest. */
	{ ALLOW "user: ''", "f:3:7: user must be the name of a user, not \"\"" },
	{ ALLOW "user: [a]", "f:3:7: user must be the name of a user, not a list" },
	{ ALLOW "limits: {connections: 0}",
		"f:3:23: limits.connections must be a whole number from 1 to 1000000, not '0'" },
	{ ALLOW "limits: {calls: 65537}", "f:3:17: limits.calls must be a whole number from 1 to 65536, not '65537'" },
	{ ALLOW "limits: {deadline: 366d}", "f:3:20: limits.deadline must be a time from 0s to 365d, not '366d'" },
	{ ALLOW "limits: {nice: 20}", "f:3:16: limits.nice must be a whole number from 0 to 19, not '20'" },
	{ ALLOW "limits: {memory: -1}", "f:3:18: limits.memory must be a size from 0 to 1024TiB, not '-1'" },
	{ ALLOW "cpu: 3", "f:3:1: unknown key 'cpu'; did you mean 'limits.cpu'?" },
	{ ALLOW "limits: 3", "f:3:9: limits must be a map of keys, not '3'" },
};

START_TEST (refused)
{
	for (size_t i = 0; i < ROWS (refusals); i++) {
		struct err err = { 0 };

		ck_assert_msg (grant_parse (refusals[i].text, strlen (refusals[i].text), "a", "f", &err) == NULL, "%s",
			refusals[i].text);
		ck_assert_str_eq (err.text, refusals[i].message);
		ck_assert_ptr_null (grant_parse (refusals[i].text, strlen (refusals[i].text), "a", "f", NULL));
	}
}
END_TEST

START_TEST (names)
{
	static const char *const good[] = { "a", "alice", "alice@desk.example", "A_1-b", "_x", "@x", "0",
		"012345678901234567890123456789012345678901234567890123456789012" };
	static const char *const bad[] = { "", ".", "..", ".a", "-a", "a b", "a/b", "a:b", "a\n", "\xC3\xA4", "a*",
		"0123456789012345678901234567890123456789012345678901234567890123" };
	struct err err;

	for (size_t i = 0; i < ROWS (good); i++)
		ck_assert_msg (grant_check_name (good[i], &err) == 0, "%s", good[i]);
	for (size_t i = 0; i < ROWS (bad); i++) {
		ck_assert_msg (grant_check_name (bad[i], &err) < 0, "%s", bad[i]);
		ck_assert_ptr_null (strchr (err.text, '\n'));
		ck_assert_ptr_null (grant_parse (ALLOW, strlen (ALLOW), bad[i], "f", &err));
		ck_assert_int_eq (strncmp (err.text, "f:1:1: '", 8), 0);
	}
}
END_TEST

START_TEST (calls)
{
	static const char *const good[] = { "'*'", "exec", "exec.*", "exec.run", "a_1.b_2",
		"a2345678901234567890123456789012.*" };
	static const char *const bad[] = { "**", "exec.", ".run", "exec.r*", "*.run", "exec.run.x", "Exec", "exec..run",
		"exec .run", "exec.run ;", "exec-run", "a23456789012345678901234567890123" };
	char text[256];

	for (size_t i = 0; i < ROWS (good); i++) {
		snprintf (text, sizeof text, KEY "allow: [%s]", good[i]);
		grant_free (parse (text));
	}
	for (size_t i = 0; i < ROWS (bad); i++) {
		snprintf (text, sizeof text, KEY "allow: ['%s']", bad[i]);
		ck_assert_msg (grant_parse (text, strlen (text), "a", "f", NULL) == NULL, "%s", text);
	}
}
END_TEST

START_TEST (covers_roots)
{
	static const struct {
		const char *before, *now;
		bool covers;
	} rows[] = {
		{ NULL, NULL, true },
		{ NULL, "{/: rw}", true },
		{ NULL, "{/: r}", false },
		{ NULL, "{/srv: rw}", false },
		{ "{/srv: rw}", NULL, true },
		{ "{/srv: rw}", "{/srv: rw}", true },
		{ "{/srv: r}", "{/srv: rw}", true },
		{ "{/srv: rw}", "{/srv: r}", false },
		{ "{/srv: rw}", "{/srv: rw, /var: r}", true },
		{ "{/srv: rw, /var: r}", "{/srv: rw}", false },
		{ "{/srv: rw}", "{/srv/app: rw}", false },
		{ "{/srv/app: rw}", "{/srv: rw}", true },
		{ "{/srv/app: rw}", "{/srv: r}", false },
		{ "{/srv/app: r}", "{/: r}", true },
		{ "{/srv: r}", "{/srv: r, /srv/app: rw}", true },
		{ "{/srv: r, /srv/app: rw}", "{/srv: r}", false },
		{ "{/srv: r, /srv/app: rw}", "{/srv: rw}", true },
		{ "{/srv: r}", "{/srv2: r}", false },
		{ "{/srv2: r}", "{/srv: r}", false },
	};
	char text[256];

	for (size_t i = 0; i < ROWS (rows); i++) {
		struct grant *before, *now;

		snprintf (text, sizeof text, KEY "allow: file\n%s%s", rows[i].before ? "roots: " : "",
			rows[i].before ? rows[i].before : "");
		before = parse (text);
		snprintf (text, sizeof text, KEY "allow: file\n%s%s", rows[i].now ? "roots: " : "",
			rows[i].now ? rows[i].now : "");
		now = parse (text);
		ck_assert_ptr_nonnull (before);
		ck_assert_ptr_nonnull (now);
		ck_assert_msg (grant_covers_roots (now, before) == rows[i].covers, "row %zu", i);
		grant_free (before);
		grant_free (now);
	}
}
END_TEST

/* The verbs of the tests: tool.run runs an argv, tool.line a line for a shell, and neither of the others runs anything. */
static const char verbs_json[] =
	"[{\"plugin\":\"tool\",\"verbs\":["
	"{\"name\":\"run\",\"help\":\"h\",\"runs\":true,\"params\":["
	"{\"name\":\"words\",\"type\":\"strings\",\"required\":true,\"command\":true,\"help\":\"h\"}]},"
	"{\"name\":\"line\",\"help\":\"h\",\"runs\":true,\"params\":["
	"{\"name\":\"line\",\"type\":\"string\",\"required\":true,\"command\":false,\"help\":\"h\"}]}]},"
	"{\"plugin\":\"file\",\"verbs\":[{\"name\":\"get\",\"help\":\"h\",\"paths\":true,\"params\":[]}]},"
	"{\"plugin\":\"status\",\"verbs\":[{\"name\":\"show\",\"help\":\"h\",\"params\":[]}]},"
	"{\"plugin\":\"lost\",\"refused\":\"no disk\"}]";

static struct verb_table *verbs (void)
{
	json_t *json = json_loads (verbs_json, 0, NULL);
	struct verb_table *table = verb_table_new (json, NULL);

	ck_assert_ptr_nonnull (table);
	json_decref (json);
	return table;
}

static const struct verb *verb (const struct verb_table *table, const char *name)
{
	const struct verb *found = verb_find (table, name, NULL);

	ck_assert_ptr_nonnull (found);
	return found;
}

START_TEST (allows)
{
	static const struct {
		const char *allow, *verb;
		bool allows;
	} rows[] = {
		{ "exec.run", "exec.run", true },
		{ "exec.run", "exec.runs", false },
		{ "exec.run", "exec.ru", false },
		{ "exec.run", "exec.shell", false },
		{ "exec.run", "exec", false },
		{ "exec", "exec.run", true },
		{ "exec", "exec.shell", true },
		{ "exec", "executor.run", false },
		{ "exec", "exe.run", false },
		{ "exec.*", "exec.run", true },
		{ "exec.*", "execute.run", false },
		{ "exec.*", "exec", false },
		{ "'*'", "exec.run", true },
		{ "'*'", "plugins", true },
		{ "plugins", "plugins", true },
		{ "exec", "plugins", false },
		{ "[status, file.*]", "file.get", true },
		{ "[status, file.*]", "status.get", true },
		{ "[status, file.*]", "exec.run", false },
	};
	char text[256];

	for (size_t i = 0; i < ROWS (rows); i++) {
		struct grant *grant;

		snprintf (text, sizeof text, KEY "allow: %s", rows[i].allow);
		grant = parse (text);
		ck_assert_msg (grant_allows (grant, &(struct verb){ .name = (char *)(uintptr_t)rows[i].verb }) ==
				       rows[i].allows,
			"%s: %s", text, rows[i].verb);
		ck_assert (!grant_allows_argv (grant, (const char *const[]){ "x" }, (const size_t[]){ 1 }, 1));
		grant_free (grant);
	}
}
END_TEST

#define ANY(entry, verb) "'" entry "' allows any command (" verb "), and 'commands' only some: take one of them out"
#define UNBOUND(entry, verb) \
	"'" entry "' allows any command (" verb "), and 'roots' bind no command: take one of them out"
#define UNKNOWN(entry) "it allows '" entry "', and no plugin has such a call"
#define ROOTS KEY "roots: {/srv: r}\n"

/* The valid content of a file depends on the existing verbs. */
START_TEST (verbs_that_exist)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ KEY "allow: [tool, tool.line, status.*, file.get, '*']", "" },
		{ KEY "allow: [tool, tool.lien, fiel]", "f:2:15: " UNKNOWN ("tool.lien") },
		{ KEY "allow: [fiel.*]", "f:2:9: " UNKNOWN ("fiel.*") },
		{ KEY "allow: fiel", "f:2:8: " UNKNOWN ("fiel") },
		{ KEY "allow: lost.get", "f:2:8: it allows 'lost.get', and that plugin is refused: no disk" },
		/* Commands restrict the verbs that run an argv, and no others. */
		{ COMMANDS, "" },
		{ COMMANDS "allow: [tool.run, file]", "" },
		{ COMMANDS "allow: tool", "f:4:8: " ANY ("tool", "tool.line") },
		{ COMMANDS "allow: [file, tool.*]", "f:4:15: " ANY ("tool.*", "tool.line") },
		{ COMMANDS "allow: [tool.run, tool.line]", "f:4:19: " ANY ("tool.line", "tool.line") },
		{ COMMANDS "allow: ['*']", "f:4:9: " ANY ("*", "tool.line") },
		/* Roots do not restrict commands. */
		{ ROOTS "allow: [file, status]", "" },
		{ ROOTS "allow: [file, tool]",
			"f:3:15: " UNBOUND ("tool", "tool.run") ", or name its commands in 'commands'" },
		{ ROOTS "allow: [tool.line, file]", "f:3:9: " UNBOUND ("tool.line", "tool.line") },
		{ ROOTS "allow: '*'", "f:3:8: " UNBOUND ("*", "tool.run") ", or name its commands in 'commands'" },
		{ ROOTS "allow: tool.run",
			"f:3:8: " UNBOUND ("tool.run", "tool.run") ", or name its commands in 'commands'" },
		{ COMMANDS "roots: {/srv: r}\nallow: tool.run", "" },
		{ COMMANDS "roots: {/srv: r}\nallow: tool", "f:5:8: " ANY ("tool", "tool.line") },
	};
	struct verb_table *table = verbs ();

	for (size_t i = 0; i < ROWS (rows); i++) {
		struct grant *grant = parse (rows[i].text);
		struct err err = { .text = "" };
		int answer = grant_check_verbs (grant, table, "f", &err);

		ck_assert_msg (!strcmp (err.text, rows[i].message), "%s\n  says %s\n  not  %s", rows[i].text, err.text,
			rows[i].message);
		ck_assert_int_eq (answer, *rows[i].message ? -1 : 0);
		ck_assert_int_eq (grant_check_verbs (grant, NULL, "f", NULL), grant->n_allow ? -1 : 0);
		grant_free (grant);
	}
	verb_table_free (table);
}
END_TEST

START_TEST (commands)
{
	static const char *const texts[] = { COMMANDS "allow: [tool.run, status]", COMMANDS "allow: status", COMMANDS };

	struct verb_table *table = verbs ();

	for (size_t i = 0; i < ROWS (texts); i++) {
		struct grant *grant = parse (texts[i]);

		ck_assert (!grant_allows (grant, verb (table, "tool.run")));
		ck_assert (!grant_allows (grant, verb (table, "tool.line")));
		ck_assert (grant_allows_argv (grant, (const char *const[]){ "x", "b" }, (const size_t[]){ 1, 1 }, 2));
		ck_assert (!grant_allows_argv (grant, (const char *const[]){ "x", "c" }, (const size_t[]){ 1, 1 }, 2));
		ck_assert (!grant_allows_argv (grant, (const char *const[]){ "x" }, (const size_t[]){ 1 }, 1));
		ck_assert (!grant_allows_argv (grant, NULL, NULL, 0));
		grant_free (grant);
	}
	verb_table_free (table);
}
END_TEST

/* Valid roots: each alone; as many as the limit; beside commands, and calls that do not use them. */
START_TEST (roots)
{
	static const char *const good[] = { "/", "/a", "/a/b", "/...", "/.a/..b/c.", "/a b", "/~", "/\xC3\xBC", "/{a}",
		"/a\\b" };
	static const char *const texts[] = { COMMANDS "roots: {/: r}\nallow: [exec.run, file]",
		FILES "roots: {/srv: r, /srv/app: rw, /srv-b: r}", COMMANDS "roots: {/: r}",
		KEY "allow: [status, execute, exec.runs]\nroots: {/: r}" };
	char text[8192], path[GRANT_PATH_MAX + 2];
	struct grant *grant;
	struct err err;
	size_t n;

	for (size_t i = 0; i < ROWS (good); i++) {
		snprintf (text, sizeof text, FILES "roots: {'%s': rw}", good[i]);
		grant = parse (text);
		ck_assert_uint_eq (grant->n_roots, 1);
		ck_assert_str_eq (grant->roots[0].path, good[i]);
		ck_assert (grant->roots[0].writable);
		grant_free (grant);
	}
	for (size_t i = 0; i < ROWS (texts); i++)
		grant_free (parse (texts[i]));
	n = (size_t)snprintf (text, sizeof text, FILES "roots:\n");
	for (int i = 0; i < GRANT_ROOTS_MAX; i++)
		n += (size_t)snprintf (text + n, sizeof text - n, "  /%d: r\n", i);
	grant = parse (text);
	ck_assert_uint_eq (grant->n_roots, GRANT_ROOTS_MAX);
	grant_free (grant);
	snprintf (text + n, sizeof text - n, "  /x: r\n");
	ck_assert_ptr_null (grant_parse (text, strlen (text), "a", "f", &err));
	ck_assert_str_eq (err.text, "f:4:3: roots is a map of 65; it may have at most 64");
	memset (path, 'x', sizeof path);
	path[0] = '/';
	path[GRANT_PATH_MAX + 1] = '\0';
	snprintf (text, sizeof text, FILES "roots:\n  ? %s\n  : r\n", path);
	ck_assert_ptr_null (grant_parse (text, strlen (text), "a", "f", &err));
	ck_assert_str_eq (err.text, "f:4:5: roots: a path of 4096 bytes; it may have at most 4095");
	path[GRANT_PATH_MAX] = '\0';
	snprintf (text, sizeof text, FILES "roots:\n  ? %s\n  : r\n", path);
	grant = parse (text);
	ck_assert_str_eq (grant->roots[0].path, path);
	grant_free (grant);
}
END_TEST

/* Paths that no file can hold, but a command line can. */
START_TEST (root_paths)
{
	static const char *const bad[] = { "", "a", "./a", "/a\n", "/\xFF", "/\xC2\x85", "/a/", "/a/.", "/a/.." };
	struct err err;

	ck_assert_int_eq (grant_check_root ("/srv/app", NULL), 0);
	for (size_t i = 0; i < ROWS (bad); i++) {
		ck_assert_msg (grant_check_root (bad[i], &err) < 0, "%s", bad[i]);
		ck_assert_ptr_null (strchr (err.text, '\n'));
	}
}
END_TEST

START_TEST (networks)
{
	static const struct {
		const char *from, *address;
		bool good;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.255.255:1", true },
		{ "10.0.0.0/8", "11.0.0.0:1", false },
		{ "10.0.0.0/8", "[::ffff:10.1.2.3]:1", true },
		{ "10.0.0.0/8", "[::10.1.2.3]:1", false },
		{ "'::ffff:10.0.0.0/104'", "10.1.2.3:1", true },
		{ "0.0.0.0/0", "192.0.2.1:1", true },
		{ "0.0.0.0/0", "[::1]:1", false },
		{ "192.0.2.1", "192.0.2.1:65535", true },
		{ "192.0.2.1", "192.0.2.2:1", false },
		{ "['2001:db8::/33', 192.0.2.0/31]", "[2001:db8:7fff::1]:1", true },
		{ "['2001:db8::/33', 192.0.2.0/31]", "[2001:db8:8000::1]:1", false },
		{ "['2001:db8::/33', 192.0.2.0/31]", "192.0.2.1:1", true },
		{ "['2001:db8::/33', 192.0.2.0/31]", "192.0.2.2:1", false },
	};
	struct grant *grant = parse (ALLOW);
	struct endpoint endpoint;
	char text[256];

	ck_assert_int_eq (endpoint_parse (&endpoint, "[2001:db8::1]:1", NULL), 0);
	ck_assert (grant_from (grant, &endpoint));
	grant_free (grant);
	for (size_t i = 0; i < ROWS (rows); i++) {
		snprintf (text, sizeof text, ALLOW "from: %s", rows[i].from);
		grant = parse (text);
		ck_assert_int_eq (endpoint_parse (&endpoint, rows[i].address, NULL), 0);
		ck_assert_msg (grant_from (grant, &endpoint) == rows[i].good, "%s: %s", rows[i].from, rows[i].address);
		grant_free (grant);
	}
}
END_TEST

/* --- dates ------------------------------------------------------------------------------------------------------- */

START_TEST (dates)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{ "2000-01-01", 946684800 },
		{ "2000-02-29", 951782400 },
		{ "2027-01-31", 1801353600 },
		{ "2027-01-31T00:00:00Z", 1801353600 },
		{ "2027-01-31T12:00:00Z", 1801396800 },
		{ "2024-02-29", 1709164800 },
		{ "2024-03-01", 1709251200 },
		{ "2100-03-01", 4107542400 },
		{ "2038-01-19T03:14:08Z", 2147483648 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	static const char *const bad[] = { "", "2027", "2027-01", "2027-1-31", "2027-01-1", "27-01-31", "02027-01-31",
		"+2027-01-31", "-2027-01-31", " 2027-01-31", "2027-01-31 ", "2027/01/31", "20270131", "2027-00-01",
		"2027-13-01", "2027-01-00", "2027-01-32", "2027-04-31", "2027-02-29", "2027-02-30", "2024-02-30",
		"2100-02-29", "1999-12-31", "1970-01-01", "0000-01-01", "2027-01-31T", "2027-01-31T12",
		"2027-01-31T12:00Z", "2027-01-31T12:00:00", "2027-01-31t12:00:00z", "2027-01-31 12:00:00Z",
		"2027-01-31T12:00:00z", "2027-01-31T12:00:00.5Z", "2027-01-31T12:00:00+00:00", "2027-01-31T12:00:00ZZ",
		"2027-01-31T24:00:00Z", "2027-01-31T23:60:00Z", "2027-12-31T23:59:60Z", "2027-01-31T-1:00:00Z",
		"2027-01-31T12:00:0xZ" };
	int64_t seconds = -7;

	for (size_t i = 0; i < ROWS (good); i++) {
		ck_assert_msg (grant_parse_date (good[i].text, &seconds) == 0, "%s", good[i].text);
		ck_assert_msg (seconds == good[i].seconds, "%s: %lld", good[i].text, (long long)seconds);
	}
	seconds = -7;
	for (size_t i = 0; i < ROWS (bad); i++)
		ck_assert_msg (grant_parse_date (bad[i], &seconds) < 0 && seconds == -7, "%s", bad[i]);
}
END_TEST

/* Each day of four centuries and a bit, against the C library. */
START_TEST (calendar)
{
	for (int64_t day = 10957; day < 10957 + 150000; day++) {
		time_t then = (time_t)(day * 86400 + 86399);
		int64_t seconds;
		char text[32];
		struct tm tm;

		strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r (&then, &tm));
		ck_assert_msg (grant_parse_date (text, &seconds) == 0 && seconds == then, "%s", text);
	}
}
END_TEST

START_TEST (expiry)
{
	struct grant *grant = parse (ALLOW "expires: 2027-01-31");

	ck_assert (!grant_expired (grant, 0));
	ck_assert (!grant_expired (grant, 1801353599)); /* 2027-01-30T23:59:59Z, its last second */
	ck_assert (grant_expired (grant, 1801353600));
	ck_assert (grant_expired (grant, INT64_MAX));
	grant_free (grant);
	grant = parse (ALLOW);
	ck_assert (!grant_expired (grant, INT64_MAX));
	grant_free (grant);
}
END_TEST

/* --- snapshots --------------------------------------------------------------------------------------------------- */

static int count_files (const char *bytes, size_t size)
{
	char name[GRANT_NAME_MAX + 1];
	size_t offset = 0, n, before;
	const char *text;
	int found, files = 0;

	while (before = offset, (found = grant_next (bytes, size, &offset, name, &text, &n)) > 0) {
		ck_assert_uint_gt (offset, before);
		ck_assert_uint_le (offset, size);
		ck_assert (text >= bytes && text + n <= bytes + size);
		files++;
	}
	ck_assert_uint_eq (offset, before);
	return found < 0 ? -1 : files;
}

START_TEST (snapshot)
{
	static const char *const files[][2] = { { "alice", KEY "allow: exec\n" }, { "b", "" }, { "c@d", "\xFF\n" } };
	size_t ends[ROWS (files) + 1] = { 0 }, offset = 0, n;
	char name[GRANT_NAME_MAX + 1];
	const char *text;
	struct buf buf;
	char *bytes;

	buf_init (&buf, 1 << 20);
	ck_assert_int_eq (count_files ("", 0), 0);
	for (size_t i = 0; i < ROWS (files); i++) {
		ck_assert_int_eq (grant_append (&buf, files[i][0], files[i][1], strlen (files[i][1])), 0);
		ends[i + 1] = buf_len (&buf);
	}
	bytes = (char *)buf_head (&buf);
	for (size_t i = 0; i < ROWS (files); i++) {
		ck_assert_int_eq (grant_next (bytes, buf_len (&buf), &offset, name, &text, &n), 1);
		ck_assert_str_eq (name, files[i][0]);
		ck_assert_uint_eq (n, strlen (files[i][1]));
		ck_assert_int_eq (memcmp (text, files[i][1], n), 0);
		ck_assert_uint_eq (offset, ends[i + 1]);
	}
	ck_assert_int_eq (grant_next (bytes, buf_len (&buf), &offset, name, &text, &n), 0);
	/* Cut at each byte: whole files, or none at all. In a buffer of its own, so that a sanitizer sees an access
	 * beyond the end. */
	for (size_t size = 0; size <= buf_len (&buf); size++) {
		char *cut = malloc (size + !size);
		int expected = -1;

		memcpy (cut, bytes, size);
		for (int i = 0; i <= (int)ROWS (files); i++)
			if (ends[i] == size)
				expected = i;
		ck_assert_int_eq (count_files (cut, size), expected);
		free (cut);
	}
	/* A changed byte of any head: no access beyond the end, and a broken mark or length is detected. */
	for (size_t i = 0; i < 12; i++) {
		bytes[i] ^= 0x40;
		ck_assert_int_eq (count_files (bytes, buf_len (&buf)), -1);
		bytes[i] ^= 0x40;
	}
	offset = buf_len (&buf) + 1;
	ck_assert_int_eq (grant_next (bytes, buf_len (&buf), &offset, name, &text, &n), -1);
	buf_free (&buf);
}
END_TEST

START_TEST (snapshot_refused)
{
	char name[GRANT_NAME_MAX + 1] = "untouched", bytes[] = "rxid\0\0\0\1\0\0\0\0/";
	size_t offset = 0, n = 7;
	const char *text = NULL;
	struct buf buf;

	buf_init (&buf, 20);
	errno = 0;
	ck_assert_int_eq (grant_append (&buf, "../x", "", 0), -1);
	ck_assert_int_eq (errno, EINVAL);
	ck_assert_int_eq (grant_append (&buf, "x", "", CONF_FILE_MAX + 1), -1);
	ck_assert_int_eq (errno, EFBIG);
	ck_assert_int_eq (grant_append (&buf, "x", "12345678", 8), -1);
	ck_assert_int_eq (errno, ENOBUFS);
	ck_assert_uint_eq (buf_len (&buf), 0);
	ck_assert_int_eq (grant_append (&buf, "x", "1234567", 7), 0);
	buf_free (&buf);
	/* An invalid name. */
	ck_assert_int_eq (grant_next (bytes, 13, &offset, name, &text, &n), -1);
	bytes[12] = '\0';
	ck_assert_int_eq (grant_next (bytes, 13, &offset, name, &text, &n), -1);
	ck_assert_str_eq (name, "untouched");
	ck_assert_uint_eq (n, 7);
	bytes[12] = 'x';
	ck_assert_int_eq (grant_next (bytes, 13, &offset, name, &text, &n), 1);
	ck_assert_str_eq (name, "x");
}
END_TEST

/* --- the manual page --------------------------------------------------------------------------------------------- */

/* `.It Cm limits.calls Ar integer , No default Cm 64` for each key, and its range in the text below. */
START_TEST (manual)
{
	const char *top = getenv ("top_srcdir");
	char path[4096], *text, *from, *example, *end;
	struct grant *grant;
	struct err err;
	size_t n;

	snprintf (path, sizeof path, "%s/man/remexd.yaml.5", top ? top : ".");
	text = fd_read_file (path, CONF_FILE_MAX, &n, &err);
	ck_assert_msg (text != NULL, "%s", text ? "" : err.text);
	ck_assert_ptr_nonnull (from = strstr (text, "\n.Sh IDENTITY FILES\n"));
	strstr (from, "\n.Sh FILES\n")[1] = '\0';
	for (size_t i = 0; i < grant_schema.n_keys; i++) {
		const struct schema_key *key = &grant_schema.keys[i];
		char line[256], expected[160] = "", *at, *next;

		n = (size_t)snprintf (line, sizeof line, "\n.It Cm %s Ar %s", key->path, key->type->word);
		snprintf (line + n, sizeof line - n, key->value ? " , No default Cm %s\n" : "\n", key->value);
		ck_assert_msg ((at = strstr (from, line)) != NULL, "not in man/remexd.yaml.5:%s", line);
		if (key->type->unit != SCHEMA_WORDS)
			schema_expects (key, expected, sizeof expected);
		else if (key->type->list)
			snprintf (expected, sizeof expected, "up to %lld", key->max);
		next = strstr (at + 1, "\n.It") ? strstr (at + 1, "\n.It") : strstr (at + 1, "\n.El");
		at = strstr (at, strstr (expected, "from ") ? strstr (expected, "from ") : expected);
		ck_assert_msg (at && at < next, "%s: '%s' is not in man/remexd.yaml.5", key->path, expected);
	}
	/* The example is complete and valid. */
	ck_assert_ptr_nonnull (example = strstr (from, "\n.Bd -literal -offset indent\n"));
	example = strchr (example + 1, '\n') + 1;
	*(end = strstr (example, ".Ed\n")) = '\0';
	while ((end = strstr (example, "\\(dq"))) {
		*end = '"';
		memmove (end + 1, end + 4, strlen (end + 4) + 1);
	}
	grant = parse (example);
	for (size_t i = 0; i < grant_schema.n_keys; i++) {
		char section[SCHEMA_PATH_MAX];
		const char *key = grant_schema.keys[i].path, *dot = strchr (key, '.');

		snprintf (section, sizeof section, "%.*s", dot ? (int)(dot - key) : (int)strlen (key), key);
		ck_assert_msg (conf_get (grant->tree, section) &&
				       (!dot || conf_get (conf_get (grant->tree, section), dot + 1)),
			"%s is not in the example", key);
	}
	grant_free (grant);
	free (text);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, defaults);
	tcase_add_test (tcase, everything);
	tcase_add_test (tcase, refused);
	tcase_add_test (tcase, names);
	tcase_add_test (tcase, calls);
	tcase_add_test (tcase, covers_roots);
	tcase_add_test (tcase, allows);
	tcase_add_test (tcase, verbs_that_exist);
	tcase_add_test (tcase, commands);
	tcase_add_test (tcase, roots);
	tcase_add_test (tcase, root_paths);
	tcase_add_test (tcase, networks);
	tcase_add_test (tcase, dates);
	tcase_add_test (tcase, calendar);
	tcase_add_test (tcase, expiry);
	tcase_add_test (tcase, snapshot);
	tcase_add_test (tcase, snapshot_refused);
	tcase_add_test (tcase, manual);
}

CHECK_MAIN ("grant", add_cases)
