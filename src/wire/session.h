/* session - the server's side of remex/1 for one connection, as a pure state machine: bytes in, bytes out, events to a
 * dispatcher and to the owners of its channels.
 *
 * A session has no descriptor, no clock and no thread. The connection feeds it, and sends the bytes in `out`. The
 * fuzzer links it with a dispatcher that makes up answers.
 *
 * States: OPEN (calls are taken), LEAVING (after bye, or when the daemon drains: no new calls are taken, running calls
 * are answered), ENDED (after a violation, or when a leaving session has answered all calls: the connection flushes
 * `out` and closes).
 *
 * A channel is one live call. The session makes it. The session frees it with the terminal message (channel_done,
 * channel_error), or when the client is gone (session_lose). A channel has an owner, with a row of operations: a
 * request that a worker runs, or a call that the front answers itself. The session calls these operations, and knows
 * nothing else about an owner. Input of a client is checked against its credit; output is limited by the window that
 * the client named.
 */
#ifndef REMEX_WIRE_SESSION_H
#define REMEX_WIRE_SESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "wire/codes.h"
#include "wire/message.h"

enum {
	SESSION_CREDIT = 256 * 1024, /* the first credit of a request */
	SESSION_OUT_FULL =
		256 * 1024, /* with this many bytes unsent, no more output is taken, unless limits.output is set */
	SESSION_OUT_MAX =
		1024 * 1024, /* with this many then (answers, pongs), the client does not read: the session ends */
	SESSION_TURN = 64,
	SESSION_OUT_TIGHT = 16 * 1024, /* the same when memory is short */
};

struct session;
struct channel;

/* Calls of the session to the owner of a channel (channel->owner). During these calls the owner may answer on any
 * channel, its own included. If an operation is NULL, the event is dropped. */
struct channel_ops {
	void (*input) (struct channel *channel, const uint8_t *bytes, size_t n);
	void (*input_end) (struct channel *channel);
	void (*signal) (struct channel *channel, int signo);
	void (*resize) (struct channel *channel, int rows, int cols);
	void (*cancel) (struct channel *channel);
	/* There may be room for output again: the client's window has opened, or the connection has sent some bytes. */
	void (*room) (struct channel *channel);
	/* The client sent more input than its credit: end the call with CODE_FLOW, now or when its command has been
	 * stopped. Further input is dropped. */
	void (*flow) (struct channel *channel);
	/* The client is gone: the channel is freed after this call, and must not be used. */
	void (*lost) (struct channel *channel);
};

struct channel {
	struct list node;
	struct session *session;
	uint64_t id;
	int64_t credit; /* bytes of input that the client may still send, */
	int64_t untold; /* and how many more it will be told of */
	int64_t window; /* bytes of output that the client will still take; -1: it named no window */
	bool input; /* the client sends input, and has not ended it */
	const struct channel_ops *ops; /* never NULL */
	void *owner;
};

/* Calls of the session to its connection. */
struct session_events {
	/* A call; the message is valid until this returns. Answer it, or give the channel an owner (channel_own). */
	void (*call) (void *arg, struct channel *channel, const struct message *message);
	/* An owner has put output or an answer into `out`: send it (session_flush). */
	void (*flush) (void *arg);
};

struct session_limits {
	int calls; /* the most live channels; a further call is answered busy */
	int64_t message_ms, ping_ms, silence_ms; /* see conf/config.h */
	int64_t stall_ms, idle_ms; /* likewise; 0: none */
	size_t output; /* bytes; 0: SESSION_OUT_FULL */
};

enum session_state { SESSION_OPEN, SESSION_LEAVING, SESSION_ENDED };

struct session {
	enum session_state state;
	const struct session_events *events;
	void *arg;
	struct session_limits limits;
	struct decoder decoder;
	struct buf in, out;
	struct list channels;
	int n_channels;
	uint64_t last_id;
	int64_t received_ms, pinged_ms; /* when bytes last came; when a ping was sent after that (0: none) */
	int64_t partial_ms; /* when the half-received message in `in` last made progress; 0: there is none */
	size_t partial_bytes; /* the bytes of that message at partial_ms */
	int64_t stuck_ms; /* when sending last made progress; 0: `out` is empty */
	size_t taken; /* bytes sent since stuck_ms */
	uint64_t bytes_in;
	bool bye; /* LEAVING because the client said so */
	bool more; /* session_feed is to be called again, before more is read */
	bool tight; /* memory is short: SESSION_OUT_TIGHT is the limit of output */
	bool held; /* the client is not read for now: missing bytes are not the client's fault */
	bool stalled; /* ENDED because the client did not take output: it would not read a reason */
	bool wants_room; /* there was no room in `out` for output of a channel: call session_room when there is room */
};

/* Begin: the hello (its members consumed) is put into out. */
void session_init (struct session *session, const struct session_events *events, void *arg,
	const struct session_limits *limits, json_t *hello, int64_t now_ms);

/* Free the session and its channels, without a call to their owners. */
void session_free (struct session *session);

/* The client is gone, or will be: call `lost` of each channel's owner, and free all channels. */
void session_lose (struct session *session);

/* Take messages. Call this when bytes have been put into session->in, or when `more` is true: the last call has left
 * whole messages. A call takes SESSION_TURN messages at most, so that other connections get their turn. */
void session_feed (struct session *session, int64_t now_ms);

/* The total size in bytes of the message that is being received, as far as known (decoder_needs); 0: there is none. */
size_t session_needs (const struct session *session);

/* Stop the limits of time for a client that is not read for now (those of input), and start them again. */
void session_hold (struct session *session);
void session_resume (struct session *session, int64_t now_ms);

/* The limit of unsent bytes at which no more output is taken. Is it reached? Then the client takes no output. */
size_t session_output_max (const struct session *session);
bool session_full (const struct session *session);

/* Let the connection send the bytes in `out`. Call this after an answer that was made outside of the session's
 * calls. */
void session_flush (struct session *session);

/* There is room in `out` again: call `room` of all channels' owners. */
void session_room (struct session *session);

/* n bytes of session->out have been sent (and consumed); 0: none could be sent. Call this after each attempt. */
void session_sent (struct session *session, size_t n, int64_t now_ms);

/* session_wake: when to call session_tick next (0: not needed). session_tick sends pings, and ends the session of a
 * client that is silent, does not finish its message, or takes no output. */
int64_t session_wake (const struct session *session);
void session_tick (struct session *session, int64_t now_ms);

/* End the session with an error message that has no id. */
void session_violation (struct session *session, enum code code, const char *text);

/* The channel belongs to that owner from now on. */
void channel_own (struct channel *channel, const struct channel_ops *ops, void *owner);

/* The client may send n more bytes of input. It is told when that makes at least twice what it knows of: a message for
 * each key that is typed would wake the client for nothing. No credit is sent when the client has ended its input. */
void channel_credit (struct channel *channel, int64_t n);

/* Get room for at most *n bytes (*n > 0) of output on a stream. Returns the place for the bytes, with *n reduced to fit
 * the window and the connection; NULL with *n 0 when there is no room now. Then call channel_output_end with the number
 * of bytes that were put there (0 is allowed). */
uint8_t *channel_output_begin (struct channel *channel, const char *stream, size_t *n);
void channel_output_end (struct channel *channel, const char *stream, size_t n);

/* Send the only terminal message; the channel is freed. `done` is consumed. retry_after (seconds): sent if > 0. */
void channel_done (struct channel *channel, json_t *done);
void channel_error (struct channel *channel, enum code code, const char *text, double retry_after);

#endif
