/* Commands of a worker: their pipes go to the front, which is the test here; signals reach them, before their start and
 * after; their end is reported unchanged.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "plugin/plugin_fixture.h"
#include "support/check_main.h"
#include "support/pty_pair.h"
#include "wire/codes.h"
#include "wire/records.h"
#include "worker/worker_fixture.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)

static struct worker_fixture fixture;
static int in = -1, output = -1, errors = -1; /* our ends of the command's pipes */

/* Call tester.run with `sh -c script`, and take the pipes. */
static void run (const char *script, bool input)
{
	char header[1024];

	snprintf (header, sizeof header,
		"{\"call\":\"tester.run\",\"input\":%s,\"args\":{\"argv\":[\"sh\",\"-c\",\"%s\"],\"cwd\":\"/\","
		"\"env\":{\"WORD\":\"from the call\"}}}",
		input ? "true" : "false", script);
	fixture_call (&fixture, 1, header);
}

static void take_pipes (bool input)
{
	if (input) {
		ck_assert_int_eq (fixture_recv (&fixture), REC_SINK);
		ck_assert_uint_eq (fixture.packet.n_fds, 1);
		in = fixture.packet.fds[0];
	}
	ck_assert_int_eq (fixture_recv (&fixture), REC_STREAM);
	ck_assert_uint_eq (fixture.packet.n_fds, 2);
	ck_assert_int_eq (fixture.packet.record.a, FD_PIPE);
	ck_assert_int_eq (fixture.packet.record.b, FD_PIPE);
	ck_assert_uint_eq (fixture.packet.record.length, 14);
	ck_assert_mem_eq (fixture.packet.data, "stdout\0stderr", 14);
	output = fixture.packet.fds[0];
	errors = fixture.packet.fds[1];
}

static void close_pipes (void)
{
	fd_close (&in);
	fd_close (&output);
	fd_close (&errors);
}

/* Read a stream until its end, or until it holds `word`. */
static char *read_until (int fd, const char *word)
{
	static char text[4096];
	size_t used = 0;
	ssize_t got;

	while ((!word || !strstr (text, word)) && (got = read (fd, text + used, sizeof text - 1 - used)) > 0)
		text[used += (size_t)got] = '\0';
	text[used] = '\0';
	return text;
}

static void assert_end (enum outcome outcome, int number)
{
	ck_assert_int_eq (fixture_recv (&fixture), REC_DONE);
	ck_assert_int_eq (fixture.packet.record.a, outcome);
	ck_assert_int_eq (fixture.packet.record.b, number);
	ck_assert_uint_eq (fixture_state (&fixture).flags, 0);
}

START_TEST (output_and_exit)
{
	fixture_ready (&fixture);
	run ("echo out; echo err >&2; exit 7", false);
	take_pipes (false);
	ck_assert_str_eq (read_until (output, NULL), "out\n");
	ck_assert_str_eq (read_until (errors, NULL), "err\n");
	assert_end (OUTCOME_EXITED, 7);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

/* A fresh environment, /dev/null for input, only 0, 1 and 2, the requested directory. */
START_TEST (surroundings)
{
	fixture_ready (&fixture);
	setenv ("SECRET", "of the daemon", 1);
	run ("echo $WORD/$SECRET/$PWD/$LANG; cat; ls /proc/self/fd | wc -l; umask; ulimit -c >/dev/null", false);
	take_pipes (false);
	/* ls itself opens a fourth descriptor. */
	ck_assert_str_eq (read_until (output, NULL), "from the call////C.UTF-8\n4\n0022\n");
	assert_end (OUTCOME_EXITED, 0);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

START_TEST (input)
{
	fixture_ready (&fixture);
	run ("tr a-z A-Z", true);
	take_pipes (true);
	ck_assert_int_eq (fd_write_all (in, "hello", 5), 0);
	fd_close (&in);
	ck_assert_str_eq (read_until (output, NULL), "HELLO");
	assert_end (OUTCOME_EXITED, 0);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

START_TEST (killed_by_a_signal)
{
	fixture_ready (&fixture);
	run ("kill -SEGV $$", false);
	take_pipes (false);
	assert_end (OUTCOME_SIGNALLED, SIGSEGV);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

static const struct start_row {
	const char *args;
	int number;
	const char *words;
} start_rows[] = {
	{ "{\"argv\":[\"no-such-command\"]}", ENOENT, "no-such-command" },
	{ "{\"argv\":[\"/\"]}", EACCES, "/" },
	{ "{\"argv\":[\"/etc/passwd\"]}", EACCES, "/etc/passwd" },
	{ "{\"argv\":[\"true\"],\"cwd\":\"/nowhere\"}", ENOENT, "/nowhere" },
	{ "{\"argv\":[]}", EINVAL, "empty" },
	{ "{\"argv\":[\"\"]}", ENOENT, "" },
};

START_TEST (never_started)
{
	const struct start_row *row = &start_rows[_i];
	char header[256];

	snprintf (header, sizeof header, "{\"call\":\"tester.run\",\"input\":true,\"args\":%s}", row->args);
	fixture_ready (&fixture);
	fixture_call (&fixture, 1, header);
	assert_end (OUTCOME_NEVER_STARTED, row->number);
	ck_assert_msg (strstr (fixture_words (&fixture), row->words) != NULL, "%s", fixture_words (&fixture));
	fixture_finish (&fixture);
}
END_TEST

/* A signal that comes right after the call is kept until the command exists. */
START_TEST (a_signal_before_the_command)
{
	fixture_ready (&fixture);
	run ("while :; do sleep 1; done", false);
	link_post (fixture.link, REC_SIGNAL, 1, SIGKILL, 0, 0);
	take_pipes (false);
	assert_end (OUTCOME_SIGNALLED, SIGKILL);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

START_TEST (a_signal_to_the_command)
{
	fixture_ready (&fixture);
	run ("trap 'echo caught; exit 5' USR1; echo ready; while :; do sleep 0.01; done", false);
	take_pipes (false);
	read_until (output, "ready");
	link_post (fixture.link, REC_SIGNAL, 2, SIGKILL, 0, 0); /* of another request */
	link_post (fixture.link, REC_SIGNAL, 1, 0, 0, 0); /* none at all */
	link_post (fixture.link, REC_SIGNAL, 1, 1000, 0, 0);
	link_post (fixture.link, REC_SIGNAL, 1, -1, 0, 0);
	link_post (fixture.link, REC_SIGNAL, 1, SIGUSR1, 0, 0);
	ck_assert_str_eq (read_until (output, NULL), "caught\n");
	assert_end (OUTCOME_EXITED, 5);
	/* A signal that comes too late is ignored. */
	link_post (fixture.link, REC_SIGNAL, 1, SIGKILL, 0, 0);
	close_pipes ();
	run ("echo alive", false);
	take_pipes (false);
	ck_assert_str_eq (read_until (output, NULL), "alive\n");
	assert_end (OUTCOME_EXITED, 0);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

/* The whole process group gets the signal: also the children of the shell. */
START_TEST (a_signal_to_the_group)
{
	fixture_ready (&fixture);
	run ("echo ready; sleep 1000; echo not reached", false);
	take_pipes (false);
	read_until (output, "ready");
	link_post (fixture.link, REC_SIGNAL, 1, SIGTERM, 0, 0);
	ck_assert_str_eq (read_until (output, NULL), "");
	assert_end (OUTCOME_SIGNALLED, SIGTERM);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

/* The lifeline ends: the keeper kills the command, the worker waits for that, reports its end, and exits. */
START_TEST (the_lifeline_ends)
{
	fixture_ready (&fixture);
	run ("echo $$; exec sleep 1000", false);
	take_pipes (false);
	fd_close (&fixture.lifeline);
	ck_assert_int_eq (kill ((pid_t)atoi (read_until (output, "\n")), SIGTERM), 0);
	ck_assert_int_eq (fixture_recv (&fixture), REC_DONE);
	ck_assert_int_eq (fixture.packet.record.a, OUTCOME_SIGNALLED);
	ck_assert_int_eq (fixture_recv (&fixture), 0);
	close_pipes ();
	ck_assert_int_eq (fixture_wait (&fixture), 0);
}
END_TEST

/* The command has ended, but a process that it started has not: the worker says so. */
START_TEST (something_is_left)
{
	pid_t left;

	prctl (PR_SET_CHILD_SUBREAPER, 1); /* as the keeper is */
	fixture_ready (&fixture);
	run ("sleep 1000 >&- 2>&- & echo $!", false);
	take_pipes (false);
	left = (pid_t)atoi (read_until (output, NULL));
	ck_assert_int_gt (left, 0);
	ck_assert_int_eq (fixture_recv (&fixture), REC_DONE);
	ck_assert_int_eq (kill (left, SIGKILL), 0);
	ck_assert_int_eq (waitpid (left, NULL, 0), left);
	ck_assert_int_eq (fixture.packet.record.a, OUTCOME_EXITED);
	ck_assert_uint_eq (fixture_state (&fixture).flags, WORKER_LEFT);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

/* The command runs, but its streams cannot be handed over. Its processes that have a session of their own could live on, so
 * the worker asks for the end of all processes beneath it. */
START_TEST (streams_that_are_not_handed_over)
{
	fixture_ready (&fixture);
	fixture_call (
		&fixture, 1, "{\"call\":\"tester.run\",\"args\":{\"argv\":[\"sleep\",\"1000\"],\"given\":\"stdout\"}}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_STREAM);
	output = fixture.packet.fds[0];
	ck_assert_int_eq (fixture_recv (&fixture), REC_FAIL);
	ck_assert_uint_eq (fixture_state (&fixture).flags, WORKER_KILL);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

/* Call tester.run with a terminal, and take its master. */
static void run_at_terminal (const char *script, bool with_input)
{
	char header[1024];

	snprintf (header, sizeof header,
		"{\"call\":\"tester.run\",\"input\":%s,\"tty\":{\"rows\":24,\"cols\":80,\"term\":\"dumb\"},\"args\":"
		"{\"argv\":[\"sh\",\"-c\",\"%s\"]}}",
		with_input ? "true" : "false", script);
	fixture_call (&fixture, 1, header);
	if (with_input) {
		ck_assert_int_eq (fixture_recv (&fixture), REC_SINK);
		ck_assert_int_eq (fixture.packet.record.a, FD_PTY);
		in = fixture.packet.fds[0];
	}
	ck_assert_int_eq (fixture_recv (&fixture), REC_STREAM);
	ck_assert_uint_eq (fixture.packet.n_fds, 1);
	ck_assert_int_eq (fixture.packet.record.a, FD_PTY);
	ck_assert_str_eq ((const char *)fixture.packet.data, "stdout");
	output = fixture.packet.fds[0];
	ck_assert_int_eq (fd_nonblock (output, false), 0); /* for read_until; all copies share it */
}

START_TEST (a_terminal)
{
	int slave, master = pty_pair (&slave);

	NEED_PTY (master);
	fd_close (&slave);
	fd_close (&master);
	fixture_ready (&fixture);
	run_at_terminal ("stty size; echo $TERM; echo err >&2; read a </dev/tty; echo [$a]; exit 7", true);
	ck_assert_str_eq (read_until (output, "err\r\n"), "24 80\r\ndumb\r\nerr\r\n");
	ck_assert_int_eq (fd_write_all (in, "b\n", 2), 0);
	fd_close (&in); /* the terminal stays */
	ck_assert_str_eq (read_until (output, "[b]\r\n"), "b\r\n[b]\r\n");
	assert_end (OUTCOME_EXITED, 7);
	/* The end: nobody has the terminal any more, the worker neither. */
	ck_assert_int_eq (read (output, &(char){ 0 }, 1), -1);
	ck_assert_int_eq (errno, EIO);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

START_TEST (sizes_and_signals_of_a_terminal)
{
	int slave, master = pty_pair (&slave);

	NEED_PTY (master);
	fd_close (&slave);
	fd_close (&master);
	fixture_ready (&fixture);
	run_at_terminal ("trap 'stty size' WINCH; trap 'echo int' INT; trap 'echo usr1; exit 5' USR1; echo ready; "
			 "while :; do sleep 0.01; done",
		false);
	read_until (output, "ready\r\n");
	link_post (fixture.link, REC_RESIZE, 2, 9, 9, 0); /* of another request */
	link_post (fixture.link, REC_RESIZE, 1, 0, 65535, 0);
	ck_assert_str_eq (read_until (output, "65535\r\n"), "0 65535\r\n");
	link_post (fixture.link, REC_SIGNAL, 1, SIGINT, 0, 0);
	ck_assert_ptr_nonnull (strstr (read_until (output, "int\r\n"), "int\r\n"));
	link_post (fixture.link, REC_SIGNAL, 1, SIGUSR1, 0, 0);
	read_until (output, "usr1\r\n");
	assert_end (OUTCOME_EXITED, 5);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

START_TEST (a_terminal_that_is_refused)
{
	fixture_ready (&fixture);
	fixture_call (&fixture, 1, "{\"call\":\"tester.echo\",\"tty\":{\"rows\":24,\"cols\":80}}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_FAIL);
	ck_assert_int_eq (fixture.packet.record.a, CODE_BAD_VALUE);
	ck_assert_str_eq (fixture_words (&fixture), "tester.echo can give no terminal: call it without 'tty'");
	fixture_finish (&fixture);
}
END_TEST

/* SIGTSTP has no effect on a process group that nobody can continue from a keyboard: the command is stopped in its place. */
START_TEST (stopping_without_a_terminal)
{
	pid_t pid;
	char path[32], text[512];
	const char *state;
	ssize_t got;
	int fd;

	fixture_ready (&fixture);
	run ("echo $$; exec sleep 1000", false);
	take_pipes (false);
	pid = (pid_t)atoi (read_until (output, "\n"));
	link_post (fixture.link, REC_SIGNAL, 1, SIGTSTP, 0, 0);
	snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
	do {
		fd = open (path, O_RDONLY | O_CLOEXEC);
		ck_assert_int_gt (got = read (fd, text, sizeof text - 1), 0);
		text[got] = '\0';
		close (fd);
		state = strrchr (text, ')');
	} while (state[2] != 'T');
	link_post (fixture.link, REC_SIGNAL, 1, SIGKILL, 0, 0);
	assert_end (OUTCOME_SIGNALLED, SIGKILL);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

/* The limits of the attachment hold the command, and the terminal record has what it used and which limit ended it. */
START_TEST (limits)
{
	struct worker_state state;
	char usual[64];

	snprintf (usual, sizeof usual, "1024\nunlimited\n%d\n", getpriority (PRIO_PROCESS, 0));
	fixture_ready (&fixture);
	fixture_call_with (&fixture, 1,
		"{\"call\":\"tester.run\",\"args\":{\"argv\":[\"sh\",\"-c\",\"ulimit -n; nice; f=$(mktemp); head -c "
		"8192 "
		"/dev/zero >$f; s=$?; rm $f; exit $s\"],\"cwd\":\"/\"}}",
		"{\"limits\":{\"files\":77,\"file_size\":4096,\"nice\":19}}");
	take_pipes (false);
	ck_assert_str_eq (read_until (output, NULL), "77\n19\n");
	assert_end (OUTCOME_EXITED, 128 + SIGXFSZ);
	state = fixture_state (&fixture);
	ck_assert_int_eq (state.limit, LIMIT_FILE_SIZE);
	ck_assert_int_gt (state.usage.memory, 100000);
	close_pipes ();
	/* They are those of that call alone. */
	run ("ulimit -n; ulimit -f; nice", false);
	take_pipes (false);
	ck_assert_str_eq (read_until (output, NULL), usual);
	assert_end (OUTCOME_EXITED, 0);
	ck_assert_int_eq (fixture_state (&fixture).limit, LIMIT_NONE);
	close_pipes ();
	fixture_finish (&fixture);
}
END_TEST

/* A call whose limits cannot be read does not run. */
START_TEST (malformed_limits)
{
	fixture_ready (&fixture);
	fixture_call_with (&fixture, 1, "{\"call\":\"tester.run\",\"args\":{\"argv\":[\"true\"],\"cwd\":\"/\"}}",
		"{\"limits\":{\"file\":77}}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_FAIL);
	ck_assert_ptr_nonnull (strstr (fixture_words (&fixture), "there is no limit 'file'"));
	fixture_finish (&fixture);
}
END_TEST

static void cases (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_test (tcase, limits);
	tcase_add_test (tcase, malformed_limits);
	tcase_add_test (tcase, streams_that_are_not_handed_over);
	tcase_add_test (tcase, output_and_exit);
	tcase_add_test (tcase, surroundings);
	tcase_add_test (tcase, input);
	tcase_add_test (tcase, killed_by_a_signal);
	tcase_add_loop_test (tcase, never_started, 0, ROWS (start_rows));
	tcase_add_test (tcase, a_signal_before_the_command);
	tcase_add_test (tcase, a_signal_to_the_command);
	tcase_add_test (tcase, a_signal_to_the_group);
	tcase_add_test (tcase, the_lifeline_ends);
	tcase_add_test (tcase, something_is_left);
	tcase_add_test (tcase, a_terminal);
	tcase_add_test (tcase, sizes_and_signals_of_a_terminal);
	tcase_add_test (tcase, a_terminal_that_is_refused);
	tcase_add_test (tcase, stopping_without_a_terminal);
}

CHECK_MAIN ("worker/subprocess", cases)
