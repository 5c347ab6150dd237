/* check_job_viewer - the front's connection to a holder, which is a process of the job's user and may send anything: what makes
 * sense reaches the client, and anything else ends the connection, once. The holder is this test.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "front/front_state.h"
#include "front/job_viewer.h"
#include "support/check_main.h"
#include "support/descriptors.h"
#include "wire/fake_session.h"
#include "wire/records.h"

static struct front front;
static struct identity identity = { .full = true };
static struct fake_session fake;
static struct job_viewer viewer;
static struct channel *channel;
static int holder; /* its end of the connection */
static char events[4096]; /* of the viewer, as text */
static bool closes; /* the owner closes the viewer in each event */

static void note (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));

static void note (const char *fmt, ...)
{
	size_t n = strlen (events);
	va_list args;

	va_start (args, fmt);
	vsnprintf (events + n, sizeof events - n, fmt, args);
	va_end (args);
	if (closes)
		job_viewer_close (&viewer);
}

static void on_hello (void *arg, const struct record *record, const json_t *facts)
{
	(void)arg;
	note ("hello %lld %lld %zu;", (long long)record->a, (long long)record->b, json_object_size (facts));
}

static void on_end (void *arg, bool followed, const char *line, size_t n)
{
	(void)arg;
	note ("end %d %.*s;", followed, (int)n, line);
}

static void on_screen (void *arg, int64_t offset, int64_t n)
{
	(void)arg;
	note ("screen %lld %lld;", (long long)offset, (long long)n);
}

static void on_screen_end (void *arg)
{
	(void)arg;
	note ("drawn;");
}

static void on_cut (void *arg, int64_t from, int64_t to)
{
	(void)arg;
	note ("cut %lld %lld;", (long long)from, (long long)to);
}

static void on_delivered (void *arg)
{
	(void)arg;
	note ("delivered;");
}

static void on_gone (void *arg)
{
	(void)arg;
	note ("gone;");
	job_viewer_close (&viewer);
}

static const struct job_viewer_ops ops = { .hello = on_hello,
	.end = on_end,
	.screen = on_screen,
	.screen_end = on_screen_end,
	.cut = on_cut,
	.delivered = on_delivered,
	.gone = on_gone };

static int descriptors;

static void begin (void)
{
	int ends[2];

	signal (SIGPIPE, SIG_IGN);
	log_setup ("check_job_viewer", LOG_ERROR);
	ck_assert_int_eq (uv_loop_init (&front.loop), 0);
	uv_run (&front.loop, UV_RUN_NOWAIT);
	front.carrier.link = -1;
	list_init (&front.job_waiting);
	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_answers (&fake);
	ck_assert_ptr_nonnull (channel = fake_channel (&fake, 1));
	descriptors = open_descriptors ();
	ck_assert_int_eq (link_pair (ends), 0);
	holder = ends[1];
	job_viewer_init (&viewer, &front, &identity, &ops, NULL);
	ck_assert_int_eq (job_viewer_open (&viewer, channel, ends[0]), 0);
}

static void end (void)
{
	job_viewer_close (&viewer);
	job_viewer_close (&viewer); /* harmless */
	fd_close (&holder);
	while (uv_run (&front.loop, UV_RUN_NOWAIT))
		;
	ck_assert_int_eq (open_descriptors (), descriptors);
	ck_assert_uint_eq (front.budget.held, 0);
	ck_assert_uint_eq (identity.held, 0);
	fake_end (&fake);
	ck_assert_int_eq (uv_loop_close (&front.loop), 0);
}

static void turn (void)
{
	for (int i = 0; i < 20; i++)
		uv_run (&front.loop, UV_RUN_NOWAIT);
}

static void send_record (uint32_t type, int64_t a, int64_t b, const char *data, size_t n)
{
	link_send (holder, &(struct outgoing){ .record = { .type = type, .a = a, .b = b }, .data = data, .n = n },
		MSG_DONTWAIT);
}

/* The holder sends that, and the viewer reads it. The events, until the next call. */
static const char *after (uint32_t type, int64_t a, int64_t b, const char *data)
{
	*events = '\0';
	send_record (type, a, b, data, strlen (data));
	turn ();
	return events;
}

static void hello (void)
{
	ck_assert_str_eq (after (JOB_HELLO, 10, 2, "{\"version\":1}"), "hello 10 2 1;");
}

START_TEST (output)
{
	begin ();
	hello ();
	ck_assert_str_eq (after (JOB_OUTPUT, 0, 6, "stdoutabc"), "");
	ck_assert_str_eq (fake_answers (&fake), "data 1 stdout 3;");
	ck_assert_int_eq (viewer.position, 3);
	ck_assert_str_eq (after (JOB_CUT, 3, 8, ""), "cut 3 8;");
	ck_assert_str_eq (after (JOB_OUTPUT, 8, 6, "stderrde"), "");
	ck_assert_str_eq (fake_answers (&fake), "data 1 stderr 2;");
	ck_assert_str_eq (after (JOB_SCREEN, 10, 5, "abc"), "screen 10 5;");
	ck_assert_str_eq (after (JOB_SCREEN, 10, 5, "de"), "drawn;");
	ck_assert_str_eq (after (JOB_SCREEN, 10, 0, ""), "screen 10 0;drawn;");
	ck_assert_str_eq (after (9999, -1, -1, "of a later version"), "");
	ck_assert_str_eq (after (JOB_END, 1, 0, "{}"), "end 1 {};");
	*events = '\0';
	fd_close (&holder);
	turn ();
	ck_assert_str_eq (events, "gone;");
	ck_assert_int_eq (viewer.fd, -1);
	end ();
}
END_TEST

/* Records that no holder sends: the connection is over, and nothing of them reaches the client. */
START_TEST (nonsense)
{
	static const struct {
		uint32_t type;
		int64_t a, b;
		const char *data;
	} records[] = {
		{ JOB_HELLO, 0, 0, "{}" }, /* again */
		{ JOB_OUTPUT, 0, 0, "stdoutabc" },
		{ JOB_OUTPUT, 0, 10, "stdoutabc" },
		{ JOB_OUTPUT, 0, -6, "stdoutabc" },
		{ JOB_OUTPUT, 0, INT64_MAX, "stdoutabc" },
		{ JOB_OUTPUT, -1, 6, "stdoutabc" },
		{ JOB_OUTPUT, INT64_MAX - 1, 6, "stdoutabc" }, /* its end would overflow */
		{ JOB_OUTPUT, 0, 6, "std/utabc" },
		{ JOB_OUTPUT, 0, 6, "std\nutabc" },
		{ JOB_OUTPUT, 0, 1, "" },
		{ JOB_CUT, 5, 4, "" },
		{ JOB_CUT, -5, 4, "" },
		{ JOB_CUT, 0, INT64_MAX, "" },
		{ JOB_SCREEN, 0, -1, "" },
		{ JOB_SCREEN, 0, 2, "abc" },
		{ JOB_SCREEN, -1, 3, "abc" },
		{ JOB_SCREEN, INT64_MAX, 3, "abc" },
	};

	begin ();
	hello ();
	fake_answers (&fake);
	ck_assert_str_eq (after (records[_i].type, records[_i].a, records[_i].b, records[_i].data), "gone;");
	ck_assert_str_eq (fake_answers (&fake), "");
	end ();
}
END_TEST

/* What comes before HELLO, and a HELLO that is none. An END may come first: the job could not start. */
START_TEST (first_records)
{
	static const struct {
		uint32_t type;
		int64_t a, b;
		const char *data, *events;
	} records[] = {
		{ JOB_OUTPUT, 0, 6, "stdoutabc", "gone;" },
		{ JOB_INPUT_TAKEN, 0, 1, "", "gone;" },
		{ 9999, 0, 0, "", "gone;" },
		{ JOB_HELLO, 0, 0, "", "gone;" },
		{ JOB_HELLO, 0, 0, "[]", "gone;" },
		{ JOB_HELLO, 0, 0, "{\"a\":1,\"a\":2}", "gone;" },
		{ JOB_HELLO, -1, 0, "{}", "gone;" },
		{ JOB_HELLO, 0, -1, "{}", "gone;" },
		{ JOB_HELLO, INT64_MAX, 0, "{}", "gone;" },
		{ JOB_HELLO, 0, INT64_MAX, "{}", "gone;" },
		{ JOB_END, 0, 0, "{\"error\":{}}", "end 0 {\"error\":{}};" },
	};

	begin ();
	ck_assert_str_eq (after (records[_i].type, records[_i].a, records[_i].b, records[_i].data), records[_i].events);
	ck_assert (!viewer.hello);
	end ();
}
END_TEST

START_TEST (huge_hello)
{
	static char facts[8192];

	begin ();
	memset (facts, ' ', sizeof facts - 1);
	memcpy (facts, "{}", 2);
	ck_assert_str_eq (after (JOB_HELLO, 0, 0, facts), "gone;");
	end ();
}
END_TEST

/* Descriptors of the holder are not taken, whatever the kernel: a kernel that refuses them does not send the record. */
START_TEST (descriptors_of_the_holder)
{
	int fd = dup (0);

	begin ();
	hello ();
	*events = '\0';
	link_send (holder, &(struct outgoing){ .record = { .type = JOB_CUT, .a = 0, .b = 1 }, .fds = &fd, .n_fds = 1 },
		MSG_DONTWAIT);
	turn ();
	ck_assert_str_eq (events, "gone;");
	close (fd);
	descriptors -= 1;
	end ();
}
END_TEST

/* The owner closes the viewer in an event: the records behind it are not read. */
START_TEST (closed_in_an_event)
{
	begin ();
	closes = true;
	send_record (JOB_HELLO, 0, 0, "{}", 2);
	send_record (JOB_CUT, 0, 1, "", 0);
	send_record (JOB_SCREEN, 0, 0, "", 0);
	turn ();
	ck_assert_str_eq (events, "hello 0 0 0;");
	end ();
}
END_TEST

/* A client that takes nothing is not read for: what waits is bounded by one record, is counted, and comes later, in order. */
START_TEST (slow_client)
{
	static char data[60 * 1024];
	size_t sent = 0;

	begin ();
	hello ();
	memcpy (data, "stdout", 6);
	memset (data + 6, 'x', sizeof data - 6);
	for (int64_t at = 0; sent < 4 * 1024 * 1024; at += (int64_t)sizeof data - 6, sent += sizeof data) {
		if (link_send (holder,
			    &(struct outgoing){
				    .record = { .type = JOB_OUTPUT, .a = at, .b = 6 }, .data = data, .n = sizeof data },
			    MSG_DONTWAIT) < 0)
			break;
		turn ();
	}
	ck_assert_uint_lt (sent, 4 * 1024 * 1024); /* the connection is full */
	ck_assert_uint_le (identity.held, sizeof data);
	ck_assert_uint_gt (identity.held, 0);
	fake_answers (&fake);
	job_viewer_room (&viewer);
	turn ();
	ck_assert_int_gt (viewer.position, (int64_t)sizeof data);
	end ();
}
END_TEST

/* Input goes to the holder as far as it grants that, with its offsets; the end comes behind it. */
START_TEST (input)
{
	static struct packet packet;

	begin ();
	ck_assert_int_eq (job_viewer_input (&viewer, (const uint8_t *)"abc", 3), 0); /* waits for HELLO */
	turn ();
	ck_assert_int_eq (link_recv (holder, &packet, MSG_DONTWAIT), -1);
	hello ();
	job_viewer_input_begin (&viewer, 7);
	job_viewer_input_end (&viewer);
	turn ();
	ck_assert_int_eq (link_recv (holder, &packet, MSG_DONTWAIT), 1);
	ck_assert_uint_eq (packet.record.type, JOB_INPUT);
	ck_assert_int_eq (packet.record.a, 7);
	ck_assert_uint_eq (packet.record.length, 3);
	ck_assert_int_eq (link_recv (holder, &packet, MSG_DONTWAIT), 1);
	ck_assert_uint_eq (packet.record.type, JOB_INPUT_END);
	ck_assert_int_eq (packet.record.a, 10);
	/* Grants that make no sense do not add up. */
	for (int i = 0; i < 100; i++)
		ck_assert_str_eq (after (JOB_INPUT_TAKEN, 10, i % 2 ? JOB_INPUT_WINDOW : INT64_MAX, ""), "");
	ck_assert_int_le (viewer.granted, 2 * JOB_INPUT_WINDOW);
	ck_assert_str_eq (after (JOB_INPUT_TAKEN, 10, -5, ""), "");
	ck_assert_int_gt (viewer.granted, 0);
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, output);
	tcase_add_loop_test (tcase, nonsense, 0, 17);
	tcase_add_loop_test (tcase, first_records, 0, 11);
	tcase_add_test (tcase, huge_hello);
	tcase_add_test (tcase, descriptors_of_the_holder);
	tcase_add_test (tcase, closed_in_an_event);
	tcase_add_test (tcase, slow_client);
	tcase_add_test (tcase, input);
}

CHECK_MAIN ("front/job_viewer", add_cases)
