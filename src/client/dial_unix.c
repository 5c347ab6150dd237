/* dial_unix - streams that need no network (dial.h): a connection to a Unix socket, and descriptors that another
 * program has connected. */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "client/host.h"

enum { RETRY_MS = 20 };

/* 0, or -1 and err: the socket is not safe to use. */
static int try_connect (struct remex_host *host, struct err *err)
{
	struct stream stream;
	int fd = -1;

	switch (address_open (&host->address, &fd, err)) {
	case ADDRESS_OPEN:
		stream_unix (&stream, fd);
		host_greet (host, &stream);
		break;
	case ADDRESS_LATER:
		if (clock_ms () >= host->give_up_ms)
			host_fail (host, "", "%s; it was too busy for %d s", err->text, DIAL_MS / 1000);
		else
			host_timer (host, RETRY_MS);
		break;
	case ADDRESS_NOBODY: host_fail (host, "", "%s", err->text); break;
	case ADDRESS_UNSAFE: host_fail (host, "denied", "%s", err->text); return -1;
	}
	return 0;
}

static int unix_start (struct remex_host *host, struct err *err)
{
	host_dialled (host);
	return try_connect (host, err);
}

static void unix_wake (struct remex_host *host)
{
	struct err err;

	try_connect (host, &err);
}

const struct dialer dial_unix = { DIAL_MS, unix_start, unix_wake, NULL };

/* host->dialing is the stream, during this call only. */
static int attached_start (struct remex_host *host, struct err *err)
{
	const struct stream *stream = host->dialing;

	host->dialing = NULL;
	host_dialled (host);
	host_greet (host, stream);
	return host->state == HOST_DEAD ? err_set (err, 0, "%s", host->end.text) : 0;
}

const struct dialer dial_attached = { DIAL_ATTACHED_MS, attached_start, NULL, NULL };
