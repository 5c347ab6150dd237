/* check_connector - a connection to one of several addresses. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/connector.h"
#include "support/check_main.h"

static uv_loop_t loop;
static struct connector *connector;
static int got; /* the socket; -1: none */
static int calls;
static struct connector_end told;

static void on_connected (void *arg, int fd)
{
	ck_assert_ptr_eq (arg, &loop);
	got = fd;
	calls++;
	connector_free (&connector);
}

static void on_failed (void *arg, const struct connector_end *end)
{
	(void)arg;
	told = *end;
	calls++;
	connector_free (&connector);
}

static const struct connector_ops ops = { on_connected, on_failed };

static void setup (void)
{
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	got = -1;
	calls = 0;
	memset (&told, 0, sizeof told);
}

static void teardown (void)
{
	connector_free (&connector);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	if (got >= 0)
		close (got);
}

/* A socket on a free port of the loopback; `backlog` -1: it does not listen. */
static int serve (struct endpoint *endpoint, int backlog)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t size = sizeof name;
	int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq (bind (fd, (struct sockaddr *)&name, sizeof name), 0);
	if (backlog >= 0)
		ck_assert_int_eq (listen (fd, backlog), 0);
	ck_assert_int_eq (getsockname (fd, (struct sockaddr *)&name, &size), 0);
	endpoint_set (endpoint, (struct sockaddr *)&name, size);
	return fd;
}

static void begin (const struct endpoint *endpoints, size_t n, int ms)
{
	connector = connector_new (&loop, endpoints, n, clock_ms () + ms, &ops, &loop);
	ck_assert_ptr_nonnull (connector);
	ck_assert_int_eq (calls, 0);
}

START_TEST (the_first_one_that_accepts)
{
	struct endpoint endpoints[3];
	int fds[3], error = -1;
	socklen_t size = sizeof error;

	for (int i = 0; i < 3; i++)
		fds[i] = serve (&endpoints[i], i ? 1 : -1);
	begin (endpoints, 3, 10000);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (calls, 1);
	ck_assert_int_ge (got, 0);
	ck_assert_int_eq (getsockopt (got, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	ck_assert_int_eq (error, 0);
	close (accept (fds[1], NULL, NULL));
	for (int i = 0; i < 3; i++)
		close (fds[i]);
}
END_TEST

START_TEST (all_refuse)
{
	struct endpoint endpoints[2];
	int fds[2] = { serve (&endpoints[0], -1), serve (&endpoints[1], -1) };
	char shown[ENDPOINT_SIZE];

	begin (endpoints, 2, 10000);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (calls, 1);
	ck_assert (told.refused && told.error == ECONNREFUSED);
	for (int i = 0; i < 2; i++) {
		ck_assert_msg (strstr (told.why, endpoint_format (&endpoints[i], shown)) != NULL, "%s", told.why);
		close (fds[i]);
	}
}
END_TEST

START_TEST (no_address)
{
	begin (NULL, 0, 10000);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (calls, 1);
	ck_assert_str_eq (told.why, "");
	ck_assert_int_eq (told.error, 0);
}
END_TEST

/* A listener whose queue is full takes the connection and does not complete it: each address gets its share of the time. */
START_TEST (an_address_that_hangs)
{
	struct endpoint endpoints[2];
	int full = serve (&endpoints[0], 0), good = serve (&endpoints[1], 1), fillers[8], n = 0;

	for (; n < 8; n++) {
		fillers[n] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect (fillers[n], (struct sockaddr *)&endpoints[0].address, endpoints[0].size);
	}
	begin (endpoints, 2, 600);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (calls, 1);
	ck_assert_int_ge (got, 0);
	while (n > 0)
		close (fillers[--n]);
	close (full);
	close (good);
}
END_TEST

/* The loop did not run for longer than the time: a connection that was made meanwhile counts. */
START_TEST (a_late_loop)
{
	struct endpoint endpoint;
	int fd = serve (&endpoint, 1);

	begin (&endpoint, 1, 200);
	while (!got || calls == 0) {
		uv_run (&loop, UV_RUN_NOWAIT);
		if (calls)
			break;
		usleep (250000);
	}
	ck_assert_int_eq (calls, 1);
	ck_assert_int_ge (got, 0);
	close (fd);
}
END_TEST

START_TEST (freed_before_it_is_over)
{
	struct endpoint endpoint;
	int fd = serve (&endpoint, 1);

	begin (&endpoint, 1, 10000);
	uv_run (&loop, UV_RUN_NOWAIT);
	connector_free (&connector);
	ck_assert_ptr_null (connector);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_le (calls, 1);
	close (fd);
}
END_TEST

START_TEST (addresses_of_a_lookup)
{
	struct sockaddr_in names[3] = { { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) } };
	struct addrinfo found[4] = { { 0 } };
	struct endpoint endpoints[CONNECTOR_ADDRESSES];

	names[1] = names[0];
	names[2] = names[0];
	names[2].sin_port = htons (1);
	for (int i = 0; i < 4; i++) {
		found[i] = (struct addrinfo){ .ai_family = i == 3 ? AF_UNIX : AF_INET,
			.ai_addr = (struct sockaddr *)&names[i % 3],
			.ai_addrlen = sizeof *names,
			.ai_next = i < 3 ? &found[i + 1] : NULL };
	}
	ck_assert_uint_eq (connector_addresses (found, endpoints), 2);
	ck_assert_uint_eq (connector_addresses (NULL, endpoints), 0);
}
END_TEST

static void add_cases (TCase *cases)
{
	tcase_add_checked_fixture (cases, setup, teardown);
	tcase_add_test (cases, the_first_one_that_accepts);
	tcase_add_test (cases, all_refuse);
	tcase_add_test (cases, no_address);
	tcase_add_test (cases, an_address_that_hangs);
	tcase_add_test (cases, a_late_loop);
	tcase_add_test (cases, freed_before_it_is_over);
	tcase_add_test (cases, addresses_of_a_lookup);
}

CHECK_MAIN ("connector", add_cases)
