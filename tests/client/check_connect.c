/* check_connect - from an address to a connection: when the clock of the dial begins and which phases it covers, which
 * addresses of a name are tried, and the message for each way to fail. The test controls the time: clock_gettime(2) is
 * the test's own, and so are connect(2) and getaddrinfo(3). Servers are sockets that the test opened, and send when the
 * test does. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/resolver.h"
#include "net/endpoint.h"
#include "net/tls.h"
#include "remex/client.h"
#include "support/check_main.h"

enum { TURNS = 6000, TURN_MS = 5, SERVERS = 4 };

/* --- time -------------------------------------------------------------------------------------------------------------- */

static int64_t passed_ms; /* on top of the true time */

/* libuv must use this function, too. */
__attribute__ ((visibility ("default"))) int clock_gettime (clockid_t clock, struct timespec *now)
{
	int result = (int)syscall (SYS_clock_gettime, clock, now);

	if (result == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)) {
		int64_t ms = __atomic_load_n (&passed_ms, __ATOMIC_RELAXED);

		now->tv_sec += ms / 1000;
		now->tv_nsec += ms % 1000 * 1000000;
		if (now->tv_nsec >= 1000000000) {
			now->tv_sec++;
			now->tv_nsec -= 1000000000;
		}
	}
	return result;
}

static void pass (int64_t ms)
{
	__atomic_add_fetch (&passed_ms, ms, __ATOMIC_RELAXED);
}

/* --- dials ------------------------------------------------------------------------------------------------------------- */

static int dials; /* calls of connect(2) */

int connect (int fd, const struct sockaddr *address, socklen_t size)
{
	dials++;
	return (int)syscall (SYS_connect, fd, address, size);
}

/* --- names ------------------------------------------------------------------------------------------------------------- */

/* "stuck…" is not found, and only when the test releases it; "slow…" is found then; every other name has these
 * addresses at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int stuck, released, n_addresses;
static struct sockaddr_in addresses[SERVERS];

static void wait_for_test (void)
{
	pthread_mutex_lock (&lock);
	stuck++;
	pthread_cond_broadcast (&changed);
	while (!released)
		pthread_cond_wait (&changed, &lock);
	released--;
	stuck--;
	pthread_cond_broadcast (&changed);
	pthread_mutex_unlock (&lock);
}

int getaddrinfo (const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
	struct addrinfo *all;

	(void)port;
	(void)hints;
	*found = NULL;
	if (!strncmp (host, "stuck", 5) || !strncmp (host, "slow", 4))
		wait_for_test ();
	if (!strncmp (host, "stuck", 5))
		return EAI_NONAME;
	if (!n_addresses)
		return EAI_NODATA;
	if (!(all = calloc (SERVERS, sizeof *all)))
		return EAI_MEMORY;
	for (int i = 0; i < n_addresses; i++) {
		all[i].ai_family = AF_INET;
		all[i].ai_addr = (struct sockaddr *)&addresses[i];
		all[i].ai_addrlen = sizeof addresses[i];
		all[i].ai_next = i + 1 < n_addresses ? &all[i + 1] : NULL;
	}
	*found = all;
	return 0;
}

void freeaddrinfo (struct addrinfo *found)
{
	free (found);
}

static void wait_stuck (int n)
{
	pthread_mutex_lock (&lock);
	while (stuck != n)
		pthread_cond_wait (&changed, &lock);
	pthread_mutex_unlock (&lock);
}

static void let_go (int n)
{
	pthread_mutex_lock (&lock);
	released = n;
	pthread_cond_broadcast (&changed);
	while (released)
		pthread_cond_wait (&changed, &lock);
	pthread_mutex_unlock (&lock);
}

/* --- servers ----------------------------------------------------------------------------------------------------------- */

static char directory[32], where[ENDPOINT_SIZE];
static struct remex *remex;
static struct remex_event event;
static struct remex_error error;
static struct err err;
static int servers[SERVERS], n_servers, held[16], n_held;

/* A TCP socket that does not listen yet: connections are refused. Its address is the next one of every name. */
static int tcp_server (void)
{
	struct sockaddr_in *address = &addresses[n_addresses++];
	socklen_t size = sizeof *address;
	struct endpoint endpoint;
	int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	ck_assert_int_eq (bind (fd, (struct sockaddr *)address, size), 0);
	ck_assert_int_eq (getsockname (fd, (struct sockaddr *)address, &size), 0);
	endpoint_set (&endpoint, (struct sockaddr *)address, size);
	endpoint_format (&endpoint, where);
	return servers[n_servers++] = fd;
}

static int unix_server (void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s/socket", directory);
	snprintf (where, sizeof where, "unix://%s/socket", directory);
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
	return servers[n_servers++] = fd;
}

static void open_up (int fd)
{
	ck_assert_int_eq (listen (fd, 8), 0);
}

/* A full queue: a TCP client gets no answer, a client of a Unix socket gets EAGAIN. */
static void fill_up (int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;

	ck_assert_int_eq (listen (fd, 0), 0);
	ck_assert_int_eq (getsockname (fd, (struct sockaddr *)&address, &size), 0);
	for (int i = 0; i < 4; i++) {
		int client = socket (address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (connect (client, (struct sockaddr *)&address, size) < 0)
			ck_assert (errno == EINPROGRESS || errno == EAGAIN);
		held[n_held++] = client;
	}
}

/* The client that has connected, while the client side goes on. */
static int accepted (int server)
{
	int fd;

	for (int i = 0; (fd = accept4 (server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0; i++) {
		ck_assert_int_eq (errno, EAGAIN);
		ck_assert_int_lt (i, TURNS);
		ck_assert_int_eq (remex_next (remex, &event, TURN_MS), 0);
	}
	return held[n_held++] = fd;
}

static void nobody_came (int server)
{
	ck_assert_int_eq (accept4 (server, NULL, NULL, SOCK_CLOEXEC), -1);
	ck_assert_int_eq (errno, EAGAIN);
}

static void set_up (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	ck_assert_ptr_nonnull (remex = remex_new ());
	ck_assert_int_eq (remex_set_directory (remex, directory, &error), 0);
}

static void tear_down (void)
{
	char path[96];

	remex_free (remex);
	for (int i = 0; i < n_servers; i++)
		close (servers[i]);
	for (int i = 0; i < n_held; i++)
		close (held[i]);
	snprintf (path, sizeof path, "%s/socket", directory);
	unlink (path);
	ck_assert_int_eq (rmdir (directory), 0);
}

/* --- the client -------------------------------------------------------------------------------------------------------- */

static struct remex_host *probe (const char *whom)
{
	struct remex_host *host = remex_probe (remex, whom, &error);

	ck_assert_msg (host != NULL, "%s", error.text);
	return host;
}

static struct remex_host *connect_to (const char *whom)
{
	struct remex_host *host = remex_connect (remex, whom, &error);

	ck_assert_msg (host != NULL, "%s", error.text);
	return host;
}

/* Nothing happens while the client runs. */
static void quiet (void)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq (remex_next (remex, &event, TURN_MS), 0);
}

/* The host ends with that code and a message like that. */
static void ends (const struct remex_host *host, const char *code, const char *words)
{
	for (int i = 0; remex_next (remex, &event, TURN_MS) == 0; i++)
		ck_assert_int_lt (i, TURNS);
	ck_assert_int_eq (event.type, REMEX_CLOSED);
	ck_assert_ptr_eq (event.host, host);
	ck_assert_str_eq (remex_host_code (host), code);
	ck_assert_msg (strstr (event.message, words) != NULL, "'%s' is not in: %s", words, event.message);
}

/* --- the clock --------------------------------------------------------------------------------------------------------- */

/* Ten seconds from the dial: a host that waits in line behind others has not been dialled. */
START_TEST (a_waiting_host_has_no_clock)
{
	struct remex_host *last, *hosts[RESOLVER_THREADS];
	char name[32];

	for (int i = 0; i < RESOLVER_THREADS; i++) {
		snprintf (name, sizeof name, "stuck%d.example", i);
		hosts[i] = probe (name);
	}
	last = probe ("stuck-last.example");
	wait_stuck (RESOLVER_THREADS);
	pass (7000);
	quiet ();
	pass (3500);
	for (int i = 0; i < RESOLVER_THREADS; i++)
		ends (hosts[i], "unreachable", "no answer in 10 s");
	pass (100000);
	quiet ();
	let_go (RESOLVER_THREADS);
	for (int i = 0; i < TURNS; i++) {
		ck_assert_int_eq (remex_next (remex, &event, TURN_MS), 0);
		pthread_mutex_lock (&lock);
		if (stuck == 1)
			i = TURNS;
		pthread_mutex_unlock (&lock);
	}
	wait_stuck (1);
	pass (7000);
	quiet ();
	pass (3500);
	ends (last, "unreachable", "cannot find stuck-last.example: no answer in 10 s");
	let_go (1);
}
END_TEST

START_TEST (an_address_that_does_not_answer)
{
	struct remex_host *host;

	fill_up (tcp_server ());
	host = probe (where);
	pass (7000);
	quiet ();
	pass (3500);
	ends (host, "unreachable", "Connection timed out");
}
END_TEST

/* The server accepts and is no remexd: the same ten seconds. */
START_TEST (a_silent_server)
{
	struct remex_host *host;

	open_up (tcp_server ());
	host = probe (where);
	accepted (servers[0]);
	pass (7000);
	quiet ();
	pass (3500);
	ends (host, "unreachable", "does not speak TLS in 10 s");
}
END_TEST

/* A slow name server uses up its share of the ten seconds. */
START_TEST (a_slow_name)
{
	struct remex_host *host;
	int64_t since = clock_ms ();

	open_up (tcp_server ());
	host = probe ("slow.example");
	wait_stuck (1);
	pass (7000);
	quiet ();
	let_go (1);
	accepted (servers[0]);
	quiet ();
	pass (3500);
	ends (host, "unreachable", "does not speak TLS in 10 s");
	ck_assert_int_lt (clock_ms () - since, 16000); /* 17 s, if the connection had a clock of its own */
}
END_TEST

START_TEST (no_hello_over_a_unix_socket)
{
	struct remex_host *host;

	open_up (unix_server ());
	host = connect_to (where);
	accepted (servers[0]);
	pass (7000);
	quiet ();
	pass (3500);
	ends (host, "unreachable", "no remexd sent hello in time");
}
END_TEST

/* The program that made the connection may ask for a password on its way: a minute. */
START_TEST (no_hello_over_descriptors)
{
	struct remex_host *host;
	int ends_of[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_of), 0);
	held[n_held++] = ends_of[1];
	ck_assert_ptr_nonnull (host = remex_attach (remex, "pair", ends_of[0], ends_of[0], &error));
	pass (57000);
	quiet ();
	pass (3500);
	ends (host, "unreachable", "no remexd sent hello in time");
}
END_TEST

/* --- addresses of a name ------------------------------------------------------------------------------------------------ */

START_TEST (a_refusal_leads_to_the_next_address)
{
	tcp_server ();
	open_up (tcp_server ());
	probe ("two.example");
	accepted (servers[1]);
	quiet ();
}
END_TEST

/* Each address has its share of the remaining time. */
START_TEST (silence_leads_to_the_next_address)
{
	fill_up (tcp_server ());
	open_up (tcp_server ());
	open_up (tcp_server ());
	dials = 0;
	probe ("three.example");
	for (int i = 0; !dials; i++) {
		ck_assert_int_lt (i, TURNS);
		quiet ();
	}
	pass (1500);
	quiet ();
	ck_assert_int_eq (dials, 1);
	pass (2000);
	accepted (servers[1]);
	ck_assert_int_eq (dials, 2);
	nobody_came (servers[2]);
}
END_TEST

/* The message names each tried address, once, and has advice for a refusal. */
START_TEST (none_of_them_answers)
{
	char first[ENDPOINT_SIZE], words[300];
	struct remex_host *host;

	tcp_server ();
	strcpy (first, where);
	addresses[n_addresses++] = addresses[0];
	tcp_server ();
	snprintf (words, sizeof words,
		"cannot connect to two.example:7363: %s: Connection refused; %s: Connection refused (does remexd "
		"listen on TCP "
		"there?)",
		first, where);
	host = probe ("two.example");
	ends (host, "unreachable", words);
}
END_TEST

/* The first address that accepts the connection is used: no other is tried, whatever it sends. */
START_TEST (the_first_that_answers_is_the_host)
{
	struct remex_host *host;
	int fd;

	open_up (tcp_server ());
	open_up (tcp_server ());
	host = probe ("two.example");
	fd = accepted (servers[0]);
	ck_assert_int_eq (send (fd, "SSH-2.0-x\r\n", 11, MSG_NOSIGNAL), 11);
	ends (host, "unreachable", "not TLS");
	nobody_came (servers[1]);
}
END_TEST

static bool accept_any (void *arg, const struct key *key)
{
	(void)arg;
	(void)key;
	return true;
}

/* The question is about the key of that address. */
START_TEST (a_key_is_asked_about)
{
	char print[KEY_PRINT_SIZE];
	struct credential *theirs = credential_make ("server", &err);
	struct tls_context *context = tls_context_new (TLS_SERVER, theirs, &err);
	struct remex_host *host;
	struct tls *tls;
	int i;

	tcp_server ();
	open_up (tcp_server ());
	host = probe ("two.example");
	ck_assert_ptr_nonnull (tls = tls_new (context, accepted (servers[1]), accept_any, NULL));
	for (i = 0; i < TURNS && remex_next (remex, &event, TURN_MS) == 0; i++)
		tls_handshake (tls);
	ck_assert_int_lt (i, TURNS);
	ck_assert_int_eq (event.type, REMEX_CLOSED);
	ck_assert_str_eq (remex_host_code (host), "untrusted");
	ck_assert_str_eq (remex_host_fingerprint (host), key_print (credential_key (theirs), print));
	ck_assert_str_eq (remex_host_pin (host), "");
	tls_free (tls);
	tls_context_free (context);
	credential_free (theirs);
}
END_TEST

START_TEST (an_unknown_name)
{
	struct remex_host *host = probe ("stuck.example");

	wait_stuck (1);
	let_go (1);
	ends (host, "unreachable", "cannot find stuck.example: there is no host of that name");
	host = probe ("empty.example");
	ends (host, "unreachable", "cannot find empty.example: it has no address");
}
END_TEST

/* --- one address -------------------------------------------------------------------------------------------------------- */

START_TEST (a_number_is_refused)
{
	char words[256];
	struct remex_host *host;

	tcp_server ();
	snprintf (words, sizeof words,
		"cannot connect to %s: Connection refused (does remexd listen on TCP there? The daemon on this machine "
		"is "
		"called 'local')",
		where);
	host = probe (where);
	ends (host, "unreachable", words);
}
END_TEST

START_TEST (nobody_at_the_unix_socket)
{
	struct remex_host *host;

	unix_server ();
	host = connect_to (where);
	ends (host, "unreachable", "Connection refused");
}
END_TEST

/* The queue is full: the client tries again for ten seconds. */
START_TEST (a_busy_unix_socket)
{
	struct remex_host *host;
	int fd;

	fill_up (unix_server ());
	host = connect_to (where);
	pass (7000);
	quiet ();
	if (_i) {
		while ((fd = accept4 (servers[0], NULL, NULL, SOCK_CLOEXEC)) >= 0)
			close (fd);
		accepted (servers[0]);
		quiet ();
		pass (3500);
		ends (host, "unreachable", "no remexd sent hello in time"); /* of the same ten seconds */
	} else {
		pass (3500);
		ends (host, "unreachable", "it was too busy for 10 s");
	}
}
END_TEST

/* --- hello -------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *bytes;
	size_t n;
	bool end;
	const char *words; /* NULL: hello is valid */
} hellos[] = {
	{ "\0\0\0\x1c{\"remex\":1,\"host\":\"a\"      }", 32, false, NULL },
	{ "\0\0\0\x0a{\"ping\":1}", 14, false, "the server breaks the protocol" },
	{ "HTTP/1.0 400 Bad Request\r\n\r\n", 28, false, "the server breaks the protocol" },
	{ "\0\0\0\x1c{\"remex\":1,", 15, true, "the server hung up without a hello" },
	{ "", 0, true, "the server hung up without a hello" },
};

START_TEST (malformed_hellos)
{
	struct remex_host *host;
	int fd;

	open_up (unix_server ());
	host = connect_to (where);
	fd = accepted (servers[0]);
	ck_assert_int_eq (send (fd, hellos[_i].bytes, hellos[_i].n, MSG_NOSIGNAL), (ssize_t)hellos[_i].n);
	if (hellos[_i].end)
		shutdown (fd, SHUT_WR);
	if (hellos[_i].words) {
		ends (host, "unreachable", hellos[_i].words);
		return;
	}
	ck_assert_int_eq (remex_next (remex, &event, TURNS * TURN_MS), 1);
	ck_assert_msg (event.type == REMEX_READY, "%s", event.message ? event.message : "");
	pass (100000);
	quiet (); /* no clock of the dial runs any more */
}
END_TEST

/* --- wrong use ---------------------------------------------------------------------------------------------------------- */

/* Nothing is dialled, and descriptors that were handed over are closed. */
START_TEST (targets_that_cannot_be_dialled)
{
	int pipes[2];

	ck_assert_ptr_null (remex_connect (remex, "unix://relative", &error));
	ck_assert_str_eq (error.code, "usage");
	ck_assert_ptr_null (remex_probe (remex, "unix:///x", &error));
	ck_assert_str_eq (error.code, "usage");
	ck_assert_int_eq (pipe (pipes), 0);
	ck_assert_int_eq (close (pipes[1]), 0);
	ck_assert_ptr_null (remex_attach (remex, "pipes", pipes[0], pipes[1], &error));
	ck_assert_str_eq (error.code, "usage");
	ck_assert_int_eq (fcntl (pipes[0], F_GETFD), -1);
	ck_assert_int_eq (remex_next (remex, &event, -1), 0); /* nothing more can happen */
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, a_waiting_host_has_no_clock);
	tcase_add_test (tcase, an_address_that_does_not_answer);
	tcase_add_test (tcase, a_silent_server);
	tcase_add_test (tcase, a_slow_name);
	tcase_add_test (tcase, no_hello_over_a_unix_socket);
	tcase_add_test (tcase, no_hello_over_descriptors);
	tcase_add_test (tcase, a_refusal_leads_to_the_next_address);
	tcase_add_test (tcase, silence_leads_to_the_next_address);
	tcase_add_test (tcase, none_of_them_answers);
	tcase_add_test (tcase, the_first_that_answers_is_the_host);
	tcase_add_test (tcase, a_key_is_asked_about);
	tcase_add_test (tcase, an_unknown_name);
	tcase_add_test (tcase, a_number_is_refused);
	tcase_add_test (tcase, nobody_at_the_unix_socket);
	tcase_add_loop_test (tcase, a_busy_unix_socket, 0, 2);
	tcase_add_loop_test (tcase, malformed_hellos, 0, (int)(sizeof hellos / sizeof *hellos));
	tcase_add_test (tcase, targets_that_cannot_be_dialled);
}

CHECK_MAIN ("connect", add_cases)
