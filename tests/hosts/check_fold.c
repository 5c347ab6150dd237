/* check_fold - folded lists are those of nodeset, expand to the same set again, and do not cost more than sorting. */
#include "config.h"

#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include "hosts/host_list.h"
#include "listed.h"

/* Seconds of processor time for what takes a twentieth of one; with sanitizers a few times as long. A fold that
 * compared all pairs would take minutes. */
enum { PATIENCE = 20 };

static char *fold_word (const char *word, char **expanded)
{
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };
	char *folded;

	ck_assert_msg (listed_evaluate (word, &list, &err) == 0, "%s: %s", word, err.text);
	folded = fold_names (list.names, list.n);
	ck_assert_ptr_nonnull (folded);
	if (expanded)
		*expanded = listed_join (&list);
	host_list_free (&list);
	return folded;
}

/* --- what nodeset prints ----------------------------------------------------------------------------------------- */

/* Call `row` for each row of a table beside this file: fields with tabs between them. Returns how many there were. */
static int each_row (const char *name, int n_fields, void (*row) (char **fields))
{
	const char *top = getenv ("top_srcdir");
	char path[4096], *line = NULL, *fields[4];
	size_t size = 0;
	ssize_t length;
	FILE *file;
	int n = 0;

	snprintf (path, sizeof path, "%s/tests/hosts/%s", top ? top : ".", name);
	file = fopen (path, "re");
	ck_assert_msg (file != NULL, "%s", path);
	while ((length = getline (&line, &size, file)) > 0) {
		char *rest = line;

		line[strcspn (line, "\n")] = '\0';
		if (*line == '#')
			continue;
		for (int i = 0; i < n_fields; i++) {
			fields[i] = strsep (&rest, "\t");
			ck_assert_msg (fields[i] != NULL, "%s: too few fields: %s", name, line);
		}
		ck_assert_msg (!rest, "%s: too many fields: %s", name, line);
		row (fields);
		n++;
	}
	free (line);
	fclose (file);
	return n;
}

static void check_row (char **fields)
{
	char *folded = fold_word (fields[0], NULL), *again;

	ck_assert_str_eq (folded, fields[1]);
	again = fold_word (folded, NULL);
	ck_assert_str_eq (again, folded);
	free (again);
	free (folded);
}

START_TEST (as_nodeset)
{
	ck_assert_int_ge (each_row ("nodeset.txt", 2, check_row), 120);
}
END_TEST

static void check_difference (char **fields)
{
	struct host_list list = { .n = 0 };
	struct err err;
	int result = listed_evaluate (fields[0], &list, &err);
	char *folded = fold_names (list.names, list.n);

	ck_assert_ptr_nonnull (folded);
	if (!strcmp (fields[2], "!"))
		ck_assert_msg (result < 0 || !list.n, "%s is %s", fields[0], folded);
	else
		ck_assert_str_eq (folded, fields[2]);
	free (folded);
	host_list_free (&list);
}

START_TEST (unlike_nodeset)
{
	ck_assert_int_ge (each_row ("nodeset_differences.txt", 3, check_difference), 10);
}
END_TEST

/* --- names that nodeset does not know ---------------------------------------------------------------------------- */

static const struct {
	const char *word, *folded;
} others[] = {
	{ "[::1],[::2],[fe80::1%eth0]:7400", "[::1],[::2],[fe80::1%eth0]:7400" },
	{ "[::1]:[7001-7003]", "[::1]:[7001-7003]" },
	{ "alice@[::1]:1,alice@[::1]:2", "alice@[::1]:[1-2]" },
	{ "local,unix:///run/a.sock", "local,unix:///run/a.sock" },
	{ "ssh://web1,ssh://web2:22,ssh://web3", "ssh://web[1,3],ssh://web2:22" },
	{ "ssh://[::1],ssh://[::2]", "ssh://[::1],ssh://[::2]" },
	/* Numbers that are too long for a range stay single ones. */
	{ "a[9999999999999999998,9999999999999999999]", "a[9999999999999999998,9999999999999999999]" },
	{ "a[999999999999999998-999999999999999999]", "a[999999999999999998-999999999999999999]" },
	/* More numbers than are looked at. */
	{ "a1b1c1d1e1f1g1h1i1j1k1l1m1n1o1p1q1r1s1t1u1v1w1x1y1,a1b1c1d1e1f1g1h1i1j1k1l1m1n1o1p1q1r1s1t1u1v1w1x1y2",
		"a1b1c1d1e1f1g1h1i1j1k1l1m1n1o1p1q1r1s1t1u1v1w1x1y1,"
		"a1b1c1d1e1f1g1h1i1j1k1l1m1n1o1p1q1r1s1t1u1v1w1x1y2" },
};

START_TEST (other_names)
{
	char *folded = fold_word (others[_i].word, NULL), *again = fold_word (folded, NULL);

	ck_assert_str_eq (folded, others[_i].folded);
	ck_assert_str_eq (again, folded);
	free (folded);
	free (again);
}
END_TEST

START_TEST (nothing)
{
	static const char *const twice[] = { "b", "a1", "b" };
	char *folded = fold_names (NULL, 0);

	ck_assert_str_eq (folded, "");
	free (folded);
	folded = fold_names (twice, 3);
	ck_assert_str_eq (folded, "a1,b");
	free (folded);
}
END_TEST

/* --- any list ---------------------------------------------------------------------------------------------------- */

static uint32_t state;

static unsigned draw (unsigned below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

/* A name of a few letters and up to three numbers out of few, some padded. */
static void draw_name (char *name, size_t size, unsigned most)
{
	static const char *const letters[] = { "a", "n", "-", "x-", ".", "web", "%" };
	unsigned numbers = draw (4);
	size_t used = (size_t)snprintf (name, size, "%s", letters[draw (2)]);

	for (unsigned i = 0; i < numbers; i++)
		used += (size_t)snprintf (
			name + used, size - used, "%0*u%s", (int)draw (3), draw (most), letters[draw (7)]);
}

static int compare_words (const void *a, const void *b)
{
	return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* A list as a sorted text. */
static char *sorted_text (struct host_list *list)
{
	qsort (list->names, list->n, sizeof (char *), compare_words);
	return listed_join (list);
}

/* fold (expand (x)) is the same set as x. */
START_TEST (random_sets)
{
	const char *given = getenv ("CHECK_FOLD_SEED");
	uint32_t seed = given ? (uint32_t)strtoul (given, NULL, 10) : (uint32_t)time (NULL);

	printf ("check_fold: CHECK_FOLD_SEED=%u\n", seed);
	state = seed;
	for (int round = 0; round < 300; round++) {
		struct host_list list = { .n = 0 }, again = { .n = 0 };
		unsigned n = 1 + draw (200), most = 2 + draw (30);
		char name[128], *folded, *before, *after;
		struct err err = { .text = "" };

		for (unsigned i = 0; i < n; i++) {
			draw_name (name, sizeof name, most);
			ck_assert_int_ge (host_list_add (&list, name), 0);
		}
		folded = fold_names (list.names, list.n);
		ck_assert_ptr_nonnull (folded);
		ck_assert_msg (listed_evaluate (folded, &again, &err) == 0, "%u: %s: %s", seed, folded, err.text);
		before = sorted_text (&list);
		after = sorted_text (&again);
		ck_assert_msg (
			!strcmp (before, after), "seed %u: %s became %s, which is %s", seed, before, folded, after);
		free (before);
		free (after);
		free (folded);
		host_list_free (&list);
		host_list_free (&again);
	}
}
END_TEST

/* --- many names -------------------------------------------------------------------------------------------------- */

enum { MANY = 10000 };

static double processor_time (void)
{
	struct rusage usage;

	getrusage (RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Names of several kinds that fold not at all, or badly, or only in the last pass. */
static void many_name (int kind, int i, char *name, size_t size)
{
	switch (kind) {
	case 0: snprintf (name, size, "web%05d", i); break;
	case 1: snprintf (name, size, "rack%dn%d", i / 100, i % 100); break;
	case 2: snprintf (name, size, "h%d-%d-%d", i * 7919 % 10007, i * 104729 % 10009, i); break;
	case 3: snprintf (name, size, "h%d-%d", draw (140), draw (140)); break;
	case 4: snprintf (name, size, "h%d-%d-%d", draw (22), draw (22), draw (22)); break;
	case 5: snprintf (name, size, "%x%x.lab", draw (1 << 20), i); break;
	default: snprintf (name, size, "h%d-%d", i, i + i % 2); break;
	}
}

START_TEST (many)
{
	static const char *const expected[] = { "web[00000-09999]", "rack[0-99]n[0-99]" };
	struct host_list list = { .n = 0 }, again = { .n = 0 };
	struct err err = { .text = "" };
	char name[128], *folded;
	double before;

	state = 1;
	for (int i = 0; i < MANY; i++) {
		many_name (_i, i, name, sizeof name);
		ck_assert_int_ge (host_list_add (&list, name), 0);
	}
	before = processor_time ();
	folded = fold_names (list.names, list.n);
	ck_assert_ptr_nonnull (folded);
	ck_assert_msg (processor_time () - before < PATIENCE, "it took %.1f s", processor_time () - before);
	if (_i < 2)
		ck_assert_str_eq (folded, expected[_i]);
	ck_assert_msg (listed_evaluate (folded, &again, &err) == 0, "%s", err.text);
	ck_assert_uint_eq (again.n, list.n);
	host_list_subtract (&again, &list);
	ck_assert_uint_eq (again.n, 0);
	free (folded);
	host_list_free (&list);
	host_list_free (&again);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, as_nodeset);
	tcase_add_test (tcase, unlike_nodeset);
	tcase_add_loop_test (tcase, other_names, 0, sizeof others / sizeof *others);
	tcase_add_test (tcase, nothing);
	tcase_add_test (tcase, random_sets);
	tcase_add_loop_test (tcase, many, 0, 7);
}

CHECK_MAIN ("fold", add_cases)
