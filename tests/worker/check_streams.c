/* A worker's input and output, over a link whose other end is the test: input against PULL, output that waits,
 * cancelled writes, descriptors that may be handed over.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "plugin/plugin_fixture.h"
#include "support/check_main.h"
#include "wire/records.h"
#include "worker/worker_fixture.h"

static struct worker_fixture fixture;
static char out[2048];

/* --- input -------------------------------------------------------------------------------------------------------- */

/* The front's part of input: bytes pulled and not sent yet, bytes sent, bytes received back. */
struct feed {
	size_t size, sent, back;
	int64_t pulled;
	bool ended;
};

static uint8_t pattern (size_t i)
{
	return (uint8_t)(i * 7 + i / 4099);
}

/* How many of the `n` bytes are right, up to the first wrong one. Check records each assertion, and for millions that
 * takes minutes: one is enough. */
static size_t right (const uint8_t *bytes, size_t n, size_t from, uint8_t (*want) (size_t i))
{
	size_t i = 0;

	while (i < n && bytes[i] == want (from + i))
		i++;
	return i;
}

static void feed_some (struct feed *feed, uint64_t id)
{
	static uint8_t bytes[LINK_PAYLOAD];

	while (feed->pulled > 0 && feed->sent < feed->size) {
		struct record record = { .type = REC_INPUT, .id = id };
		size_t n = feed->size - feed->sent;

		n = n > (size_t)feed->pulled ? (size_t)feed->pulled : n;
		n = n > 9999 ? 9999 : n;
		for (size_t i = 0; i < n; i++)
			bytes[i] = pattern (feed->sent + i);
		ck_assert_int_eq (
			link_send (fixture.link, &(struct outgoing){ .record = record, .data = bytes, .n = n }, 0), 0);
		link_post (fixture.link, REC_INPUT_END, id + 1, 0, 0, 0); /* of another request: ignored */
		feed->sent += n;
		feed->pulled -= (int64_t)n;
	}
	if (feed->sent == feed->size && feed->pulled > 0 && !feed->ended)
		feed->ended = link_post (fixture.link, REC_INPUT_END, id, 0, 0, 0) == 0;
}

/* Copy `size` bytes through tester.echo. */
static void echo (uint64_t id, size_t size)
{
	struct feed feed = { .size = size };
	size_t n;
	int type;

	fixture_call (&fixture, id, "{\"call\":\"tester.echo\",\"input\":true}");
	while ((type = fixture_recv (&fixture)) != REC_DONE) {
		const struct record *record = &fixture.packet.record;
		const uint8_t *bytes = fixture.packet.data + record->a;

		ck_assert_uint_eq (record->id, id);
		if (type == REC_PULL) {
			feed.pulled += record->a;
			ck_assert_int_gt (record->a, 0);
			ck_assert_int_le (feed.pulled, LINK_RECORD);
			feed_some (&feed, id);
			continue;
		}
		ck_assert_int_eq (type, REC_OUTPUT);
		ck_assert_int_eq (record->a, 6); /* the length of the stream's name */
		if (!memcmp (fixture.packet.data, "stderr", 6))
			continue;
		ck_assert_mem_eq (fixture.packet.data, "stdout", 6);
		n = record->length - (size_t)record->a;
		ck_assert_uint_eq (right (bytes, n, feed.back, pattern), n);
		feed.back += n;
	}
	ck_assert_uint_eq (feed.back, size);
	ck_assert_uint_eq (fixture_state (&fixture).flags, 0);
}

START_TEST (input_against_pull)
{
	static const size_t sizes[] = { 0, 1, 49999, 50000, 50001, 131071, 131072, 131073, 1000000 };

	fixture_ready (&fixture);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		echo (10 * i + 1, sizes[i]);
	fixture_finish (&fixture);
}
END_TEST

/* The worker pulls nothing where the call has no input; a body alone is input. */
START_TEST (without_input)
{
	fixture_ready (&fixture);
	fixture_call (&fixture, 1, "{\"call\":\"tester.echo\"}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_OUTPUT);
	ck_assert_int_eq (fixture_recv (&fixture), REC_DONE);
	fixture_call (&fixture, 2, "{\"call\":\"tester.echo\",\"body\":5}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_PULL);
	link_post (fixture.link, REC_INPUT_END, 2, 0, 0, 0);
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_str_eq (out, "end");
	fixture_finish (&fixture);
}
END_TEST

/* --- output ------------------------------------------------------------------------------------------------------- */

/* The output of tester.flood: 20 letters, each 300,000 times. */
static uint8_t flood (size_t i)
{
	return (uint8_t)('a' + (20 - i / 300000) % 26);
}

/* More than the link holds: the handler waits for its reader, and takes records that come meanwhile. */
START_TEST (output_waits)
{
	size_t got = 0, n;
	int type;

	fixture_ready (&fixture);
	fixture_call (&fixture, 1, "{\"call\":\"tester.flood\",\"args\":{\"n\":20}}");
	while ((type = fixture_recv (&fixture)) == REC_OUTPUT) {
		const struct record *record = &fixture.packet.record;
		const uint8_t *bytes = fixture.packet.data + record->a;

		ck_assert_int_eq (record->a, 6);
		ck_assert_mem_eq (fixture.packet.data, "stdout", 6);
		n = record->length - 6;
		ck_assert_uint_eq (right (bytes, n, got, flood), n);
		got += n;
		link_post (fixture.link, REC_SIGNAL, 1, SIGUSR1, 0, MSG_DONTWAIT);
	}
	ck_assert_int_eq (type, REC_DONE);
	ck_assert_uint_eq (got, 20 * 300000);
	fixture_finish (&fixture);
}
END_TEST

/* The front does not read, the lifeline ends: the write fails, the handler returns, the worker exits. */
START_TEST (a_write_is_cancelled)
{
	int type, status;

	fixture_ready (&fixture);
	fixture_call (&fixture, 1, "{\"call\":\"tester.flood\",\"args\":{\"n\":1000}}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_OUTPUT);
	fd_close (&fixture.lifeline);
	while ((type = fixture_recv (&fixture)) == REC_OUTPUT)
		;
	ck_assert_int_eq (type, REC_FAIL);
	ck_assert_str_eq (fixture_words (&fixture), "cancelled");
	ck_assert_int_eq (fixture_recv (&fixture), 0);
	status = fixture_wait (&fixture);
	ck_assert_int_eq (status, 0);
}
END_TEST

START_TEST (a_read_is_cancelled)
{
	fixture_ready (&fixture);
	fixture_call (&fixture, 1, "{\"call\":\"tester.echo\",\"input\":true}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_PULL);
	fd_close (&fixture.lifeline);
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_FAIL);
	ck_assert_int_eq (fixture.packet.record.b, ECANCELED);
	ck_assert_int_eq (fixture_recv (&fixture), 0);
	ck_assert_int_eq (fixture_wait (&fixture), 0);
}
END_TEST

START_TEST (rules_of_handing_over)
{
	char want[128];

	snprintf (want, sizeof want, "%d %d %d %d %d 0 %d %d 0 %d %d ", EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EBUSY,
		EBUSY, EBUSY, EBUSY);
	fixture_ready (&fixture);
	fixture_call (&fixture, 1, "{\"call\":\"tester.rules\",\"input\":true}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_STREAM);
	ck_assert_uint_eq (fixture.packet.n_fds, 1);
	ck_assert_int_eq (fixture.packet.record.a, FD_PIPE);
	ck_assert_int_eq (fixture.packet.record.b, FD_OTHER); /* there is no second one */
	ck_assert_mem_eq (fixture.packet.data, "piped", 6);
	packet_close (&fixture.packet);
	ck_assert_int_eq (fixture_recv (&fixture), REC_SINK);
	ck_assert_uint_eq (fixture.packet.n_fds, 1);
	ck_assert_int_eq (fixture.packet.record.a, FD_PIPE);
	packet_close (&fixture.packet);
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_str_eq (out, want);
	ck_assert_uint_eq (fixture_state (&fixture).flags, 0); /* a descriptor handed over was closed */
	fixture_finish (&fixture);
}
END_TEST

static void cases (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_test (tcase, input_against_pull);
	tcase_add_test (tcase, without_input);
	tcase_add_test (tcase, output_waits);
	tcase_add_test (tcase, a_write_is_cancelled);
	tcase_add_test (tcase, a_read_is_cancelled);
	tcase_add_test (tcase, rules_of_handing_over);
}

CHECK_MAIN ("worker/streams", cases)
