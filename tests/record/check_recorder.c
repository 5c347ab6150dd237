/* check_recorder - the names of recordings, and the process that writes one: its file, its answers, its ends. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "proc/fork.h"
#include "record/recorder.h"
#include "support/check_main.h"
#include "wire/records.h"

static char place[] = "/tmp/remex-recorder-XXXXXX", directory[64], file[128];
static int link_to;
static pid_t pid;
static struct packet packet;

static void set_up (void)
{
	ck_assert_ptr_nonnull (mkdtemp (place));
	snprintf (directory, sizeof directory, "%s/recordings", place);
	snprintf (file, sizeof file, "%s/name.cast", directory);
}

static void clean_up (void)
{
	fd_close (&link_to);
	unlink (file);
	rmdir (directory);
	rmdir (place);
}

static void begin (int64_t size, int64_t leave_free)
{
	struct recorder given = { .directory = directory, .size = size, .leave_free = leave_free };
	int ends[2];

	ck_assert_int_eq (link_pair (ends), 0);
	given.link = ends[1];
	pid = fork_run ("remexd-record", &ends[1], 1, recorder_run, &given);
	ck_assert_int_gt (pid, 0);
	fd_close (&ends[1]);
	link_to = ends[0];
}

static void send_record (uint32_t type, int64_t a, int64_t b, const void *data, size_t n)
{
	ck_assert_int_eq (
		link_send (link_to,
			&(struct outgoing){ .record = { .type = type, .a = a, .b = b }, .data = data, .n = n }, 0),
		0);
}

static void expect (uint32_t type, int64_t a)
{
	ck_assert_int_eq (link_recv (link_to, &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, type);
	ck_assert_int_eq (packet.record.a, a);
}

static void end (int status)
{
	int got;

	fd_close (&link_to);
	ck_assert_int_eq (waitpid (pid, &got, 0), pid);
	ck_assert (WIFEXITED (got));
	ck_assert_int_eq (WEXITSTATUS (got), status);
}

/* In new memory. */
static char *content (void)
{
	struct err err;
	size_t n;
	char *text = fd_read_file (file, 1024 * 1024, &n, &err);

	ck_assert_msg (text != NULL, "%s", err.text);
	return text;
}

#define ORDER \
	"name.cast\0" \
	"sh\0" \
	"title\0" \
	"xterm"

START_TEST (names)
{
	char name[RECORDER_NAME];

	recorder_name (name, 1769903999, "alice@desk", "1f2e3d4c5b6a", 17, "www");
	ck_assert_str_eq (name, "20260131T235959Z_alice@desk_1f2e3d4c-17_www.cast");
	ck_assert (recorder_is_name (name));
	recorder_name (name, 0, "../../etc/\n", "..", 1, "a b");
	ck_assert (recorder_is_name (name));
	ck_assert_ptr_null (strpbrk (name, "/\n "));
	ck_assert (!recorder_is_name ("../a.cast") && !recorder_is_name (".a.cast") && !recorder_is_name ("a.txt") &&
		   !recorder_is_name (".cast") && !recorder_is_name ("") && !recorder_is_name ("a\n.cast"));
}
END_TEST

START_TEST (whole)
{
	struct stat stat;
	char *text;

	begin (1024 * 1024, 0);
	send_record (REC_TAPE_OPEN, 24, 80, ORDER, sizeof ORDER);
	expect (REC_TAPE_WRITTEN, 0);
	ck_assert (lstat (file, &stat) == 0 && (stat.st_mode & 07777) == 0600);
	ck_assert (lstat (directory, &stat) == 0 && (stat.st_mode & 07777) == 0700);
	send_record (REC_TAPE_OUTPUT, 6, 0, "stdout\xc3", 7);
	expect (REC_TAPE_WRITTEN, 1);
	send_record (REC_TAPE_OUTPUT, 6, 0, "stderrx", 7);
	expect (REC_TAPE_WRITTEN, 1);
	send_record (REC_TAPE_RESIZE, 40, 132, NULL, 0);
	expect (REC_TAPE_WRITTEN, 0);
	end (RECORDER_WHOLE);
	text = content ();
	ck_assert_str_eq (strchr (text, '\n'),
		"\n[0.000, \"o\", \"x\"]\n[0.000, \"r\", \"132x40\"]\n[0.000, \"o\", \"\xef\xbf\xbd\"]\n");
	free (text);
}
END_TEST

/* A recording is not written over, nor is a link followed. */
START_TEST (not_twice)
{
	ck_assert_int_eq (mkdir (directory, 0700), 0);
	ck_assert_int_eq (symlink ("/dev/null", file), 0);
	begin (1024 * 1024, 0);
	send_record (REC_TAPE_OPEN, 24, 80, ORDER, sizeof ORDER);
	expect (REC_TAPE_FAILED, EEXIST);
	end (RECORDER_CUT);
}
END_TEST

/* At the greatest size it ends with a whole line. */
START_TEST (full)
{
	char line[1006] = "stdout";
	size_t n;
	char *text;

	memset (line + 6, 'x', 1000);
	begin (5000, 0);
	send_record (REC_TAPE_OPEN, 24, 80, ORDER, sizeof ORDER);
	expect (REC_TAPE_WRITTEN, 0);
	for (int i = 0; i < 4; i++) {
		send_record (REC_TAPE_OUTPUT, 6, 0, line, sizeof line);
		expect (REC_TAPE_WRITTEN, 1000);
	}
	send_record (REC_TAPE_OUTPUT, 6, 0, line, sizeof line);
	expect (REC_TAPE_FAILED, EFBIG);
	end (RECORDER_CUT);
	text = content ();
	n = strlen (text);
	ck_assert (n <= 5000 && text[n - 1] == '\n');
	free (text);
}
END_TEST

/* The system cuts a line off: what is left of it is removed. */
START_TEST (torn)
{
	struct rlimit limit = { 2000, 2000 };
	char line[3006] = "stdout";
	char *text;
	size_t n;

	memset (line + 6, 'x', 3000);
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
	begin (1024 * 1024, 0);
	send_record (REC_TAPE_OPEN, 24, 80, ORDER, sizeof ORDER);
	expect (REC_TAPE_WRITTEN, 0);
	send_record (REC_TAPE_OUTPUT, 6, 0, "stdoutone", 9);
	expect (REC_TAPE_WRITTEN, 3);
	send_record (REC_TAPE_OUTPUT, 6, 0, line, sizeof line);
	expect (REC_TAPE_FAILED, EFBIG);
	end (RECORDER_CUT);
	text = content ();
	n = strlen (text);
	ck_assert_str_eq (text + n - 20, "[0.000, \"o\", \"one\"]\n");
	free (text);
}
END_TEST

START_TEST (no_room)
{
	begin (1024 * 1024, INT64_C (1) << 50);
	ck_assert_int_eq (
		link_send (link_to,
			&(struct outgoing){
				.record = { .type = REC_TAPE_OPEN, .id = 1 }, .data = ORDER, .n = sizeof ORDER },
			0),
		0);
	expect (REC_TAPE_FAILED, ENOSPC);
	end (RECORDER_CUT);
	ck_assert_int_lt (access (file, F_OK), 0);
}
END_TEST

static const struct {
	uint32_t type;
	int64_t a;
	const char *data;
	size_t n;
} nonsense[] = {
	{ REC_TAPE_OUTPUT, 6, "stdoutx", 7 },
	{ REC_TAPE_RESIZE, 1, NULL, 0 },
	{ REC_TAPE_OPEN, 0, "../x.cast\0a\0b\0", 14 },
	{ REC_TAPE_OPEN, 0, "name.cast\0a\0", 12 },
	{ REC_TAPE_OPEN, 0, "name.cast", 9 },
	{ REC_TAPE_OPEN, 0, NULL, 0 },
	{ REC_CALL, 0, NULL, 0 },
};

START_TEST (malformed)
{
	begin (1024 * 1024, 0);
	send_record (nonsense[_i].type, nonsense[_i].a, 0, nonsense[_i].data, nonsense[_i].n);
	expect (REC_TAPE_FAILED, EIO);
	end (RECORDER_CUT);
	ck_assert_int_lt (access (file, F_OK), 0);
}
END_TEST

START_TEST (nobody)
{
	begin (1024 * 1024, 0);
	end (RECORDER_WHOLE);
	ck_assert_int_lt (access (directory, F_OK), 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, clean_up);
	tcase_add_test (tcase, names);
	tcase_add_test (tcase, whole);
	tcase_add_test (tcase, not_twice);
	tcase_add_test (tcase, full);
	tcase_add_test (tcase, torn);
	tcase_add_test (tcase, no_room);
	tcase_add_loop_test (tcase, malformed, 0, sizeof nonsense / sizeof *nonsense);
	tcase_add_test (tcase, nobody);
}

CHECK_MAIN ("recorder", add_cases)
