/* check_host_name - the parts of a name, which names are equal, and which are none; and the sets of them. */
#include "config.h"

#include "hosts/host_list.h"
#include "hosts/host_name.h"
#include "listed.h"

#define ROWS(table) (int)(sizeof (table) / sizeof *(table))

static const struct {
	const char *name, *user, *host, *port;
} parts[] = {
	{ "web1", "", "web1", "" },
	{ "web1:7400", "", "web1", "7400" },
	{ "alice@web1:7400", "alice", "web1", "7400" },
	{ "alice@example.com@web1", "alice@example.com", "web1", "" },
	{ "[::1]", "", "[::1]", "" },
	{ "[fe80::1%eth0]:1", "", "[fe80::1%eth0]", "1" },
	{ "alice@[::1]:1", "alice", "[::1]", "1" },
	{ "unix:///run/a@b:1", "", "unix:///run/a@b:1", "" },
	{ "alice@unix:///run/x", "alice", "unix:///run/x", "" },
	{ "alice@local", "alice", "local", "" },
	{ "ssh://web1", "", "ssh://web1", "" },
	{ "ssh://alice@web1:2222", "", "ssh://alice@web1", "2222" },
	{ "bob@ssh://alice@[::1]:22", "bob", "ssh://alice@[::1]", "22" },
	{ "ssh://alice@gw:2222/web1:7400", "", "ssh://alice@gw:2222/web1", "7400" },
	{ "ssh://gw/[::1]", "", "ssh://gw/[::1]", "" },
};

START_TEST (taken_apart)
{
	struct host_name name = host_name_split (parts[_i].name);
	char text[128];

	ck_assert_int_eq (host_name_check (parts[_i].name, NULL), 0);
	snprintf (text, sizeof text, "%.*s", (int)name.user_n, name.user ? name.user : "");
	ck_assert_str_eq (text, parts[_i].user);
	snprintf (text, sizeof text, "%.*s", (int)name.host_n, name.host);
	ck_assert_str_eq (text, parts[_i].host);
	ck_assert_str_eq (name.port ? name.port : "", parts[_i].port);
	ck_assert_int_eq (name.path, strstr (parts[_i].name, "unix:") != NULL);
}
END_TEST

static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
	{ "web1", "web1", true },
	{ "web1", "WEB1", true },
	{ "web1", "web01", false },
	{ "web1", "web1:7363", true },
	{ "web1", "web1:7364", false },
	{ "web1:7364", "web1:07364", true },
	{ "web1.lab", "web1.lab.", true },
	{ "web1", "web1.", false }, /* the first may be completed by the resolver */
	{ "web1", "alice@web1", false },
	{ "alice@web1", "Alice@web1", false },
	{ "alice@web1", "alice@WEB1", true },
	{ "[::1]", "[0:0:0:0:0:0:0:1]", true },
	{ "[::A]:7363", "[::a]", true },
	{ "[fe80::1%eth0]", "[FE80::1%eth0]", true },
	{ "[fe80::1%eth0]", "[fe80::1%Eth0]", false },
	{ "[fe80::1%eth0]", "[fe80::1]", false },
	{ "unix:///a", "unix:///A", false },
	{ "local", "Local", true },
	{ "ssh://Web1", "ssh://web1", true },
	{ "ssh://web1", "ssh://web1:7363", false },
	{ "ssh://web1", "ssh://web1:22", false }, /* ~/.ssh/config may name another port */
	{ "ssh://alice@web1", "ssh://Alice@web1", false },
	{ "ssh://web1", "web1", false },
	{ "ssh://gw/WEB1", "ssh://gw/web1:7363", true },
	{ "ssh://[::1]", "ssh://[0::1]", true },
};

START_TEST (compared)
{
	ck_assert_int_eq (host_name_equal (pairs[_i].a, pairs[_i].b), pairs[_i].equal);
	ck_assert_int_eq (host_name_equal (pairs[_i].b, pairs[_i].a), pairs[_i].equal);
	if (pairs[_i].equal)
		ck_assert_uint_eq (host_name_hash (pairs[_i].a), host_name_hash (pairs[_i].b));
}
END_TEST

/* Any bytes, up to the longest name, have a normal form that fits. */
START_TEST (long_names)
{
	static const char *const starts[] = { "", "[", "u@[", "u@[::1]:", "a:", "a@", "unix://", "[::1]:9999999" };
	char name[HOST_NAME_BYTES + 1], normal[HOST_NAME_BYTES + 1];

	for (size_t n = 1; n <= HOST_NAME_BYTES; n++) {
		size_t start = strlen (starts[_i]) < n ? strlen (starts[_i]) : n;

		memset (name, '7', n);
		name[n] = '\0';
		memcpy (name, starts[_i], start);
		host_name_normal (name, normal);
		ck_assert_uint_le (strlen (normal), HOST_NAME_BYTES);
		ck_assert (host_name_equal (name, name));
	}
}
END_TEST

/* --- sets -------------------------------------------------------------------------------------------------------- */

static struct host_list list_of (const char *words)
{
	struct host_list list = { .n = 0 };
	struct err err;

	ck_assert_msg (listed_evaluate (words, &list, &err) == 0, "%s", err.text);
	return list;
}

static void expect (struct host_list *list, const char *words)
{
	char *text = listed_join (list);

	ck_assert_str_eq (text, words);
	free (text);
	host_list_free (list);
}

static bool is_odd (const char *name, void *context)
{
	(void)context;
	return (name[strlen (name) - 1] - '0') % 2 == 1;
}

START_TEST (sets)
{
	struct host_list other = list_of ("a[3-5],A1"), list = list_of ("a[1-4]");

	ck_assert_int_eq (host_list_unite (&list, &other), 0);
	expect (&list, "a1 a2 a3 a4 a5");
	list = list_of ("a[1-4]");
	host_list_subtract (&list, &other);
	ck_assert_int_eq (host_list_add (&list, "a3"), 1);
	ck_assert_int_eq (host_list_add (&list, "A3"), 0);
	expect (&list, "a2 a3");
	list = list_of ("a[1-4]");
	host_list_intersect (&list, &other);
	ck_assert_uint_eq (host_list_find (&list, "a4"), 2);
	ck_assert_uint_eq (host_list_find (&list, "a2"), 3);
	expect (&list, "a1 a3 a4");
	list = list_of ("a[1-4]");
	ck_assert_int_eq (host_list_xor (&list, &other), 0);
	expect (&list, "a2 a5");
	list = list_of ("a[1-5]");
	host_list_filter (&list, is_odd, NULL);
	expect (&list, "a1 a3 a5");
	list = (struct host_list){ .n = 0 };
	host_list_subtract (&list, &other);
	host_list_intersect (&list, &other);
	ck_assert_uint_eq (host_list_find (&list, "a"), 0);
	host_list_free (&list);
	host_list_free (&other);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, taken_apart, 0, ROWS (parts));
	tcase_add_loop_test (tcase, compared, 0, ROWS (pairs));
	tcase_add_loop_test (tcase, long_names, 0, 8);
	tcase_add_test (tcase, sets);
}

CHECK_MAIN ("host_name", add_cases)
