/* fuzz_grant - any bytes as an identity file: refused in one line that names the file, or a grant whose values keep their
 * promises. Its patterns match nothing but the whole of an argument, and the same bytes as a snapshot never lead
 * outside.
 */
#include "config.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "conf/grant.h"
#include "conf/pattern.h"
#include "conf/tree.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

/* A pattern that matches all of a text matches from the first byte to the last. */
static void check_pattern (const char *pattern)
{
	static const char *const texts[] = { "", "a", "b", "ab", "a)", "a|b", "xa", "ssh.service", "$(id)", "a\nb" };
	regmatch_t match;
	regex_t alone;

	require (regcomp (&alone, pattern, REG_EXTENDED) == 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t n = strlen (texts[i]);

		if (pattern_matches (pattern, texts[i], n))
			require (regexec (&alone, texts[i], 1, &match, 0) == 0 && match.rm_so == 0 &&
				 match.rm_eo == (regoff_t)n);
	}
	regfree (&alone);
}

static void check_commands (const struct grant *grant)
{
	for (size_t i = 0; i < grant->n_commands; i++) {
		const struct command *command = &grant->commands[i];
		const char *argv[COMMAND_WORDS_MAX];
		size_t lengths[COMMAND_WORDS_MAX];
		bool fixed = true;

		require (command->n_words >= 1 && command->n_words <= COMMAND_WORDS_MAX && command->words[0].text);
		for (size_t k = 0; k < command->n_words; k++) {
			const struct command_word *word = &command->words[k];

			require (!word->text == (word->slot && word->pattern));
			fixed &= word->text != NULL;
			argv[k] = word->text ? word->text : "--option";
			lengths[k] = strlen (argv[k]);
		}
		require (!fixed || command_matches (command, argv, lengths, command->n_words));
		require (!command_matches (command, argv, lengths, command->n_words - 1));
		grant_allows_argv (grant, argv, lengths, command->n_words);
	}
}

static void check_roots (const struct grant *grant)
{
	require (grant->n_roots <= GRANT_ROOTS_MAX);
	for (size_t i = 0; i < grant->n_roots; i++) {
		const char *path = grant->roots[i].path;
		size_t n = strlen (path);

		require (path[0] == '/' && n <= GRANT_PATH_MAX && !strstr (path, "//") && !strstr (path, "/./") &&
			 !strstr (path, "/../"));
		require (n == 1 || path[n - 1] != '/');
		require (!(n > 1 && !strcmp (path + n - 2, "/.")) && !(n > 2 && !strcmp (path + n - 3, "/..")));
	}
}

/* One verb runs an argv, and one runs a line. These checks are for files that are valid with both. */
static void check_verbs (const struct grant *grant)
{
	static char run[] = "exec.run", shell[] = "exec.shell";
	static struct verb verbs[] = {
		{ .name = run, .runs = true, .command = "argv" },
		{ .name = shell, .runs = true },
	};
	static struct verb_table table = { .verbs = verbs, .n_verbs = 2 };

	if (!table.json)
		table.json = json_array ();
	if (grant_check_verbs (grant, &table, "f", NULL) < 0)
		return;
	require (!grant->n_roots || (!grant_allows (grant, &verbs[0]) && !grant_allows (grant, &verbs[1])));
	require (!grant->n_commands || (!grant_allows (grant, &verbs[0]) && !grant_allows (grant, &verbs[1])));
}

static void check_grant (const struct grant *grant)
{
	const struct conf_node *slots = conf_get (grant->tree, "slots");

	require (grant->n_keys >= 1 && grant->n_keys <= GRANT_KEYS_MAX && (grant->n_allow || grant->n_commands));
	require (grant->n_allow <= GRANT_LIST_MAX && grant->n_commands <= GRANT_LIST_MAX);
	require (!grant->user || grant->user[0]);
	require (grant->expires == 0 || grant->expires >= 946684800);
	require (grant->limits.connections >= 1 && grant->limits.calls >= 1 &&
		 grant->limits.requests.value[LIMIT_DEADLINE] >= 0);
	check_verbs (grant);
	for (size_t i = 0; i < grant->n_from; i++)
		require (grant->from[i].bits >= 0 && grant->from[i].bits <= 128);
	for (size_t i = 0; slots && i < slots->n_items; i++)
		check_pattern (slots->items[i]->value);
	check_commands (grant);
	check_roots (grant);
}

static void check_snapshot (const char *bytes, size_t size)
{
	char name[GRANT_NAME_MAX + 1];
	size_t offset = 0, before = 0, n;
	const char *text;

	while (grant_next (bytes, size, &offset, name, &text, &n) > 0) {
		require (offset > before && offset <= size && text >= bytes && text + n == bytes + offset);
		require (grant_check_name (name, NULL) == 0);
		before = offset;
	}
	require (offset == before);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct grant *grant = grant_parse ((const char *)data, size, "fuzz", "fuzz", &err);

	if (grant) {
		require (!err.text[0]);
		check_grant (grant);
	} else {
		require (!strncmp (err.text, "fuzz:", 5) && !strchr (err.text, '\n'));
	}
	grant_free (grant);
	check_snapshot ((const char *)data, size);
	return 0;
}
