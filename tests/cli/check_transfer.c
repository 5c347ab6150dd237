/* check_transfer - files to and from one host, without a host: the test passes to the sink the bytes that a server
 * would send. A put has a connection to a fake server (client/fake.h), which gives credit. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "captured.h"
#include "cli/transfer.h"
#include "client/fake.h"
#include "files/digest.h"
#include "files/item_fixture.h"
#include "support/check_main.h"

static char root[32]; /* the test's own directory, and where it runs */
static struct transfer transfer;
static struct call call = { .where = "web1", .data = &transfer };
static struct err err;
static struct fake fake;
static bool faked;
static char receipts[4096]; /* "done 0 a; failed 1 b: why; …" */

static void on_receipt (void *data, const struct receipt *receipt)
{
	char path[256];
	size_t n = strlen (receipts);

	(void)data;
	transfer_path (&transfer, receipt, path, sizeof path);
	snprintf (receipts + n, sizeof receipts - n, "%s %d %s%s%s; ", receipt->err ? "failed" : "done",
		(int)receipt->source, path, receipt->err ? ": " : "", receipt->err ? receipt->err->text : "");
}

static void set_up (void)
{
	signal (SIGPIPE, SIG_IGN);
	strcpy (root, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (root));
	ck_assert_int_eq (chdir (root), 0);
	ck_assert_int_eq (mkdir ("here", 0755), 0);
}

static void tear_down (void)
{
	char command[64];

	transfer_close (&transfer);
	if (faked)
		fake_close (&fake);
	ck_assert_int_eq (chdir ("/"), 0);
	snprintf (command, sizeof command, "rm -rf '%s'", root);
	ck_assert_int_eq (system (command), 0);
}

/* --- the server --------------------------------------------------------------------------------------------------------- */

static struct buf bytes;

static void put (const struct item *item)
{
	if (!bytes.max)
		buf_init (&bytes, 1 << 20);
	ck_assert_int_eq (item_put (&bytes, item), 0);
}

static void put_file (const char *name, int64_t source, const char *content)
{
	struct item *item = make (ITEM_FILE, name, source);

	item->size = (int64_t)strlen (content);
	item->body = strlen (content);
	item->mode = 0644;
	sum_of (content, item->sum);
	put (item);
	ck_assert_int_eq (buf_append (&bytes, content, strlen (content)), 0);
}

/* The server sends all those bytes, on its stream. */
static int server_sends (const char *stream)
{
	int answer = sink_transfer.take (&call, stream, buf_head (&bytes), buf_len (&bytes));

	buf_free (&bytes);
	return answer;
}

static int finish_all (void)
{
	int more;

	while ((more = transfer_finish (&transfer, &call)) > 0)
		continue;
	return more;
}

/* --- get ---------------------------------------------------------------------------------------------------------------- */

static const char *const two[] = { "/srv/a", "b" };

static int open_get (const char *const *sources, int n, const char *destination)
{
	transfer.sources = sources;
	transfer.n_sources = n;
	transfer.destination = destination;
	transfer.unsynced = true;
	transfer.on_receipt = on_receipt;
	return transfer_open (&transfer, &err);
}

static void holds (const char *path, const char *content)
{
	char text[64] = "";
	int fd = open (path, O_RDONLY);

	ck_assert_msg (fd >= 0, "no %s", path);
	ck_assert_int_ge (read (fd, text, sizeof text - 1), 0);
	close (fd);
	ck_assert_str_eq (text, content);
}

START_TEST (into_a_directory)
{
	ck_assert_int_eq (open_get (two, 2, "here"), 0);
	put_file ("a", 0, "hello");
	put_file ("b", 1, "you");
	ck_assert_int_eq (server_sends ("files"), 0);
	ck_assert_int_eq (finish_all (), 0);
	ck_assert_str_eq (receipts, "done 0 /srv/a; done 1 b; ");
	holds ("here/a", "hello");
	holds ("here/b", "you");
	ck_assert (!transfer_may_block (&transfer));
}
END_TEST

START_TEST (under_another_name)
{
	ck_assert_int_eq (open_get (two, 1, "here/new"), 0);
	put_file ("a", 0, "hello");
	ck_assert_int_eq (server_sends ("files"), 0);
	ck_assert_int_eq (finish_all (), 0);
	holds ("here/new", "hello");
}
END_TEST

/* A source that a completed call did not mention was not received. */
START_TEST (a_source_that_did_not_come)
{
	ck_assert_int_eq (open_get (two, 2, "here"), 0);
	put_file ("b", 1, "you");
	ck_assert_int_eq (server_sends ("files"), 0);
	ck_assert_int_eq (finish_all (), 0);
	ck_assert_str_eq (receipts, "done 1 b; failed 0 /srv/a: the server did not report on it; ");
}
END_TEST

static const struct {
	int n_sources;
	const char *destination;
	bool recursive;
	const char *words;
} wrong_places[] = {
	{ 2, "nowhere", false, "is no directory" },
	{ 1, "nowhere/", false, "is no directory" },
	{ 2, "-", false, "only one file goes there, and no directory" },
	{ 1, "-", true, "only one file goes there, and no directory" },
	{ 2, "/dev/stdout", false, "only one file goes there, and no directory" },
	{ 1, "/dev/fd/1000", false, "cannot write to it: Bad file descriptor" },
};

START_TEST (where_it_cannot_go)
{
	transfer.recursive = wrong_places[_i].recursive;
	ck_assert_int_eq (open_get (two, wrong_places[_i].n_sources, wrong_places[_i].destination), -1);
	ck_assert_str_eq (err.text, wrong_places[_i].words);
}
END_TEST

/* --- a server that sends something else --------------------------------------------------------------------------------- */

static const char *const directory_of[] = { "/srv/a/" };

static const struct {
	const char *const *sources;
	enum item_kind kind;
	const char *name;
	int64_t source;
	const char *words;
} not_asked_for[] = {
	{ two, ITEM_FILE, "a", 1, "the server sent an item that was not asked for" },
	{ two, ITEM_FILE, "a", 7, "the server sent an item that was not asked for" },
	{ two, ITEM_FILE, ".bashrc", 0, "the server sent '.bashrc' where 'a' was asked for" },
	{ two, ITEM_DIRECTORY, "b", 0, "the server sent 'b' where 'a' was asked for" },
	{ two, ITEM_LINK, "a", 0, "the server sent a symbolic link in place of 'a'" },
	{ directory_of, ITEM_FILE, "a", 0, "the server sent a file in place of the directory 'a'" },
};

/* After that, no more of the stream is looked at, and no file was made. */
START_TEST (what_was_not_asked_for)
{
	char words[256];
	const char *said;
	struct item *item;

	snprintf (words, sizeof words, "the stream of files is not in order: %s", not_asked_for[_i].words);
	transfer.recursive = true;
	ck_assert_int_eq (open_get (not_asked_for[_i].sources, 1, "here"), 0);
	if (not_asked_for[_i].kind == ITEM_FILE) {
		put_file (not_asked_for[_i].name, not_asked_for[_i].source, "hello");
	} else {
		item = make (not_asked_for[_i].kind, not_asked_for[_i].name, not_asked_for[_i].source);
		strcpy (item->text, "/etc/passwd");
		item->mode = 0755;
		put (item);
	}
	capture_begin ();
	ck_assert_int_eq (server_sends ("files"), -1);
	said = capture_end ();
	ck_assert_int_eq (strncmp (said, "remex: web1: ", 13), 0);
	ck_assert_int_eq (strncmp (said + 13, words, strlen (words)), 0);
	ck_assert (transfer.stopped);
	ck_assert_str_eq (transfer.why.text, words);
	put_file ("a", 0, "hello");
	capture_begin ();
	ck_assert_int_eq (server_sends ("files"), -1);
	ck_assert_str_eq (capture_end (), "");
	ck_assert_str_eq (receipts, "");
	ck_assert_int_eq (rmdir ("here"), 0); /* it is empty */
}
END_TEST

/* Each source once, in their order. */
START_TEST (the_same_again)
{
	ck_assert_int_eq (open_get (two, 2, "here"), 0);
	put_file ("a", 0, "hello");
	put_file ("a", 0, "there");
	capture_begin ();
	ck_assert_int_eq (server_sends ("files"), -1);
	ck_assert_str_eq (capture_end (),
		"remex: web1: the stream of files is not in order: the server sent an item that was not asked for\n");
}
END_TEST

START_TEST (a_stream_that_was_cut)
{
	ck_assert_int_eq (open_get (two, 1, "here"), 0);
	ck_assert_int_eq (sink_transfer.take (&call, "files", "\0\0\0\x20{", 5), 0);
	capture_begin ();
	ck_assert_int_eq (finish_all (), -1);
	ck_assert_str_eq (capture_end (), "remex: web1: the server's stream of files was cut\n");
	ck_assert (transfer.stopped);
}
END_TEST

START_TEST (another_stream_is_dropped)
{
	ck_assert_int_eq (open_get (two, 1, "here"), 0);
	put_file ("a", 0, "hello");
	ck_assert_int_eq (server_sends ("stdout"), 0);
	ck_assert_int_eq (finish_all (), 0);
	ck_assert_str_eq (receipts, "failed 0 /srv/a: the server did not report on it; ");
}
END_TEST

/* --- to a descriptor ----------------------------------------------------------------------------------------------------- */

START_TEST (to_standard_output)
{
	char heard[8];
	int ends[2];

	ck_assert_int_eq (pipe (ends), 0);
	ck_assert_int_eq (dup2 (ends[1], STDOUT_FILENO), STDOUT_FILENO);
	close (ends[1]);
	if (_i)
		close (ends[0]);
	ck_assert_int_eq (open_get (two, 1, "-"), 0);
	ck_assert (transfer_may_block (&transfer));
	put_file ("a", 0, "hello");
	capture_begin ();
	if (_i) {
		/* The reader has gone: the caller reports that. */
		ck_assert_int_eq (server_sends ("files"), -1);
		ck_assert (transfer.reader_gone);
		ck_assert_str_eq (receipts, "");
	} else {
		ck_assert_int_eq (server_sends ("files"), 0);
		ck_assert_int_eq (finish_all (), 0);
		ck_assert_int_eq (read (ends[0], heard, sizeof heard), 5);
		ck_assert_mem_eq (heard, "hello", 5);
		ck_assert (!transfer.reader_gone);
	}
	ck_assert_str_eq (capture_end (), "");
}
END_TEST

/* --- put ---------------------------------------------------------------------------------------------------------------- */

static const char *const file[] = { "here/f" };

/* All of the file "here/f" is sent, to a server that takes it. */
static void send_file (void)
{
	const struct message *message;
	struct item item;
	struct buf in;
	bool ended = false;
	int fd = open ("here/f", O_WRONLY | O_CREAT, 0644);

	ck_assert_int_eq (write (fd, "hello", 5), 5);
	close (fd);
	transfer.put = true;
	ck_assert_int_eq (open_get (file, 1, "there"), 0);
	faked = true;
	fake_send_hello (&fake);
	call.request = remex_start (fake.host, "file.put", &(struct remex_options){ .input = true }, NULL);
	ck_assert_ptr_nonnull (call.request);
	fake_send (&fake, "{\"id\":1,\"credit\":100000}");
	while (sink_transfer.send (&call) > 0 || !transfer.ended)
		ck_assert_int_ge (remex_next (fake.remex, &fake.event, 5), 0);
	fake_expect_nothing (&fake);
	buf_init (&in, 1 << 20);
	while ((message = fake_receive (&fake))) {
		if (message->kind == MESSAGE_DATA)
			ck_assert_int_eq (buf_append (&in, message->body, message->body_len), 0);
		ended = ended || message->kind == MESSAGE_END;
	}
	ck_assert (ended);
	ck_assert_int_eq (item_next (&in, &item, &err), 1);
	ck_assert_int_eq (item.kind, ITEM_FILE);
	ck_assert_str_eq (item.name, "f");
	ck_assert_int_eq (item.source, 0);
	ck_assert_int_eq (item.size, 5);
	ck_assert_mem_eq (buf_head (&in), "hello", 5);
	buf_free (&in);
}

static struct item *done (const char *sum_text)
{
	struct item *item = make (ITEM_DONE, "f", 0);

	item->size = 5;
	sum_of (sum_text, item->sum);
	return item;
}

START_TEST (a_file_is_confirmed)
{
	send_file ();
	put (done ("hello"));
	ck_assert_int_eq (server_sends ("files"), 0);
	ck_assert_int_eq (finish_all (), 0);
	ck_assert_str_eq (receipts, "done 0 here/f; ");
}
END_TEST

START_TEST (a_file_is_not_confirmed)
{
	send_file ();
	ck_assert_int_eq (finish_all (), 0);
	ck_assert_str_eq (receipts, "failed 0 here/f: the server did not report on it; ");
}
END_TEST

/* The server has other bytes than the sent ones: that file has failed, and the transfer goes on. */
START_TEST (another_sum_is_a_failure)
{
	send_file ();
	put (done ("olleh"));
	ck_assert_int_eq (server_sends ("files"), 0);
	ck_assert_int_eq (finish_all (), 0);
	ck_assert_int_eq (strncmp (receipts, "failed 0 here/f: ", 17), 0);
	ck_assert_ptr_null (strstr (receipts, "did not report"));
}
END_TEST

START_TEST (a_failure_has_its_words)
{
	struct item *item;

	send_file ();
	item = make (ITEM_FAILED, "f", 0);
	item->code = CODE_DENIED;
	strcpy (item->text, "Permission denied");
	put (item);
	ck_assert_int_eq (server_sends ("files"), 0);
	ck_assert_int_eq (finish_all (), 0);
	ck_assert_str_eq (receipts, "failed 0 here/f: Permission denied; ");
}
END_TEST

static const struct {
	enum item_kind kind;
	const char *name;
	int64_t source;
	const char *words;
} wrong_answers[] = {
	{ ITEM_DONE, "f", 1, "the server reports on something that was not sent" },
	{ ITEM_FAILED, "f", -1, "the server reports on something that was not sent" },
	{ ITEM_FILE, "f", 0, "the server sends files, but should receive them" },
};

START_TEST (an_answer_that_is_none)
{
	char words[128];
	struct item *item;

	snprintf (words, sizeof words, "remex: web1: %s\n", wrong_answers[_i].words);
	send_file ();
	item = make (wrong_answers[_i].kind, wrong_answers[_i].name, wrong_answers[_i].source);
	item->size = item->kind == ITEM_DONE ? 5 : -1;
	item->mode = 0644;
	put (item);
	capture_begin ();
	ck_assert_int_eq (server_sends ("files"), -1);
	ck_assert_str_eq (capture_end (), words);
	ck_assert (transfer.stopped);
}
END_TEST

/* A call that is completed before all was sent has not taken all files. */
START_TEST (not_all_was_taken)
{
	transfer.put = true;
	ck_assert_int_eq (open_get (file, 1, "there"), 0);
	capture_begin ();
	ck_assert_int_eq (finish_all (), -1);
	ck_assert_str_eq (capture_end (), "remex: web1: the server did not take all that was sent\n");
}
END_TEST

/* --- words --------------------------------------------------------------------------------------------------------------- */

static const struct {
	struct transfer transfer;
	const char *call, *args;
} calls[] = {
	{ { .sources = two, .n_sources = 2, .destination = "here" }, "file.get", "{\"paths\":[\"/srv/a\",\"b\"]}" },
	{ { .sources = two,
		  .n_sources = 1,
		  .destination = "here",
		  .recursive = true,
		  .resume = true,
		  .live = true,
		  .count = true },
		"file.get",
		"{\"recursive\":true,\"paths\":[\"/srv/a\"],\"resume\":true,\"live\":true,\"count\":true}" },
	{ { .sources = two, .n_sources = 1, .destination = "here", .sum = DIGEST_XXH128 }, "file.get",
		"{\"sum\":\"xxh128\",\"paths\":[\"/srv/a\"]}" },
	{ { .put = true, .sources = two, .n_sources = 1, .destination = "/x" }, "file.put",
		"{\"path\":\"/x\",\"tree\":true}" },
	{ { .put = true,
		  .sources = two,
		  .n_sources = 2,
		  .destination = "",
		  .preserve = true,
		  .set_id = true,
		  .unsynced = true },
		"file.put",
		"{\"path\":\".\",\"tree\":true,\"into\":true,\"preserve\":true,\"set_id\":true,\"sync\":false}" },
};

START_TEST (the_call)
{
	char *args = transfer_args (&calls[_i].transfer);
	json_t *is = json_loads (args, 0, NULL), *expected = json_loads (calls[_i].args, 0, NULL);

	ck_assert_str_eq (transfer_call (&calls[_i].transfer), calls[_i].call);
	ck_assert_ptr_nonnull (expected);
	ck_assert_msg (json_equal (is, expected), "%s, not %s", args, calls[_i].args);
	json_decref (is);
	json_decref (expected);
	free (args);
}
END_TEST

static const struct {
	const char *source, *path, *shown;
} paths[] = {
	{ "/srv/a", "a", "/srv/a" },
	{ "/srv/a", "a/b/c", "/srv/a/b/c" },
	{ "/srv/a/", "a/b", "/srv/a/b" },
	{ ".", "./b", "./b" },
	{ "~/x", "x/y", "~/x/y" },
};

START_TEST (a_path_as_the_user_wrote_it)
{
	struct transfer one = { .sources = &paths[_i].source, .n_sources = 1 };
	struct receipt receipt = { .path = paths[_i].path };
	char shown[64];

	ck_assert_str_eq (transfer_path (&one, &receipt, shown, sizeof shown), paths[_i].shown);
	receipt.source = 1; /* of no source that there is */
	ck_assert_str_eq (transfer_path (&one, &receipt, shown, sizeof shown), paths[_i].path);
}
END_TEST

static void add_files (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, into_a_directory);
	tcase_add_test (tcase, under_another_name);
	tcase_add_test (tcase, a_source_that_did_not_come);
	tcase_add_loop_test (tcase, where_it_cannot_go, 0, (int)(sizeof wrong_places / sizeof *wrong_places));
	tcase_add_loop_test (tcase, what_was_not_asked_for, 0, (int)(sizeof not_asked_for / sizeof *not_asked_for));
	tcase_add_test (tcase, the_same_again);
	tcase_add_test (tcase, a_stream_that_was_cut);
	tcase_add_test (tcase, another_stream_is_dropped);
	tcase_add_loop_test (tcase, to_standard_output, 0, 2);
	tcase_add_test (tcase, a_file_is_confirmed);
	tcase_add_test (tcase, a_file_is_not_confirmed);
	tcase_add_test (tcase, another_sum_is_a_failure);
	tcase_add_test (tcase, a_failure_has_its_words);
	tcase_add_loop_test (tcase, an_answer_that_is_none, 0, (int)(sizeof wrong_answers / sizeof *wrong_answers));
	tcase_add_test (tcase, not_all_was_taken);
}

static void add_words (TCase *tcase)
{
	tcase_add_loop_test (tcase, the_call, 0, (int)(sizeof calls / sizeof *calls));
	tcase_add_loop_test (tcase, a_path_as_the_user_wrote_it, 0, (int)(sizeof paths / sizeof *paths));
}

CHECK_MAIN ("transfer", add_files, add_words)
