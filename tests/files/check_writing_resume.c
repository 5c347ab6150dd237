/* Writings that were interrupted: what is left of them goes on. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/check_main.h"
#include "writing_stage.h"

static const struct writing_options plain, synced = { .sync = true };
static char sum[DIGEST_TEXT];

/* Half of "half of it", left. */
static void leave_half (void)
{
	struct writing *writing = begin ("file", plain);

	add (writing, "half");
	writing_free (writing, true);
	ck_assert_int_eq (temporaries (), 1);
	holds (the_temporary (), "half");
	ck_assert (!locked (the_temporary ()));
}

START_TEST (resumed)
{
	struct writing *writing;

	make ("file", "old");
	leave_half ();
	writing = begin ("file", _i ? synced : plain);
	ck_assert_int_eq (writing_resume (writing, sum, &err), 4);
	ck_assert_str_eq (sum, sum_of ("half"));
	ck_assert_int_eq (writing_size (writing), 4);
	ck_assert (locked (the_temporary ())); /* the only one */
	ck_assert_int_eq (writing_from (writing, 4, &err), 0);
	add (writing, " of it");
	ck_assert_int_eq (writing_complete (writing, 10, sum_of ("half of it"), &err), 0);
	publish (writing);
	holds ("file", "half of it");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

START_TEST (resumed_from_the_start)
{
	struct writing *writing;

	leave_half ();
	writing = begin ("file", plain);
	ck_assert_int_eq (writing_resume (writing, sum, &err), 4);
	failed (writing_from (writing, 2, &err), CODE_BAD_VALUE, 0, "in the middle");
	failed (writing_from (writing, 5, &err), CODE_BAD_VALUE, 0, "in the middle");
	ck_assert_int_eq (writing_from (writing, 0, &err), 0);
	ck_assert_int_eq (writing_size (writing), 0);
	holds (the_temporary (), "");
	add (writing, "new");
	ck_assert_int_eq (writing_complete (writing, 3, sum_of ("new"), &err), 0);
	publish (writing);
	holds ("file", "new");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

START_TEST (nothing_to_resume)
{
	struct writing *writing = begin ("file", plain);

	writing_free (writing, true);
	ck_assert_int_eq (entries (), 0); /* nothing was in it */
	writing = begin ("file", plain);
	ck_assert_int_eq (writing_resume (writing, sum, &err), 0);
	ck_assert_str_eq (sum, sum_of (""));
	ck_assert_int_eq (writing_from (writing, 0, &err), 0);
	add (writing, "new");
	complete (writing);
	publish (writing);
	holds ("file", "new");
}
END_TEST

/* One that ends with a hole, which nobody has written; and given up again. */
START_TEST (hole_resumed)
{
	struct writing *writing = begin ("file", plain);
	struct digest *digest = digest_new ();

	add (writing, "half");
	ck_assert_int_eq (writing_hole (writing, 1000000, &err), 0);
	writing_free (writing, true);
	writing = begin ("file", plain);
	ck_assert_int_eq (writing_resume (writing, sum, &err), 1000004);
	writing_free (writing, true);
	writing = begin ("file", plain);
	ck_assert_int_eq (writing_resume (writing, sum, &err), 1000004);
	ck_assert_int_eq (writing_from (writing, 1000004, &err), 0);
	add (writing, "!");
	digest_add (digest, "half", 4);
	digest_add_zeros (digest, 1000000);
	digest_add (digest, "!", 1);
	digest_text (digest, sum);
	digest_free (digest);
	ck_assert_int_eq (writing_complete (writing, 1000005, sum, &err), 0);
	publish (writing);
	ck_assert_int_le (status ("file").st_blocks, 256);
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* Complete, and kept for later all the same: it is as young as it looks, and as private as it was. */
START_TEST (complete_and_kept)
{
	struct writing_options options = { .preserve = true, .set_id = true };
	int64_t long_ago = 1000000000;
	struct writing *writing;

	make ("file", "old");
	if (geteuid () == 0)
		ck_assert_int_eq (chown ("file", 1, 1), 0);
	writing = begin ("file", options);
	writing_set_mode (writing, 04755, &long_ago);
	add (writing, "half");
	complete (writing);
	writing_free (writing, true);
	ck_assert_uint_eq (mode_of (the_temporary ()), 0600);
	ck_assert_uint_eq (status (the_temporary ()).st_uid, geteuid ());
	ck_assert_int_eq (temporary_sweep (directory, time (NULL) - TEMPORARY_DAY), 0);
	writing = begin ("file", options);
	ck_assert_int_eq (writing_resume (writing, sum, &err), 4);
	complete (writing);
	publish (writing);
	holds ("file", "half");
}
END_TEST

/* Killed in the middle, which nobody can tidy up after. */
START_TEST (killed)
{
	struct writing *writing;
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
	/* It is not ours as long as it lives. */
	writing = begin ("file", plain);
	ck_assert_int_eq (writing_resume (writing, sum, &err), 0);
	ck_assert_int_eq (kill (pid, SIGKILL), 0);
	ck_assert_int_eq (waitpid (pid, &result, 0), pid);
	ck_assert (WIFSIGNALED (result));
	holds ("file", "old");
	ck_assert_int_eq (writing_resume (writing, sum, &err), 4);
	ck_assert_str_eq (sum, sum_of ("half"));
	ck_assert_int_eq (writing_from (writing, 4, &err), 0);
	add (writing, " of it");
	complete (writing);
	publish (writing);
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
	tcase_add_test (tcase, complete_and_kept);
	tcase_add_test (tcase, killed);
}

CHECK_MAIN ("files/writing_resume", cases)
