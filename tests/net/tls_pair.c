/* tls_pair - see tls_pair.h. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "tls_pair.h"

enum { WAIT_MS = 20000 };

static struct err err;

/* --- sockets ----------------------------------------------------------------------------------------------------- */

static void tcp_sockets (int fds[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq (bind (listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq (listen (listener, 1), 0);
	ck_assert_int_eq (getsockname (listener, (struct sockaddr *)&address, &size), 0);
	fds[1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq (connect (fds[1], (struct sockaddr *)&address, size), 0);
	ck_assert_int_ge (fds[0] = accept (listener, NULL, NULL), 0);
	close (listener);
}

void sockets (enum carrier carrier, int size, int fds[2])
{
	if (carrier == OVER_TCP)
		tcp_sockets (fds);
	else
		ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq (fd_nonblock (fds[i], true), 0);
		if (size) {
			ck_assert_int_eq (setsockopt (fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
			ck_assert_int_eq (setsockopt (fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
		}
	}
}

void wait_readable (int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	ck_assert_int_eq (poll (&one, 1, WAIT_MS), 1);
}

/* Nothing moves: wait for bytes a little, as over TCP they may be on their way. */
static bool anything (int a, int b)
{
	struct pollfd both[2] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };

	return poll (both, 2, 200) > 0;
}

/* --- ours -------------------------------------------------------------------------------------------------------- */

bool verdict_judge (void *arg, const struct key *key)
{
	struct verdict *verdict = arg;

	verdict->asked++;
	verdict->key = *key;
	return verdict->yes;
}

void end_open (struct end *end, enum tls_side side, bool with_key, int fd)
{
	*end = (struct end){ .verdict.yes = true, .fd = fd };
	if (with_key)
		ck_assert_ptr_nonnull (end->credential = credential_make ("test", &err));
	end->context = tls_context_new (side, end->credential, &err);
	ck_assert_msg (end->context != NULL, "%s", err.text);
	ck_assert_ptr_nonnull (end->tls = tls_new (end->context, fd, verdict_judge, &end->verdict));
}

void end_free (struct end *end)
{
	tls_free (end->tls);
	tls_context_free (end->context);
	credential_free (end->credential);
	fd_close (&end->fd);
}

void pair_open (struct pair *pair, enum carrier carrier, int size)
{
	int fds[2];

	sockets (carrier, size, fds);
	end_open (&pair->server, TLS_SERVER, true, fds[0]);
	end_open (&pair->client, TLS_CLIENT, true, fds[1]);
}

void pair_free (struct pair *pair)
{
	end_free (&pair->server);
	end_free (&pair->client);
	no_errors_left ();
}

struct results pair_shake (struct pair *pair)
{
	struct results results;

	do {
		results.client = tls_handshake (pair->client.tls);
		results.server = tls_handshake (pair->server.tls);
		no_errors_left ();
	} while ((!results.client || !results.server) && anything (pair->client.fd, pair->server.fd));
	return results;
}

ssize_t read_soon (struct end *end, void *bytes, size_t n)
{
	ssize_t got;

	while ((got = tls_read (end->tls, bytes, n)) < 0 && errno == EAGAIN)
		wait_readable (end->fd);
	return got;
}

bool pair_meet (struct pair *pair)
{
	struct results results = pair_shake (pair);
	char byte;

	return results.client == 1 && results.server == 1 && tls_write (pair->server.tls, "x", 1) == 1 &&
	       read_soon (&pair->client, &byte, 1) == 1 && byte == 'x';
}

/* --- theirs ------------------------------------------------------------------------------------------------------ */

static int alert;

static void on_event (const SSL *ssl, int where, int number)
{
	(void)ssl;
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		alert = number & 0xff;
}

int raw_alert (void)
{
	return alert;
}

SSL_CTX *raw_context (enum tls_side side)
{
	SSL_CTX *context = SSL_CTX_new (side == TLS_SERVER ? TLS_server_method () : TLS_client_method ());

	ck_assert_ptr_nonnull (context);
	alert = 0;
	return context;
}

SSL *raw_open (SSL_CTX *context, enum tls_side side, int fd)
{
	SSL *ssl = SSL_new (context);

	ck_assert_ptr_nonnull (ssl);
	ck_assert_int_eq (SSL_set_fd (ssl, fd), 1);
	SSL_set_info_callback (ssl, on_event);
	if (side == TLS_SERVER)
		SSL_set_accept_state (ssl);
	else
		SSL_set_connect_state (ssl);
	return ssl;
}

int raw_shake (struct end *end, SSL *raw)
{
	int ours = 0, theirs = 0;
	bool alive = true;
	char byte;

	do {
		if (alive && theirs == 1)
			SSL_read (raw, &byte, 1); /* an alert may come behind the handshake */
		else if (alive)
			theirs = SSL_do_handshake (raw);
		alive = theirs == 1 || SSL_want_read (raw) || SSL_want_write (raw);
		if (theirs == 1 && !SSL_want_read (raw) && alert)
			alive = false;
		ERR_clear_error ();
		if (!ours)
			ours = tls_handshake (end->tls);
		no_errors_left ();
	} while ((!ours || (ours < 0 && alive && !alert)) && anything (SSL_get_fd (raw), end->fd));
	return ours;
}

void no_errors_left (void)
{
	ck_assert_msg (!ERR_peek_error (), "left behind: %s", ERR_reason_error_string (ERR_peek_error ()));
}
