/* check_turn - how long the connections of one identity are read in one pass of the loop, and in which order. */
#include "config.h"

#include "front/turn.h"
#include "support/check_main.h"

enum { MANY = 100 };

START_TEST (one_has_a_turn_in_each_pass)
{
	struct identity identity = { 0 };
	uint64_t round = 0;

	for (uint64_t pass = 1; pass < 10; pass++) {
		ck_assert (turn_take (&identity, &round, pass));
		turn_spent (&identity, TURN_NS * 2);
		ck_assert (!turn_take (&identity, &round, pass));
	}
}
END_TEST

START_TEST (many_take_turns)
{
	struct identity identity = { 0 }, other = { 0 };
	uint64_t rounds[MANY] = { 0 }, alone = 0;
	int turns[MANY] = { 0 };

	for (uint64_t pass = 1; pass <= MANY; pass++) {
		int n = 0;

		for (int i = 0; i < MANY; i++)
			if (turn_take (&identity, &rounds[i], pass)) {
				turn_spent (&identity, TURN_NS / 2);
				turns[i]++;
				n++;
			}
		ck_assert_int_eq (n, 2);
		ck_assert (turn_take (&other, &alone, pass));
		turn_spent (&other, 1);
	}
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq (turns[i], 2);
}
END_TEST

START_TEST (a_quick_connection_is_not_held_up)
{
	struct identity identity = { 0 };
	uint64_t rounds[MANY] = { 0 };

	for (uint64_t pass = 1; pass < 10; pass++)
		for (int i = 0; i < MANY; i++) {
			ck_assert (turn_take (&identity, &rounds[i], pass));
			turn_spent (&identity, TURN_NS / MANY);
		}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, one_has_a_turn_in_each_pass);
	tcase_add_test (tcase, many_take_turns);
	tcase_add_test (tcase, a_quick_connection_is_not_held_up);
}

CHECK_MAIN ("turn", add_cases)
