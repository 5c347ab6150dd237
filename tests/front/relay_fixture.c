/* relay_fixture - see relay_fixture.h. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "relay_fixture.h"
#include "support/descriptors.h"

enum { SEQUENCE = 8 * 1024 * 1024 };

static void on_moved (void *arg)
{
	((struct fixture *)arg)->moves++;
}

static int to_worker (void *arg, const void *bytes, size_t n)
{
	struct fixture *fixture = arg;

	if (fixture->refuses) {
		errno = fixture->refuses;
		return -1;
	}
	ck_assert (!fixture->ended);
	fixture->ended = n == 0;
	return n ? buf_append (&fixture->given, bytes, n) : 0;
}

void fixture_begin (struct fixture *fixture, const char *members)
{
	signal (SIGPIPE, SIG_IGN);
	memset (fixture, 0, sizeof *fixture);
	buf_init (&fixture->received, SEQUENCE);
	buf_init (&fixture->out, SEQUENCE);
	buf_init (&fixture->err, SEQUENCE);
	buf_init (&fixture->given, SEQUENCE);
	fake_begin (&fixture->fake);
	fake_send (&fixture->fake, "{\"id\":1,\"call\":\"a\"%s}", members);
	fake_answers (&fixture->fake);
	fixture->channel = fake_channel (&fixture->fake, 1);
	ck_assert_ptr_nonnull (fixture->channel);
	ck_assert_int_eq (carrier_start (&fixture->carrier), 0);
	ck_assert_int_eq (uv_loop_init (&fixture->loop), 0);
	fixture->descriptors = open_descriptors ();
	relay_init (&fixture->relay, &fixture->loop, &fixture->carrier, fixture->channel);
	fixture->relay.moved = on_moved;
	fixture->relay.to_worker = to_worker;
	fixture->relay.arg = fixture;
}

void fixture_end (struct fixture *fixture)
{
	relay_free (&fixture->relay);
	closing_give (&fixture->relay.closing, &fixture->carrier);
	while (uv_run (&fixture->loop, UV_RUN_NOWAIT))
		;
	ck_assert_int_eq (open_descriptors (), fixture->descriptors);
	fixture_until (fixture, relay_let_go (&fixture->relay));
	fixture_until (fixture, closing_done (&fixture->relay.closing, &fixture->carrier));
	carrier_end (&fixture->carrier);
	ck_assert_int_eq (uv_loop_close (&fixture->loop), 0);
	fake_end (&fixture->fake);
	buf_free (&fixture->received);
	buf_free (&fixture->out);
	buf_free (&fixture->err);
	buf_free (&fixture->given);
}

void fixture_turn (struct fixture *fixture)
{
	int moves = fixture->moves;

	uv_run (&fixture->loop, UV_RUN_NOWAIT);
	if (fixture->moves == moves)
		poll (NULL, 0, 1);
}

void fixture_receive (struct fixture *fixture, size_t n)
{
	struct session *session = &fixture->fake.session;
	const struct message *message;

	if (n > buf_len (&session->out))
		n = buf_len (&session->out);
	if (n)
		ck_assert_int_eq (buf_append (&fixture->received, buf_head (&session->out), n), 0);
	buf_consume (&session->out, n);
	while (decoder_next (&fixture->fake.decoder, &fixture->received, &message, NULL) > 0) {
		ck_assert_uint_eq (message->id, 1);
		if (message->kind == MESSAGE_CREDIT) {
			fixture->credited += message->number;
			continue;
		}
		ck_assert_int_eq (message->kind, MESSAGE_DATA);
		ck_assert_int_eq (buf_append (strcmp (message->name, "stderr") ? &fixture->out : &fixture->err,
					  message->body, message->body_len),
			0);
	}
	if (session->wants_room && buf_len (&session->out) < SESSION_OUT_FULL) {
		session->wants_room = false;
		relay_go (&fixture->relay);
	}
}

static void unblock (int fd)
{
	ck_assert_int_eq (fcntl (fd, F_SETFL, O_NONBLOCK), 0);
}

int fixture_outlet (struct fixture *fixture, const char *name)
{
	int ends[2];

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	unblock (ends[1]);
	ck_assert_int_eq (relay_add_outlet (&fixture->relay, name, strlen (name), FD_PIPE, ends[0]), 0);
	return ends[1];
}

int fixture_sink (struct fixture *fixture)
{
	int ends[2];

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	unblock (ends[0]);
	ck_assert_int_eq (relay_set_sink (&fixture->relay, FD_PIPE, ends[1]), 0);
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
