/* check_ssh_pool - requests for a peer that is no sshd: they share a connection, and each of them hears why. What needs a real
 * sshd (further sessions, pauses, hops) is in tests/system/ssh.test. */
#include "config.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "loop/loop.h"
#include "ssh/failure.h"
#include "ssh/ssh_pool.h"
#include "support/check_main.h"

static uv_loop_t loop;
static struct ssh_pool *pool;
static char home[] = "/tmp/check-pool-XXXXXX";
static int listener, accepted, failed, opened;
static uint16_t port;
static struct watch *accepting;
static const char *greeting = "HTTP/1.0 400 Bad Request\r\n";
static struct err why;

static void on_accept (void *arg, int events)
{
	int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);

	(void)arg;
	(void)events;
	if (fd < 0)
		return;
	accepted++;
	ck_assert_int_eq (write (fd, greeting, strlen (greeting)), (ssize_t)strlen (greeting));
	shutdown (fd, SHUT_WR);
	close (fd);
}

static void on_opened (void *arg)
{
	(void)arg;
	opened++;
}

static void on_failed (void *arg, const struct ssh_exit *how, const struct err *err)
{
	ck_assert_ptr_eq (arg, &loop);
	ck_assert_ptr_null (how);
	failed++;
	why = *err;
}

static const struct ssh_pool_ops ops = { .opened = on_opened, .failed = on_failed };

static void setup (void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t size = sizeof name;

	signal (SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull (mkdtemp (home));
	setenv ("HOME", home, 1);
	unsetenv ("SSH_AUTH_SOCK");
	ck_assert_int_eq (libssh2_init (0), 0);
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq (bind (listener, (struct sockaddr *)&name, sizeof name), 0);
	ck_assert_int_eq (listen (listener, 10), 0);
	ck_assert_int_eq (getsockname (listener, (struct sockaddr *)&name, &size), 0);
	port = ntohs (name.sin_port);
	ck_assert_ptr_nonnull (accepting = watch_new (&loop, listener, UV_READABLE, on_accept, NULL));
	ck_assert_ptr_nonnull (pool = ssh_pool_new (&loop, NULL, NULL));
	accepted = failed = opened = 0;
}

static void teardown (void)
{
	ssh_pool_free (pool);
	watch_free (&accepting);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	libssh2_exit ();
	fd_close (&listener);
	rmdir (home);
}

/* Returns our end of the socket. */
static int reach (const char *host, const char *via)
{
	const struct ssh_pool_target target = { .user = "", .host = host, .port = port, .via = via, .command = "true" };
	struct err err;
	int pair[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_msg (ssh_pool_reach (pool, &target, pair[1], &ops, &loop, &err) == 0, "%s", err.text);
	return pair[0];
}

static void run_until_failed (int n)
{
	while (failed < n)
		uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (failed, n);
	ck_assert_int_eq (opened, 0);
}

START_TEST (one_connection_for_all)
{
	int fds[20];
	char byte;

	for (int i = 0; i < 20; i++)
		fds[i] = reach ("127.0.0.1", NULL);
	run_until_failed (20);
	ck_assert_int_eq (accepted, 1);
	ck_assert_ptr_nonnull (strstr (why.text, "no sshd listens there"));
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq (read (fds[i], &byte, 1), 0); /* the other end is closed */
		close (fds[i]);
	}
	/* It is tried again for who comes later. */
	close (reach ("localhost", NULL));
	fds[0] = reach ("127.0.0.1", NULL);
	run_until_failed (22);
	ck_assert_int_eq (accepted, 2 + (accepted == 3));
	close (fds[0]);
}
END_TEST

/* Who closes the socket does not wait, and the others do. */
START_TEST (given_up)
{
	int kept;

	close (reach ("127.0.0.1", NULL));
	kept = reach ("127.0.0.1", NULL);
	run_until_failed (2);
	close (kept);
}
END_TEST

START_TEST (a_hop_that_fails)
{
	int fd = reach ("behind.example", "127.0.0.1");

	/* The hop has the port of ssh: nobody, or an sshd that is not known, is there. */
	run_until_failed (1);
	ck_assert_msg (strstr (why.text, "on the way there: ") != NULL, "%s", why.text);
	close (fd);
}
END_TEST

START_TEST (too_many_hops)
{
	int fd = reach ("behind.example", "a,b,c,d,e,f,g,h,i,j");

	run_until_failed (1);
	ck_assert_int_eq (why.code, FAILURE_DENIED);
	ck_assert_msg (strstr (why.text, "more than") != NULL, "%s", why.text);
	ck_assert_int_eq (accepted, 0);
	close (fd);
}
END_TEST

START_TEST (freed_while_they_wait)
{
	int fds[3];

	for (int i = 0; i < 3; i++)
		fds[i] = reach ("127.0.0.1", NULL);
	uv_run (&loop, UV_RUN_NOWAIT);
	ssh_pool_free (pool);
	pool = NULL;
	for (int i = 0; i < 3; i++)
		close (fds[i]);
	ck_assert_int_eq (opened, 0);
}
END_TEST

static void add_cases (TCase *cases)
{
	tcase_add_checked_fixture (cases, setup, teardown);
	tcase_add_test (cases, one_connection_for_all);
	tcase_add_test (cases, given_up);
	tcase_add_test (cases, a_hop_that_fails);
	tcase_add_test (cases, too_many_hops);
	tcase_add_test (cases, freed_while_they_wait);
}

CHECK_MAIN ("ssh_pool", add_cases)
