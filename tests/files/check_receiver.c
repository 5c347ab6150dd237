/* A receiver: valid streams become files, each reported once; invalid streams end, and leave nothing. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "files/digest.h"
#include "files/item_fixture.h"
#include "files/receiver.h"
#include "support/check_main.h"

static char root[64]; /* the test's own directory, and where it runs */
static struct buf in, back;
static struct receiver *receiver;
static char told[1 << 20]; /* "done a/b; failed c: why; …" */
static int sink = -1;
static int steps; /* how often receiver_take had to be called again */
static bool stranger; /* the place reports that the source was not requested */

/* --- the fixture -------------------------------------------------------------------------------------------------- */

static int target_item (void *data, const struct item *item, struct target *target, int *fd, struct err *err)
{
	(void)data;
	if (stranger) {
		err_set (err, CODE_BAD_VALUE, "not asked for");
		err->sys = EPROTO;
		return -1;
	}
	if (!strcmp (item->name, "nowhere"))
		return err_set (err, CODE_NOT_FOUND, "no such place");
	*fd = sink;
	if (sink >= 0)
		return 0;
	target->directory = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	strcpy (target->name, item->name);
	return 0;
}

static void report (void *data, const struct receipt *receipt)
{
	size_t n = strlen (told);

	(void)data;
	snprintf (told + n, sizeof told - n, receipt->err ? "failed %s: %s; " : "done %s%s; ", receipt->path,
		receipt->err       ? receipt->err->text
		: receipt->changed ? " (changed)"
				   : "");
	if (!receipt->err && receipt->kind == ITEM_FILE)
		ck_assert_uint_eq (strlen (receipt->sum), DIGEST_TEXT - 1);
}

static void begin (struct receiver_options options)
{
	strcpy (root, "/tmp/remex-receiver-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (root));
	ck_assert_int_eq (chdir (root), 0);
	buf_init (&in, 64 << 20);
	buf_init (&back, 1 << 20);
	told[0] = '\0';
	receiver = receiver_new (&options, target_item, report, NULL);
	ck_assert_ptr_nonnull (receiver);
}

static void begin_tree (void)
{
	begin ((struct receiver_options){ .recursive = true });
}

static void end (void)
{
	char command[256];

	receiver_free (receiver);
	buf_free (&in);
	buf_free (&back);
	ck_assert_int_eq (chdir ("/"), 0);
	/* The content of a directory that may not be written to can be removed by root only. */
	snprintf (command, sizeof command, "chmod -R u+rwX '%s' && rm -rf '%s'", root, root);
	ck_assert_int_eq (system (command), 0);
}

/* --- the stream ---------------------------------------------------------------------------------------------------- */

static void put (struct item *item)
{
	ck_assert_int_eq (item_put (&in, item), 0);
}

static void put_data (const char *text)
{
	uint8_t *space = item_data_begin (&in, strlen (text));

	memcpy (space, text, strlen (text));
	item_data_end (&in, strlen (text));
}

static void put_end (const char *text)
{
	struct item *item = make (ITEM_END, "", -1);

	sum_of (text, item->sum);
	put (item);
}

static void put_file (const char *name, int64_t source, int64_t size)
{
	struct item *item = make (ITEM_FILE, name, source);

	item->size = size;
	put (item);
}

static void put_whole (const char *name, int64_t source, const char *text)
{
	struct item *item = make (ITEM_FILE, name, source);

	item->size = (int64_t)(item->body = strlen (text));
	sum_of (text, item->sum);
	put (item);
	ck_assert_int_eq (buf_append (&in, text, strlen (text)), 0);
}

static void put_link (const char *name, int64_t source, const char *target)
{
	struct item *item = make (ITEM_LINK, name, source);

	strcpy (item->text, target);
	put (item);
}

/* Take the whole stream, byte by byte where `slowly`: 0; -1: it was refused. */
static int take (bool slowly)
{
	struct buf some;
	struct err err;
	int result = 0;

	buf_init (&some, 64 << 20);
	while (result == 0 && buf_len (&in) > 0) {
		size_t n = slowly ? 1 : buf_len (&in);

		ck_assert_int_eq (buf_append (&some, buf_head (&in), n), 0);
		buf_consume (&in, n);
		while ((result = receiver_take (receiver, &some, &back, &err)) > 0)
			steps++;
	}
	if (result == 0)
		result = receiver_end (receiver, &err);
	else
		ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	buf_free (&some);
	return result;
}

static const char *content (const char *path)
{
	static char text[4096];
	int fd = open (path, O_RDONLY | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);

	if (fd >= 0)
		close (fd);
	if (n < 0)
		return "(none)";
	text[n] = '\0';
	return text;
}

/* Names in the directory, temporaries too. */
static int count (const char *path)
{
	char command[256];
	FILE *pipe;
	int n = -1;

	snprintf (command, sizeof command, "find '%s' -mindepth 1 | wc -l", path);
	pipe = popen (command, "r");
	ck_assert_ptr_nonnull (pipe);
	ck_assert_int_eq (fscanf (pipe, "%d", &n), 1);
	pclose (pipe);
	return n;
}

/* --- valid streams
 * ------------------------------------------------------------------------------------------------- */

static void put_tree (void)
{
	put_whole ("small", 0, "hello");
	put_whole ("empty", 1, "");
	put_file ("large", 2, 10);
	put_data ("hello");
	put_data ("world");
	put_end ("helloworld");
	put (make (ITEM_DIRECTORY, "d", 3));
	put_whole ("x", -1, "x");
	put (make (ITEM_DIRECTORY, "e", -1));
	put_whole ("y", -1, "y");
	put (make (ITEM_LEAVE, "", -1));
	put_link ("l", -1, "../out");
	put (make (ITEM_LEAVE, "", -1));
	put_file ("stream", 4, -1);
	put_data ("x");
	put_end ("x");
}

START_TEST (tree)
{
	begin ((struct receiver_options){ .recursive = true, .writer.sync = _i & 1 });
	put_tree ();
	ck_assert_int_eq (take (_i & 2), 0);
	ck_assert_str_eq (content ("small"), "hello");
	ck_assert_str_eq (content ("empty"), "");
	ck_assert_str_eq (content ("large"), "helloworld");
	ck_assert_str_eq (content ("d/x"), "x");
	ck_assert_str_eq (content ("d/e/y"), "y");
	ck_assert_str_eq (content ("stream"), "x");
	ck_assert_int_eq (count (root), 9);
	ck_assert_ptr_nonnull (strstr (told, "done d/e/y; "));
	ck_assert_ptr_nonnull (strstr (told, "done d/e; "));
	ck_assert_ptr_nonnull (strstr (told, "done d; "));
	ck_assert_ptr_nonnull (strstr (told, "done d/l; "));
	ck_assert_ptr_null (strstr (told, "failed"));
	ck_assert_uint_eq (buf_len (&back), 0);
	end ();
}
END_TEST

/* More files than wait for the disk together. */
START_TEST (many)
{
	char name[32];
	int lines = 0;

	begin ((struct receiver_options){ .recursive = true, .writer.sync = true });
	put (make (ITEM_DIRECTORY, "d", 0));
	for (int i = 0; i < 3 * RECEIVER_BATCH + 5; i++) {
		snprintf (name, sizeof name, "%d", i);
		put_whole (name, -1, name);
	}
	put (make (ITEM_LEAVE, "", -1));
	ck_assert_int_eq (take (false), 0);
	ck_assert_int_eq (count ("d"), 3 * RECEIVER_BATCH + 5);
	for (const char *at = told; (at = strstr (at, "done ")); at++)
		lines++;
	ck_assert_int_eq (lines, 3 * RECEIVER_BATCH + 6);
	end ();
}
END_TEST

START_TEST (modes)
{
	struct item *item;
	struct stat st;

	begin ((struct receiver_options){ .recursive = true, .writer.preserve = true });
	ck_assert_int_eq (mkdir ("d", 0700), 0);
	item = make (ITEM_DIRECTORY, "d", 0);
	item->mode = 06555;
	item->has_mtime = true;
	item->mtime_ns = -1;
	put (item);
	put_whole ("x", -1, "x");
	put (make (ITEM_LEAVE, "", -1));
	ck_assert_int_eq (take (false), 0);
	ck_assert_int_eq (stat ("d", &st), 0);
	ck_assert_int_eq (st.st_mode & 07777, 0555);
	ck_assert_int_eq (st.st_mtim.tv_sec, -1);
	ck_assert_int_eq (st.st_mtim.tv_nsec, 999999999);
	ck_assert_str_eq (content ("d/x"), "x");
	end ();
}
END_TEST

/* A directory that is read-only in the end can be filled all the same. */
START_TEST (closed_directory)
{
	struct item *item;
	struct stat st;

	begin_tree ();
	umask (022);
	item = make (ITEM_DIRECTORY, "d", 0);
	item->mode = 0577;
	put (item);
	put_whole ("x", -1, "x");
	put (make (ITEM_LEAVE, "", -1));
	ck_assert_int_eq (take (false), 0);
	ck_assert_int_eq (stat ("d", &st), 0);
	ck_assert_int_eq (st.st_mode & 07777, 0555);
	end ();
}
END_TEST

/* The content of a source, not the source. */
START_TEST (merged)
{
	begin_tree ();
	put (make (ITEM_DIRECTORY, ".", 0));
	put_whole ("x", -1, "x");
	put (make (ITEM_LEAVE, "", -1));
	ck_assert_int_eq (take (false), 0);
	ck_assert_str_eq (content ("x"), "x");
	end ();
}
END_TEST

START_TEST (to_descriptor)
{
	int ends[2];
	char text[16] = "";

	begin_tree ();
	ck_assert_int_eq (pipe (ends), 0);
	sink = ends[1];
	put_file ("x", 0, -1);
	put_data ("ab");
	put (make (ITEM_HOLE, "", -1));
	put_end ("ab");
	put (make (ITEM_DIRECTORY, "d", 1));
	put_whole ("y", -1, "y");
	put (make (ITEM_LEAVE, "", -1));
	put_link ("l", 2, "x");
	ck_assert_int_eq (take (false), 0);
	close (ends[1]);
	ck_assert_int_eq (read (ends[0], text, sizeof text), 2);
	ck_assert_str_eq (told,
		"done x; failed d: a directory cannot go there; failed d/y: its directory could not be made; "
		"failed l: a link cannot go there; ");
	sink = -1;
	ck_assert_int_eq (count (root), 0);
	end ();
}
END_TEST

START_TEST (holes)
{
	struct digest *digest = digest_new (DIGEST_SHA256);
	struct item *item;
	struct stat st;

	begin_tree ();
	put_file ("x", 0, (64 << 20) + 1);
	put_data ("x");
	item = make (ITEM_HOLE, "", -1);
	item->number = 64 << 20;
	put (item);
	digest_add (digest, "x", 1);
	digest_add_zeros (digest, 64 << 20);
	item = make (ITEM_END, "", -1);
	digest_text (digest, item->sum);
	digest_free (digest);
	put (item);
	ck_assert_int_eq (take (false), 0);
	ck_assert_str_eq (told, "done x; ");
	ck_assert_int_eq (steps, 4);
	ck_assert_int_eq (stat ("x", &st), 0);
	ck_assert_int_eq (st.st_size, (64 << 20) + 1);
	ck_assert_int_lt (st.st_blocks, 1024);
	end ();
}
END_TEST

/* Each hole is one step long: a call sums up one or two of them, however many have come. */
START_TEST (many_holes)
{
	const int n = 10;
	struct item *item;

	begin_tree ();
	put_file ("x", 0, -1);
	for (int i = 0; i < n; i++) {
		item = make (ITEM_HOLE, "", -1);
		item->number = RECEIVER_STEP;
		put (item);
	}
	put_end ("");
	ck_assert_int_eq (take (false), 0);
	ck_assert_str_eq (told, "failed x: the sum of the received content differs from the sender's; ");
	ck_assert_int_ge (steps, n - 1);
	end ();
}
END_TEST

/* --- files that fail
 * ------------------------------------------------------------------------------------------------ */

static void put_sized (int64_t size)
{
	put_file ("bad", 0, size);
	put_data ("abc");
	put_end ("abc");
}

START_TEST (one_fails)
{
	static const char *const why[] = {
		"failed bad: received 3 bytes of 4; ",
		"failed bad: received more than its 2 bytes; ",
		"failed bad: the sum of the received content differs from the sender's; ",
		"failed bad: it changed; ",
		"failed bad: gone; ",
		"failed nowhere: no such place; ",
		"failed taken: a directory is in its place; ",
		"failed fifo: a FIFO is in its place; ",
		"failed small: an entry of that name exists and is not a directory (symbolic links are not followed); "
		"failed small/x: its directory could not be made; failed small/d: its directory could not be made; ",
		"failed outside: an entry of that name exists and is not a directory (symbolic links are not "
		"followed); "
		"failed outside/x: its directory could not be made; ",
		"failed taken: an entry of that name exists and is neither a file nor a link; ",
		"failed bad: larger than any file can be; ",
	};
	struct item *item;
	char wanted[512];
	int rows = (int)(sizeof why / sizeof *why);

	ck_assert_int_lt (_i, rows);
	begin_tree ();
	ck_assert_int_eq (mkdir ("taken", 0700), 0);
	ck_assert_int_eq (mkfifo ("fifo", 0600), 0);
	ck_assert_int_eq (symlink ("/tmp", "outside"), 0);
	close (open ("small", O_CREAT | O_WRONLY, 0600));
	switch (_i) {
	case 0: put_sized (4); break;
	case 1: put_sized (2); break;
	case 2:
		put_file ("bad", 0, 3);
		put_data ("abc");
		put_end ("abd");
		break;
	case 3:
		put_file ("bad", 0, 3);
		put_data ("abc");
		item = make (ITEM_ABORT, "", -1);
		strcpy (item->text, "it changed");
		put (item);
		break;
	case 4:
		item = make (ITEM_FAILED, "bad", 0);
		strcpy (item->text, "gone");
		put (item);
		break;
	case 5: put_whole ("nowhere", 0, "x"); break;
	case 6: put_whole ("taken", 0, "x"); break;
	case 7: put_whole ("fifo", 0, "x"); break;
	case 8:
		put (make (ITEM_DIRECTORY, "small", 0));
		put_whole ("x", -1, "x");
		put (make (ITEM_DIRECTORY, "d", -1));
		put (make (ITEM_LEAVE, "", -1));
		put (make (ITEM_LEAVE, "", -1));
		break;
	case 9:
		put (make (ITEM_DIRECTORY, "outside", 0));
		put_whole ("x", -1, "x");
		put (make (ITEM_LEAVE, "", -1));
		break;
	case 10: put_link ("taken", 0, "x"); break;
	default:
		put_file ("bad", 0, -1);
		put_data ("x");
		item = make (ITEM_HOLE, "", -1);
		item->number = INT64_MAX;
		put (item);
		put_end ("x");
		break;
	}
	put_whole ("good", 1, "good");
	ck_assert_int_eq (take (false), 0);
	snprintf (wanted, sizeof wanted, "%sdone good; ", why[_i]);
	ck_assert_str_eq (told, wanted);
	ck_assert_str_eq (content ("good"), "good");
	ck_assert_str_eq (content ("small"), "");
	ck_assert_int_eq (count (root), 5);
	end ();
}
END_TEST

/* Its size, or that of a hole in it, is larger than any that can be summed: it fails at once, and the rest goes on. */
START_TEST (too_large)
{
	static const char why[] = "failed bad: 4611686018427387904 bytes are more than a file may have here";
	struct item *item;

	begin_tree ();
	put_file ("bad", 0, _i ? INT64_C (1) << 62 : -1);
	item = make (ITEM_HOLE, "", -1);
	item->number = INT64_C (1) << 62;
	put (item);
	put_end ("x");
	put_whole ("good", 1, "good");
	ck_assert_int_eq (take (false), 0);
	ck_assert_int_eq (strncmp (told, why, strlen (why)), 0);
	ck_assert_ptr_nonnull (strstr (told, "; done good; "));
	ck_assert_int_eq (count (root), 1);
	end ();
}
END_TEST

START_TEST (links)
{
	char target[64] = "";

	begin ((struct receiver_options){ .recursive = true, .tame = _i });
	ck_assert_int_eq (symlink ("old", "l"), 0);
	put_link ("l", 0, "a/b");
	put_link ("m", 1, "/etc");
	put_link ("n", 2, "a/../..");
	put_link ("o", 3, "..a/b..");
	ck_assert_int_eq (take (false), 0);
	ck_assert_str_eq (told, _i ? "done l; failed m: a link that could lead out of the roots; "
				     "failed n: a link that could lead out of the roots; done o; "
				   : "done l; done m; done n; done o; ");
	ck_assert_int_eq (readlink ("l", target, sizeof target), 3);
	ck_assert_str_eq (target, "a/b");
	ck_assert_int_eq (count (root), _i ? 2 : 4);
	end ();
}
END_TEST

START_TEST (deep)
{
	begin_tree ();
	for (int i = 0; i < RECEIVER_DEPTH + 3; i++)
		put (make (ITEM_DIRECTORY, "d", i ? -1 : 0));
	for (int i = 0; i < RECEIVER_DEPTH + 3; i++)
		put (make (ITEM_LEAVE, "", -1));
	put_whole ("x", 1, "x");
	ck_assert_int_eq (take (false), 0);
	ck_assert_ptr_nonnull (strstr (told, "more than 256 levels"));
	ck_assert_ptr_nonnull (strstr (told, "done x; "));
	ck_assert_int_eq (count (root), RECEIVER_DEPTH + 1);
	end ();
}
END_TEST

/* --- resumed files
 * -------------------------------------------------------------------------------------------------- */

static void put_resumed (int64_t size)
{
	struct item *item = make (ITEM_FILE, "x", 0);

	item->size = size;
	item->resume = true;
	put (item);
}

START_TEST (resumed)
{
	static char text[RECEIVER_SMALL + 2];
	static struct item item;
	char sum[DIGEST_TEXT];
	struct err err;

	memset (text, 'a', sizeof text - 1);
	begin_tree ();
	put_file ("x", 0, -1);
	put_data (text);
	ck_assert_int_eq (receiver_take (receiver, &in, &back, &err), 0);
	receiver_free (receiver);
	ck_assert_int_eq (count (root), 1);
	receiver = receiver_new (&(struct receiver_options){ .recursive = true }, target_item, report, NULL);
	put_resumed (-1);
	ck_assert_int_eq (receiver_take (receiver, &in, &back, &err), 0);
	ck_assert_int_eq (item_next (&back, &item, &err), 1);
	ck_assert_int_eq (item.kind, ITEM_HAVE);
	ck_assert_int_eq (item.number, RECEIVER_SMALL + 1);
	sum_of (text, sum);
	ck_assert_str_eq (item.sum, sum);
	item_init (&item, ITEM_FROM);
	item.number = _i == 0 ? RECEIVER_SMALL + 1 : _i == 1 ? 0 : 5;
	put (&item);
	if (_i == 2) {
		ck_assert_int_eq (take (false), -1);
		end ();
		return;
	}
	if (_i == 1)
		put_data ("b");
	put_end (_i == 0 ? text : "b");
	ck_assert_int_eq (take (false), 0);
	ck_assert_str_eq (told, "done x; ");
	ck_assert_int_eq (count (root), 1);
	end ();
}
END_TEST

/* A small part of a file is not kept. */
START_TEST (not_kept)
{
	struct err err;

	begin_tree ();
	put_file ("x", 0, 100);
	put_data ("hello");
	put_whole ("y", 1, "never: x has no end");
	ck_assert_int_eq (receiver_take (receiver, &in, &back, &err), -1);
	receiver_free (receiver);
	receiver = NULL;
	ck_assert_int_eq (count (root), 0);
	end ();
}
END_TEST

/* --- invalid streams
 * ------------------------------------------------------------------------------------------------- */

START_TEST (refused)
{
	begin ((struct receiver_options){ .recursive = _i != 3 && _i != 4 });
	switch (_i) {
	case 0: put (make (ITEM_LEAVE, "", -1)); break;
	case 1: put_data ("x"); break;
	case 2: put_end ("x"); break;
	case 3: put (make (ITEM_DIRECTORY, "d", 0)); break;
	case 4: put_link ("l", 0, "x"); break;
	case 5: put_whole ("x", -1, "x"); break; /* at the top, and no source */
	case 6:
		put (make (ITEM_DIRECTORY, "d", 0));
		put_whole ("x", 1, "x"); /* a source in another */
		break;
	case 7: put (make (ITEM_DIRECTORY, "d", 0)); break; /* cut */
	case 8: put_file ("x", 0, 1); break; /* cut */
	case 9:
		put_file ("x", 0, 1);
		put (make (ITEM_LEAVE, "", -1));
		break;
	case 10:
		stranger = true;
		put_whole ("x", 0, "x");
		break;
	case 11: put (make (ITEM_FROM, "", -1)); break;
	case 12: put (make (ITEM_DONE, "x", -1)); break;
	case 13: ck_assert_int_eq (buf_append (&in, "\0\0\0\2[]", 6), 0); break;
	default: ck_assert_int_eq (buf_append (&in, "\377\0\0\0", 4), 0); break;
	}
	ck_assert_int_eq (take (false), -1);
	receiver_free (receiver);
	receiver = NULL;
	stranger = false;
	ck_assert_int_eq (count (root), _i == 6 || _i == 7);
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, tree, 0, 4);
	tcase_add_test (tcase, many);
	tcase_add_test (tcase, modes);
	tcase_add_test (tcase, closed_directory);
	tcase_add_test (tcase, merged);
	tcase_add_test (tcase, to_descriptor);
	tcase_add_test (tcase, holes);
	tcase_add_test (tcase, many_holes);
	tcase_add_loop_test (tcase, one_fails, 0, 12);
	tcase_add_loop_test (tcase, too_large, 0, 2);
	tcase_add_loop_test (tcase, links, 0, 2);
	tcase_add_test (tcase, deep);
	tcase_add_loop_test (tcase, resumed, 0, 3);
	tcase_add_test (tcase, not_kept);
	tcase_add_loop_test (tcase, refused, 0, 15);
}

CHECK_MAIN ("receiver", add_cases)
