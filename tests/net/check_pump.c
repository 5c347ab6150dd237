/* check_pump - the byte pump: the bytes that it reads and sends on a socket pair, the events that it waits for, and how
 * each direction ends. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/pump.h"
#include "support/check_main.h"

enum { ROOM = 1024 * 1024 };

static struct buf in, out;
static struct pump pump;
static int peer;

static void set_up (void)
{
	struct stream stream;
	int fds[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	buf_init (&in, ROOM);
	buf_init (&out, ROOM);
	pump_init (&pump, &in, &out);
	ck_assert (!pump_is_open (&pump));
	stream_unix (&stream, fds[0]);
	pump_open (&pump, &stream);
	ck_assert (pump_is_open (&pump));
	peer = fds[1];
}

static void tear_down (void)
{
	pump_close (&pump);
	pump_close (&pump); /* a second time does nothing */
	if (peer >= 0)
		close (peer);
	buf_free (&in);
	buf_free (&out);
}

static void peer_sends (const char *text)
{
	ck_assert_int_eq (write (peer, text, strlen (text)), (ssize_t)strlen (text));
}

/* Read the bytes that the peer has received: `*total` bytes came before, and byte i is i % 251. Returns whether all are
 * right. */
static bool drain_peer (size_t *total)
{
	uint8_t bytes[64 * 1024];
	bool right = true;
	ssize_t n;

	while ((n = recv (peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < n; i++)
			right &= bytes[i] == (*total)++ % 251;
	return right;
}

START_TEST (test_bytes_that_come_are_read)
{
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_NOTHING);
	ck_assert (!pump.read_blocked);
	peer_sends ("hello");
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
	ck_assert_uint_eq (buf_len (&in), 5);
	ck_assert_mem_eq (buf_head (&in), "hello", 5);
	ck_assert (!pump.full);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_NOTHING);
}
END_TEST

START_TEST (test_a_read_is_bounded)
{
	peer_sends ("0123456789");
	ck_assert_int_eq (pump_read (&pump, 4), PUMP_BYTES);
	ck_assert_uint_eq (buf_len (&in), 4);
	ck_assert (pump.full); /* and so there may be more */
	ck_assert_int_eq (pump_read (&pump, 4), PUMP_BYTES);
	ck_assert_int_eq (pump_read (&pump, 4), PUMP_BYTES);
	ck_assert_uint_eq (buf_len (&in), 10);
	ck_assert (!pump.full);
}
END_TEST

START_TEST (test_a_full_buffer_is_not_read_into)
{
	in.max = 4;
	peer_sends ("0123456789");
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
	ck_assert_uint_eq (buf_len (&in), 4);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_NOTHING);
	buf_consume (&in, 4);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
	ck_assert_mem_eq (buf_head (&in), "4567", 4);
}
END_TEST

START_TEST (test_full_reads_become_larger)
{
	static uint8_t much[PUMP_READ_LEAST * 2];

	ck_assert_int_eq (write (peer, much, sizeof much), sizeof much);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
	ck_assert_uint_eq (buf_len (&in), PUMP_READ_LEAST);
	ck_assert_uint_eq (pump.read_size, PUMP_READ_LEAST * 2);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
	ck_assert_uint_eq (buf_len (&in), sizeof much);
	ck_assert_uint_eq (pump.read_size, PUMP_READ_LEAST * 2); /* it was not full */
}
END_TEST

START_TEST (test_the_end_comes_after_the_last_bytes)
{
	peer_sends ("bye");
	ck_assert_int_eq (shutdown (peer, SHUT_WR), 0);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_ENDED);
	ck_assert_int_eq (pump.read_error, 0);
	ck_assert_int_eq (pump_wants (&pump), 0); /* a watch would fire for ever */
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_ENDED);
	/* The other direction goes on. */
	ck_assert_int_eq (buf_append (&out, "x", 1), 0);
	ck_assert_uint_eq (pump_write (&pump), 1);
}
END_TEST

START_TEST (test_partial_writes_go_on)
{
	static uint8_t much[ROOM];
	size_t sent, got = 0;
	bool right = true;

	for (size_t i = 0; i < ROOM; i++)
		much[i] = (uint8_t)(i % 251);
	ck_assert_int_eq (buf_append (&out, much, ROOM), 0);
	sent = pump_write (&pump);
	ck_assert_uint_lt (sent, ROOM);
	ck_assert (pump.write_blocked);
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE | PUMP_WRITABLE);
	while (buf_len (&out)) {
		right &= drain_peer (&got);
		sent += pump_write (&pump);
	}
	right &= drain_peer (&got);
	ck_assert (right);
	ck_assert_uint_eq (sent, ROOM);
	ck_assert_uint_eq (got, ROOM);
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE);
}
END_TEST

START_TEST (test_received_bytes_are_read_after_a_failed_write)
{
	peer_sends ("last words");
	close (peer);
	peer = -1;
	ck_assert_int_eq (buf_append (&out, "x", 1), 0);
	ck_assert_uint_eq (pump_write (&pump), 0);
	ck_assert (pump.write_failed);
	ck_assert_int_eq (pump.write_error, EPIPE);
	ck_assert_uint_eq (buf_len (&out), 0);
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE);
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
	ck_assert_mem_eq (buf_head (&in), "last words", 10);
	/* Bytes that are put later are dropped: they must not fill memory. */
	ck_assert_int_eq (buf_append (&out, "y", 1), 0);
	ck_assert_uint_eq (pump_write (&pump), 0);
	ck_assert_uint_eq (buf_len (&out), 0);
	ck_assert_int_eq (pump_end (&pump), 0);
}
END_TEST

START_TEST (test_the_peer_sees_the_end)
{
	char byte;

	ck_assert_int_eq (buf_append (&out, "z", 1), 0);
	ck_assert_uint_eq (pump_write (&pump), 1);
	ck_assert_int_eq (pump_end (&pump), 0);
	ck_assert_int_eq (read (peer, &byte, 1), 1);
	ck_assert_int_eq (read (peer, &byte, 1), 0);
	peer_sends ("still read");
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
}
END_TEST

/* --- a stream whose reads may wait for writing, as those of TLS and ssh ------------------------------------------- */

static struct {
	bool wants_write, pending;
	ssize_t answer; /* of read and write; -1 with `error` */
	int error;
	int end;
	int closed;
} fake;

static ssize_t fake_answer (void)
{
	errno = fake.error;
	return fake.answer;
}

static ssize_t fake_read (struct stream *stream, void *bytes, size_t n)
{
	(void)stream;
	if (fake.answer > 0)
		memset (bytes, 'f', n < (size_t)fake.answer ? n : (size_t)fake.answer);
	return fake_answer ();
}

static ssize_t fake_write (struct stream *stream, const void *bytes, size_t n)
{
	(void)stream;
	(void)bytes;
	(void)n;
	return fake_answer ();
}

static int fake_end (struct stream *stream)
{
	(void)stream;
	errno = EAGAIN;
	return fake.end;
}

static bool fake_pending (const struct stream *stream)
{
	(void)stream;
	return fake.pending;
}

static bool fake_wants_write (const struct stream *stream)
{
	(void)stream;
	return fake.wants_write;
}

static void fake_close (struct stream *stream)
{
	(void)stream;
	fake.closed++;
}

static const struct stream_ops fake_ops = { fake_read, fake_write, fake_end, fake_pending, fake_wants_write,
	fake_close };

/* In place of the socket. */
static void open_fake (void)
{
	struct stream stream = { .ops = &fake_ops, .in = -1, .out = -1, .in_poll = -1, .out_poll = -1 };

	pump_close (&pump);
	memset (&fake, 0, sizeof fake);
	fake.answer = -1;
	fake.error = EAGAIN;
	pump_open (&pump, &stream);
}

START_TEST (test_a_read_may_wait_for_writing)
{
	open_fake ();
	fake.wants_write = true;
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_NOTHING);
	ck_assert (pump.read_blocked);
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE | PUMP_WRITABLE);
	/* Sending does not change the events that the read waits for; reading does. */
	ck_assert_uint_eq (pump_write (&pump), 0);
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE | PUMP_WRITABLE);
	fake.wants_write = false;
	fake.answer = 3;
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_BYTES);
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE);
}
END_TEST

START_TEST (test_bytes_that_poll_does_not_show_are_pending)
{
	open_fake ();
	ck_assert (!pump_pending (&pump));
	fake.pending = true;
	ck_assert (pump_pending (&pump));
	fake.answer = 0;
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_ENDED);
	ck_assert (!pump_pending (&pump)); /* nothing comes after the end */
	pump_close (&pump);
	ck_assert (!pump_pending (&pump));
	ck_assert_int_eq (fake.closed, 1);
}
END_TEST

START_TEST (test_a_failed_read_is_an_end_with_an_errno)
{
	open_fake ();
	fake.error = EPROTO;
	fake.wants_write = true; /* which counts for EAGAIN only */
	ck_assert_int_eq (pump_read (&pump, ROOM), PUMP_ENDED);
	ck_assert_int_eq (pump.read_error, EPROTO);
	ck_assert_int_eq (pump_wants (&pump), 0);
}
END_TEST

START_TEST (test_the_end_may_wait_for_writing)
{
	open_fake ();
	fake.end = -1;
	ck_assert_int_eq (pump_end (&pump), -1);
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE | PUMP_WRITABLE);
	fake.end = 0;
	ck_assert_int_eq (pump_end (&pump), 0);
	ck_assert_int_eq (pump_wants (&pump), PUMP_READABLE);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_bytes_that_come_are_read);
	tcase_add_test (tcase, test_a_read_is_bounded);
	tcase_add_test (tcase, test_a_full_buffer_is_not_read_into);
	tcase_add_test (tcase, test_full_reads_become_larger);
	tcase_add_test (tcase, test_the_end_comes_after_the_last_bytes);
	tcase_add_test (tcase, test_partial_writes_go_on);
	tcase_add_test (tcase, test_received_bytes_are_read_after_a_failed_write);
	tcase_add_test (tcase, test_the_peer_sees_the_end);
	tcase_add_test (tcase, test_a_read_may_wait_for_writing);
	tcase_add_test (tcase, test_bytes_that_poll_does_not_show_are_pending);
	tcase_add_test (tcase, test_a_failed_read_is_an_end_with_an_errno);
	tcase_add_test (tcase, test_the_end_may_wait_for_writing);
}

CHECK_MAIN ("net/pump", add_cases)
