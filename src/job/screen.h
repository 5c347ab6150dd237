/* screen - what the terminal of a job shows: kept by libvterm from the job's output, for viewers that come later.
 *
 * A redraw is bytes for a terminal of that size: the text with its attributes and colours, the title, the place of the
 * cursor, and the modes that the program has set (base/terminal_modes.h), so that a paste into a program that has asked for
 * bracketed paste is one there, too.
 *
 * The output is a stranger's. Memory depends on the size alone, which is bounded: SCREEN_ROWS, SCREEN_COLS and SCREEN_CELLS;
 * a terminal of 0 rows or columns is taken for one of 24 by 80. Output that asks for answers (reports of the terminal) gets
 * none here: a viewer's terminal answers.
 */
#ifndef REMEX_JOB_SCREEN_H
#define REMEX_JOB_SCREEN_H

#include <stddef.h>

#include "base/buf.h"

enum { SCREEN_ROWS = 1000, SCREEN_COLS = 2000, SCREEN_CELLS = 100 * 1000 };

struct screen;

/* NULL: out of memory. */
struct screen *screen_new (int rows, int cols);
void screen_free (struct screen *screen);

/* The program has written n bytes. */
void screen_feed (struct screen *screen, const void *bytes, size_t n);

void screen_resize (struct screen *screen, int rows, int cols);

/* Append the bytes that draw the screen on a terminal in any state. 0, or -1 without memory or room. */
int screen_redraw (const struct screen *screen, struct buf *out);

/* Append the text of the screen: a line for each row, without blanks at its end, and without empty rows at the end. */
int screen_text (const struct screen *screen, struct buf *out);

#endif
