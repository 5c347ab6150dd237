/* check_sftp_message - the messages of SFTP: requests byte by byte; answers cut, wrong and right; which answer belongs to which
 * request, and answers to nothing.
 */
#include "config.h"

#include <string.h>

#include "ssh/sftp.h"
#include "support/check_main.h"

static enum sftp_kind asked_kind;

static enum sftp_kind kind_of (void *data, uint32_t id)
{
	(void)data;
	(void)id;
	return asked_kind;
}

static void expect_bytes (const struct sftp_request *request, const char *bytes, size_t n)
{
	struct buf out;

	buf_init (&out, 1000);
	ck_assert_int_eq (sftp_put_request (&out, 7, request), 0);
	ck_assert_uint_eq (buf_len (&out), n);
	ck_assert_mem_eq (buf_head (&out), bytes, n);
	buf_free (&out);
}

START_TEST (requests)
{
	static const struct sftp_handle handle = { 2, "hi" };

#define EXPECT(bytes, ...) expect_bytes (&(struct sftp_request){ __VA_ARGS__ }, bytes, sizeof bytes - 1)
	EXPECT ("\0\0\0\5\1\0\0\0\3", .kind = SFTP_INIT);
	EXPECT ("\0\0\0\12\21\0\0\0\7\0\0\0\1p", .kind = SFTP_STAT, .path = "p");
	EXPECT ("\0\0\0\27\5\0\0\0\7\0\0\0\2hi\0\0\0\1\0\0\0\2\0\0\200\0", .kind = SFTP_READ, .handle = &handle,
		.offset = 0x100000002, .length = 0x8000);
	EXPECT ("\0\0\0\32\6\0\0\0\7\0\0\0\2hi\0\0\0\0\0\0\0\5\0\0\0\3abc", .kind = SFTP_WRITE, .handle = &handle,
		.offset = 5, .data = "abc", .length = 3);
	EXPECT ("\0\0\0\26\3\0\0\0\7\0\0\0\1p\0\0\0\52\0\0\0\4\0\0\1\200", .kind = SFTP_OPEN, .path = "p",
		.flags = SFTP_FOR_WRITING | SFTP_CREATE | SFTP_EXCLUSIVE,
		.attributes = { .has = SFTP_HAS_MODE, .mode = 0600 });
	/* The target first, as OpenSSH wants it. */
	EXPECT ("\0\0\0\21\24\0\0\0\7\0\0\0\2to\0\0\0\2at", .kind = SFTP_SYMLINK, .path = "at", .target = "to");
	EXPECT ("\0\0\0\53\310\0\0\0\7\0\0\0\30posix-rename@openssh.com\0\0\0\1a\0\0\0\1b", .kind = SFTP_POSIX_RENAME,
		.path = "a", .target = "b");
	EXPECT ("\0\0\0\40\310\0\0\0\7\0\0\0\21fsync@openssh.com\0\0\0\2hi", .kind = SFTP_FSYNC, .handle = &handle);
	EXPECT ("\0\0\0\43\12\0\0\0\7\0\0\0\2hi\0\0\0\16\0\0\0\1\0\0\0\2\0\0\1\377\0\0\0\3\0\0\0\4",
		.kind = SFTP_FSETSTAT, .handle = &handle,
		.attributes = { .has = SFTP_HAS_OWNER | SFTP_HAS_MODE | SFTP_HAS_TIMES,
			.uid = 1,
			.gid = 2,
			.mode = 0777,
			.atime = 3,
			.mtime = 4 });
}
END_TEST

/* A request for which there is no room leaves nothing. */
START_TEST (no_room)
{
	struct sftp_request request = { .kind = SFTP_STAT, .path = "a path that is longer than the room" };
	struct buf out;

	buf_init (&out, 30);
	ck_assert_int_eq (buf_append (&out, "before", 6), 0);
	ck_assert_int_eq (sftp_put_request (&out, 1, &request), -1);
	ck_assert_uint_eq (buf_len (&out), 6);
	buf_free (&out);
}
END_TEST

/* The message is taken, and each of its beginnings asks for more. */
static void expect_answer (enum sftp_kind kind, const char *bytes, size_t n, struct sftp_answer *answer)
{
	struct err err;

	asked_kind = kind;
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq (sftp_next_answer ((const uint8_t *)bytes, i, kind_of, NULL, answer, &err), 0);
	ck_assert_int_eq (sftp_next_answer ((const uint8_t *)bytes, n, kind_of, NULL, answer, &err), (ssize_t)n);
}

static void expect_fault (enum sftp_kind kind, const char *bytes, size_t n)
{
	struct sftp_answer answer;
	struct err err = { .text = "" };

	asked_kind = kind;
	ck_assert_int_eq (sftp_next_answer ((const uint8_t *)bytes, n, kind_of, NULL, &answer, &err), -1);
	ck_assert_str_ne (err.text, "");
}

#define ANSWER(kind, bytes) expect_answer (kind, bytes, sizeof bytes - 1, &answer)
#define FAULT(kind, bytes) expect_fault (kind, bytes, sizeof bytes - 1)

START_TEST (answers)
{
	static struct sftp_name name;
	struct sftp_answer answer;

	ANSWER (SFTP_INIT, "\0\0\0\47\2\0\0\0\3\0\0\0\21fsync@openssh.com\0\0\0\0011\0\0\0\0\0\0\0\0");
	ck_assert_int_eq (answer.kind, SFTP_GREETING);
	ck_assert (answer.version == 3 && answer.has_fsync && !answer.has_posix_rename);
	ANSWER (SFTP_STAT, "\0\0\0\25\145\0\0\0\11\0\0\0\2\0\0\0\4no\n!\0\0\0\0");
	ck_assert (answer.kind == SFTP_STATUS && answer.id == 9 && answer.status == SFTP_NO_SUCH_FILE);
	ck_assert_str_eq (answer.message, "no?!");
	ANSWER (SFTP_STAT, "\0\0\0\11\145\0\0\0\11\0\0\0\4");
	ck_assert_str_eq (answer.message, "");
	ANSWER (SFTP_OPEN, "\0\0\0\13\146\0\0\0\1\0\0\0\2hi");
	ck_assert (answer.kind == SFTP_HANDLE && answer.handle.n == 2);
	ANSWER (SFTP_READ, "\0\0\0\14\147\0\0\0\1\0\0\0\3abc");
	ck_assert (answer.kind == SFTP_DATA && answer.length == 3 && !memcmp (answer.data, "abc", 3));
	ANSWER (SFTP_STAT, "\0\0\0\25\151\0\0\0\1\0\0\0\5\0\0\0\1\0\0\0\2\0\0\201\244");
	ck_assert (answer.attributes.size == 0x100000002 && answer.attributes.mode == 0100644);
	ANSWER (SFTP_READDIR,
		"\0\0\0\51\150\0\0\0\1\0\0\0\2\0\0\0\2ab\0\0\0\0\0\0\0\0\0\0\0\1/\0\0\0\1l\0\0\0\4\0\0\100\0");
	ck_assert (answer.kind == SFTP_NAMES && answer.n_names == 2);
	sftp_take_name (&answer, &name);
	ck_assert_str_eq (name.name, "ab");
	sftp_take_name (&answer, &name);
	ck_assert_str_eq (name.name, "/");
	ck_assert_uint_eq (name.attributes.mode, 040000);
}
END_TEST

START_TEST (faults)
{
	FAULT (SFTP_STAT, "\0\0\0\4\145\0\0\0"); /* too short */
	FAULT (SFTP_STAT, "\0\4\0\1"); /* too long */
	FAULT (SFTP_STAT, "HTTP/1.0");
	FAULT (SFTP_STAT, "\0\0\0\5\143\0\0\0\1"); /* an unknown type */
	FAULT (SFTP_STAT, "\0\0\0\5\145\0\0\0\1"); /* values are missing */
	FAULT (SFTP_READ, "\0\0\0\13\147\0\0\0\1\0\0\0\3ab"); /* a string that is longer than the message */
	FAULT (SFTP_STAT, "\0\0\0\11\151\0\0\0\1\200\0\0\0"); /* extended attributes that are missing */
	FAULT (SFTP_STAT, "\0\0\0\15\151\0\0\0\1\200\0\0\0\377\377\377\377");
	FAULT (SFTP_READDIR, "\0\0\0\11\150\0\0\0\1\377\377\377\377"); /* names that are missing */
	FAULT (SFTP_READDIR, "\0\0\0\30\150\0\0\0\1\0\0\0\1\0\0\0\3a\0b\0\0\0\0\0\0\0\0"); /* a NUL in a name */
	FAULT (SFTP_STAT, "\0\0\0\15\311\0\0\0\1\0\0\0\0\0\0\0\0"); /* an extended answer to something else */
}
END_TEST

static int n_ready, n_answers;

static void on_ready (void *arg)
{
	(void)arg;
	n_ready++;
}

static void on_answer (void *arg, const struct sftp_answer *answer)
{
	ck_assert_ptr_eq (arg, &n_answers);
	(void)answer;
	n_answers++;
}

static int feed (struct sftp *sftp, const char *bytes, size_t n)
{
	struct err err;

	return sftp_feed (sftp, (const uint8_t *)bytes, n, &err);
}

#define FEED(bytes) feed (sftp, bytes, sizeof bytes - 1)
#define GREETING "\0\0\0\5\2\0\0\0\3"

/* Answers in another order, in pieces; the same answer again breaks the rules. */
START_TEST (order)
{
	struct sftp *sftp = sftp_new (on_ready, NULL);
	struct sftp_request request = { .kind = SFTP_REMOVE, .path = "p" };

	sftp_ask (sftp, &request, on_answer, &n_answers); /* id 0 */
	sftp_ask (sftp, &request, on_answer, &n_answers); /* id 1 << 10 | 1 */
	ck_assert_int_eq (sftp_in_flight (sftp), 2);
	ck_assert_int_eq (FEED (GREETING "\0\0\0\21\145\0\0\4\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 0);
	ck_assert (n_ready == 1 && n_answers == 1 && sftp->state == SFTP_IS_READY);
	ck_assert_int_eq (FEED ("\21\145\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 0);
	ck_assert (n_answers == 2 && sftp_in_flight (sftp) == 0);
	ck_assert_int_eq (FEED ("\0\0\0\21\145\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), -1);
	ck_assert (n_answers == 2 && sftp->state == SFTP_IS_BROKEN);
	sftp_free (sftp);
}
END_TEST

/* More requests than there is room for: no answer, and no crash. */
START_TEST (too_many)
{
	struct sftp *sftp = sftp_new (on_ready, NULL);
	struct sftp_request request = { .kind = SFTP_REMOVE, .path = "p" };

	for (int i = 0; i < SFTP_REQUESTS + 5; i++)
		sftp_ask (sftp, &request, on_answer, &n_answers);
	ck_assert_int_eq (sftp->state, SFTP_IS_BROKEN);
	ck_assert_int_eq (FEED (GREETING), -1);
	sftp_free (sftp);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, requests);
	tcase_add_test (tcase, no_room);
	tcase_add_test (tcase, answers);
	tcase_add_test (tcase, faults);
	tcase_add_test (tcase, order);
	tcase_add_test (tcase, too_many);
}

CHECK_MAIN ("sftp_message", add_cases)
