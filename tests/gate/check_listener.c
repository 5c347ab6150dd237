/* check_listener - clients on the gate's listening sockets: which are accepted over the Unix socket and which are told
 * the reason, what happens without descriptors, and a socket that begins to listen later. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "gate/gate_fixture.h"
#include "gate/listener.h"
#include "support/check_main.h"

enum {
	MANY = 70, /* more than the gate accepts in one turn */
	SOMEBODY = 54321, /* a uid that root's daemon does not know */
};

static struct err err;
static char directory[64], path[96];

/* --- the owner of the gate ------------------------------------------------------------------------------------------- */

static struct gate_client clients[MANY];
static struct stream streams[MANY];
static int n_clients;

static struct {
	int times;
	enum code code;
	char text[ERR_TEXT];
} told;

static void on_connected (void *arg, struct stream *stream, const struct gate_client *who, const struct err *why)
{
	(void)arg;
	ck_assert_ptr_null (why);
	ck_assert_int_lt (n_clients, MANY);
	clients[n_clients] = *who;
	streams[n_clients] = *stream;
	gate_enter (&gate, &clients[n_clients++]);
}

static void count_refused (void *arg, int fd, enum code code, const char *text)
{
	(void)arg;
	told.times++;
	told.code = code;
	snprintf (told.text, sizeof told.text, "%s", text);
	ck_assert_int_eq (send (fd, "no", 2, MSG_NOSIGNAL), 2);
	fd_close (&fd); /* it belongs to the owner */
}

static const struct gate_ops ops = {
	.connected = on_connected, .send_refusal = count_refused, .on_refused = fixture_on_refused
};

static void set_up (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	ck_assert_int_eq (chmod (directory, 0755), 0);
	snprintf (path, sizeof path, "%s/socket", directory);
	fixture_begin (&ops, geteuid ());
	gate.access.group = (gid_t)-1; /* the group remex that the machine may have is not used */
	gate.access.shared = false;
	ck_assert_int_ge (gate.reserve = open ("/dev/null", O_RDONLY | O_CLOEXEC), 0);
}

static void tear_down (void)
{
	for (int i = 0; i < n_clients; i++) {
		gate_leave (&clients[i]);
		stream_close (&streams[i]);
	}
	listener_stop (&gate);
	fixture_end ();
	unlink (path);
	ck_assert_int_eq (rmdir (directory), 0);
}

/* --- sockets ----------------------------------------------------------------------------------------------------------- */

static struct sockaddr_in tcp; /* where the TCP socket is */

static int unix_socket (void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq (chmod (path, 0666), 0);
	return fd;
}

static int tcp_socket (void)
{
	socklen_t size = sizeof tcp;
	int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	tcp = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&tcp, size), 0);
	ck_assert_int_eq (getsockname (fd, (struct sockaddr *)&tcp, &size), 0);
	return fd;
}

static void serve (enum listen_kind kind)
{
	int fd = kind == LISTEN_TCP ? tcp_socket () : unix_socket ();

	ck_assert_int_eq (listen (fd, 2 * MANY), 0);
	ck_assert_int_eq (listener_add (&gate, fd, kind), 0);
}

/* A connected client: its socket, or -1 with errno. */
static int call (enum listen_kind kind)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (kind == LISTEN_TCP ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), answer;

	snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
	answer = kind == LISTEN_TCP ? connect (fd, (struct sockaddr *)&tcp, sizeof tcp)
				    : connect (fd, (struct sockaddr *)&address, sizeof address);
	if (answer == 0)
		return fd;
	answer = errno;
	close (fd);
	errno = answer;
	return -1;
}

/* The client has received those bytes, and the connection is closed. */
static void expect_end (int fd, const void *bytes, size_t n)
{
	char heard[64];
	struct pollfd one = { .fd = fd, .events = POLLIN };

	if (n)
		ck_assert_int_eq (recv (fd, heard, sizeof heard, MSG_DONTWAIT), (ssize_t)n);
	if (n)
		ck_assert_mem_eq (heard, bytes, n);
	ck_assert_int_eq (poll (&one, 1, FIXTURE_TURNS * FIXTURE_TURN_MS), 1);
	ck_assert_int_eq (recv (fd, heard, sizeof heard, MSG_DONTWAIT), 0);
}

/* --- the Unix socket --------------------------------------------------------------------------------------------------- */

START_TEST (the_daemons_user_comes_in)
{
	char byte = 0;
	int fd;

	serve (LISTEN_UNIX);
	ck_assert (!gate.access.shared);
	ck_assert_int_ge (fd = call (LISTEN_UNIX), 0);
	UNTIL (n_clients, -1);
	ck_assert (!clients[0].remote && !clients[0].refused);
	ck_assert_uint_eq (clients[0].identity->uid, geteuid ());
	ck_assert_int_eq (stream_write (&streams[0], "x", 1), 1);
	ck_assert_int_eq (recv (fd, &byte, 1, MSG_DONTWAIT), 1);
	ck_assert_int_eq (byte, 'x');
	ck_assert_int_eq (refused.times + told.times, 0);
	close (fd);
}
END_TEST

/* More clients than one turn of the loop takes: none of them is forgotten, and other handles of the loop get their
 * turn. */
START_TEST (a_burst_comes_in)
{
	int fds[MANY];

	serve (LISTEN_UNIX);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_ge (fds[i] = call (LISTEN_UNIX), 0);
	uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_gt (n_clients, 0);
	ck_assert_int_lt (n_clients, MANY);
	UNTIL (n_clients == MANY, -1);
	ck_assert_int_eq (gate.n_connections, MANY);
	for (int i = 0; i < MANY; i++)
		close (fds[i]);
}
END_TEST

/* A user who may not call. */
START_TEST (a_stranger_is_refused)
{
	bool root = geteuid () == 0;
	int fd;

	if (!root)
		gate.access.daemon = geteuid () + 1;
	serve (LISTEN_UNIX);
	if (root)
		ck_assert_int_eq (seteuid (SOMEBODY), 0);
	fd = call (LISTEN_UNIX);
	if (root)
		ck_assert_int_eq (seteuid (0), 0);
	ck_assert_int_ge (fd, 0);
	UNTIL (told.times, -1);
	ck_assert_int_eq (n_clients, 0);
	ck_assert_int_eq (told.code, CODE_DENIED);
	ck_assert_int_eq (refused.times, 1);
	ck_assert (!refused.from_somewhere);
	ck_assert_str_eq (refused.you, "");
	ck_assert_str_eq (refused.why, told.text);
	expect_end (fd, "no", 2);
	close (fd);
}
END_TEST

/* A user who may call, and has enough connections. */
START_TEST (a_connection_too_many_is_refused)
{
	struct gate_limits limits = fixture_limits;
	char name[64];
	int fd;

	limits.connections = 0;
	gate_set_limits (&gate, &limits, clock_ms ());
	serve (LISTEN_UNIX);
	ck_assert_int_ge (fd = call (LISTEN_UNIX), 0);
	UNTIL (told.times, -1);
	ck_assert_int_eq (n_clients, 0);
	ck_assert_int_eq (told.code, CODE_BUSY);
	ck_assert_str_eq (told.text, "too many connections");
	ck_assert_int_eq (refused.times, 1);
	ck_assert_str_eq (refused.you, access_name (name, sizeof name, geteuid ()));
	ck_assert (list_empty (&gate.access.identities));
	expect_end (fd, "no", 2);
	close (fd);
}
END_TEST

/* --- descriptors -------------------------------------------------------------------------------------------------------- */

/* No descriptor is left: the client is told so nevertheless. Then the listener waits a little, and does not spin; when
 * there are descriptors again, the next client is accepted. */
START_TEST (a_client_without_a_descriptor_gets_the_reason)
{
	static const unsigned char alert[] = { 21, 3, 3, 0, 2, 2, TLS_ALERT_INTERNAL_ERROR };
	enum listen_kind kind = _i ? LISTEN_TCP : LISTEN_UNIX;
	struct rlimit before, few;
	int first, second, last, taken[256], n = 0;

	serve (kind);
	if (kind == LISTEN_TCP)
		ck_assert_int_eq (gate_set_host_key (&gate, credential_make ("gate", &err), &err), 0);
	ck_assert_int_ge (first = call (kind), 0);
	ck_assert_int_ge (second = call (kind), 0);
	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = sizeof taken / sizeof *taken;
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
	while ((taken[n] = fcntl (first, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	ck_assert_int_eq (errno, EMFILE);
	uv_run (&loop, UV_RUN_ONCE);
	uv_run (&loop, UV_RUN_NOWAIT); /* the second client is not accepted yet */
	ck_assert_int_ge (gate.reserve, 0);
	ck_assert_int_eq (n_clients, 0);
	ck_assert (list_empty (&gate.handshakes));
	ck_assert_int_eq (told.times, kind == LISTEN_UNIX);
	if (kind == LISTEN_UNIX)
		ck_assert_int_eq (told.code, CODE_BUSY);
	for (int i = 0; i < n; i++)
		close (taken[i]);
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
	expect_end (first, kind == LISTEN_UNIX ? (const void *)"no" : alert, kind == LISTEN_UNIX ? 2 : sizeof alert);
	ck_assert_int_ge (last = call (kind), 0);
	if (kind == LISTEN_UNIX)
		UNTIL (n_clients == 2, -1);
	else
		UNTIL (throttle_entering (gate.throttle) == 2, -1);
	ck_assert_int_eq (told.times, kind == LISTEN_UNIX);
	close (first);
	close (second);
	close (last);
}
END_TEST

/* --- the row of listeners ------------------------------------------------------------------------------------------------ */

/* The supervisor calls listen(2) when the first identity is admitted. */
START_TEST (a_silent_socket_is_followed)
{
	int fd = tcp_socket (), client;

	ck_assert_int_eq (gate_set_host_key (&gate, credential_make ("gate", &err), &err), 0);
	ck_assert_int_eq (listener_add (&gate, fd, LISTEN_TCP), 0);
	ck_assert (gate.access.shared);
	ck_assert_int_eq (listener_follow (&gate), 0);
	ck_assert_ptr_null (gate.listeners[0].watch);
	ck_assert_int_eq (call (LISTEN_TCP), -1);
	ck_assert_int_eq (errno, ECONNREFUSED);
	ck_assert_int_eq (listen (fd, 8), 0);
	ck_assert_int_eq (listener_follow (&gate), 0);
	ck_assert_int_eq (listener_follow (&gate), 0);
	ck_assert_int_ge (client = call (LISTEN_TCP), 0);
	UNTIL (!list_empty (&gate.handshakes), -1);
	ck_assert_int_eq (n_clients, 0); /* it has to prove its key first */
	close (client);
}
END_TEST

START_TEST (the_number_of_listeners_is_bounded)
{
	int fd;

	for (int i = 0; i < LISTENERS_MAX; i++)
		ck_assert_int_eq (listener_add (&gate, tcp_socket (), LISTEN_TCP), 0);
	fd = tcp_socket ();
	ck_assert_int_eq (listener_add (&gate, fd, LISTEN_TCP), -1);
	ck_assert_int_eq (gate.n_listeners, LISTENERS_MAX);
	close (fd);
}
END_TEST

/* No listener and no handshake is left; accepted clients stay. */
START_TEST (the_listeners_stop)
{
	int in, on_its_way;
	char byte;

	ck_assert_int_eq (gate_set_host_key (&gate, credential_make ("gate", &err), &err), 0);
	serve (LISTEN_UNIX);
	serve (LISTEN_TCP);
	ck_assert_int_ge (in = call (LISTEN_UNIX), 0);
	ck_assert_int_ge (on_its_way = call (LISTEN_TCP), 0);
	UNTIL (n_clients && !list_empty (&gate.handshakes), -1);
	listener_stop (&gate);
	ck_assert_int_eq (gate.n_listeners, 0);
	ck_assert_int_eq (call (LISTEN_UNIX), -1);
	ck_assert_int_eq (errno, ECONNREFUSED);
	ck_assert_int_eq (call (LISTEN_TCP), -1);
	ck_assert_int_eq (errno, ECONNREFUSED);
	expect_end (on_its_way, NULL, 0);
	ck_assert_int_eq (recv (in, &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq (errno, EAGAIN);
	close (in);
	close (on_its_way);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, the_daemons_user_comes_in);
	tcase_add_test (tcase, a_burst_comes_in);
	tcase_add_test (tcase, a_stranger_is_refused);
	tcase_add_test (tcase, a_connection_too_many_is_refused);
	tcase_add_loop_test (tcase, a_client_without_a_descriptor_gets_the_reason, 0, 2);
	tcase_add_test (tcase, a_silent_socket_is_followed);
	tcase_add_test (tcase, the_number_of_listeners_is_bounded);
	tcase_add_test (tcase, the_listeners_stop);
}

CHECK_MAIN ("listener", add_cases)
