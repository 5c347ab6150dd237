/* check_tls - TLS between two ends that accept each other: every byte arrives, an end differs from a cut, and altered
 * bytes are never delivered.
 */
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/check_main.h"
#include "tls_pair.h"

static int pipes_broken;

static void on_sigpipe (int number)
{
	(void)number;
	pipes_broken++;
}

static void set_up (void)
{
	signal (SIGPIPE, on_sigpipe);
}

static void tear_down (void)
{
	ck_assert_int_eq (pipes_broken, 0);
}

START_TEST (test_meet)
{
	struct pair pair;
	char *pem;

	pair_open (&pair, _i ? OVER_TCP : OVER_UNIX, 0);
	ck_assert_ptr_null (tls_peer_key (pair.server.tls));
	ck_assert_ptr_null (tls_peer_certificate (pair.client.tls));
	ck_assert (pair_meet (&pair));
	ck_assert (key_equal (tls_peer_key (pair.server.tls), credential_key (pair.client.credential)));
	ck_assert (key_equal (tls_peer_key (pair.client.tls), credential_key (pair.server.credential)));
	ck_assert (key_equal (&pair.server.verdict.key, credential_key (pair.client.credential)));
	ck_assert_int_eq (pair.server.verdict.asked, 1);
	ck_assert_int_eq (pair.client.verdict.asked, 1);
	ck_assert_str_eq (tls_why (pair.server.tls), "");
	ck_assert_int_eq (tls_alert_received (pair.client.tls), TLS_ALERT_NONE);
	ck_assert_ptr_nonnull (pem = tls_peer_certificate (pair.client.tls));
	ck_assert_int_eq (strncmp (pem, "-----BEGIN CERTIFICATE-----\n", 28), 0);
	free (pem);
	pair_free (&pair);
}
END_TEST

/* Neither the context nor the credential need live as long as the connection. */
START_TEST (test_lifetimes)
{
	struct pair pair;

	pair_open (&pair, OVER_UNIX, 0);
	credential_free (pair.server.credential);
	pair.server.credential = NULL;
	tls_context_free (pair.server.context);
	pair.server.context = NULL;
	ck_assert (pair_meet (&pair));
	pair_free (&pair);
	tls_free (NULL);
	tls_context_free (NULL);
}
END_TEST

/* Bytes that the socket has not taken must be offered again; offering fewer is detected as an error. */
START_TEST (test_again)
{
	static char bytes[30000];
	struct pair pair;
	ssize_t done;

	pair_open (&pair, OVER_UNIX, 4096);
	ck_assert (pair_meet (&pair));
	while ((done = tls_write (pair.server.tls, bytes, 20000)) > 0)
		;
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_eq (tls_write (pair.server.tls, bytes, 100), -1);
	ck_assert_int_eq (errno, EINVAL);
	ck_assert_int_eq (tls_write (pair.server.tls, bytes, 30000), -1);
	ck_assert_int_eq (errno, EAGAIN);
	pair_free (&pair);
}
END_TEST

START_TEST (test_not_yet)
{
	struct pair pair;
	char byte;

	pair_open (&pair, OVER_UNIX, 0);
	ck_assert_int_eq (tls_handshake (pair.server.tls), 0);
	ck_assert (!tls_wants_write (pair.server.tls));
	ck_assert_int_eq (tls_read (pair.server.tls, &byte, 1), -1);
	ck_assert_int_eq (errno, ENOTCONN);
	ck_assert_int_eq (tls_write (pair.server.tls, "x", 1), -1);
	ck_assert_int_eq (errno, ENOTCONN);
	ck_assert_int_eq (tls_end (pair.server.tls), 0);
	ck_assert (pair_meet (&pair));
	pair_free (&pair);
}
END_TEST

/* --- bytes ------------------------------------------------------------------------------------------------------- */

enum { PIECE = 100000 };
static size_t many = 10 * 1024 * 1024;

static uint8_t byte_at (size_t offset, int salt)
{
	uint64_t x = (offset / 8 + (size_t)salt) * 0x9E3779B97F4A7C15u;

	return (uint8_t)(x >> (offset % 8 * 8));
}

struct flow {
	struct tls *from, *to;
	size_t sent, received;
	int salt;
};

/* Write some, read some, in pieces of irregular sizes. */
static void go_on (struct flow *flow, size_t size)
{
	static uint8_t bytes[PIECE];
	size_t n = size < many - flow->sent ? size : many - flow->sent;
	ssize_t done;

	for (size_t i = 0; i < n; i++)
		bytes[i] = byte_at (flow->sent + i, flow->salt);
	if (n && (done = tls_write (flow->from, bytes, n)) > 0)
		flow->sent += (size_t)done;
	else if (n && errno != EAGAIN)
		ck_abort_msg ("%zu sent: %s: %s", flow->sent, strerror (errno), tls_why (flow->from));
	while ((done = tls_read (flow->to, bytes, 1 + (flow->received + size) * 7919 % PIECE)) > 0)
		for (ssize_t i = 0; i < done; i++, flow->received++)
			if (bytes[i] != byte_at (flow->received, flow->salt)) /* ck_assert writes a file each time */
				ck_abort_msg ("byte %zu is wrong", flow->received);
	ck_assert_int_eq (done, -1);
	ck_assert_int_eq (errno, EAGAIN);
}

START_TEST (test_bytes)
{
	struct pair pair;
	struct flow up, down;

	pair_open (&pair, _i & 1 ? OVER_TCP : OVER_UNIX, _i & 2 ? 4096 : 0);
	ck_assert (pair_meet (&pair));
	if (_i == 3) /* TCP waits for its delayed acknowledgements all the time */
		many = 128 * 1024;
	up = (struct flow){ pair.client.tls, pair.server.tls, 0, 0, 1 };
	down = (struct flow){ pair.server.tls, pair.client.tls, 0, 0, 2 };
	for (size_t turn = 1; up.received < many || down.received < many; turn++) {
		go_on (&up, turn % 3 ? PIECE : PIECE - turn % 2);
		go_on (&down, PIECE);
		no_errors_left ();
	}
	ck_assert_uint_eq (up.sent, many);
	ck_assert_uint_eq (down.received, many);
	pair_free (&pair);
}
END_TEST

/* A handshake, a message and an end that arrive one byte at a time. */
START_TEST (test_dribble)
{
	struct pair pair;
	struct end *server = &pair.server, *client = &pair.client;
	int fds[2], other[2], results[2] = { 0 };
	char bytes[16];
	ssize_t got = -1;

	sockets (OVER_UNIX, 0, fds);
	sockets (OVER_UNIX, 0, other);
	end_open (server, TLS_SERVER, true, fds[0]);
	end_open (client, TLS_CLIENT, true, other[0]);
	for (int said = 0; got < 0;) {
		if (!results[0])
			results[0] = tls_handshake (server->tls);
		if (!results[1])
			results[1] = tls_handshake (client->tls);
		ck_assert_int_ge (results[0], 0);
		ck_assert_int_ge (results[1], 0);
		if (results[0] && results[1] && !said++) {
			ck_assert_int_eq (tls_write (server->tls, "hello", 5), 5);
			ck_assert_int_eq (tls_end (server->tls), 0);
		}
		if (read (fds[1], bytes, 1) == 1)
			ck_assert_int_eq (write (other[1], bytes, 1), 1);
		if (read (other[1], bytes, 1) == 1)
			ck_assert_int_eq (write (fds[1], bytes, 1), 1);
		if (said)
			got = tls_read (client->tls, bytes, sizeof bytes);
	}
	ck_assert_int_eq (got, 5);
	ck_assert_int_eq (memcmp (bytes, "hello", 5), 0);
	close (fds[1]);
	close (other[1]);
	pair_free (&pair);
}
END_TEST

/* --- pending ----------------------------------------------------------------------------------------------------- */

static bool readable (int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll (&one, 1, 0) > 0;
}

/* Bytes left inside are reported, because the socket does not show them. */
START_TEST (test_pending)
{
	static char bytes[20000];
	struct pair pair;

	pair_open (&pair, OVER_UNIX, 0);
	ck_assert (pair_meet (&pair));
	ck_assert (!tls_pending (pair.server.tls));
	ck_assert_int_eq (tls_write (pair.client.tls, bytes, 1000), 1000);
	ck_assert_int_eq (read_soon (&pair.server, bytes, 400), 400);
	ck_assert (tls_pending (pair.server.tls) && !readable (pair.server.fd));
	ck_assert_int_eq (tls_read (pair.server.tls, bytes, 600), 600);
	ck_assert (!tls_pending (pair.server.tls));
	ck_assert_int_eq (tls_read (pair.server.tls, bytes, 600), -1);
	ck_assert_int_eq (errno, EAGAIN);

	/* The end comes with the bytes, but is reported after them. */
	ck_assert_int_eq (tls_write (pair.client.tls, bytes, 20000), 20000);
	ck_assert_int_eq (tls_end (pair.client.tls), 0);
	ck_assert_int_eq (read_soon (&pair.server, bytes, 20000), 20000);
	ck_assert (tls_pending (pair.server.tls) || readable (pair.server.fd));
	ck_assert_int_eq (tls_read (pair.server.tls, bytes, 1), 0);
	ck_assert (!tls_pending (pair.server.tls));
	ck_assert_int_eq (tls_read (pair.server.tls, bytes, 1), 0);
	pair_free (&pair);
}
END_TEST

/* A client that does not wait for the server's bytes: its own come with the last of the handshake. */
START_TEST (test_pending_at_once)
{
	struct pair pair;
	char bytes[8];

	pair_open (&pair, OVER_UNIX, 0);
	ck_assert_int_eq (tls_handshake (pair.client.tls), 0);
	ck_assert_int_eq (tls_handshake (pair.server.tls), 0);
	ck_assert_int_eq (tls_handshake (pair.client.tls), 1);
	ck_assert_int_eq (tls_write (pair.client.tls, "early", 5), 5);
	ck_assert_int_eq (tls_handshake (pair.server.tls), 1);
	ck_assert (tls_pending (pair.server.tls) || readable (pair.server.fd));
	ck_assert_int_eq (tls_read (pair.server.tls, bytes, sizeof bytes), 5);
	pair_free (&pair);
}
END_TEST

/* --- ends -------------------------------------------------------------------------------------------------------- */

/* An end that has sent its end can still receive. */
START_TEST (test_end)
{
	struct pair pair;
	char byte;

	pair_open (&pair, _i ? OVER_TCP : OVER_UNIX, 0);
	ck_assert (pair_meet (&pair));
	ck_assert_int_eq (tls_end (pair.server.tls), 0);
	ck_assert_int_eq (tls_end (pair.server.tls), 0);
	ck_assert_int_eq (read_soon (&pair.client, &byte, 1), 0);
	ck_assert_str_eq (tls_why (pair.client.tls), "");
	ck_assert_int_eq (tls_write (pair.client.tls, "y", 1), 1);
	ck_assert_int_eq (read_soon (&pair.server, &byte, 1), 1);
	ck_assert_int_eq (tls_end (pair.client.tls), 0);
	ck_assert_int_eq (read_soon (&pair.server, &byte, 1), 0);
	pair_free (&pair);
}
END_TEST

START_TEST (test_cut)
{
	struct pair pair;
	char bytes[8];

	pair_open (&pair, _i ? OVER_TCP : OVER_UNIX, 0);
	ck_assert (pair_meet (&pair));
	ck_assert_int_eq (tls_write (pair.server.tls, "last", 4), 4);
	shutdown (pair.server.fd, SHUT_WR);
	ck_assert_int_eq (read_soon (&pair.client, bytes, 4), 4);
	ck_assert_int_eq (read_soon (&pair.client, bytes, 4), -1);
	ck_assert_int_eq (errno, ECONNRESET);
	ck_assert_str_eq (tls_why (pair.client.tls), "the connection was cut");
	ck_assert_int_eq (tls_read (pair.client.tls, bytes, 4), -1);
	ck_assert_int_eq (errno, ECONNRESET);
	ck_assert_int_eq (tls_write (pair.client.tls, bytes, 4), -1);
	ck_assert_int_eq (errno, ECONNRESET);
	pair_free (&pair);
}
END_TEST

/* The reader is gone: an error, no signal. */
START_TEST (test_writing_to_nobody)
{
	static char bytes[100000];
	struct pair pair;
	ssize_t done;

	pair_open (&pair, _i ? OVER_TCP : OVER_UNIX, 0);
	ck_assert (pair_meet (&pair));
	fd_close (&pair.client.fd);
	do
		done = tls_write (pair.server.tls, bytes, sizeof bytes);
	while (done > 0 || errno == EAGAIN);
	ck_assert_int_eq (done, -1);
	ck_assert_msg (errno == EPIPE || errno == ECONNRESET, "%s", strerror (errno));
	pair_free (&pair);
}
END_TEST

/* A full socket takes the end later. */
START_TEST (test_end_later)
{
	static char bytes[65536];
	struct pair pair;
	size_t sent = 0, received = 0;
	ssize_t done;
	int result;

	pair_open (&pair, OVER_UNIX, 4096);
	ck_assert (pair_meet (&pair));
	while ((done = tls_write (pair.server.tls, bytes, 100)) > 0)
		sent += (size_t)done;
	ck_assert_int_eq (errno, EAGAIN);
	for (;;) { /* as the front does: first the unsent bytes, then the end */
		if (done < 0 && (done = tls_write (pair.server.tls, bytes, 100)) > 0)
			sent += (size_t)done;
		if (done > 0 && (result = tls_end (pair.server.tls)) == 0)
			break;
		ck_assert_int_eq (errno, EAGAIN);
		ck_assert_int_gt (read_soon (&pair.client, bytes, 1), 0);
		received++;
	}
	while ((done = read_soon (&pair.client, bytes, sizeof bytes)) > 0)
		received += (size_t)done;
	ck_assert_int_eq (done, 0);
	ck_assert_uint_eq (sent, received);
	pair_free (&pair);
}
END_TEST

START_TEST (test_stream)
{
	struct pair pair;
	struct stream server, client;
	char bytes[8];

	pair_open (&pair, OVER_UNIX, 0);
	ck_assert (pair_meet (&pair));
	stream_tls (&server, pair.server.fd, pair.server.tls);
	stream_tls (&client, pair.client.fd, pair.client.tls);
	ck_assert_int_eq (stream_write (&client, "abc", 3), 3);
	wait_readable (server.in_poll);
	ck_assert_int_eq (stream_read (&server, bytes, 2), 2);
	ck_assert (stream_pending (&server));
	ck_assert_int_eq (stream_read (&server, bytes, 2), 1);
	ck_assert (!stream_pending (&server));
	ck_assert_int_eq (stream_end (&server), 0);
	wait_readable (client.in_poll);
	ck_assert_int_eq (stream_read (&client, bytes, 1), 0);
	stream_close (&server);
	ck_assert_int_eq (server.in, -1);
	ck_assert_int_eq (write (pair.server.fd, "x", 1), -1);
	ck_assert_int_eq (errno, EBADF);
	stream_close (&client);
	pair.server.fd = pair.client.fd = -1;
	pair.server.tls = pair.client.tls = NULL;
	pair_free (&pair);
}
END_TEST

/* --- a proxy that changes bytes ---------------------------------------------------------------------------------- */

struct wire {
	int client, server; /* the proxy's ends */
	size_t passed[2]; /* from the client, from the server */
	int way;
	size_t flip; /* which byte of that way */
};

/* Pass on the available bytes; false when there were none. */
static bool pass (struct wire *wire, int way)
{
	int from = way ? wire->server : wire->client, to = way ? wire->client : wire->server;
	uint8_t bytes[4096];
	ssize_t n = recv (from, bytes, sizeof bytes, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	if (way == wire->way && wire->flip >= wire->passed[way] && wire->flip < wire->passed[way] + (size_t)n)
		bytes[wire->flip - wire->passed[way]] ^= (uint8_t)(1 << wire->flip % 8);
	wire->passed[way] += (size_t)n;
	ck_assert_int_eq (send (to, bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL), n);
	return true;
}

/* One end: the handshake, its own message, then the message and the end of the other. */
static bool take_part (struct end *end, const char *word, bool *said, const char *other, char *heard, bool *ended)
{
	size_t n = strlen (heard);
	ssize_t got;

	if (tls_handshake (end->tls) <= 0)
		return false;
	if (!*said) {
		*said = tls_write (end->tls, word, strlen (word)) > 0 && tls_end (end->tls) == 0;
		return true;
	}
	if ((got = tls_read (end->tls, heard + n, 63 - n)) > 0) {
		heard[n + (size_t)got] = '\0';
		ck_assert_msg (strncmp (heard, other, strlen (heard)) == 0, "accepted %s", heard);
		return true;
	}
	if (got == 0 && !*ended)
		return *ended = true;
	return false;
}

/* A whole conversation through the wire; true when both received all and the end of it. */
static bool converse (struct wire *wire, const struct pair *kept)
{
	struct pair pair = *kept;
	int near[2], far[2];
	char heard[2][64] = { "", "" };
	bool said[2] = { false, false }, ended[2] = { false, false }, moved = true;

	sockets (OVER_UNIX, 0, near);
	sockets (OVER_UNIX, 0, far);
	pair.client.tls = tls_new (kept->client.context, near[0], verdict_judge, &pair.client.verdict);
	pair.server.tls = tls_new (kept->server.context, far[0], verdict_judge, &pair.server.verdict);
	wire->client = near[1];
	wire->server = far[1];
	wire->passed[0] = wire->passed[1] = 0;
	for (int last = 0; moved || last++ < 2;) {
		moved = take_part (&pair.client, "from the client", &said[0], "from the server", heard[0], &ended[0]);
		moved |= take_part (&pair.server, "from the server", &said[1], "from the client", heard[1], &ended[1]);
		moved |= pass (wire, 0);
		moved |= pass (wire, 1);
		if (!moved && !last) { /* an end that waits for missing bytes sees a cut */
			shutdown (near[1], SHUT_RDWR);
			shutdown (far[1], SHUT_RDWR);
		}
		no_errors_left ();
	}
	if (!ended[0] || !ended[1])
		ck_assert (*tls_why (pair.client.tls) || *tls_why (pair.server.tls));
	tls_free (pair.client.tls);
	tls_free (pair.server.tls);
	for (int i = 0; i < 2; i++) {
		close (near[i]);
		close (far[i]);
	}
	return ended[0] && ended[1] && !strcmp (heard[0], "from the server") && !strcmp (heard[1], "from the client");
}

START_TEST (test_flipped_bits)
{
	struct wire wire = { .way = -1 };
	struct pair kept;
	size_t total[2];
	int harmless = 0;

	pair_open (&kept, OVER_UNIX, 0);
	ck_assert (converse (&wire, &kept));
	memcpy (total, wire.passed, sizeof total);
	ck_assert_uint_gt (total[0], 600);
	for (wire.way = 0; wire.way < 2; wire.way++)
		for (wire.flip = 0; wire.flip < total[wire.way]; wire.flip++)
			harmless += converse (&wire, &kept);
	/* The version in the header of a record in plaintext must be ignored (RFC 8446, section 5.1): the versions of
	 * the two hellos and of the two change_cipher_spec, and nothing else. */
	ck_assert_msg (harmless <= 8, "%d bytes could be altered without harm", harmless);
	pair_free (&kept);
}
END_TEST

/* --- size -------------------------------------------------------------------------------------------------------- */

START_TEST (test_memory)
{
	enum { N = 100 };
	static struct pair kept;
	static struct tls *tls[2][N];
	static int fds[N][2];
	size_t before;

	pair_open (&kept, OVER_UNIX, 0);
	ck_assert (pair_meet (&kept));
	before = mallinfo2 ().uordblks;
	for (int i = 0; i < N; i++) {
		struct pair pair = kept;
		char byte;

		sockets (OVER_UNIX, 0, fds[i]);
		pair.server.fd = fds[i][0];
		pair.client.fd = fds[i][1];
		pair.server.tls = tls[0][i] =
			tls_new (kept.server.context, fds[i][0], verdict_judge, &kept.server.verdict);
		pair.client.tls = tls[1][i] =
			tls_new (kept.client.context, fds[i][1], verdict_judge, &kept.client.verdict);
		ck_assert (pair_meet (&pair));
		ck_assert_int_eq (tls_write (pair.client.tls, "x", 1), 1);
		ck_assert_int_eq (read_soon (&pair.server, &byte, 1), 1);
		ck_assert_int_eq (tls_read (pair.server.tls, &byte, 1), -1);
		ck_assert_int_eq (tls_read (pair.client.tls, &byte, 1), -1);
	}
	printf ("an idle connection: %zu bytes of heap an end\n", (mallinfo2 ().uordblks - before) / N / 2);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < 2; j++) {
			tls_free (tls[j][i]);
			close (fds[i][j]);
		}
	pair_free (&kept);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_loop_test (tcase, test_meet, 0, 2);
	tcase_add_test (tcase, test_lifetimes);
	tcase_add_test (tcase, test_again);
	tcase_add_test (tcase, test_not_yet);
	tcase_add_loop_test (tcase, test_bytes, 0, 4);
	tcase_add_test (tcase, test_dribble);
	tcase_add_test (tcase, test_pending);
	tcase_add_test (tcase, test_pending_at_once);
	tcase_add_loop_test (tcase, test_end, 0, 2);
	tcase_add_loop_test (tcase, test_cut, 0, 2);
	tcase_add_loop_test (tcase, test_writing_to_nobody, 0, 2);
	tcase_add_test (tcase, test_end_later);
	tcase_add_test (tcase, test_stream);
	tcase_add_test (tcase, test_flipped_bits);
	tcase_add_test (tcase, test_memory);
}

CHECK_MAIN ("net/tls", add_cases)
