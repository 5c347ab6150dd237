/* rights - see rights.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "commands/rights.h"
#include "conf/grant.h"

enum {
	KEYS_FILE_MAX = 64 * 1024,
	ROOT_LONG = 500, /* YAML needs a '?' before keys of over 1024 characters; in quotes each may take two */
};

void rights_free (struct rights *rights)
{
	for (size_t i = 0; i < rights->n_allow; i++)
		free (rights->allow[i]);
	for (size_t i = 0; i < rights->n_from; i++)
		free (rights->from[i]);
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

static int add_line (struct rights *rights, const char *line, struct err *err)
{
	const char *comment = line;
	struct key key;

	if (key_parse (&key, line, err) < 0)
		return -1;
	if (rights->n_keys == RIGHTS_KEYS)
		return err_set (err, 0, "more than %d keys for one identity", RIGHTS_KEYS);
	/* Skip the key's word and its base64: the comment follows. */
	for (int i = 0; i < 2; i++) {
		comment += strspn (comment, " \t");
		comment += strcspn (comment, " \t\r\n");
	}
	comment += strspn (comment, " \t");
	key_format (&key, comment, rights->keys[rights->n_keys]);
	key_print (&key, rights->prints[rights->n_keys]);
	rights->n_keys++;
	return 0;
}

static int add_lines (struct rights *rights, char *text, struct err *err)
{
	char *rest = text, *line;

	while ((line = strsep (&rest, "\n"))) {
		line[strcspn (line, "\r")] = '\0';
		line += strspn (line, " \t");
		if (*line && *line != '#' && add_line (rights, line, err) < 0)
			return -1;
	}
	return rights->n_keys ? 0 : err_set (err, 0, "there is no key in it");
}

int rights_add_key (struct rights *rights, const char *word, struct err *err)
{
	bool input = !strcmp (word, "-");
	struct err why;
	char *text;
	size_t n;
	int result;

	if (!input && *word != '/' && strncmp (word, "./", 2) != 0 && strncmp (word, "../", 3) != 0)
		return add_line (rights, word, err);
	text = input ? fd_read_all (STDIN_FILENO, KEYS_FILE_MAX, &n, &why)
		     : fd_read_file (word, KEYS_FILE_MAX, &n, &why);
	if (!text)
		return err_set (err, 0, "%s%s", input ? "standard input: " : "", why.text);
	result = strlen (text) == n ? add_lines (rights, text, &why) : err_set (&why, 0, "this is no text");
	if (result < 0)
		err_set (err, 0, "%.200s: %.250s", input ? "standard input" : word, why.text);
	free (text);
	return result;
}

int rights_add (char **list, size_t *n, const char *text, struct err *err)
{
	for (;;) {
		size_t length = strcspn (text, ",");

		if (!length)
			return err_set (err, 0, "there is nothing before or behind a comma");
		if (*n == RIGHTS_MOST)
			return err_set (err, 0, "more than %d of them", RIGHTS_MOST);
		if (!(list[*n] = strndup (text, length)))
			return err_set (err, 0, "out of memory");
		++*n;
		if (!text[length])
			return 0;
		text += length + 1;
	}
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* A string in double quotes (YAML 1.1, section 5.6), which cannot be parsed as anything else. */
static int put_string (struct buf *out, const char *text, size_t n)
{
	int result = buf_append (out, "\"", 1);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7F)
			result |= buf_printf (out, "\\x%02X", c);
		else
			result |= buf_printf (out, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	return result | buf_append (out, "\"", 1);
}

static int put_list (struct buf *out, const char *key, char *const *list, size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		result |= buf_printf (out, "%s%s", i ? ", " : key, i ? "" : ": [");
		result |= put_string (out, list[i], strlen (list[i]));
	}
	return n ? result | buf_append (out, "]\n", 2) : 0;
}

static int put_keys (struct buf *out, const struct rights *rights)
{
	int result = buf_append (out, "key:", 4);

	for (size_t i = 0; i < rights->n_keys; i++) {
		result |= buf_printf (out, "%s", rights->n_keys > 1 ? "\n  - " : " ");
		result |= put_string (out, rights->keys[i], strlen (rights->keys[i]));
	}
	return result | buf_append (out, "\n", 1);
}

/* The words of a command, separated by blanks, as a list. */
static int put_command (struct buf *out, const char *words)
{
	int result = buf_append (out, "  - [", 5);

	for (bool first = true;; first = false) {
		size_t length;

		words += strspn (words, " \t");
		if (!(length = strcspn (words, " \t")))
			break;
		if (!first)
			result |= buf_append (out, ", ", 2);
		result |= put_string (out, words, length);
		words += length;
	}
	return result | buf_append (out, "]\n", 2);
}

static int put_slots (struct buf *out, const struct rights *rights)
{
	int result = rights->n_slots ? buf_append (out, "slots:\n", 7) : 0;

	for (size_t i = 0; i < rights->n_slots; i++) {
		size_t length = strcspn (rights->slots[i], "=");

		result |= buf_printf (out, "  %.*s: ", (int)length, rights->slots[i]);
		result |= put_string (out, rights->slots[i] + length + 1, strlen (rights->slots[i] + length + 1));
		result |= buf_append (out, "\n", 1);
	}
	return result;
}

/* The length of the path in a root. */
static size_t root_length (const char *root)
{
	const char *end = strrchr (root, '=');

	return end ? (size_t)(end - root) : strlen (root);
}

static int put_roots (struct buf *out, const struct rights *rights)
{
	int result = rights->n_roots ? buf_append (out, "roots:\n", 7) : 0;

	for (size_t i = 0; i < rights->n_roots; i++) {
		size_t n = root_length (rights->roots[i]);
		bool is_long = n > ROOT_LONG;

		result |= buf_printf (out, "  %s", is_long ? "? " : "");
		result |= put_string (out, rights->roots[i], n);
		result |= buf_printf (out, "%s: %s\n", is_long ? "\n  " : "", rights->roots[i] + n + 1);
	}
	return result;
}

static int put_all (struct buf *out, const struct rights *rights)
{
	int result = buf_printf (out, "# Written by `remex authorize`; remexd.yaml(5) says what may stand here.\n");

	result |= put_keys (out, rights);
	if (rights->user) {
		result |= buf_append (out, "user: ", 6) | put_string (out, rights->user, strlen (rights->user));
		result |= buf_append (out, "\n", 1);
	}
	result |= put_list (out, "allow", rights->allow, rights->n_allow);
	if (rights->n_commands)
		result |= buf_append (out, "commands:\n", 10);
	for (size_t i = 0; i < rights->n_commands; i++)
		result |= put_command (out, rights->commands[i]);
	result |= put_slots (out, rights);
	result |= put_roots (out, rights);
	result |= put_list (out, "from", rights->from, rights->n_from);
	if (rights->expires) {
		result |=
			buf_append (out, "expires: ", 9) | put_string (out, rights->expires, strlen (rights->expires));
		result |= buf_append (out, "\n", 1);
	}
	return result;
}

/* The name of a slot is written to the file as it is, so it is checked first. */
static int check_slots (const struct rights *rights, struct err *err)
{
	for (size_t i = 0; i < rights->n_slots; i++) {
		size_t length = strcspn (rights->slots[i], "=");

		if (!command_is_slot_name (rights->slots[i], length))
			return err_set (err, 0,
				"--slot: the name of a slot is made of letters, digits, '_' and '-', and does not "
				"start "
				"with '_' or '-'");
	}
	return 0;
}

/* Each must be a path that is allowed as a root, with a right after it, and must occur only once. */
static int check_roots (const struct rights *rights, struct err *err)
{
	for (size_t i = 0; i < rights->n_roots; i++) {
		const char *root = rights->roots[i];
		size_t n = root_length (root);
		struct err why;
		char *path;
		int result;

		if (strcmp (root + n, "=r") != 0 && strcmp (root + n, "=rw") != 0)
			return err_set (err, 0, "--root needs PATH=r or PATH=rw, not '%.200s'", root);
		if (!(path = strndup (root, n)))
			return err_set (err, 0, "out of memory");
		result = grant_check_root (path, &why);
		free (path);
		if (result < 0)
			return err_set (err, 0, "--root: %s", why.text);
		for (size_t k = 0; k < i; k++)
			if (root_length (rights->roots[k]) == n && !memcmp (rights->roots[k], root, n))
				return err_set (err, 0, "--root: %.*s is named twice", n < 200 ? (int)n : 200, root);
	}
	return 0;
}

/* Check the options one by one, so that an error names the option and not a line of a file that does not exist. */
static int check_options (const struct rights *rights, struct err *err)
{
	struct network network;
	struct err why;
	int64_t date;

	if (check_slots (rights, err) < 0 || check_roots (rights, err) < 0)
		return -1;
	for (size_t i = 0; i < rights->n_from; i++)
		if (network_parse (&network, rights->from[i], &why) < 0)
			return err_set (err, 0, "--from: %s", why.text);
	if (rights->expires && grant_parse_date (rights->expires, &date) < 0)
		return err_set (err, 0,
			"--expires: invalid date '%s' (examples, in UTC: 2027-01-31, 2027-01-31T12:00:00Z)",
			rights->expires);
	return 0;
}

int rights_write (const struct rights *rights, struct buf *out, struct err *err)
{
	struct grant *grant;
	const char *text;
	struct err why;

	if (check_options (rights, err) < 0)
		return -1;
	if (put_all (out, rights) != 0)
		return err_set (err, 0, "out of memory");
	if (!(grant = grant_parse ((const char *)buf_head (out), buf_len (out), rights->name, "", &why))) {
		/* Skip ":3:9:": the file does not exist yet. */
		text = why.text + strspn (why.text, ":0123456789");
		return err_set (err, 0, "%s", text + strspn (text, " "));
	}
	grant_free (grant);
	return 0;
}
