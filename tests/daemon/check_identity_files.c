/* check_identity_files - the identity to which a key belongs, and the files that are refused. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/identity_files.h"
#include "support/check_main.h"

static char directory[] = "/tmp/remex-identities-XXXXXX";
static struct identity_files identities;

/* strndup(3) for identity_files.c (ld --wrap): the call of that number fails, counted from 1; 0: none fails. */
static int fail_strndup;

char *__real_strndup (const char *text, size_t n);
char *__wrap_strndup (const char *text, size_t n);

char *__wrap_strndup (const char *text, size_t n)
{
	if (fail_strndup && --fail_strndup == 0) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_strndup (text, n);
}

static void set_up (void)
{
	umask (022);
	ck_assert_ptr_nonnull (mkdtemp (directory));
}

static void path_of (char *path, size_t size, const char *name)
{
	snprintf (path, size, "%s/%s.yaml", directory, name);
}

static void tear_down (void)
{
	char path[200];

	for (size_t i = 0; i < identities.n_items; i++) {
		path_of (path, sizeof path, identities.items[i].name);
		unlink (path);
	}
	identity_files_close (&identities);
	ck_assert_int_eq (rmdir (directory), 0);
}

/* Write the identity `name` with the keys of those numbers (up to 0). */
static void write_file (const char *name, const unsigned *keys)
{
	char path[200], line[KEY_LINE_SIZE];
	struct key key;
	FILE *file;

	path_of (path, sizeof path, name);
	ck_assert_ptr_nonnull (file = fopen (path, "we"));
	fputs (geteuid () == 0 ? "user: root\nallow: [status]\nkey:\n" : "allow: [status]\nkey:\n", file);
	for (; *keys; keys++) {
		memset (&key, 7, sizeof key);
		memcpy (&key, keys, sizeof *keys);
		fprintf (file, "  - %s\n", key_format (&key, NULL, line));
	}
	ck_assert_int_eq (fclose (file), 0);
}

static void open_all (void)
{
	struct err err = { .text = "" };

	ck_assert_msg (identity_files_open (&identities, directory, true, NULL, &err) == 0, "%s", err.text);
}

/* The reason why that identity is refused, "" where it is not. */
static const char *why (const char *name)
{
	for (size_t i = 0; i < identities.n_items; i++) {
		const struct identity_file *file = &identities.items[i];

		if (!strcmp (file->name, name)) {
			ck_assert_int_eq (!file->grant, !!file->refused);
			return file->refused ? file->refused : "";
		}
	}
	return "it is not there";
}

START_TEST (an_empty_directory)
{
	open_all ();
	ck_assert_uint_eq (identities.n_items, 0);
}
END_TEST

START_TEST (keys_of_their_own)
{
	write_file ("ann", (const unsigned[]){ 3, 1, 0 });
	write_file ("bob", (const unsigned[]){ 2, 0 });
	open_all ();
	ck_assert_str_eq (why ("ann"), "");
	ck_assert_str_eq (why ("bob"), "");
}
END_TEST

/* The later name is refused, with the name of the first identity that has one of its keys, whichever key that is. */
START_TEST (the_first_name_gets_the_key)
{
	write_file ("ann", (const unsigned[]){ 9, 4, 0 });
	write_file ("bob", (const unsigned[]){ 1, 0 });
	write_file ("cat", (const unsigned[]){ 1, 5, 9, 0 });
	write_file ("dan", (const unsigned[]){ 4, 0 });
	open_all ();
	ck_assert_str_eq (why ("ann"), "");
	ck_assert_str_eq (why ("bob"), "");
	ck_assert_str_eq (why ("cat"), "its key is also the key of 'ann'");
	ck_assert_str_eq (why ("dan"), "its key is also the key of 'ann'");
}
END_TEST

/* A refused identity does not keep its keys from others. */
START_TEST (a_refused_identity_has_no_keys)
{
	write_file ("ann", (const unsigned[]){ 1, 0 });
	write_file ("bob", (const unsigned[]){ 1, 2, 0 });
	write_file ("cat", (const unsigned[]){ 2, 3, 0 });
	write_file ("dan", (const unsigned[]){ 3, 0 });
	write_file ("-bad", (const unsigned[]){ 5, 0 });
	write_file ("eve", (const unsigned[]){ 5, 0 });
	open_all ();
	ck_assert_str_eq (why ("bob"), "its key is also the key of 'ann'");
	ck_assert_str_eq (why ("cat"), "");
	ck_assert_str_eq (why ("dan"), "its key is also the key of 'cat'");
	ck_assert_str_ne (why ("-bad"), "");
	ck_assert_str_eq (why ("eve"), "");
}
END_TEST

/* Without memory for the name of the N-th file, for every N, opening fails as a whole, and open files are closed
 * once. */
START_TEST (no_memory_for_a_name)
{
	static const char *const names[] = { "ann", "bob", "cat", "dan", "eve", "fay" };
	struct err err = { .text = "" };

	for (unsigned i = 0; i < 6; i++)
		write_file (names[i], (const unsigned[]){ i + 1, 0 });
	for (int i = 1; i <= 6; i++) {
		fail_strndup = i;
		ck_assert_int_eq (identity_files_open (&identities, directory, true, NULL, &err), -1);
		ck_assert_int_eq (fail_strndup, 0);
		ck_assert_uint_eq (identities.n_items, i - 1);
		identity_files_close (&identities);
	}
	open_all ();
	ck_assert_uint_eq (identity_files_count (&identities), 6);
}
END_TEST

/* An allowed name has to be a call: the error for another name says whether its plugin is refused. */
START_TEST (unknown_calls_in_an_identity)
{
	static const char table[] = "[{\"plugin\":\"words\",\"refused\":\"no disk\"},{\"plugin\":\"status\","
				    "\"version\":\"1\",\"summary\":\"s\",\"verbs\":"
				    "[{\"name\":\"show\",\"help\":\"h\",\"params\":[]}]}]";
	static const char *const allowed[] = { "status.show", "words.count", "wrods.count" };
	char path[200], line[KEY_LINE_SIZE];
	struct key key;

	for (unsigned i = 0; i < 3; i++) {
		FILE *file;

		path_of (path, sizeof path, (const char *const[]){ "ann", "bob", "cat" }[i]);
		ck_assert_ptr_nonnull (file = fopen (path, "we"));
		memset (&key, (int)i + 1, sizeof key);
		fprintf (file, "%sallow: [%s]\nkey: %s\n", geteuid () == 0 ? "user: root\n" : "", allowed[i],
			key_format (&key, NULL, line));
		ck_assert_int_eq (fclose (file), 0);
	}
	open_all ();
	identity_files_check_calls (&identities, table);
	ck_assert_str_eq (why ("ann"), "");
	ck_assert_ptr_nonnull (strstr (why ("bob"), "bob.yaml:"));
	ck_assert_ptr_nonnull (strstr (why ("bob"), ": it allows 'words.count', and that plugin is refused: no disk"));
	ck_assert_ptr_nonnull (strstr (why ("cat"), ": it allows 'wrods.count', and no plugin has such a call"));
}
END_TEST

/* Read the files again, while the identities that were read before are in use. */
static void open_again (void)
{
	struct identity_files before = identities;
	struct err err = { .text = "" };

	ck_assert_msg (identity_files_open (&identities, directory, true, &before, &err) == 0, "%s", err.text);
	identity_files_close (&before);
}

/* An identity keeps its key, even if a name that sorts before comes with the same key; an identity that gives the key
 * away does not. */
START_TEST (an_identity_keeps_its_key)
{
	write_file ("zoe", (const unsigned[]){ 1, 2, 0 });
	write_file ("max", (const unsigned[]){ 3, 0 });
	open_all ();
	write_file ("ann", (const unsigned[]){ 2, 4, 0 });
	write_file ("bob", (const unsigned[]){ 4, 0 });
	open_again ();
	ck_assert_str_eq (why ("zoe"), "");
	ck_assert_str_eq (why ("max"), "");
	ck_assert_str_eq (why ("ann"), "its key is also the key of 'zoe'");
	ck_assert_str_eq (why ("bob"), ""); /* a refused identity has no key */
	/* The same again: the refused identity had no key. */
	open_again ();
	ck_assert_str_eq (why ("zoe"), "");
	ck_assert_str_eq (why ("ann"), "its key is also the key of 'bob'");
	/* Two identities may exchange their keys. */
	write_file ("ann", (const unsigned[]){ 5, 0 });
	write_file ("zoe", (const unsigned[]){ 3, 0 });
	write_file ("max", (const unsigned[]){ 1, 2, 0 });
	open_again ();
	ck_assert_str_eq (why ("zoe"), "");
	ck_assert_str_eq (why ("max"), "");
	ck_assert_str_eq (why ("ann"), "");
	/* A good identity that also takes another's key is refused, and its own key is free. */
	write_file ("zoe", (const unsigned[]){ 3, 5, 0 });
	open_again ();
	ck_assert_str_eq (why ("zoe"), "its key is also the key of 'ann'");
	ck_assert_str_eq (why ("ann"), "");
}
END_TEST

START_TEST (many)
{
	char name[32];
	unsigned i;

	for (i = 0; i < 2000; i++) {
		snprintf (name, sizeof name, "n%04u", i);
		write_file (name, (const unsigned[]){ 1 + i * 7919 % 1999, 0 });
	}
	open_all ();
	ck_assert_uint_eq (identities.n_items, 2000);
	ck_assert_uint_eq (identity_files_count (&identities), 1999);
	ck_assert_str_eq (why ("n1999"), "its key is also the key of 'n0000'");
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, an_empty_directory);
	tcase_add_test (tcase, keys_of_their_own);
	tcase_add_test (tcase, the_first_name_gets_the_key);
	tcase_add_test (tcase, a_refused_identity_has_no_keys);
	tcase_add_test (tcase, no_memory_for_a_name);
	tcase_add_test (tcase, unknown_calls_in_an_identity);
	tcase_add_test (tcase, an_identity_keeps_its_key);
	tcase_add_test (tcase, many);
}

CHECK_MAIN ("identity_files", add_cases)
