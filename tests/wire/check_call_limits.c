/* check_call_limits - the limits of a request: how they are read from a call and from text, and which of two counts. */
#include "config.h"

#include <string.h>

#include "support/check_main.h"
#include "wire/call_limits.h"
#include "wire/codes.h"

START_TEST (table)
{
	for (int i = LIMIT_NONE + 1; i < N_CALL_LIMITS; i++) {
		const struct call_limit_row *row = call_limit_row (i);

		ck_assert_int_eq (call_limit_of (row->word), i);
		ck_assert_str_ne (row->words, "");
		ck_assert (row->least <= row->most);
	}
	ck_assert_int_eq (call_limit_of (""), LIMIT_NONE);
	ck_assert_int_eq (call_limit_of ("CPU"), LIMIT_NONE);
	ck_assert_str_eq (call_limit_row (-1)->word, "");
	ck_assert_str_eq (call_limit_row (N_CALL_LIMITS)->word, "");
}
END_TEST

/* --- from a call ------------------------------------------------------------------------------------------------- */

static int read_text (struct call_limits *limits, const char *text, struct err *err)
{
	json_t *json = json_loads (text, JSON_DECODE_ANY, NULL);
	int result;

	ck_assert_ptr_nonnull (json);
	result = call_limits_read (limits, json, err);
	json_decref (json);
	return result;
}

START_TEST (read_all)
{
	struct call_limits limits = { { 0 } }, again = { { 0 } };
	struct err err;
	json_t *json;

	ck_assert_int_eq (call_limits_read (&limits, NULL, &err), 0);
	ck_assert (!call_limits_bind_command (&limits));
	ck_assert_int_eq (read_text (&limits, "{\"output\":10}", &err), 0);
	ck_assert (!call_limits_bind_command (&limits));
	ck_assert_int_eq (
		read_text (&limits,
			"{\"cpu\":1.5,\"memory\":1048576,\"processes\":3,\"files\":16,\"file_size\":1,\"nice\":19}",
			&err),
		0);
	ck_assert_int_eq (limits.value[LIMIT_CPU], 1500);
	ck_assert_int_eq (limits.value[LIMIT_MEMORY], 1 << 20);
	ck_assert_int_eq (limits.value[LIMIT_PROCESSES], 3);
	ck_assert_int_eq (limits.value[LIMIT_FILES], 16);
	ck_assert_int_eq (limits.value[LIMIT_FILE_SIZE], 1);
	ck_assert_int_eq (limits.value[LIMIT_NICE], 19);
	ck_assert_int_eq (limits.value[LIMIT_OUTPUT], 10);
	ck_assert (call_limits_bind_command (&limits));
	/* What is written can be read again; deadline and idle are not written. */
	limits.value[LIMIT_DEADLINE] = 7;
	ck_assert_ptr_nonnull (json = call_limits_json (&limits));
	ck_assert_int_eq (call_limits_read (&again, json, &err), 0);
	json_decref (json);
	limits.value[LIMIT_DEADLINE] = 0;
	ck_assert_mem_eq (&again, &limits, sizeof limits);
}
END_TEST

static const struct {
	const char *text, *words;
} refusals[] = {
	{ "7", "'limits' must be an object" },
	{ "[]", "'limits' must be an object" },
	{ "null", "'limits' must be an object" },
	{ "{\"cpus\":1}",
		"there is no limit 'cpus' (the limits: output, cpu, memory, processes, files, file_size, nice)" },
	{ "{\"deadline\":1}",
		"there is no limit 'deadline' (the limits: output, cpu, memory, processes, files, file_size, nice)" },
	{ "{\"\":1}", "there is no limit '' (the limits: output, cpu, memory, processes, files, file_size, nice)" },
	{ "{\"cpu\":\"1\"}", "limits: 'cpu' must be a number of seconds above 0 and up to 1e9" },
	{ "{\"cpu\":0}", "limits: 'cpu' must be a number of seconds above 0 and up to 1e9" },
	{ "{\"memory\":1.5}", "limits: 'memory' must be an integer" },
	{ "{\"memory\":null}", "limits: 'memory' must be an integer" },
	{ "{\"memory\":1048575}", "limits: 'memory' must be from 1048576 to 1125899906842624" },
	{ "{\"files\":15}", "limits: 'files' must be from 16 to 1073741824" },
	{ "{\"nice\":-1}", "limits: 'nice' must be from 0 to 19" },
	{ "{\"nice\":20}", "limits: 'nice' must be from 0 to 19" },
	{ "{\"output\":0}", "limits: 'output' must be from 1 to 1125899906842624" },
	/* A good one beside it is not taken either. */
	{ "{\"cpu\":1,\"nice\":20}", "limits: 'nice' must be from 0 to 19" },
};

START_TEST (refused)
{
	struct call_limits limits = { { 0 } }, none = { { 0 } };
	struct err err;

	ck_assert_int_eq (read_text (&limits, refusals[_i].text, &err), -1);
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	ck_assert_str_eq (err.text, refusals[_i].words);
	ck_assert_mem_eq (&limits, &none, sizeof none);
}
END_TEST

/* --- from text --------------------------------------------------------------------------------------------------- */

START_TEST (parsed)
{
	struct call_limits limits = { { 0 } };
	struct err err;

	ck_assert_int_eq (call_limits_parse (&limits, "cpu=10s,memory=1G,nice=0", &err), 0);
	ck_assert_int_eq (limits.value[LIMIT_CPU], 10000);
	ck_assert_int_eq (limits.value[LIMIT_MEMORY], 1 << 30);
	ck_assert_int_eq (limits.value[LIMIT_NICE], 0);
	/* The last of a name counts. */
	ck_assert_int_eq (call_limits_parse (&limits, "cpu=2m,cpu=1m", &err), 0);
	ck_assert_int_eq (limits.value[LIMIT_CPU], 60000);
	ck_assert_int_eq (limits.value[LIMIT_MEMORY], 1 << 30);
}
END_TEST

static const struct {
	const char *text, *words;
} mistakes[] = {
	{ "", "invalid limit '' (examples: cpu=10s, memory=1GiB, processes=100)" },
	{ "cpu", "invalid limit 'cpu' (examples: cpu=10s, memory=1GiB, processes=100)" },
	{ "cpu=1,", "invalid limit '' (examples: cpu=10s, memory=1GiB, processes=100)" },
	{ ",cpu=1", "invalid limit '' (examples: cpu=10s, memory=1GiB, processes=100)" },
	{ "=1", "there is no limit '' (the limits: output, cpu, memory, processes, files, file_size, nice)" },
	{ "idle=1", "there is no limit 'idle' (the limits: output, cpu, memory, processes, files, file_size, nice)" },
	{ "cpu=", "invalid limit 'cpu=' (cpu is from 1ms to 365d)" },
	{ "cpu=0", "invalid limit 'cpu=0' (cpu is from 1ms to 365d)" },
	{ "memory=1K", "invalid limit 'memory=1K' (memory is from 1MiB to 1024TiB)" },
	{ "memory=1 G", "invalid limit 'memory=1 G' (memory is from 1MiB to 1024TiB)" },
	{ "nice=20", "invalid limit 'nice=20' (nice is from 0 to 19)" },
	{ "files=4\n", "invalid limit 'files=4\\n' (files is from 16 to 1073741824)" },
};

START_TEST (not_parsed)
{
	struct call_limits limits = { { 0 } }, none = { { 0 } };
	struct err err;

	ck_assert_int_eq (call_limits_parse (&limits, mistakes[_i].text, &err), -1);
	ck_assert_str_eq (err.text, mistakes[_i].words);
	ck_assert_mem_eq (&limits, &none, sizeof none);
}
END_TEST

/* --- two of them ------------------------------------------------------------------------------------------------- */

/* The smaller one of two values counts, in either order; of the niceness the greater one. */
START_TEST (the_stricter_counts)
{
	static const int64_t one[] = { 0, 5, 5, 7, 0 }, other[] = { 0, 0, 7, 5, 7 }, less[] = { 0, 5, 5, 5, 7 },
			     more[] = { 0, 5, 7, 7, 7 };

	for (int i = LIMIT_NONE + 1; i < N_CALL_LIMITS; i++) {
		struct call_limits limits = { { 0 } }, with = { { 0 } };

		int64_t scale = i == LIMIT_MEMORY ? 1 << 20 : i == LIMIT_FILES ? 16 : 1;

		limits.value[i] = one[_i] * scale;
		with.value[i] = other[_i] * scale;
		call_limits_lower (&limits, &with);
		ck_assert_int_eq (limits.value[i], (i == LIMIT_NICE ? more[_i] : less[_i]) * scale);
		for (int k = 0; k < N_CALL_LIMITS; k++)
			ck_assert (k == i || limits.value[k] == 0);
	}
}
END_TEST

/* A value of a file that is too small for a command to start is not taken as it is. */
START_TEST (at_least_the_least)
{
	struct call_limits limits = { { 0 } }, with = { { 0 } };

	with.value[LIMIT_MEMORY] = with.value[LIMIT_FILES] = 1;
	call_limits_lower (&limits, &with);
	ck_assert_int_eq (limits.value[LIMIT_MEMORY], 1 << 20);
	ck_assert_int_eq (limits.value[LIMIT_FILES], 16);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_test (tcase, table);
	tcase_add_test (tcase, read_all);
	tcase_add_loop_test (tcase, refused, 0, (int)(sizeof refusals / sizeof *refusals));
	tcase_add_test (tcase, parsed);
	tcase_add_loop_test (tcase, not_parsed, 0, (int)(sizeof mistakes / sizeof *mistakes));
	tcase_add_loop_test (tcase, the_stricter_counts, 0, 5);
	tcase_add_test (tcase, at_least_the_least);
}

CHECK_MAIN ("wire/call_limits", cases)
