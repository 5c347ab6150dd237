/* check_identities - in which order the keys of the agent and of files are tried. */
#include "config.h"

#include <string.h>

#include "ssh/identities.h"
#include "ssh/ssh_string.h"
#include "support/check_main.h"

static void make_key (struct public_key *key, const char *type, char c)
{
	struct buf bytes;

	buf_init (&bytes, 1000);
	ck_assert_int_eq (ssh_put_string (&bytes, type, strlen (type)), 0);
	ck_assert_int_eq (ssh_put_string (&bytes, &c, 1), 0);
	ck_assert_int_eq (public_key_set (key, buf_head (&bytes), buf_len (&bytes), NULL), 0);
	buf_free (&bytes);
}

/* Keys are named by a letter: upper case is an outdated type, a digit a useless one. */
static const struct {
	const char *files, *agent; /* in `files`, "?" is a file whose key is not known */
	bool only;
	const char *order; /* with "+" behind a key of the agent; a file has its place in `files` behind its key */
	size_t unused;
} orders[] = {
	{ "", "", false, "", 0 },
	{ "ab", "", false, "a0b1", 0 },
	{ "", "xy", false, "x+y+", 0 },
	{ "", "xy", true, "", 0 },
	{ "ab", "xbay", false, "a0+b1+x+y+", 0 },
	{ "ab", "xbay", true, "a0+b1+", 0 },
	{ "abc", "xb", false, "b1+x+a0c2", 0 },
	{ "?a", "x", false, "x+?0a1", 0 },
	{ "??", "", true, "?0?1", 0 },
	{ "aab", "aa", false, "a0+b2", 0 },
	{ "Ab", "Xy", false, "y+b1X+A0", 0 },
	{ "1b", "2y1", false, "y+b1", 2 },
};

static void make_letter (struct public_key *key, char c)
{
	make_key (key, c >= 'a' ? "ssh-ed25519" : c >= 'A' ? "ssh-rsa" : "ssh-dss", c);
}

START_TEST (order)
{
	size_t n_files = strlen (orders[_i].files), n_agent = strlen (orders[_i].agent), unused, n;
	struct public_key file_keys[8] = { 0 };
	struct private_key_file files[8] = { 0 };
	struct agent_key agent_keys[8] = { 0 };
	struct agent_keys agent = { .keys = agent_keys, .n = n_agent };
	struct identity_choice choices[16];
	static const char *const paths[] = { "0", "1", "2", "3" };
	char found[100] = "";

	for (size_t i = 0; i < n_files; i++) {
		files[i].path = paths[i];
		if (orders[_i].files[i] == '?')
			continue;
		make_letter (&file_keys[i], orders[_i].files[i]);
		files[i].key = &file_keys[i];
	}
	for (size_t i = 0; i < n_agent; i++)
		make_letter (&agent_keys[i].key, orders[_i].agent[i]);
	n = identities_order (files, n_files, n_agent ? &agent : NULL, orders[_i].only, choices, &unused);
	for (size_t i = 0; i < n; i++) {
		const struct public_key *key = choices[i].key;

		snprintf (found + strlen (found), sizeof found - strlen (found), "%c%s%s",
			key ? key->bytes[key->n - 1] : '?', choices[i].path ? choices[i].path : "",
			choices[i].comment ? "+" : "");
	}
	ck_assert_str_eq (found, orders[_i].order);
	ck_assert_uint_eq (unused, orders[_i].unused);
	for (size_t i = 0; i < 8; i++) {
		public_key_free (&file_keys[i]);
		public_key_free (&agent_keys[i].key);
	}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, order, 0, sizeof orders / sizeof *orders);
}

CHECK_MAIN ("identities", add_cases)
