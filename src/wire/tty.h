/* tty - the terminal that a call asks for: its key `tty` (doc/protocol.md, 6.6). The code is pure. */
#ifndef REMEX_WIRE_TTY_H
#define REMEX_WIRE_TTY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

enum {
	TTY_SIZE_MAX = 65535, /* rows and columns; 0: not known */
	TTY_TERM_MAX = 64,
	TTY_ERASE_NONE = -1, /* the call names none: that of a new terminal */
};

struct tty {
	bool wanted; /* the call has the key; the other members have a meaning only then */
	int rows, cols;
	char term[TTY_TERM_MAX + 1]; /* for the variable TERM; "": the call names none */
	bool utf8; /* the terminal erases whole characters of UTF-8 */
	int erase; /* the byte of the key that erases a character, 0 (there is none) to 255; or TTY_ERASE_NONE */
};

/* Read the key of a call's header. `without`: the name of a verb that can give no terminal, or NULL. 0 and *tty (without
 * the key: nothing wanted); -1 and err (CODE_BAD_VALUE). */
int tty_read (const json_t *header, const char *without, struct tty *tty, struct err *err);

/* The size in a list [rows, cols]. 0; -1 when it is no such list. */
int tty_read_size (const json_t *list, int *rows, int *cols);

#endif
