/* check_command - commands with slots: the argvs that they match, every trick that NRPE and similar programs fell for,
 * and the errors in their definitions.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "conf/command.h"
#include "conf/tree.h"
#include "support/check_main.h"

#define ROWS(table) (sizeof (table) / sizeof *(table))

/* The file's `command` and `slots`; the tree belongs to the caller. */
static int read_command (const char *text, struct command *command, struct conf_node **tree, struct err *err)
{
	const struct conf_node *slots;

	*tree = conf_parse (text, strlen (text), "f", err);
	ck_assert_msg (*tree != NULL, "%s: %s", text, err->text);
	slots = conf_get (*tree, "slots");
	if (command_check_slots (slots, "f", err) < 0)
		return -1;
	return command_read (command, conf_get (*tree, "command"), slots, "f", err);
}

struct arg {
	const char *bytes;
	size_t n;
};

#define ARG(literal) \
	{ \
		literal, sizeof literal - 1 \
	}

enum { ARGS_MAX = 6 };

static bool matches (const char *text, const struct arg *args)
{
	const char *argv[ARGS_MAX];
	struct command command;
	size_t lengths[ARGS_MAX], n = 0;
	struct conf_node *tree;
	struct err err;
	bool result;

	ck_assert_msg (read_command (text, &command, &tree, &err) == 0, "%s: %s", text, err.text);
	for (; n < ARGS_MAX && args[n].bytes; n++) {
		argv[n] = args[n].bytes;
		lengths[n] = args[n].n;
	}
	result = command_matches (&command, argv, lengths, n);
	command_free (&command);
	conf_free (tree);
	return result;
}

#define UNIT "command: [systemctl, status, \"{unit}\"]\nslots: {unit: \"[a-z0-9@.-]+\"}"
#define ANY "command: [echo, \"{any}\"]\nslots: {any: \".*\"}"
#define DASH "command: [echo, \"{-any}\"]\nslots: {any: \".*\"}"
#define EITHER "command: [x, \"{e}\"]\nslots: {e: \"a|b\"}"

static const struct {
	const char *text;
	struct arg args[ARGS_MAX];
	bool matches;
} argvs[] = {
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh.service") }, true },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("getty@tty1") }, true },
	/* Other fixed words; a word more or less; two in one. */
	{ UNIT, { ARG ("systemctl"), ARG ("stop"), ARG ("ssh") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("statu"), ARG ("ssh") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status\0"), ARG ("ssh") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status "), ARG ("ssh") }, false },
	{ UNIT, { ARG ("/tmp/systemctl"), ARG ("status"), ARG ("ssh") }, false },
	{ UNIT, { ARG ("SYSTEMCTL"), ARG ("status"), ARG ("ssh") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh"), ARG ("cron") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh"), ARG ("") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status ssh") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh cron") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("") }, false },
	{ UNIT, { { NULL, 0 } }, false },
	/* Shell syntax: no shell runs, and the pattern does not match it either. */
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("$(id)") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("a$(id)") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("${IFS}") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("`id`") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh;id") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh|id") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh&&id") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh>f") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("<(id)") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("'ssh'") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh\\") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ss*") }, false },
	/* The newline of CVE-2014-2913, at every place, and the other unprintable characters. */
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh\nid") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh\n") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("\nssh") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh\0id") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("ssh\0") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("\xC3\xA4") }, false },
	/* Options, though the pattern has the dash. */
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("--root=x") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("--all") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("-a") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("-") }, false },
	{ UNIT, { ARG ("systemctl"), ARG ("status"), ARG ("a--all") }, true },
	/* Where the pattern matches everything, it takes bytes unchanged, but no control characters. */
	{ ANY, { ARG ("echo"), ARG ("$(id); `id` | x") }, true },
	{ ANY, { ARG ("echo"), ARG ("\xFF\xFE") }, true },
	{ ANY, { ARG ("echo"), ARG ("{any}") }, true },
	{ ANY, { ARG ("echo"), ARG ("") }, true },
	{ ANY, { ARG ("echo"), ARG ("a\nb") }, false },
	{ ANY, { ARG ("echo"), ARG ("a\tb") }, false },
	{ ANY, { ARG ("echo"), ARG ("a\x1b[2J") }, false },
	{ ANY, { ARG ("echo"), ARG ("a\x7F") }, false },
	{ ANY, { ARG ("echo"), ARG ("a\x9b[2J") }, false },
	{ ANY, { ARG ("echo"), ARG ("a\xC2\x85") }, false }, /* U+0085, of C1 */
	{ ANY, { ARG ("echo"), ARG ("a\xE2\x80\xA8z") }, false }, /* U+2028 */
	{ ANY, { ARG ("echo"), ARG ("\xE2\x80\xAEtxt.exe") }, false }, /* U+202E */
	{ ANY, { ARG ("echo"), ARG ("gr\xC3\xBC\xC3\x9F gr\xFC\xDF") }, true },
	{ ANY, { ARG ("echo"), ARG ("\0") }, false },
	{ ANY, { ARG ("echo"), ARG ("-n") }, false },
	{ ANY, { ARG ("echo"), ARG (" -n") }, true },
	{ DASH, { ARG ("echo"), ARG ("-n") }, true },
	{ DASH, { ARG ("echo"), ARG ("--x=y") }, true },
	{ DASH, { ARG ("echo"), ARG ("x") }, true },
	{ DASH, { ARG ("echo"), ARG ("-\n") }, false },
	/* The pattern matches the whole argument. */
	{ EITHER, { ARG ("x"), ARG ("a") }, true },
	{ EITHER, { ARG ("x"), ARG ("b") }, true },
	{ EITHER, { ARG ("x"), ARG ("a; rm") }, false },
	{ EITHER, { ARG ("x"), ARG ("rm b") }, false },
	/* A slot twice; fixed words of every kind. */
	{ "command: [cp, \"{f}\", \"{f}\"]\nslots: {f: \"[a-z]\"}", { ARG ("cp"), ARG ("a"), ARG ("b") }, true },
	{ "command: [cp, \"{f}\", \"{f}\"]\nslots: {f: \"[a-z]\"}", { ARG ("cp"), ARG ("a"), ARG ("B") }, false },
	{ "command: [/bin/x, 1, \"\", no, -rf, $(id), '~']",
		{ ARG ("/bin/x"), ARG ("1"), ARG (""), ARG ("no"), ARG ("-rf"), ARG ("$(id)") }, false },
	{ "command: [/bin/x, 1, \"\", no, -rf, $(id)]",
		{ ARG ("/bin/x"), ARG ("1"), ARG (""), ARG ("no"), ARG ("-rf"), ARG ("$(id)") }, true },
	{ "command: [uptime]", { ARG ("uptime") }, true },
	{ "command: [uptime]", { ARG ("uptime"), ARG ("") }, false },
};

START_TEST (argv)
{
	for (size_t i = 0; i < ROWS (argvs); i++)
		ck_assert_msg (
			matches (argvs[i].text, argvs[i].args) == argvs[i].matches, "row %zu: %s", i, argvs[i].text);
}
END_TEST

START_TEST (longest)
{
	static char text[4097];
	struct arg args[ARGS_MAX] = { ARG ("echo"), { text, 4096 } };

	memset (text, 'a', sizeof text);
	ck_assert (matches (ANY, args));
	args[1].n = 4097;
	ck_assert (!matches (ANY, args));
}
END_TEST

#define SLOTS "\nslots: {unit: x, lines: y}"

static const struct {
	const char *text, *message;
} refusals[] = {
	{ "command: [\"{unit}\", x]" SLOTS, "f:1:11: the program, {unit}, cannot be a slot" },
	{ "command: [\"{-unit}\"]" SLOTS, "f:1:11: the program, {-unit}, cannot be a slot" },
	{ "command: [\"\"]", "f:1:11: the program must be a name or an absolute path, not ''" },
	{ "command: [bin/x]", "f:1:11: the program must be a name or an absolute path, not 'bin/x'" },
	{ "command: [./x]", "f:1:11: the program must be a name or an absolute path, not './x'" },
	{ "command: [x, {unit}]" SLOTS, "f:1:14: a slot has to be in quotes, as \"{name}\"" },
	{ "command: [x, [y]]", "f:1:14: each word of a command must be a string, not a list" },
	{ "command: [x, ~]", "f:1:14: each word of a command must be a string, not empty; an empty argument is \"\"" },
	{ "command: []", "f:1:10: a command must be a list of 1 to 64 words, such as [systemctl, status]" },
	{ "command: x", "f:1:10: a command must be a list of 1 to 64 words, such as [systemctl, status]" },
	{ "command: [x, \"{uni}\"]" SLOTS, "f:1:14: {uni} has no pattern in slots; did you mean 'unit'?" },
	{ "command: [x, \"{-uni}\"]" SLOTS, "f:1:14: {-uni} has no pattern in slots; did you mean 'unit'?" },
	{ "command: [x, \"{something}\"]" SLOTS, "f:1:14: {something} has no pattern in slots" },
	{ "command: [x, \"{unit}\"]", "f:1:14: {unit} has no pattern in slots" },
	{ "command: [x, \"{uni\\tt\"]", "f:1:14: '{uni\\tt' has a brace in it: a slot is one whole argument, "
					"\"{name}\" or \"{-name}\", and its fixed "
					"parts belong into its pattern" },
	/* Slots. */
	{ "command: [x]\nslots: {-a: x}",
		"f:2:9: '-a' cannot be the name of a slot: it takes 1 to 32 letters, digits, '_' and '-'" },
	{ "command: [x]\nslots: {a.b: x}",
		"f:2:9: 'a.b' cannot be the name of a slot: it takes 1 to 32 letters, digits, '_' and '-'" },
	{ "command: [x]\nslots: {a23456789012345678901234567890123: x}",
		"f:2:9: 'a23456789012345678901234567890123' cannot be the name of a slot: it takes 1 to 32 letters, "
		"digits, '_' and '-'" },
	{ "command: [x]\nslots:\n  a: [a-z]",
		"f:3:6: slots.a must be a regular expression, such as \"[a-z]+\" (in quotes)" },
	{ "command: [x]\nslots: {a: }",
		"f:2:12: slots.a must be a regular expression, such as \"[a-z]+\" (in quotes)" },
	{ "command: [x]\nslots: {a: ''}",
		"f:2:12: slots.a must be a regular expression, such as \"[a-z]+\" (in quotes)" },
	{ "command: [x]\nslots: {a: 'x)|y'}",
		"f:2:12: the pattern of slots.a has a ')' without a '(': a literal one is \\)" },
	{ "command: [x]\nslots: {a: '(x'}",
		"f:2:12: the pattern of slots.a is not a regular expression: Unmatched ( or \\(" },
};

START_TEST (refused)
{
	static const char *const braces[] = { "x{unit}", "{unit}x", "{unit}{lines}", "{", "}", "{}", "{-}", "{--unit}",
		"{ unit }", "{un it}", "{{unit}}", "{unit", "unit}", "{_a}", "${x}", "{unit} " };
	char text[128];
	struct command command;
	struct conf_node *tree;
	struct err err;

	for (size_t i = 0; i < ROWS (refusals); i++) {
		ck_assert_msg (read_command (refusals[i].text, &command, &tree, &err) < 0, "%s", refusals[i].text);
		ck_assert_str_eq (err.text, refusals[i].message);
		conf_free (tree);
	}
	for (size_t i = 0; i < ROWS (braces); i++) {
		snprintf (text, sizeof text, "command: [x, \"%s\"]" SLOTS, braces[i]);
		ck_assert_msg (read_command (text, &command, &tree, &err) < 0 && strstr (err.text, "has a brace in it"),
			"%s: %s", text, err.text);
		conf_free (tree);
	}
	command_free (NULL);
}
END_TEST

START_TEST (many_words)
{
	char text[512] = "command: [x";
	struct command command;
	struct conf_node *tree;
	struct err err;

	for (int i = 1; i < COMMAND_WORDS_MAX; i++)
		strcat (text, ",y");
	strcat (text, "]");
	ck_assert_int_eq (read_command (text, &command, &tree, &err), 0);
	ck_assert_uint_eq (command.n_words, COMMAND_WORDS_MAX);
	command_free (&command);
	conf_free (tree);
	strcpy (text + strlen (text) - 1, ",y]");
	ck_assert_int_lt (read_command (text, &command, &tree, &err), 0);
	conf_free (tree);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, argv);
	tcase_add_test (tcase, longest);
	tcase_add_test (tcase, refused);
	tcase_add_test (tcase, many_words);
}

CHECK_MAIN ("command", add_cases)
