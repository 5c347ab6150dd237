/* tree - see tree.h.
 *
 * libyaml's events are turned into nodes as they come. The first event that is too deep ends the reading, so that a
 * megabyte of '[' costs no more than the kilobyte that libyaml looks ahead. conf_scan has refused all else that makes
 * libyaml slow.
 */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"
#include "conf/scan.h"
#include "conf/tree.h"

enum { SHOWN = 160 }; /* bytes of a word in a message */

struct parse {
	yaml_parser_t yaml;
	const char *text; /* without a byte order mark */
	size_t size;
	const char *file;
	struct err *err;
	size_t n_nodes;
	bool free_keys; /* a key may be any text on one line */
};

static int fail_at (struct parse *parse, yaml_mark_t mark, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

static int fail_at (struct parse *parse, yaml_mark_t mark, const char *fmt, ...)
{
	char words[ERR_TEXT];
	va_list args;

	va_start (args, fmt);
	vsnprintf (words, sizeof words, fmt, args);
	va_end (args);
	return conf_fail (parse->err, parse->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1, "%s", words);
}

/* Did libyaml stop at a tab? A mark counts characters. */
static bool at_tab (const struct parse *parse, yaml_mark_t mark)
{
	const char *p = parse->text, *end = p + parse->size;

	for (size_t i = 0; i < mark.index && p < end; i++)
		for (p++; p < end && (*p & 0xC0) == 0x80;)
			p++;
	return p < end && *p == '\t';
}

/* Fail with libyaml's own message. A tab as indentation, the most frequent mistake, has another message. */
static int fail_yaml (struct parse *parse)
{
	const yaml_parser_t *yaml = &parse->yaml;
	const char *what = yaml->problem ? yaml->problem : "cannot be read";

	if (yaml->error == YAML_MEMORY_ERROR)
		return err_set (parse->err, 0, "out of memory");
	if (yaml->error == YAML_SCANNER_ERROR && at_tab (parse, yaml->problem_mark))
		return fail_at (parse, yaml->problem_mark, "a tab where YAML is indented with spaces");
	/* For example "*", which stands for every call in an identity file. */
	if (yaml->context && !strcmp (yaml->context, "while scanning an alias"))
		return fail_at (parse, yaml->context_mark, "a word that starts with '*' has to be in quotes");
	if (yaml->context)
		return fail_at (parse, yaml->problem_mark, "%s (%s)", what, yaml->context);
	return fail_at (parse, yaml->problem_mark, "%s", what);
}

static int next_event (struct parse *parse, yaml_event_t *event)
{
	return yaml_parser_parse (&parse->yaml, event) ? 0 : fail_yaml (parse);
}

/* Refuse anchors and tags, of every kind of value. */
static int check_plain (struct parse *parse, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (event->type) {
	case YAML_ALIAS_EVENT: return fail_at (parse, event->start_mark, "an alias ('*') is not allowed here");
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	default: break;
	}
	if (anchor)
		return fail_at (parse, event->start_mark, "an anchor ('&') is not allowed here");
	if (tag)
		return fail_at (parse, event->start_mark, "a tag ('!') is not allowed here");
	return 0;
}

static struct conf_node *node_new (struct parse *parse, enum conf_kind kind, yaml_mark_t mark)
{
	struct conf_node *node;

	if (++parse->n_nodes > CONF_NODES_MAX) {
		fail_at (parse, mark, "the file has more than %d values", CONF_NODES_MAX);
		return NULL;
	}
	if (!(node = calloc (1, sizeof *node))) {
		err_set (parse->err, 0, "out of memory");
		return NULL;
	}
	node->kind = kind;
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
	return node;
}

static bool is_null (const char *word)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
		if (!strcmp (word, nulls[i]))
			return true;
	return false;
}

static struct conf_node *read_scalar (struct parse *parse, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	struct conf_node *node;

	if (memchr (value, '\0', event->data.scalar.length)) {
		fail_at (parse, event->start_mark, "a string with a NUL in it");
		return NULL;
	}
	if (!(node = node_new (parse, !quoted && is_null (value) ? CONF_NULL : CONF_SCALAR, event->start_mark)))
		return NULL;
	node->quoted = quoted;
	if (node->kind == CONF_SCALAR && !(node->value = strdup (value))) {
		err_set (parse->err, 0, "out of memory");
		conf_free (node);
		return NULL;
	}
	return node;
}

static bool is_word (const char *word, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return n > 0 && strspn (word, letters) == n;
}

/* A key is a plain word, [A-Za-z0-9_.-]+, or a path (some maps have paths as keys). Returns a copy, or NULL. */
static char *read_key (struct parse *parse, const yaml_event_t *event)
{
	const char *word = (const char *)event->data.scalar.value;
	size_t n = event->type == YAML_SCALAR_EVENT ? event->data.scalar.length : 0;
	char shown[SHOWN], *key;

	if (check_plain (parse, event) < 0)
		return NULL;
	if (event->type != YAML_SCALAR_EVENT) {
		fail_at (parse, event->start_mark, "a key must be a word, not a map or a list");
		return NULL;
	}
	if (n > 0 && (parse->free_keys || *word == '/') ? !conf_scan_line (word, n) : !is_word (word, n)) {
		fail_at (parse, event->start_mark, "'%s' is not a key: %s", text_escape (shown, sizeof shown, word, n),
			n > 0 && parse->free_keys ? "a key has no control characters"
			: n > 0 && *word == '/'   ? "a path has no control characters"
						  : "a key is made of letters, digits, '_', '.' and '-'");
		return NULL;
	}
	if (!(key = strdup (word)))
		err_set (parse->err, 0, "out of memory");
	return key;
}

/* Append to a map or a list; the array grows when the count reaches a power of two. */
static int node_add (struct parse *parse, struct conf_node *node, struct conf_node *item)
{
	size_t n = node->n_items;

	if ((n & (n - 1)) == 0) {
		struct conf_node **more = realloc (node->items, (n ? n * 2 : 1) * sizeof (struct conf_node *));

		if (!more)
			return err_set (parse->err, 0, "out of memory");
		node->items = more;
	}
	node->items[node->n_items++] = item;
	return 0;
}

static struct conf_node *read_value (struct parse *parse, yaml_event_t *event, unsigned depth);

/* Read one item of a map or a list, from the event that opens it (or its key), into `node`. */
static int read_item (struct parse *parse, struct conf_node *node, yaml_event_t *event, unsigned depth)
{
	yaml_mark_t mark = event->start_mark;
	struct conf_node *item = NULL;
	char *key = NULL;

	if (node->kind == CONF_MAP) {
		if (!(key = read_key (parse, event)))
			return -1;
		yaml_event_delete (event);
		if (next_event (parse, event) < 0)
			goto fail;
	}
	if (!(item = read_value (parse, event, depth)))
		goto fail;
	item->key = key;
	item->key_line = key ? (unsigned)mark.line + 1 : 0;
	item->key_column = key ? (unsigned)mark.column + 1 : 0;
	if (node_add (parse, node, item) == 0)
		return 0;
	conf_free (item);
	return -1;
fail:
	free (key);
	return -1;
}

/* Read the items of a map or a list, up to its end. */
static struct conf_node *read_items (struct parse *parse, const yaml_event_t *start, unsigned depth)
{
	bool map = start->type == YAML_MAPPING_START_EVENT;
	struct conf_node *node;

	if (depth > CONF_DEPTH_MAX) {
		fail_at (parse, start->start_mark, "nested more than %d deep", CONF_DEPTH_MAX);
		return NULL;
	}
	if (!(node = node_new (parse, map ? CONF_MAP : CONF_LIST, start->start_mark)))
		return NULL;
	for (;;) {
		yaml_event_t event;
		bool end;
		int failed = 0;

		if (next_event (parse, &event) < 0)
			break;
		end = event.type == (map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT);
		if (!end)
			failed = read_item (parse, node, &event, depth + 1);
		yaml_event_delete (&event);
		if (end && map)
			failed = conf_unique (node, parse->file, parse->err);
		if (failed)
			break;
		if (end)
			return node;
	}
	conf_free (node);
	return NULL;
}

/* Read the value that `event` opens; the event stays the caller's. */
static struct conf_node *read_value (struct parse *parse, yaml_event_t *event, unsigned depth)
{
	if (check_plain (parse, event) < 0)
		return NULL;
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar (parse, event);
	return read_items (parse, event, depth);
}

/* Read the whole stream: nothing, or one document. *top is NULL when there is no document. */
static int read_stream (struct parse *parse, struct conf_node **top)
{
	bool end = false;

	while (!end) {
		yaml_event_t event;
		int failed = 0;

		if (next_event (parse, &event) < 0)
			return -1;
		switch (event.type) {
		case YAML_STREAM_END_EVENT: end = true; break;
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT: break;
		case YAML_DOCUMENT_START_EVENT:
			if (*top)
				failed = fail_at (
					parse, event.start_mark, "a second document begins here; a file has only one");
			break;
		default:
			if (!(*top = read_value (parse, &event, 1)))
				failed = -1;
		}
		yaml_event_delete (&event);
		if (failed)
			return -1;
	}
	return 0;
}

static struct conf_node *parse_file (const char *text, size_t n, const char *file, bool free_keys, struct err *err)
{
	struct parse parse = { .text = text, .size = n, .file = file, .err = err, .free_keys = free_keys };
	struct conf_node *top = NULL;
	int failed;

	if (n >= 3 && !memcmp (text, "\xEF\xBB\xBF", 3)) {
		parse.text += 3;
		parse.size -= 3;
	}
	if (conf_scan (parse.text, parse.size, file, err) < 0)
		return NULL;
	if (!yaml_parser_initialize (&parse.yaml)) {
		err_set (err, 0, "out of memory");
		return NULL;
	}
	yaml_parser_set_encoding (&parse.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string (&parse.yaml, (const unsigned char *)parse.text, parse.size);
	failed = read_stream (&parse, &top);
	if (!failed && !top && !(top = node_new (&parse, CONF_MAP, parse.yaml.mark)))
		failed = -1;
	yaml_parser_delete (&parse.yaml);
	if (!failed && top->kind == CONF_NULL)
		top->kind = CONF_MAP;
	else if (!failed && top->kind != CONF_MAP)
		failed = conf_fail (err, file, top->line, top->column, "the file must be a map of keys, not a %s",
			top->kind == CONF_LIST ? "list" : "word");
	if (!failed)
		return top;
	conf_free (top);
	return NULL;
}

struct conf_node *conf_parse (const char *text, size_t n, const char *file, struct err *err)
{
	return parse_file (text, n, file, false, err);
}

struct conf_node *conf_parse_free_keys (const char *text, size_t n, const char *file, struct err *err)
{
	return parse_file (text, n, file, true, err);
}
