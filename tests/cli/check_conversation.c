/* check_conversation - calls on one host, one after the other: a connection that ends between them, results that are none, a
 * host that is not trusted and a person who is asked about it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captured.h"
#include "cli/conversation.h"
#include "cli/far_host.h"
#include "cli/result.h"
#include "cli/say.h"
#include "client/remex.h"
#include "support/check_main.h"
#include "support/descriptors.h"

static struct far_host host;
static struct conversation conversation;
static struct call call;

static void begin (bool tcp, const struct far_reply *replies, size_t n)
{
	far_host_start (&host, tcp, replies, n);
	ck_assert_int_eq (setenv ("REMEX_CONFIG", host.directory, 1), 0);
	ck_assert_int_eq (conversation_open (&conversation, host.where), 0);
}

static void end (void)
{
	conversation_close (&conversation);
	far_host_end (&host);
}

static void check_counts (int connections, int calls)
{
	ck_assert_int_eq (host.counts->connections, connections);
	ck_assert_int_eq (host.counts->calls, calls);
}

static int run (const char *name)
{
	call = (struct call){ .name = name, .sink = &sink_collect };
	return conversation_call (&conversation, &call);
}

/* --- calls ------------------------------------------------------------------------------------------------------- */

START_TEST (calls_share_a_connection)
{
	static const struct far_reply replies[] = { { FAR_RESULT, "1" }, { FAR_ERROR, "no" }, { FAR_RESULT, "2" } };

	begin (false, replies, 3);
	ck_assert_int_eq (run ("a.one"), 0);
	ck_assert_str_eq (call.where, host.where);
	ck_assert (call_ended (&call, REMEX_COMPLETED));
	ck_assert_mem_eq (buf_head (&call.result_bytes), "1", 1);
	call_free (&call);
	ck_assert_int_eq (run ("a.two"), 0);
	ck_assert_str_eq (call.result.code, "denied");
	call_free (&call);
	ck_assert_int_eq (run ("a.three"), 0);
	ck_assert_mem_eq (buf_head (&call.result_bytes), "2", 1);
	call_free (&call);
	check_counts (1, 3);
	ck_assert_str_eq (host.counts->call, "a.three");
	end ();
}
END_TEST

/* The host goes away between two calls: the second is not made on another connection, where it might run twice. */
START_TEST (a_lost_connection_is_not_made_again)
{
	static const struct far_reply replies[] = { { FAR_HANG_UP, NULL }, { FAR_RESULT, "1" } };

	begin (false, replies, 2);
	ck_assert_int_eq (run ("a.one"), 0);
	ck_assert_int_eq (call.result.outcome, REMEX_LOST);
	call_free (&call);
	capture_begin ();
	ck_assert_int_eq (run ("a.two"), -1);
	ck_assert_int_eq (strncmp (capture_end (), "remex: unix://", 14), 0);
	call_free (&call);
	check_counts (1, 1);
	end ();
}
END_TEST

START_TEST (a_host_that_does_not_answer)
{
	capture_begin ();
	ck_assert_int_eq (conversation_open (&conversation, "unix:///nonexistent/remexd.sock"), 0);
	ck_assert_int_eq (run ("a.one"), 0);
	ck_assert_str_eq (capture_end (), "");
	ck_assert_int_eq (call.result.outcome, REMEX_UNREACHABLE);
	call_free (&call);
	conversation_close (&conversation);
}
END_TEST

START_TEST (a_place_that_is_none)
{
	int before = 0;

	for (int i = 0; i < 2; i++) {
		capture_begin ();
		ck_assert_int_eq (conversation_open (&conversation, "unix:relative"), -1);
		ck_assert_int_eq (strncmp (capture_end (), "remex: ", 7), 0);
		ck_assert_ptr_null (conversation.host);
		if (i) /* the signals of the program stay caught, once */
			ck_assert_int_eq (open_descriptors (), before);
		before = open_descriptors ();
	}
}
END_TEST

/* --- documents --------------------------------------------------------------------------------------------------- */

static const struct {
	struct far_reply reply;
	int status;
	const char *said; /* behind "remex: HOST: " */
} fetches[] = {
	{ { FAR_RESULT, "{\"a\":1}" }, 0, NULL },
	{ { FAR_NO_RESULT, NULL }, STATUS_REMEX, "plugins gave no result" },
	{ { FAR_RESULT, "" }, STATUS_REMEX, "plugins gave no result" },
	{ { FAR_ERROR, "you may not" }, STATUS_REMEX, "you may not" },
	{ { FAR_HANG_UP, NULL }, STATUS_REMEX, "" },
	{ { FAR_EXITED, "output" }, STATUS_REMEX, "the server ended plugins with 'exited'" },
};

START_TEST (a_fetch_says_why_it_failed)
{
	char expected[512];
	const char *said;
	int status;

	begin (false, &fetches[_i].reply, 1);
	capture_begin ();
	status = conversation_fetch (&conversation, &call, "plugins", 0);
	said = capture_end ();
	ck_assert_int_eq (status, fetches[_i].status);
	if (fetches[_i].said) {
		snprintf (expected, sizeof expected, "remex: %s: %s", host.where, fetches[_i].said);
		ck_assert_int_eq (strncmp (said, expected, strlen (expected)), 0);
		ck_assert_ptr_eq (strchr (said, '\n'), said + strlen (said) - 1); /* once */
	} else {
		ck_assert_str_eq (said, "");
		ck_assert_uint_eq (buf_len (&call.result_bytes), strlen (fetches[_i].reply.text));
	}
	call_free (&call);
	check_counts (1, 1);
	end ();
}
END_TEST

/* --- trust ------------------------------------------------------------------------------------------------------- */

static int person = -1, terminal = -1, stderr_before = -1;

/* Stdin and stderr are a terminal, where the person has typed that. */
static void sit_down (const char *typed)
{
	ck_assert_int_ge (person = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
	ck_assert_int_eq (grantpt (person), 0);
	ck_assert_int_eq (unlockpt (person), 0);
	ck_assert_int_ge (terminal = open (ptsname (person), O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
	ck_assert_int_ge (stderr_before = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3), 0);
	ck_assert_int_eq (dup2 (terminal, STDIN_FILENO), STDIN_FILENO);
	ck_assert_int_eq (dup2 (terminal, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq (write (person, typed, strlen (typed)), (ssize_t)strlen (typed));
}

static void stand_up (void)
{
	ck_assert_int_eq (dup2 (stderr_before, STDERR_FILENO), STDERR_FILENO);
	close (stderr_before);
	close (terminal);
	close (person);
}

START_TEST (a_person_says_yes)
{
	static const struct far_reply replies[] = { { FAR_RESULT, "1" }, { FAR_RESULT, "2" } };

	begin (true, replies, 2);
	sit_down ("yes\n");
	ck_assert_int_eq (run ("a.one"), 0);
	stand_up ();
	ck_assert (call_ended (&call, REMEX_COMPLETED));
	ck_assert_mem_eq (buf_head (&call.result_bytes), "1", 1);
	check_counts (2, 1); /* the first connection was for the key only, */
	ck_assert_uint_eq (conversation.drive.remex->n_hosts, 1); /* and is gone */
	call_free (&call);
	/* The key is pinned: the next call is on the same connection, and nobody is asked. */
	ck_assert_int_eq (run ("a.two"), 0);
	ck_assert (call_ended (&call, REMEX_COMPLETED));
	call_free (&call);
	check_counts (2, 2);
	end ();
}
END_TEST

START_TEST (a_person_says_no)
{
	static const struct far_reply replies[] = { { FAR_RESULT, "1" } };

	begin (true, replies, 1);
	sit_down ("no\n");
	ck_assert_int_eq (run ("a.one"), 0);
	stand_up ();
	ck_assert_str_eq (call.result.code, "untrusted");
	ck_assert_int_eq (result_status (&call), STATUS_REMEX);
	call_free (&call);
	check_counts (1, 0); /* it was asked once, and nothing was sent */
	end ();
}
END_TEST

START_TEST (nobody_is_asked_where_nobody_is)
{
	static const struct far_reply replies[] = { { FAR_RESULT, "1" } };
	int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);

	begin (true, replies, 1);
	ck_assert_int_eq (dup2 (null, STDIN_FILENO), STDIN_FILENO);
	capture_begin ();
	ck_assert_int_eq (run ("a.one"), 0);
	ck_assert_str_eq (capture_end (), "");
	ck_assert_str_eq (call.result.code, "untrusted");
	ck_assert_ptr_nonnull (strstr (call.result.message, host.print));
	call_free (&call);
	check_counts (1, 0);
	end ();
	close (null);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, calls_share_a_connection);
	tcase_add_test (tcase, a_lost_connection_is_not_made_again);
	tcase_add_test (tcase, a_host_that_does_not_answer);
	tcase_add_test (tcase, a_place_that_is_none);
	tcase_add_loop_test (tcase, a_fetch_says_why_it_failed, 0, (int)(sizeof fetches / sizeof *fetches));
	tcase_add_test (tcase, a_person_says_yes);
	tcase_add_test (tcase, a_person_says_no);
	tcase_add_test (tcase, nobody_is_asked_where_nobody_is);
}

CHECK_MAIN ("conversation", add_cases)
