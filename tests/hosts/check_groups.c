/* check_groups - in which source a group is found, what @* is, which source is asked for what and how often, and the
 * settings of hosts. */
#include "config.h"

#include "hosts/groups.h"
#include "hosts/settings.h"
#include "listed.h"

static const struct group_place nowhere = { .file = NULL };

static void add (struct group_source *source, const char *name, const char *text)
{
	struct err err = { .text = "" };

	ck_assert_msg (group_source_add (source, name, &text, 1, &nowhere, &err) == 0, "%s", err.text);
}

static int find_group (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	return groups_find (context, source, name, found, err);
}

static void expect (struct groups *groups, const char *word, const char *hosts)
{
	static const struct expression_ops ops = { find_group, listed_no_file };
	const struct expression expression = { .words = &word, .n_words = 1 };
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };
	char *text;

	if (expression_evaluate (&expression, &ops, groups, &list, &err) < 0) {
		ck_assert_msg (strstr (err.text, hosts) != NULL, "%s: %s", word, err.text);
		return;
	}
	text = listed_join (&list);
	ck_assert_str_eq (text, hosts);
	free (text);
	host_list_free (&list);
}

START_TEST (searched)
{
	struct groups *groups = groups_new ();
	struct group_source *defined = groups_source (groups, "defined", GROUPS_SEARCHED_NOT_ALL, NULL);
	struct group_source *first = groups_source (groups, "first", GROUPS_SEARCHED, "f1");
	struct group_source *named = groups_source (groups, "named", GROUPS_NAMED, NULL);
	struct group_source *second = groups_source (groups, "second", GROUPS_SEARCHED, NULL);
	struct err err;

	ck_assert_ptr_eq (groups_source (groups, "first", GROUPS_NAMED, NULL), first);
	add (second, "a", "s1");
	add (second, "b", "s2");
	add (named, "a", "n1");
	add (named, "c", "n2");
	expect (groups, "@a", "s1");
	expect (groups, "@*", "s1 s2");
	add (first, "a", "wrong");
	add (first, "a", "f1"); /* the last one of a name counts */
	expect (groups, "@a,@b", "f1 s2");
	expect (groups, "@second:a,@named:a", "s1 n1");
	expect (groups, "@c", "there is no group 'c'");
	expect (groups, "@bb", "there is no group 'bb'; did you mean 'b'?");
	expect (groups, "@named:b", "there is no group 'b' in the source 'named'");
	expect (groups, "@secnod:b", "no source of groups is called 'secnod'; did you mean 'second'?");
	expect (groups, "@*", "f1");
	add (defined, "a", "d1");
	add (defined, "last.ok", "d2");
	expect (groups, "@a,@last.ok", "d1 d2");
	ck_assert_int_eq (group_source_add_hosts (first, "h[1-2]", &err), 0);
	add (first, "z", "@a");
	groups_free (groups);
}
END_TEST

START_TEST (everything)
{
	struct groups *groups = groups_new ();
	struct group_source *source = groups_source (groups, "one", GROUPS_SEARCHED, NULL);
	struct err err;

	expect (groups, "@*", "there is no group that names hosts");
	ck_assert_int_eq (group_source_add_hosts (source, "h[1-2]", &err), 0);
	add (source, "a", "a1,h1");
	expect (groups, "@*", "a1 h1 h2");
	expect (groups, "h*", "h1 h2");
	groups_free (groups);
	groups = groups_new ();
	source = groups_source (groups, "one", GROUPS_SEARCHED, NULL);
	add (source, "a", "a1");
	add (source, "all", "b1");
	expect (groups, "@*,@one:*", "b1");
	groups_free (groups);
}
END_TEST

START_TEST (names)
{
	static const char *const bad[] = { "", "a,b", "a b", "@a", "a!", "a&b", "a^", "a*", "a?", "a[1]", "a:b", "a\n",
		"\x1b", "\xFF" };
	static const char *const good[] = { "a", "a-b", "a.b", "a/b", "a+b", "\xC3\xA4", "1" };
	struct err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg (group_name_check (bad[i], &err) < 0, "%s", bad[i]);
		ck_assert (strstr (err.text, "cannot be the name of a group") && !strpbrk (err.text, "\n\x1b"));
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_int_eq (group_name_check (good[i], &err), 0);
}
END_TEST

/* --- a source that is asked --------------------------------------------------------------------------------------- */

struct asked {
	int find, list, all, freed;
};

static char *answer_find (void *context, const char *name, struct err *err)
{
	struct asked *asked = context;

	asked->find++;
	if (!strcmp (name, "broken")) {
		err_set (err, 0, "it is broken");
		return NULL;
	}
	return strdup (!strcmp (name, "g1") ? " a1 a2\n a3\n" : !strcmp (name, "g2") ? "b1,@g1" : "\n");
}

static char *answer_list (void *context, struct err *err)
{
	(void)err;
	((struct asked *)context)->list++;
	return strdup ("g1\ng2 none\n");
}

static char *answer_all (void *context, struct err *err)
{
	(void)err;
	((struct asked *)context)->all++;
	return strdup ("all1 all2\n");
}

static void count_free (void *context)
{
	((struct asked *)context)->freed++;
}

START_TEST (asked_once)
{
	static const struct group_source_ops all = { answer_find, answer_list, answer_all, count_free };
	static const struct group_source_ops no_all = { answer_find, answer_list, NULL, count_free };
	struct asked asked = { 0 };
	struct groups *groups = groups_new ();
	struct group_source *source = groups_source (groups, "s", GROUPS_SEARCHED, NULL);

	group_source_ask (source, &all, &asked);
	expect (groups, "@g1", "a1 a2 a3");
	expect (groups, "@g2,@s:g1,@g2", "b1 a1 a2 a3");
	ck_assert_int_eq (asked.find, 2);
	expect (groups, "@none", "there is no group 'none'");
	expect (groups, "@broken", "it is broken");
	expect (groups, "@*,@s:*", "all1 all2");
	ck_assert_int_eq (asked.all, 1);
	ck_assert_int_eq (asked.list, 0);
	groups_free (groups);
	ck_assert_int_eq (asked.freed, 1);
	groups = groups_new ();
	group_source_ask (groups_source (groups, "s", GROUPS_SEARCHED, NULL), &no_all, &asked);
	expect (groups, "@*", "a1 a2 a3 b1");
	expect (groups, "@s:*", "a1 a2 a3 b1");
	ck_assert_int_eq (asked.list, 1);
	groups_free (groups);
}
END_TEST

/* --- settings ----------------------------------------------------------------------------------------------------- */

static int set (struct settings_table *settings, const char *hosts, const char *address, int port, const char *user)
{
	const struct settings_entry entry = { .address = address, .user = user, .port = port };
	struct host_list list = { .n = 0 };
	struct err err;
	int result;

	if (strpbrk (hosts, "*?"))
		return settings_add_pattern (settings, hosts, &entry, &err);
	ck_assert_int_eq (listed_evaluate (hosts, &list, &err), 0);
	result = settings_add (settings, &list, &entry, &err);
	host_list_free (&list);
	return result;
}

static void expect_settings (struct settings_table *settings, const char *host, const char *expected)
{
	struct host_settings found = settings_find (settings, host);
	char text[256];

	snprintf (text, sizeof text, "%s %d %s", found.address ? found.address : "-", found.port,
		found.user ? found.user : "-");
	ck_assert_str_eq (text, expected);
}

START_TEST (settings)
{
	struct settings_table *table = settings_new ();

	ck_assert_int_eq (set (table, "*", NULL, 0, "any"), 0);
	ck_assert_int_eq (set (table, "w[1-3]", "10.0.0.[1-3]", 7400, NULL), 0);
	ck_assert_int_eq (set (table, "W2", NULL, 7500, "two"), 0);
	ck_assert_int_eq (set (table, "w?", NULL, 0, "late"), 0);
	ck_assert_int_eq (set (table, "x[1-2]", "gate", 0, NULL), 0);
	ck_assert_int_eq (set (table, "v6", "fe80::1%eth0", 0, NULL), 0);
	expect_settings (table, "w1", "10.0.0.1 7400 late");
	expect_settings (table, "w2", "10.0.0.2 7500 late");
	expect_settings (table, "W3", "10.0.0.3 7400 late");
	expect_settings (table, "x2", "gate 0 any");
	expect_settings (table, "v6", "[fe80::1%eth0] 0 any");
	expect_settings (table, "other", "- 0 any");
	ck_assert_int_eq (set (table, "w[1-3]", "10.0.0.[1-2]", 0, NULL), -1);
	ck_assert_int_eq (set (table, "w1", "10.0.0.[1-2]", 0, NULL), -1);
	ck_assert_int_eq (set (table, "w*", "10.0.0.[1-2]", 0, NULL), -1);
	ck_assert_int_eq (set (table, "w1", "a:1", 0, NULL), -1);
	ck_assert_int_eq (set (table, "w1", "u@a", 0, NULL), -1);
	ck_assert_int_eq (set (table, "w1", "@a", 0, NULL), -1);
	ck_assert_int_eq (set (table, "w1", "^a", 0, NULL), -1);
	expect_settings (table, "w1", "10.0.0.1 7400 late");
	settings_free (table);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, searched);
	tcase_add_test (tcase, everything);
	tcase_add_test (tcase, names);
	tcase_add_test (tcase, asked_once);
	tcase_add_test (tcase, settings);
}

CHECK_MAIN ("groups", add_cases)
