/* reply - see reply.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/front_state.h"
#include "front/reply.h"
#include "front/request.h"
#include "wire/done.h"

/* The most answers of one identity that may wait for their clients: each answer is kept in memory. */
enum { ANSWERS_EACH = 16 };

/* An answer that is too large for the client to take at once. */
struct waiting_reply {
	struct list node; /* of the front's answers */
	struct front *front;
	struct identity *identity;
	struct channel *channel;
	char *text;
	size_t whole, sent;
};

void reply_complete (struct front *front, struct channel *channel)
{
	front->counts.outcomes[OUTCOME_COMPLETED]++;
	channel_done (channel, done_json (&(struct done){ .outcome = OUTCOME_COMPLETED }));
}

void reply_refuse (struct front *front, struct channel *channel, enum code code, const char *text)
{
	front->counts.errors[code]++;
	channel_error (channel, code, text, code == CODE_BUSY ? RETRY_AFTER : 0);
}

static void reply_free (struct waiting_reply *reply)
{
	list_remove (&reply->node);
	reply->identity->answers--;
	budget_give (&reply->front->budget, reply->identity, reply->whole);
	free (reply->text);
	free (reply);
}

/* Send as much of the reply as the client takes. The rest follows when the client takes more. */
static void send_reply (struct waiting_reply *reply)
{
	while (reply->sent < reply->whole) {
		size_t n = reply->whole - reply->sent;
		uint8_t *space = channel_output_begin (reply->channel, "result", &n);

		if (!space)
			return;
		memcpy (space, reply->text + reply->sent, n);
		channel_output_end (reply->channel, "result", n);
		reply->sent += n;
	}
	reply_complete (reply->front, reply->channel);
	reply_free (reply);
}

static void on_reply_room (struct channel *channel)
{
	send_reply (channel->owner);
}

static void on_reply_cancel (struct channel *channel)
{
	struct waiting_reply *reply = channel->owner;

	reply->front->counts.outcomes[OUTCOME_CANCELLED]++;
	reply_free (reply);
	channel_done (channel, done_json (&(struct done){ .outcome = OUTCOME_CANCELLED }));
}

static void on_reply_lost (struct channel *channel)
{
	reply_free (channel->owner);
}

static const struct channel_ops reply_ops = {
	.room = on_reply_room,
	.cancel = on_reply_cancel,
	.lost = on_reply_lost,
};

/* Answer with a document (consumed) as the result. */
void reply_document (struct front *front, struct identity *identity, struct channel *channel, json_t *document)
{
	struct waiting_reply *reply;
	char *text;

	if (!identity->full && identity->answers >= ANSWERS_EACH) {
		json_decref (document);
		reply_refuse (front, channel, CODE_BUSY, "too many answers wait to be read");
		return;
	}
	reply = calloc (1, sizeof *reply);
	text = document ? json_dumps (document, JSON_COMPACT) : NULL;
	json_decref (document);
	if (!reply || !text) {
		free (reply);
		free (text);
		reply_refuse (front, channel, CODE_BUSY, "out of memory");
		return;
	}
	reply->whole = strlen (text);
	if (!budget_take (&front->budget, identity, reply->whole)) {
		free (reply);
		free (text);
		reply_refuse (front, channel, CODE_BUSY, "too many answers wait to be read");
		return;
	}
	reply->front = front;
	reply->identity = identity;
	reply->channel = channel;
	reply->text = text;
	channel_own (channel, &reply_ops, reply);
	list_append (&front->replies, &reply->node);
	identity->answers++;
	send_reply (reply);
}

void reply_stop (struct front *front)
{
	struct waiting_reply *reply, *after;

	list_each_safe (reply, after, &front->replies, node) {
		struct session *session = reply->channel->session;

		reply_refuse (front, reply->channel, CODE_SHUTTING_DOWN, "remexd is shutting down");
		reply_free (reply);
		session_flush (session);
	}
}
