/* check_connection - one client: bytes in pieces, malformed messages, clients that disconnect, that do not read, that
 * are slow, or that have to wait for memory; the end of a connection, and connections that cannot be made. The client
 * is the test, at the other end of a socket. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "front/connection.h"
#include "front/job_call.h"
#include "front/schedule.h"
#include "front/turn.h"
#include "front_alone.h"
#include "support/check_main.h"
#include "support/descriptors.h"
#include "support/fail_alloc.h"
#include "wire/message.h"

enum { STRANGER = 4000000000u, OTHER_STRANGER = 4000000001u, MIB = 1024 * 1024 };

static struct front_alone alone;
static struct front *const front = &alone.front;

/* The supervisor is asked for a worker for the first call. */
static void expect_worker_request (void)
{
	alone_until (&alone, !list_empty (&front->requests));
	alone_expect (&alone, REC_WORKER, 1);
}

/* --- the client -------------------------------------------------------------------------------------------------- */

struct far {
	int fd;
	struct connection *connection;
	struct buf in;
	struct decoder decoder;
	size_t got; /* bytes */
	bool ended; /* the front has ended the stream */
};

/* A client of that uid. `buffer`: the size of the buffer for what the front sends; 0: the usual one. */
static void far_open (struct far *far, uid_t uid, int buffer)
{
	struct gate_client who = { .identity = access_uid (&front->gate.access, uid) };
	struct stream stream;
	int fds[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	if (buffer)
		ck_assert_int_eq (setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer), 0);
	*far = (struct far){ .fd = fds[1] };
	buf_init (&far->in, 2 * MESSAGE_MAX);
	decoder_init (&far->decoder, FROM_SERVER);
	stream_unix (&stream, fds[0]);
	ck_assert_ptr_nonnull (far->connection = connection_start (front, &stream, &who));
}

static void far_close (struct far *far)
{
	fd_close (&far->fd);
	buf_free (&far->in);
	decoder_free (&far->decoder);
}

/* The client goes, and the front notices. */
static void far_disconnect (struct far *far)
{
	int closed = alone.closed;

	far_close (far);
	alone_until (&alone, alone.closed > closed);
}

/* Turns the loop while the front does not take the bytes. */
static void far_bytes (struct far *far, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t sent = send (far->fd, p, n, MSG_NOSIGNAL);

		if (sent < 0) {
			ck_assert_int_eq (errno, EAGAIN);
			alone_turn (&alone);
			continue;
		}
		p += sent;
		n -= (size_t)sent;
	}
}

static void far_send (struct far *far, const char *header)
{
	uint32_t length = (uint32_t)strlen (header);
	uint8_t prefix[4] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
		(uint8_t)length };

	far_bytes (far, prefix, sizeof prefix);
	far_bytes (far, header, length);
}

/* The next message; NULL: the front has ended the stream. */
static const struct message *far_receive (struct far *far)
{
	const struct message *message;
	struct err err;

	for (;;) {
		int got = decoder_next (&far->decoder, &far->in, &message, &err);
		uint8_t *space;
		ssize_t n;

		ck_assert_int_ge (got, 0);
		if (got > 0)
			return message;
		if (far->ended)
			return NULL;
		ck_assert_ptr_nonnull (space = buf_reserve (&far->in, 65536));
		n = recv (far->fd, space, 65536, 0);
		if (n < 0)
			ck_assert_int_eq (errno, EAGAIN);
		if (n > 0) {
			buf_commit (&far->in, (size_t)n);
			far->got += (size_t)n;
		}
		far->ended = n == 0;
		if (n < 0)
			alone_turn (&alone);
	}
}

static const struct message *far_expect (struct far *far, enum message_kind kind)
{
	const struct message *message = far_receive (far);

	ck_assert_ptr_nonnull (message);
	ck_assert_int_eq (message->kind, kind);
	return message;
}

static void far_open_greeted (struct far *far, uid_t uid)
{
	far_open (far, uid, 0);
	far_expect (far, MESSAGE_HELLO);
}

/* An error without an id, then the end of the stream. */
static void far_expect_end (struct far *far, const char *code)
{
	const struct message *message = far_expect (far, MESSAGE_ERROR);

	ck_assert_uint_eq (message->id, 0);
	ck_assert_str_eq (
		json_string_value (json_object_get (json_object_get (message->header, "error"), "code")), code);
	ck_assert_ptr_null (far_receive (far));
}

static void expect_pong (struct far *far, int64_t number)
{
	ck_assert_int_eq (far_expect (far, MESSAGE_PONG)->number, number);
}

/* --- messages ---------------------------------------------------------------------------------------------------- */

START_TEST (hello_comes_first)
{
	const struct message *hello;
	struct far far;

	alone_begin (&alone, "limits: {calls: 7}\n");
	far_open (&far, geteuid (), 0);
	hello = far_expect (&far, MESSAGE_HELLO);
	ck_assert_str_eq (json_string_value (json_object_get (hello->header, "host")), "web1");
	ck_assert_str_eq (
		json_string_value (json_object_get (hello->header, "you")), far.connection->client.identity->name);
	ck_assert_int_eq (json_integer_value (json_object_get (json_object_get (hello->header, "limits"), "calls")), 7);
	ck_assert_int_eq (front->gate.n_connections, 1);
	ck_assert_int_eq (
		far.connection->peer, far.connection->pump.stream.in); /* the socket proves the uid of the client */
	far_disconnect (&far);
	ck_assert_int_eq (front->gate.n_connections, 0);
	alone_end (&alone);
}
END_TEST

START_TEST (a_message_comes_in_pieces)
{
	static const char ping[] = "\0\0\0\x0a{\"ping\":7}";
	struct far far;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	for (size_t i = 0; i < sizeof ping - 1; i++) {
		far_bytes (&far, ping + i, 1);
		alone_turn (&alone);
	}
	expect_pong (&far, 7);
	far_disconnect (&far);
	ck_assert_uint_eq (front->counts.bytes_in, sizeof ping - 1);
	alone_end (&alone);
}
END_TEST

/* Thousands in one piece: all are answered, in their order. */
START_TEST (many_messages_come_at_once)
{
	enum { MANY = 3000 };
	static char bytes[MANY * 32];
	struct far far;
	size_t n = 0;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	for (int i = 0; i < MANY; i++)
		n += (size_t)sprintf (
			bytes + n, "%c%c%c%c{\"ping\":%d}", 0, 0, 0, snprintf (NULL, 0, "{\"ping\":%d}", i), i);
	far_bytes (&far, bytes, n);
	for (int i = 0; i < MANY; i++)
		expect_pong (&far, i);
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

/* The socket takes a part of each answer only. Nothing is lost, and nothing comes twice. */
START_TEST (a_client_reads_slowly)
{
	enum { CALLS = 60 };
	struct far far;
	char header[64];
	int n = 0;

	alone_begin (&alone, "");
	far_open (&far, geteuid (), 1);
	far_expect (&far, MESSAGE_HELLO);
	for (int i = 1; i <= CALLS; i++) {
		snprintf (header, sizeof header, "{\"id\":%d,\"call\":\"plugins\"}", i);
		far_send (&far, header);
	}
	while (far.connection->session.last_id < CALLS)
		alone_turn (&alone);
	ck_assert_uint_gt (buf_len (&far.connection->session.out), 0); /* it waits for the client */
	while (n < CALLS) {
		const struct message *message = far_receive (&far);

		ck_assert_ptr_nonnull (message);
		ck_assert_uint_eq (message->id, n + 1);
		if (message->kind == MESSAGE_DATA) {
			json_t *json = json_loadb ((const char *)message->body, message->body_len, 0, NULL);

			ck_assert_ptr_nonnull (json);
			json_decref (json);
		}
		n += message->kind == MESSAGE_DONE;
	}
	ck_assert_uint_eq (buf_len (&far.connection->session.out), 0);
	ck_assert_uint_eq (front->counts.bytes_out, far.got);
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

/* --- the end ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *bytes;
	size_t n;
	const char *code;
} junk[] = {
	{ "GET / HTTP/1.1\r\n\r\n", 18, "too_large" },
	{ "\0\0\0\0", 4, "bad_message" },
	{ "\0\0\0\x02[]", 6, "bad_message" },
	{ "\0\0\0\x02{}", 6, "bad_message" },
	{ "\0\0\0\x0b{\"remex\":1}", 15, "bad_message" },
};

/* The client can read the reason before the stream ends. Further bytes of the client are dropped. */
START_TEST (a_malformed_message)
{
	static char much[MIB];
	struct far far;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	far_bytes (&far, junk[_i].bytes, junk[_i].n);
	far_expect_end (&far, junk[_i].code);
	ck_assert_int_eq (alone.closed, 0);
	ck_assert (far.connection->ending);
	far_bytes (&far, much, sizeof much);
	ck_assert_uint_eq (buf_len (&far.connection->session.in), 0);
	ck_assert_int_eq (alone.closed, 0);
	far_disconnect (&far);
	ck_assert_int_eq (alone.closed, 1);
	alone_end (&alone);
}
END_TEST

/* A client that has read the reason and stays is not waited for. */
START_TEST (a_client_that_does_not_close)
{
	struct far far;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	far_bytes (&far, "\0\0\0\0", 4);
	far_expect_end (&far, "bad_message");
	ck_assert (far.connection->shut);
	alone_until (&alone, alone.closed);
	far_close (&far);
	alone_end (&alone);
}
END_TEST

/* 0: it closes, 1: it ends its sending side, 2: it closes within a message, 3: with answers that it has not read. */
START_TEST (a_client_goes)
{
	struct far far;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	far_send (&far, "{\"id\":1,\"call\":\"words.count\",\"args\":{\"text\":\"t\"}}");
	alone_until (&alone, !list_empty (&front->requests));
	if (_i == 2)
		far_bytes (&far, "\0\0\0\x20{", 5);
	if (_i == 3) {
		far_send (&far, "{\"ping\":1}");
		alone_until (&alone, poll (&(struct pollfd){ .fd = far.fd, .events = POLLIN }, 1, 0) == 1);
	}
	if (_i == 1)
		ck_assert_int_eq (shutdown (far.fd, SHUT_WR), 0);
	else
		fd_close (&far.fd);
	alone_until (&alone, alone.closed);
	ck_assert (list_empty (&front->requests)); /* it was not run */
	ck_assert_int_eq (front->queue.length, 0);
	far_close (&far);
	alone_end (&alone);
}
END_TEST

/* The client closes with bytes that it has not read, which is an error of the stream, while the connections of its
 * identity have used their time in this pass of the loop. */
START_TEST (a_client_goes_when_it_is_not_read)
{
	struct identity *identity;
	struct far far;

	alone_begin (&alone, "");
	far_open (&far, geteuid (), 0); /* it does not read the hello */
	alone_turn (&alone);
	identity = far.connection->client.identity;
	identity->turn.pass = front->pass + 1;
	identity->turn.round = 1;
	identity->turn.spent_ns = TURN_NS;
	fd_close (&far.fd);
	alone_turn (&alone);
	ck_assert_int_eq (alone.closed, 0);
	ck_assert (identity->turn.left);
	alone_until (&alone, alone.closed);
	far_close (&far);
	alone_end (&alone);
}
END_TEST

/* Connections take the descriptors of workers: a call that waits for one gets it when a client goes. */
START_TEST (a_client_that_goes_makes_room_for_a_worker)
{
	struct far far, idle[FRONT_WORKER_FDS];
	int64_t most; /* descriptors, besides those of calls about jobs */

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	for (int i = 0; i < FRONT_WORKER_FDS; i++)
		far_open_greeted (&idle[i], geteuid ());
	most = FRONT_OWN_FDS + gate_descriptors (&front->gate) + 2 * FRONT_WORKER_FDS - 1;
	for (front->max_fds = most; front->max_fds - job_calls_most (front) < most; front->max_fds++)
		;
	far_send (&far, "{\"id\":1,\"call\":\"words.count\",\"args\":{\"text\":\"t\"}}");
	expect_worker_request ();
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	alone_worker_expect (&alone, 1, REC_CALL, 1);
	far_send (&far, "{\"id\":2,\"call\":\"words.count\",\"args\":{\"text\":\"t\"}}");
	alone_until (&alone, front->queue.length);
	alone_expect_nothing (&alone);
	far_disconnect (&idle[0]);
	alone_expect (&alone, REC_WORKER, 2);
	alone_refuse_worker (&alone, 2, ENOMEM);
	for (int i = 1; i < FRONT_WORKER_FDS; i++)
		far_disconnect (&idle[i]);
	alone_complete (&alone, 1, 1);
	alone_until (&alone, list_empty (&front->requests));
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

START_TEST (a_client_is_refused)
{
	struct far far;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	connection_refuse (far.connection, CODE_DENIED, "you may not");
	connection_refuse (far.connection, CODE_BUSY, "and it is too late"); /* it has been told already */
	ck_assert_uint_eq (front->counts.errors[CODE_DENIED], 1);
	ck_assert_uint_eq (front->counts.errors[CODE_BUSY], 0);
	far_expect_end (&far, "denied");
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

/* The calls of a client that is refused are stopped, and not answered. */
START_TEST (a_client_with_calls_is_refused)
{
	struct far far;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	far_send (&far, "{\"id\":1,\"call\":\"words.count\",\"args\":{\"text\":\"t\"}}");
	expect_worker_request ();
	connection_refuse (far.connection, CODE_DENIED, "you may not");
	ck_assert (list_empty (&front->requests));
	far_expect_end (&far, "denied");
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

/* The reason waits behind answers that the client does not take: it has five seconds for that. */
START_TEST (a_client_that_does_not_take_the_reason)
{
	struct far far;
	char header[64];

	alone_begin (&alone, "");
	far_open (&far, geteuid (), 1);
	for (int i = 1; i <= 60; i++) {
		snprintf (header, sizeof header, "{\"id\":%d,\"call\":\"plugins\"}", i);
		far_send (&far, header);
	}
	alone_until (&alone, far.connection->session.last_id == 60);
	connection_refuse (far.connection, CODE_DENIED, "you may not");
	ck_assert (far.connection->ending && !far.connection->shut);
	ck_assert_int_gt (far.connection->end_ms, 0);
	ck_assert_int_le (far.connection->end_ms, clock_ms () + 5000);
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

START_TEST (an_idle_client_leaves_a_draining_front)
{
	struct far far;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	connection_leave (far.connection);
	ck_assert_ptr_null (far_receive (&far));
	connection_leave (far.connection); /* twice */
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

/* It gets the answer of the call that runs, and then the end. */
START_TEST (a_busy_client_leaves_a_draining_front)
{
	struct far far;

	alone_begin (&alone, "");
	far_open_greeted (&far, geteuid ());
	far_send (&far, "{\"id\":1,\"call\":\"words.count\",\"args\":{\"text\":\"t\"}}");
	expect_worker_request ();
	connection_leave (far.connection);
	alone_turn (&alone);
	ck_assert (!far.connection->ending);
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	alone_complete (&alone, 1, 1);
	far_expect (&far, MESSAGE_DONE);
	ck_assert_ptr_null (far_receive (&far));
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

/* --- memory ------------------------------------------------------------------------------------------------------ */

#define LITTLE "limits: {memory: 8MiB}\n"

static struct identity *hog;

/* Another identity uses all the memory that all but the administrators may have together. */
static void take_memory (void)
{
	hog = access_uid (&front->gate.access, OTHER_STRANGER);
	budget_charge (&front->budget, hog, front->budget.max / 4 * 3);
}

static void give_memory (void)
{
	budget_give (&front->budget, hog, front->budget.max / 4 * 3);
	identity_release (hog);
}

/* A call that has to be counted, as bytes. The first four say how large it is. */
static char large[500000];

static void make_large (void)
{
	static const char start[] = "\0\x07\xa1\x1c{\"id\":1,\"call\":\"words.count\",\"args\":{\"text\":\"",
			  end[] = "\"}}";

	memset (large, 'x', sizeof large);
	memcpy (large, start, sizeof start - 1);
	memcpy (large + sizeof large - (sizeof end - 1), end, sizeof end - 1);
}

/* The client sends its first bytes, and waits. */
static void wait_for_memory (struct far *far)
{
	make_large ();
	far_bytes (far, large, 100);
	alone_until (&alone, list_linked (&far->connection->park));
}

START_TEST (a_large_message_waits_for_memory)
{
	struct far far;
	size_t sent = 100;

	alone_begin (&alone, LITTLE);
	far_open_greeted (&far, STRANGER);
	take_memory ();
	wait_for_memory (&far);
	while (send (far.fd, large + sent, 1000, MSG_NOSIGNAL) == 1000)
		sent += 1000;
	for (int i = 0; i < 20; i++)
		alone_turn (&alone);
	ck_assert_uint_eq (buf_len (&far.connection->session.in), 100); /* it is not read, */
	ck_assert_uint_eq (far.connection->reserved, 0);
	ck_assert_int_eq (front->queue.length, 0);
	ck_assert (far.connection->session.held); /* the missing rest is not the fault of the client */
	give_memory ();
	alone_until (&alone, !list_linked (&far.connection->park));
	ck_assert (!far.connection->session.held);
	ck_assert_uint_eq (far.connection->reserved, sizeof large + MESSAGE_CALL_BODY_MAX); /* it may have a body */
	far_bytes (&far, large + sent, sizeof large - sent); /* and now it is */
	alone_until (&alone, front->queue.length == 1);
	ck_assert_uint_eq (far.connection->reserved, 0);
	far_disconnect (&far);
	alone_end (&alone);
}
END_TEST

/* Others are served in the meantime: those who send little, and the administrators. */
START_TEST (others_do_not_wait)
{
	struct far waiting, small, root;

	alone_begin (&alone, LITTLE);
	far_open_greeted (&waiting, STRANGER);
	far_open_greeted (&small, STRANGER);
	far_open_greeted (&root, geteuid ());
	take_memory ();
	wait_for_memory (&waiting);
	/* A small message is not counted, so that it comes though its identity has no memory left at all. */
	budget_charge (&front->budget, small.connection->client.identity, front->budget.max / BUDGET_OWN);
	far_bytes (&small, "\0\0\0\x0a{\"pi", 8);
	alone_until (&alone, buf_len (&small.connection->session.in) == 8);
	ck_assert (!list_linked (&small.connection->park));
	far_bytes (&small, "ng\":1}", 6);
	expect_pong (&small, 1);
	budget_give (&front->budget, small.connection->client.identity, front->budget.max / BUDGET_OWN);
	far_bytes (&root, large, sizeof large);
	alone_until (&alone, front->queue.length == 1);
	ck_assert (list_linked (&waiting.connection->park));
	give_memory ();
	far_disconnect (&waiting);
	far_disconnect (&small);
	far_disconnect (&root);
	alone_end (&alone);
}
END_TEST

/* A client that waits for memory is not read, but it is noticed when it goes. */
START_TEST (a_client_goes_while_it_waits)
{
	struct far far;

	alone_begin (&alone, LITTLE);
	far_open_greeted (&far, STRANGER);
	take_memory ();
	wait_for_memory (&far);
	far_disconnect (&far);
	ck_assert (list_empty (&front->parked));
	give_memory ();
	alone_end (&alone);
}
END_TEST

/* Memory is short, and a client makes answers that it does not read: its connection is closed at once. */
START_TEST (a_client_that_does_not_read)
{
	struct far far;

	alone_begin (&alone, LITTLE);
	far_open_greeted (&far, STRANGER);
	take_memory ();
	while (!alone.closed) {
		if (send (far.fd, "\0\0\0\x0a{\"ping\":7}", 14, MSG_NOSIGNAL) < 0 && errno == EPIPE)
			break;
		alone_turn (&alone);
	}
	alone_until (&alone, alone.closed);
	ck_assert_uint_eq (front->counts.stalled, 1);
	far_close (&far);
	give_memory ();
	alone_end (&alone);
}
END_TEST

/* --- other streams ----------------------------------------------------------------------------------------------- */

/* Regular files (--stdio) are always ready, and cannot be watched. */
START_TEST (files_are_a_stream)
{
	static const char ping[] = "\0\0\0\x0a{\"ping\":7}";
	struct gate_client who;
	struct stream stream;
	struct far far = { .fd = -1 };
	struct connection *connection;
	int in, out;

	alone_begin (&alone, "");
	in = memfd_create ("in", MFD_CLOEXEC);
	out = memfd_create ("out", MFD_CLOEXEC);
	far.fd = fcntl (out, F_DUPFD_CLOEXEC, 3);
	buf_init (&far.in, MIB);
	decoder_init (&far.decoder, FROM_SERVER);
	ck_assert_int_eq (pwrite (in, ping, sizeof ping - 1, 0), sizeof ping - 1);
	ck_assert_int_eq (stream_shared (&stream, in, out), 0);
	who = (struct gate_client){ .identity = access_uid (&front->gate.access, geteuid ()) };
	ck_assert_ptr_nonnull (connection = connection_start (front, &stream, &who));
	ck_assert_int_eq (connection->peer, -1); /* files prove nothing */
	alone_until (&alone, alone.closed);
	ck_assert_int_gt (pread (far.fd, buf_reserve (&far.in, 4096), 4096, 0), 0);
	buf_commit (&far.in, (size_t)lseek (far.fd, 0, SEEK_END));
	far.ended = true;
	far_expect (&far, MESSAGE_HELLO);
	expect_pong (&far, 7);
	ck_assert_ptr_null (far_receive (&far));
	far_close (&far);
	alone_end (&alone);
}
END_TEST

/* --- no connection ----------------------------------------------------------------------------------------------- */

static const int shortages[] = { 1, 3 }; /* the number of the allocation */

/* No memory for the connection (0) or for its watch (1): the stream is closed, and nothing is counted. */
START_TEST (a_connection_that_cannot_be_made)
{
	struct connection *connection;
	struct gate_client who;
	struct stream stream;
	int fds[2], before;
	char byte;

	alone_begin (&alone, "");
	who = (struct gate_client){ .identity = access_uid (&front->gate.access, STRANGER) };
	before = open_descriptors ();
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	stream_unix (&stream, fds[0]);
	fail_alloc = shortages[_i];
	connection = connection_start (front, &stream, &who);
	ck_assert_int_eq (fail_alloc, 0);
	ck_assert_ptr_null (connection);
	ck_assert_int_eq (recv (fds[1], &byte, 1, 0), 0);
	close (fds[1]);
	ck_assert_int_eq (open_descriptors (), before);
	ck_assert (list_empty (&front->gate.access.identities));
	ck_assert_int_eq (front->gate.n_connections, 0);
	alone_end (&alone);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, hello_comes_first);
	tcase_add_test (tcase, a_message_comes_in_pieces);
	tcase_add_test (tcase, many_messages_come_at_once);
	tcase_add_test (tcase, a_client_reads_slowly);
	tcase_add_loop_test (tcase, a_malformed_message, 0, (int)(sizeof junk / sizeof *junk));
	tcase_add_test (tcase, a_client_that_does_not_close);
	tcase_add_loop_test (tcase, a_client_goes, 0, 4);
	tcase_add_test (tcase, a_client_goes_when_it_is_not_read);
	tcase_add_test (tcase, a_client_that_goes_makes_room_for_a_worker);
	tcase_add_test (tcase, a_client_is_refused);
	tcase_add_test (tcase, a_client_with_calls_is_refused);
	tcase_add_test (tcase, a_client_that_does_not_take_the_reason);
	tcase_add_test (tcase, an_idle_client_leaves_a_draining_front);
	tcase_add_test (tcase, a_busy_client_leaves_a_draining_front);
	tcase_add_test (tcase, a_large_message_waits_for_memory);
	tcase_add_test (tcase, others_do_not_wait);
	tcase_add_test (tcase, a_client_goes_while_it_waits);
	tcase_add_test (tcase, a_client_that_does_not_read);
	tcase_add_test (tcase, files_are_a_stream);
	tcase_add_loop_test (tcase, a_connection_that_cannot_be_made, 0, 2);
}

CHECK_MAIN ("connection", add_cases)
