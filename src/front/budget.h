/* budget - how much memory of the front clients may use: for messages that are being received, and for unread answers.
 *
 * Root and the daemon's own user may use the whole budget. Every other identity may use a quarter, and all others
 * together three quarters, so that some memory is always left for the next identity. A sixty-fourth is reserved for
 * each identity, whatever the others use, so that a client that sends little never waits. Room is taken for a whole
 * message before the message is read, so that a message that has begun can be finished. A client without room waits at
 * the beginning of its message, where it uses almost no memory.
 */
#ifndef REMEX_FRONT_BUDGET_H
#define REMEX_FRONT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/access.h"

struct budget {
	size_t max, held, others; /* bytes: the budget; used by all; used by identities that may not use all of it */
	size_t peak; /* the most that was used since `given` set it */
	void (*given) (void *arg); /* bytes were given back; may be NULL */
	void *arg;
};

enum { BUDGET_OWN = 64 };

/* The budget is at least 8 MiB: a quarter has room for the largest message, a sixty-fourth for a piece of data. */
void budget_init (struct budget *budget, size_t max);

/* Is there room for n bytes more for the identity? */
bool budget_has_room (const struct budget *budget, const struct identity *identity, size_t n);

/* Count n bytes more for the identity. False: there is no room for them now, and nothing has changed. */
bool budget_take (struct budget *budget, struct identity *identity, size_t n);

/* Count n bytes that are in memory already, with or without room for them; and n bytes that have been freed. */
void budget_charge (struct budget *budget, struct identity *identity, size_t n);
void budget_give (struct budget *budget, struct identity *identity, size_t n);

/* Has the identity used its share, so that it should get no more memory? */
bool budget_spent (const struct budget *budget, const struct identity *identity);

#endif
