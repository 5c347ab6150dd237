/* check_expression - what expressions stand for, in which order, and that each mistake in one is a clear error at its
 * column, also in groups, files and stdin. */
#include "config.h"

#include "hosts/host_list.h"
#include "listed.h"

#define ROWS(table) (int)(sizeof (table) / sizeof *(table))

/* --- the groups and files of these tests -------------------------------------------------------------------------- */

static const struct {
	const char *name, *text;
} groups[] = {
	{ "web", "web[1-3]" },
	{ "db", "db1 db2" },
	{ "both", "@web,@db" },
	{ "part", "@web!web2" },
	{ "empty", "" },
	{ "rack1", "r1n[1-2]" },
	{ "rack2", "r2n[1-2]" },
	{ "s:web", "s[1-2]" },
	{ "dropped", "a[1-5],-a2,-@few" },
	{ "few", "a[4-5]" },
	{ "loop", "@loop" },
	{ "loop1", "x,@loop2" },
	{ "loop2", "@loop3" },
	{ "loop3", "@loop1" },
	{ "fault", "web[3-1]" },
	{ "filed", "^hosts" },
	{ "*", "@both,lone" },
	/* Each names the next one twice: that many names, where a group was evaluated each time. */
	{ "d0", "@d1,@d1" },
	{ "d1", "@d2,@d2" },
	{ "d2", "@d3,@d3" },
	{ "d3", "@d4,@d4" },
	{ "d4", "@d5,@d5" },
	{ "d5", "@d6,@d6" },
	{ "d6", "@d7,@d7" },
	{ "d7", "@d8,@d8" },
	{ "d8", "m[1-900]" },
};

static void *kept[ROWS (groups)];

static int find_group (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	char whole[64];

	(void)context;
	snprintf (whole, sizeof whole, "%s%s%s", source ? source : "", source ? ":" : "", name);
	for (int i = 0; i < ROWS (groups); i++)
		if (!strcmp (groups[i].name, whole)) {
			*found = (struct group_definition){ .texts = &groups[i].text,
				.n_texts = 1,
				.name = groups[i].name,
				.file = "groups",
				.line = (unsigned)i + 1,
				.directory = "dir",
				.kept = &kept[i] };
			return 0;
		}
	return err_set (err, 0, "there is no group '%s'", whole);
}

static const struct {
	const char *path, *bytes;
} files[] = {
	{ "hosts", "# all\nf1\n  f[2-3] f4 # more\n\n#f5\r\nf6\r\n" },
	{ "dir/hosts", "g1" },
	{ "etc/top", "t1\n#include sub/inner\n#includes nothing\nt2" },
	{ "etc/sub/inner", "i1\n#include /abs\n" },
	{ "/abs", "b1" },
	{ "loop", "a\n#include loop" },
	{ "loop-a", "a1,^loop-b" },
	{ "loop-b", "b1\n^loop-a" },
	{ "fault", "a1\na2 a[2-1]" },
	{ "include2", "#include a b" },
	{ "include0", "#include " },
	{ "filtered", "f[1-9]\n-f2\n/[1-4]/\n" },
	{ "empty", "\n # nothing\n" },
	{ "operators", "a[1-3]!a2 a2\n" },
	{ "binary", "a\n\xFF\n" },
};

static char *read_file (void *context, const char *path, bool trusted, size_t *n, struct err *err)
{
	(void)trusted;
	(void)context;
	if (!path) {
		*n = 7;
		return strdup ("s1\ns2\n\n");
	}
	for (int i = 0; i < ROWS (files); i++)
		if (!strcmp (files[i].path, path)) {
			*n = strlen (files[i].bytes);
			return strdup (files[i].bytes);
		}
	err_set (err, 0, "cannot read the hosts in %s: No such file or directory", path);
	return NULL;
}

static const struct expression_ops ops = { find_group, read_file };

/* --- what is meant ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *word, *hosts;
} meanings[] = {
	/* the order is the one that was given */
	{ "b,a,c", "b a c" },
	{ "web[3,1-2]", "web3 web1 web2" },
	{ "r[1-2]n[2,1]", "r1n2 r1n1 r2n2 r2n1" },
	{ "web[1-3],web2,web4", "web1 web2 web3 web4" },
	{ "a[1-3]!a2", "a1 a3" },
	{ "c,b,a&a,b,d", "a b d" },
	{ "c,b,a&[a],b", NULL },
	{ "a,b^b,c", "a c" },
	{ "c,b,a^b", "c a" },
	{ "a b  c", "a b c" },
	{ "a!a b", "b" },
	{ "a, b ,c", "a b c" },
	{ "a ^ b", "a b" },
	/* brackets */
	{ "web[08-11]", "web08 web09 web10 web11" },
	{ "web1[8-9]", "web18 web19" },
	{ "[1-2][1-2]", "11 12 21 22" },
	{ "web:[1-2]", "web:1 web:2" },
	{ "[::1],[::2]:[1-2]", "[::1] [::2]:1 [::2]:2" },
	{ "u@[::1]", "u@[::1]" },
	{ "u[1-2]@h", "u1@h u2@h" },
	{ "unix:///run/[1-2].sock", "unix:///run/1.sock unix:///run/2.sock" },
	{ "unix:///run/a@b,local", "unix:///run/a@b local" },
	{ "ssh://web[1-2]", "ssh://web1 ssh://web2" },
	{ "ssh://u@web[1-2]:2222", "ssh://u@web1:2222 ssh://u@web2:2222" },
	{ "ssh://[::1],ssh://gw/web[1-2]", "ssh://[::1] ssh://gw/web1 ssh://gw/web2" },
	/* one host with several spellings; the first one is kept */
	{ "Web1,web1,WEB1.lab,web1.lab.", "Web1 WEB1.lab" },
	{ "a:7363,a,a:07363,b,b:7363", "a:7363 b" },
	{ "[::1],[0:0::1],[::1]:7363", "[::1]" },
	{ "[fe80::1%eth0],[fe80::1%ETH0]", "[fe80::1%eth0] [fe80::1%ETH0]" },
	{ "u@a,U@a,u@A", "u@a U@a" },
	{ "a1,a01", "a1 a01" },
	{ "unix:///A,unix:///a", "unix:///A unix:///a" },
	/* groups */
	{ "@web", "web1 web2 web3" },
	{ "@db", "db1 db2" },
	{ "@both,x", "web1 web2 web3 db1 db2 x" },
	{ "x,@part", "x web1 web3" },
	{ "@rack[1-2]", "r1n1 r1n2 r2n1 r2n2" },
	{ "@s:web", "s1 s2" },
	{ "@*", "web1 web2 web3 db1 db2 lone" },
	{ "@*!@web", "db1 db2 lone" },
	{ "@empty,a", "a" },
	{ "@empty", "" },
	{ "@dropped", "a1 a3" },
	{ "@filed", "g1" },
	{ "web?", "web1 web2 web3" },
	{ "*b1", "web1 db1" },
	{ "*[1-2]", "web1 db1 web2 db2" },
	{ "d*,web1", "db1 db2 web1" },
	/* files and stdin */
	{ "^hosts", "f1 f2 f3 f4 f6" },
	{ "^etc/top", "t1 i1 b1 t2" },
	{ "^filtered", "f1 f3 f4" },
	{ "^operators", "a1 a3 a2" },
	{ "^empty,a", "a" },
	{ "a,-,b", "a s1 s2 b" },
	{ "a^^hosts", "a f1 f2 f3 f4 f6" },
	{ "f[1-9] ^hosts", "f1 f2 f3 f4 f5 f6 f7 f8 f9" },
	/* filters */
	{ "/a[12]/,a[1-3]", "a1 a2" },
	{ "a[1-12],/1$/,/1./", "a11" },
	{ "a[1-3],-a2", "a1 a3" },
	{ "-a2,a[1-3]", "a1 a3" },
	{ "a[1-3],-/[12]/", "a3" },
	{ "a[1-3],-^hosts,-@web", "a1 a2 a3" },
	{ "a[1-3]&/[12]/,a3", "a1 a2 a3" },
	{ "a[1-3]!/[12]/,a1", "a3 a1" },
	{ "unix:///a/b,c,/a\\/b/", "unix:///a/b" },
	{ "a,b,/a|b,c/", "a" },
	{ "a-b,-a-b,c", "c" },
};

START_TEST (means)
{
	const struct expression expression = { .words = &meanings[_i].word, .n_words = 1 };
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };
	int result = expression_evaluate (&expression, &ops, NULL, &list, &err);
	char *text = listed_join (&list);

	if (meanings[_i].hosts) {
		ck_assert_msg (result == 0, "%s: %s", meanings[_i].word, err.text);
		ck_assert_str_eq (text, meanings[_i].hosts);
	} else {
		ck_assert_int_eq (result, -1);
	}
	free (text);
	host_list_free (&list);
}
END_TEST

/* Several words, and -x. */
START_TEST (words)
{
	static const char *const given[] = { "a[1-9]", "b", "/[a-z]/" }, *const excluded[] = { "a[2-3]", "/[5-7]/",
		"a9&/9/" };
	const struct expression expression = { given, 3, excluded, 3 };
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };
	char *text;

	ck_assert_msg (expression_evaluate (&expression, &ops, NULL, &list, &err) == 0, "%s", err.text);
	text = listed_join (&list);
	ck_assert_str_eq (text, "a1 a4 a8 b");
	free (text);
	host_list_free (&list);
}
END_TEST

/* A group that is named 256 times is evaluated once. */
START_TEST (groups_once)
{
	static const char *const word[] = { "@d0" };
	const struct expression expression = { word, 1, NULL, 0 };
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };

	ck_assert_msg (expression_evaluate (&expression, &ops, NULL, &list, &err) == 0, "%s", err.text);
	ck_assert_uint_eq (list.n, 900);
	host_list_free (&list);
	for (int i = 0; i < ROWS (kept); i++)
		ck_assert_ptr_null (kept[i]);
}
END_TEST

/* --- mistakes ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *word, *text; /* the text begins so */
} mistakes[] = {
	{ "web[9-1]", "'web[9-1]', column 5: the range goes down: write [1-9]" },
	{ "web[1-3", "'web[1-3', column 4: the bracket has no end: web[1-3] has one" },
	{ "web1-3]", "'web1-3]', column 7: a ']' without its '['" },
	{ "web[1-[2]]", "'web[1-[2]]', column 7: a '[' within brackets" },
	{ "web[]", "'web[]', column 5: a number is missing" },
	{ "web[1,,2]", "'web[1,,2]', column 7: a number is missing" },
	{ "web[1-]", "'web[1-]', column 7: a number is missing" },
	{ "web[-3]", "'web[-3]', column 5: a number is missing" },
	{ "web[a-c]", "'web[a-c]', column 5: 'a' is not a number" },
	{ "web[1-2-3]", "'web[1-2-3]', column 7: '2-3' is not a number" },
	{ "web[01-100]",
		"'web[01-100]', column 5: the padded numbers of a range have the same length: write [001-100]" },
	{ "web[1-010]", "'web[1-010]', column 5: the padded numbers of a range have the same length: write [001-010]" },
	{ "web[1-3/0]", "'web[1-3/0]', column 9: a step must not be 0" },
	{ "web[1-3/]", "'web[1-3/]', column 9: a number is missing" },
	{ "web[4/2]", "'web[4/2]', column 7: a step belongs to a range" },
	{ "web[0-9999999999999999999]", "'web[0-9999999999999999999]', column 7: the number has 19 digits" },
	{ "web[1-1000000000]", "'web[1-1000000000]', column 4: more than 1000000 hosts" },
	{ "a[0-999999999999999999]b[0-999999999999999999]",
		"'a[0-999999999999999999]b[0-999999999999999999]', column 2: " },
	{ "a[1-1001]b[1-1000]", "'a[1-1001]b[1-1000]', column 11: more than 1000000 hosts" },
	{ "a[1-1000000],b", "'a[1-1000000],b', column 14: more than 1000000 hosts" },
	{ "a,", "'a,', column 2: a host is missing behind the ','" },
	{ "a, ", "'a, ', column 3: a host is missing behind the ','" },
	{ ",a", "',a', column 1: a host is missing in front of the ','" },
	{ "a,,b", "'a,,b', column 3: a host is missing in front of the ','" },
	{ "!a", "'!a', column 1: a host is missing in front of the '!'" },
	{ "a!&b", "'a!&b', column 3: a host is missing in front of the '&'" },
	{ "a:0", "'a:0', column 1: 'a:0' has no port behind its colon" },
	{ "a:x", "'a:x', column 1: 'a:x' has no port" },
	{ "a:", "'a:', column 1: 'a:' has no port" },
	{ "x a:65536", "'x a:65536', column 3: 'a:65536' has no port" },
	{ "a:[65535-65536]", "'a:[65535-65536]', column 1: 'a:65536' has no port" },
	{ "::1", "'::1', column 1: '::1' has several colons: write an address of IPv6 in brackets" },
	{ "fe80::1%eth0", "'fe80::1%eth0', column 1: 'fe80::1%eth0' has several colons" },
	{ "[::g]", "'[::g]', column 1: '[::g]' has no address of IPv6 in its brackets" },
	{ "@web:x:y,[1:2]", "'@web:x:y,[1:2]', column 1: there is no group 'web:x:y'" },
	{ "u@", "'u@', column 1: 'u@' names no host" },
	{ "a,-@", "'a,-@', column 4: the name of a group is missing" },
	{ "@", "'@', column 1: the name of a group is missing" },
	{ "@:x", "'@:x', column 1: the name of a group is missing" },
	{ "@@s", "'@@s', column 1: '@@' is not known here" },
	{ "@nobody", "'@nobody', column 1: there is no group 'nobody'" },
	{ "a,@web[1", "'a,@web[1', column 7: the bracket has no end" },
	{ "@loop", "group @loop (groups:11): '@loop', column 1: a group within itself: @loop, @loop" },
	{ "@loop1",
		"group @loop3 (groups:14): '@loop1', column 1: a group within itself: @loop1, @loop2, @loop3, @loop1" },
	{ "a,@fault", "group @fault (groups:15): 'web[3-1]', column 5: the range goes down" },
	{ "nohost*", "'nohost*', column 1: none of the hosts that groups name (@*) matches 'nohost*'" },
	{ "w*[1-65]", "'w*[1-65]', column 1: a name with '*' or '?' may stand for at most 64 names" },
	{ "^", "'^', column 1: the name of a file is missing" },
	{ "a,^nofile", "'a,^nofile', column 3: cannot read the hosts in nofile" },
	{ "^loop", "loop:2:10: a file within itself: loop" },
	{ "^loop-a", "loop-b:2:1: a file within itself: loop-a" },
	{ "^fault", "fault:2:6: the range goes down" },
	{ "^include2", "include2:1:10: a line with #include names one file" },
	{ "^include0", "include0:1:10: a line with #include names one file" },
	{ "^binary", "binary:2:1: '\\xff' has a byte that is not UTF-8" },
	{ "/web", "'/web', column 1: a regular expression stands between two slashes" },
	{ "/etc/hosts", "'/etc/hosts', column 1: a regular expression stands between two slashes" },
	{ "a,//", "'a,//', column 3: the regular expression is empty" },
	{ "a,/(/", "'a,/(/', column 3: the regular expression is not a regular expression" },
	{ "a,/((a*)*)*/", "'a,/((a*)*)*/', column 3: the regular expression repeats something that can be empty" },
	{ "a^/b/", "'a^/b/', column 3: '^' joins two lists" },
	{ "a!-b", "'a!-b', column 3: '-' stands behind a ',' and drops hosts" },
	{ "a,--b", "'a,--b', column 4: a '-' too many" },
	{ "/a/", "'/a/' only keeps and drops hosts, and there are none" },
	{ "-a", "'-a' only keeps and drops hosts, and there are none" },
	{ "a\x1b[1m", "'a\\x1b[1m', column 3: the bracket has no end" },
	{ "a\x1b", "'a\\x1b', column 1: 'a\\x1b' has a control character in it" },
	{ "\xC3\xA4,\xE2\x80\xAE"
	  "b",
		"'\xC3\xA4,\\xe2\\x80\\xae"
		"b', column 3: '\\xe2\\x80\\xae"
		"b' has a control character in it" },
	{ "a\xFF", "'a\\xff', column 1: 'a\\xff' has a byte that is not UTF-8" },
	{ "a,.b", "'a,.b', column 3: '.b' begins with '.'" },
	{ "unix://run/x", "'unix://run/x', column 1: 'unix://run/x' has no absolute path" },
	/* A long text is shown around its mistake. */
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,b]",
		"'...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,b]', column 102: a ']' without its '['" },
};

START_TEST (mistaken)
{
	const struct expression expression = { .words = &mistakes[_i].word, .n_words = 1 };
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };

	ck_assert_msg (
		expression_evaluate (&expression, &ops, NULL, &list, &err) < 0, "%s is accepted", mistakes[_i].word);
	ck_assert_msg (!strncmp (err.text, mistakes[_i].text, strlen (mistakes[_i].text)), "%s: %s", mistakes[_i].word,
		err.text);
	ck_assert_msg (!strpbrk (err.text, "\n\x1b"), "%s", err.text);
	ck_assert_uint_eq (list.n, 0);
	ck_assert_ptr_null (list.names);
	for (int i = 0; i < ROWS (kept); i++)
		ck_assert_ptr_null (kept[i]);
}
END_TEST

/* Behind -x a '-' is one too many. */
START_TEST (excluded_mistaken)
{
	static const char *const given[] = { "a" }, *const excluded[] = { "b,-a" };
	const struct expression expression = { given, 1, excluded, 1 };
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };

	ck_assert_int_eq (expression_evaluate (&expression, &ops, NULL, &list, &err), -1);
	ck_assert_str_eq (err.text, "'b,-a', column 3: -x drops all its hosts already: leave out the '-'");
}
END_TEST

/* Names and brackets of any length are an error, or what they say. */
START_TEST (long_names)
{
	char word[2000], *p;
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };

	memset (word, 'a', sizeof word);
	word[512] = '\0';
	ck_assert_int_eq (listed_evaluate (word, &list, &err), 0);
	host_list_free (&list);
	word[512] = 'a';
	word[513] = '\0';
	ck_assert_int_eq (listed_evaluate (word, &list, &err), -1);
	ck_assert_msg (strstr (err.text, "a name is longer than 512 bytes") != NULL, "%s", err.text);
	p = word;
	for (int i = 0; i < 40; i++)
		p += sprintf (p, "a[1]");
	ck_assert_int_eq (listed_evaluate (word, &list, &err), -1);
	ck_assert_msg (strstr (err.text, "more than 32 brackets") != NULL, "%s", err.text);
}
END_TEST

/* A chain of groups that is too deep for the stack is refused before. */
static const char *chain_text;
static void *chain_kept[1000];

static int find_chain (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	static char texts[1000][16];
	static const char *pointers[1000];
	int i = atoi (name);

	(void)context;
	(void)source;
	(void)err;
	snprintf (texts[i], sizeof texts[i], "@%d", i + 1);
	pointers[i] = texts[i];
	chain_text = name;
	*found = (struct group_definition){
		.texts = &pointers[i], .n_texts = 1, .name = texts[i] + 1, .kept = &chain_kept[i]
	};
	return 0;
}

START_TEST (deep)
{
	static const struct expression_ops chain = { find_chain, read_file };
	static const char *const word[] = { "@0" };
	const struct expression expression = { word, 1, NULL, 0 };
	struct host_list list = { .n = 0 };
	struct err err = { .text = "" };

	ck_assert_int_eq (expression_evaluate (&expression, &chain, NULL, &list, &err), -1);
	ck_assert_msg (strstr (err.text, "nested more than 64 deep") != NULL, "%s", err.text);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, means, 0, ROWS (meanings));
	tcase_add_test (tcase, words);
	tcase_add_test (tcase, groups_once);
	tcase_add_loop_test (tcase, mistaken, 0, ROWS (mistakes));
	tcase_add_test (tcase, excluded_mistaken);
	tcase_add_test (tcase, long_names);
	tcase_add_test (tcase, deep);
}

CHECK_MAIN ("expression", add_cases)
