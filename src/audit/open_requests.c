/* open_requests - see open_requests.h. Most requests are short, so the youngest ones are searched first. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "audit/open_requests.h"

/* The index of that request, or open->n. */
static size_t find (const struct open_requests *open, uint64_t number)
{
	for (size_t i = open->n; i > 0; i--)
		if (open->items[i - 1].number == number)
			return i - 1;
	return open->n;
}

int open_requests_add (struct open_requests *open, uint64_t number, int64_t now_ms)
{
	size_t size = open->size ? open->size * 2 : 64;
	struct open_request *items;

	if (find (open, number) < open->n)
		return 0;
	if (open->n == OPEN_REQUESTS_MAX) {
		errno = ENOSPC;
		return -1;
	}
	if (open->n == open->size) {
		if (!(items = realloc (open->items, size * sizeof *items)))
			return -1;
		open->items = items;
		open->size = size;
	}
	open->items[open->n++] = (struct open_request){ .number = number, .since_ms = now_ms };
	return 0;
}

void open_requests_remove (struct open_requests *open, uint64_t number)
{
	size_t i = find (open, number);

	if (i == open->n)
		return;
	open->n--;
	for (; i < open->n; i++)
		open->items[i] = open->items[i + 1];
}

void open_requests_clear (struct open_requests *open)
{
	free (open->items);
	*open = (struct open_requests){ .n = 0 };
}
