/* A sender's files, one by one: small and large, with holes, changing, streams, resumed. Trees are in check_sender_tree.c. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/file_reader.h"
#include "sender_fixture.h"
#include "support/check_main.h"

#define PLAIN ((const struct sender_options){ .live = false })
#define LIVE ((const struct sender_options){ .live = true })
#define RESUME ((const struct sender_options){ .resume = true })

static struct show show;

static void begin (const struct sender_options *options, const char *source)
{
	const char *sources[2] = { source, NULL };

	show_begin (&show, options, sources);
}

static void finish (void)
{
	show_end (&show);
}

START_TEST (small)
{
	const char *sources[] = { fixture_path ("one"), fixture_path ("none"), fixture_path ("most"),
		fixture_path ("set"), NULL };
	struct sender_progress progress;

	fixture_file ("one", 5);
	fixture_file ("none", 0);
	fixture_file ("most", SENDER_WHOLE);
	fixture_file ("set", 3);
	ck_assert_int_eq (chmod (sources[3], 04751), 0);
	show_begin (&show, &PLAIN, sources);
	sender_progress (show.sender, &progress);
	ck_assert_int_eq (progress.total_files, -1);
	ck_assert_str_eq (progress.path, "");
	ck_assert_str_eq (show_rest (&show), "0:file one 5 644 whole\n"
					     "1:file none 0 644 whole\n"
					     "2:file most 65536 644 whole\n"
					     "3:file set 3 4751 whole\n");
	show_is_content (&show, 3);
	ck_assert (show.file.has_mtime);
	ck_assert_int_eq (show.file.mtime_ns, 1000000000123456789);
	sender_progress (show.sender, &progress);
	ck_assert_int_eq (progress.files, 4);
	ck_assert_int_eq (progress.bytes, 5 + 65536 + 3);
	ck_assert_str_eq (progress.path, "set");
	finish ();
}
END_TEST

START_TEST (large)
{
	const size_t size = 2000003;

	fixture_file ("large", size);
	begin (&PLAIN, fixture_path ("large"));
	ck_assert_str_eq (show_rest (&show), "0:file large 2000003 644\ndata 2000003\nend\n");
	show_is_content (&show, size);
	ck_assert_int_eq (show.file.mtime_ns, 1000000000123456789);
	finish ();
}
END_TEST

/* With too little room nothing is sent; with just enough everything is sent, only in smaller pieces. */
START_TEST (room)
{
	const size_t size = 1000000;
	struct buf out;

	fixture_file ("large", size);
	begin (&PLAIN, fixture_path ("large"));
	buf_init (&out, SENDER_ROOM - 1);
	ck_assert_int_eq (sender_fill (show.sender, &out), SENDER_MORE);
	ck_assert_uint_eq (buf_len (&out), 0);
	buf_init (&show.out, SENDER_ROOM);
	ck_assert_str_eq (show_rest (&show), "0:file large 1000000 644\ndata 1000000\nend\n");
	show_is_content (&show, size);
	finish ();
}
END_TEST

/* Where the filesystem has no holes this is all data; the sum is right in any case. */
START_TEST (holes)
{
	const int64_t mega = 1024 * 1024;
	char log[128];
	int fd;

	fixture_file ("sparse", 100000);
	fd = open (fixture_path ("sparse"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq (pwrite (fd, "x", 1, 4 * mega), 1);
	ck_assert_int_eq (ftruncate (fd, 6 * mega), 0);
	ck_assert_int_eq (fsync (fd), 0); /* the holes are settled */
	begin (&PLAIN, fixture_path ("sparse"));
	show_rest (&show);
	ck_assert_uint_eq (buf_len (&show.content), (size_t)(6 * mega));
	ck_assert_uint_eq (show.content.data[show.content.start + (size_t)(4 * mega)], 'x');
	if (lseek (fd, 0, SEEK_HOLE) < 4 * mega) {
		int64_t first = lseek (fd, 0, SEEK_HOLE), data = lseek (fd, first, SEEK_DATA);
		int64_t last = lseek (fd, data, SEEK_HOLE);

		snprintf (log, sizeof log, "0:file sparse %lld 644\ndata %lld\nhole %lld\ndata %lld\nhole %lld\nend\n",
			(long long)(6 * mega), (long long)first, (long long)(data - first), (long long)(last - data),
			(long long)(6 * mega - last));
		ck_assert_str_eq (show_log (&show), log);
	} else {
		SKIP_PART ("the filesystem of /tmp has no holes");
	}
	fd_close (&fd);
	finish ();
}
END_TEST

/* --- files that change ---------------------------------------------------------------------------------------------- */

static void grow (const char *path)
{
	int fd = open (path, O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_eq (write (fd, "more", 4), 4);
	fd_close (&fd);
}

static void shrink (const char *path)
{
	ck_assert_int_eq (truncate (path, 500000), 0);
}

static void overwrite (const char *path)
{
	int fd = open (path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq (pwrite (fd, "other", 5, 0), 5);
	fd_close (&fd);
}

static const struct change {
	void (*make) (const char *path);
	int64_t arrives; /* of its 1000000 bytes */
} changes[] = { { grow, 1000000 }, { shrink, 500000 }, { overwrite, 1000000 } };

static void change_while_read (const struct sender_options *options, const struct change *change, const char *last)
{
	const char *path = fixture_path ("changing");
	char log[256];

	fixture_file ("changing", 1000000);
	begin (options, path);
	ck_assert_int_eq (show_fill (&show), SENDER_MORE);
	ck_assert_uint_gt (buf_len (&show.content), 0);
	ck_assert_uint_lt (buf_len (&show.content), 500000);
	change->make (path);
	snprintf (log, sizeof log, "0:file changing 1000000 644\ndata %lld\n%s\n", (long long)change->arrives, last);
	ck_assert_str_eq (show_rest (&show), log);
	finish ();
}

START_TEST (changed_is_aborted)
{
	change_while_read (&PLAIN, &changes[_i], "abort failed it changed while it was read");
}
END_TEST

START_TEST (live_is_sent)
{
	change_while_read (&LIVE, &changes[_i], "end changed");
}
END_TEST

/* Files that the kernel generates do not have the size that they report. */
START_TEST (made_up)
{
	size_t n;
	struct err err;
	char log[256], *text = fd_read_file ("/proc/version", 4096, &n, &err);

	ck_assert_ptr_nonnull (text);
	free (text);
	begin (&PLAIN, "/proc/version");
	ck_assert_str_eq (show_rest (&show),
		"0:failed version failed its size is not the length of its content (as in /proc); "
		"--live takes what can be read\n");
	finish ();
	begin (&LIVE, "/proc/version");
	snprintf (log, sizeof log, "0:file version -1 444\ndata %zu\nend\n", n);
	ck_assert_str_eq (show_rest (&show), log);
	finish ();
}
END_TEST

/* Files in /sys report a page, and hold less: the sent size is the number of bytes read. */
START_TEST (made_up_in_sys)
{
	const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";
	char log[256], text[256];
	int fd = open (path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		SKIP ("%s: %s", path, strerror (errno));
	n = read (fd, text, sizeof text);
	ck_assert_int_gt (n, 0);
	fd_close (&fd);
	begin (&LIVE, path);
	snprintf (log, sizeof log, "0:file enabled %zd 644 whole\n", n);
	ck_assert_str_eq (show_rest (&show), log);
	ck_assert_mem_eq (buf_head (&show.content), text, (size_t)n);
	finish ();
}
END_TEST

/* --- streams ------------------------------------------------------------------------------------------------------- */

START_TEST (stream)
{
	int ends[2];

	ck_assert_int_eq (pipe (ends), 0);
	begin (&RESUME, "-");
	show.stream = ends[0];
	ck_assert_int_eq (show_fill (&show), SENDER_WAIT);
	ck_assert_int_ge (sender_waits_on (show.sender), 0);
	ck_assert_int_eq (show_fill (&show), SENDER_WAIT);
	ck_assert_int_eq (write (ends[1], "hello", 5), 5);
	ck_assert_int_eq (show_fill (&show), SENDER_WAIT);
	ck_assert_uint_eq (buf_len (&show.content), 5);
	ck_assert_int_eq (write (ends[1], " world", 6), 6);
	fd_close (&ends[1]);
	ck_assert_str_eq (show_rest (&show), "0:file standard-input -1 0\ndata 11\nend\n");
	ck_assert_mem_eq (buf_head (&show.content), "hello world", 11);
	ck_assert_int_eq (show.file.mode, -1);
	ck_assert (!show.file.has_mtime);
	/* Other processes may share that open file. */
	ck_assert_int_eq (fcntl (ends[0], F_GETFL) & O_NONBLOCK, 0);
	fd_close (&ends[0]);
	finish ();
}
END_TEST

/* A file as standard input: from its offset, with the size found by reading. */
START_TEST (stream_of_a_file)
{
	fixture_file ("input", 300000);
	begin (&PLAIN, "-");
	show.stream = open (fixture_path ("input"), O_RDONLY | O_CLOEXEC);
	ck_assert_str_eq (show_rest (&show), "0:file standard-input -1 0\ndata 300000\nend\n");
	show_is_content (&show, 300000);
	fd_close (&show.stream);
	finish ();
}
END_TEST

/* --- resuming ------------------------------------------------------------------------------------------------------ */

enum { RESUMED = 200000 };

static void answer (int64_t n, size_t of)
{
	uint8_t *bytes = fixture_bytes (of);
	struct digest *digest = digest_new (DIGEST_SHA256);
	static struct item have;
	struct err err;

	item_init (&have, ITEM_HAVE);
	have.number = n;
	digest_add (digest, bytes, of);
	digest_text (digest, have.sum);
	digest_free (digest);
	free (bytes);
	ck_assert_int_eq (sender_answer (show.sender, &have, &err), 0);
	/* One answer to one question. */
	ck_assert_int_eq (sender_answer (show.sender, &have, &err), -1);
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
}

static const struct {
	int64_t have;
	size_t of; /* the sum is that of so many bytes */
	const char *log;
} answers[] = {
	{ 0, 0, "from 0\ndata 200000\nend\n" },
	{ 70000, 70000, "from 70000\ndata 130000\nend\n" },
	{ 70000, 69999, "from 0\ndata 200000\nend\n" },
	{ RESUMED, RESUMED, "from 200000\nend\n" },
	{ RESUMED + 1, RESUMED, "from 0\ndata 200000\nend\n" },
};

START_TEST (resume)
{
	struct sender_progress progress;
	char log[256];

	fixture_file ("large", RESUMED);
	begin (&RESUME, fixture_path ("large"));
	ck_assert_int_eq (show_fill (&show), SENDER_WAIT);
	ck_assert_int_eq (sender_waits_on (show.sender), -1);
	ck_assert_int_eq (show_fill (&show), SENDER_WAIT);
	ck_assert_str_eq (show_log (&show), "0:file large 200000 644 resume\n");
	answer (answers[_i].have, answers[_i].of);
	snprintf (log, sizeof log, "0:file large 200000 644 resume\n%s", answers[_i].log);
	ck_assert_str_eq (show_rest (&show), log);
	show_is_content (&show, RESUMED);
	sender_progress (show.sender, &progress);
	ck_assert_int_eq (progress.files, 1);
	ck_assert_int_eq (progress.bytes, RESUMED);
	finish ();
}
END_TEST

START_TEST (not_asked)
{
	struct item have = { .kind = ITEM_HAVE };
	struct err err;

	fixture_file ("small", 10);
	begin (&RESUME, fixture_path ("small"));
	ck_assert_int_eq (sender_answer (show.sender, &have, &err), -1);
	ck_assert_str_eq (show_rest (&show), "0:file small 10 644 whole\n");
	ck_assert_int_eq (sender_answer (show.sender, &have, &err), -1);
	finish ();
}
END_TEST

/* --- what cannot be sent -------------------------------------------------------------------------------------------- */

START_TEST (refused)
{
	const char *sources[] = { fixture_path ("missing"), fixture_path ("fifo"), "/dev/null",
		fixture_path ("directory"), "a/", fixture_path ("directory/"), fixture_path ("after"), NULL };

	ck_assert_int_eq (mkfifo (sources[1], 0600), 0);
	fixture_directory ("directory");
	fixture_file ("after", 1);
	show_begin (&show, &PLAIN, sources);
	ck_assert_str_eq (show_rest (&show), "0:failed missing not_found cannot open it: No such file or directory\n"
					     "1:failed fifo bad_value is a FIFO: not copied\n"
					     "2:failed null bad_value is a character device: not copied\n"
					     "3:failed directory bad_value is a directory (-r copies directories)\n"
					     "4:failed ? not_found cannot open it: No such file or directory\n"
					     "5:failed ? bad_value it has no name that can be sent\n"
					     "6:file after 1 644 whole\n");
	finish ();
}
END_TEST

START_TEST (nothing)
{
	begin (&PLAIN, NULL);
	ck_assert_str_eq (show_rest (&show), "");
	finish ();
}
END_TEST

/* A sender that is given up in the middle leaks nothing: the sanitizer checks the memory, this the descriptors. */
START_TEST (given_up)
{
	int before = dup (0), after;

	fd_close (&before);
	before = dup (0);
	fixture_file ("large", 1000000);
	begin (&PLAIN, fixture_path ("large"));
	ck_assert_int_eq (show_fill (&show), SENDER_MORE);
	finish ();
	after = dup (0);
	ck_assert_int_eq (after, before + 1);
	fd_close (&after);
	fd_close (&before);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, fixture_setup, fixture_teardown);
	tcase_add_test (tcase, small);
	tcase_add_test (tcase, large);
	tcase_add_test (tcase, room);
	tcase_add_test (tcase, holes);
	tcase_add_loop_test (tcase, changed_is_aborted, 0, sizeof changes / sizeof *changes);
	tcase_add_loop_test (tcase, live_is_sent, 0, sizeof changes / sizeof *changes);
	tcase_add_test (tcase, made_up);
	tcase_add_test (tcase, made_up_in_sys);
	tcase_add_test (tcase, stream);
	tcase_add_test (tcase, stream_of_a_file);
	tcase_add_loop_test (tcase, resume, 0, sizeof answers / sizeof *answers);
	tcase_add_test (tcase, not_asked);
	tcase_add_test (tcase, refused);
	tcase_add_test (tcase, nothing);
	tcase_add_test (tcase, given_up);
}

CHECK_MAIN ("sender", add_cases)
