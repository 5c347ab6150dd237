/* check_escapes - the escapes of a terminal session: what is typed, in any pieces, what goes to the host, and what is done. */
#include "config.h"

#include <string.h>

#include "cli/escapes.h"
#include "support/check_main.h"

static const struct {
	const char *character, *typed, *sent;
	enum escapes_action action; /* and nothing behind it is read */
} cases[] = {
	{ NULL, "ls\r", "ls\r", ESCAPES_NONE },
	{ NULL, "~.", "", ESCAPES_LEAVE },
	{ NULL, "~.rest", "", ESCAPES_LEAVE },
	{ NULL, "~?", "", ESCAPES_HELP },
	{ NULL, "~\032", "", ESCAPES_SUSPEND },
	{ NULL, "~~", "~", ESCAPES_NONE },
	{ NULL, "~~.", "~.", ESCAPES_NONE },
	{ NULL, "~x", "~x", ESCAPES_NONE },
	{ NULL, "~\r~.", "~\r", ESCAPES_LEAVE },
	{ NULL, "~", "", ESCAPES_NONE },
	{ NULL, "a~.", "a~.", ESCAPES_NONE },
	{ NULL, "a\r~.", "a\r", ESCAPES_LEAVE },
	{ NULL, "a\n~.", "a\n", ESCAPES_LEAVE },
	{ NULL, "~~\r~.", "~\r", ESCAPES_LEAVE },
	{ NULL, "\377\001\033[A~.", "\377\001\033[A~.", ESCAPES_NONE },
	{ "^B", "~.\r\002.", "~.\r", ESCAPES_LEAVE },
	{ "^B", "\002\002", "\002", ESCAPES_NONE },
	{ "none", "~.", "~.", ESCAPES_NONE },
	{ "none", "\377~.", "\377~.", ESCAPES_NONE },
	{ ".", "..", ".", ESCAPES_NONE },
};

/* Feed pieces of `size` bytes up to an action. */
static enum escapes_action feed (struct escapes *escapes, const char *typed, size_t size, char *sent)
{
	size_t left = strlen (typed), taken, n;
	enum escapes_action action = ESCAPES_NONE;

	while (left && action == ESCAPES_NONE) {
		action = escapes_read (
			escapes, (const uint8_t *)typed, left < size ? left : size, &taken, (uint8_t *)sent, &n);
		ck_assert_uint_gt (taken, 0);
		typed += taken;
		left -= taken;
		sent += n;
	}
	*sent = '\0';
	return action;
}

START_TEST (typed)
{
	for (size_t size = 1; size < 8; size++) {
		struct escapes escapes;
		char sent[64];

		ck_assert_int_eq (escapes_init (&escapes, cases[_i].character, NULL), 0);
		ck_assert_int_eq (feed (&escapes, cases[_i].typed, size, sent), cases[_i].action);
		ck_assert_str_eq (sent, cases[_i].sent);
	}
}
END_TEST

START_TEST (characters)
{
	static const char *const wrong[] = { "", "ab", "^BC", "^b ", "\303\244" };
	struct escapes escapes;
	char help[ESCAPES_HELP_BYTES];
	struct err err;

	ck_assert_int_eq (escapes_init (&escapes, "^b", &err), 0);
	ck_assert_int_eq (escapes.character, 2);
	escapes_help (&escapes, help);
	ck_assert_ptr_nonnull (strstr (help, "  ^B^B   send ^B\r\n"));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq (escapes_init (&escapes, wrong[i], &err), -1);
		ck_assert_ptr_nonnull (strstr (err.text, "(examples: ~, ^B, none)"));
	}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, typed, 0, sizeof cases / sizeof *cases);
	tcase_add_test (tcase, characters);
}

CHECK_MAIN ("escapes", add_cases)
