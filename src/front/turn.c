/* turn - see turn.h. */
#include "config.h"

#include "front/turn.h"

bool turn_take (struct identity *identity, uint64_t *round, uint64_t pass)
{
	if (identity->turn.pass != pass) {
		if (!identity->turn.left)
			identity->turn.round++;
		identity->turn.pass = pass;
		identity->turn.left = false;
		identity->turn.spent_ns = 0;
	}
	if (*round == identity->turn.round)
		return false;
	if (identity->turn.spent_ns >= TURN_NS) {
		identity->turn.left = true;
		return false;
	}
	*round = identity->turn.round;
	return true;
}

void turn_spent (struct identity *identity, int64_t ns)
{
	identity->turn.spent_ns += ns;
}
