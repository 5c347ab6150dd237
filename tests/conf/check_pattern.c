/* check_pattern - a pattern matches a whole text or does not match; no pattern gets around that, and none is
 * expensive. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/pattern.h"
#include "support/check_main.h"

#define ROWS(table) (sizeof (table) / sizeof *(table))

static const struct {
	const char *pattern, *text;
	bool matches;
} matches[] = {
	{ "a", "a", true },
	{ "a", "", false },
	{ "a", "aa", false },
	{ "a", "ba", false },
	{ "a", "ab", false },
	{ "a", "A", false },
	/* Not "^a" or "b$". */
	{ "a|b", "a", true },
	{ "a|b", "b", true },
	{ "a|b", "ax", false },
	{ "a|b", "xb", false },
	{ "a|b", "ab", false },
	{ "a||b", "", true },
	{ "^a|b$", "ax", false },
	{ "^a|b$", "xb", false },
	{ "^a$", "a", true },
	{ "^a$", "a\n", false },
	{ "a$", "a\nb", false },
	{ "a$|^b", "a\nb", false },
	{ "()", "", true },
	{ "()", "a", false },
	{ ".*", "", true },
	{ ".*", "$(id);`id`|&<>\\\"'*?~ \xC3\xA4\xFF", true },
	{ ".", "\xC3\xA4", false },
	{ "..", "\xC3\xA4", true },
	{ "[a-z]", "\xE9", false },
	{ "[^a]", "\xFF", true },
	{ "[[:alpha:]]+", "abc", true },
	{ "[[:alpha:]]+", "\xC3\xA4", false },
	{ "[[:alpha:])(]+", "a)(b", true },
	{ "[])(]+", "])(", true },
	{ "[^])(]+", "abc", true },
	{ "[^])(]+", "a)", false },
	{ "[\\]", "\\", true }, /* in brackets a backslash is literal */
	{ "\\)\\(", ")(", true },
	{ "\\{\\}", "{}", true },
	{ "a\\|b", "a|b", true },
	{ "a\\|b", "a", false },
	{ "[[.).]]", ")", true },
	{ "[a[.].]]+", "]a", true },
	{ "([0-9]{1,3}\\.){3}[0-9]{1,3}", "10.20.30.40", true },
	{ "([0-9]{1,3}\\.){3}[0-9]{1,3}", "10.20.30", false },
	{ "(web|queue)@[a-z0-9.-]{1,40}", "web@shop", true },
	{ "(web|queue)@[a-z0-9.-]{1,40}", "web@", false },
	{ "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "01234567-89ab-cdef-0123-456789abcdef", true },
	{ "[a-z]{255}", "a", false },
	{ "((((((((((((((((a))))))))))))))))", "a", true },
	{ "(a?b)*", "bab", true },
	{ "(a|b*c)+", "abbc", true },
	{ "(a?|b?)c", "bc", true },
	{ "[a-z]([a-z-]{0,61}[a-z])?(\\.[a-z]([a-z-]{0,61}[a-z])?){0,8}", "www.example.org", true },
};

START_TEST (matching)
{
	for (size_t i = 0; i < ROWS (matches); i++) {
		struct err err = { 0 };

		ck_assert_msg (pattern_check (matches[i].pattern, &err) == 0, "%s: %s", matches[i].pattern, err.text);
		ck_assert_msg (pattern_matches (matches[i].pattern, matches[i].text, strlen (matches[i].text)) ==
				       matches[i].matches,
			"%s of %s", matches[i].pattern, matches[i].text);
	}
}
END_TEST

START_TEST (lengths)
{
	static char text[PATTERN_TEXT_MAX + 1];

	memset (text, 'a', sizeof text);
	ck_assert (pattern_matches ("a+", text, PATTERN_TEXT_MAX));
	ck_assert (!pattern_matches ("a+", text, PATTERN_TEXT_MAX + 1));
	ck_assert (pattern_matches ("a", text, 1));
	ck_assert (pattern_matches ("a|", text, 0));
	text[1] = '\0';
	ck_assert (!pattern_matches ("a.*", text, 3));
	ck_assert (!pattern_matches ("a", text, 2));
}
END_TEST

/* A hostile text for a valid pattern: a match still takes moments and leaks nothing. */
START_TEST (hostile)
{
	static const char *const patterns[] = { "(a|b)*a(a|b){20}", "((a+)+)+", "(a|aa)+(a|aa)+",
		"a?a?a?a?a?a?a?a?aaaaaaaa" };
	static char text[PATTERN_TEXT_MAX];

	srand (1);
	for (size_t i = 0; i < ROWS (patterns); i++) {
		ck_assert_int_eq (pattern_check (patterns[i], NULL), 0);
		for (size_t k = 0; k < sizeof text; k++)
			text[k] = rand () % 2 ? 'a' : 'b';
		text[sizeof text - 1] = 'c';
		ck_assert (!pattern_matches (patterns[i], text, sizeof text));
	}
}
END_TEST

static const struct {
	const char *pattern, *why;
} refusals[] = {
	/* Patterns that would get out of "^(…)$", in which glibc's regcomp takes a surplus ')' for a literal one. */
	{ "a)|b", "has a ')' without a '(': a literal one is \\)" },
	{ "a)|(b", "has a ')' without a '(': a literal one is \\)" },
	{ ")", "has a ')' without a '(': a literal one is \\)" },
	{ "(a))", "has a ')' without a '(': a literal one is \\)" },
	{ "[\\])", "has a ')' without a '(': a literal one is \\)" },
	{ "[]a])", "has a ')' without a '(': a literal one is \\)" },
	{ "[^]a])", "has a ')' without a '(': a literal one is \\)" },
	{ "[[:digit:]])", "has a ')' without a '(': a literal one is \\)" },
	{ "a\\\\)", "has a ')' without a '(': a literal one is \\)" },
	{ "(a", "is not a regular expression: Unmatched ( or \\(" },
	{ "a\\", "is not a regular expression: Trailing backslash" },
	{ "(a)|(b\\", "is not a regular expression: Trailing backslash" },
	{ "[a", NULL },
	{ "[[:alpha:", NULL },
	{ "[[:nothing:]]", "is not a regular expression: Invalid character class name" },
	{ "[z-a]", "is not a regular expression: Invalid range end" },
	{ "*", "is not a regular expression: Invalid preceding regular expression" },
	{ "(*a)", "is not a regular expression: Invalid preceding regular expression" },
	{ "a{2,1}", "is not a regular expression: Invalid content of \\{\\}" },
	{ "a{", NULL },
	{ "a{1", NULL },
	{ "a{x}", NULL },
	/* Expensive patterns. */
	{ "(a)\\1", "has a back-reference (\\1)" },
	{ "(a*b)*\\9", "has a back-reference (\\9)" },
	{ "(a*)*", "repeats something that can be empty" },
	{ "(((a?)?)?){120}", "repeats something that can be empty" },
	{ "a**", "repeats something that can be empty" },
	{ "a{0,3}{2}", "repeats something that can be empty" },
	{ "(a?b?){2}", "repeats something that can be empty" },
	{ "(a|)+", "repeats something that can be empty" },
	{ "(|a)+", "repeats something that can be empty" },
	{ "(a||b)+", "repeats something that can be empty" },
	{ "()?", "repeats something that can be empty" },
	{ "(^|$)*", "repeats something that can be empty" },
	{ "(\\<|a)*", "repeats something that can be empty" },
	{ "a{256}", "repeats something more than 255 times" },
	{ "a{0,256}", "repeats something more than 255 times" },
	{ "a{99999999999999999999}", "repeats something more than 255 times" },
	{ "a{1,18446744073709551617}", "repeats something more than 255 times" },
	{ "a{255}{255}", "repeats too much: it expands to more than 1024 pieces" },
	{ "(a{1,60}b){1,60}", "repeats too much: it expands to more than 1024 pieces" },
	{ "((a{9}){9}){99}", "repeats too much: it expands to more than 1024 pieces" },
	{ "(((a{99}b|c){9}", "repeats too much: it expands to more than 1024 pieces" },
	{ "a+++++++++++", "repeats too much: it expands to more than 1024 pieces" },
	{ "((((((((((a+)+)+)+)+)+)+)+)+)+)+", "repeats too much: it expands to more than 1024 pieces" },
	{ "(((((((((((((((((a)))))))))))))))))", "has groups more than 16 deep" },
};

START_TEST (refused)
{
	static char text[PATTERN_MAX + 2];
	struct err err;

	for (size_t i = 0; i < ROWS (refusals); i++) {
		ck_assert_msg (pattern_check (refusals[i].pattern, &err) < 0, "%s", refusals[i].pattern);
		if (refusals[i].why)
			ck_assert_msg (!strcmp (err.text, refusals[i].why), "%s: %s", refusals[i].pattern, err.text);
	}
	memset (text, 'a', PATTERN_MAX + 1);
	ck_assert_int_lt (pattern_check (text, &err), 0);
	ck_assert_str_eq (err.text, "is longer than 1024 bytes");
	text[PATTERN_MAX] = '\0';
	ck_assert_int_eq (pattern_check (text, &err), 0);
	ck_assert (pattern_matches (text, text, PATTERN_MAX));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, matching);
	tcase_add_test (tcase, lengths);
	tcase_add_test (tcase, hostile);
	tcase_add_test (tcase, refused);
}

CHECK_MAIN ("pattern", add_cases)
