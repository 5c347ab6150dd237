/* check_handshake - a TCP client that has not proved its identity: it is accepted, or it is told the reason; the cost
 * of a failure for its address; which client makes room. The clients are sockets of the test itself, which takes turns
 * with the gate's loop. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/gate_fixture.h"
#include "gate/handshake.h"
#include "net/tls_pair.h"
#include "support/check_main.h"

static struct err err;

/* The only identity that is accepted. */
static char ann_name[] = "ann";
static struct key ann_key;
static struct grant ann = { .name = ann_name, .keys = &ann_key, .n_keys = 1 };
static struct admitted admitted[] = { { .grant = &ann, .uid = 1234 } };
static struct grants grants = { .items = admitted, .n = 1 };

/* --- the owner of the gate ------------------------------------------------------------------------------------------- */

static struct {
	int times;
	struct stream stream;
	struct gate_client client;
	bool told;
	struct err err;
} connected;

static void on_connected (void *arg, struct stream *stream, const struct gate_client *who, const struct err *why)
{
	(void)arg;
	connected.times++;
	connected.stream = *stream;
	connected.client = *who;
	connected.told = why != NULL;
	if (why)
		connected.err = *why;
	gate_enter (&gate, &connected.client);
}

static const struct gate_ops ops = { .connected = on_connected, .on_refused = fixture_on_refused };

static void set_up (void)
{
	fixture_begin (&ops, 0);
	ck_assert_int_eq (gate_set_host_key (&gate, credential_make ("gate", &err), &err), 0);
	gate.access.grants = &grants;
	ann.limits.connections = 16;
}

/* Nothing is left behind: no handshake, and no counted client. */
static void tear_down (void)
{
	if (connected.times) {
		gate_leave (&connected.client);
		stream_close (&connected.stream);
	}
	handshake_stop_all (&gate);
	gate.access.grants = NULL; /* ours */
	fixture_end ();
}

static void limit (struct gate_limits limits)
{
	gate_set_limits (&gate, &limits, clock_ms ());
}

/* --- clients ---------------------------------------------------------------------------------------------------------- */

/* A connected client that has sent nothing yet: its socket. */
static int call (void)
{
	int fds[2];

	sockets (OVER_TCP, 0, fds);
	handshake_start (&gate, fds[0]);
	return fds[1];
}

static void call_with (struct end *client, bool with_key)
{
	end_open (client, TLS_CLIENT, with_key, call ());
}

static void let_in (const struct end *client)
{
	ann_key = *credential_key (client->credential);
}

/* Both sides go on until the gate has decided. */
static void shake (struct end *client)
{
	UNTIL (tls_handshake (client->tls) < 0 || connected.times || refused.times, client->fd);
}

/* The last read of the client: the end of the stream or an error, behind the alert. */
static void read_alert (struct end *client, enum tls_alert alert)
{
	char byte;

	UNTIL (tls_read (client->tls, &byte, 1) >= 0 || errno != EAGAIN, client->fd);
	ck_assert_int_eq (tls_alert_received (client->tls), alert);
}

/* A bare alert, and the end. */
static void expect_alert (int fd, enum tls_alert alert)
{
	unsigned char record[8];
	size_t n = 0;
	ssize_t got;

	UNTIL ((got = recv (fd, record + n, sizeof record - n, 0)) == 0 || (got < 0 && errno != EAGAIN) ||
			(got > 0 && (n += (size_t)got) == sizeof record),
		fd);
	ck_assert_int_eq (got, 0);
	ck_assert_uint_eq (n, 7);
	ck_assert_uint_eq (record[0], 21); /* alert (RFC 8446, section 5.1) */
	ck_assert_uint_eq (record[5], 2); /* fatal */
	ck_assert_uint_eq (record[6], alert);
}

/* The client is still connected, and has received nothing. */
static void expect_silence (int fd)
{
	char byte;

	fixture_turn (fd);
	ck_assert_int_eq (recv (fd, &byte, 1, 0), -1);
	ck_assert_int_eq (errno, EAGAIN);
}

/* From now on no time limit ends the oldest client on its way in. */
static void stop_its_clock (void)
{
	struct handshake *oldest = list_entry (gate.handshakes.next, struct handshake, node);

	timer_free (&oldest->timer);
}

/* --- the decision ----------------------------------------------------------------------------------------------------- */

START_TEST (a_known_key_comes_in)
{
	struct end client;
	struct endpoint own;
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	char byte;

	call_with (&client, true);
	let_in (&client);
	ck_assert_int_eq (throttle_entering (gate.throttle), 1);
	UNTIL (connected.times, (tls_handshake (client.tls), client.fd));
	ck_assert_int_eq (refused.times, 0);
	ck_assert (!connected.told && !connected.client.refused);
	ck_assert (connected.client.remote);
	ck_assert_str_eq (connected.client.identity->name, "ann");
	ck_assert_uint_eq (connected.client.identity->uid, 1234);
	ck_assert (key_equal (&connected.client.key, &ann_key));
	ck_assert_int_eq (getsockname (client.fd, (struct sockaddr *)&address, &size), 0);
	endpoint_set (&own, (struct sockaddr *)&address, size);
	ck_assert (endpoint_equal (&connected.client.from, &own));
	/* The handshake is over, and the socket belongs to the owner of the gate. */
	ck_assert (list_empty (&gate.handshakes));
	ck_assert_int_eq (throttle_entering (gate.throttle), 0);
	ck_assert_int_eq (stream_write (&connected.stream, "x", 1), 1);
	ck_assert_int_eq (read_soon (&client, &byte, 1), 1);
	ck_assert_int_eq (byte, 'x');
	end_free (&client);
}
END_TEST

START_TEST (an_unknown_key_is_refused)
{
	struct end client;

	call_with (&client, true);
	memset (&ann_key, 7, sizeof ann_key);
	shake (&client);
	ck_assert_int_eq (connected.times, 0);
	ck_assert_int_eq (refused.times, 1);
	ck_assert (refused.from_somewhere && !refused.looked && refused.with_key);
	ck_assert (key_equal (&refused.key, credential_key (client.credential)));
	ck_assert_str_eq (refused.you, "");
	ck_assert_str_eq (refused.why, "the key of the other end was refused");
	read_alert (&client, TLS_ALERT_BAD_CERTIFICATE);
	end_free (&client);
}
END_TEST

START_TEST (a_client_without_a_key_counts_as_a_look)
{
	struct end client;

	call_with (&client, false);
	shake (&client);
	ck_assert_int_eq (connected.times, 0);
	ck_assert_int_eq (refused.times, 1);
	ck_assert (refused.from_somewhere && refused.looked && !refused.with_key);
	read_alert (&client, TLS_ALERT_CERTIFICATE_REQUIRED);
	end_free (&client);
}
END_TEST

static const char http[] = "GET / HTTP/1.0\r\n\r\n";

START_TEST (garbage_is_refused)
{
	int fd = call ();
	char byte;

	ck_assert_int_eq (send (fd, http, strlen (http), 0), (ssize_t)strlen (http));
	UNTIL (refused.times, fd);
	stop_its_clock ();
	UNTIL (recv (fd, &byte, 1, 0) == 0, fd); /* the client reads the end at once */
	ck_assert_int_eq (connected.times, 0);
	ck_assert (!refused.looked && !refused.with_key);
	ck_assert_str_eq (refused.why, "the other end speaks HTTP, not TLS");
	close (fd);
}
END_TEST

START_TEST (a_late_client_gets_the_reason)
{
	struct gate_limits limits = fixture_limits;
	int fd;

	limits.handshake_ms = 20;
	limit (limits);
	fd = call ();
	UNTIL (refused.times, fd);
	ck_assert_str_eq (refused.why, "the handshake took too long");
	ck_assert (!refused.looked && !refused.with_key);
	expect_alert (fd, TLS_ALERT_INTERNAL_ERROR);
	ck_assert (!list_empty (&gate.handshakes)); /* the client has read the end; its own is awaited */
	close (fd);
}
END_TEST

/* A client with a known key that may not connect from its address, or has enough connections, is told so in a
 * connection. */
START_TEST (a_known_key_may_still_be_refused)
{
	struct network elsewhere;
	struct gate_limits limits = fixture_limits;
	struct end client;

	limits.throttle.penalty_ms = 1000;
	limit (limits);
	ck_assert_int_eq (network_parse (&elsewhere, "10.0.0.0/8", &err), 0);
	if (_i)
		ann.limits.connections = 0;
	else
		ann.from = &elsewhere;
	ann.n_from = !_i;
	call_with (&client, true);
	let_in (&client);
	UNTIL (connected.times, (tls_handshake (client.tls), client.fd));
	ck_assert (connected.told && connected.client.refused);
	ck_assert_int_eq (connected.err.code, _i ? CODE_BUSY : CODE_DENIED);
	ck_assert_ptr_null (connected.client.identity->grant);
	ck_assert_int_eq (refused.times, 1);
	ck_assert_str_eq (refused.you, "ann");
	ck_assert_str_eq (refused.why, connected.err.text);
	ck_assert (refused.with_key && key_equal (&refused.key, &ann_key));
	/* The address is penalised only where the identity may not connect from it. */
	ck_assert_uint_eq (throttle_penalised (gate.throttle, clock_ms ()), !_i);
	ck_assert_int_eq (throttle_entering (gate.throttle), 0);
	end_free (&client);
}
END_TEST

/* --- what a failure costs ---------------------------------------------------------------------------------------------- */

enum way { BAD_KEY, NO_KEY, LATE, GARBAGE };

static const struct {
	enum way way;
	int64_t costs_ms; /* throttle.h */
} failures[] = { { BAD_KEY, 5000 }, { NO_KEY, 1000 }, { LATE, 10000 }, { GARBAGE, 5000 } };

/* One failure reaches a maximum that equals its cost, and no higher one. */
START_TEST (a_failure_costs_its_address)
{
	enum way way = failures[_i / 2].way;
	struct gate_limits limits = fixture_limits;
	struct end client;

	if (way == LATE)
		limits.handshake_ms = 20;
	limits.throttle.penalty_ms = failures[_i / 2].costs_ms + _i % 2;
	limit (limits);
	call_with (&client, way == BAD_KEY);
	if (way == GARBAGE)
		ck_assert_int_gt (send (client.fd, http, strlen (http), 0), 0);
	UNTIL (refused.times, (way == BAD_KEY || way == NO_KEY ? tls_handshake (client.tls) : 0, client.fd));
	ck_assert_uint_eq (throttle_penalised (gate.throttle, clock_ms ()), !(_i % 2));
	if (_i % 2 == 0) {
		int fd = call ();

		expect_alert (fd, TLS_ALERT_ACCESS_DENIED);
		ck_assert_str_eq (refused.why, "that address has failed too often");
		ck_assert_uint_eq (gate.turned_away, 1);
		close (fd);
	}
	end_free (&client);
}
END_TEST

/* --- lingering --------------------------------------------------------------------------------------------------------- */

/* Bytes that the client still sends are dropped, and do not destroy the alert; the client's end ends the lingering. */
START_TEST (a_refused_client_lingers)
{
	static char much[100000];
	struct end client;

	call_with (&client, true);
	memset (&ann_key, 7, sizeof ann_key);
	shake (&client);
	ck_assert_int_eq (refused.times, 1);
	ck_assert_int_gt (send (client.fd, much, sizeof much, MSG_NOSIGNAL), 0);
	fixture_turn (client.fd);
	ck_assert (!list_empty (&gate.handshakes));
	ck_assert_int_eq (throttle_entering (gate.throttle), 1); /* a client counts as long as it has a descriptor */
	read_alert (&client, TLS_ALERT_BAD_CERTIFICATE);
	ck_assert_int_ge (send (client.fd, much, 1, MSG_NOSIGNAL), 0);
	fixture_turn (client.fd);
	ck_assert (!list_empty (&gate.handshakes));
	stop_its_clock ();
	end_free (&client);
	UNTIL (list_empty (&gate.handshakes), -1);
	ck_assert_int_eq (throttle_entering (gate.throttle), 0);
	ck_assert_int_eq (refused.times, 1);
}
END_TEST

/* A client may not linger for ever, either. */
START_TEST (lingering_ends)
{
	int fd = call ();
	int64_t since;

	ck_assert_int_gt (send (fd, http, strlen (http), 0), 0);
	UNTIL (refused.times, fd);
	since = clock_ms ();
	UNTIL (list_empty (&gate.handshakes), -1);
	ck_assert_int_ge (clock_ms () - since, 900);
	ck_assert_int_eq (refused.times, 1);
	close (fd);
}
END_TEST

/* --- room -------------------------------------------------------------------------------------------------------------- */

START_TEST (the_oldest_makes_room)
{
	struct gate_limits limits = fixture_limits;
	struct end last;
	int first, second;

	limits.throttle.most = 2;
	limit (limits);
	first = call ();
	second = call ();
	ck_assert_int_eq (refused.times, 0);
	call_with (&last, true);
	let_in (&last);
	ck_assert_int_eq (refused.times, 1);
	ck_assert_str_eq (refused.why, "too many clients are in the handshake");
	ck_assert_uint_eq (gate.turned_away, 1);
	ck_assert_int_eq (throttle_entering (gate.throttle), 2);
	expect_alert (first, TLS_ALERT_INTERNAL_ERROR);
	expect_silence (second);
	UNTIL (connected.times, (tls_handshake (last.tls), last.fd));
	expect_silence (second);
	end_free (&last);
	close (first);
	close (second);
}
END_TEST

/* A client that was refused already makes room without another message. */
START_TEST (the_oldest_has_its_alert_already)
{
	struct gate_limits limits = fixture_limits;
	int first, second;

	limits.throttle.most = 1;
	limit (limits);
	first = call ();
	ck_assert_int_gt (send (first, http, strlen (http), 0), 0);
	UNTIL (refused.times, first);
	second = call ();
	ck_assert_int_eq (refused.times, 1);
	ck_assert_uint_eq (gate.turned_away, 0);
	expect_silence (second);
	close (first);
	close (second);
}
END_TEST

/* No client makes room for a crowd from one address. */
START_TEST (a_crowd_is_turned_away)
{
	struct gate_limits limits = fixture_limits;
	int first, second;

	limits.throttle.most_each = 1;
	limit (limits);
	first = call ();
	second = call ();
	expect_alert (second, TLS_ALERT_INTERNAL_ERROR);
	ck_assert_str_eq (refused.why, "too many clients from that address are in the handshake");
	ck_assert (refused.from_somewhere);
	ck_assert_uint_eq (gate.turned_away, 1);
	expect_silence (first);
	close (first);
	close (second);
}
END_TEST

/* A crowd from the reverse tunnel: its oldest client makes room, and no client of another place does. */
START_TEST (a_crowd_of_the_tunnel_makes_room)
{
	struct gate_limits limits = fixture_limits;
	int other, fds[3][2];

	limits.throttle.most_each = 2;
	limits.throttle.most = 8;
	limit (limits);
	other = call ();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds[i]), 0);
		handshake_start_tunnel (&gate, fds[i][0]);
	}
	expect_alert (fds[0][1], TLS_ALERT_INTERNAL_ERROR);
	expect_silence (fds[1][1]);
	expect_silence (fds[2][1]);
	expect_silence (other);
	for (int i = 0; i < 3; i++)
		close (fds[i][1]);
	close (other);
}
END_TEST

START_TEST (descriptors_run_short)
{
	struct gate_limits limits = fixture_limits;
	int fd;

	limits.descriptors = 0;
	limit (limits);
	fd = call ();
	expect_alert (fd, TLS_ALERT_INTERNAL_ERROR);
	ck_assert_str_eq (refused.why, "too few descriptors are left");
	close (fd);
}
END_TEST

/* Without a host key there is no TLS, and memory is not to blame. */
START_TEST (there_is_no_host_key)
{
	struct tls_context *tls = gate.tls;
	int fd;

	gate.tls = NULL;
	fd = call ();
	gate.tls = tls;
	expect_alert (fd, TLS_ALERT_INTERNAL_ERROR);
	ck_assert_str_eq (refused.why, "there is no host key");
	ck_assert_uint_eq (gate.turned_away, 1);
	close (fd);
}
END_TEST

/* A client that disconnects before it is looked at is not counted. */
START_TEST (a_client_that_has_gone_is_not_counted)
{
	struct linger hard = { .l_onoff = 1 };
	int fds[2];

	sockets (OVER_TCP, 0, fds);
	ck_assert_int_eq (setsockopt (fds[1], SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
	close (fds[1]);
	handshake_start (&gate, fds[0]);
	ck_assert (list_empty (&gate.handshakes));
	ck_assert_int_eq (refused.times, 0);
	ck_assert_int_eq (fcntl (fds[0], F_GETFD), -1);
}
END_TEST

START_TEST (all_end)
{
	int first = call (), second = call ();
	char byte;

	ck_assert_int_gt (send (first, http, strlen (http), 0), 0);
	UNTIL (refused.times, first); /* it lingers */
	handshake_stop_all (&gate);
	ck_assert (list_empty (&gate.handshakes));
	ck_assert_int_eq (throttle_entering (gate.throttle), 0);
	ck_assert_int_eq (refused.times, 1);
	wait_readable (second);
	ck_assert_int_eq (recv (second, &byte, 1, 0), 0);
	close (first);
	close (second);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, a_known_key_comes_in);
	tcase_add_test (tcase, an_unknown_key_is_refused);
	tcase_add_test (tcase, a_client_without_a_key_counts_as_a_look);
	tcase_add_test (tcase, garbage_is_refused);
	tcase_add_test (tcase, a_late_client_gets_the_reason);
	tcase_add_loop_test (tcase, a_known_key_may_still_be_refused, 0, 2);
	tcase_add_loop_test (tcase, a_failure_costs_its_address, 0, 2 * (int)(sizeof failures / sizeof *failures));
	tcase_add_test (tcase, a_refused_client_lingers);
	tcase_add_test (tcase, lingering_ends);
	tcase_add_test (tcase, the_oldest_makes_room);
	tcase_add_test (tcase, the_oldest_has_its_alert_already);
	tcase_add_test (tcase, a_crowd_is_turned_away);
	tcase_add_test (tcase, a_crowd_of_the_tunnel_makes_room);
	tcase_add_test (tcase, descriptors_run_short);
	tcase_add_test (tcase, there_is_no_host_key);
	tcase_add_test (tcase, a_client_that_has_gone_is_not_counted);
	tcase_add_test (tcase, all_end);
}

CHECK_MAIN ("handshake", add_cases)
