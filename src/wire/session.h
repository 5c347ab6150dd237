/* session - one connection's side of remex/1 as a pure state machine: bytes in, bytes out, events to a dispatcher and to
 * the owners of its channels.
 *
 * A session has no descriptor, no clock of its own, no thread: the connection feeds it and writes what it leaves in `out`;
 * the fuzzer links it with a dispatcher that makes things up.
 *
 * States: OPEN (calls are taken), LEAVING (after bye, or when the daemon drains: no more calls, what runs is answered),
 * ENDED (after a violation, or when a leaving session has answered everything: `out` is to be flushed, then the
 * connection closes).
 *
 * A channel is one live call. The session makes it and frees it: with the terminal message (channel_done,
 * channel_error), or when the client is gone (session_lose). A channel has an owner, with a row of operations: a request
 * that a worker runs, or a call that the front answers itself. The session calls these operations, and knows nothing else
 * of an owner. Input that a client sends is checked against the credit it was given; output is held to the window the
 * client named.
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
		256 * 1024, /* with so much unsent, no more output is taken, where limits.output says nothing */
	SESSION_OUT_MAX =
		1024 * 1024, /* with so much unsent in that case (answers, pongs), the client does not read: it ends */
	SESSION_TURN = 64,
	SESSION_OUT_TIGHT = 16 * 1024, /* with so much unsent, no more output is taken, where memory is short */
};

struct session;
struct channel;

/* What the owner of a channel is told; channel->owner is the owner. Within these calls it may answer on any channel, its
 * own included. An operation that is NULL: the owner does not care, and the event is dropped. */
struct channel_ops {
	void (*input) (struct channel *channel, const uint8_t *bytes, size_t n);
	void (*input_end) (struct channel *channel);
	void (*signal) (struct channel *channel, int signo);
	void (*cancel) (struct channel *channel);
	/* There may be room for output where there was none: the client's window has opened, or the connection has sent
	 * something. */
	void (*room) (struct channel *channel);
	/* More input came than was granted: end the call with CODE_FLOW, now or when what runs has been stopped. Further
	 * input is dropped. */
	void (*flow) (struct channel *channel);
	/* The client is gone, nobody waits for the call: the channel is freed after this, and must not be used. */
	void (*lost) (struct channel *channel);
};

struct channel {
	struct list node;
	struct session *session;
	uint64_t id;
	int64_t credit; /* bytes of input that the client may still send */
	int64_t window; /* bytes of output that the client will still take; -1: it named none */
	bool input; /* the client sends input, and has not ended it */
	const struct channel_ops *ops; /* never NULL */
	void *owner;
};

/* What the connection is told. */
struct session_events {
	/* A call; the message is good until this returns. Answer it, or give the channel an owner (channel_own). */
	void (*call) (void *arg, struct channel *channel, const struct message *message);
	/* An owner has put output or an answer into `out`, which is to be sent (session_flush). */
	void (*flush) (void *arg);
};

struct session_limits {
	int calls; /* live channels at once; one more is answered busy */
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
	int64_t heard_ms, pinged_ms; /* when bytes last came; when a ping was sent since (0: none) */
	int64_t partial_ms; /* since when the message in `in` is half received; 0: there is none */
	size_t partial_bytes; /* how much of it was there then */
	int64_t stuck_ms; /* since when too little of `out` was taken; 0: it is empty */
	size_t taken; /* since then */
	uint64_t bytes_in;
	bool bye; /* LEAVING because the client said so */
	bool more; /* session_feed is to be called again, before more is read */
	bool tight; /* memory is short: SESSION_OUT_TIGHT is the limit of output */
	bool held; /* its client is not read for now: what does not come is not the client's fault */
	bool stalled; /* ENDED because the client took nothing: there is no use in telling it */
	bool wants_room; /* there was no room in `out` for somebody's output: session_room is to be called when there is */
};

/* Begin: the hello (its members consumed) is put into out. */
void session_init (struct session *session, const struct session_events *events, void *arg,
	const struct session_limits *limits, json_t *hello, int64_t now_ms);

/* Forget everything; nobody is told. */
void session_free (struct session *session);

/* The client is gone, or will be: each owner of a channel is told (lost), and there are no channels any more. */
void session_lose (struct session *session);

/* Bytes have been put into session->in, or `more` is true: there are whole messages for which the last turn had no room. It
 * takes SESSION_TURN messages at most, so that others have their turn. */
void session_feed (struct session *session, int64_t now_ms);

/* How many bytes the message that is coming takes in all, as far as is known (decoder_needs); 0: none is. */
size_t session_needs (const struct session *session);

/* Stop the clock of a client that is not read for now, and start it again. */
void session_hold (struct session *session);
void session_resume (struct session *session, int64_t now_ms);

/* With how much unsent no more output is taken; is so much unsent? Then the client does not take what is sent. */
size_t session_output_max (const struct session *session);
bool session_full (const struct session *session);

/* Have the connection send what is in `out`: for whoever answers outside of the session's calls. */
void session_flush (struct session *session);

/* There is room in `out` again: the owners of all channels are told. */
void session_room (struct session *session);

/* n bytes of session->out have been sent (and consumed); 0: none could be. Whoever writes says so after each attempt. */
void session_sent (struct session *session, size_t n, int64_t now_ms);

/* When to call session_tick next (0: no need); what it does: pings, the end of a client that is silent, does not finish
 * its message, or takes nothing. */
int64_t session_wake (const struct session *session);
void session_tick (struct session *session, int64_t now_ms);

/* End it with an error message that has no id. */
void session_violation (struct session *session, enum code code, const char *text);

/* The channel belongs to that owner from now on. */
void channel_own (struct channel *channel, const struct channel_ops *ops, void *owner);

/* The client may send n more bytes of input. Nothing is sent when it has ended its input. */
void channel_credit (struct channel *channel, int64_t n);

/* Room for output on a stream, at most *n bytes (n > 0): where to put them, with *n made smaller to fit the window and
 * the connection; NULL with *n 0 when there is no room now. channel_output_end says how many were put (0 is allowed). */
uint8_t *channel_output_begin (struct channel *channel, const char *stream, size_t *n);
void channel_output_end (struct channel *channel, const char *stream, size_t n);

/* The one terminal message; the channel is freed. `done` is consumed. retry_after (seconds) only where > 0. */
void channel_done (struct channel *channel, json_t *done);
void channel_error (struct channel *channel, enum code code, const char *text, double retry_after);

#endif
