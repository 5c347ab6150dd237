/* queue - see queue.h. */
#include "config.h"

#include "front/queue.h"
#include "gate/share.h"

static const struct share control_share = { .most = QUEUE_CONTROL, .each = QUEUE_CONTROL / 4 };

void queue_init (struct queue *queue, int max, size_t max_bytes, bool shared)
{
	*queue = (struct queue){ .max = max, .max_bytes = max_bytes, .shared = shared };
	list_init (&queue->turns);
	list_init (&queue->control_turns);
}

static struct identity_queue *line_of (const struct waiter *waiter)
{
	return waiter->control ? &waiter->identity->control : &waiter->identity->ordinary;
}

static struct list *turns_of (struct queue *queue, const struct waiter *waiter)
{
	return waiter->control ? &queue->control_turns : &queue->turns;
}

/* The limit that keeps an ordinary call out of the queue, in words, or NULL. A single call of any size always fits:
 * otherwise it could never be made. */
static const char *ordinary_limit (const struct queue *queue, const struct waiter *waiter)
{
	const struct identity_queue *line = &waiter->identity->ordinary;

	if (queue->length >= queue->max || (queue->length && queue->bytes + waiter->bytes > queue->max_bytes))
		return "the queue is full";
	if (queue->shared && (line->length >= (queue->max + 3) / 4 ||
				     (line->length && line->bytes + waiter->bytes > (queue->max_bytes + 3) / 4)))
		return "your share of the queue is full";
	return NULL;
}

static const char *control_limit (const struct queue *queue, const struct waiter *waiter)
{
	const struct identity *identity = waiter->identity;

	switch (share_ask (&control_share, queue->control_length, identity->control.length, identity->full)) {
	case SHARE_FREE: break;
	case SHARE_EACH: return "too many of your control calls wait";
	case SHARE_FULL: return "too many control calls wait";
	}
	return NULL;
}

int queue_join (struct queue *queue, struct waiter *waiter, const char **limit)
{
	struct identity_queue *line = line_of (waiter);

	if ((*limit = waiter->control ? control_limit (queue, waiter) : ordinary_limit (queue, waiter)))
		return -1;
	if (list_empty (&line->waiting))
		list_append (turns_of (queue, waiter), &line->turn);
	list_append (&line->waiting, &waiter->node);
	line->length++;
	line->bytes += waiter->bytes;
	if (waiter->control) {
		queue->control_length++;
	} else {
		queue->length++;
		queue->bytes += waiter->bytes;
	}
	return 0;
}

void queue_leave (struct queue *queue, struct waiter *waiter)
{
	struct identity_queue *line = line_of (waiter);

	if (!list_linked (&waiter->node))
		return; /* the waiter did not join */
	list_remove (&waiter->node);
	line->length--;
	line->bytes -= waiter->bytes;
	if (list_empty (&line->waiting))
		list_remove (&line->turn);
	if (waiter->control) {
		queue->control_length--;
	} else {
		queue->length--;
		queue->bytes -= waiter->bytes;
	}
}

/* The first waiter of the identity that has this turn. */
static struct waiter *first_of (const struct list *turn)
{
	return list_entry (list_entry (turn, struct identity_queue, turn)->waiting.next, struct waiter, node);
}

struct waiter *queue_next (const struct queue *queue, const struct waiter *after)
{
	const struct list *turn = after ? line_of (after)->turn.next : queue->control_turns.next;

	if (turn == &queue->control_turns)
		turn = queue->turns.next;
	return turn == &queue->turns ? NULL : first_of (turn);
}

void queue_served (struct queue *queue, const struct waiter *waiter)
{
	struct identity_queue *line = line_of (waiter);

	if (list_empty (&line->waiting))
		return;
	list_remove (&line->turn);
	list_append (turns_of (queue, waiter), &line->turn);
}

int64_t queue_oldest (const struct queue *queue, int64_t now_ms)
{
	int64_t oldest = now_ms;

	for (const struct waiter *waiter = queue_next (queue, NULL); waiter; waiter = queue_next (queue, waiter))
		if (waiter->since_ms < oldest)
			oldest = waiter->since_ms;
	return now_ms - oldest;
}
