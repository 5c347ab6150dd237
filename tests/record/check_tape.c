/* check_tape - output comes out of a tape in its order, and not before it is written; what becomes of it when the recorder
 * fails, dies or hangs. The recorder is played by the test. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "record/tape.h"
#include "support/check_main.h"
#include "support/fail_alloc.h"
#include "wire/records.h"

static int64_t now = 1000;
int64_t __wrap_clock_ms (void);

int64_t __wrap_clock_ms (void)
{
	return now;
}

static struct tape tape;
static struct packet packet;
static int far; /* the recorder's end */
static const struct asciicast_head head = { .rows = 24, .cols = 80, .command = "sh", .title = "t", .term = "xterm" };

static void begin (bool refuse)
{
	int ends[2];

	ck_assert_int_eq (link_pair (ends), 0);
	far = ends[1];
	tape_open (&tape, ends[0], "name.cast", &head, refuse);
	ck_assert_int_eq (tape.state, TAPE_OPENING);
	ck_assert_int_eq (link_recv (far, &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, REC_TAPE_OPEN);
	ck_assert_mem_eq (packet.data, "name.cast\0sh\0t\0xterm", 21);
}

static void answer (int64_t n)
{
	ck_assert_int_eq (link_post (far, REC_TAPE_WRITTEN, 0, n, 0, 0), 0);
	ck_assert (tape_go (&tape));
}

static void begin_on (bool refuse)
{
	begin (refuse);
	answer (0);
	ck_assert_int_eq (tape.state, TAPE_ON);
}

static void give (const char *name, const char *text)
{
	size_t room = strlen (text);
	uint8_t *to = tape_begin (&tape, &room);

	ck_assert (to && room == strlen (text));
	memcpy (to, text, room);
	tape_end (&tape, name, room);
}

static void expect_record (const char *name, const char *text)
{
	ck_assert_int_eq (link_recv (far, &packet, MSG_DONTWAIT), 1);
	ck_assert_uint_eq (packet.record.type, REC_TAPE_OUTPUT);
	ck_assert_int_eq (packet.record.a, (int64_t)strlen (name));
	ck_assert_uint_eq (packet.record.length, strlen (name) + strlen (text));
	ck_assert_mem_eq (packet.data, name, strlen (name));
	ck_assert_mem_eq (packet.data + strlen (name), text, strlen (text));
}

static void expect_out (const char *name, const char *text)
{
	const char *of;
	size_t n;
	const uint8_t *bytes = tape_next (&tape, &of, &n);

	ck_assert_ptr_nonnull (bytes);
	ck_assert_str_eq (of, name);
	ck_assert_uint_eq (n, strlen (text));
	ck_assert_mem_eq (bytes, text, n);
	tape_taken (&tape, n);
}

static void expect_nothing (void)
{
	const char *of;
	size_t n;

	ck_assert_ptr_null (tape_next (&tape, &of, &n));
}

START_TEST (order)
{
	begin_on (true);
	give ("stdout", "one");
	give ("stderr", "two");
	give ("stdout", "three");
	expect_nothing ();
	expect_record ("stdout", "one");
	expect_record ("stderr", "two");
	expect_record ("stdout", "three");
	answer (3);
	expect_out ("stdout", "one");
	expect_nothing ();
	answer (3);
	answer (5);
	expect_out ("stderr", "two");
	expect_out ("stdout", "three");
	expect_nothing ();
	ck_assert_uint_eq (tape_waiting (&tape), 0);
	ck_assert_int_eq (tape_time (&tape), 0);
	tape_free (&tape);
}
END_TEST

/* A recorder that does not read: the tape has an end, and nothing is lost. */
START_TEST (full)
{
	size_t given = 0, out = 0, room, n;
	const char *of;
	uint8_t *to;

	begin_on (true);
	while ((room = 1000, to = tape_begin (&tape, &room))) {
		memset (to, 'a' + (int)(given / 1000 % 26), room);
		tape_end (&tape, "stdout", room);
		given += room;
	}
	ck_assert_uint_eq (given, TAPE_MAX);
	ck_assert (!tape_has_room (&tape, 1));
	while (out < given) {
		ck_assert_int_eq (link_recv (far, &packet, MSG_DONTWAIT), 1);
		answer ((int64_t)packet.record.length - packet.record.a);
		while (tape_next (&tape, &of, &n)) {
			out += n;
			tape_taken (&tape, n);
		}
	}
	ck_assert_uint_eq (out, given);
	tape_free (&tape);
}
END_TEST

/* Streams that take turns have a place each, up to a number. */
START_TEST (turns)
{
	size_t room = 1;

	begin_on (true);
	for (int i = 0; i < TAPE_PIECES; i++)
		give (i % 2 ? "stderr" : "stdout", "x");
	ck_assert_ptr_null (tape_begin (&tape, &room));
	for (int i = 0; i < TAPE_PIECES; i++) {
		expect_record (i % 2 ? "stderr" : "stdout", "x");
		answer (1);
		expect_out (i % 2 ? "stderr" : "stdout", "x");
	}
	give ("stdout", "more");
	tape_free (&tape);
}
END_TEST

START_TEST (sizes)
{
	begin_on (true);
	give ("stdout", "one");
	tape_resize (&tape, 40, 132);
	expect_record ("stdout", "one");
	ck_assert_int_eq (link_recv (far, &packet, MSG_DONTWAIT), 1);
	ck_assert_uint_eq (packet.record.type, REC_TAPE_RESIZE);
	ck_assert (packet.record.a == 40 && packet.record.b == 132);
	answer (3);
	answer (0);
	expect_out ("stdout", "one");
	tape_free (&tape);
}
END_TEST

static void fail_recorder (int how)
{
	if (how == 0) {
		link_send (far,
			&(struct outgoing){
				.record = { .type = REC_TAPE_FAILED, .a = ENOSPC }, .data = "full", .n = 4 },
			0);
	} else if (how == 1) {
		fd_close (&far);
	} else {
		now = tape_time (&tape) - 1;
		ck_assert (!tape_go (&tape));
		now++;
	}
	ck_assert (tape_go (&tape));
	ck_assert_int_eq (tape_events (&tape), 0);
	ck_assert_int_eq (tape.why.sys, how == 0 ? ENOSPC : how == 1 ? EPIPE : ETIMEDOUT);
	ck_assert_int_eq (tape.told, how == 0);
}

/* What is written comes out in any case; what is not, only where the call may go on. */
START_TEST (ends)
{
	bool refuse = _i < 3;
	size_t room = 1;

	begin_on (refuse);
	give ("stdout", "one");
	give ("stderr", "two");
	answer (3);
	fail_recorder (_i % 3);
	ck_assert_int_eq (tape.state, refuse ? TAPE_FAILED : TAPE_CUT);
	expect_out ("stdout", "one");
	if (refuse) {
		expect_nothing ();
		ck_assert_ptr_null (tape_begin (&tape, &room));
	} else {
		expect_out ("stderr", "two");
		give ("stdout", "three");
		expect_out ("stdout", "three");
	}
	tape_free (&tape);
}
END_TEST

/* A tape without memory owes no answer, and must not be waited for. _i: refuse, and is something in it? */
START_TEST (no_memory)
{
	size_t room = 2000;

	begin_on (_i & 1);
	if (_i & 2)
		give ("stdout", "one");
	fail_alloc = 1;
	ck_assert_ptr_null (tape_begin (&tape, &room));
	ck_assert_int_eq (fail_alloc, 0);
	ck_assert_int_eq (tape.state, _i & 1 ? TAPE_FAILED : TAPE_CUT);
	ck_assert_int_eq (tape.why.sys, ENOMEM);
	ck_assert_int_eq (tape_events (&tape), 0);
	ck_assert_int_eq (tape_time (&tape), 0);
	if (_i == 2)
		expect_out ("stdout", "one");
	expect_nothing ();
	tape_free (&tape);
}
END_TEST

START_TEST (does_not_begin)
{
	begin (_i < 3);
	fail_recorder (_i % 3);
	ck_assert_int_eq (tape.state, _i < 3 ? TAPE_FAILED : TAPE_CUT);
	tape_free (&tape);
	tape_refuse (&tape, _i < 3, EAGAIN);
	ck_assert_int_eq (tape.state, _i < 3 ? TAPE_FAILED : TAPE_CUT);
	ck_assert_int_eq (tape.why.sys, EAGAIN);
	tape_free (&tape);
}
END_TEST

/* A tape without a recording does nothing. */
START_TEST (off)
{
	ck_assert_int_eq (tape_events (&tape), 0);
	ck_assert_int_eq (tape_time (&tape), 0);
	ck_assert (!tape_go (&tape));
	tape_resize (&tape, 1, 1);
	tape_close (&tape);
	tape_free (&tape);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, order);
	tcase_add_test (tcase, full);
	tcase_add_test (tcase, turns);
	tcase_add_test (tcase, sizes);
	tcase_add_loop_test (tcase, ends, 0, 6);
	tcase_add_loop_test (tcase, no_memory, 0, 4);
	tcase_add_loop_test (tcase, does_not_begin, 0, 6);
	tcase_add_test (tcase, off);
}

CHECK_MAIN ("tape", add_cases)
