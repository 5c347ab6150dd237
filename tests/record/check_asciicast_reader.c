/* check_asciicast_reader - the lines of recordings: ours, those of asciinema, and what is none, with the reason. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "record/asciicast_reader.h"
#include "support/check_main.h"

static const struct {
	const char *line, *words;
} bad_headers[] = {
	{ "", "no JSON" },
	{ "{", "no JSON" },
	{ "[]", "this is no recording" },
	{ "{}", "this is no recording" },
	{ "{\"version\": \"2\"}", "this is no recording" },
	{ "{\"version\": 1}", "asciicast version 1" },
	{ "{\"version\": 3}", "asciicast version 3" },
	{ "{\"version\": 2}", "'width'" },
	{ "{\"version\": 2, \"width\": 0, \"height\": 24}", "'width'" },
	{ "{\"version\": 2, \"width\": 80, \"height\": 65536}", "'height'" },
	{ "{\"version\": 2, \"width\": 80.5, \"height\": 24}", "'width'" },
	{ "{\"version\": 2, \"width\": 80, \"height\": 24, \"idle_time_limit\": 0}", "'idle_time_limit'" },
	{ "{\"version\": 2, \"width\": 80, \"height\": 24, \"idle_time_limit\": \"1\"}", "'idle_time_limit'" },
	{ "{\"version\": 2, \"version\": 2}", "no JSON" },
};

START_TEST (headers)
{
	static const char good[] =
		"{\"version\": 2, \"width\": 80, \"height\": 24, \"idle_time_limit\": 1.5, \"theme\": {}}";
	struct asciicast_info info;
	struct err err;

	ck_assert_int_eq (asciicast_read_header (good, strlen (good), &info, &err), 0);
	ck_assert_int_eq (info.cols, 80);
	ck_assert (info.idle > 1.4 && info.idle < 1.6 && !info.term);
	for (size_t i = 0; i < sizeof bad_headers / sizeof *bad_headers; i++) {
		ck_assert_int_eq (
			asciicast_read_header (bad_headers[i].line, strlen (bad_headers[i].line), &info, &err), -1);
		ck_assert_msg (strstr (err.text, bad_headers[i].words), "%s: %s", bad_headers[i].line, err.text);
	}
}
END_TEST

static const char *const bad_events[] = { "x", "{}", "[]", "[1]", "[1, \"o\"]", "[1, \"o\", 2]", "[1, 2, \"o\"]",
	"[\"1\", \"o\", \"\"]", "[-0.1, \"o\", \"\"]", "[1e999, \"o\", \"\"]", "[1, \"o\", \"\", 1]",
	"[1, \"r\", \"80\"]", "[1, \"r\", \"80x\"]", "[1, \"r\", \"0x24\"]", "[1, \"r\", \"80x24x\"]",
	"[1, \"o\", \"\xff\"]", "[1, \"o\", \"\\ud800\"]", "[1, \"o\", \"x\"" };

START_TEST (events)
{
	struct asciicast_event event;
	struct err err;

	ck_assert_int_eq (asciicast_read_event ("[1.5, \"o\", \"a\\u0000b\"]", 22, &event, &err), 0);
	ck_assert_int_eq (event.kind, ASCIICAST_OUTPUT);
	ck_assert_uint_eq (event.n, 3);
	ck_assert (!memcmp (event.bytes, "a\0b", 3) && event.seconds > 1.4 && event.seconds < 1.6);
	json_decref (event.json);
	ck_assert_int_eq (asciicast_read_event ("[2, \"r\", \"132x40\"]", 18, &event, &err), 0);
	ck_assert_int_eq (event.kind, ASCIICAST_SIZE);
	ck_assert_int_eq (event.cols, 132);
	ck_assert_int_eq (event.rows, 40);
	json_decref (event.json);
	ck_assert_int_eq (asciicast_read_event ("[3, \"i\", \"typed\"]\r", 18, &event, &err), 0);
	ck_assert_int_eq (event.kind, ASCIICAST_OTHER);
	json_decref (event.json);
	ck_assert_int_eq (asciicast_read_event (" \t\r", 3, &event, &err), 0);
	ck_assert (event.kind == ASCIICAST_OTHER && event.seconds < 0);
	for (size_t i = 0; i < sizeof bad_events / sizeof *bad_events; i++) {
		ck_assert_msg (asciicast_read_event (bad_events[i], strlen (bad_events[i]), &event, &err) == -1, "%s",
			bad_events[i]);
		ck_assert_ptr_null (event.json);
	}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, headers);
	tcase_add_test (tcase, events);
}

CHECK_MAIN ("asciicast_reader", add_cases)
