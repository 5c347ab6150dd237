/* terminal_modes - see terminal_modes.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/terminal_modes.h"

/* --- the private modes -------------------------------------------------------------------------------------------- */

/* In the order in which they are set; they are undone in the same order. The alternate screens are apart. */
static const struct private_mode {
	unsigned number;
	bool initially; /* on after a reset */
	bool screen; /* switches to the alternate screen */
} private_modes[] = {
	{ 1, false, false }, /* DECCKM: application cursor keys */
	{ 5, false, false }, /* DECSCNM: reverse screen */
	{ 6, false, false }, /* DECOM: origin */
	{ 7, true, false }, /* DECAWM: wrapping */
	{ 9, false, false }, /* mouse, X10 */
	{ 25, true, false }, /* DECTCEM: visible cursor */
	{ 45, false, false }, /* reverse wrapping */
	{ 47, false, true }, { 66, false, false }, /* DECNKM: application keypad */
	{ 69, false, false }, /* DECLRMM: left and right margins */
	{ 1000, false, false }, /* mouse: buttons */
	{ 1001, false, false }, { 1002, false, false }, /* … and drags */
	{ 1003, false, false }, /* … and every move */
	{ 1004, false, false }, /* focus */
	{ 1005, false, false }, /* encodings of the mouse */
	{ 1006, false, false }, { 1015, false, false }, { 1016, false, false }, { 1047, false, true },
	{ 1049, false, true }, /* with the cursor saved and the screen cleared */
	{ 2004, false, false }, /* bracketed paste */
	{ 2026, false, false }, /* synchronized updates */
	{ 2031, false, false }, /* reports of dark and light */
	{ 2048, false, false }, /* reports of sizes */
};

enum { N_PRIVATE_MODES = sizeof private_modes / sizeof *private_modes };
_Static_assert(N_PRIVATE_MODES <= 64, "a bit each");

static bool is_changed (const struct terminal_modes *modes, size_t i)
{
	return modes->changed >> i & 1;
}

static bool is_number_changed (const struct terminal_modes *modes, unsigned number)
{
	for (size_t i = 0; i < N_PRIVATE_MODES; i++)
		if (private_modes[i].number == number)
			return is_changed (modes, i);
	return false;
}

static void set_private (struct terminal_modes *modes, unsigned number, bool on)
{
	for (size_t i = 0; i < N_PRIVATE_MODES; i++) {
		/* Leaving an alternate screen leaves it, by whichever number it was entered. */
		bool same = private_modes[i].number == number;

		if (same && (number == 47 || number == 1047 || number == 1049) && !on) {
			for (size_t j = 0; j < N_PRIVATE_MODES; j++)
				if (private_modes[j].screen)
					modes->changed &= ~((uint64_t)1 << j);
			/* Its stack of flags stays there, where nothing looks at it. */
			modes->key_flags[1] = modes->key_depth[1] = 0;
			return;
		}
		if (!same)
			continue;
		if (on != private_modes[i].initially)
			modes->changed |= (uint64_t)1 << i;
		else
			modes->changed &= ~((uint64_t)1 << i);
	}
}

bool terminal_modes_alternate (const struct terminal_modes *modes)
{
	for (size_t i = 0; i < N_PRIVATE_MODES; i++)
		if (private_modes[i].screen && is_changed (modes, i))
			return true;
	return false;
}

/* --- the scanner -------------------------------------------------------------------------------------------------- */

enum state {
	TEXT,
	ESCAPE, /* behind ESC */
	ESCAPE_INNER, /* behind ESC and an intermediate byte */
	CONTROL, /* behind CSI */
	CONTROL_BAD, /* too many intermediate bytes: to the end of the sequence */
	STRING, /* OSC, DCS, PM, APC, SOS: to ST or BEL */
	STRING_ESCAPE, /* ESC within a string */
};

void terminal_modes_init (struct terminal_modes *modes)
{
	*modes = (struct terminal_modes){ 0 };
}

static unsigned param (const struct terminal_modes *modes, unsigned i, unsigned otherwise)
{
	return i < modes->n_params && i < TERMINAL_MODES_PARAMS && modes->params[i] ? modes->params[i] : otherwise;
}

static void set_modes (struct terminal_modes *modes, bool on)
{
	for (unsigned i = 0; i < modes->n_params && i < TERMINAL_MODES_PARAMS; i++) {
		unsigned number = modes->params[i];

		if (modes->prefix == '?')
			set_private (modes, number, on);
		else if (!modes->prefix && number == 4)
			modes->insert = on;
		else if (!modes->prefix && number == 20)
			modes->line_feed = on;
	}
}

/* The flags of keys (kitty): each screen has a stack of its own. */
static void set_key_flags (struct terminal_modes *modes)
{
	bool screen = terminal_modes_alternate (modes);
	unsigned *flags = &modes->key_flags[screen], *depth = &modes->key_depth[screen], n;

	switch (modes->prefix) {
	case '>':
		*flags = param (modes, 0, 0);
		*depth += *depth < 32;
		break;
	case '<':
		n = param (modes, 0, 1);
		*depth -= n < *depth ? n : *depth;
		*flags = 0; /* what was below is not known; most programs push one */
		break;
	case '=':
		n = param (modes, 0, 0);
		*flags = param (modes, 1, 1) == 2 ? *flags | n : param (modes, 1, 1) == 3 ? *flags & ~n : n;
		break;
	default: break; /* CSI u restores the cursor */
	}
}

static void soft_reset (struct terminal_modes *modes)
{
	static const unsigned reset[] = { 1, 6, 25, 69 };

	for (size_t i = 0; i < sizeof reset / sizeof *reset; i++)
		set_private (modes, reset[i], reset[i] == 25);
	set_private (modes, 7, true);
	modes->insert = modes->keypad = modes->attributes = modes->charset = modes->shift_out = modes->region = false;
}

static void set_region (struct terminal_modes *modes)
{
	modes->top = param (modes, 0, 1);
	modes->bottom = param (modes, 1, 0);
	modes->region = modes->top > 1 || modes->bottom;
}

void terminal_modes_resized (struct terminal_modes *modes)
{
	modes->region = false;
}

static void set_attributes (struct terminal_modes *modes)
{
	modes->attributes = false;
	for (unsigned i = 0; i < modes->n_params; i++)
		modes->attributes |= param (modes, i, 0) != 0 || i == TERMINAL_MODES_PARAMS;
}

/* The sequence CSI … last is complete. */
static void control (struct terminal_modes *modes, unsigned last)
{
	if (modes->inner == ' ' && last == 'q')
		modes->cursor_shape = param (modes, 0, 0);
	else if (modes->inner == '!' && last == 'p')
		soft_reset (modes);
	else if (modes->inner)
		return;
	else if (last == 'h' || last == 'l')
		set_modes (modes, last == 'h');
	else if (last == 'u')
		set_key_flags (modes);
	else if (last == 'r' && !modes->prefix)
		set_region (modes);
	else if (last == 'm' && !modes->prefix)
		set_attributes (modes);
	else if (last == 'm' && modes->prefix == '>' && (!modes->n_params || param (modes, 0, 0) == 4)) {
		modes->modify = param (modes, 1, 0);
		modes->modified_keys = modes->modify != 0;
	}
}

static void escape (struct terminal_modes *modes, unsigned last)
{
	modes->state = TEXT;
	switch (last) {
	case '[':
		modes->state = CONTROL;
		modes->prefix = modes->inner = modes->n_params = modes->params[0] = 0;
		break;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_': modes->state = STRING; break;
	case 'c': terminal_modes_init (modes); break;
	case '=':
	case '>': modes->keypad = last == '='; break;
	default: break;
	}
}

static void control_byte (struct terminal_modes *modes, unsigned byte)
{
	if (byte >= '0' && byte <= '9') {
		unsigned *last;

		modes->n_params += !modes->n_params;
		if (modes->n_params > TERMINAL_MODES_PARAMS)
			return;
		last = &modes->params[modes->n_params - 1];
		*last = *last > 65535 ? *last : *last * 10 + (byte - '0');
	} else if (byte == ';' || byte == ':') {
		if (modes->n_params > TERMINAL_MODES_PARAMS)
			return;
		modes->n_params += modes->n_params ? 1 : 2;
		if (modes->n_params <= TERMINAL_MODES_PARAMS)
			modes->params[modes->n_params - 1] = 0;
	} else if (byte >= '<' && byte <= '?') {
		modes->prefix = byte;
	} else if (byte >= 0x20 && byte <= 0x2f) {
		if (modes->inner)
			modes->state = CONTROL_BAD;
		modes->inner = byte;
	} else if (byte >= 0x40 && byte <= 0x7e) {
		modes->state = TEXT;
		control (modes, byte);
	}
}

/* A byte that means the same within a sequence. True: it was one. */
static bool anywhere (struct terminal_modes *modes, unsigned byte)
{
	switch (byte) {
	case 0x18: /* CAN */
	case 0x1a: modes->state = TEXT; return true; /* SUB */
	case 0x1b: modes->state = modes->state == STRING ? STRING_ESCAPE : ESCAPE; return true;
	case 0x0e:
	case 0x0f:
		if (modes->state != STRING)
			modes->shift_out = byte == 0x0e;
		return true;
	default: return byte < 0x20 && !(byte == 0x07 && modes->state == STRING);
	}
}

static void feed_byte (struct terminal_modes *modes, unsigned byte)
{
	if (modes->state == STRING_ESCAPE && byte != '\\')
		modes->state = ESCAPE; /* the string is broken off */
	if (anywhere (modes, byte))
		return;
	switch ((enum state)modes->state) {
	case TEXT: break;
	case ESCAPE:
		if (byte >= 0x20 && byte <= 0x2f) {
			modes->state = ESCAPE_INNER;
			modes->inner = byte;
		} else {
			escape (modes, byte);
		}
		break;
	case ESCAPE_INNER:
		if (modes->inner == '(' || modes->inner == ')')
			modes->charset = byte != 'B' || (modes->charset && modes->inner == ')');
		modes->state = TEXT;
		break;
	case CONTROL: control_byte (modes, byte); break;
	case CONTROL_BAD:
		if (byte >= 0x40)
			modes->state = TEXT;
		break;
	case STRING:
		if (byte == 0x07)
			modes->state = TEXT;
		break;
	case STRING_ESCAPE: modes->state = TEXT; break;
	}
}

void terminal_modes_feed (struct terminal_modes *modes, const void *bytes, size_t n)
{
	const uint8_t *at = bytes, *end = at + n;

	while (at < end) {
		/* Text is most of a flood of output: only ESC, SO and SI mean anything in it. */
		if (modes->state == TEXT)
			while (at < end && *at != 0x1b && *at != 0x0e && *at != 0x0f)
				at++;
		if (at < end)
			feed_byte (modes, *at++);
	}
}

/* --- undoing and setting ------------------------------------------------------------------------------------------ */

/* Bytes that are collected. */
struct out {
	char *at, *end;
};

static void add (struct out *out, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

static void add (struct out *out, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start (args, fmt);
	n = vsnprintf (out->at, (size_t)(out->end - out->at), fmt, args);
	va_end (args);
	if (n > 0 && n < out->end - out->at)
		out->at += n;
}

bool terminal_modes_any (const struct terminal_modes *modes)
{
	return modes->changed || modes->insert || modes->line_feed || modes->keypad || modes->attributes ||
	       modes->charset || modes->shift_out || modes->region || modes->modified_keys || modes->cursor_shape ||
	       modes->key_flags[0] || modes->key_flags[1] || modes->key_depth[0] || modes->key_depth[1] ||
	       modes->state != TEXT;
}

static void undo_keys (struct out *out, const struct terminal_modes *modes, int screen)
{
	if (modes->key_depth[screen])
		add (out, "\033[<%uu", modes->key_depth[screen]);
	else if (modes->key_flags[screen])
		add (out, "\033[=0u");
}

size_t terminal_modes_undo (const struct terminal_modes *modes, char *bytes)
{
	struct out out = { bytes, bytes + TERMINAL_MODES_BYTES };
	bool alternate = terminal_modes_alternate (modes);

	if (!terminal_modes_any (modes))
		return 0;
	if (modes->state != TEXT)
		add (&out, "\030\033\\"); /* CAN ends a sequence, ST a string */
	for (size_t i = 0; i < N_PRIVATE_MODES; i++)
		if (is_changed (modes, i) && !private_modes[i].screen && private_modes[i].number != 6)
			add (&out, "\033[?%u%c", private_modes[i].number, private_modes[i].initially ? 'h' : 'l');
	if (modes->modified_keys)
		add (&out, "\033[>4m");
	if (alternate) {
		undo_keys (&out, modes, 1);
		for (size_t i = N_PRIVATE_MODES; i-- > 0;)
			if (is_changed (modes, i) && private_modes[i].screen) {
				add (&out, "\033[?%ul", private_modes[i].number);
				break;
			}
	}
	undo_keys (&out, modes, 0);
	/* The region and the origin move the cursor: save it. */
	if (modes->region || is_number_changed (modes, 6))
		add (&out, "\0337\033[?6l\033[r\0338\033[?6l");
	if (modes->insert)
		add (&out, "\033[4l");
	if (modes->line_feed)
		add (&out, "\033[20l");
	if (modes->keypad)
		add (&out, "\033>");
	if (modes->cursor_shape)
		add (&out, "\033[0 q");
	if (modes->charset)
		add (&out, "\033(B\033)B");
	if (modes->shift_out)
		add (&out, "\017");
	add (&out, "\033[m");
	return (size_t)(out.at - bytes);
}

size_t terminal_modes_set_screen (const struct terminal_modes *modes, char *bytes)
{
	struct out out = { bytes, bytes + TERMINAL_MODES_BYTES };

	for (size_t i = N_PRIVATE_MODES; i-- > 0;)
		if (is_changed (modes, i) && private_modes[i].screen) {
			add (&out, "\033[?%uh", private_modes[i].number);
			break;
		}
	return (size_t)(out.at - bytes);
}

size_t terminal_modes_set_rest (const struct terminal_modes *modes, char *bytes)
{
	struct out out = { bytes, bytes + TERMINAL_MODES_BYTES };
	bool alternate = terminal_modes_alternate (modes);

	if (modes->insert)
		add (&out, "\033[4h");
	if (modes->line_feed)
		add (&out, "\033[20h");
	if (modes->keypad)
		add (&out, "\033=");
	if (modes->cursor_shape)
		add (&out, "\033[%u q", modes->cursor_shape);
	if (modes->modified_keys)
		add (&out, "\033[>4;%um", modes->modify);
	if (modes->key_depth[alternate])
		add (&out, "\033[>%uu", modes->key_flags[alternate]);
	else if (modes->key_flags[alternate])
		add (&out, "\033[=%uu", modes->key_flags[alternate]);
	if (modes->region && modes->bottom)
		add (&out, "\033[%u;%ur", modes->top, modes->bottom);
	else if (modes->region)
		add (&out, "\033[%ur", modes->top);
	for (size_t i = 0; i < N_PRIVATE_MODES; i++)
		if (is_changed (modes, i) && !private_modes[i].screen)
			add (&out, "\033[?%u%c", private_modes[i].number, private_modes[i].initially ? 'l' : 'h');
	return (size_t)(out.at - bytes);
}
