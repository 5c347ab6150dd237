/* check_ssh_channel - channels of a session whose sshd is this test (far_sshd.h): which requests go out and when, what becomes
 * of the answers, and that a channel ends when both sides have closed it. */
#include "config.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/failure.h"
#include "ssh/far_sshd.h"
#include "ssh/ssh_session.h"
#include "support/check_main.h"

enum {
	TURNS = 20,
	WAITING = 64,
	/* RFC 4250, section 4.1.2 */
	MSG_IGNORE = 2,
	MSG_SERVICE_REQUEST = 5,
	MSG_SERVICE_ACCEPT = 6,
	MSG_USERAUTH_REQUEST = 50,
	MSG_USERAUTH_SUCCESS = 52,
	MSG_CHANNEL_OPEN = 90,
	MSG_CHANNEL_CONFIRMATION = 91,
	MSG_CHANNEL_REFUSAL = 92,
	MSG_WINDOW_ADJUST = 93,
	MSG_CHANNEL_DATA = 94,
	MSG_CHANNEL_EOF = 96,
	MSG_CHANNEL_CLOSE = 97,
	MSG_CHANNEL_REQUEST = 98,
	MSG_CHANNEL_SUCCESS = 99,
	MSG_CHANNEL_FAILURE = 100,
};

struct packet {
	uint8_t *bytes;
	size_t n;
};

static uv_loop_t loop;
static struct ssh_session *session;
static struct ssh_channel *channel;
static struct far_sshd sshd;
static int far;
static bool deaf; /* the sshd reads nothing */
static struct packet packets[WAITING]; /* of the client, which no case has looked at yet */
static size_t n_packets;
static uint32_t granted; /* bytes that the sshd may send on the channel */
static uint32_t number; /* of the channel, as the client counts */
static int opened, refused, ended;
static bool again, ready;
static struct ssh_exit how;
static char how_signal[24]; /* how.signal is the channel's */
static struct err why;

/* --- the client --------------------------------------------------------------------------------------------------- */

static int on_judge (void *arg, const uint8_t *key, size_t n, struct err *err)
{
	(void)arg;
	(void)key;
	(void)n;
	(void)err;
	return 0;
}

static int on_login (void *arg, LIBSSH2_SESSION *raw, struct err *err)
{
	int result = libssh2_userauth_password (raw, "user", "password");

	(void)arg;
	if (result == LIBSSH2_ERROR_EAGAIN)
		return 0;
	return result ? err_set (err, 0, "no login") : 1;
}

static void on_session_ready (void *arg)
{
	(void)arg;
	ready = true;
}

static void on_roomy (void *arg)
{
	(void)arg;
}

static void on_session_ended (void *arg, bool is_again, const struct err *err)
{
	(void)arg;
	(void)is_again;
	(void)err;
}

static const struct ssh_session_ops session_ops = { on_judge, on_login, on_session_ready, on_roomy, on_session_ended,
	NULL, NULL };

static void on_opened (void *arg)
{
	ck_assert_ptr_eq (arg, &loop);
	opened++;
}

static void on_refused (void *arg, int fd, bool is_again, const struct err *err)
{
	(void)arg;
	(void)fd;
	refused++;
	again = is_again;
	why = *err;
}

static void on_ended (void *arg, const struct ssh_exit *exit, const struct err *err)
{
	(void)arg;
	ended++;
	how = *exit;
	snprintf (how_signal, sizeof how_signal, "%s", exit->signal);
	why = *err;
	channel = NULL;
}

static void on_ready (void *arg)
{
	(void)arg;
}

static const struct ssh_channel_ops ops = { on_opened, on_ready, on_refused, on_ended };

/* --- the sshd ------------------------------------------------------------------------------------------------------- */

static uint32_t number_at (const uint8_t *bytes)
{
	uint32_t big;

	memcpy (&big, bytes, sizeof big);
	return ntohl (big);
}

/* A packet about the channel: its type, the client's number, and n more bytes. */
static void say (uint8_t type, const void *more, size_t n)
{
	uint8_t bytes[70000] = { type };
	uint32_t big = htonl (number);

	memcpy (bytes + 1, &big, sizeof big);
	if (n)
		memcpy (bytes + 5, more, n);
	far_sshd_send (&sshd, bytes, 5 + n);
}

static void say_data (const void *text, size_t n)
{
	uint8_t bytes[65000 + 4];
	uint32_t big = htonl ((uint32_t)n);

	memcpy (bytes, &big, sizeof big);
	memcpy (bytes + 4, text, n);
	say (MSG_CHANNEL_DATA, bytes, 4 + n);
	granted -= (uint32_t)n;
}

static void take (const uint8_t *payload, size_t n)
{
	static const uint8_t service[] = { MSG_SERVICE_ACCEPT, 0, 0, 0, 12, 's', 's', 'h', '-', 'u', 's', 'e', 'r', 'a',
		'u', 't', 'h' };
	static const uint8_t welcome = MSG_USERAUTH_SUCCESS;

	switch (*payload) {
	case MSG_SERVICE_REQUEST: far_sshd_send (&sshd, service, sizeof service); return;
	case MSG_USERAUTH_REQUEST: far_sshd_send (&sshd, &welcome, 1); return;
	case MSG_WINDOW_ADJUST: granted += number_at (payload + 5); return;
	case MSG_CHANNEL_OPEN: number = number_at (payload + 5 + payload[4]); break;
	default: break;
	}
	ck_assert_uint_lt (n_packets, WAITING);
	packets[n_packets].bytes = malloc (n + 1); /* a NUL is behind it */
	ck_assert_ptr_nonnull (packets[n_packets].bytes);
	memcpy (packets[n_packets].bytes, payload, n);
	packets[n_packets].bytes[n] = 0;
	packets[n_packets++].n = n;
}

/* Let the bytes of both sides go where they can. */
static void turn (void)
{
	uint8_t bytes[16384];
	const uint8_t *payload;
	size_t size;
	ssize_t n;

	for (int i = 0; i < TURNS; i++) {
		while (buf_len (&sshd.out) &&
			(n = send (far, buf_head (&sshd.out), buf_len (&sshd.out), MSG_NOSIGNAL)) > 0)
			buf_consume (&sshd.out, (size_t)n);
		uv_run (&loop, UV_RUN_NOWAIT);
		while (!deaf && (n = read (far, bytes, sizeof bytes)) > 0) {
			far_sshd_feed (&sshd, bytes, (size_t)n);
			while (far_sshd_next (&sshd, &payload, &size) > 0)
				take (payload, size);
		}
	}
}

static void drop_first (void)
{
	free (packets[0].bytes);
	memmove (packets, packets + 1, sizeof *packets * --n_packets);
}

/* The next packet is of this type. Its bytes behind the channel's number are `more` (NULL: whatever). */
static void expect (uint8_t type, const void *more, size_t n)
{
	turn ();
	ck_assert_msg (n_packets > 0, "no packet of type %d", type);
	ck_assert_uint_eq (packets[0].bytes[0], type);
	if (more) {
		ck_assert_uint_eq (packets[0].n, 5 + n);
		ck_assert_mem_eq (packets[0].bytes + 5, more, n);
	}
	drop_first ();
}

#define EXPECT_REQUEST(text) expect (MSG_CHANNEL_REQUEST, text, sizeof text - 1)

static void expect_nothing (void)
{
	turn ();
	ck_assert_msg (n_packets == 0, "a packet of type %d", n_packets ? packets[0].bytes[0] : 0);
}

/* --- cases ---------------------------------------------------------------------------------------------------------- */

static void setup (void)
{
	struct ssh_session_target target = { .fd = -1 };
	struct err err;
	int pair[2];

	signal (SIGPIPE, SIG_IGN);
	ck_assert_int_eq (libssh2_init (0), 0);
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	far_sshd_init (&sshd);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	far = pair[0];
	target.fd = pair[1];
	session = ssh_session_new (&loop, &target, &session_ops, &loop, &err);
	ck_assert_msg (session != NULL, "%s", err.text);
	while (!ready)
		turn ();
}

static void teardown (void)
{
	ssh_session_free (session);
	uv_run (&loop, UV_RUN_NOWAIT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	while (n_packets)
		drop_first ();
	far_sshd_free (&sshd);
	fd_close (&far);
	libssh2_exit ();
}

/* Ask for a channel of a session, which the sshd confirms. */
static void open_channel (const struct ssh_channel_target *target)
{
	static const uint8_t more[] = { 0, 0, 0, 9, 0, 16, 0, 0, 0, 0, 128,
		0 }; /* its number; 1 MiB; packets of 32 KiB */

	channel = ssh_session_open (session, target, -1, &ops, &loop);
	ck_assert_ptr_nonnull (channel);
	expect (MSG_CHANNEL_OPEN, NULL, 0);
	say (MSG_CHANNEL_CONFIRMATION, more, sizeof more);
}

static const struct tty tty = { .wanted = true, .rows = 33, .cols = 101, .term = "vt", .utf8 = true, .erase = 8 };

/* A channel with a terminal and a command. */
static void open_terminal (void)
{
	static const struct ssh_channel_target target = { .command = "vi", .tty = &tty };

	open_channel (&target);
	for (int i = 0; i < 2; i++) {
		expect (MSG_CHANNEL_REQUEST, NULL, 0);
		say (MSG_CHANNEL_SUCCESS, NULL, 0);
	}
	turn ();
	ck_assert_int_eq (opened, 1);
}

/* A login shell on a terminal: three requests, each after the answer to the one before it (R4). A variable that is refused is
 * left out. */
START_TEST (requests)
{
	static const char *const env[] = { "A=b=c", NULL };
	static const struct ssh_channel_target target = { .shell = true, .tty = &tty, .env = env };

	open_channel (&target);
	EXPECT_REQUEST ("\0\0\0\7pty-req\1\0\0\0\2vt\0\0\0\x65\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\x1a"
			"\1\0\0\0\3\2\0\0\0\x1c\n\0\0\0\x1a\3\0\0\0\x08*\0\0\0\1\0");
	expect_nothing ();
	say (MSG_CHANNEL_SUCCESS, NULL, 0);
	EXPECT_REQUEST ("\0\0\0\3env\1\0\0\0\1A\0\0\0\3b=c");
	expect_nothing ();
	say (MSG_CHANNEL_FAILURE, NULL, 0);
	EXPECT_REQUEST ("\0\0\0\5shell\1");
	expect_nothing ();
	ck_assert_int_eq (opened, 0);
	say (MSG_CHANNEL_SUCCESS, NULL, 0);
	turn ();
	ck_assert_int_eq (opened, 1);
}
END_TEST

static const struct {
	struct ssh_channel_target target;
	int taken; /* requests that are answered well before the one that is not */
	const char *words;
} refusals[] = {
	{ { .command = "vi", .tty = &tty }, 0, "gives this user no terminal" },
	{ { .command = "vi", .tty = &tty }, 1, "refuses to run a command" },
	{ { .command = "vi" }, 0, "refuses to run a command" },
	{ { .shell = true }, 0, "refuses to run a shell" },
	{ { .subsystem = "sftp" }, 0, "refuses the subsystem sftp" },
};

START_TEST (refused_requests)
{
	open_channel (&refusals[_i].target);
	for (int i = 0; i <= refusals[_i].taken; i++) {
		expect (MSG_CHANNEL_REQUEST, NULL, 0);
		say (i == refusals[_i].taken ? MSG_CHANNEL_FAILURE : MSG_CHANNEL_SUCCESS, NULL, 0);
	}
	expect (MSG_CHANNEL_EOF, "", 0);
	expect (MSG_CHANNEL_CLOSE, "", 0);
	ck_assert_int_eq (ended, 0);
	say (MSG_CHANNEL_CLOSE, NULL, 0);
	turn ();
	ck_assert_int_eq (ended, 1);
	ck_assert (!how.known && why.code == FAILURE_DENIED);
	ck_assert_msg (strstr (why.text, refusals[_i].words) != NULL, "%s", why.text);
	expect_nothing ();
}
END_TEST

START_TEST (refused_channel)
{
	static const struct ssh_channel_target target = { .command = "true" };
	static const uint8_t more[] = { 0, 0, 0, 2, 0, 0, 0, 4, 'f', 'u', 'l', 'l', 0, 0, 0, 0 };

	channel = ssh_session_open (session, &target, -1, &ops, &loop);
	expect (MSG_CHANNEL_OPEN, NULL, 0);
	say (MSG_CHANNEL_REFUSAL, more, sizeof more);
	turn ();
	ck_assert (refused == 1 && again && why.code == FAILURE_BUSY && !opened && !ended);
	ck_assert_msg (strstr (why.text, "MaxSessions") != NULL, "%s", why.text);
	ck_assert (ssh_session_has_room (session));
}
END_TEST

#define SIZE(rows, cols) "\0\0\0\rwindow-change\0\0\0\0" cols "\0\0\0" rows "\0\0\0\0\0\0\0\0"

/* Of many sizes the last one is sent. One that waits in a key exchange is sent as it was begun, and the last one behind it; so is
 * input. */
START_TEST (sizes)
{
	open_terminal ();
	for (int i = 1; i <= 1000; i++)
		ssh_channel_resize (channel, i % 100 + 1, 7);
	EXPECT_REQUEST (SIZE ("\1", "\7"));
	expect_nothing ();
	ssh_channel_resize (channel, 1, 7);
	expect_nothing ();
	far_sshd_rekey (&sshd);
	deaf = true;
	turn ();
	for (int i = 1; i <= 3; i++) {
		ssh_channel_resize (channel, i + 1, 7);
		ck_assert_int_eq (ssh_channel_send (channel, "abc", 3), 0);
		turn ();
	}
	deaf = false;
	EXPECT_REQUEST (SIZE ("\2", "\7"));
	if (packets[0].bytes[0] == MSG_CHANNEL_REQUEST) /* between the input, or before it */
		EXPECT_REQUEST (SIZE ("\4", "\7"));
	for (size_t n = 0; n < 9; drop_first ()) {
		turn ();
		ck_assert (n_packets && packets[0].bytes[0] == MSG_CHANNEL_DATA);
		ck_assert_uint_eq (packets[0].n - 9, number_at (packets[0].bytes + 5));
		for (size_t i = 9; i < packets[0].n; i++)
			ck_assert_int_eq (packets[0].bytes[i], "abc"[n++ % 3]);
	}
	turn ();
	if (n_packets)
		EXPECT_REQUEST (SIZE ("\4", "\7"));
	expect_nothing ();
}
END_TEST

/* Our close hangs up. The end is that of the sshd: packets of all kinds before it are none, and output is dropped. */
START_TEST (hang_up)
{
	static const uint8_t ignore[] = { MSG_IGNORE, 0, 0, 0, 1, 'x' };
	size_t n;

	open_terminal ();
	say_data ("before", 6);
	turn ();
	ssh_channel_output (channel, CHANNEL_STDOUT, &n);
	ck_assert_uint_eq (n, 6);
	ssh_channel_hang_up (channel);
	ssh_channel_hang_up (channel);
	expect (MSG_CHANNEL_EOF, "", 0);
	expect (MSG_CHANNEL_CLOSE, "", 0);
	for (int i = 0; i < 3; i++) {
		far_sshd_send (&sshd, ignore, sizeof ignore);
		say_data ("behind", 6);
		turn ();
		ck_assert_int_eq (ended, 0);
	}
	ck_assert_uint_eq (ssh_channel_room (channel), 0);
	ssh_channel_resize (channel, 1, 1);
	say (MSG_CHANNEL_CLOSE, NULL, 0);
	turn ();
	ck_assert (ended == 1 && !how.known);
	expect_nothing ();
}
END_TEST

static const struct {
	const char *request;
	size_t n;
	int status;
	const char *signal;
} exits[] = {
	{ "\0\0\0\13exit-status\0\0\0\0\7", 20, 7, "" },
	{ "\0\0\0\13exit-signal\0\0\0\0\4TERM\0\0\0\0\0\0\0\0\0", 33, 0, "TERM" },
};

/* What was sent is delivered before the end, and the end has the status. */
START_TEST (exit_status)
{
	const uint8_t *bytes;
	size_t n;

	open_terminal ();
	say_data ("output", 6);
	say (MSG_CHANNEL_REQUEST, exits[_i].request, exits[_i].n);
	say (MSG_CHANNEL_EOF, NULL, 0);
	say (MSG_CHANNEL_CLOSE, NULL, 0);
	turn ();
	ck_assert_int_eq (ended, 0);
	bytes = ssh_channel_output (channel, CHANNEL_STDOUT, &n);
	ck_assert_uint_eq (n, 6);
	ck_assert_mem_eq (bytes, "output", 6);
	ssh_channel_consume (channel, CHANNEL_STDOUT, n);
	turn ();
	ck_assert (ended == 1 && how.known);
	ck_assert_int_eq (how.status, exits[_i].status);
	ck_assert_str_eq (how_signal, exits[_i].signal);
}
END_TEST

/* The sshd may send no more than the window, and gets as much again as was taken. */
START_TEST (window)
{
	static uint8_t piece[32000];
	size_t n, sent = 0, taken = 0;

	open_terminal ();
	for (int round = 0; round < 3; round++) {
		while (granted >= sizeof piece) {
			say_data (piece, sizeof piece);
			sent += sizeof piece;
			turn ();
		}
		ck_assert_uint_le (sent - taken + granted, CHANNEL_WINDOW);
		ssh_channel_output (channel, CHANNEL_STDOUT, &n);
		ck_assert_uint_eq (n, sent - taken);
		ssh_channel_consume (channel, CHANNEL_STDOUT, n);
		taken += n;
		turn ();
		ck_assert_uint_ge (granted, CHANNEL_WINDOW / 8 * 7);
	}
}
END_TEST

/* An owner who goes while a request is not answered: the command is not asked for, and the channel is closed. */
START_TEST (abandon)
{
	static const struct ssh_channel_target target = { .command = "vi", .tty = &tty };

	open_channel (&target);
	expect (MSG_CHANNEL_REQUEST, NULL, 0);
	ssh_channel_abandon (channel);
	expect_nothing ();
	say (MSG_CHANNEL_SUCCESS, NULL, 0);
	expect (MSG_CHANNEL_EOF, "", 0);
	expect (MSG_CHANNEL_CLOSE, "", 0);
	ck_assert_uint_eq (ssh_session_n_channels (session), 1);
	say (MSG_CHANNEL_CLOSE, NULL, 0);
	expect_nothing ();
	ck_assert_uint_eq (ssh_session_n_channels (session), 0);
	ck_assert (!opened && !ended && !refused);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, requests);
	tcase_add_loop_test (tcase, refused_requests, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test (tcase, refused_channel);
	tcase_add_test (tcase, sizes);
	tcase_add_test (tcase, hang_up);
	tcase_add_loop_test (tcase, exit_status, 0, sizeof exits / sizeof *exits);
	tcase_add_test (tcase, window);
	tcase_add_test (tcase, abandon);
}

CHECK_MAIN ("ssh_channel", add_cases)
