/* A connection and its requests against a server that sends exactly what the test wants: hello, pings, the end in all
 * its forms, and bytes that no server should send. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "client/client_request.h"
#include "client/fake.h"
#include "client/host.h"
#include "support/check_main.h"

static struct fake fake;
static uint8_t bytes[1024 * 1024];

static void setup_open (void)
{
	fake_open (&fake);
}

static void setup_greeted (void)
{
	fake_send_hello (&fake);
}

static void teardown (void)
{
	fake_close (&fake);
}

/* --- before hello ------------------------------------------------------------------------------------------------ */

START_TEST (nothing_is_sent_before_hello)
{
	struct remex_request *request = remex_start (fake.host, "exec.run",
		&(struct remex_options){ .args = "{\"argv\":[\"a\"]}",
			.deadline = 1.5,
			.idle = 2,
			.user = "bob",
			.input = true,
			.body = "xy",
			.body_size = 2 },
		NULL);
	const struct message *message;
	char text[512];

	ck_assert_ptr_nonnull (request);
	fake_expect_nothing (&fake);
	ck_assert_ptr_null (fake_receive (&fake));
	ck_assert_str_eq (remex_host_name (fake.host), "");
	fake_send (&fake, HELLO);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_READY);
	ck_assert_str_eq (remex_host_where (fake.host), "fake");
	ck_assert_str_eq (remex_host_name (fake.host), "web1");
	ck_assert_str_eq (remex_host_version (fake.host), "9.9");
	ck_assert_str_eq (remex_host_you (fake.host), "alice");
	fake_expect_nothing (&fake);
	ck_assert_ptr_nonnull (message = fake_receive (&fake));
	snprintf (text, sizeof text, "%.*s", (int)message->text_len, message->text);
	ck_assert_str_eq (text,
		"{\"id\":1,\"call\":\"exec.run\",\"args\":{\"argv\":[\"a\"]},\"deadline\":1.5,\"idle\":2.0,"
		"\"user\":\"bob\",\"input\":true,\"window\":1048576,\"body\":2}");
	ck_assert_uint_eq (message->body_len, 2);
	ck_assert_mem_eq (message->body, "xy", 2);
}
END_TEST

START_TEST (cancelled_before_hello)
{
	struct remex_request *first = remex_start (fake.host, "a", NULL, NULL);
	struct remex_request *second = remex_start (fake.host, "b", NULL, NULL);

	if (_i)
		ck_assert_int_eq (remex_signal (first, "INT"), 0);
	else
		remex_cancel (first);
	fake_ended (&fake, REMEX_CANCELLED);
	ck_assert_ptr_eq (fake.event.request, first);
	ck_assert (!fake.event.result->started);
	fake_send (&fake, HELLO);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_READY);
	fake_expect_nothing (&fake);
	ck_assert_str_eq (fake_receive (&fake)->name, "b");
	ck_assert_ptr_null (fake_receive (&fake));
	fake_send (&fake, "{\"id\":2,\"done\":{\"outcome\":\"completed\"}}");
	fake_ended (&fake, REMEX_COMPLETED);
	ck_assert_ptr_eq (fake.event.request, second);
}
END_TEST

START_TEST (hung_up_before_hello)
{
	remex_start (fake.host, "a", NULL, NULL);
	fake_hang_up (&fake);
	ck_assert_str_eq (fake_ended (&fake, REMEX_UNREACHABLE)->code, "unreachable");
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CLOSED);
	ck_assert_ptr_nonnull (strstr (fake.event.message, "without a hello"));
	ck_assert_int_eq (remex_next (fake.remex, &fake.event, -1), 0);
	ck_assert_ptr_null (remex_start (fake.host, "a", NULL, NULL));
}
END_TEST

START_TEST (refused_before_hello)
{
	remex_start (fake.host, "a", NULL, NULL);
	fake_send (&fake, "{\"error\":{\"code\":\"busy\",\"message\":\"too many connections\"}}");
	fake_ended (&fake, REMEX_FAILED); /* the server's own report: nothing ran */
	ck_assert_str_eq (fake.event.result->code, "busy");
	ck_assert_str_eq (fake.event.result->message, "too many connections");
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CLOSED);
}
END_TEST

static const char *const no_hello[] = { "{\"ping\":1}", "{\"remex\":2}", "{\"id\":1,\"credit\":1}",
	"{\"id\":1,\"done\":{\"outcome\":\"completed\"}}", "{\"remex\":1,\"must\":[\"dance\"]}" };

START_TEST (something_else_than_hello)
{
	remex_start (fake.host, "a", NULL, NULL);
	fake_send (&fake, no_hello[_i]);
	ck_assert_ptr_nonnull (strstr (fake_ended (&fake, REMEX_UNREACHABLE)->message, "breaks the protocol"));
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CLOSED);
}
END_TEST

/* --- the end of the connection
 * ---------------------------------------------------------------------------------------- */

START_TEST (the_connection_ends)
{
	struct remex_request *first = fake_call (&fake, NULL), *second = fake_call (&fake, NULL);

	fake_call (&fake, NULL);
	/* Messages before the end count. */
	fake_send (&fake, "{\"id\":2,\"done\":{\"outcome\":\"completed\"}}");
	if (_i == 1)
		fake_send (&fake, "{\"error\":{\"code\":\"shutting_down\",\"message\":\"bye\"}}");
	fake_hang_up (&fake);
	fake_ended (&fake, REMEX_COMPLETED);
	ck_assert_ptr_eq (fake.event.request, second);
	fake_ended (&fake, REMEX_LOST);
	ck_assert_ptr_eq (fake.event.request, first);
	ck_assert_str_eq (fake.event.result->code, _i ? "shutting_down" : "lost");
	ck_assert_str_eq (fake.event.result->message, _i ? "bye" : "the server closed the connection");
	ck_assert (fake.event.result->started);
	fake_ended (&fake, REMEX_LOST);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CLOSED);
	ck_assert_int_eq (remex_next (fake.remex, &fake.event, -1), 0);
	remex_close (fake.host);
}
END_TEST

/* The server dies while more than one read's worth of its bytes is on the way, and ours are unread. */
START_TEST (much_output_and_then_the_end)
{
	struct remex_request *request = fake_call (&fake, NULL);
	size_t size = 100000, got = 0;
	int room = 1 << 20;

	setsockopt (fake.fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	ck_assert_int_eq (remex_signal (request, "HUP"), 0);
	fake_expect_nothing (&fake);
	fake_send_body (&fake, "{\"id\":1,\"data\":\"stdout\",\"body\":100000}", bytes, size);
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":3}}");
	fake_hang_up (&fake);
	while (fake_next (&fake)->type == REMEX_DATA)
		got += fake.event.size;
	ck_assert_uint_eq (got, size);
	ck_assert_int_eq (fake.event.type, REMEX_ENDED);
	ck_assert_int_eq (fake.event.result->exit, 3);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CLOSED);
}
END_TEST

/* --- pings
 * ------------------------------------------------------------------------------------------------------------ */

START_TEST (pings)
{
	const struct message *message;

	fake_send (&fake, "{\"ping\":-7}");
	fake_expect_nothing (&fake);
	message = fake_receive (&fake);
	ck_assert_int_eq (message->kind, MESSAGE_PONG);
	ck_assert_int_eq (message->number, -7);
	fake_send (&fake, "{\"pong\":1}"); /* without a ping */
	fake_expect_nothing (&fake);
	ck_assert_int_eq (remex_ping (fake.host), 0);
	fake_expect_nothing (&fake);
	message = fake_receive (&fake);
	ck_assert_int_eq (message->kind, MESSAGE_PING);
	ck_assert_int_eq (message->number, 1);
	fake_send (&fake, "{\"pong\":1}");
	fake_send (&fake, "{\"pong\":1}");
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_DATA);
	ck_assert_str_eq (fake.event.stream, "pong");
	ck_assert_ptr_null (fake.event.request);
	fake_expect_nothing (&fake);
	fake_hang_up (&fake);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CLOSED);
	ck_assert_int_eq (remex_ping (fake.host), -1);
}
END_TEST

/* A server that sends pings without end and reads no answer: neither memory nor remex_next may go on for ever. */
START_TEST (pings_without_end)
{
	uint8_t ping[4 + 10] = { 0, 0, 0, 10, '{', '"', 'p', 'i', 'n', 'g', '"', ':', '1', '}' };
	size_t used = 0, at = 0;
	bool closed = false;

	for (; used + sizeof ping < sizeof bytes; used += sizeof ping)
		memcpy (bytes + used, ping, sizeof ping);
	for (int i = 0; i < 100000 && !closed; i++) {
		ssize_t n = send (fake.fd, bytes + at, used - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		at = n > 0 ? (at + (size_t)n) % used : at;
		while (!closed && remex_next (fake.remex, &fake.event, 0) > 0)
			closed = fake.event.type == REMEX_CLOSED;
	}
	ck_assert (closed);
	ck_assert_ptr_nonnull (strstr (fake.event.message, "without reading the answers"));
}
END_TEST

/* --- what a server must not say ---------------------------------------------------------------------------------- */

static const char *const violations[] = {
	HELLO,
	"{\"id\":2,\"done\":{\"outcome\":\"completed\"}}",
	"{\"id\":0,\"done\":{\"outcome\":\"completed\"}}",
	"{\"id\":1,\"done\":{\"outcome\":\"failed\"}}",
	"{\"id\":1,\"done\":{\"outcome\":\"exited\"}}",
	"{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":256}}",
	"{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":-1}}",
	"{\"id\":1,\"done\":{}}",
	"{\"id\":1,\"done\":1}",
	"{\"id\":1,\"credit\":0}",
	"{\"id\":1,\"credit\":-5}",
	"{\"id\":1,\"data\":\"stdout\"}",
	"{\"id\":1,\"data\":\"stdout\",\"body\":-1}",
	"{\"id\":1,\"data\":\"stdout\",\"body\":99999999999}",
	"{\"id\":1,\"call\":\"exec.run\"}",
	"{\"id\":1,\"signal\":\"INT\"}",
	"{\"id\":1,\"must\":[\"id\",\"dance\"],\"credit\":1}",
	"{\"id\":1,\"must\":[17],\"credit\":1}",
	"{\"bye\":true}",
	"{}",
	"[]",
	"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	"{\"id\":1,\"id\":1,\"credit\":1}",
	"no JSON at all",
	"{\"id\":1,\"data\":\"st\xFF\",\"body\":1}",
};

START_TEST (a_violation)
{
	fake_call (&fake, NULL);
	fake_send (&fake, violations[_i]);
	ck_assert_ptr_nonnull (strstr (fake_ended (&fake, REMEX_LOST)->message, "breaks the protocol: "));
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CLOSED);
	ck_assert_int_eq (remex_next (fake.remex, &fake.event, -1), 0);
}
END_TEST

START_TEST (a_header_too_long)
{
	fake_call (&fake, NULL);
	fake_bytes (&fake, "HTTP/1.1 400 Bad Request\r\n", 26);
	ck_assert_ptr_nonnull (strstr (fake_ended (&fake, REMEX_LOST)->message, "is this remex/1?"));
}
END_TEST

/* Random changes to a good conversation: whatever the result, the request ends once, and then the connection. */
START_TEST (noise)
{
	static const char *const talk[] = { "{\"id\":1,\"credit\":5}", "{\"ping\":1}", "{\"pong\":1}",
		"{\"id\":1,\"data\":\"stdout\",\"body\":5}hello",
		"{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":0}}", "{\"error\":{\"code\":\"internal\"}}" };
	uint8_t text[512];
	size_t n = 0;
	int ended = 0;

	srand ((unsigned)_i);
	fake_call (&fake, &(struct remex_options){ .input = true });
	for (int i = 0; i < 6; i++) {
		const char *line = talk[rand () % 6], *body = strchr (line, 'h');
		size_t length = strlen (line), header = body ? (size_t)(body - line) : length;

		text[n] = text[n + 1] = text[n + 2] = 0;
		text[n + 3] = (uint8_t)header;
		memcpy (text + n + 4, line, length);
		n += 4 + length;
	}
	for (int i = rand () % 4; i > 0; i--)
		text[(size_t)rand () % n] ^= (uint8_t)(1 << rand () % 8);
	fake_bytes (&fake, text, n - (size_t)(rand () % 3 == 0 ? rand () % 20 : 0));
	fake_hang_up (&fake);
	while (fake_next (&fake)->type != REMEX_CLOSED)
		ended += fake.event.type == REMEX_ENDED;
	ck_assert_int_eq (ended, 1);
}
END_TEST

/* --- other loops, the end of the library
 * ------------------------------------------------------------------------------ */

/* A program with a loop of its own: the descriptor shows that there is input, the timeout that an event waits. */
START_TEST (a_loop_of_ones_own)
{
	struct pollfd ready = { .fd = remex_fd (fake.remex), .events = POLLIN };

	ck_assert_ptr_nonnull (remex_start (fake.host, "a", NULL, NULL));
	ck_assert_int_eq (remex_timeout (fake.remex), 0);
	fake_expect_nothing (&fake);
	ck_assert_int_ne (remex_timeout (fake.remex), 0);
	ck_assert_ptr_nonnull (fake_receive (&fake));
	ck_assert_int_eq (poll (&ready, 1, 0), 0);
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"completed\"}}");
	ck_assert_int_eq (poll (&ready, 1, 200000), 1);
	ck_assert_int_eq (remex_next (fake.remex, &fake.event, 0), 1);
	ck_assert_int_eq (fake.event.type, REMEX_ENDED);
	fake_expect_nothing (&fake);
}
END_TEST

START_TEST (closed_in_the_middle)
{
	struct remex_event event;

	fake_call (&fake, &(struct remex_options){ .input = true });
	fake_call (&fake, NULL);
	fake_send_output (&fake, 1000);
	fake_send (&fake, "{\"id\":2,\"done\":{\"outcome\":\"completed\"}}");
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_DATA);
	if (_i)
		fake_ended (&fake, REMEX_COMPLETED);
	remex_close (fake.host);
	ck_assert_int_eq (remex_next (fake.remex, &event, -1), 0);
	ck_assert_int_eq (remex_timeout (fake.remex), -1);
	while (fake_receive (&fake))
		continue;
	ck_assert_int_eq (recv (fake.fd, bytes, 1, 0), 0);
	remex_free (NULL);
	remex_close (NULL);
}
END_TEST

/* The reason is reported: there may be memory. */
START_TEST (no_descriptors)
{
	struct rlimit before, none;

	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ .rlim_max = before.rlim_max };
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &none), 0);
	ck_assert_ptr_null (remex_new ());
	ck_assert_int_eq (errno, EMFILE);
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
}
END_TEST

START_TEST (over_pipes)
{
	struct remex *remex = remex_new ();
	struct remex_event event;
	struct remex_host *host;
	int there[2], back[2];

	signal (SIGPIPE, SIG_DFL);
	ck_assert_int_eq (pipe2 (there, O_CLOEXEC), 0);
	ck_assert_int_eq (pipe2 (back, O_CLOEXEC), 0);
	ck_assert_ptr_nonnull (host = remex_attach (remex, "pipes", back[0], there[1], NULL));
	ck_assert_int_eq (write (back[1], "\0\0\0\13{\"remex\":1}", 15), 15);
	ck_assert_int_eq (remex_next (remex, &event, 200000), 1);
	ck_assert_int_eq (event.type, REMEX_READY);
	close (there[0]); /* our bytes are not read: that must cause no signal */
	ck_assert_ptr_nonnull (remex_start (host, "a", NULL, NULL));
	ck_assert_int_eq (remex_next (remex, &event, 0), 0);
	ck_assert_int_eq (write (back[1], "\0\0\0\47{\"id\":1,\"done\":{\"outcome\":\"cancelled\"}}", 43), 43);
	ck_assert_int_eq (remex_next (remex, &event, 200000), 1);
	ck_assert_int_eq (event.type, REMEX_ENDED);
	close (back[1]);
	ck_assert_int_eq (remex_next (remex, &event, 200000), 1);
	ck_assert_int_eq (event.type, REMEX_CLOSED);
	remex_free (remex);
}
END_TEST

START_TEST (nobody_there)
{
	struct remex *remex = remex_new ();
	struct remex_error why;
	struct remex_event event;
	struct remex_host *host;

	ck_assert_ptr_null (remex_connect (remex, "we b1", &why));
	ck_assert_str_eq (why.code, "usage");
	ck_assert_ptr_null (remex_attach (remex, "x", -1, -1, &why));
	ck_assert_ptr_nonnull (host = remex_connect (remex, "unix:///nonexistent/s", &why));
	ck_assert_ptr_nonnull (remex_start (host, "a", NULL, NULL));
	ck_assert_int_eq (remex_next (remex, &event, 200000), 1);
	ck_assert_int_eq (event.result->outcome, REMEX_UNREACHABLE);
	ck_assert_ptr_nonnull (strstr (event.result->message, "/nonexistent/s: No such file"));
	ck_assert_int_eq (remex_next (remex, &event, 200000), 1);
	ck_assert_int_eq (event.type, REMEX_CLOSED);
	remex_free (remex);
}
END_TEST

/* --- deadlines --------------------------------------------------------------------------------------------------- */

static void receive_ping (void)
{
	const struct message *message;

	fake_expect_nothing (&fake);
	ck_assert_ptr_nonnull (message = fake_receive (&fake));
	ck_assert_int_eq (message->kind, MESSAGE_PING);
}

/* A call whose deadline passed a while ago, and the ping that asks whether the server is there. */
static struct remex_request *late_call (void)
{
	struct remex_request *request = fake_call (&fake, &(struct remex_options){ .deadline = 1000 });

	ck_assert_int_gt (request->deadline_ms, clock_ms () + 990000);
	request->deadline_ms = clock_ms () - 1000;
	host_timer (fake.host, 0); /* it was set for the old time */
	while (!fake.host->asked_ms)
		fake_expect_nothing (&fake);
	receive_ping ();
	return request;
}

/* As if five seconds had passed. */
static void wait_for_the_answer (struct remex_request *request)
{
	request->deadline_ms -= 5000;
	fake.host->asked_ms -= 5000;
	host_timer (fake.host, 0);
}

START_TEST (a_server_that_is_late_and_silent)
{
	struct remex_request *late = late_call ();
	struct remex_request *other = remex_start (fake.host, "b", NULL, NULL);
	const struct message *message;

	fake_expect_nothing (&fake);
	fake_receive (&fake);
	wait_for_the_answer (late);
	fake_ended (&fake, REMEX_TIMED_OUT);
	ck_assert_ptr_eq (fake.event.request, late);
	ck_assert_str_eq (fake.event.result->limit, "deadline");
	ck_assert_ptr_nonnull (strstr (fake.event.result->message, "does not answer"));
	ck_assert (fake.event.result->started);
	/* Should the server come back, it stops the call; what it says about it is too late. */
	fake_expect_nothing (&fake);
	ck_assert_ptr_nonnull (message = fake_receive (&fake));
	ck_assert_int_eq (message->kind, MESSAGE_CANCEL);
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":0}}");
	fake_send (&fake, "{\"id\":2,\"done\":{\"outcome\":\"completed\"}}");
	fake_ended (&fake, REMEX_COMPLETED);
	ck_assert_ptr_eq (fake.event.request, other);
}
END_TEST

/* The server keeps the deadline: one that answers is believed, however long it takes. It is asked every five seconds. */
START_TEST (a_server_that_is_late_and_answers)
{
	struct remex_request *late = late_call ();

	for (int i = 0; i < 3; i++) {
		fake_send (&fake, "{\"pong\":0}");
		while (!fake.host->answered)
			fake_expect_nothing (&fake);
		for (int j = 0; j < 10; j++)
			fake_expect_nothing (&fake);
		ck_assert_ptr_null (fake_receive (&fake));
		wait_for_the_answer (late);
		while (fake.host->answered)
			fake_expect_nothing (&fake);
		receive_ping ();
	}
	wait_for_the_answer (late);
	/* It is in the socket, and was not read yet. */
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"timed_out\",\"limit\":\"deadline\"}}");
	fake_ended (&fake, REMEX_TIMED_OUT);
	ck_assert_str_eq (fake.event.result->message, "");
}
END_TEST

/* The time runs from hello: until then the time to connect counts. */
START_TEST (a_deadline_runs_from_hello)
{
	struct remex_request *request = remex_start (fake.host, "a", &(struct remex_options){ .deadline = 1000 }, NULL);

	ck_assert (request->deadline_ms == INT64_MAX);
	fake_send (&fake, HELLO);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_READY);
	ck_assert_int_le (request->deadline_ms, clock_ms () + 1000000);
}
END_TEST

static void open_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup_open, teardown);
	tcase_add_test (tcase, nothing_is_sent_before_hello);
	tcase_add_loop_test (tcase, cancelled_before_hello, 0, 2);
	tcase_add_test (tcase, hung_up_before_hello);
	tcase_add_test (tcase, refused_before_hello);
	tcase_add_loop_test (tcase, something_else_than_hello, 0, 5);
	tcase_add_test (tcase, a_deadline_runs_from_hello);
	tcase_add_test (tcase, nobody_there);
	tcase_add_test (tcase, over_pipes);
	tcase_add_test (tcase, no_descriptors);
}

static void greeted_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup_greeted, teardown);
	tcase_add_loop_test (tcase, the_connection_ends, 0, 2);
	tcase_add_test (tcase, much_output_and_then_the_end);
	tcase_add_test (tcase, pings);
	tcase_add_test (tcase, pings_without_end);
	tcase_add_loop_test (tcase, a_violation, 0, sizeof violations / sizeof *violations);
	tcase_add_test (tcase, a_server_that_is_late_and_silent);
	tcase_add_test (tcase, a_server_that_is_late_and_answers);
	tcase_add_test (tcase, a_header_too_long);
	tcase_add_loop_test (tcase, noise, 0, 200);
	tcase_add_test (tcase, a_loop_of_ones_own);
	tcase_add_loop_test (tcase, closed_in_the_middle, 0, 2);
}

CHECK_MAIN ("client/host", open_cases, greeted_cases)
