/* budget - how much memory clients may make the front use: messages that are being received, and answers that are not read.
 *
 * Root and the daemon's own user may use the whole budget. Every other identity may use a quarter, and all others together
 * three quarters, so that there is always something left for the next one. A sixty-fourth is reserved for each identity,
 * whatever the others use, so that a client that sends little is never held up. Room for a message is taken for the whole
 * message before it is read, so that a message that has begun can be finished. A client that finds no room waits at the
 * beginning of its message, where it uses almost no memory.
 */
#ifndef REMEX_FRONT_BUDGET_H
#define REMEX_FRONT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/access.h"

struct budget {
	size_t max, held, others; /* bytes: the budget; used by all; used by those who may not have all of it */
	void (*given) (void *arg); /* bytes were given back; may be NULL */
	void *arg;
};

enum { BUDGET_OWN = 64 };

/* At least 8 MiB, so that a quarter has room for the largest message, and a sixty-fourth for a piece of data. */
void budget_init (struct budget *budget, size_t max);

/* Is there room for n bytes more for the identity? */
bool budget_has_room (const struct budget *budget, const struct identity *identity, size_t n);

/* Admit n bytes more for the identity. False: there is no room for them now, and nothing has changed. */
bool budget_take (struct budget *budget, struct identity *identity, size_t n);

/* Count n bytes that are there already, room or not; and n bytes that are no longer. */
void budget_charge (struct budget *budget, struct identity *identity, size_t n);
void budget_give (struct budget *budget, struct identity *identity, size_t n);

/* Has the identity its share, so that it should get nothing more? */
bool budget_spent (const struct budget *budget, const struct identity *identity);

#endif
