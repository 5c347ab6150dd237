/* screen - see screen.h.
 *
 * libvterm 0.1.4 is not safe with everything: it has no bound for the parameters of a sequence, may repeat for ever (REP), keeps strings (OSC and its
 * kin) of any length, and its change of size leaves lines behind that are not there. So it only gets text, controls, and
 * complete sequences with few and small parameters (the filter below); strings end here; and a change of size makes a new
 * terminal, on which the old one is drawn.
 */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vterm.h>

#include "base/terminal_modes.h"
#include "base/text.h"
#include "job/screen.h"

enum {
	ROWS = 24, /* of a terminal without a size */
	COLS = 80,
	TITLE = 256, /* bytes */
	SGR = 128, /* bytes: enough for all attributes at once */
	SEQUENCE = 96, /* bytes, behind ESC [ */
	PARAMS = 15,
	NUMBER_MAX = 9999,
	REDRAW_MAX = 32 * 1024 * 1024,
};

/* The filter: between sequences; behind ESC, and its intermediate bytes; behind ESC [; in a string, behind its ESC. */
enum filter { TEXT, ESCAPE, CONTROL, STRING, STRING_ESCAPE };

struct screen {
	VTerm *term;
	VTermScreen *cells;
	VTermState *state;
	int rows, cols;
	bool reversed; /* the whole screen is; the modes say so, too */
	char title[TITLE];
	struct terminal_modes modes;
	enum filter filter;
	char kept[TITLE]; /* of the sequence or string */
	size_t n_kept;
	bool too_long; /* there was more */
	bool is_title; /* the string is an OSC */
	char partial[4]; /* a character of UTF-8 that is not complete */
	size_t n_partial, partial_size;
	char last; /* the last character, if it is of ASCII, and no control; else 0 */
};

/* --- the filter ---------------------------------------------------------------------------------------------------- */

static void pass (struct screen *screen, const char *bytes, size_t n)
{
	vterm_input_write (screen->term, bytes, n);
}

static void begin (struct screen *screen, enum filter filter)
{
	screen->filter = filter;
	screen->n_kept = 0;
	screen->too_long = false;
}

static void keep (struct screen *screen, char c, size_t max)
{
	if (screen->n_kept < max)
		screen->kept[screen->n_kept++] = c;
	else
		screen->too_long = true;
}

/* A byte of a character of several bytes, or one that ends it too early. libvterm gets whole characters, and none that is a
 * control (C1). */
static void pass_partial (struct screen *screen, char c)
{
	static const char bad[] = "\357\277\275"; /* U+FFFD */
	unsigned char byte = (unsigned char)c;

	screen->last = 0;
	if (screen->n_partial && (byte & 0xc0) != 0x80) {
		pass (screen, bad, 3);
		screen->n_partial = 0;
	}
	if (byte < 0x80)
		return;
	if (!screen->n_partial)
		screen->partial_size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
	screen->partial[screen->n_partial++] = c;
	if (screen->n_partial < screen->partial_size)
		return;
	if (!text_is_utf8 (screen->partial, screen->n_partial))
		pass (screen, bad, 3);
	else if (screen->n_partial > 2 || screen->partial[0] != '\302' || (unsigned char)screen->partial[1] >= 0xa0)
		pass (screen, screen->partial, screen->n_partial);
	screen->n_partial = 0;
}

static void pass_text (struct screen *screen, const char *p, const char *end)
{
	while (p < end) {
		const char *from = p;

		while (p < end && !((unsigned char)*p & 0x80))
			p++;
		if (p > from) {
			pass_partial (screen, *from);
			pass (screen, from, (size_t)(p - from));
			screen->last = p[-1] >= 0x20 && p[-1] < 0x7f ? p[-1] : 0;
		}
		for (; p < end && (unsigned char)*p & 0x80; p++)
			pass_partial (screen, *p);
	}
}

/* REP: libvterm never ends to repeat a combining character. */
static void repeat (struct screen *screen, int n)
{
	char block[64];

	memset (block, screen->last, sizeof block);
	for (n = n ? n : 1; screen->last && n > 0; n -= (int)sizeof block)
		pass (screen, block, (size_t)n < sizeof block ? (size_t)n : sizeof block);
}

/* Pass a sequence on, if it has the usual form: a leader (< = > ?), numbers with ; and : between them, intermediate bytes. */
static void pass_control (struct screen *screen, char last)
{
	char out[SEQUENCE + 8] = "\033[";
	size_t n = 2, i = 0, separators = 0, intermediate = 0;

	if (i < screen->n_kept && strchr ("<=>?", screen->kept[i]))
		out[n++] = screen->kept[i++];
	while (i < screen->n_kept) {
		char c = screen->kept[i];
		long number = 0;

		if (c >= '0' && c <= '9' && !intermediate) {
			for (; i < screen->n_kept && screen->kept[i] >= '0' && screen->kept[i] <= '9'; i++)
				number = number > NUMBER_MAX ? number : number * 10 + (screen->kept[i] - '0');
			n += (size_t)snprintf (
				out + n, sizeof out - n, "%ld", number < NUMBER_MAX ? number : NUMBER_MAX);
			continue;
		}
		if ((c == ';' || c == ':') && !intermediate) {
			if (++separators == PARAMS)
				return;
		} else if (c >= 0x20 && c < 0x30) {
			if (++intermediate > 2)
				return;
		} else {
			return;
		}
		out[n++] = c;
		i++;
	}
	out[n] = '\0';
	if (last == 'b' && !screen->too_long) {
		repeat (screen, atoi (out + 2));
	} else if (!screen->too_long) {
		out[n++] = last;
		pass (screen, out, n);
	}
}

/* Behind ESC. */
static void filter_escape (struct screen *screen, char c)
{
	char out[3] = { '\033' };

	if (c >= 0x20 && c < 0x30) {
		keep (screen, c, 1);
	} else if (!screen->n_kept && c == '[') {
		begin (screen, CONTROL);
	} else if (!screen->n_kept && strchr ("]PX^_", c)) {
		begin (screen, STRING);
		screen->is_title = c == ']';
	} else {
		screen->filter = TEXT;
		memcpy (out + 1, screen->kept, screen->n_kept);
		out[1 + screen->n_kept] = c;
		/* Lines of double size are no part of a redraw. */
		if (!screen->too_long && (!screen->n_kept || *screen->kept != '#' || c == '8'))
			pass (screen, out, 2 + screen->n_kept);
	}
}

/* "0;TITLE" or "2;TITLE". */
static void end_string (struct screen *screen)
{
	screen->filter = TEXT;
	if (screen->is_title && screen->n_kept >= 2 && (*screen->kept == '0' || *screen->kept == '2') &&
		screen->kept[1] == ';')
		snprintf (screen->title, sizeof screen->title, "%.*s", (int)screen->n_kept - 2, screen->kept + 2);
}

/* One byte within a sequence or string. */
static void filter_byte (struct screen *screen, char c)
{
	unsigned char byte = (unsigned char)c;

	if (screen->filter == STRING_ESCAPE) {
		end_string (screen); /* by ESC \, or any other sequence */
		if (c == '\\')
			return;
		begin (screen, ESCAPE);
	}
	if (byte == 0x18 || byte == 0x1a) {
		screen->filter = TEXT; /* CAN and SUB end everything */
	} else if (c == '\033') {
		if (screen->filter == STRING)
			screen->filter = STRING_ESCAPE;
		else
			begin (screen, ESCAPE);
	} else if (screen->filter == STRING) {
		if (c == '\a')
			end_string (screen);
		else
			keep (screen, c, TITLE);
	} else if (byte < 0x20) {
		pass (screen, &c, 1); /* controls are obeyed at once */
	} else if (byte >= 0x7f) {
		if (byte > 0x7f)
			screen->filter = TEXT;
	} else if (screen->filter == ESCAPE) {
		filter_escape (screen, c);
	} else if (byte < 0x40) {
		keep (screen, c, SEQUENCE);
	} else {
		screen->filter = TEXT;
		pass_control (screen, c);
	}
}

void screen_feed (struct screen *screen, const void *bytes, size_t n)
{
	const char *p = bytes, *end = p + n;

	terminal_modes_feed (&screen->modes, bytes, n);
	while (p < end) {
		const char *next;

		if (screen->filter != TEXT) {
			filter_byte (screen, *p++);
			continue;
		}
		next = memchr (p, '\033', (size_t)(end - p));
		if (!next)
			next = end;
		pass_text (screen, p, next);
		if (next < end) {
			pass_partial (screen, *next);
			begin (screen, ESCAPE);
			next++;
		}
		p = next;
	}
}

/* --- the terminal -------------------------------------------------------------------------------------------------- */

static int on_property (VTermProp prop, VTermValue *value, void *arg)
{
	struct screen *screen = arg;

	if (prop == VTERM_PROP_REVERSE)
		screen->reversed = value->boolean;
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
	if (*cols < 2)
		*cols = 2; /* libvterm puts a wide character beyond a single column */
	if (*rows > SCREEN_ROWS)
		*rows = SCREEN_ROWS;
	if (*cols > SCREEN_COLS)
		*cols = SCREEN_COLS;
	if (*rows > SCREEN_CELLS / *cols)
		*rows = SCREEN_CELLS / *cols;
}

/* Put a new terminal into `screen`. False: out of memory. */
static bool make (struct screen *screen, int rows, int cols)
{
	static const VTermScreenCallbacks callbacks = { .settermprop = on_property };
	VTerm *term;

	bound_size (&rows, &cols);
	if (!(term = vterm_new (rows, cols)))
		return false;
	screen->term = term;
	screen->rows = rows;
	screen->cols = cols;
	screen->reversed = false;
	vterm_set_utf8 (screen->term, 1);
	vterm_output_set_callback (screen->term, on_answer, NULL);
	screen->state = vterm_obtain_state (screen->term);
	screen->cells = vterm_obtain_screen (screen->term);
	vterm_screen_set_callbacks (screen->cells, &callbacks, screen);
	vterm_screen_set_damage_merge (screen->cells, VTERM_DAMAGE_SCREEN);
	vterm_screen_enable_altscreen (screen->cells, 1);
	vterm_screen_reset (screen->cells, 1);
	return true;
}

struct screen *screen_new (int rows, int cols)
{
	struct screen *screen = calloc (1, sizeof *screen);

	if (screen && make (screen, rows, cols))
		return screen;
	free (screen);
	return NULL;
}

void screen_free (struct screen *screen)
{
	if (screen)
		vterm_free (screen->term);
	free (screen);
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
		return (size_t)snprintf (
			out, size, ";%d;2;%d;%d;%d", base + 8, colour->rgb.red, colour->rgb.green, colour->rgb.blue);
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

/* Draw the first `cols` columns of a row, as row `as`. */
static int draw_row (const struct screen *screen, int row, int as, int cols, struct buf *out, char last[SGR])
{
	int end = row_end (screen, row, false);

	if (end && buf_printf (out, "\033[%d;1H", as + 1) < 0)
		return -1;
	for (int col = 0; col < end && col < cols; col++) {
		VTermScreenCell cell = cell_at (screen, row, col);
		struct pen pen = pen_of (&cell);
		char sgr[SGR];

		if (is_half (&cell) || col + cell.width > cols)
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

/* Draw on a terminal of that size. When it has fewer rows, the row of the cursor is among those that stay. */
static int draw (const struct screen *screen, int rows, int cols, struct buf *out)
{
	char modes[TERMINAL_MODES_BYTES + 1], last[SGR] = "\033[0m";
	struct pen pen = pen_now (screen);
	VTermPos cursor;
	int first, row;
	size_t n;

	vterm_state_get_cursorpos (screen->state, &cursor);
	first = cursor.row >= rows ? cursor.row - rows + 1 : 0;
	/* No origin mode, no scrolling region, wrapping on, insertion off, ASCII, no attributes. */
	if (put (out, "\033[?6l\033[r\033[?7h\033[4l\033(B\017\033[0m") < 0 ||
		buf_append (out, modes, terminal_modes_set_screen (&screen->modes, modes)) < 0 ||
		put (out, "\033[H\033[2J") < 0)
		return -1;
	for (row = first; row < screen->rows && row < first + rows; row++)
		if (draw_row (screen, row, row - first, cols, out, last) < 0)
			return -1;
	n = terminal_modes_set_rest (&screen->modes, modes);
	modes[n] = '\0';
	row = cursor.row - first;
	/* In origin mode rows are counted from the top of the scrolling region. */
	if (strstr (modes, "\033[?6h") && screen->modes.region && (int)screen->modes.top <= row + 1)
		row -= (int)screen->modes.top - 1;
	format_pen (last, &pen);
	return put_title (screen, out) < 0 || buf_append (out, modes, n) < 0 ||
			       buf_printf (out, "\033[%d;%dH%s%s%s", row + 1, cursor.col + 1, last,
				       screen->modes.charset ? "\033(0" : "", screen->modes.shift_out ? "\016" : "") < 0
		       ? -1
		       : 0;
}

int screen_redraw (const struct screen *screen, struct buf *out)
{
	return draw (screen, screen->rows, screen->cols, out);
}

void screen_resize (struct screen *screen, int rows, int cols)
{
	struct screen old = *screen;
	struct buf out;

	bound_size (&rows, &cols);
	if ((rows == screen->rows && cols == screen->cols) || !make (screen, rows, cols))
		return;
	if (screen->rows != old.rows)
		terminal_modes_resized (&screen->modes);
	old.modes = screen->modes;
	buf_init (&out, REDRAW_MAX);
	draw (&old, rows, cols, &out); /* without memory: as much as there was room for */
	pass (screen, (const char *)buf_head (&out), buf_len (&out));
	buf_free (&out);
	vterm_free (old.term);
}
