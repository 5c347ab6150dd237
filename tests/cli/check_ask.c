/* check_ask - is this the key of that host? The host has shown its key to a probe; the person is the far end of a
 * terminal. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "captured.h"
#include "cli/ask.h"
#include "cli/console.h"
#include "net/endpoint.h"
#include "net/tls.h"
#include "support/check_main.h"
#include "support/loopback.h"

enum { TURNS = 6000, TURN_MS = 5 };

static char directory[32], where[ENDPOINT_SIZE], print[KEY_PRINT_SIZE];
static int listening = -1, person = -1, terminal = -1;
static struct credential *theirs;
static struct tls_context *context;
static struct remex *remex;
static struct remex_host *host;
static struct remex_event event;
static struct remex_error error;
static struct err err;

static void set_up (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	listening = listen_on_loopback (where);
	ck_assert_ptr_nonnull (theirs = credential_make ("server", &err));
	ck_assert_ptr_nonnull (context = tls_context_new (TLS_SERVER, theirs, &err));
	key_print (credential_key (theirs), print);
	ck_assert_ptr_nonnull (remex = remex_new ());
	ck_assert_int_eq (remex_set_directory (remex, directory, &error), 0);
	ck_assert_int_ge (person = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
	ck_assert_int_eq (grantpt (person), 0);
	ck_assert_int_eq (unlockpt (person), 0);
	ck_assert_int_ge (terminal = open (ptsname (person), O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
	ck_assert_int_eq (dup2 (terminal, STDIN_FILENO), STDIN_FILENO);
}

static void tear_down (void)
{
	char command[64];

	console_release_signals ();
	remex_free (remex);
	tls_context_free (context);
	credential_free (theirs);
	close (listening);
	close (terminal);
	close (person);
	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

static bool judge (void *arg, const struct key *key)
{
	(void)arg;
	(void)key;
	return true;
}

/* A host that has shown its key and has disconnected. */
static void meet (void)
{
	struct tls *tls = NULL;
	int fd = -1, i;

	ck_assert_ptr_nonnull (host = remex_probe (remex, where, &error));
	for (i = 0; i < TURNS && remex_next (remex, &event, TURN_MS) == 0; i++) {
		if (fd < 0 && (fd = accept4 (listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
			ck_assert_ptr_nonnull (tls = tls_new (context, fd, judge, NULL));
		if (tls)
			tls_handshake (tls);
	}
	ck_assert_int_lt (i, TURNS);
	ck_assert_int_eq (event.type, REMEX_CLOSED);
	ck_assert_str_eq (remex_host_fingerprint (host), print);
	tls_free (tls);
	close (fd);
}

static void types (const char *text)
{
	ck_assert_int_eq (write (person, text, strlen (text)), (ssize_t)strlen (text));
}

/* Is the host pinned now? Afterwards it is not. */
static bool pinned (void)
{
	return remex_forget (remex, where, &error) == 1;
}

/* --- is there a question? ----------------------------------------------------------------------------------------------- */

static bool possible (void)
{
	int before = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	bool answer;

	ck_assert_int_eq (dup2 (terminal, STDERR_FILENO), STDERR_FILENO);
	answer = ask_possible (host);
	ck_assert_int_eq (dup2 (before, STDERR_FILENO), STDERR_FILENO);
	close (before);
	return answer;
}

START_TEST (a_key_that_was_shown)
{
	int ends[2];

	meet ();
	ck_assert (possible ());
	capture_begin (); /* the question could not be seen */
	ck_assert (!ask_possible (host));
	ck_assert_str_eq (capture_end (), "");
	ck_assert_int_eq (pipe (ends), 0);
	ck_assert_int_eq (dup2 (ends[0], STDIN_FILENO), STDIN_FILENO); /* the question could not be answered */
	ck_assert (!possible ());
}
END_TEST

START_TEST (a_host_that_is_pinned)
{
	meet ();
	ck_assert_int_eq (ask_pin (host), 0);
	meet ();
	ck_assert (!possible ());
}
END_TEST

START_TEST (a_key_that_was_not_shown)
{
	ck_assert_ptr_nonnull (host = remex_probe (remex, where, &error));
	ck_assert (!possible ());
	capture_begin ();
	ck_assert_int_eq (ask_pin (host), -1);
	ck_assert_ptr_nonnull (strstr (capture_end (), "has not shown its key\n"));
	ck_assert (!pinned ());
}
END_TEST

START_TEST (a_host_without_keys)
{
	char socket_of[64];

	snprintf (socket_of, sizeof socket_of, "unix://%s/nobody", directory);
	ck_assert_ptr_nonnull (host = remex_connect (remex, socket_of, &error));
	ck_assert (!possible ());
}
END_TEST

/* --- the answer ---------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *typed; /* NULL: the fingerprint */
	bool pins;
	int again; /* how often the person is asked to type something else */
} answers[] = {
	{ "yes\n", true, 0 },
	{ NULL, true, 0 },
	{ "no\n", false, 0 },
	{ "\n", false, 0 },
	{ "\x04", false, 0 }, /* the end */
	{ "y\nYES\nyes please\nyes\n", true, 3 },
	{ "SHA256:AAAA\nno\n", false, 1 },
};

START_TEST (what_the_person_says)
{
	char typed[KEY_PRINT_SIZE + 2];
	const char *said, *more = "Please type yes, no, or the fingerprint: ";
	int again = 0;
	bool pins;

	meet ();
	ck_assert_int_ge (console_catch_signals (), 0);
	snprintf (typed, sizeof typed, "%s\n", print);
	types (answers[_i].typed ? answers[_i].typed : typed);
	capture_begin ();
	pins = ask_trust (host);
	said = capture_end ();
	ck_assert_int_eq (pins, answers[_i].pins);
	ck_assert_int_eq (pinned (), answers[_i].pins);
	ck_assert_ptr_nonnull (strstr (said, where));
	ck_assert_ptr_nonnull (strstr (said, print));
	while ((said = strstr (said, more))) {
		said += strlen (more);
		again++;
	}
	ck_assert_int_eq (again, answers[_i].again);
}
END_TEST

/* A signal is a no, and can still be taken. */
START_TEST (a_signal_is_a_no)
{
	meet ();
	ck_assert_int_ge (console_catch_signals (), 0);
	raise (SIGINT);
	capture_begin ();
	ck_assert (!ask_trust (host));
	capture_end ();
	ck_assert (!pinned ());
	ck_assert_int_eq (console_signal (), SIGINT);
}
END_TEST

START_TEST (fingerprints)
{
	char other[KEY_PRINT_SIZE];

	meet ();
	ck_assert (ask_is_fingerprint (host, print));
	strcpy (other, print);
	other[strlen (other) - 1] ^= 1;
	ck_assert (!ask_is_fingerprint (host, other));
	other[strlen (other) - 1] = '\0';
	ck_assert (!ask_is_fingerprint (host, other));
	ck_assert (!ask_is_fingerprint (host, ""));
	ck_assert (!ask_is_fingerprint (host, "yes"));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, a_key_that_was_shown);
	tcase_add_test (tcase, a_host_that_is_pinned);
	tcase_add_test (tcase, a_key_that_was_not_shown);
	tcase_add_test (tcase, a_host_without_keys);
	tcase_add_loop_test (tcase, what_the_person_says, 0, (int)(sizeof answers / sizeof *answers));
	tcase_add_test (tcase, a_signal_is_a_no);
	tcase_add_test (tcase, fingerprints);
}

CHECK_MAIN ("ask", add_cases)
