/* message - the messages of remex/1, from bytes and to bytes (doc/protocol.md is the specification).
 *
 *   uint32 header length, big-endian | header: a JSON object | body: exactly header.body bytes, 0 if absent
 *
 * The code is pure: no I/O, no clock. A decoder reads from a struct buf that its caller fills. The tree of a header
 * takes up to eighty times the memory of its text, so an incomplete message is kept as bytes: only the size of its body
 * is stored, and the header is parsed again when the body is complete. After a violation the decoder cannot be used any
 * more: the peer gets the error, and the connection ends.
 */
#ifndef REMEX_WIRE_MESSAGE_H
#define REMEX_WIRE_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/header.h"
#include "wire/tty.h"

#define MESSAGE_BODY_MAX ((size_t)1024 * 1024)
#define MESSAGE_CALL_BODY_MAX ((size_t)64 * 1024) /* of a call: more input is sent as data, against credit */
#define MESSAGE_MAX (4 + HEADER_CALL_MAX + MESSAGE_BODY_MAX)
#define MESSAGE_ID_MAX (((int64_t)1 << 53) - 1)

enum message_kind {
	MESSAGE_HELLO, /* S->C {"remex":1,…}: always the first message */
	MESSAGE_CALL, /* C->S {"id","call","args",…} and up to 64 KiB of input */
	MESSAGE_DATA, /* either way: {"id","data":stream,"body":n} */
	MESSAGE_END, /* C->S {"id","end":"stdin"} */
	MESSAGE_CREDIT, /* either way: {"id","credit":n} */
	MESSAGE_SIGNAL, /* C->S {"id","signal":"INT"} */
	MESSAGE_RESIZE, /* C->S {"id","resize":[rows,cols]} */
	MESSAGE_CANCEL, /* C->S {"id","cancel":true} */
	MESSAGE_DONE, /* S->C {"id","done":{…}}: terminal */
	MESSAGE_ERROR, /* S->C {"id","error":{…}}: terminal; without an id it ends the connection */
	MESSAGE_PING, /* either way: {"ping":n} */
	MESSAGE_PONG,
	MESSAGE_BYE, /* C->S {"bye":true}: no more calls; answer the running ones, then close */
};

enum message_side { FROM_CLIENT, FROM_SERVER };

/* One message. All pointers are valid until the decoder is used again. */
struct message {
	enum message_kind kind;
	uint64_t id; /* 0: the message has none */
	const char *name; /* the call, the stream (data, end), or the signal's word */
	int64_t number; /* of credit (> 0), ping and pong */
	int rows, cols; /* of resize: 0 to TTY_SIZE_MAX */
	json_t *header;
	const char *text; /* the header as received */
	size_t text_len;
	const uint8_t *body;
	size_t body_len;
};

struct decoder {
	enum message_side from;
	json_t *header; /* of the last message that was returned */
	bool measured; /* the header of the incoming message is complete and valid, and its body has this size: */
	size_t body_len;
	size_t consumed; /* bytes of `in` that the last message took; dropped on the next call */
	struct message message;
};

void decoder_init (struct decoder *decoder, enum message_side from);
void decoder_free (struct decoder *decoder);

/* The next message in `in`: 1 and *message; 0 when more bytes are needed; -1 and err (CODE_BAD_MESSAGE, CODE_TOO_LARGE;
 * err->text is for the peer) on a violation. Bytes of `in` are consumed on the next call. */
int decoder_next (struct decoder *decoder, struct buf *in, const struct message **message, struct err *err);

/* The total size of the incoming message, as far as it is known. When only the length of the header is known: the
 * header and the largest body of a call. When the header is known: the header and its own body. 0: nothing is known
 * yet. */
size_t decoder_needs (const struct decoder *decoder, const struct buf *in);

/* Is a message partly received? */
bool decoder_pending (const struct decoder *decoder, const struct buf *in);

/* Append a message. `header` is consumed (NULL, from a json_pack that failed, is ENOMEM). 0, or -1 with errno ENOBUFS
 * or ENOMEM and nothing appended. */
int message_put (struct buf *out, json_t *header, const void *body, size_t n);

/* Append a message with a formatted header: for values that need no escaping. */
int message_printf (struct buf *out, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Output with one copy: message_data_begin reserves room in `out` for a data message of up to `max` bytes and returns
 * where the bytes go (NULL: ENOBUFS, ENOMEM); message_data_end, called next on the same buffer, takes their number (n >
 * 0) and appends the message. */
uint8_t *message_data_begin (struct buf *out, uint64_t id, const char *stream, size_t max);
void message_data_end (struct buf *out, uint64_t id, const char *stream, size_t n);

/* The most bytes that message_data adds to the n bytes, for planning the room. */
size_t message_data_overhead (uint64_t id, const char *stream);

#endif
