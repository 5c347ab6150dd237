/* reply - how the front answers a call itself: with a document, which it keeps until the client has taken it, with an error, or
 * with nothing but the end.
 */
#ifndef REMEX_FRONT_REPLY_H
#define REMEX_FRONT_REPLY_H

#include <jansson.h>

#include "wire/session.h"

struct front;
struct identity;

/* Answer with a document (consumed; NULL: out of memory) as the stream `result`. The channel is the reply's from now on. */
void reply_document (struct front *front, struct identity *identity, struct channel *channel, json_t *document);

/* Answer with `completed`, and with an error. The channel is gone after it. */
void reply_complete (struct front *front, struct channel *channel);
void reply_refuse (struct front *front, struct channel *channel, enum code code, const char *text);

/* The time of the drain is over: replies that clients have not read yet end with an error. */
void reply_stop (struct front *front);

#endif
