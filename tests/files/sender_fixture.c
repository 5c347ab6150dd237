/* sender_fixture - see sender_fixture.h. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/code.h"
#include "sender_fixture.h"

char fixture_dir[64];

void fixture_setup (void)
{
	umask (022);
	strcpy (fixture_dir, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (fixture_dir));
	ck_assert_int_eq (chmod (fixture_dir, 0755), 0);
}

void fixture_teardown (void)
{
	char command[128];

	snprintf (command, sizeof command, "rm -rf '%s'", fixture_dir);
	ck_assert_int_eq (system (command), 0);
}

const char *fixture_path (const char *name)
{
	static char paths[FIXTURE_PATHS][256];
	static int last;

	last = (last + 1) % FIXTURE_PATHS;
	snprintf (paths[last], sizeof paths[last], "%s/%s", fixture_dir, name);
	return paths[last];
}

uint8_t *fixture_bytes (size_t n)
{
	uint8_t *bytes = malloc (n + 1);
	uint32_t state = 1;

	ck_assert_ptr_nonnull (bytes);
	for (size_t i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(state >> 24);
	}
	return bytes;
}

void fixture_file (const char *name, size_t n)
{
	const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000, .tv_nsec = 123456789 } };
	int fd = open (fixture_path (name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	uint8_t *bytes = fixture_bytes (n);

	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, bytes, n), 0);
	ck_assert_int_eq (futimens (fd, times), 0);
	fd_close (&fd);
	free (bytes);
}

void fixture_directory (const char *name)
{
	ck_assert_int_eq (mkdir (fixture_path (name), 0755), 0);
}

/* --- what the sender says ------------------------------------------------------------------------------------------ */

static int open_source (void *data, int index, char *name, bool *stream, struct err *err)
{
	struct show *show = data;
	const char *path = show->sources[index], *slash = strrchr (path, '/');
	int fd;

	show->opened++;
	if (strcmp (path, "-") == 0) {
		strcpy (name, "standard-input");
		*stream = true;
		return fcntl (show->stream, F_DUPFD_CLOEXEC, 0);
	}
	snprintf (name, ITEM_NAME_MAX + 1, "%s", slash ? slash + 1 : path);
	if ((fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
		err_sys (err, (int)files_code (errno), "cannot open it");
	return fd;
}

void show_begin (struct show *show, const struct sender_options *options, const char *const *sources)
{
	int n = 0;

	memset (show, 0, sizeof *show);
	show->piece = ITEM_END;
	show->stream = -1;
	for (; sources[n]; n++)
		show->sources[n] = sources[n];
	ck_assert_int_le (n, SHOW_SOURCES);
	buf_init (&show->out, ITEM_HEADER_MAX + ITEM_DATA_MAX);
	buf_init (&show->log, 16 << 20);
	buf_init (&show->content, 16 << 20);
	show->sender = sender_new (options, n, open_source, show);
	ck_assert_ptr_nonnull (show->sender);
}

void show_end (struct show *show)
{
	sender_free (show->sender);
	buf_free (&show->out);
	buf_free (&show->log);
	buf_free (&show->content);
}

static void log_pieces (struct show *show)
{
	if (show->piece != ITEM_END)
		buf_printf (
			&show->log, "%s %lld\n", show->piece == ITEM_DATA ? "data" : "hole", (long long)show->pieces);
	show->piece = ITEM_END;
	show->pieces = 0;
}

static void take_piece (struct show *show, int64_t n)
{
	uint8_t *space = buf_reserve (&show->content, (size_t)n);

	ck_assert_int_gt (n, 0);
	ck_assert_ptr_nonnull (space);
	if (show->item.kind == ITEM_HOLE) {
		memset (space, 0, (size_t)n);
	} else {
		ck_assert_uint_ge (buf_len (&show->out), (size_t)n);
		memcpy (space, buf_head (&show->out), (size_t)n);
		buf_consume (&show->out, (size_t)n);
	}
	buf_commit (&show->content, (size_t)n);
	if (show->item.kind == ITEM_FILE)
		return;
	if (show->piece != show->item.kind)
		log_pieces (show);
	show->piece = show->item.kind;
	show->pieces += n;
}

/* The sum is that of the received bytes. */
static void check_sum (struct show *show)
{
	struct digest *digest = digest_new (DIGEST_SHA256);
	char text[DIGEST_TEXT];

	if (buf_len (&show->content))
		digest_add (digest, buf_head (&show->content), buf_len (&show->content));
	digest_text (digest, text);
	digest_free (digest);
	ck_assert_str_eq (text, show->item.sum);
}

/* The sender confirms the existing part of the file: it is the content of fixture_file. */
static void take_from (struct show *show)
{
	uint8_t *bytes = fixture_bytes ((size_t)show->item.number);

	ck_assert_int_eq (buf_append (&show->content, bytes, (size_t)show->item.number), 0);
	free (bytes);
	buf_printf (&show->log, "from %lld\n", (long long)show->item.number);
}

static void take_file (struct show *show)
{
	const struct item *item = &show->item;

	show->file = *item;
	buf_consume (&show->content, buf_len (&show->content));
	buf_printf (&show->log, "file %s%s %lld %o%s%s\n", show->path, item->name, (long long)item->size,
		item->mode < 0 ? 0 : (unsigned)item->mode, item->sum[0] ? " whole" : "", item->resume ? " resume" : "");
	if (item->body)
		take_piece (show, (int64_t)item->body);
	if (item->sum[0])
		check_sum (show);
}

static void enter (struct show *show)
{
	buf_printf (&show->log, "directory %s%s %o\n", show->path, show->item.name, (unsigned)show->item.mode);
	show->path_length += (size_t)snprintf (
		show->path + show->path_length, SHOW_PATH - show->path_length, "%s/", show->item.name);
}

static void leave (struct show *show)
{
	ck_assert_uint_gt (show->path_length, 0);
	show->path[--show->path_length] = '\0';
	buf_printf (&show->log, "leave %s\n", show->path);
	while (show->path_length && show->path[show->path_length - 1] != '/')
		show->path_length--;
	show->path[show->path_length] = '\0';
}

static void take (struct show *show)
{
	const struct item *item = &show->item;

	if (item->kind != ITEM_DATA && item->kind != ITEM_HOLE)
		log_pieces (show);
	/* The number of the source is sent at the top, and nowhere else. */
	if (item->source >= 0)
		buf_printf (&show->log, "%lld:", (long long)item->source);
	if (item->kind == ITEM_DIRECTORY || item->kind == ITEM_FILE || item->kind == ITEM_LINK ||
		item->kind == ITEM_FAILED)
		ck_assert_int_eq (item->source >= 0, show->path_length == 0);
	switch (item->kind) {
	case ITEM_TOTAL:
		buf_printf (&show->log, "total %lld %lld\n", (long long)item->number, (long long)item->size);
		break;
	case ITEM_DIRECTORY: enter (show); break;
	case ITEM_LEAVE: leave (show); break;
	case ITEM_FILE: take_file (show); break;
	case ITEM_DATA: take_piece (show, (int64_t)item->body); break;
	case ITEM_HOLE: take_piece (show, item->number); break;
	case ITEM_FROM: take_from (show); break;
	case ITEM_END:
		check_sum (show);
		buf_printf (&show->log, "end%s\n", item->changed ? " changed" : "");
		break;
	case ITEM_ABORT: buf_printf (&show->log, "abort %s %s\n", code_name (item->code), item->text); break;
	case ITEM_LINK: buf_printf (&show->log, "link %s%s %s\n", show->path, item->name, item->text); break;
	case ITEM_FAILED:
		buf_printf (
			&show->log, "failed %s%s %s %s\n", show->path, item->name, code_name (item->code), item->text);
		break;
	default: ck_abort_msg ("an item that no sender sends"); break;
	}
}

int show_fill (struct show *show)
{
	int result = sender_fill (show->sender, &show->out), got;
	struct err err;

	while ((got = item_next (&show->out, &show->item, &err)) > 0)
		take (show);
	ck_assert_msg (got == 0, "%s", err.text);
	ck_assert_uint_eq (buf_len (&show->out), 0);
	return result;
}

const char *show_log (struct show *show)
{
	log_pieces (show);
	ck_assert_int_eq (buf_append (&show->log, "", 1), 0);
	show->log.end--;
	return (const char *)buf_head (&show->log);
}

const char *show_rest (struct show *show)
{
	int result;

	while ((result = show_fill (show)) == SENDER_MORE)
		;
	ck_assert_int_eq (result, SENDER_END);
	ck_assert_int_eq (show_fill (show), SENDER_END);
	ck_assert_uint_eq (show->path_length, 0);
	return show_log (show);
}

static int compare (const void *one, const void *other)
{
	return strcmp (*(char *const *)one, *(char *const *)other);
}

const char *show_sorted (struct show *show)
{
	char *log = strdup (show_log (show)), *lines[1024], *line, *rest = NULL;
	size_t n = 0;

	for (line = strtok_r (log, "\n", &rest); line; line = strtok_r (NULL, "\n", &rest)) {
		ck_assert_uint_lt (n, 1024);
		lines[n++] = line;
	}
	qsort (lines, n, sizeof *lines, compare);
	buf_consume (&show->log, buf_len (&show->log));
	for (size_t i = 0; i < n; i++)
		buf_printf (&show->log, "%s\n", lines[i]);
	free (log);
	return show_log (show);
}

void show_is_content (const struct show *show, size_t n)
{
	uint8_t *bytes = fixture_bytes (n);

	ck_assert_uint_eq (buf_len (&show->content), n);
	ck_assert (n == 0 || memcmp (buf_head (&show->content), bytes, n) == 0);
	free (bytes);
}
