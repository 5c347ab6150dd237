/* escapes - the escapes of a terminal session, which are typed at the beginning of a line (ssh(1), ESCAPE CHARACTERS):
 *
 *   ~.   leave       ~^Z  suspend       ~?  help       ~~  send the character itself
 *
 * A scanner for what is typed: it decides which bytes go to the host. The escape character itself is kept until the next
 * byte comes. Behind another byte both are sent.
 */
#ifndef REMEX_CLI_ESCAPES_H
#define REMEX_CLI_ESCAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct escapes {
	int character; /* -1: none */
	bool within_line; /* the last byte that was sent was no end of a line */
	bool kept; /* the escape character was typed, and is kept */
};

enum escapes_action { ESCAPES_NONE, ESCAPES_LEAVE, ESCAPES_SUSPEND, ESCAPES_HELP };

/* The escape character of the option -e: a character (~), a control character (^B), or "none"; NULL: "~". 0, or -1 and
 * err. */
int escapes_init (struct escapes *escapes, const char *text, struct err *err);

/* Read typed bytes, at most n, up to an action. *taken: how many were read. What goes to the host is written to `out`, which
 * has room for n + 1 bytes; *n_out: how many. */
enum escapes_action escapes_read (
	struct escapes *escapes, const uint8_t *bytes, size_t n, size_t *taken, uint8_t *out, size_t *n_out);

/* The lines of ~?, each ended by CR LF, as a string: the cursor is at the beginning of a line. */
enum { ESCAPES_HELP_BYTES = 512 };
void escapes_help (const struct escapes *escapes, char text[ESCAPES_HELP_BYTES]);

#endif
