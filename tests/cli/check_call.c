/* check_call - one request on one host, driven: the output in the sink, the escalation of signals, the end of the call.
 * The server is the test itself (client/fake.h), whose turns are a task beside the call. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/call.h"
#include "cli/result.h"
#include "cli/say.h"
#include "client/fake.h"
#include "support/check_main.h"

static struct drive drive;
static struct call call;
static struct fake fake;

/* The server's side, as a task: it acts on received messages, once in each turn of the loop. */
static struct task server;
static void (*act) (const struct message *message);
static int acted;

static bool server_work (struct task *task)
{
	const struct message *message;

	(void)task;
	while ((message = fake_receive (&fake))) {
		act (message);
		acted++;
	}
	return false;
}

static void server_wait (struct task *task, struct wait *wait)
{
	(void)task;
	wait_fd (wait, fake.fd, POLLIN);
}

static void server_event (struct task *task, const struct remex_event *event)
{
	(void)task;
	(void)event;
}

static void server_signal (struct task *task, int signo)
{
	(void)task;
	(void)signo;
}

/* The loop ends when the call does. */
static bool server_over (const struct task *task)
{
	(void)task;
	return !call.request;
}

static const struct task_ops server_ops = {
	.event = server_event, .signal = server_signal, .work = server_work, .wait = server_wait, .over = server_over
};

static void run (const struct sink *sink, void (*does) (const struct message *message))
{
	int sockets[2];
	struct remex_host *host;

	ck_assert_int_eq (drive_open (&drive), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	fake = (struct fake){ .fd = sockets[1] };
	buf_init (&fake.in, 2 * MESSAGE_MAX);
	decoder_init (&fake.decoder, FROM_CLIENT);
	ck_assert_ptr_nonnull (host = remex_attach (drive.remex, "fake", sockets[0], sockets[0], NULL));
	fake_send (&fake, HELLO);
	act = does;
	call.where = "fake";
	call.sink = sink;
	if (!call.name)
		call.name = "exec.run";
	call_init (&call);
	ck_assert_int_eq (call_start (&call, &drive, host), 0);
	server.ops = &server_ops;
	list_append (&drive.tasks, &server.node);
	drive_run (&drive);
	ck_assert (list_empty (&drive.tasks));
}

static void end (void)
{
	call_free (&call);
	drive_close (&drive);
	fake_hang_up (&fake);
	decoder_free (&fake.decoder);
	buf_free (&fake.in);
}

static void pour_and_exit (const struct message *message)
{
	if (message->kind != MESSAGE_CALL)
		return;
	fake_send_body (&fake, "{\"id\":1,\"data\":\"stdout\",\"body\":5}", "hello", 5);
	fake_send_body (&fake, "{\"id\":1,\"data\":\"stderr\",\"body\":4}", "oops", 4);
	fake_send_body (&fake, "{\"id\":1,\"data\":\"result\",\"body\":2}", "{}", 2);
	fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":7}}");
}

START_TEST (what_comes_is_collected)
{
	run (&sink_collect, pour_and_exit);
	ck_assert (call_ended (&call, REMEX_EXITED));
	ck_assert_int_eq (result_status (&call), 7);
	ck_assert_uint_eq (buf_len (&call.out_bytes), 5);
	ck_assert_mem_eq (buf_head (&call.out_bytes), "hello", 5);
	ck_assert_mem_eq (buf_head (&call.err_bytes), "oops", 4);
	ck_assert_mem_eq (buf_head (&call.result_bytes), "{}", 2);
	end ();
}
END_TEST

static void complete (const struct message *message)
{
	if (message->kind == MESSAGE_CALL)
		fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"completed\"}}");
}

START_TEST (an_outcome_that_no_such_call_has_is_a_failure)
{
	run (&sink_collect, complete);
	ck_assert_int_eq (call.result.outcome, REMEX_FAILED);
	ck_assert_str_eq (call.result.code, "bad_message");
	ck_assert_int_eq (result_status (&call), STATUS_REMEX);
	end ();
}
END_TEST

static void hang_up (const struct message *message)
{
	if (message->kind == MESSAGE_CALL)
		shutdown (fake.fd, SHUT_RDWR);
}

START_TEST (a_connection_that_ends_is_a_lost_call)
{
	run (&sink_collect, hang_up);
	ck_assert (call_ended (&call, REMEX_LOST));
	ck_assert_int_eq (result_status (&call), STATUS_REMEX);
	end ();
}
END_TEST

/* Each message that the server receives is answered by a Ctrl-C, until the call has had enough of them. */
static int signals_seen, cancels_seen;

static void interrupt (const struct message *message)
{
	signals_seen += message->kind == MESSAGE_SIGNAL;
	cancels_seen += message->kind == MESSAGE_CANCEL;
	raise (SIGINT);
}

START_TEST (three_interrupts_leave)
{
	run (&sink_collect, interrupt);
	ck_assert (call.gave_up);
	ck_assert_int_eq (signals_seen, 1);
	ck_assert_int_eq (cancels_seen, 1);
	ck_assert_int_eq (result_status (&call), STATUS_CANCELLED);
	end ();
}
END_TEST

static void terminate (const struct message *message)
{
	if (message->kind == MESSAGE_CALL)
		raise (SIGTERM);
	if (message->kind == MESSAGE_CANCEL)
		fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"cancelled\"}}");
}

START_TEST (term_cancels)
{
	run (&sink_collect, terminate);
	ck_assert (call_ended (&call, REMEX_CANCELLED));
	ck_assert_int_eq (result_status (&call), STATUS_CANCELLED);
	end ();
}
END_TEST

static int refuse (struct call *of, const char *stream, const void *bytes, size_t n)
{
	ck_assert_ptr_eq (of, &call);
	ck_assert_str_eq (stream, "stdout");
	ck_assert_uint_eq (n, 5);
	ck_assert_mem_eq (bytes, "hello", 5);
	return -1;
}

static void pour_until_cancelled (const struct message *message)
{
	if (message->kind == MESSAGE_CALL)
		fake_send_body (&fake, "{\"id\":1,\"data\":\"stdout\",\"body\":5}", "hello", 5);
	if (message->kind == MESSAGE_CANCEL)
		fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":0}}");
}

START_TEST (a_sink_that_fails_stops_the_call)
{
	static const struct sink refusing = { .take = refuse };

	run (&refusing, pour_until_cancelled);
	ck_assert_int_eq (call.broken, ECANCELED);
	ck_assert (!call_ended (&call, REMEX_EXITED));
	ck_assert_int_eq (result_status (&call), STATUS_REMEX); /* though it exited with 0 */
	end ();
}
END_TEST

static int take_nothing (struct call *of, const char *stream, const void *bytes, size_t n)
{
	(void)stream;
	(void)bytes;
	call_consume (of, n);
	return 0;
}

static int sent;

/* Two bytes, one at a time, then the end. */
static int send_two (struct call *of)
{
	if (sent == 2)
		return 0;
	if (remex_send (of->request, "x", 1) != 1)
		return 0;
	if (++sent == 2)
		remex_end (of->request);
	return sent < 2;
}

static size_t heard;

static void take_input (const struct message *message)
{
	if (message->kind == MESSAGE_CALL)
		fake_send (&fake, "{\"id\":1,\"credit\":100}");
	if (message->kind == MESSAGE_DATA)
		heard += message->body_len;
	if (message->kind == MESSAGE_END)
		fake_send (&fake, "{\"id\":1,\"done\":{\"outcome\":\"completed\"}}");
}

START_TEST (a_sink_may_make_the_input)
{
	static const struct sink sending = { .take = take_nothing, .send = send_two };

	call.name = "words.count";
	run (&sending, take_input);
	ck_assert (call_ended (&call, REMEX_COMPLETED));
	ck_assert_uint_eq (heard, 2);
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, what_comes_is_collected);
	tcase_add_test (tcase, an_outcome_that_no_such_call_has_is_a_failure);
	tcase_add_test (tcase, a_connection_that_ends_is_a_lost_call);
	tcase_add_test (tcase, three_interrupts_leave);
	tcase_add_test (tcase, term_cancels);
	tcase_add_test (tcase, a_sink_that_fails_stops_the_call);
	tcase_add_test (tcase, a_sink_may_make_the_input);
}

CHECK_MAIN ("call", add_cases)
