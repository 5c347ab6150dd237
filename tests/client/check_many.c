/* check_many - one struct remex and a thousand servers: each request has exactly one end, and their memory together is
 * bounded. The servers are one child process with a Unix socket. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/client_request.h"
#include "client/host.h"
#include "support/check_main.h"

enum { SERVERS = 1000, CHUNK = 16 * 1024, LENGTH = 160 * 1024 };

#define HELLO "{\"remex\":1,\"host\":\"web1\",\"version\":\"9.9\",\"you\":\"alice\"}"

static char directory[64], socket_path[80];
static pid_t servers;

/* --- the servers ------------------------------------------------------------------------------------------------- */

struct server {
	int fd;
	struct buf in, out;
	struct decoder decoder;
	int64_t allowed, left; /* bytes of output */
	uint64_t id;
	int number; /* of the call; the exit status depends on it */
	bool ended;
};

static struct server pool[SERVERS];

static void server_send (struct server *server, const char *header, size_t body)
{
	static const uint8_t zeros[CHUNK];
	uint32_t length = (uint32_t)strlen (header);
	uint8_t prefix[4] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
		(uint8_t)length };

	if (buf_append (&server->out, prefix, 4) < 0 || buf_append (&server->out, header, length) < 0 ||
		buf_append (&server->out, zeros, body) < 0)
		_exit (3);
}

/* Send as much as the window allows, then end. */
static void send_output (struct server *server)
{
	char header[128];

	while (server->id && server->left > 0 && server->allowed >= CHUNK && buf_len (&server->out) < 4 * CHUNK) {
		snprintf (header, sizeof header, "{\"id\":%llu,\"data\":\"stdout\",\"body\":%d}",
			(unsigned long long)server->id, CHUNK);
		server_send (server, header, CHUNK);
		server->allowed -= CHUNK;
		server->left -= CHUNK;
	}
	if (server->id && server->left == 0 && !server->ended) {
		snprintf (header, sizeof header, "{\"id\":%llu,\"done\":{\"outcome\":\"exited\",\"exit\":%d}}",
			(unsigned long long)server->id, server->number % 200);
		server_send (server, header, 0);
		server->ended = true;
	}
}

static void server_receive (struct server *server)
{
	const struct message *message;
	uint8_t *space = buf_reserve (&server->in, 65536);
	struct err err;
	ssize_t n;

	if (!space || (n = recv (server->fd, space, 65536, MSG_DONTWAIT)) == 0 || (n < 0 && errno != EAGAIN)) {
		fd_close (&server->fd);
		return;
	}
	buf_commit (&server->in, n > 0 ? (size_t)n : 0);
	while (decoder_next (&server->decoder, &server->in, &message, &err) > 0) {
		if (message->kind == MESSAGE_CALL) {
			const json_t *args = json_object_get (message->header, "args");

			server->id = message->id;
			server->number = (int)json_integer_value (json_object_get (args, "n"));
			server->allowed = json_integer_value (json_object_get (message->header, "window"));
			server->left = LENGTH;
		} else if (message->kind == MESSAGE_CREDIT) {
			server->allowed += message->number;
		}
	}
}

static void serve (struct server *server)
{
	server_receive (server);
	if (server->fd < 0)
		return;
	send_output (server);
	if (buf_len (&server->out)) {
		ssize_t n =
			send (server->fd, buf_head (&server->out), buf_len (&server->out), MSG_NOSIGNAL | MSG_DONTWAIT);

		buf_consume (&server->out, n > 0 ? (size_t)n : 0);
	}
}

/* Serve all clients, until the listener's other side, `parent`, closes. */
static void serve_all (int listening, int parent)
{
	static struct pollfd polls[SERVERS + 2];
	int n = 0;

	for (;;) {
		polls[0] = (struct pollfd){ .fd = parent };
		polls[1] = (struct pollfd){ .fd = n < SERVERS ? listening : -1, .events = POLLIN };
		for (int i = 0; i < n; i++)
			polls[i + 2] = (struct pollfd){ .fd = pool[i].fd,
				.events = (short)(POLLIN | (buf_len (&pool[i].out) ? POLLOUT : 0)) };
		if (poll (polls, (nfds_t)n + 2, -1) < 0 || polls[0].revents)
			return;
		for (int i = 0; i < n; i++)
			if (polls[i + 2].revents)
				serve (&pool[i]);
		if (polls[1].revents) {
			struct server *server = &pool[n];

			if ((server->fd = accept4 (listening, NULL, NULL, SOCK_CLOEXEC)) < 0)
				_exit (4);
			buf_init (&server->in, 2 * MESSAGE_MAX);
			buf_init (&server->out, MESSAGE_MAX);
			decoder_init (&server->decoder, FROM_CLIENT);
			server_send (server, HELLO, 0);
			n++;
			serve (server);
		}
	}
}

/* --- the test ---------------------------------------------------------------------------------------------------- */

static int lifeline[2];

static void setup (void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listening = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (socket_path, sizeof socket_path, "%s/socket", directory);
	strcpy (address.sun_path, socket_path);
	ck_assert_int_eq (bind (listening, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq (listen (listening, SERVERS), 0);
	ck_assert_int_eq (pipe2 (lifeline, O_CLOEXEC), 0);
	if ((servers = fork ()) == 0) {
		close (lifeline[1]);
		serve_all (listening, lifeline[0]);
		_exit (0);
	}
	ck_assert_int_gt (servers, 0);
	close (listening);
	close (lifeline[0]);
}

static void teardown (void)
{
	int status;

	close (lifeline[1]);
	ck_assert_int_eq (waitpid (servers, &status, 0), servers);
	ck_assert_int_eq (status, 0);
	unlink (socket_path);
	rmdir (directory);
}

/* The memory that the library has reserved for received bytes. */
static size_t reserved (const struct remex *remex)
{
	const struct remex_host *host;
	size_t sum = 0;

	list_each (host, &remex->hosts, node)
		sum += host->in.size;
	return sum;
}

START_TEST (each_of_a_thousand_has_one_end)
{
	static struct remex_host *hosts[SERVERS];
	static size_t bytes[SERVERS];
	static int ends[SERVERS];
	char where[128], args[32];
	struct remex_event event;
	struct remex *remex;
	int ended = 0;

	setup ();
	ck_assert_ptr_nonnull (remex = remex_new ());
	snprintf (where, sizeof where, "unix://%s", socket_path);
	for (int i = 0; i < SERVERS; i++) {
		struct remex_request *request;

		ck_assert_ptr_nonnull (hosts[i] = remex_connect (remex, where, NULL));
		snprintf (args, sizeof args, "{\"n\":%d}", i);
		ck_assert_ptr_nonnull (
			request = remex_start (hosts[i], "test.pour", &(struct remex_options){ .args = args }, NULL));
		remex_request_set_data (request, (void *)(intptr_t)i);
	}
	ck_assert_int_le (remex->windows, REQUEST_WINDOWS + SERVERS * (int64_t)REQUEST_WINDOW_LEAST);
	while (ended < SERVERS) {
		int i, got = remex_next (remex, &event, 120000);

		ck_assert_int_eq (got, 1);
		if (event.type != REMEX_DATA && event.type != REMEX_ENDED)
			continue;
		i = (int)(intptr_t)remex_request_data (event.request);
		if (event.type == REMEX_DATA) {
			bytes[i] += event.size;
			continue;
		}
		if (event.result->outcome != REMEX_EXITED || event.result->exit != i % 200 || bytes[i] != LENGTH ||
			ends[i])
			ck_abort_msg ("server %d: %s %s, exit %d, %zu bytes, %d ends before", i,
				remex_outcome_word (event.result->outcome), event.result->message, event.result->exit,
				bytes[i], ends[i]);
		ends[i]++;
		ended++;
		if (ended % 100 == 1 && reserved (remex) > 3 * (size_t)HOST_READS)
			ck_abort_msg ("%zu bytes are reserved for what comes in", reserved (remex));
	}
	ck_assert_int_eq (remex->windows, 0);
	ck_assert_uint_eq (remex->n_hosts, SERVERS);
	remex_free (remex);
	teardown ();
}
END_TEST

/* A window that the caller sets belongs to the caller; returned memory can be used again. */
START_TEST (windows_are_shared)
{
	struct remex_request *requests[SERVERS];
	struct remex_host *host;
	struct remex *remex;
	char where[128];

	setup ();
	ck_assert_ptr_nonnull (remex = remex_new ());
	snprintf (where, sizeof where, "unix://%s", socket_path);
	ck_assert_ptr_nonnull (host = remex_connect (remex, where, NULL));
	for (int i = 0; i < SERVERS; i++)
		ck_assert_ptr_nonnull (requests[i] = remex_start (host, "test.pour", NULL, NULL));
	ck_assert_int_eq (requests[0]->window, REQUEST_WINDOW);
	ck_assert_int_eq (requests[SERVERS - 1]->window, REQUEST_WINDOW_LEAST);
	ck_assert_ptr_nonnull (
		requests[0] = remex_start (host, "test.pour", &(struct remex_options){ .window = 12345678 }, NULL));
	ck_assert_int_eq (requests[0]->window, 12345678);
	remex_close (host);
	ck_assert_int_eq (remex->windows, 0);
	ck_assert_ptr_nonnull (host = remex_connect (remex, where, NULL));
	ck_assert_ptr_nonnull (requests[0] = remex_start (host, "test.pour", NULL, NULL));
	ck_assert_int_eq (requests[0]->window, REQUEST_WINDOW);
	remex_free (remex);
	teardown ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, each_of_a_thousand_has_one_end);
	tcase_add_test (tcase, windows_are_shared);
}

/* Each host takes a descriptor here, and one in the servers' process. */
static int check (void);

int main (void)
{
	struct rlimit limit;

	fd_raise_limit ();
	if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < SERVERS + 64) {
		printf ("SKIP: many: a thousand hosts want %d descriptors, and RLIMIT_NOFILE allows %llu\n",
			SERVERS + 64, (unsigned long long)limit.rlim_cur);
		return 77;
	}
	return check ();
}

#define main check
static CHECK_MAIN ("many", add_cases)
