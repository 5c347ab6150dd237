/* check_budget - how much of the memory for clients each identity may have. */
#include "config.h"

#include "front/budget.h"
#include "support/check_main.h"

enum { MAX = 8000, OWN = MAX / BUDGET_OWN };

START_TEST (an_administrator_has_all_the_memory)
{
	struct identity root = { .full = true };
	struct budget budget;

	budget_init (&budget, MAX);
	ck_assert (budget_take (&budget, &root, MAX - 1));
	ck_assert (!budget_spent (&budget, &root));
	ck_assert (!budget_take (&budget, &root, 2));
	ck_assert (budget_take (&budget, &root, 1));
	ck_assert (budget_spent (&budget, &root));
	budget_give (&budget, &root, MAX);
	ck_assert_uint_eq (budget.held, 0);
}
END_TEST

START_TEST (others_have_shares)
{
	struct identity root = { .full = true }, other[4] = { 0 };
	struct budget budget;

	budget_init (&budget, MAX);
	for (int i = 0; i < 3; i++) {
		ck_assert (!budget_take (&budget, &other[i], MAX / 4 + 1));
		ck_assert (budget_take (&budget, &other[i], MAX / 4));
		ck_assert (budget_spent (&budget, &other[i]));
		ck_assert (!budget_take (&budget, &other[i], 1));
	}
	/* All others together: three quarters. The rest belongs to root. */
	ck_assert (!budget_take (&budget, &other[3], OWN + 1));
	ck_assert (budget_take (&budget, &root, MAX / 4));
	ck_assert (!budget_take (&budget, &root, 1));
	budget_give (&budget, &other[0], OWN + 10);
	ck_assert (!budget_take (&budget, &other[3], OWN + 11));
	ck_assert (budget_take (&budget, &other[3], OWN + 10));
	ck_assert_uint_eq (budget.held, MAX);
	ck_assert_uint_eq (budget.others, MAX - MAX / 4);
}
END_TEST

/* Whatever the others have, each identity can get a little. */
START_TEST (each_identity_gets_a_little)
{
	struct identity root = { .full = true }, other[2] = { 0 };
	struct budget budget;

	budget_init (&budget, MAX);
	ck_assert (budget_take (&budget, &root, MAX));
	for (int i = 0; i < 2; i++) {
		ck_assert (!budget_spent (&budget, &other[i]));
		ck_assert (budget_take (&budget, &other[i], OWN));
		ck_assert (budget_spent (&budget, &other[i]));
		ck_assert (!budget_take (&budget, &other[i], 1));
	}
}
END_TEST

/* Existing memory is counted, with room or without; and a smaller maximum may come with a reload. */
START_TEST (existing_memory_counts)
{
	struct identity root = { .full = true }, other = { 0 };
	struct budget budget;

	budget_init (&budget, MAX);
	budget_charge (&budget, &other, 2 * MAX);
	ck_assert (!budget_take (&budget, &root, OWN + 1));
	budget_give (&budget, &other, 2 * MAX);
	ck_assert (budget_take (&budget, &root, MAX));
	budget.max = MAX / 2;
	ck_assert (budget_spent (&budget, &root));
	budget_give (&budget, &root, MAX);
	ck_assert (!budget_spent (&budget, &root));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, an_administrator_has_all_the_memory);
	tcase_add_test (tcase, others_have_shares);
	tcase_add_test (tcase, each_identity_gets_a_little);
	tcase_add_test (tcase, existing_memory_counts);
}

CHECK_MAIN ("budget", add_cases)
