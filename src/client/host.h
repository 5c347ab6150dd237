/* host - one connection: its bytes, timers, events and end.
 *
 *   CONNECTING -> GREETING -> OPEN -> DEAD -> CLOSED       and from any of the first three to DEAD
 *
 * Events of messages that were read before the end are returned before the end: a terminal message that was received
 * counts.
 */
#ifndef REMEX_CLIENT_HOST_H
#define REMEX_CLIENT_HOST_H

#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "client/address.h"
#include "client/dial.h"
#include "client/remex.h"
#include "client/ssh_helper.h"
#include "client/trust.h"
#include "net/pump.h"
#include "net/tls.h"
#include "wire/message.h"

enum {
	HOST_READS = 32 * 1024 * 1024, /* bytes that are read at once, for all hosts together */
	HOST_OUT_SOFT = 1024 * 1024, /* input is taken while less than this waits to be sent */
	HOST_OUT_MAX = 32 * 1024 * 1024, /* with calls and all other messages */
	HOST_PONGS = 4096, /* pongs that wait to be sent; more of them: the server sends pings and does not read */
};

enum host_state {
	HOST_CONNECTING, /* no stream yet: the dialer works on it */
	HOST_GREETING, /* there is a stream: the host waits for hello, and calls wait in their requests */
	HOST_OPEN,
	HOST_DEAD, /* `end` has the reason; the ends of requests are being returned */
	HOST_CLOSED, /* REMEX_CLOSED was returned */
};

struct remex_host {
	struct remex *remex;
	struct list node; /* in remex->hosts */
	struct list ready; /* in remex->ready, or unlinked */
	enum host_state state;
	const struct dialer *dialer;
	void *dialing; /* state of the dialer, while HOST_CONNECTING */
	struct address address;
	struct tunnel *tunnel; /* that the stream goes through; NULL: none */
	struct proxy *proxy; /* the command that leads to the host (proxy.h); NULL: none */
	struct proof proof; /* over TCP */
	struct tls *tls; /* of the stream, over TCP: it knows why the stream ended */
	struct pump pump; /* open from HOST_GREETING until HOST_DEAD */
	struct buf in, out; /* of the pump */
	uv_idle_t again; /* pump_pending: there are more bytes, but poll does not report them */
	uv_poll_t polls[2]; /* for reading (and for writing, if the descriptor is the same); for writing */
	int n_polls;
	int polled[2]; /* the events that each of `polls` is set to */
	uv_timer_t timer;
	int handles; /* open libuv handles; the host is freed when the last is closed */
	bool closing; /* remex_close was called */
	bool ended; /* nothing more will come, and `end` has the reason; messages read before come first */
	int64_t give_up_ms; /* on the clock of clock_ms: hello must have come by then; INT64_MAX: not dialled yet */
	int64_t received_ms; /* when bytes last came */
	int64_t check_ms; /* when the silence and the deadlines are looked at next */
	int64_t asked_ms; /* when a server that is late with a request was last asked whether it is there; 0: never */
	bool answered; /* bytes have come since */
	struct decoder decoder;
	struct list requests; /* that run, in the order of their ids */
	struct list over; /* whose end is known, but not returned yet */
	uint64_t last_id;
	int pongs; /* an upper bound of the pongs in `out` */
	int64_t pinged, ponged; /* the last number that was sent, and the last that was answered */
	char *where, *name, *version, *you, *via;
	struct remex_error end; /* the reason for the end; the code is "" until there is one */
	void *data;
};

/* A new host in HOST_CONNECTING, which is only in the list remex->hosts. NULL: out of memory. remex_close frees it. */
struct remex_host *host_new (struct remex *remex, const char *where, const struct dialer *dialer);

/* Put the host on the list of hosts that may have an event or bytes to send. */
static inline void host_ready (struct remex_host *host)
{
	if (!list_linked (&host->ready))
		list_append (&host->remex->ready, &host->ready);
}

/* The next event of a host: true, or false when it has none for now. Also sends the waiting bytes. */
bool host_next (struct remex_host *host, struct remex_event *event);

/* The connection has ended: every running request ends as lost or unreachable. `code` may be "". */
void host_fail (struct remex_host *host, const char *code, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

/* For dialers: wake the host in `ms` milliseconds. */
void host_timer (struct remex_host *host, int64_t ms);

/* For dialers: the time from the dial to hello, in milliseconds. */
int host_limit_ms (const struct remex_host *host);

/* For dialers: from now on the host has that time until hello. */
void host_dialled (struct remex_host *host);

/* For dialers: the stream is connected, and the host owns it from now on. Poll it and wait for hello. Failures are
 * reported by host_fail. */
void host_greet (struct remex_host *host, const struct stream *stream);

#endif
