/* relay_stage - see relay_stage.h. */
#include "config.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "relay_stage.h"

enum { SEQUENCE = 8 * 1024 * 1024 };

static void on_moved (void *arg)
{
	((struct stage *)arg)->moves++;
}

static int to_worker (void *arg, const void *bytes, size_t n)
{
	struct stage *stage = arg;

	if (stage->refuses) {
		errno = stage->refuses;
		return -1;
	}
	ck_assert (!stage->ended);
	stage->ended = n == 0;
	return n ? buf_append (&stage->given, bytes, n) : 0;
}

int open_descriptors (void)
{
	DIR *dir = opendir ("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull (dir);
	while (readdir (dir))
		n++;
	closedir (dir);
	return n;
}

void stage_begin (struct stage *stage, const char *members)
{
	signal (SIGPIPE, SIG_IGN);
	memset (stage, 0, sizeof *stage);
	buf_init (&stage->heard, SEQUENCE);
	buf_init (&stage->out, SEQUENCE);
	buf_init (&stage->err, SEQUENCE);
	buf_init (&stage->given, SEQUENCE);
	fake_begin (&stage->fake);
	fake_say (&stage->fake, "{\"id\":1,\"call\":\"a\"%s}", members);
	fake_answers (&stage->fake);
	stage->channel = fake_channel (&stage->fake, 1);
	ck_assert_ptr_nonnull (stage->channel);
	ck_assert_int_eq (uv_loop_init (&stage->loop), 0);
	stage->descriptors = open_descriptors ();
	relay_init (&stage->relay, &stage->loop, stage->channel);
	stage->relay.moved = on_moved;
	stage->relay.to_worker = to_worker;
	stage->relay.arg = stage;
}

void stage_end (struct stage *stage)
{
	relay_free (&stage->relay);
	while (uv_run (&stage->loop, UV_RUN_NOWAIT))
		;
	ck_assert_int_eq (open_descriptors (), stage->descriptors);
	ck_assert_int_eq (uv_loop_close (&stage->loop), 0);
	fake_end (&stage->fake);
	buf_free (&stage->heard);
	buf_free (&stage->out);
	buf_free (&stage->err);
	buf_free (&stage->given);
}

void stage_turn (struct stage *stage)
{
	uv_run (&stage->loop, UV_RUN_NOWAIT);
}

void stage_hear (struct stage *stage, size_t n)
{
	struct session *session = &stage->fake.session;
	const struct message *message;

	if (n > buf_len (&session->out))
		n = buf_len (&session->out);
	if (n)
		ck_assert_int_eq (buf_append (&stage->heard, buf_head (&session->out), n), 0);
	buf_consume (&session->out, n);
	while (decoder_next (&stage->fake.decoder, &stage->heard, &message, NULL) > 0) {
		ck_assert_uint_eq (message->id, 1);
		if (message->kind == MESSAGE_CREDIT) {
			stage->credited += message->number;
			continue;
		}
		ck_assert_int_eq (message->kind, MESSAGE_DATA);
		ck_assert_int_eq (buf_append (strcmp (message->name, "stderr") ? &stage->out : &stage->err,
					  message->body, message->body_len),
			0);
	}
	if (session->starved && buf_len (&session->out) < SESSION_OUT_FULL) {
		session->starved = false;
		relay_go (&stage->relay);
	}
}

static void unblock (int fd)
{
	ck_assert_int_eq (fcntl (fd, F_SETFL, O_NONBLOCK), 0);
}

int stage_outlet (struct stage *stage, const char *name)
{
	int ends[2];

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	unblock (ends[1]);
	ck_assert_int_eq (relay_add_outlet (&stage->relay, name, strlen (name), ends[0]), 0);
	return ends[1];
}

int stage_sink (struct stage *stage)
{
	int ends[2];

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	unblock (ends[0]);
	ck_assert_int_eq (relay_set_sink (&stage->relay, ends[1]), 0);
	return ends[0];
}

const uint8_t *pattern (size_t from, size_t n)
{
	static uint8_t sequence[SEQUENCE];
	uint32_t state = 1;

	ck_assert_uint_le (from + n, SEQUENCE);
	for (size_t i = 0; i < SEQUENCE && !sequence[SEQUENCE - 1]; i++) {
		state = state * 1664525 + 1013904223; /* Numerical Recipes' generator */
		sequence[i] = (uint8_t)(state >> 24 | (i == SEQUENCE - 1));
	}
	return sequence + from;
}

void check_pattern (const struct buf *buf, size_t n)
{
	ck_assert_uint_eq (buf_len (buf), n);
	if (n)
		ck_assert_int_eq (memcmp (buf_head (buf), pattern (0, n), n), 0);
}
