/* A request against a server that sends exactly what the test wants: its end, its output and the window, its input, its
 * signals, and the errors that a caller can make. */
#include "config.h"

#include <signal.h>

#include "client/fake.h"
#include "support/check_main.h"

static struct fake fake;
static uint8_t bytes[1024 * 1024];

static void setup (void)
{
	fake_send_hello (&fake);
}

static void teardown (void)
{
	fake_close (&fake);
}

/* --- how a request ends ------------------------------------------------------------------------------------------ */

static const struct {
	const char *done;
	struct remex_result result;
} ends[] = {
	{ "{\"outcome\":\"exited\",\"exit\":0,\"seconds\":0.5}",
		{ .outcome = REMEX_EXITED, .seconds = 0.5, .started = true, .message = "", .limit = "" } },
	{ "{\"outcome\":\"exited\",\"exit\":255,\"pipe_held\":true}", { .outcome = REMEX_EXITED,
									      .exit = 255,
									      .pipe_held = true,
									      .started = true,
									      .message = "",
									      .limit = "" } },
	{ "{\"outcome\":\"signalled\",\"signal\":\"KILL\"}",
		{ .outcome = REMEX_SIGNALLED, .signal = SIGKILL, .started = true, .message = "", .limit = "" } },
	{ "{\"outcome\":\"signalled\",\"signal\":40}",
		{ .outcome = REMEX_SIGNALLED, .signal = 40, .started = true, .message = "", .limit = "" } },
	{ "{\"outcome\":\"signalled\",\"signal\":\"EMT\"}",
		{ .outcome = REMEX_SIGNALLED, .started = true, .message = "", .limit = "" } },
	{ "{\"outcome\":\"timed_out\",\"limit\":\"idle\"}",
		{ .outcome = REMEX_TIMED_OUT, .started = true, .message = "", .limit = "idle" } },
	{ "{\"outcome\":\"timed_out\",\"limit\":\"deadline\",\"started\":false}",
		{ .outcome = REMEX_TIMED_OUT, .started = false, .message = "", .limit = "deadline" } },
	{ "{\"outcome\":\"cancelled\"}", { .outcome = REMEX_CANCELLED, .started = true, .message = "", .limit = "" } },
	{ "{\"outcome\":\"never_started\",\"message\":\"cannot run x: No\"}",
		{ .outcome = REMEX_NEVER_STARTED, .message = "cannot run x: No", .limit = "" } },
	{ "{\"outcome\":\"never_started\",\"message\":{\"b64\":\"/2E=\"}}", { .outcome = REMEX_NEVER_STARTED,
										    .message = "\xFF"
											       "a",
										    .limit = "" } },
	{ "{\"outcome\":\"completed\",\"new\":1}",
		{ .outcome = REMEX_COMPLETED, .started = true, .message = "", .limit = "" } },
};

START_TEST (done)
{
	const struct remex_result *want = &ends[_i].result, *got;
	struct remex_request *request = fake_call (&fake, NULL);
	char text[256];

	remex_request_set_data (request, &fake);
	snprintf (text, sizeof text, "{\"id\":1,\"done\":%s}", ends[_i].done);
	fake_send_body (&fake, "{\"id\":1,\"data\":\"stderr\",\"body\":3}", "abc", 3);
	fake_send (&fake, text);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_DATA);
	ck_assert_str_eq (fake.event.stream, "stderr");
	ck_assert_uint_eq (fake.event.size, 3);
	ck_assert_mem_eq (fake.event.data, "abc", 3);
	got = fake_ended (&fake, want->outcome);
	ck_assert_ptr_eq (fake.event.request, request);
	ck_assert_ptr_eq (remex_request_data (request), &fake);
	ck_assert_ptr_eq (remex_request_host (request), fake.host);
	ck_assert_int_eq (got->exit, want->exit);
	ck_assert_int_eq (got->signal, want->signal);
	ck_assert_double_eq (got->seconds, want->seconds);
	ck_assert_int_eq (got->started, want->started);
	ck_assert_int_eq (got->pipe_held, want->pipe_held);
	ck_assert_str_eq (got->code, "");
	ck_assert_str_eq (got->message, want->message);
	ck_assert_str_eq (got->limit, want->limit);
	ck_assert_str_eq (got->json, text);
	fake_expect_nothing (&fake);
}
END_TEST

START_TEST (error)
{
	fake_call (&fake, NULL);
	fake_send (
		&fake, "{\"id\":1,\"error\":{\"code\":\"busy\",\"message\":\"queue full (256)\",\"retry_after\":0.5}}");
	fake_ended (&fake, REMEX_FAILED);
	ck_assert_str_eq (fake.event.result->code, "busy");
	ck_assert_str_eq (fake.event.result->message, "queue full (256)");
	ck_assert_double_eq (fake.event.result->retry_after, 0.5);
	ck_assert (!fake.event.result->started);
	/* The connection goes on; late messages are ignored. */
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"completed\"}}");
	fake_send_body (&fake, "{\"id\":1,\"data\":\"stdout\",\"body\":3}", "abc", 3);
	fake_expect_nothing (&fake);
	fake_call (&fake, NULL);
	fake_send (&fake, "{\"id\":2,\"done\":{\"outcome\":\"completed\"}}");
	fake_ended (&fake, REMEX_COMPLETED);
}
END_TEST

/* --- output and its window --------------------------------------------------------------------------------------- */

START_TEST (the_window_is_renewed_by_quarters)
{
	const struct message *message;
	size_t total = 0, credit = 0;

	fake_call (&fake, &(struct remex_options){ .window = 40000 });
	for (int i = 0; i < 10; i++) {
		fake_send_output (&fake, 4000);
		ck_assert_int_eq (fake_next (&fake)->type, REMEX_DATA);
		total += fake.event.size;
	}
	fake_expect_nothing (&fake);
	while ((message = fake_receive (&fake))) {
		ck_assert_int_eq (message->kind, MESSAGE_CREDIT);
		ck_assert_int_eq (message->number, 12000);
		credit += (size_t)message->number;
	}
	ck_assert_uint_eq (total, 40000);
	ck_assert_uint_eq (credit, 36000);
}
END_TEST

START_TEST (held_output_is_renewed_when_consumed)
{
	struct remex_request *request = fake_call (&fake, &(struct remex_options){ .window = 4000, .hold = true });

	fake_send_output (&fake, 4000);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_DATA);
	fake_expect_nothing (&fake);
	ck_assert_ptr_null (fake_receive (&fake));
	remex_consume (request, 999);
	fake_expect_nothing (&fake);
	ck_assert_ptr_null (fake_receive (&fake));
	remex_consume (request, 1);
	fake_expect_nothing (&fake);
	ck_assert_int_eq (fake_receive (&fake)->number, 1000);
	fake_send_output (&fake, 1000);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_DATA);
	fake_expect_nothing (&fake);
	fake_send_output (&fake, 1);
	ck_assert_ptr_nonnull (strstr (fake_ended (&fake, REMEX_LOST)->message, "window"));
}
END_TEST

START_TEST (more_than_the_window)
{
	fake_call (&fake, &(struct remex_options){ .window = 1000 });
	fake_send_output (&fake, 1001);
	ck_assert_ptr_nonnull (strstr (fake_ended (&fake, REMEX_LOST)->message, "more output than the window"));
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CLOSED);
}
END_TEST

/* --- input ------------------------------------------------------------------------------------------------------- */

START_TEST (input_goes_against_credit)
{
	struct remex_request *request = fake_call (&fake, &(struct remex_options){ .input = true });
	const struct message *message;

	ck_assert_uint_eq (remex_credit (request), 0);
	ck_assert_int_eq (remex_send (request, "abc", 3), 0);
	fake_send (&fake, "{\"id\":1,\"credit\":5}");
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CREDIT);
	ck_assert_ptr_eq (fake.event.request, request);
	ck_assert_uint_eq (remex_credit (request), 5);
	ck_assert_int_eq (remex_send (request, "abc", 3), 3);
	ck_assert_int_eq (remex_send (request, "def", 3), 2);
	ck_assert_int_eq (remex_send (request, "f", 1), 0);
	ck_assert_int_eq (remex_end (request), 0);
	ck_assert_int_eq (remex_send (request, "f", 1), -1);
	ck_assert_int_eq (errno, EPIPE);
	ck_assert_int_eq (remex_end (request), -1);
	fake_send (&fake, "{\"id\":1,\"credit\":5}");
	fake_expect_nothing (&fake);
	ck_assert_ptr_nonnull (message = fake_receive (&fake));
	ck_assert_int_eq (message->kind, MESSAGE_DATA);
	ck_assert_str_eq (message->name, "stdin");
	ck_assert_mem_eq (message->body, "abc", 3);
	ck_assert_ptr_nonnull (message = fake_receive (&fake));
	ck_assert_mem_eq (message->body, "de", 2);
	ck_assert_ptr_nonnull (message = fake_receive (&fake));
	ck_assert_int_eq (message->kind, MESSAGE_END);
	ck_assert_ptr_null (fake_receive (&fake));
}
END_TEST

START_TEST (input_of_a_call_without_input)
{
	struct remex_request *request = fake_call (&fake, &(struct remex_options){ .body = "x", .body_size = 1 });

	fake_send (&fake, "{\"id\":1,\"credit\":5}");
	fake_expect_nothing (&fake);
	ck_assert_int_eq (remex_send (request, "a", 1), -1);
	ck_assert_int_eq (errno, EPIPE);
	ck_assert_int_eq (remex_end (request), -1);
}
END_TEST

/* A huge credit does not make the client collect everything: it waits until the collected bytes are sent. */
START_TEST (input_waits_for_room)
{
	struct remex_request *request = fake_call (&fake, &(struct remex_options){ .input = true });
	size_t sent = 0, got = 0;
	long n;

	fake_send (&fake, "{\"id\":1,\"credit\":9007199254740991}");
	fake_send (&fake, "{\"id\":1,\"credit\":9007199254740991}");
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CREDIT);
	ck_assert_int_eq (fake_next (&fake)->type, REMEX_CREDIT);
	while ((n = remex_send (request, bytes, sizeof bytes)) > 0)
		sent += (size_t)n;
	ck_assert_int_eq (n, 0);
	ck_assert_uint_le (sent, 2 * sizeof bytes);
	for (int i = 0; i < 1000 && got < sent; i++) {
		const struct message *message;

		remex_next (fake.remex, &fake.event, 0);
		if ((message = fake_receive (&fake)))
			got += message->body_len;
	}
	ck_assert_uint_eq (got, sent);
	ck_assert_uint_gt (remex_credit (request), 0);
}
END_TEST

/* --- signals, wrong arguments
 * ----------------------------------------------------------------------------------------- */

START_TEST (signals)
{
	struct remex_request *request = fake_call (&fake, NULL);
	const struct message *message;

	ck_assert_int_eq (remex_signal (request, "SIGINT"), -1);
	ck_assert_int_eq (errno, EINVAL);
	ck_assert_int_eq (remex_signal (request, "SEGV"), -1);
	ck_assert_int_eq (remex_signal (request, "INT"), 0);
	remex_cancel (request);
	fake_expect_nothing (&fake);
	ck_assert_str_eq (fake_receive (&fake)->name, "INT");
	ck_assert_ptr_nonnull (message = fake_receive (&fake));
	ck_assert_int_eq (message->kind, MESSAGE_CANCEL);
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"cancelled\"}}");
	fake_ended (&fake, REMEX_CANCELLED);
	remex_cancel (request);
	ck_assert_int_eq (remex_signal (request, "INT"), 0);
	fake_expect_nothing (&fake);
	ck_assert_ptr_null (fake_receive (&fake));
}
END_TEST

/* What the client has sent, as text without the prefixes of four bytes. */
static const char *sent_text (void)
{
	static char text[4096];
	ssize_t n;

	remex_next (fake.remex, &fake.event, 0);
	ck_assert_int_gt (n = recv (fake.fd, text, sizeof text - 1, MSG_DONTWAIT), 0);
	for (ssize_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	text[n] = '\0';
	return text;
}

START_TEST (a_terminal)
{
	struct remex_tty tty = {
		.size = sizeof tty, .rows = 24, .cols = 80, .term = "xterm", .utf8 = true, .erase = 127
	};
	struct remex_request *request = remex_start (
		fake.host, "exec.shell", &(struct remex_options){ .tty = &tty, .wait_output = true }, NULL);
	const char *text;

	ck_assert_ptr_nonnull (request);
	text = sent_text ();
	ck_assert_ptr_nonnull (
		strstr (text, "\"tty\":{\"rows\":24,\"cols\":80,\"term\":\"xterm\",\"utf8\":true,\"erase\":127}"));
	ck_assert_ptr_nonnull (strstr (text, "\"must\":[\"wait_output\",\"tty\"]"));
	ck_assert_int_eq (remex_resize (request, 0, 65535), 0);
	ck_assert_ptr_nonnull (strstr (sent_text (), "{\"id\":1,\"resize\":[0,65535]}"));
	ck_assert_int_eq (remex_resize (request, 65536, 1), -1);
	ck_assert_int_eq (errno, EINVAL);
	ck_assert_int_eq (remex_resize (request, 1, -1), -1);
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":0}}");
	fake_ended (&fake, REMEX_EXITED);
	ck_assert_int_eq (remex_resize (request, 1, 1), 0); /* it is over: nothing is sent */
	fake_expect_nothing (&fake);
}
END_TEST

START_TEST (a_terminal_that_is_not_known)
{
	ck_assert_ptr_nonnull (remex_start (fake.host, "exec.shell",
		&(struct remex_options){ .tty = &(struct remex_tty){ .size = sizeof (struct remex_tty) } }, NULL));
	ck_assert_ptr_nonnull (strstr (sent_text (), "\"tty\":{\"rows\":0,\"cols\":0},\"must\":[\"tty\"]"));
}
END_TEST

START_TEST (a_job)
{
	const struct remex_job job = {
		.size = sizeof job, .name = "build", .key = "k1", .input = true, .durable = true
	};

	ck_assert_ptr_nonnull (remex_start (fake.host, "exec.run", &(struct remex_options){ .job = &job }, NULL));
	ck_assert_ptr_nonnull (strstr (sent_text (),
		"\"job\":{\"name\":\"build\",\"key\":\"k1\",\"input\":true,\"durable\":true},\"must\":[\"job\"]"));
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"completed\",\"job\":\"abc\"}}");
	fake_ended (&fake, REMEX_COMPLETED);
	ck_assert_ptr_nonnull (strstr (fake.event.result->json, "\"job\":\"abc\""));
}
END_TEST

/* The job that a call is about is lost; the connection goes on. */
START_TEST (a_lost_job)
{
	fake_call (&fake, NULL);
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"lost\",\"why\":\"the machine was restarted\"}}");
	fake_ended (&fake, REMEX_LOST);
	ck_assert_str_eq (fake.event.result->message, "the machine was restarted");
	ck_assert_ptr_nonnull (strstr (fake.event.result->json, "lost"));
	fake_expect_nothing (&fake);
}
END_TEST

START_TEST (wrong_arguments)
{
	static const struct remex_options wrong[] = {
		{ .args = "[]" },
		{ .args = "{" },
		{ .args = "{\"a\":1,\"a\":2}" },
		{ .args = "{\"a\":[[[[[[[[1]]]]]]]]}" },
		{ .deadline = -1 },
		{ .deadline = 1e10 },
		{ .idle = -0.5 },
		{ .user = "\xFF" },
		{ .body = "x", .body_size = 65537 },
		{ .window = -1 },
	};
	static const struct remex_tty wrong_ttys[] = {
		{ .size = sizeof (struct remex_tty), .rows = 65536, .cols = 80 },
		{ .size = sizeof (struct remex_tty), .rows = 24, .cols = -1 },
		{ .size = sizeof (struct remex_tty), .term = "\xFF" },
		{ .size = sizeof (struct remex_tty), .erase = 256 },
		{ .size = 0, .rows = 24, .cols = 80 },
	};
	struct remex_error why = { .text = "" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_ptr_null (remex_start (fake.host, "a", &wrong[i], &why));
		ck_assert_str_eq (why.code, "usage");
		ck_assert_str_ne (why.text, "");
	}
	for (size_t i = 0; i < sizeof wrong_ttys / sizeof *wrong_ttys; i++) {
		ck_assert_ptr_null (
			remex_start (fake.host, "a", &(struct remex_options){ .tty = &wrong_ttys[i] }, &why));
		ck_assert_str_eq (why.code, "usage");
		ck_assert_str_ne (why.text, "");
	}
	ck_assert_ptr_null (remex_start (fake.host, "\xFF", NULL, &why));
	fake_expect_nothing (&fake);
	ck_assert_ptr_null (fake_receive (&fake));
	fake_call (&fake, NULL);
}
END_TEST

START_TEST (a_call_too_large)
{
	struct remex_args *args = remex_args_new ();
	struct remex_error why;
	char *text = malloc (1100000);

	memset (text, 'x', 1099999);
	text[1099999] = '\0';
	remex_args_string (args, "a", text);
	ck_assert_ptr_null (
		remex_start (fake.host, "a", &(struct remex_options){ .args = remex_args_text (args) }, &why));
	ck_assert_str_eq (why.code, "too_large");
	free (text);
	remex_args_free (args);
	fake_call (&fake, NULL);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, done, 0, sizeof ends / sizeof *ends);
	tcase_add_test (tcase, error);
	tcase_add_test (tcase, the_window_is_renewed_by_quarters);
	tcase_add_test (tcase, held_output_is_renewed_when_consumed);
	tcase_add_test (tcase, more_than_the_window);
	tcase_add_test (tcase, input_goes_against_credit);
	tcase_add_test (tcase, input_of_a_call_without_input);
	tcase_add_test (tcase, input_waits_for_room);
	tcase_add_test (tcase, signals);
	tcase_add_test (tcase, a_terminal);
	tcase_add_test (tcase, a_terminal_that_is_not_known);
	tcase_add_test (tcase, a_job);
	tcase_add_test (tcase, a_lost_job);
	tcase_add_test (tcase, wrong_arguments);
	tcase_add_test (tcase, a_call_too_large);
}

CHECK_MAIN ("client/client_request", cases)
