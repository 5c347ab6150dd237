/* list - an intrusive doubly linked ring. The head is a struct list of its own; an element embeds one.
 *
 * Nothing is allocated or owned here. An element is in at most one list per embedded node; list_remove makes the
 * element point to itself: removing it twice is harmless, and list_linked is then false.
 */
#ifndef REMEX_BASE_LIST_H
#define REMEX_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
	struct list *next, *prev;
};

/* The structure of type `type` whose member `member` is at `node`. */
#define list_entry(node, type, member) ((type *)((uintptr_t)(node)-offsetof (type, member)))

#define list_each(item, head, member) \
	for (item = list_entry ((head)->next, __typeof__ (*item), member); &item->member != (head); \
		item = list_entry (item->member.next, __typeof__ (*item), member))

/* As list_each; the body may remove and free `item`, but not the next item. */
#define list_each_safe(item, after, head, member) \
	for (item = list_entry ((head)->next, __typeof__ (*item), member), \
	    after = list_entry (item->member.next, __typeof__ (*item), member); \
		&item->member != (head); \
		item = after, after = list_entry (item->member.next, __typeof__ (*item), member))

static inline void list_init (struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty (const struct list *head)
{
	return head->next == head;
}

static inline bool list_linked (const struct list *node)
{
	return node->next != node;
}

static inline void list_append (struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_prepend (struct list *head, struct list *node)
{
	list_append (head->next, node);
}

static inline void list_remove (struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init (node);
}

#endif
