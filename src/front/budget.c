/* budget - see budget.h. */
#include "config.h"

#include <assert.h>

#include "front/budget.h"

void budget_init (struct budget *budget, size_t max)
{
	*budget = (struct budget){ .max = max };
}

bool budget_has_room (const struct budget *budget, const struct identity *identity, size_t n)
{
	size_t quarter = budget->max / 4;

	if (identity->held + n <= budget->max / BUDGET_OWN)
		return true;
	if (budget->held + n > budget->max)
		return false;
	return identity->full || (identity->held + n <= quarter && budget->others + n <= budget->max - quarter);
}

void budget_charge (struct budget *budget, struct identity *identity, size_t n)
{
	identity->held += n;
	budget->held += n;
	if (budget->held > budget->peak)
		budget->peak = budget->held;
	if (!identity->full)
		budget->others += n;
}

bool budget_take (struct budget *budget, struct identity *identity, size_t n)
{
	if (!budget_has_room (budget, identity, n))
		return false;
	budget_charge (budget, identity, n);
	return true;
}

void budget_give (struct budget *budget, struct identity *identity, size_t n)
{
	assert (n <= identity->held && n <= budget->held);
	identity->held -= n;
	budget->held -= n;
	if (!identity->full)
		budget->others -= n;
	if (n && budget->given)
		budget->given (budget->arg);
}

bool budget_spent (const struct budget *budget, const struct identity *identity)
{
	return !budget_has_room (budget, identity, 1);
}
