/* check_tree - YAML to nodes: their content and position, every refusal with its exact position and message, and that
 * no file of the permitted size keeps the parser busy. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "conf/tree.h"
#include "support/check_main.h"

/* Seconds of processor time that no file may take. The worst takes a tenth of one; libyaml alone took 14 and 22. */
enum { PATIENCE = 10 };

#define BOM "\xEF\xBB\xBF"

static struct conf_node *parse (const char *text)
{
	struct err err = { 0 };
	struct conf_node *tree = conf_parse (text, strlen (text), "f", &err);

	ck_assert_msg (tree != NULL, "%s: %s", text, err.text);
	return tree;
}

START_TEST (nodes)
{
	struct conf_node *tree = parse ("# a comment\n"
					"workers:\n"
					"  max: 64   # so many\n"
					"  name: \"six\\tty\"\n"
					"flow: {a: [1, two, '3'], b: }\n"
					"tilde: ~\n"
					"text: |\n"
					"  one\n"
					"  two\n"
					"list:\n"
					"- x\n"
					"-\n");
	const struct conf_node *node = conf_get (tree, "workers"), *inner;

	ck_assert_int_eq (tree->kind, CONF_MAP);
	ck_assert_uint_eq (tree->n_items, 5);
	ck_assert_ptr_null (tree->key);
	ck_assert_int_eq (node->kind, CONF_MAP);
	ck_assert_str_eq (node->key, "workers");
	ck_assert_uint_eq (node->key_line, 2);
	ck_assert_uint_eq (node->key_column, 1);
	inner = conf_get (node, "max");
	ck_assert_int_eq (inner->kind, CONF_SCALAR);
	ck_assert_str_eq (inner->value, "64");
	ck_assert (!inner->quoted);
	ck_assert_uint_eq (inner->key_line, 3);
	ck_assert_uint_eq (inner->key_column, 3);
	ck_assert_uint_eq (inner->line, 3);
	ck_assert_uint_eq (inner->column, 8);
	inner = conf_get (node, "name");
	ck_assert_str_eq (inner->value, "six\tty");
	ck_assert (inner->quoted);
	node = conf_get (tree, "flow");
	inner = conf_get (node, "a");
	ck_assert_int_eq (inner->kind, CONF_LIST);
	ck_assert_uint_eq (inner->n_items, 3);
	ck_assert_str_eq (inner->items[1]->value, "two");
	ck_assert_ptr_null (inner->items[1]->key);
	ck_assert_uint_eq (inner->items[1]->column, 15);
	ck_assert (inner->items[2]->quoted);
	ck_assert_int_eq (conf_get (node, "b")->kind, CONF_NULL);
	ck_assert_int_eq (conf_get (tree, "tilde")->kind, CONF_NULL);
	node = conf_get (tree, "text");
	ck_assert_str_eq (node->value, "one\ntwo\n");
	ck_assert (node->quoted);
	node = conf_get (tree, "list");
	ck_assert_uint_eq (node->n_items, 2);
	ck_assert_int_eq (node->items[1]->kind, CONF_NULL);
	ck_assert_ptr_null (conf_get (tree, "nothing"));
	ck_assert_ptr_null (conf_get (NULL, "x"));
	ck_assert_ptr_null (conf_get (node, "x"));
	conf_free (tree);
	conf_free (NULL);
}
END_TEST

START_TEST (accepted)
{
	/* Each is the map {a: b}, or empty. */
	static const struct {
		const char *text;
		size_t items;
	} samples[] = {
		{ "", 0 },
		{ "\n\n", 0 },
		{ "# nothing\n", 0 },
		{ "---\n", 0 },
		{ "---\n...\n", 0 },
		{ "{}", 0 },
		{ "~", 0 },
		{ BOM, 0 },
		{ BOM "a: b\n", 1 },
		{ "a: b", 1 },
		{ "a: b\r\n", 1 },
		{ "a: b\r", 1 },
		{ "--- \na: b\n...\n", 1 },
		{ "'a': b\n", 1 },
		{ "{\"a\": b}", 1 },
		{ "? a\n: b\n", 1 },
		{ "a:\tb\n", 1 },
		{ "a: b\t# tabs between words are fine\n", 1 },
		{ "\n  \na: b\n", 1 },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct conf_node *tree = parse (samples[i].text);

		ck_assert_int_eq (tree->kind, CONF_MAP);
		ck_assert_msg (tree->n_items == samples[i].items, "%zu: %s", i, samples[i].text);
		if (tree->n_items)
			ck_assert_str_eq (conf_get (tree, "a")->value, "b");
		conf_free (tree);
	}
}
END_TEST

/* A key may be a path, in any notation; a key of more than 1024 characters needs a '?' (YAML 1.1, section 9.3.1). */
START_TEST (paths)
{
	static const char text[] = "{/: r, /a b.c: s, '/{x}': t, \"/\\\"\\\\\": u, /\xC3\xBC: v, /x:y: w}";
	static const char *const keys[] = { "/", "/a b.c", "/{x}", "/\"\\", "/\xC3\xBC", "/x:y" };
	struct conf_node *tree = parse (text);
	char path[4096], longest[5000];

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		ck_assert_msg (conf_get (tree, keys[i]) != NULL, "%s", keys[i]);
		ck_assert_int_eq (conf_get (tree, keys[i])->value[0], 'r' + (int)i);
	}
	conf_free (tree);
	memset (path, 'x', sizeof path);
	path[0] = '/';
	path[4095] = '\0';
	snprintf (longest, sizeof longest, "? %s\n: y\n", path);
	tree = parse (longest);
	ck_assert_str_eq (conf_get (tree, path)->value, "y");
	conf_free (tree);
}
END_TEST

struct refusal {
	const char *text;
	const char *message;
};

static const struct refusal refusals[] = {
	/* A position counts characters, not bytes, and ignores a byte order mark. */
	{ "a: \xC3\xA4 \xC3\xB6\nb: \xC3\xA4 *x\nc: [*x]", "f:3:5: an alias ('*') is not allowed here" },
	{ BOM "a: *x", "f:1:4: an alias ('*') is not allowed here" },
	{ "a: 1\r\nb: 2\r\nc: *x\r\n", "f:3:4: an alias ('*') is not allowed here" },
	{ "a: 1\rb: *x", "f:2:4: an alias ('*') is not allowed here" },
	/* Features of YAML that are not supported. */
	{ "a: &x 1\nb: *x\n", "f:1:4: an anchor ('&') is not allowed here" },
	{ "a: &x [1]\n", "f:1:4: an anchor ('&') is not allowed here" },
	{ "a: &x {b: 1}\n", "f:1:4: an anchor ('&') is not allowed here" },
	{ "&x a: 1\n", "f:1:1: an anchor ('&') is not allowed here" },
	{ "*x : 1\n", "f:1:1: an alias ('*') is not allowed here" },
	{ "a: !!int 1\n", "f:1:4: a tag ('!') is not allowed here" },
	{ "a: !x {}\n", "f:1:4: a tag ('!') is not allowed here" },
	{ "a: ! []\n", "f:1:4: a tag ('!') is not allowed here" },
	{ "!!str a: 1\n", "f:1:1: a tag ('!') is not allowed here" },
	{ "a: 1\n---\nb: 2\n", "f:2:1: a second document begins here; a file has only one" },
	{ "---\n---\n", "f:2:1: a second document begins here; a file has only one" },
	{ "%YAML 1.1\n---\na: 1\n", "f:1:1: a YAML directive ('%') is not allowed here" },
	{ "%TAG ! tag:x,2000:\n---\na: 1\n", "f:1:1: a YAML directive ('%') is not allowed here" },
	{ BOM "%FOO\n", "f:1:1: a YAML directive ('%') is not allowed here" },
	{ "a: 1\n...\n%FOO\n", "f:3:1: a YAML directive ('%') is not allowed here" },
	/* Keys. */
	{ "a: 1\nb: 2\na: 3\n", "f:3:1: the key 'a' is already on line 1" },
	{ "x:\n  a: 1\n  'a': 1\n  b: 1\n  b: 1\n", "f:3:3: the key 'a' is already on line 2" },
	{ "x: {z: 1, b: 1, b: 2, z: 2}\n", "f:1:17: the key 'b' is already on line 1" },
	{ "? [a]\n: 1\n", "f:1:3: a key must be a word, not a map or a list" },
	{ "{[a]: 1}\n", "f:1:2: a key must be a word, not a map or a list" },
	{ "? {a: 1}\n: 1\n", "f:1:3: a key must be a word, not a map or a list" },
	{ "{? , a: 1}\n", "f:1:4: '' is not a key: a key is made of letters, digits, '_', '.' and '-'" },
	{ "two words: 1\n", "f:1:1: 'two words' is not a key: a key is made of letters, digits, '_', '.' and '-'" },
	{ "<<: {a: 1}\n", "f:1:1: '<<' is not a key: a key is made of letters, digits, '_', '.' and '-'" },
	{ "\"a\\n\": 1\n", "f:1:1: 'a\\n' is not a key: a key is made of letters, digits, '_', '.' and '-'" },
	{ "\"a\\0b\": 1\n", "f:1:1: 'a\\x00b' is not a key: a key is made of letters, digits, '_', '.' and '-'" },
	{ "gr\xC3\xBC\xC3\x9F\x65: 1\n",
		"f:1:1: 'gr\xC3\xBC\xC3\x9F\x65' is not a key: a key is made of letters, digits, '_', '.' and '-'" },
	{ "\"/a\\n\": 1\n", "f:1:1: '/a\\n' is not a key: a path has no control characters" },
	{ "\"/a\\0b\": 1\n", "f:1:1: '/a\\x00b' is not a key: a path has no control characters" },
	{ "\"/a\\u0085\": 1\n", "f:1:1: '/a\\xc2\\x85' is not a key: a path has no control characters" },
	{ "\"/a\\tb\": 1\n", "f:1:1: '/a\\tb' is not a key: a path has no control characters" },
	{ "'/\\': 1\n\"/\\\\\": 1\n", "f:2:1: the key '/\\\\' is already on line 1" },
	/* The top. */
	{ "- a\n", "f:1:1: the file must be a map of keys, not a list" },
	{ "\nhello\n", "f:2:1: the file must be a map of keys, not a word" },
	/* Bytes. */
	{ "a: 1\nb: \xFF\n", "f:2:4: a byte that is not UTF-8 is not allowed here" },
	{ "a: \xC3", "f:1:4: a byte that is not UTF-8 is not allowed here" },
	{ "a: \xED\xA0\x80", "f:1:4: a byte that is not UTF-8 is not allowed here" },
	{ "\xFF\xFE\x61", "f:1:1: a byte that is not UTF-8 is not allowed here" },
	{ "a: \x1B[2J\n", "f:1:4: a control character is not allowed here" },
	{ "a: b\x7F\n", "f:1:5: a control character is not allowed here" },
	{ "a: b\xC2\x85\n", "f:1:5: a control character is not allowed here" },
	{ "a: b\xE2\x80\xA8\n", "f:1:5: a Unicode line separator is not allowed here" },
	{ "a: b\n" BOM "c: d\n", "f:2:1: a byte order mark inside the file is not allowed here" },
	{ BOM BOM, "f:1:1: a byte order mark inside the file is not allowed here" },
	{ "a: \xEF\xBF\xBF", "f:1:4: U+FFFE or U+FFFF, which is no character, is not allowed here" },
	{ "a: \"b\\0c\"\n", "f:1:4: a string with a NUL in it" },
	/* Tabs, and errors of libyaml. */
	{ "\ta: 1\n", "f:1:1: a tab where YAML is indented with spaces" },
	{ "a:\n\tb: 1\n", "f:2:1: a tab where YAML is indented with spaces" },
	{ "x: \xC3\xA4\na:\n  \tb: 1\n", "f:3:3: a tab where YAML is indented with spaces" },
	{ "a: [1, 2\n", "f:2:1: did not find expected ',' or ']' (while parsing a flow sequence)" },
	{ "a: 1\n b: 2\n", "f:2:3: mapping values are not allowed in this context" },
	{ "a: \"x\n", "f:2:1: found unexpected end of stream (while scanning a quoted scalar)" },
	{ "a: @x\n", "f:1:4: found character that cannot start any token (while scanning for the next token)" },
	{ "a: 1\nb\nc: 1\n", "f:3:1: could not find expected ':' (while scanning a simple key)" },
};

START_TEST (refused)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct err err = { 0 };

		ck_assert_msg (conf_parse (refusals[i].text, strlen (refusals[i].text), "f", &err) == NULL, "%s",
			refusals[i].text);
		ck_assert_str_eq (err.text, refusals[i].message);
		/* The caller may leave out err. */
		ck_assert_ptr_null (conf_parse (refusals[i].text, strlen (refusals[i].text), "f", NULL));
	}
}
END_TEST

START_TEST (nul)
{
	static const char text[] = "a: 1\nb: \0c\n";
	struct err err = { 0 };

	ck_assert_ptr_null (conf_parse (text, sizeof text - 1, "f", &err));
	ck_assert_str_eq (err.text, "f:2:4: a NUL byte is not allowed here");
}
END_TEST

/* A file name of any length and content leaves room for the message, on one line. */
START_TEST (file_name)
{
	char name[5000];
	struct err err = { 0 };

	memset (name, 'n', sizeof name);
	memcpy (name + sizeof name - 10, "/a\nb.yaml", 10);
	ck_assert_ptr_null (conf_parse ("- a", 3, name, &err));
	ck_assert_ptr_nonnull (strstr (err.text, "nnn/a\\nb.yaml:1:1: the file must be a map of keys, not a list"));
	ck_assert_int_eq (conf_fail (&err, "f", 7, 9, "%s %d", "word", 5), -1);
	ck_assert_str_eq (err.text, "f:7:9: word 5");
}
END_TEST

/* `open` repeated `n` times, and the closing text. */
static char *nest (const char *open, const char *close, size_t n)
{
	char *text = malloc (n * (strlen (open) + strlen (close)) + 8), *p = text;

	p = stpcpy (p, "a: ");
	for (size_t i = 0; i < n; i++)
		p = stpcpy (p, open);
	for (size_t i = 0; i < n; i++)
		p = stpcpy (p, close);
	return text;
}

START_TEST (depth)
{
	/* The map around them is the first level. */
	static const struct {
		const char *open, *close, *message;
	} samples[] = {
		{ "[", "]", "f:1:19: nested more than 16 deep" },
		{ "{a: ", "}", "f:1:64: nested more than 16 deep" },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct err err = { 0 };
		char *text = nest (samples[i].open, samples[i].close, CONF_DEPTH_MAX - 1);

		conf_free (parse (text));
		free (text);
		text = nest (samples[i].open, samples[i].close, CONF_DEPTH_MAX);
		ck_assert_ptr_null (conf_parse (text, strlen (text), "f", &err));
		ck_assert_str_eq (err.text, samples[i].message);
		free (text);
	}
}
END_TEST

START_TEST (too_large)
{
	char *text = malloc (CONF_FILE_MAX + 1);
	struct err err = { 0 };

	memset (text, '#', CONF_FILE_MAX + 1);
	conf_free (conf_parse (text, CONF_FILE_MAX, "f", &err));
	ck_assert_str_eq (err.text, "");
	ck_assert_ptr_null (conf_parse (text, CONF_FILE_MAX + 1, "f", &err));
	ck_assert_str_eq (err.text, "f:1:1: the file is larger than 1048576 bytes");
	free (text);
}
END_TEST

START_TEST (too_many)
{
	char *text = malloc (CONF_FILE_MAX), *p;
	struct err err = { 0 };
	struct conf_node *tree;

	p = stpcpy (text, "a:\n");
	for (int i = 0; i < CONF_NODES_MAX - 2; i++)
		p = stpcpy (p, "- x\n");
	tree = parse (text);
	ck_assert_uint_eq (conf_get (tree, "a")->n_items, CONF_NODES_MAX - 2);
	conf_free (tree);
	stpcpy (p, "- x\n");
	ck_assert_ptr_null (conf_parse (text, strlen (text), "f", &err));
	ck_assert_str_eq (err.text, "f:65536:3: the file has more than 65536 values");
	free (text);
}
END_TEST

static double cpu_seconds (void)
{
	struct rusage usage;

	getrusage (RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
}

/* A megabyte of any content is parsed soon, whatever the result. */
START_TEST (time_for_any_content)
{
	static const char *const heads[] = { "", "[", "{a: ", "a:\n  ", "\"", "a: |\n " };
	static const char *const pieces[] = { "[", "[\n", "{", "{a: ", "- ", "-\n", "? ", "[? ", ": ", "a: ", "[],",
		"a\n", "[a: b],", "a,[b]: ", "{a: {b: {c: {}}}}, ", "[[[[]]]],", "\"a\": ", "- a\n", "...\n", "--- a\n",
		"? a\n: b\n", "&a ", "*a ", "!a ", "%TAG !a! x\n", "'a'\n\n", "|\n", "# a\n", "#", "\r", " ", "\t", "a",
		"\\x41", "'" };
	char *text = malloc (CONF_FILE_MAX);

	for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
		for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
			size_t used = strlen (heads[h]), n = strlen (pieces[i]);
			double begin = cpu_seconds ();

			memcpy (text, heads[h], used);
			for (; used + n <= CONF_FILE_MAX; used += n)
				memcpy (text + used, pieces[i], n);
			conf_free (conf_parse (text, used, "f", NULL));
			ck_assert_msg (cpu_seconds () - begin < PATIENCE, "'%s' and many '%s'", heads[h], pieces[i]);
		}
	free (text);
}
END_TEST

/* Very many different keys, and very many directives: a comparison of each with each would take long. */
START_TEST (time_for_distinct_keys)
{
	char *text = malloc (CONF_FILE_MAX), *p = text;
	double begin = cpu_seconds ();
	struct err err = { 0 };

	for (int i = 0; i < CONF_NODES_MAX - 1; i++)
		p += sprintf (p, "k%x: 1\n", (unsigned)i * 2654435761U >> 8);
	conf_free (parse (text));
	for (p = text; p < text + CONF_FILE_MAX - 32;)
		p += sprintf (p, "%%TAG !%zx! x\n", (size_t)(p - text));
	ck_assert_ptr_null (conf_parse (text, (size_t)(p - text), "f", &err));
	ck_assert_str_eq (err.text, "f:1:1: a YAML directive ('%') is not allowed here");
	ck_assert (cpu_seconds () - begin < PATIENCE);
	free (text);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, nodes);
	tcase_add_test (tcase, accepted);
	tcase_add_test (tcase, paths);
	tcase_add_test (tcase, refused);
	tcase_add_test (tcase, nul);
	tcase_add_test (tcase, file_name);
	tcase_add_test (tcase, depth);
	tcase_add_test (tcase, too_large);
	tcase_add_test (tcase, too_many);
	tcase_add_test (tcase, time_for_any_content);
	tcase_add_test (tcase, time_for_distinct_keys);
}

CHECK_MAIN ("tree", add_cases)
