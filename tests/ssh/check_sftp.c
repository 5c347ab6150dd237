/* check_sftp - put and get by SFTP, with the real sftp-server of OpenSSH as a child and no ssh: a tree there and back, with
 * little room and bytes in small pieces; the end in the middle; names and files that are in the way.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/item.h"
#include "ssh/sftp_get.h"
#include "ssh/sftp_put.h"
#include "support/check_main.h"

static const char *const servers[] = { "/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server",
	"/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server" };

static const char *server;
static char place[64];
static int fd;
static pid_t child;
static struct sftp *sftp;
static bool greeted;
static size_t piece; /* bytes that are read at a time */

static void on_ready (void *arg)
{
	(void)arg;
	greeted = true;
}

static void run_server (int end)
{
	dup2 (end, 0);
	dup2 (end, 1);
	if (chdir (place) < 0)
		_exit (2);
	execl (server, "sftp-server", "-e", "-l", "ERROR", (char *)NULL);
	_exit (127);
}

static bool begin (void)
{
	int ends[2];

	for (size_t i = 0; i < sizeof servers / sizeof *servers && !server; i++)
		if (access (servers[i], X_OK) == 0)
			server = servers[i];
	if (!server)
		return false;
	strcpy (place, "/tmp/remex-sftp-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (place));
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	if (!(child = fork ()))
		run_server (ends[1]);
	fd_close (&ends[1]);
	fd = ends[0];
	ck_assert_int_eq (fd_nonblock (fd, true), 0);
	ck_assert_ptr_nonnull (sftp = sftp_new (on_ready, NULL));
	piece = 65536;
	return true;
}

static void finish (void)
{
	char command[100];

	sftp_free (sftp);
	fd_close (&fd);
	waitpid (child, NULL, 0);
	snprintf (command, sizeof command, "rm -rf %s", place);
	ck_assert_int_eq (system (command), 0);
}

/* Move bytes once; wait for the server where nothing else can be done. */
static void move (void)
{
	struct pollfd one = { .fd = fd, .events = (short)(buf_len (&sftp->out) ? POLLIN | POLLOUT : POLLIN) };
	static uint8_t bytes[65536];
	struct err err;
	ssize_t n;

	ck_assert_int_gt (poll (&one, 1, 60000), 0);
	if (one.revents & POLLOUT && (n = write (fd, buf_head (&sftp->out), buf_len (&sftp->out))) > 0)
		buf_consume (&sftp->out, (size_t)n);
	if (!(one.revents & (POLLIN | POLLHUP)))
		return;
	n = read (fd, bytes, piece);
	ck_assert_int_gt (n, 0);
	ck_assert_msg (sftp_feed (sftp, bytes, (size_t)n, &err) == 0, "%s", err.text);
}

static void greet (void)
{
	while (!greeted)
		move ();
}

/* --- a stream of items ------------------------------------------------------------------------------------------- */

static struct item *new_item (enum item_kind kind, const char *name, int64_t source)
{
	static struct item item;

	item_init (&item, kind);
	strcpy (item.name, name);
	item.source = source;
	return &item;
}

static void add (struct buf *items, const struct item *item, const void *body)
{
	ck_assert_int_eq (item_put (items, item), 0);
	if (item->body)
		ck_assert_int_eq (buf_append (items, body, item->body), 0);
}

static void add_small (struct buf *items, const char *name, const char *content, int64_t source)
{
	struct item *item = new_item (ITEM_FILE, name, source);
	struct digest *digest = digest_new (DIGEST_SHA256);

	item->mode = 0640;
	item->has_mtime = true;
	item->mtime_ns = 1500000000123456789;
	item->body = strlen (content);
	item->size = (int64_t)item->body;
	digest_add (digest, content, item->body);
	digest_text (digest, item->sum);
	digest_free (digest);
	add (items, item, content);
}

/* Put the items, fed in pieces of that size. */
static enum sftp_put_state put_items (
	const struct sftp_put_options *options, struct buf *items, size_t step, struct buf *reports, struct err *why)
{
	struct sftp_put *put;
	enum sftp_put_state state;
	struct buf in;

	greet ();
	buf_init (&in, 1 << 20);
	ck_assert_ptr_nonnull (put = sftp_put_new (sftp, options));
	while ((state = sftp_put_state (put, why)) < SFTP_PUT_OVER || !sftp_put_is_idle (put)) {
		size_t n = buf_len (items) < step ? buf_len (items) : step, before = buf_len (&in);

		if (before < 100000 && n) {
			ck_assert_int_eq (buf_append (&in, buf_head (items), n), 0);
			buf_consume (items, n);
		}
		sftp_put_take (put, &in, !buf_len (items));
		ck_assert_int_eq (
			buf_append (reports, buf_head (sftp_put_reports (put)), buf_len (sftp_put_reports (put))), 0);
		buf_consume (sftp_put_reports (put), buf_len (sftp_put_reports (put)));
		if (sftp_in_flight (sftp) || buf_len (&sftp->out))
			move ();
	}
	ck_assert_int_eq (buf_append (reports, buf_head (sftp_put_reports (put)), buf_len (sftp_put_reports (put))), 0);
	sftp_put_free (put);
	buf_free (&in);
	return state;
}

static void expect_report (struct buf *reports, enum item_kind kind, const char *name, const char *text)
{
	static struct item item;
	struct err err;

	while (item_next (reports, &item, &err) > 0)
		if (!strcmp (item.name, name)) {
			ck_assert_msg (item.kind == kind, "%s: %s", name, item.text);
			ck_assert_msg (strstr (item.text, text) != NULL, "%s: %s", name, item.text);
			return;
		}
	ck_abort_msg ("no report on %s", name);
}

static const char *path_of (const char *name)
{
	static char path[300];

	snprintf (path, sizeof path, "%s/%s", place, name);
	return path;
}

static void expect_content (const char *name, const char *content, mode_t mode)
{
	char bytes[100] = "";
	int file = open (path_of (name), O_RDONLY | O_CLOEXEC);
	struct stat st;

	ck_assert_msg (file >= 0, "%s: %s", name, strerror (errno));
	ck_assert_int_eq (read (file, bytes, sizeof bytes - 1), (ssize_t)strlen (content));
	ck_assert_str_eq (bytes, content);
	ck_assert_int_eq (fstat (file, &st), 0);
	ck_assert_uint_eq (st.st_mode & 07777, mode);
	fd_close (&file);
}

static void add_tree (struct buf *items)
{
	struct item *item = new_item (ITEM_DIRECTORY, "tree", 0);

	item->mode = 0550;
	add (items, item, NULL);
	add_small (items, "small", "content", -1);
	item = new_item (ITEM_LINK, "link", -1);
	strcpy (item->text, "../somewhere");
	add (items, item, NULL);
	item = new_item (ITEM_FILE, "holes", -1);
	item->mode = 0600;
	item->size = 300000;
	add (items, item, NULL);
	item = new_item (ITEM_DATA, "", -1);
	item->body = 3;
	add (items, item, "abc");
	item = new_item (ITEM_HOLE, "", -1);
	item->number = 299997;
	add (items, item, NULL);
	item = new_item (ITEM_END, "", -1);
	memset (item->sum, 'a', DIGEST_TEXT - 1);
	item->sum[DIGEST_TEXT - 1] = '\0';
	add (items, item, NULL);
	add (items, new_item (ITEM_LEAVE, "", -1), NULL);
}

/* All items of a get. */
static void get_items (const struct sftp_get_options *options, struct buf *items)
{
	struct sftp_get *get;
	struct err err;

	ck_assert_ptr_nonnull (get = sftp_get_new (sftp, options));
	while (sftp_get_state (get, &err) == SFTP_GET_WORKING) {
		sftp_get_step (get);
		ck_assert_int_eq (
			buf_append (items, buf_head (sftp_get_items (get)), buf_len (sftp_get_items (get))), 0);
		buf_consume (sftp_get_items (get), buf_len (sftp_get_items (get)));
		if (sftp_get_state (get, &err) == SFTP_GET_WORKING)
			move ();
	}
	ck_assert_int_eq (sftp_get_state (get, &err), SFTP_GET_OVER);
	sftp_get_free (get);
}

/* There and back, by many sizes of pieces, the smallest too. */
START_TEST (tree)
{
	static const size_t steps[] = { 1, 7, 100, 65536 };
	struct sftp_put_options options = { .path = ".", .recursive = true, .preserve = true, .sync = true };
	static const char *const paths[] = { "tree" };
	struct sftp_get_options what = { .paths = paths, .n_paths = 1, .recursive = true };
	static struct item item;
	struct buf items, reports;
	int n_files = 0, n_links = 0, n_directories = 0;
	int64_t bytes = 0;
	struct stat st;
	struct err err;

	if (!begin ())
		SKIP ("there is no sftp-server");
	piece = steps[_i];
	buf_init (&items, 1 << 22);
	buf_init (&reports, 1 << 20);
	add_tree (&items);
	ck_assert_int_eq (put_items (&options, &items, steps[_i], &reports, &err), SFTP_PUT_OVER);
	expect_content ("tree/small", "content", 0640);
	ck_assert_int_eq (stat (path_of ("tree/holes"), &st), 0);
	ck_assert_int_eq (st.st_size, 300000);
	ck_assert_int_eq (stat (path_of ("tree/small"), &st), 0);
	ck_assert_int_eq (st.st_mtime, 1500000000);
	ck_assert_int_eq (stat (path_of ("tree"), &st), 0);
	ck_assert_uint_eq (st.st_mode & 07777, 0550);
	buf_consume (&items, buf_len (&items));
	get_items (&what, &items);
	while (item_next (&items, &item, &err) > 0) {
		n_files += item.kind == ITEM_FILE;
		n_links += item.kind == ITEM_LINK && !strcmp (item.text, "../somewhere");
		n_directories += item.kind == ITEM_DIRECTORY;
		bytes += (int64_t)item.body;
		buf_consume (&items, item.body);
	}
	ck_assert (n_files == 2 && n_links == 1 && n_directories == 1 && bytes == 300007);
	ck_assert_int_eq (chmod (path_of ("tree"), 0700), 0);
	buf_free (&items);
	buf_free (&reports);
	finish ();
}
END_TEST

/* The total comes first where the only source is a file, and nowhere else. */
START_TEST (total)
{
	static const char *const paths[] = { "file", "." };
	struct sftp_get_options what = { .paths = paths, .n_paths = 1, .count = true, .recursive = true };
	static struct item item;
	struct buf items;
	struct err err;
	int file;

	if (!begin ())
		SKIP ("there is no sftp-server");
	greet ();
	buf_init (&items, 1 << 20);
	ck_assert_int_ge (file = open (path_of ("file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 0);
	ck_assert_int_eq (write (file, "content", 7), 7);
	fd_close (&file);
	get_items (&what, &items);
	ck_assert_int_eq (item_next (&items, &item, &err), 1);
	ck_assert (item.kind == ITEM_TOTAL && item.number == 1 && item.size == 7);
	ck_assert_int_eq (item_next (&items, &item, &err), 1);
	ck_assert (item.kind == ITEM_FILE && item.body == 7 && !strcmp (item.name, "file"));
	buf_consume (&items, buf_len (&items));
	what.n_paths = 2;
	get_items (&what, &items);
	ck_assert_int_eq (item_next (&items, &item, &err), 1);
	ck_assert_int_eq (item.kind, ITEM_FILE);
	buf_consume (&items, item.body);
	ck_assert_int_eq (item_next (&items, &item, &err), 1);
	ck_assert (item.kind == ITEM_DIRECTORY && item.source == 1 && !strncmp (item.name, "remex-sftp-", 11));
	buf_free (&items);
	finish ();
}
END_TEST

/* Streams that are no streams, and what may not be replaced. */
START_TEST (wrong)
{
	struct sftp_put_options options = { .path = "there", .sync = true };
	struct buf items, reports;
	struct err err;

	if (!begin ())
		SKIP ("there is no sftp-server");
	buf_init (&items, 1 << 20);
	buf_init (&reports, 1 << 20);
	add (&items, new_item (ITEM_DIRECTORY, "d", 0), NULL);
	ck_assert_int_eq (put_items (&options, &items, 100, &reports, &err), SFTP_PUT_FAILED);
	ck_assert_str_eq (err.text, "the stream of files is not in order: a directory was not asked for");
	buf_consume (&items, buf_len (&items));
	add_small (&items, "a", "content", 0);
	items.end -= 2;
	ck_assert_int_eq (put_items (&options, &items, 100, &reports, &err), SFTP_PUT_FAILED);
	ck_assert_str_eq (err.text, "the stream of files is not in order: it ended early");
	ck_assert_int_eq (access (path_of ("there"), F_OK), -1);
	buf_consume (&reports, buf_len (&reports));
	ck_assert_int_eq (mkfifo (path_of ("there"), 0600), 0);
	add_small (&items, "a", "content", 0);
	add_small (&items, "b", "content", 1);
	ck_assert_int_eq (put_items (&options, &items, 1000, &reports, &err), SFTP_PUT_OVER);
	expect_report (&reports, ITEM_FAILED, "b", "there is not a directory");
	expect_report (&reports, ITEM_FAILED, "a", "a FIFO is in its place");
	buf_free (&items);
	buf_free (&reports);
	finish ();
}
END_TEST

/* A put that is stopped in the middle of a file removes its temporary. */
START_TEST (stopped)
{
	struct sftp_put_options options = { .path = "there", .sync = true };
	struct sftp_put *put;
	struct item *item;
	struct buf items;

	if (!begin ())
		SKIP ("there is no sftp-server");
	greet ();
	buf_init (&items, 1 << 20);
	add (&items, new_item (ITEM_FILE, "a", 0), NULL);
	item = new_item (ITEM_DATA, "", -1);
	item->body = 7;
	add (&items, item, "content");
	ck_assert_ptr_nonnull (put = sftp_put_new (sftp, &options));
	while (buf_len (&items) || sftp_in_flight (sftp)) {
		sftp_put_take (put, &items, false);
		if (sftp_in_flight (sftp))
			move ();
	}
	sftp_put_stop (put);
	while (!sftp_put_is_idle (put)) {
		move ();
		sftp_put_take (put, &items, false);
	}
	sftp_put_free (put);
	buf_free (&items);
	ck_assert_msg (rmdir (place) == 0, "something is left: %s", strerror (errno));
	ck_assert_int_eq (mkdir (place, 0700), 0);
	finish ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, tree, 0, 4);
	tcase_add_test (tcase, total);
	tcase_add_test (tcase, wrong);
	tcase_add_test (tcase, stopped);
}

CHECK_MAIN ("sftp", add_cases)
