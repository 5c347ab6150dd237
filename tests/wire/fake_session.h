/* fake_session - a session with a dispatcher that does nothing by itself: it records its events, and a test answers on
 * the channels. The clock is simulated, the client is the test. Events and messages are read as text, so that a test
 * reads like a conversation.
 */
#ifndef REMEX_TESTS_WIRE_FAKE_SESSION_H
#define REMEX_TESTS_WIRE_FAKE_SESSION_H

#include "wire/session.h"

struct fake_session {
	struct session session;
	struct decoder decoder; /* of the session's messages */
	struct buf received, events, answers;
	int64_t now;
};

/* Limits: 4 calls at once, 1000 ms for a message, a ping after 2000 ms, the end after 5000 ms. */
void fake_begin (struct fake_session *fake);
void fake_end (struct fake_session *fake);

/* The client sends a message without a body, or data; or bytes that need not be a message. */
void fake_send (struct fake_session *fake, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
void fake_data (struct fake_session *fake, unsigned id, const char *stream, const char *bytes, size_t n);
void fake_bytes (struct fake_session *fake, const void *bytes, size_t n);

/* The live channel of that id, or NULL. */
struct channel *fake_channel (struct fake_session *fake, unsigned id);

/* Output on a stream: returns how many bytes were taken, at most n. */
size_t fake_output (struct channel *channel, const char *stream, size_t n);

/* The events and answers since the last call, oldest first, each followed by ';'. Valid until the next call.
 *   events:  "call 1 run;" "input 1 abc;" "end 1;" "signal 1 15;" "cancel 1;" "room 1;" "flow 1;" "lost 1;" "flush;"
 *   answers: "hello;" "credit 1 65536;" "data 1 stdout 5;" "done 1 exited;" "error 1 busy;" "error 0 flow;" "pong 7;"
 * fake_answers takes everything out of the session. */
const char *fake_events (struct fake_session *fake);
const char *fake_answers (struct fake_session *fake);

/* Time passes, and the session is told. */
void fake_wait (struct fake_session *fake, int64_t ms);

#endif
