/* tty - see tty.h. */
#include "config.h"

#include <string.h>

#include "wire/codes.h"
#include "wire/header.h"
#include "wire/tty.h"

int tty_read_size (const json_t *list, int *rows, int *cols)
{
	const json_t *row = json_array_get (list, 0), *col = json_array_get (list, 1);

	if (json_array_size (list) != 2 || !json_is_integer (row) || !json_is_integer (col) ||
		json_integer_value (row) < 0 || json_integer_value (row) > TTY_SIZE_MAX ||
		json_integer_value (col) < 0 || json_integer_value (col) > TTY_SIZE_MAX)
		return -1;
	*rows = (int)json_integer_value (row);
	*cols = (int)json_integer_value (col);
	return 0;
}

/* The name becomes a variable of the environment, and programs look for a file of that name: no slash. */
static bool term_good (const char *term)
{
	size_t n = strlen (term);

	for (size_t i = 0; i < n; i++)
		if (term[i] <= ' ' || term[i] > '~' || term[i] == '/')
			return false;
	return n > 0 && n <= TTY_TERM_MAX && *term != '.';
}

static int read_size (const json_t *object, const char *key, int *out, struct err *err)
{
	json_int_t value = 0;
	int there = header_integer (object, key, 0, TTY_SIZE_MAX, &value, err);

	if (there == 0)
		return err_set (err, CODE_BAD_VALUE, "'tty' needs '%s', a number from 0 to %d", key, TTY_SIZE_MAX);
	*out = (int)value;
	return there < 0 ? -1 : 0;
}

static int read_object (const json_t *object, struct tty *tty, struct err *err)
{
	const json_t *term = json_object_get (object, "term"), *utf8 = json_object_get (object, "utf8");
	json_int_t erase = TTY_ERASE_NONE;

	if (!json_is_object (object))
		return err_set (err, CODE_BAD_VALUE, "'tty' must be an object, as {\"rows\":24,\"cols\":80}");
	if (read_size (object, "rows", &tty->rows, err) < 0 || read_size (object, "cols", &tty->cols, err) < 0 ||
		header_integer (object, "erase", 0, 255, &erase, err) < 0)
		return -1;
	if (term && (!json_is_string (term) || !term_good (json_string_value (term))))
		return err_set (err, CODE_BAD_VALUE,
			"'term' must be the name of a kind of terminal, as xterm-256color: 1 to %d printable "
			"characters, without '/' and without a '.' at its start",
			TTY_TERM_MAX);
	if (utf8 && !json_is_boolean (utf8))
		return err_set (err, CODE_BAD_VALUE, "'utf8' must be true or false");
	if (term)
		strcpy (tty->term, json_string_value (term)); /* its length has been checked */
	tty->utf8 = json_is_true (utf8);
	tty->erase = (int)erase;
	tty->wanted = true;
	return 0;
}

int tty_read (const json_t *header, const char *without, struct tty *tty, struct err *err)
{
	const json_t *object = json_object_get (header, "tty");

	*tty = (struct tty){ .erase = TTY_ERASE_NONE };
	if (!object)
		return 0;
	if (without)
		return err_set (err, CODE_BAD_VALUE, "%s can give no terminal: call it without 'tty'", without);
	return read_object (object, tty, err);
}
