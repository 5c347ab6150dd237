/* queue - see queue.h. */
#include "config.h"

#include "front/queue.h"

void queue_init (struct queue *queue, int max, size_t max_bytes, bool shared)
{
	*queue = (struct queue){ .max = max, .max_bytes = max_bytes, .shared = shared };
	list_init (&queue->turns);
	list_init (&queue->control);
}

int queue_join (struct queue *queue, struct waiter *waiter, const char **limit)
{
	struct identity *identity = waiter->identity;

	if (waiter->control) {
		if (queue->control_length >= QUEUE_CONTROL) {
			*limit = "too many control calls wait";
			return -1;
		}
		list_append (&queue->control, &waiter->node);
		queue->control_length++;
		return 0;
	}
	*limit = NULL;
	/* One call always fits, however large: or it could never be made. */
	if (queue->length >= queue->max || (queue->length && queue->bytes + waiter->bytes > queue->max_bytes))
		*limit = "the queue is full";
	else if (queue->shared &&
		 (identity->queued >= (queue->max + 3) / 4 ||
			 (identity->queued && identity->queued_bytes + waiter->bytes > (queue->max_bytes + 3) / 4)))
		*limit = "your share of the queue is full";
	if (*limit)
		return -1;
	if (list_empty (&identity->waiting))
		list_append (&queue->turns, &identity->turn);
	list_append (&identity->waiting, &waiter->node);
	identity->queued++;
	identity->queued_bytes += waiter->bytes;
	queue->length++;
	queue->bytes += waiter->bytes;
	return 0;
}

void queue_leave (struct queue *queue, struct waiter *waiter)
{
	struct identity *identity = waiter->identity;

	if (!list_linked (&waiter->node))
		return; /* it was not let in */
	list_remove (&waiter->node);
	if (waiter->control) {
		queue->control_length--;
		return;
	}
	identity->queued--;
	identity->queued_bytes -= waiter->bytes;
	queue->length--;
	queue->bytes -= waiter->bytes;
	if (list_empty (&identity->waiting))
		list_remove (&identity->turn);
}

static struct waiter *first_of (const struct list *turn)
{
	struct identity *identity = list_entry (turn, struct identity, turn);

	return list_entry (identity->waiting.next, struct waiter, node);
}

struct waiter *queue_next (const struct queue *queue, const struct waiter *after)
{
	const struct list *turn;

	if (!after && !list_empty (&queue->control))
		return list_entry (queue->control.next, struct waiter, node);
	if (after && after->control && after->node.next != &queue->control)
		return list_entry (after->node.next, struct waiter, node);
	turn = after && !after->control ? after->identity->turn.next : queue->turns.next;
	return turn == &queue->turns ? NULL : first_of (turn);
}

void queue_served (struct queue *queue, struct identity *identity)
{
	if (list_empty (&identity->waiting))
		return;
	list_remove (&identity->turn);
	list_append (&queue->turns, &identity->turn);
}

int64_t queue_oldest (const struct queue *queue, int64_t now_ms)
{
	int64_t oldest = now_ms;

	if (!list_empty (&queue->control))
		oldest = list_entry (queue->control.next, struct waiter, node)->since_ms;
	for (const struct list *turn = queue->turns.next; turn != &queue->turns; turn = turn->next)
		if (first_of (turn)->since_ms < oldest)
			oldest = first_of (turn)->since_ms;
	return now_ms - oldest;
}
