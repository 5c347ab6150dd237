/* secure - see secure.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fd.h"
#include "client/error.h"
#include "client/host.h"
#include "client/secure.h"

static void free_poll (uv_handle_t *poll)
{
	free (poll);
}

int secure_watch (struct remex_host *host, struct secure *secure)
{
	int failed;

	if (!(secure->poll = malloc (sizeof *secure->poll)))
		return ENOMEM;
	if ((failed = uv_poll_init (&host->remex->loop, secure->poll, secure->fd)) < 0) {
		free (secure->poll);
		secure->poll = NULL;
		return -failed;
	}
	secure->poll->data = host;
	return 0;
}

void secure_drop (struct remex_host *host, struct secure *secure)
{
	if (secure->poll)
		uv_close ((uv_handle_t *)secure->poll, free_poll);
	secure->poll = NULL;
	if (secure->fd >= 0)
		tls_free (host->tls);
	host->tls = NULL;
	fd_close (&secure->fd);
}

/* The handshake is done. */
static void shaken (struct remex_host *host, struct secure *secure)
{
	struct remex_error error;
	struct stream stream;
	int fd = secure->fd;

	if (trust_check (host, &error) < 0) {
		secure->failed (host, &error);
		return;
	}
	uv_close ((uv_handle_t *)secure->poll, free_poll);
	free (host->dialing);
	host->dialing = NULL;
	stream_tls (&stream, fd, host->tls);
	host_greet (host, &stream);
}

void secure_shake (struct remex_host *host, struct secure *secure)
{
	struct remex_error error;

	switch (tls_handshake (host->tls)) {
	case 0:
		uv_poll_start (secure->poll, tls_wants_write (host->tls) ? UV_WRITABLE : UV_READABLE, secure->on_poll);
		break;
	case 1: shaken (host, secure); break;
	default: trust_explain (host, &error); secure->failed (host, &error);
	}
}

void secure_begin (struct remex_host *host, struct secure *secure)
{
	struct tls_context *context;
	struct remex_error error;

	if (!(context = trust_context (host, &error))) {
		secure->failed (host, &error);
		return;
	}
	if (!(host->tls = tls_new (context, secure->fd, trust_judge, host))) {
		error_set (&error, "internal", "out of memory");
		secure->failed (host, &error);
		return;
	}
	host_timer (host, host->give_up_ms - clock_ms ());
	secure_shake (host, secure);
}
