/* screen - see screen.h. */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vterm.h>

#include "base/terminal_modes.h"
#include "job/screen.h"

enum {
	ROWS = 24, /* of a terminal without a size */
	COLS = 80,
	TITLE = 256, /* bytes */
	SGR = 128, /* bytes: enough for all attributes at once */
};

struct screen {
	VTerm *term;
	VTermScreen *cells;
	VTermState *state;
	int rows, cols;
	bool reversed; /* the whole screen is; the modes say so, too */
	char title[TITLE];
	struct terminal_modes modes;
};

/* --- libvterm ------------------------------------------------------------------------------------------------------- */

static int on_property (VTermProp prop, VTermValue *value, void *arg)
{
	struct screen *screen = arg;

	if (prop == VTERM_PROP_REVERSE)
		screen->reversed = value->boolean;
	else if (prop == VTERM_PROP_TITLE && value->string)
		snprintf (screen->title, sizeof screen->title, "%s", value->string);
	return 1;
}

/* An answer of the terminal. */
static void on_answer (const char *bytes, size_t n, void *arg)
{
	(void)bytes;
	(void)n;
	(void)arg;
}

static void bound_size (int *rows, int *cols)
{
	if (*rows <= 0 || *cols <= 0) {
		*rows = ROWS;
		*cols = COLS;
	}
	if (*rows > SCREEN_ROWS)
		*rows = SCREEN_ROWS;
	if (*cols > SCREEN_COLS)
		*cols = SCREEN_COLS;
	if (*rows > SCREEN_CELLS / *cols)
		*rows = SCREEN_CELLS / *cols;
}

struct screen *screen_new (int rows, int cols)
{
	static const VTermScreenCallbacks callbacks = { .settermprop = on_property };
	struct screen *screen = calloc (1, sizeof *screen);

	bound_size (&rows, &cols);
	if (!screen || !(screen->term = vterm_new (rows, cols))) {
		free (screen);
		return NULL;
	}
	screen->rows = rows;
	screen->cols = cols;
	vterm_set_utf8 (screen->term, 1);
	vterm_output_set_callback (screen->term, on_answer, NULL);
	screen->state = vterm_obtain_state (screen->term);
	screen->cells = vterm_obtain_screen (screen->term);
	vterm_screen_set_callbacks (screen->cells, &callbacks, screen);
	vterm_screen_set_damage_merge (screen->cells, VTERM_DAMAGE_SCREEN);
	vterm_screen_enable_altscreen (screen->cells, 1);
	vterm_screen_reset (screen->cells, 1);
	return screen;
}

void screen_free (struct screen *screen)
{
	if (screen)
		vterm_free (screen->term);
	free (screen);
}

void screen_feed (struct screen *screen, const void *bytes, size_t n)
{
	terminal_modes_feed (&screen->modes, bytes, n);
	vterm_input_write (screen->term, bytes, n);
}

void screen_resize (struct screen *screen, int rows, int cols)
{
	bound_size (&rows, &cols);
	if (rows == screen->rows && cols == screen->cols)
		return;
	vterm_set_size (screen->term, rows, cols);
	screen->rows = rows;
	screen->cols = cols;
}

/* --- text ----------------------------------------------------------------------------------------------------------- */

static int put (struct buf *out, const char *text)
{
	return buf_append (out, text, strlen (text));
}

/* A character in UTF-8. Controls must not pass: they would be obeyed. */
static int put_char (struct buf *out, uint32_t c)
{
	uint8_t bytes[4];
	size_t n = 0;

	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = ' ';
	if (c < 0x80) {
		bytes[n++] = (uint8_t)c;
	} else if (c < 0x800) {
		bytes[n++] = (uint8_t)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		bytes[n++] = (uint8_t)(0xe0 | c >> 12);
		bytes[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	} else {
		bytes[n++] = (uint8_t)(0xf0 | c >> 18);
		bytes[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		bytes[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		bytes[n++] = (uint8_t)(0x80 | (c & 0x3f));
	return buf_append (out, bytes, n);
}

/* The second half of a wide character. */
static bool is_half (const VTermScreenCell *cell)
{
	return cell->chars[0] == (uint32_t)-1;
}

static int put_cell (struct buf *out, const VTermScreenCell *cell)
{
	if (is_half (cell))
		return 0;
	if (!cell->chars[0])
		return put (out, " ");
	for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i]; i++)
		if (put_char (out, cell->chars[i]) < 0)
			return -1;
	return 0;
}

static VTermScreenCell cell_at (const struct screen *screen, int row, int col)
{
	VTermScreenCell cell = { 0 };

	vterm_screen_get_cell (screen->cells, (VTermPos){ row, col }, &cell);
	cell.attrs.reverse ^= screen->reversed;
	return cell;
}

/* The number of cells of a row before the blanks at its end. `text`: a blank with a colour is one, too. */
static int row_end (const struct screen *screen, int row, bool text)
{
	int col = screen->cols;

	while (col > 0) {
		VTermScreenCell cell = cell_at (screen, row, col - 1);

		if (cell.chars[0] && (cell.chars[0] != ' ' || cell.chars[1]))
			break;
		if (!text && (!VTERM_COLOR_IS_DEFAULT_BG (&cell.bg) || cell.attrs.reverse || cell.attrs.underline ||
				     cell.attrs.strike))
			break;
		col--;
	}
	return col;
}

int screen_text (const struct screen *screen, struct buf *out)
{
	int rows = screen->rows;

	while (rows > 0 && !row_end (screen, rows - 1, true))
		rows--;
	for (int row = 0; row < rows; row++) {
		int end = row_end (screen, row, true);

		for (int col = 0; col < end; col++) {
			VTermScreenCell cell = cell_at (screen, row, col);

			if (put_cell (out, &cell) < 0)
				return -1;
		}
		if (put (out, "\n") < 0)
			return -1;
	}
	return 0;
}

/* --- redraw --------------------------------------------------------------------------------------------------------- */

/* The look of a cell, or of the text that comes next. */
struct pen {
	bool bold, italic, blink, reverse, strike;
	unsigned underline;
	VTermColor fg, bg;
};

static size_t colour (char *out, size_t size, const VTermColor *colour, int base, bool is_default)
{
	if (is_default)
		return 0;
	if (VTERM_COLOR_IS_RGB (colour))
		return (size_t)snprintf (out, size, ";%d;2;%d;%d;%d", base + 8, colour->rgb.red, colour->rgb.green,
			colour->rgb.blue);
	if (colour->indexed.idx < 8)
		return (size_t)snprintf (out, size, ";%d", base + colour->indexed.idx);
	if (colour->indexed.idx < 16)
		return (size_t)snprintf (out, size, ";%d", base + 60 + colour->indexed.idx - 8);
	return (size_t)snprintf (out, size, ";%d;5;%d", base + 8, colour->indexed.idx);
}

/* The sequence that sets the pen, whatever it was (ECMA-48, SGR). */
static void format_pen (char out[SGR], const struct pen *pen)
{
	static const char *const underlines[] = { "", ";4", ";21", ";4:3" };
	size_t n;

	n = (size_t)snprintf (out, SGR, "\033[0%s%s%s%s%s%s", pen->bold ? ";1" : "", pen->italic ? ";3" : "",
		underlines[pen->underline & 3], pen->blink ? ";5" : "", pen->reverse ? ";7" : "",
		pen->strike ? ";9" : "");
	n += colour (out + n, SGR - n, &pen->fg, 30, VTERM_COLOR_IS_DEFAULT_FG (&pen->fg));
	n += colour (out + n, SGR - n, &pen->bg, 40, VTERM_COLOR_IS_DEFAULT_BG (&pen->bg));
	snprintf (out + n, SGR - n, "m");
}

static struct pen pen_of (const VTermScreenCell *cell)
{
	return (struct pen){
		.bold = cell->attrs.bold,
		.italic = cell->attrs.italic,
		.blink = cell->attrs.blink,
		.reverse = cell->attrs.reverse,
		.strike = cell->attrs.strike,
		.underline = cell->attrs.underline,
		.fg = cell->fg,
		.bg = cell->bg,
	};
}

/* The pen of the program. */
static struct pen pen_now (const struct screen *screen)
{
	VTermValue value[VTERM_N_ATTRS] = { 0 };

	for (int i = 1; i < VTERM_N_ATTRS; i++)
		vterm_state_get_penattr (screen->state, (VTermAttr)i, &value[i]);
	return (struct pen){
		.bold = value[VTERM_ATTR_BOLD].boolean,
		.italic = value[VTERM_ATTR_ITALIC].boolean,
		.blink = value[VTERM_ATTR_BLINK].boolean,
		.reverse = value[VTERM_ATTR_REVERSE].boolean,
		.strike = value[VTERM_ATTR_STRIKE].boolean,
		.underline = (unsigned)value[VTERM_ATTR_UNDERLINE].number,
		.fg = value[VTERM_ATTR_FOREGROUND].color,
		.bg = value[VTERM_ATTR_BACKGROUND].color,
	};
}

static int draw_row (const struct screen *screen, int row, struct buf *out, char last[SGR])
{
	int end = row_end (screen, row, false);

	if (end && buf_printf (out, "\033[%d;1H", row + 1) < 0)
		return -1;
	for (int col = 0; col < end; col++) {
		VTermScreenCell cell = cell_at (screen, row, col);
		struct pen pen = pen_of (&cell);
		char sgr[SGR];

		if (is_half (&cell))
			continue;
		format_pen (sgr, &pen);
		if (strcmp (sgr, last)) {
			if (put (out, sgr) < 0)
				return -1;
			memcpy (last, sgr, SGR);
		}
		if (put_cell (out, &cell) < 0)
			return -1;
	}
	return 0;
}

static int put_title (const struct screen *screen, struct buf *out)
{
	if (!*screen->title)
		return 0;
	if (put (out, "\033]2;") < 0)
		return -1;
	for (const char *p = screen->title; *p; p++) /* UTF-8 stays; what could end the sequence does not */
		if ((unsigned char)*p >= 0x20 && *p != 0x7f && buf_append (out, p, 1) < 0)
			return -1;
	return put (out, "\033\\");
}

int screen_redraw (const struct screen *screen, struct buf *out)
{
	char modes[TERMINAL_MODES_BYTES], last[SGR] = "\033[0m";
	struct pen pen = pen_now (screen);
	VTermPos cursor;

	/* No origin mode, no scrolling region, wrapping on, insertion off, ASCII, no attributes. */
	if (put (out, "\033[?6l\033[r\033[?7h\033[4l\033(B\017\033[0m") < 0 ||
		buf_append (out, modes, terminal_modes_set_screen (&screen->modes, modes)) < 0 ||
		put (out, "\033[H\033[2J") < 0)
		return -1;
	for (int row = 0; row < screen->rows; row++)
		if (draw_row (screen, row, out, last) < 0)
			return -1;
	format_pen (last, &pen);
	vterm_state_get_cursorpos (screen->state, &cursor);
	if (put_title (screen, out) < 0 ||
		buf_append (out, modes, terminal_modes_set_rest (&screen->modes, modes)) < 0 ||
		buf_printf (out, "\033[%d;%dH%s%s%s", cursor.row + 1, cursor.col + 1, last,
			screen->modes.charset ? "\033(0" : "", screen->modes.shift_out ? "\016" : "") < 0)
		return -1;
	return 0;
}
