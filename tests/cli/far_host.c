/* far_host - see far_host.h. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/far_host.h"
#include "net/stream.h"
#include "net/tls.h"
#include "support/loopback.h"
#include "wire/message.h"

#define HELLO "{\"remex\":1,\"host\":\"web1\",\"version\":\"9.9\",\"you\":\"alice\"}"

enum { PIECE = 65536 };

/* --- the process: it ends itself where anything is wrong --------------------------------------------------------- */

static void need (bool good)
{
	if (!good)
		_exit (1);
}

static void wait_for (int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	need (poll (&pollfd, 1, -1) == 1);
}

/* False: the client is gone. */
static bool put (struct stream *stream, const void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t now = stream_write (stream, (const char *)bytes + done, n - done);

		if (now > 0)
			done += (size_t)now;
		else if (errno == EAGAIN)
			wait_for (stream->out_poll, POLLOUT);
		else
			return false;
	}
	return true;
}

static bool send_message (struct stream *stream, const char *header, const char *body)
{
	uint32_t length = (uint32_t)strlen (header);
	uint8_t prefix[4] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
		(uint8_t)length };

	return put (stream, prefix, sizeof prefix) && put (stream, header, length) &&
	       (!body || put (stream, body, strlen (body)));
}

/* The output of a call, on that stream. */
static bool pour (struct stream *stream, long id, const char *name, const char *text)
{
	char header[128];

	if (!*text)
		return true;
	snprintf (header, sizeof header, "{\"id\":%ld,\"data\":\"%s\",\"body\":%zu}", id, name, strlen (text));
	return send_message (stream, header, text);
}

static bool answer (struct stream *stream, long id, const struct far_reply *reply)
{
	char header[512];

	switch (reply->kind) {
	case FAR_RESULT:
	case FAR_NO_RESULT:
		snprintf (header, sizeof header, "{\"id\":%ld,\"done\":{\"outcome\":\"completed\"}}", id);
		return (reply->kind == FAR_NO_RESULT || pour (stream, id, "result", reply->text)) &&
		       send_message (stream, header, NULL);
	case FAR_DONE:
		snprintf (header, sizeof header, "{\"id\":%ld,\"done\":%s}", id, reply->text);
		return send_message (stream, header, NULL);
	case FAR_EXITED:
		snprintf (header, sizeof header, "{\"id\":%ld,\"done\":{\"outcome\":\"exited\",\"exit\":0}}", id);
		return pour (stream, id, "stdout", reply->text) && send_message (stream, header, NULL);
	case FAR_ERROR:
		snprintf (header, sizeof header, "{\"id\":%ld,\"error\":{\"code\":\"denied\",\"message\":\"%s\"}}", id,
			reply->text);
		return send_message (stream, header, NULL);
	case FAR_HANG_UP: break;
	}
	return false;
}

struct server {
	const struct far_reply *replies;
	size_t n, next;
	struct far_counts *counts;
};

/* Serve a client that has been let in, until it or the replies end. */
static void serve (struct server *server, struct stream *stream)
{
	const struct message *message;
	struct decoder decoder;
	struct buf in;
	struct err err;
	bool open = send_message (stream, HELLO, NULL);

	buf_init (&in, 2 * MESSAGE_MAX);
	decoder_init (&decoder, FROM_CLIENT);
	while (open) {
		int got = decoder_next (&decoder, &in, &message, &err);

		need (got >= 0);
		if (got > 0 && message->kind == MESSAGE_CALL) {
			server->counts->calls++;
			snprintf (server->counts->call, sizeof server->counts->call, "%s", message->name);
			open = server->next < server->n &&
			       answer (stream, (long)message->id, &server->replies[server->next]);
			server->next++;
		} else if (got == 0) {
			ssize_t n = stream_read (stream, buf_reserve (&in, PIECE), PIECE);

			if (n > 0)
				buf_commit (&in, (size_t)n);
			else if (n < 0 && errno == EAGAIN)
				wait_for (stream->in_poll, POLLIN);
			else
				open = false;
		}
	}
	decoder_free (&decoder);
	buf_free (&in);
}

static bool take_any (void *arg, const struct key *key)
{
	(void)arg;
	(void)key;
	return true;
}

/* The TLS handshake. False: the client has not finished it, as one that does not trust this key. */
static bool shake (struct tls *tls, int fd)
{
	int result;

	while ((result = tls_handshake (tls)) == 0)
		wait_for (fd, tls_wants_write (tls) ? POLLOUT : POLLIN);
	return result > 0;
}

static void serve_all (struct server *server, int listening, struct tls_context *context)
{
	for (;;) {
		struct stream stream;
		struct tls *tls;
		int fd;

		wait_for (listening, POLLIN);
		if ((fd = accept4 (listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
			continue;
		server->counts->connections++;
		if (!context) {
			need (stream_owned (&stream, fd, fd) == 0);
		} else {
			need ((tls = tls_new (context, fd, take_any, NULL)));
			if (!shake (tls, fd)) {
				tls_free (tls);
				close (fd);
				continue;
			}
			stream_tls (&stream, fd, tls);
		}
		serve (server, &stream);
		stream_close (&stream);
	}
}

/* --- the test ---------------------------------------------------------------------------------------------------- */

static int listen_on_unix (struct far_host *host)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s/socket", host->directory);
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq (listen (fd, 8), 0);
	snprintf (host->where, sizeof host->where, "unix://%s", address.sun_path);
	return fd;
}

/* A key of the client, and one of its own. */
static struct tls_context *make_keys (struct far_host *host)
{
	struct credential *mine, *theirs;
	struct tls_context *context;
	char path[128];
	struct err err;

	ck_assert_ptr_nonnull (theirs = credential_make ("client", &err));
	snprintf (path, sizeof path, "%s/id.pem", host->directory);
	ck_assert_int_eq (credential_write (theirs, path, &err), 0);
	credential_free (theirs);
	ck_assert_ptr_nonnull (mine = credential_make ("server", &err));
	key_print (credential_key (mine), host->print);
	ck_assert_ptr_nonnull (context = tls_context_new (TLS_SERVER, mine, &err));
	credential_free (mine);
	return context;
}

void far_host_start (struct far_host *host, bool tcp, const struct far_reply *replies, size_t n)
{
	struct tls_context *context = NULL;
	struct server server = { .replies = replies, .n = n };
	char where[ENDPOINT_SIZE];
	pid_t parent = getpid ();
	int listening;

	memset (host, 0, sizeof *host);
	strcpy (host->directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (host->directory));
	if (tcp) {
		context = make_keys (host);
		listening = listen_on_loopback (where);
		snprintf (host->where, sizeof host->where, "%s", where);
	} else {
		listening = listen_on_unix (host);
	}
	host->counts = mmap (NULL, sizeof *host->counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne (host->counts, MAP_FAILED);
	server.counts = host->counts;
	ck_assert_int_ge (host->pid = fork (), 0);
	if (!host->pid) {
		signal (SIGPIPE, SIG_IGN);
		need (prctl (PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid () == parent);
		serve_all (&server, listening, context);
	}
	close (listening);
	tls_context_free (context);
}

void far_host_end (struct far_host *host)
{
	char command[128];

	ck_assert_int_eq (kill (host->pid, SIGKILL), 0);
	ck_assert_int_eq (waitpid (host->pid, NULL, 0), host->pid);
	munmap (host->counts, sizeof *host->counts);
	snprintf (command, sizeof command, "rm -rf '%s'", host->directory);
	ck_assert_int_eq (system (command), 0);
}
