/* check_agent_link - the connection to an agent that answers, hangs, talks nonsense, or closes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "loop/loop.h"
#include "ssh/agent.h"
#include "ssh/agent_link.h"
#include "support/check_main.h"

enum { LONG_MS = 60000, SHORT_MS = 50 };

static uv_loop_t loop;
static struct agent_link *link_to;
static char directory[32], path[100];
static int listener = -1, agent = -1;
static struct watch *accepting;
static int answers, failures;
static size_t size;
static char why[ERR_TEXT];

static void on_done (void *arg, const uint8_t *message, size_t n, const struct err *err)
{
	ck_assert_ptr_eq (arg, &loop);
	if (message) {
		answers++;
		size = n;
	} else {
		failures++;
		snprintf (why, sizeof why, "%s", err->text);
	}
}

/* What the agent says to whoever connects; NULL: it closes. */
static const void *words;
static size_t words_n;

static void on_accept (void *arg, int events)
{
	(void)arg;
	(void)events;
	if (agent >= 0 || (agent = accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
		return;
	if (!words)
		fd_close (&agent);
	else if (words_n)
		ck_assert_int_eq (write (agent, words, words_n), (ssize_t)words_n);
}

static void setup (void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	ck_assert_int_eq (uv_loop_init (&loop), 0);
	strcpy (directory, "/tmp/check-agent-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (path, sizeof path, "%s/agent", directory);
	strcpy (name.sun_path, path);
	listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq (bind (listener, (struct sockaddr *)&name, sizeof name), 0);
	ck_assert_int_eq (listen (listener, 5), 0);
	ck_assert_ptr_nonnull (accepting = watch_new (&loop, listener, UV_READABLE, on_accept, NULL));
	setenv ("SSH_AUTH_SOCK", path, 1);
	ck_assert_ptr_nonnull (link_to = agent_link_new (&loop));
	answers = failures = 0;
}

static void teardown (void)
{
	agent_link_free (link_to);
	watch_free (&accepting);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	fd_close (&listener);
	fd_close (&agent);
	unlink (path);
	rmdir (directory);
}

static struct agent_request *ask (int ms)
{
	struct agent_request *request;
	struct buf message;

	buf_init (&message, AGENT_MESSAGE_MAX);
	ck_assert_int_eq (agent_ask_keys (&message, NULL), 0);
	request = agent_link_ask (link_to, &message, ms, on_done, &loop);
	ck_assert_ptr_nonnull (request);
	ck_assert_int_eq (answers + failures, 0);
	buf_free (&message);
	return request;
}

static void say (const void *bytes, size_t n)
{
	words = bytes;
	words_n = n;
}

static void run_until (const int *count, int n)
{
	while (*count < n) {
		uv_run (&loop, UV_RUN_NOWAIT); /* UV_RUN_ONCE would wait for events behind a timer that has fired */
		usleep (1000);
	}
}

/* The whole answer, in pieces and together with the next one. */
START_TEST (answered)
{
	static const uint8_t two[] = { 0, 0, 0, 5, 12, 0, 0, 0, 0, 0, 0, 0, 1, 5 };

	say (two, 3);
	ask (LONG_MS);
	ask (LONG_MS);
	while (agent < 0)
		uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (answers, 0);
	ck_assert_int_eq (write (agent, two + 3, sizeof two - 3), (ssize_t)sizeof two - 3);
	run_until (&answers, 2);
	ck_assert_uint_eq (size, 5);
	ck_assert_int_eq (failures, 0);
}
END_TEST

START_TEST (hangs)
{
	say ("", 0);
	ask (SHORT_MS);
	ask (LONG_MS);
	run_until (&failures, 2); /* who waits behind it is told at once, */
	ck_assert_ptr_nonnull (strstr (why, "has not answered"));
	answers = failures = 0;
	ask (LONG_MS); /* and it is not asked again */
	run_until (&failures, 1);
}
END_TEST

START_TEST (nonsense)
{
	static const uint8_t none[] = { 0, 0, 0, 0, 1 }, huge[] = { 0xff, 0xff, 0xff, 0xff, 12 };

	say (_i ? huge : none, sizeof none);
	ask (LONG_MS);
	run_until (&failures, 1);
	ck_assert_int_eq (answers, 0);
}
END_TEST

START_TEST (closes)
{
	static const uint8_t part[] = { 0, 0, 0, 100, 12 };

	say (_i ? part : NULL, sizeof part);
	ask (LONG_MS);
	while (_i && agent < 0)
		uv_run (&loop, UV_RUN_ONCE);
	fd_close (&agent);
	run_until (&failures, 1);
	ck_assert_int_eq (answers, 0);
}
END_TEST

START_TEST (nobody)
{
	static const char *const paths[] = { "", "/nonexistent/agent",
		"/a/path/that/is/longer/than/the/name/of/a/socket/can/be/which/has/one/hundred/and/eight/bytes/with/"
		"its/nul/at/the/"
		"end" };

	setenv ("SSH_AUTH_SOCK", paths[_i], 1);
	ck_assert_int_eq (agent_link_is_there (), _i > 0);
	ask (LONG_MS);
	run_until (&failures, 1);
	ck_assert_str_ne (why, "");
}
END_TEST

/* A cancelled request is not called, and its answer is not taken for that of the next one. */
START_TEST (cancelled)
{
	static const uint8_t first[] = { 0, 0, 0, 1, 5 }, second[] = { 0, 0, 0, 5, 12, 0, 0, 0, 0 };
	struct agent_request *request;

	say ("", 0);
	request = ask (LONG_MS);
	while (agent < 0)
		uv_run (&loop, UV_RUN_ONCE);
	agent_request_cancel (request);
	ask (LONG_MS);
	agent_request_cancel (ask (LONG_MS));
	agent_request_cancel (NULL);
	ck_assert_int_eq (write (agent, first, sizeof first), (ssize_t)sizeof first);
	ck_assert_int_eq (write (agent, second, sizeof second), (ssize_t)sizeof second);
	run_until (&answers, 1);
	ck_assert_uint_eq (size, sizeof second);
}
END_TEST

static void add_cases (TCase *cases)
{
	tcase_add_checked_fixture (cases, setup, teardown);
	tcase_add_test (cases, answered);
	tcase_add_test (cases, hangs);
	tcase_add_loop_test (cases, nonsense, 0, 2);
	tcase_add_loop_test (cases, closes, 0, 2);
	tcase_add_loop_test (cases, nobody, 0, 3);
	tcase_add_test (cases, cancelled);
}

CHECK_MAIN ("agent_link", add_cases)
