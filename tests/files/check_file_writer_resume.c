/* Files whose writing was interrupted: the temporary file is resumed. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "file_writer_fixture.h"
#include "support/check_main.h"

static const struct file_writer_options plain, synced = { .sync = true };
static char sum[DIGEST_TEXT];

/* Leave a temporary with a half of the text "half of it". */
static void leave_half (void)
{
	struct file_writer *writer = begin ("file", plain);

	add (writer, "half");
	file_writer_free (writer, true);
	ck_assert_int_eq (temporaries (), 1);
	holds (the_temporary (), "half");
	ck_assert (!locked (the_temporary ()));
}

START_TEST (resumed)
{
	struct file_writer *writer;

	make ("file", "old");
	leave_half ();
	writer = begin ("file", _i ? synced : plain);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 4);
	ck_assert_str_eq (sum, sum_of ("half"));
	ck_assert_int_eq (file_writer_size (writer), 4);
	ck_assert (locked (the_temporary ())); /* the only one */
	ck_assert_int_eq (file_writer_from (writer, 4, &err), 0);
	add (writer, " of it");
	ck_assert_int_eq (file_writer_complete (writer, 10, sum_of ("half of it"), &err), 0);
	publish (writer);
	holds ("file", "half of it");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

START_TEST (resumed_from_the_start)
{
	struct file_writer *writer;

	leave_half ();
	writer = begin ("file", plain);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 4);
	failed (file_writer_from (writer, 2, &err), CODE_BAD_VALUE, 0, "inside the partial");
	failed (file_writer_from (writer, 5, &err), CODE_BAD_VALUE, 0, "inside the partial");
	ck_assert_int_eq (file_writer_from (writer, 0, &err), 0);
	ck_assert_int_eq (file_writer_size (writer), 0);
	holds (the_temporary (), "");
	add (writer, "new");
	ck_assert_int_eq (file_writer_complete (writer, 3, sum_of ("new"), &err), 0);
	publish (writer);
	holds ("file", "new");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

START_TEST (nothing_to_resume)
{
	struct file_writer *writer = begin ("file", plain);

	file_writer_free (writer, true);
	ck_assert_int_eq (entries (), 0); /* nothing was in it */
	writer = begin ("file", plain);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 0);
	ck_assert_str_eq (sum, sum_of (""));
	ck_assert_int_eq (file_writer_from (writer, 0, &err), 0);
	add (writer, "new");
	complete (writer);
	publish (writer);
	holds ("file", "new");
}
END_TEST

/* A part that ends with a hole, which was not written; and given up again. */
START_TEST (hole_resumed)
{
	struct file_writer *writer = begin ("file", plain);
	struct digest *digest = digest_new (DIGEST_SHA256);

	add (writer, "half");
	ck_assert_int_eq (file_writer_hole (writer, 1000000, &err), 0);
	file_writer_free (writer, true);
	writer = begin ("file", plain);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 1000004);
	file_writer_free (writer, true);
	writer = begin ("file", plain);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 1000004);
	ck_assert_int_eq (file_writer_from (writer, 1000004, &err), 0);
	add (writer, "!");
	digest_add (digest, "half", 4);
	digest_add_zeros (digest, 1000000);
	digest_add (digest, "!", 1);
	digest_text (digest, sum);
	digest_free (digest);
	ck_assert_int_eq (file_writer_complete (writer, 1000005, sum, &err), 0);
	publish (writer);
	ck_assert_int_le (status ("file").st_blocks, 256);
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* A large part is read in steps, so that the owner can stop in between. */
START_TEST (large_part)
{
	struct file_writer *writer = begin ("file", plain);
	const int64_t size = 2 * (int64_t)FILE_WRITER_STEP + 5;

	ck_assert_int_eq (file_writer_hole (writer, size, &err), 0);
	file_writer_free (writer, true);
	writer = begin ("file", plain);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), FILE_WRITER_MORE);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), FILE_WRITER_MORE);
	file_writer_free (writer, true);
	writer = begin ("file", plain);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), FILE_WRITER_MORE);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), FILE_WRITER_MORE);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), size);
	ck_assert_int_eq (file_writer_from (writer, 0, &err), 0);
	file_writer_free (writer, false);
	ck_assert_int_eq (entries (), 0);
}
END_TEST

/* Complete, and kept for later all the same: it is as recent as its time says, and as private as before. */
START_TEST (complete_and_kept)
{
	struct file_writer_options options = { .preserve = true, .set_id = true };
	int64_t long_ago = 1000000000;
	struct file_writer *writer;

	make ("file", "old");
	if (geteuid () == 0)
		ck_assert_int_eq (chown ("file", 1, 1), 0);
	writer = begin ("file", options);
	file_writer_set_mode (writer, 04755, &long_ago);
	add (writer, "half");
	complete (writer);
	file_writer_free (writer, true);
	ck_assert_uint_eq (mode_of (the_temporary ()), 0600);
	ck_assert_uint_eq (status (the_temporary ()).st_uid, geteuid ());
	ck_assert_int_eq (temporary_sweep (directory, time (NULL) - TEMPORARY_DAY), 0);
	writer = begin ("file", options);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 4);
	complete (writer);
	publish (writer);
	holds ("file", "half");
}
END_TEST

/* Killed in the middle, so that no clean-up runs. */
START_TEST (killed)
{
	struct file_writer *writer;
	int ready[2], result;
	char byte;
	pid_t pid;

	make ("file", "old");
	ck_assert_int_eq (pipe2 (ready, O_CLOEXEC), 0);
	ck_assert_int_ge (pid = fork (), 0);
	if (pid == 0) {
		add (begin ("file", synced), "half");
		if (write (ready[1], "", 1) == 1)
			pause ();
		_exit (1);
	}
	fd_close (&ready[1]);
	ck_assert_int_eq (read (ready[0], &byte, 1), 1);
	/* The temporary belongs to the process that made it, as long as that process lives. */
	writer = begin ("file", plain);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 0);
	ck_assert_int_eq (kill (pid, SIGKILL), 0);
	ck_assert_int_eq (waitpid (pid, &result, 0), pid);
	ck_assert (WIFSIGNALED (result));
	holds ("file", "old");
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 4);
	ck_assert_str_eq (sum, sum_of ("half"));
	ck_assert_int_eq (file_writer_from (writer, 4, &err), 0);
	add (writer, " of it");
	complete (writer);
	publish (writer);
	holds ("file", "half of it");
	ck_assert_int_eq (entries (), 1);
	fd_close (&ready[0]);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, resumed, 0, 2);
	tcase_add_test (tcase, resumed_from_the_start);
	tcase_add_test (tcase, nothing_to_resume);
	tcase_add_test (tcase, hole_resumed);
	tcase_add_test (tcase, large_part);
	tcase_add_test (tcase, complete_and_kept);
	tcase_add_test (tcase, killed);
}

CHECK_MAIN ("files/file_writer_resume", cases)
