/* answer - what a message from the server means (doc/protocol.md). */
#ifndef REMEX_CLIENT_ANSWER_H
#define REMEX_CLIENT_ANSWER_H

#include "base/err.h"
#include "remex/client.h"
#include "wire/message.h"

enum answer {
	ANSWER_WRONG = -1, /* the message breaks the protocol: err */
	ANSWER_NONE, /* the message makes no event; a request may be over */
	ANSWER_EVENT,
	ANSWER_REFUSED, /* the server ends the connection: host->end says why */
};

/* Act on a message of the server. */
enum answer answer_message (
	struct remex_host *host, const struct message *message, struct remex_event *event, struct err *err);

#endif
