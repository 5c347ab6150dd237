/* status_line - the one line at the bottom of the terminal at stderr that is drawn again and again: how much of a copy has
 * gone, how many hosts are over (progress.h makes its text).
 *
 *   drawn  -> erased      before any other text goes to the terminal, and at the end
 *   erased -> drawn       when it is due again
 *
 * There is one terminal, so there is one line for the whole program. Before other text is written to the terminal, the
 * bytes that erase the line are written: say.c and console.c do so. The width is asked for at each drawing, so that a
 * terminal may be resized.
 */
#ifndef REMEX_CLI_STATUS_LINE_H
#define REMEX_CLI_STATUS_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum { STATUS_LINE_WIDTH = 250, STATUS_LINE_BYTES = 4 * STATUS_LINE_WIDTH + 8 };

/* Is stderr a terminal that can erase a line? One of the type "dumb" cannot (TERM). */
bool status_line_possible (void);

/* Does the terminal belong to our process group at this moment? A job in the background does not draw over the user's
 * typing. */
bool status_line_is_ours (void);

/* How many columns the terminal has; at most STATUS_LINE_WIDTH. */
int status_line_width (void);

/* The bytes that draw this text, without control characters, in place of the line: `out` has STATUS_LINE_BYTES. Text
 * that is wider than the terminal is cut. Returns their number. The line counts as drawn from now on. */
size_t status_line_draw (char *out, const char *text);

/* The terminal has shown a ^C at the beginning of an empty line: the next text erases it. */
void status_line_echoed (void);

/* The bytes that erase the line: "" where none is drawn. The line counts as erased from now on. */
const char *status_line_erase (void);

#endif
