/* A user database of our own: when its state changes, and the sources that its nsswitch.conf names. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/userdb.h"
#include "support/check_main.h"

static char directory[64];

static void setup (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
}

static void teardown (void)
{
	char command[256];

	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

static void put (const char *name, const char *text)
{
	char path[128], new[160];
	FILE *file;

	snprintf (path, sizeof path, "%s/%s", directory, name);
	snprintf (new, sizeof new, "%s.new", path);
	file = fopen (new, "w");
	ck_assert_ptr_nonnull (file);
	fputs (text, file);
	ck_assert_int_eq (fclose (file), 0);
	ck_assert_int_eq (rename (new, path), 0);
}

/* The state, when it stays the same: just after a change each moment has a state of its own. */
static uint64_t settled (struct userdb *userdb)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t one = userdb_state (userdb), same;

	while ((same = userdb_state (userdb)) != one) {
		one = same;
		nanosleep (&pause, NULL);
	}
	return one;
}

START_TEST (each_change_is_another_state)
{
	static const char *const names[] = { "passwd", "group", "shadow", "nsswitch.conf" };
	struct userdb userdb = { .directory = directory };
	uint64_t none = settled (&userdb), before = none;

	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			uint64_t now;

			put (names[i], "ann");
			ck_assert_uint_ne (userdb_state (&userdb), before);
			now = settled (&userdb);
			ck_assert_uint_ne (now, before);
			ck_assert_uint_eq (userdb_state (&userdb), now);
			before = now;
		}
	put ("motd", "no part of it");
	ck_assert_uint_eq (userdb_state (&userdb), before);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[128];

		snprintf (path, sizeof path, "%s/%s", directory, names[i]);
		ck_assert_int_eq (unlink (path), 0);
	}
	ck_assert_uint_eq (userdb_state (&userdb), none);
}
END_TEST

/* A state that was taken during a change is equal to no other state, not even to the state after the change. */
START_TEST (the_moment_of_a_change)
{
	struct userdb userdb = { .directory = directory };
	uint64_t young;

	put ("passwd", "ann");
	young = userdb_state (&userdb);
	ck_assert_uint_ne (settled (&userdb), young);
}
END_TEST

START_TEST (nsswitch_is_read_again)
{
	struct userdb userdb = { .directory = directory };

	userdb_state (&userdb);
	ck_assert (userdb.others); /* unknown */
	put ("nsswitch.conf", "passwd: files\ngroup: files\n");
	userdb_state (&userdb);
	ck_assert (!userdb.others);
	put ("nsswitch.conf", "passwd: files ldap\ngroup: files\n");
	userdb_state (&userdb);
	ck_assert (userdb.others);
}
END_TEST

START_TEST (sources)
{
	static const struct {
		const char *text;
		bool others;
	} rows[] = {
		{ "passwd: files\ngroup: files", false },
		{ "passwd:files\ngroup:\tfiles\nshadow: files\n", false },
		{ "  passwd : files # ldap\n# passwd: ldap\ngroup: files\nhosts: files dns\n", false },
		{ "passwd: files [NOTFOUND=return]\ngroup: files [SUCCESS=merge !UNAVAIL=return]\n", false },
		{ "passwd: files [NOTFOUND=return] sss\ngroup: files\n", true },
		{ "passwd: files [NOTFOUND=return\ngroup: files\n", false },
		{ "passwd: files\ngroup: files systemd\n", true },
		{ "passwd: compat\ngroup: files\n", true },
		{ "passwd: files\ngroup: files\nshadow: files nis\n", true },
		{ "passwd: files\ngroup: files\ninitgroups: sss\n", true },
		{ "passwd: files\ngroup: files\ngshadow: files systemd\n", false },
		{ "passwd: filesystem\ngroup: files\n", true },
		{ "passwd: files\n", true },
		{ "group: files\n", true },
		{ "", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg (userdb_has_others (rows[i].text) == rows[i].others, "row %zu", i);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, each_change_is_another_state);
	tcase_add_test (tcase, the_moment_of_a_change);
	tcase_add_test (tcase, nsswitch_is_read_again);
	tcase_add_test (tcase, sources);
}

CHECK_MAIN ("userdb", add_cases)
