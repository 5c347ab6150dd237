/* budget - the bytes that clients may have the front hold: messages that are on their way in, answers that are not taken.
 *
 * What is counted is memory that others than the daemon decide on. Root and the daemon's own user may have all of it;
 * every other identity a quarter, and all others together three quarters, so that none of them leaves nothing for the
 * next. A message is admitted as a whole before it is read, so that whoever has begun can finish: who finds no room waits
 * at the beginning of its message, where it holds next to nothing.
 */
#ifndef REMEX_FRONT_BUDGET_H
#define REMEX_FRONT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/access.h"

struct budget {
	size_t max, held, others; /* in all; by all; by those who may not have all */
	void (*given) (void *arg); /* something was given back: whoever waits for room may try; NULL: nobody waits */
	void *arg;
};

/* At least 8 MiB, so that a quarter has room for the largest message. */
void budget_init (struct budget *budget, size_t max);

/* Admit n bytes more for the identity. False: there is no room for them now, and nothing has changed. */
bool budget_take (struct budget *budget, struct identity *identity, size_t n);

/* Count n bytes that are there already, room or not; and n bytes that are no longer. */
void budget_charge (struct budget *budget, struct identity *identity, size_t n);
void budget_give (struct budget *budget, struct identity *identity, size_t n);

/* Has the identity its share, so that it should get nothing more? */
bool budget_spent (const struct budget *budget, const struct identity *identity);

#endif
