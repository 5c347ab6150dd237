/* client - what the files of libremex share: the structures behind remex/client.h, and who may touch what.
 *
 * A struct remex owns its hosts, a host its requests. Events are pulled: remex_next asks the hosts on the `ready` list
 * one after the other (host_next) until one has something to tell, and only then lets libuv wait. What the callbacks
 * of libuv do is read bytes into `in` and put the host on the list. So a host holds at most one message that was not
 * told yet, and some bytes behind it.
 *
 *   connect.c    from remex_connect to hello, and the host's timer
 *   dial_*.c     the ways to a stream (struct dialer): a Unix socket, TCP, descriptors that are connected already
 *   resolver.c   from the name of a host to its addresses
 *   trust.c      whose keys these are: ours, the hosts' that are pinned, and what to say about them
 *   host.c       the connection: its bytes, its end, its events
 *   answer.c     what a message from the server means
 *   request.c    what the caller asks for
 */
#ifndef REMEX_CLIENT_CLIENT_H
#define REMEX_CLIENT_CLIENT_H

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "client/address.h"
#include "client/resolver.h"
#include "net/credential.h"
#include "net/pump.h"
#include "net/tls.h"
#include "remex/client.h"
#include "wire/message.h"

enum {
	/* A request that names no window gets one of CLIENT_WINDOW, or, where the windows of all requests come near
	 * CLIENT_WINDOWS, less, but CLIENT_WINDOW_LEAST: output that a caller puts aside stays bounded for all hosts together. */
	CLIENT_WINDOW = 1024 * 1024,
	CLIENT_WINDOW_LEAST = 64 * 1024,
	CLIENT_WINDOWS = 64 * 1024 * 1024,
	CLIENT_READS = 32 * 1024 * 1024, /* bytes that are read at once, of all hosts together */
	CLIENT_OUT_SOFT = 1024 * 1024, /* input is taken while less than this waits to be sent */
	CLIENT_OUT_MAX = 32 * 1024 * 1024, /* with calls and all else */
	CLIENT_PONGS = 4096, /* that wait to be sent: more means that the server asks and does not read */
	CLIENT_CONNECT_MS = 10000, /* from the dial to hello */
	CLIENT_ATTACH_MS = 60000, /* the same where somebody else makes the connection (and may ask for a password) */
	CLIENT_SILENCE_MS = 15000, /* with calls running: a ping after so long, and the end after three times as long */
};

struct remex {
	uv_loop_t loop;
	uv_timer_t timer; /* of remex_next */
	struct list hosts;
	size_t n_hosts;
	int64_t windows; /* of all requests that are not over */
	struct list ready; /* hosts that may have something to tell or to send */
	char *directory; /* of keys (store.h); NULL: not known yet */
	struct credential *identity; /* our own key; NULL: not read yet */
	struct tls_context *known, *unknown; /* for hosts that are pinned: shows our key; for others: shows none */
	struct resolver *resolver; /* NULL: no name was looked up yet */
	struct remex_request *ended; /* told by the last event, to be freed */
	struct remex_request *eaten; /* whose output the last event told: it counts as consumed with the next one */
	size_t eaten_size;
};

enum host_state {
	HOST_CONNECTING, /* no stream yet: the host is the dialer's */
	HOST_GREETING, /* there is a stream: hello is awaited, calls wait in their requests */
	HOST_OPEN,
	HOST_DEAD, /* `code` and `why`; requests are being told */
	HOST_CLOSED, /* REMEX_CLOSED was told */
};

/* One way to come to a stream: a row of operations for the time of HOST_CONNECTING. It ends with host_greet or with
 * host_fail; until then the dialer may keep a state of its own in host->dialing. */
struct dialer {
	int limit_ms; /* from the dial to hello */
	/* Set out. What cannot be is told by host_fail; only what makes remex_connect itself fail is -1 and err. */
	int (*start) (struct remex_host *host, struct err *err);
	/* The host's timer has come. NULL where `start` leaves no host CONNECTING. */
	void (*wake) (struct remex_host *host);
	/* Give up what is on its way and free host->dialing. NULL: there is never any. */
	void (*stop) (struct remex_host *host);
};

extern const struct dialer dial_unix, dial_tcp, dial_attached;

/* The key that a host over TCP has shown and the one that it should have. */
struct proof {
	bool probe; /* remex_probe: only to see the key */
	bool pinned, seen; /* `pin`, `key` are known */
	struct key pin, key;
	char *certificate; /* of a host that is not pinned, as PEM */
	char line[KEY_LINE_SIZE], print[KEY_PRINT_SIZE], pin_print[KEY_PRINT_SIZE];
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
	bool doomed; /* remex_close was called */
	bool ended; /* nothing more will come; `why` says why. What was read before is told first */
	int64_t give_up_ms; /* of clock_ms: hello must have come by then; INT64_MAX: not dialled yet */
	int64_t heard_ms; /* when bytes last came */
	struct decoder decoder;
	struct list requests; /* that run, in the order of their ids */
	struct list over; /* whose end is known and not told yet */
	uint64_t last_id;
	int pongs; /* in `out`, at the most */
	int64_t pinged, ponged; /* the last number sent and answered */
	char *where, *name, *version, *you;
	char code[32], why[ERR_TEXT];
	void *data;
};

struct remex_request {
	struct remex_host *host;
	struct list node; /* in host->requests or host->over */
	uint64_t id;
	struct buf unsent; /* its messages while there was no hello */
	bool input; /* and remex_end was not called yet */
	bool starved; /* remex_send took less than it was given credit for */
	bool over;
	bool hold;
	int64_t credit; /* bytes of input the server will take */
	int64_t window;
	int64_t allowed; /* bytes of output the server may still send */
	int64_t consumed; /* not yet granted again */
	struct remex_result result;
	char code[32];
	char *message, *limit, *json;
	void *data;
};

/* remex.c: fill a caller's error; always returns -1. */
int error_set (struct remex_error *error, const char *code, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

/* host.c ------------------------------------------------------------------------------------------------------------
 */

/* Put it on the list of hosts that may have something to tell or to send. */
void host_ready (struct remex_host *host);

/* The next event of a host: true, or false when it has none for now. Sends what waits. */
bool host_next (struct remex_host *host, struct remex_event *event);

/* The connection is no more: every request that runs ends, lost or unreachable. `code` may be "". */
void host_fail (struct remex_host *host, const char *code, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

/* Read once from the transport into `in`; true when bytes came. */
bool host_fill (struct remex_host *host);

/* Poll the transport for what the host waits for now. */
void host_poll (struct remex_host *host);

/* Of libuv, for a handle of a host. */
void host_closed (uv_handle_t *handle);

/* Close the transport and free its buffers. */
void host_shut (struct remex_host *host);

/* connect.c ---------------------------------------------------------------------------------------------------------
 */

/* After hello, and whenever a request starts: watch for silence. */
void host_watch (struct remex_host *host);

/* Wake the host then, in so many milliseconds. */
void host_timer (struct remex_host *host, int64_t ms);

/* For dialers: from now on the host has dialer->limit_ms until hello. */
void host_dialled (struct remex_host *host);

/* For dialers: the stream is there, and is the host's from now on. Poll it and wait for hello; what goes wrong is told by
 * host_fail. */
void host_greet (struct remex_host *host, const struct stream *stream);

/* trust.c -----------------------------------------------------------------------------------------------------------
 */

/* Read the pin of the host and, unless this is a probe, our own key. 0, or -1: the host has failed. */
int trust_prepare (struct remex_host *host);

/* With what to meet this host; NULL: it has failed. */
struct tls_context *trust_context (struct remex_host *host);

/* A tls_judge; arg is the host. */
bool trust_judge (void *arg, const struct key *key);

/* The handshake is done. True: go on. False: the host has failed, because it is not pinned, or because that was all. */
bool trust_proved (struct remex_host *host);

/* TLS has ended with an error: the code ("" where there is none in particular) and words. */
void trust_why (const struct remex_host *host, char code[32], char why[ERR_TEXT]);

void trust_free (struct remex *remex);

/* answer.c ----------------------------------------------------------------------------------------------------------
 */

/* Act on a message: 1 when it makes an event, 0 when not, -1 and err on a violation. */
int answer_message (struct remex_host *host, const struct message *message, struct remex_event *event, struct err *err);

/* request.c ---------------------------------------------------------------------------------------------------------
 */

/* The request is over with this outcome, and will be told. `code` and `message` may be NULL. */
void request_over (struct remex_request *request, enum remex_outcome outcome, const char *code, const char *message);

/* The caller has done with n bytes of its output: renews the window. */
void request_consumed (struct remex_request *request, size_t n);

void request_free (struct remex_request *request);

#endif
