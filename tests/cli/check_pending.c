/* check_pending - what a put has sent, against what the server reports: with another sum, twice, of what was never sent,
 * before its end; very long paths, very many items, no memory. */
#include "config.h"

#include <string.h>

#include "cli/pending.h"
#include "files/open_dir.h"
#include "support/check_main.h"
#include "support/fail_alloc.h"

static struct pending pending;
static struct item item;
static struct err err;

static const char sum_a[] = "aaaaaaaa00000000000000000000000000000000000000000000000000000000",
		  sum_b[] = "bbbbbbbb00000000000000000000000000000000000000000000000000000000";

static void set_up (void)
{
	pending_init (&pending);
}

static void tear_down (void)
{
	pending_free (&pending);
}

/* --- the two ends ------------------------------------------------------------------------------------------------ */

static void send_item (enum item_kind kind, const char *name, int64_t source)
{
	item_init (&item, kind);
	snprintf (item.name, sizeof item.name, "%s", name);
	item.source = source;
	pending_sent (&pending, &item);
}

static void send_whole (const char *name, int64_t source, int64_t size, const char *sum)
{
	item_init (&item, ITEM_FILE);
	snprintf (item.name, sizeof item.name, "%s", name);
	item.source = source;
	item.size = size;
	strcpy (item.sum, sum);
	pending_sent (&pending, &item);
}

static void send_end (int64_t size, const char *sum)
{
	item_init (&item, ITEM_END);
	item.number = size;
	strcpy (item.sum, sum);
	pending_sent (&pending, &item);
}

static void enter (const char *name, int64_t source)
{
	send_item (ITEM_DIRECTORY, name, source);
}

static void leave (void)
{
	send_item (ITEM_LEAVE, "", -1);
}

/* The server reports success of a path: with a size and a sum, or of what has no content (size -1). */
static int done (const char *path, int64_t source, int64_t size, const char *sum)
{
	item_init (&item, ITEM_DONE);
	snprintf (item.name, sizeof item.name, "%s", path);
	item.source = source;
	item.size = size;
	strcpy (item.sum, sum);
	memset (&err, 0, sizeof err);
	return pending_done (&pending, &item, &err);
}

static void failed (const char *path, int64_t source)
{
	item_init (&item, ITEM_FAILED);
	snprintf (item.name, sizeof item.name, "%s", path);
	item.source = source;
	pending_failed (&pending, &item);
}

/* --- confirmed --------------------------------------------------------------------------------------------------- */

START_TEST (paths_follow_the_tree)
{
	enter ("a", 0);
	send_whole ("f", -1, 1, sum_a);
	enter ("b", -1);
	send_whole ("f", -1, 2, sum_b);
	send_item (ITEM_LINK, "l", -1);
	leave ();
	send_whole ("g", -1, 3, sum_a);
	leave ();
	send_whole ("a2", 1, 4, sum_a);
	ck_assert_uint_eq (pending.n, 7);
	ck_assert_int_eq (done ("a/f", 0, 1, sum_a), 0);
	ck_assert_int_eq (done ("a/b/f", 0, 2, sum_b), 0);
	ck_assert_int_eq (done ("a/b/l", 0, -1, ""), 0);
	ck_assert_int_eq (done ("a/b", 0, -1, ""), 0);
	ck_assert_int_eq (done ("a/g", 0, 3, sum_a), 0);
	ck_assert_int_eq (done ("a", 0, -1, ""), 0);
	ck_assert_int_eq (done ("a2", 1, 4, sum_a), 0);
	ck_assert_uint_eq (pending.n, 0);
	ck_assert_int_eq (pending.error, 0);
}
END_TEST

/* The same path of two sources is two files, also where the table has both in one place. */
START_TEST (sources_are_apart)
{
	enum { SOURCES = 200 };

	send_whole ("f", 0, 1, sum_a);
	send_whole ("f", 1, 2, sum_b);
	ck_assert_int_eq (done ("f", 2, 1, sum_a), -1);
	ck_assert_int_eq (done ("f", 1, 2, sum_b), 0);
	ck_assert_int_eq (done ("f", 1, 2, sum_b), -1);
	ck_assert_int_eq (done ("f", 0, 1, sum_a), 0);
	for (int i = 0; i < SOURCES; i++)
		send_whole ("g", i, 1, sum_a);
	for (int i = SOURCES; i < 2 * SOURCES; i++)
		ck_assert_int_eq (done ("g", i, 1, sum_a), -1);
	ck_assert_uint_eq (pending.n, SOURCES);
}
END_TEST

/* The size and the sum count that were read, not the size when the file was opened. */
START_TEST (a_file_grows_while_it_is_read)
{
	send_whole ("f", 0, 100, "");
	send_end (150, sum_a);
	ck_assert_int_eq (done ("f", 0, 150, sum_a), 0);
}
END_TEST

/* One path twice, with different contents: the reports come in any order. */
START_TEST (a_path_that_was_sent_twice)
{
	send_whole ("f", 0, 1, sum_a);
	send_whole ("f", 0, 2, sum_b);
	ck_assert_int_eq (done ("f", 0, 1 + _i, _i ? sum_b : sum_a), 0);
	ck_assert_int_eq (done ("f", 0, 2 - _i, _i ? sum_a : sum_b), 0);
	ck_assert_uint_eq (pending.n, 0);
}
END_TEST

/* --- a server that is wrong -------------------------------------------------------------------------------------- */

static const struct {
	int64_t size;
	const char *sum;
} others[] = { { 1, "bbbbbbbb00000000000000000000000000000000000000000000000000000000" },
	{ 2, "aaaaaaaa00000000000000000000000000000000000000000000000000000000" },
	{ 1, "aaaaaaaa00000000000000000000000000000000000000000000000000000001" }, { 1, "" } };

START_TEST (another_content_is_a_failure)
{
	send_whole ("f", 0, 1, sum_a);
	ck_assert_int_eq (done ("f", 0, others[_i].size, others[_i].sum), 1);
	ck_assert_int_eq (err.code, CODE_FAILED);
	ck_assert_ptr_nonnull (strstr (err.text, "aaaaaaaa..."));
	ck_assert_uint_eq (pending.n, 0);
	ck_assert_int_eq (done ("f", 0, 1, sum_a), -1); /* it has been reported */
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
}
END_TEST

START_TEST (what_was_not_sent_is_not_done)
{
	ck_assert_int_eq (done ("f", 0, 1, sum_a), -1); /* nothing was */
	send_whole ("f", 0, 1, sum_a);
	enter ("d", 0);
	send_item (ITEM_LINK, "l", -1);
	ck_assert_int_eq (done ("g", 0, 1, sum_a), -1);
	ck_assert_int_eq (done ("l", 0, -1, ""), -1); /* it is d/l */
	ck_assert_int_eq (done ("d/", 0, -1, ""), -1);
	ck_assert_int_eq (done ("", 0, -1, ""), -1);
	ck_assert_int_eq (done ("f", 0, -1, ""), -1); /* a file has a content */
	ck_assert_int_eq (done ("d", 0, 1, sum_a), -1); /* a directory has none, */
	ck_assert_int_eq (done ("d/l", 0, 1, sum_a), -1); /* and neither has a link */
	ck_assert_uint_eq (pending.n, 3);
}
END_TEST

START_TEST (nothing_is_done_before_its_end_was_sent)
{
	send_whole ("f", 0, 1, "");
	ck_assert_int_eq (done ("f", 0, 1, sum_a), -1);
	ck_assert_int_eq (done ("f", 0, 1, ""), -1);
	send_end (1, sum_a);
	ck_assert_int_eq (done ("f", 0, 1, sum_a), 0);
}
END_TEST

/* --- failures ---------------------------------------------------------------------------------------------------- */

START_TEST (what_could_not_be_sent_is_not_done)
{
	send_item (ITEM_FAILED, "f", 0);
	send_whole ("g", 0, 5, "");
	send_item (ITEM_ABORT, "", -1);
	ck_assert_int_eq (done ("f", 0, 1, sum_a), -1);
	ck_assert_int_eq (done ("f", 0, -1, ""), -1);
	ck_assert_int_eq (done ("g", 0, 5, sum_a), -1);
	ck_assert_int_eq (done ("g", 0, 5, ""), -1);
	ck_assert_uint_eq (pending.n, 2);
	failed ("f", 0);
	failed ("g", 0);
	ck_assert_uint_eq (pending.n, 0);
	failed ("g", 0);
	failed ("never", 0);
	ck_assert_uint_eq (pending.n, 0);
}
END_TEST

/* A failure of a path that was sent twice is that of the one which the sender could not send. */
START_TEST (a_failure_is_that_of_the_failed_one)
{
	if (_i == 1)
		send_whole ("f", 0, 1, sum_a);
	if (_i < 2) {
		send_item (ITEM_FAILED, "f", 0);
	} else {
		send_whole ("f", 0, 1, "");
		send_item (ITEM_ABORT, "", -1);
	}
	if (_i != 1)
		send_whole ("f", 0, 1, sum_a);
	failed ("f", 0);
	ck_assert_int_eq (done ("f", 0, 1, sum_a), 0);
	ck_assert_uint_eq (pending.n, 0);
}
END_TEST

/* The server has failed to write a file that is still being sent. */
START_TEST (a_file_fails_while_it_is_sent)
{
	send_whole ("f", 0, 100, "");
	failed ("f", 0);
	ck_assert_ptr_null (pending.file);
	if (_i)
		send_end (100, sum_a);
	else
		send_item (ITEM_ABORT, "", -1);
	ck_assert_uint_eq (pending.n, 0);
	ck_assert_int_eq (done ("f", 0, 100, sum_a), -1);
}
END_TEST

/* --- much -------------------------------------------------------------------------------------------------------- */

/* Deeper than a path in a report can be. */
START_TEST (of_a_long_path_the_end_counts)
{
	enum { DEEP = 20 };
	char name[ITEM_NAME_MAX + 1], path[DEEP * (ITEM_NAME_MAX + 1) + 8], *tail;
	size_t n = 0;

	for (int i = 0; i < DEEP; i++) {
		memset (name, 'a' + i, ITEM_NAME_MAX);
		name[ITEM_NAME_MAX] = '\0';
		enter (name, i ? -1 : 0);
		n += (size_t)sprintf (path + n, "%s/", name);
	}
	send_whole ("f", -1, 1, sum_a);
	strcpy (path + n, "f");
	tail = path + strlen (path) - (OPEN_DIR_PATH - 1);
	ck_assert_int_eq (done (path, 0, 1, sum_a), -1); /* (the item cuts its end) */
	ck_assert_int_eq (done (tail + 1, 0, 1, sum_a), -1);
	ck_assert_int_eq (done (tail, 0, 1, sum_a), 0);
	for (int i = 0; i < DEEP; i++)
		leave ();
	send_whole ("g", 0, 1, sum_a);
	ck_assert_int_eq (done ("g", 0, 1, sum_a), 0);
	ck_assert_uint_eq (pending.n, DEEP);
}
END_TEST

/* The table has grown many times; every entry is found, and what is left is taken once. */
START_TEST (very_many_wait)
{
	enum { MANY = 5000 };
	static bool seen[MANY];
	struct pending_entry *entry;
	char name[32];

	for (int i = 0; i < MANY; i++) {
		snprintf (name, sizeof name, "f%d", i);
		send_whole (name, 0, i, sum_a);
	}
	for (int i = 0; i < MANY; i += 2) {
		snprintf (name, sizeof name, "f%d", i);
		ck_assert_int_eq (done (name, 0, i, sum_a), 0);
	}
	while ((entry = pending_take (&pending))) {
		int i = atoi (entry->path + 1);

		if (i % 2 == 0 || seen[i] || entry->size != i)
			ck_abort_msg ("%s was taken", entry->path);
		seen[i] = true;
		free (entry);
	}
	for (int i = 1; i < MANY; i += 2)
		if (!seen[i])
			ck_abort_msg ("f%d is lost", i);
	ck_assert_uint_eq (pending.n, 0);
	/* Another round, after all were taken. */
	send_whole ("f0", 0, 1, sum_a);
	ck_assert_ptr_nonnull (entry = pending_take (&pending));
	ck_assert_str_eq (entry->path, "f0");
	free (entry);
	ck_assert_ptr_null (pending_take (&pending));
}
END_TEST

START_TEST (there_is_a_most)
{
	item_init (&item, ITEM_LINK);
	item.source = 0;
	for (int i = 0; i < PENDING_MAX; i++) {
		snprintf (item.name, sizeof item.name, "%d", i);
		pending_sent (&pending, &item);
	}
	ck_assert_int_eq (pending.error, 0);
	send_whole ("more", 0, 1, sum_a);
	ck_assert_int_eq (pending.error, ENOBUFS);
	ck_assert_uint_eq (pending.n, PENDING_MAX);
	ck_assert_int_eq (done ("more", 0, 1, sum_a), -1);
}
END_TEST

/* --- no memory --------------------------------------------------------------------------------------------------- */

enum { FULL = 64 }; /* entries: the next one makes the table grow */

static const struct {
	int before, nth;
} shortages[] = { { 0, 1 }, { 0, 2 }, { 0, 3 }, { FULL, 1 }, { FULL, 2 } }; /* the path, the table, the entry */

/* One allocation fails: the error is kept, the item is not there, and all the others are. */
START_TEST (without_memory_there_is_an_error)
{
	char name[32];

	for (int i = 0; i < shortages[_i].before; i++) {
		snprintf (name, sizeof name, "f%d", i);
		send_whole (name, 0, i, sum_a);
	}
	fail_alloc = shortages[_i].nth;
	send_whole ("more", 0, 1, sum_a);
	ck_assert_int_eq (fail_alloc, 0); /* it has failed */
	ck_assert_int_eq (pending.error, ENOMEM);
	ck_assert_ptr_null (pending.file);
	ck_assert_uint_eq (pending.n, (size_t)shortages[_i].before);
	ck_assert_int_eq (done ("more", 0, 1, sum_a), -1);
	send_whole ("again", 0, 1, sum_b);
	ck_assert_int_eq (done ("again", 0, 1, sum_b), 0);
	for (int i = 0; i < shortages[_i].before; i++) {
		snprintf (name, sizeof name, "f%d", i);
		ck_assert_int_eq (done (name, 0, i, sum_a), 0);
	}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, paths_follow_the_tree);
	tcase_add_test (tcase, sources_are_apart);
	tcase_add_test (tcase, a_file_grows_while_it_is_read);
	tcase_add_loop_test (tcase, a_path_that_was_sent_twice, 0, 2);
	tcase_add_loop_test (tcase, another_content_is_a_failure, 0, (int)(sizeof others / sizeof *others));
	tcase_add_test (tcase, what_was_not_sent_is_not_done);
	tcase_add_test (tcase, nothing_is_done_before_its_end_was_sent);
	tcase_add_test (tcase, what_could_not_be_sent_is_not_done);
	tcase_add_loop_test (tcase, a_failure_is_that_of_the_failed_one, 0, 3);
	tcase_add_loop_test (tcase, a_file_fails_while_it_is_sent, 0, 2);
	tcase_add_test (tcase, of_a_long_path_the_end_counts);
	tcase_add_test (tcase, very_many_wait);
	tcase_add_test (tcase, there_is_a_most);
	tcase_add_loop_test (tcase, without_memory_there_is_an_error, 0, (int)(sizeof shortages / sizeof *shortages));
}

CHECK_MAIN ("pending", add_cases)
