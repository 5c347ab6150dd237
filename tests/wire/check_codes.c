/* The closed lists: every word has its number, every number has its word, and other words have no number. */
#include "config.h"

#include <signal.h>

#include "support/check_main.h"
#include "wire/codes.h"

/* The lists of the specification, so that a change of the table is a decision. */
static const char *const codes[] = { "bad_message", "bad_value", "too_large", "flow", "unknown_call", "denied",
	"not_found", "busy", "failed", "plugin_crashed", "io_error", "audit_unavailable", "recording_unavailable",
	"recording_failed", "shutting_down", "internal" };
static const char *const outcomes[] = { "exited", "signalled", "timed_out", "cancelled", "never_started", "completed",
	"failed", "lost", "unreachable" };

START_TEST (code_words)
{
	ck_assert_int_eq (N_CODES, 1 + sizeof codes / sizeof *codes);
	for (int i = 1; i < N_CODES; i++) {
		ck_assert_str_eq (code_name ((enum code)i), codes[i - 1]);
		ck_assert_int_eq (code_parse (codes[i - 1]), i);
		ck_assert_int_eq (code_of (i), i);
	}
	/* A code that was not set, and invalid numbers. */
	ck_assert_str_eq (code_name (CODE_NONE), "internal");
	ck_assert_int_eq (code_of (CODE_NONE), CODE_INTERNAL);
	ck_assert_int_eq (code_of (-1), CODE_INTERNAL);
	ck_assert_int_eq (code_of (N_CODES), CODE_INTERNAL);
	ck_assert_int_eq (code_of (INT64_MAX), CODE_INTERNAL);
	ck_assert_int_eq (code_parse (""), -1);
	ck_assert_int_eq (code_parse ("Busy"), -1);
	ck_assert_int_eq (code_parse ("busy "), -1);
	ck_assert_int_eq (code_parse ("exited"), -1);
	ck_assert_str_eq (code_name (N_CODES), "internal");
	ck_assert_str_eq (code_name ((enum code) - 1), "internal");
}
END_TEST

START_TEST (outcome_words)
{
	ck_assert_int_eq (N_OUTCOMES, sizeof outcomes / sizeof *outcomes);
	for (int i = 0; i < N_OUTCOMES; i++) {
		ck_assert_str_eq (outcome_name ((enum outcome)i), outcomes[i]);
		ck_assert_int_eq (outcome_parse (outcomes[i]), i);
	}
	ck_assert_int_eq (outcome_parse (""), -1);
	ck_assert_int_eq (outcome_parse ("denied"), -1);
	ck_assert_str_eq (outcome_name ((enum outcome) - 1), "failed");
}
END_TEST

static const struct signal_row {
	const char *word;
	int signo;
} signals[] = { { "INT", SIGINT }, { "TERM", SIGTERM }, { "HUP", SIGHUP }, { "QUIT", SIGQUIT }, { "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 }, { "KILL", SIGKILL }, { "CONT", SIGCONT }, { "STOP", SIGSTOP }, { "TSTP", SIGTSTP },
	{ "SEGV", -1 }, { "CHLD", -1 }, { "PIPE", -1 }, { "SIGINT", -1 }, { "int", -1 }, { "9", -1 }, { "", -1 },
	{ "RTMIN", -1 } };

START_TEST (signal_words)
{
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		ck_assert_int_eq (signal_parse (signals[i].word), signals[i].signo);
		if (signals[i].signo > 0)
			ck_assert_str_eq (signal_word (signals[i].signo), signals[i].word);
	}
	ck_assert_str_eq (signal_word (SIGSEGV), "SEGV");
	ck_assert_ptr_null (signal_word (0));
	ck_assert_ptr_null (signal_word (-1));
	ck_assert_ptr_null (signal_word (1000));
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_test (tcase, code_words);
	tcase_add_test (tcase, outcome_words);
	tcase_add_test (tcase, signal_words);
}

CHECK_MAIN ("wire/codes", cases)
