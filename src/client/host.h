/* host - one connection: its bytes, its time, its events, its end.
 *
 *   CONNECTING -> GREETING -> OPEN -> DEAD -> CLOSED       and from any of the first three to DEAD
 *
 * Messages that were read before the end are told before the end: a terminal message that came counts.
 */
#ifndef REMEX_CLIENT_HOST_H
#define REMEX_CLIENT_HOST_H

#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "client/address.h"
#include "client/dial.h"
#include "client/remex.h"
#include "client/trust.h"
#include "net/pump.h"
#include "net/tls.h"
#include "wire/message.h"

enum {
	HOST_READS = 32 * 1024 * 1024, /* bytes that are read at once, of all hosts together */
	HOST_OUT_SOFT = 1024 * 1024, /* input is taken while less than this waits to be sent */
	HOST_OUT_MAX = 32 * 1024 * 1024, /* with calls and all else */
	HOST_PONGS = 4096, /* pongs that wait to be sent: with more, the server asks and does not read */
};

enum host_state {
	HOST_CONNECTING, /* no stream yet: the host is the dialer's */
	HOST_GREETING, /* there is a stream: hello is awaited, calls wait in their requests */
	HOST_OPEN,
	HOST_DEAD, /* `end` says why; the ends of requests are being told */
	HOST_CLOSED, /* REMEX_CLOSED was told */
};

struct remex_host {
	struct remex *remex;
	struct list node; /* in remex->hosts */
	struct list ready; /* in remex->ready, or by itself */
	enum host_state state;
	const struct dialer *dialer;
	void *dialing; /* the dialer's own, while HOST_CONNECTING */
	struct address address;
	struct proof proof; /* over TCP */
	struct tls *tls; /* the stream's, over TCP: to be asked why it ended */
	struct pump pump; /* open from HOST_GREETING until HOST_DEAD */
	struct buf in, out; /* of the pump */
	uv_idle_t again; /* pump_pending: there is more to read, and no poll says so */
	uv_poll_t polls[2]; /* of reading (and writing, where it is the same descriptor); of writing */
	int n_polls;
	int polled[2]; /* the events each is set to */
	uv_timer_t timer;
	int handles; /* of libuv that are open; the host is freed when the last is closed */
	bool closing; /* remex_close was called */
	bool ended; /* nothing more will come, and `end` says why. Messages that were read before are told first */
	int64_t give_up_ms; /* of clock_ms: hello must have come by then; INT64_MAX: not dialled yet */
	int64_t heard_ms; /* when bytes last came */
	struct decoder decoder;
	struct list requests; /* that run, in the order of their ids */
	struct list over; /* whose end is known and not told yet */
	uint64_t last_id;
	int pongs; /* in `out`, at the most */
	int64_t pinged, ponged; /* the last number sent and answered */
	char *where, *name, *version, *you;
	struct remex_error end; /* why it ended; the code is "" until it has one */
	void *data;
};

/* A host that is in no list but remex->hosts, and CONNECTING. NULL without memory. remex_close frees it. */
struct remex_host *host_new (struct remex *remex, const char *where, const struct dialer *dialer);

/* Put it on the list of hosts that may have something to tell or to send. */
static inline void host_ready (struct remex_host *host)
{
	if (!list_linked (&host->ready))
		list_append (&host->remex->ready, &host->ready);
}

/* The next event of a host: true, or false when it has none for now. Sends what waits. */
bool host_next (struct remex_host *host, struct remex_event *event);

/* The connection is no more: every request that runs ends, lost or unreachable. `code` may be "". */
void host_fail (struct remex_host *host, const char *code, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

/* For dialers: wake the host in so many milliseconds. */
void host_timer (struct remex_host *host, int64_t ms);

/* For dialers: from now on the host has dialer->limit_ms until hello. */
void host_dialled (struct remex_host *host);

/* For dialers: the stream is there, and is the host's from now on. Poll it and wait for hello; what goes wrong is told by
 * host_fail. */
void host_greet (struct remex_host *host, const struct stream *stream);

#endif
