/* check_proxy - a command that leads to a host: how its end is told, and that nothing of it is left, neither a process nor
 * a zombie. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "remex/client.h"
#include "support/check_main.h"

static struct remex *remex;
static struct remex_error error;

static void setup (void)
{
	remex = remex_new ();
	ck_assert_ptr_nonnull (remex);
}

/* Nothing is left to be waited for. */
static void teardown (void)
{
	remex_free (remex);
	ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1);
	ck_assert_int_eq (errno, ECHILD);
}

static struct remex_host *connect_by (const char *command)
{
	const struct remex_route route = { .proxy = command };
	struct remex_host *host = remex_connect_by (remex, "unix:///there", &route, &error);

	ck_assert_msg (host != NULL, "%s", error.text);
	return host;
}

/* The message of the host's end. */
static const char *end_of (struct remex_host *host)
{
	static char message[600];
	struct remex_event event;

	do
		ck_assert_int_eq (remex_next (remex, &event, 20000), 1);
	while (event.type != REMEX_CLOSED);
	ck_assert_ptr_eq (event.host, host);
	snprintf (message, sizeof message, "%s", event.message);
	return message;
}

START_TEST (its_end)
{
	struct remex_host *host = connect_by ("echo one >&2; echo two >&2; exit 3");

	ck_assert_str_eq (
		end_of (host), "the server hung up without a hello; the proxy command ended with status 3: two");
	ck_assert_str_eq (remex_host_code (host), "unreachable");
	remex_close (host);
}
END_TEST

/* A message of the server that came before the end is told before it. */
START_TEST (a_word_before_the_end)
{
	struct remex_event event;
	struct remex_host *host = connect_by (
		"printf '\\0\\0\\0\\100%-64s' '{\"remex\":1,\"host\":\"h\",\"version\":\"1\",\"you\":\"y\"}'; exit 4");

	ck_assert_int_eq (remex_next (remex, &event, 20000), 1);
	if (event.type == REMEX_READY)
		ck_assert_str_eq (
			end_of (host), "the server closed the connection; the proxy command ended with status 4");
	else
		ck_assert_msg (event.type == REMEX_CLOSED && strstr (event.message, "status 4"), "%s", event.message);
	remex_close (host);
}
END_TEST

/* What it has left in its group is killed, too. */
START_TEST (its_group)
{
	char path[] = "/tmp/remex-proxy-XXXXXX", command[200], line[32];
	int fd = mkstemp (path);
	struct remex_host *host;
	FILE *file;
	pid_t pid;

	ck_assert_int_ge (fd, 0);
	close (fd);
	snprintf (command, sizeof command, "sleep 1000 <&- >&- 2>&- & echo $! >%s; exit 5", path);
	host = connect_by (command);
	ck_assert_ptr_nonnull (strstr (end_of (host), "status 5"));
	file = fopen (path, "r");
	ck_assert_ptr_nonnull (fgets (line, sizeof line, file));
	fclose (file);
	pid = (pid_t)atoi (line);
	ck_assert_int_gt (pid, 1);
	for (int i = 0; i < 2000 && kill (pid, 0) == 0; i++) /* its new parent reaps it */
		usleep (10000);
	ck_assert_int_eq (kill (pid, 0), -1);
	unlink (path);
	remex_close (host);
}
END_TEST

/* It ends with the host, whatever it does about signals. */
START_TEST (closed_by_the_caller)
{
	static const char *const commands[] = { "exec sleep 1000",
		"trap '' TERM HUP INT PIPE; while :; do sleep 0.05; done", "cat >/dev/null",
		"exec >&- <&- 2>&-; sleep 1000" };

	remex_close (connect_by (commands[_i]));
	ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1);
	ck_assert_int_eq (errno, ECHILD);
	connect_by (commands[_i]); /* and with remex_free */
}
END_TEST

/* The caller reaps all children: then the status is not known, and nobody else's child is touched. */
START_TEST (reaped_by_somebody_else)
{
	struct remex_host *host = connect_by ("echo gone >&2; exit 3");
	pid_t other;
	int status;

	ck_assert_int_gt (waitpid (-1, &status, 0), 0);
	if ((other = fork ()) == 0) {
		pause ();
		_exit (0);
	}
	ck_assert_str_eq (end_of (host), "the server hung up without a hello; the proxy command ended: gone");
	remex_close (host);
	ck_assert_int_eq (waitpid (other, &status, WNOHANG), 0);
	kill (other, SIGKILL);
	ck_assert_int_eq (waitpid (other, &status, 0), other);
}
END_TEST

START_TEST (much_on_stderr)
{
	struct remex_host *host =
		connect_by ("head -c 3000000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo last >&2; exit 1");

	ck_assert_ptr_nonnull (strstr (end_of (host), "ended with status 1: last"));
	remex_close (host);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, its_end);
	tcase_add_test (tcase, a_word_before_the_end);
	tcase_add_test (tcase, its_group);
	tcase_add_loop_test (tcase, closed_by_the_caller, 0, 4);
	tcase_add_test (tcase, reaped_by_somebody_else);
	tcase_add_test (tcase, much_on_stderr);
}

CHECK_MAIN ("proxy", add_cases)
