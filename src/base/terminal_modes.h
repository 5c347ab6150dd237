/* terminal_modes - the modes that a program has set on its terminal, read from its output: which they are, the bytes that
 * undo them when the program is gone without a word, and the bytes that set them again on another terminal.
 *
 * It is a scanner for control sequences (ECMA-48, and "XTerm Control Sequences"), no emulator: it does not know the cursor
 * nor the text. A sequence may be cut between two pieces of output at any byte. It follows:
 *   - private modes (CSI ? n h and l): cursor keys, wrapping, reverse screen, origin, cursor, alternate screen, mouse,
 *     focus, bracketed paste, synchronized updates, reports of colours and of sizes
 *   - insert mode and line feed mode (CSI 4 h, CSI 20 h), the keypad (ESC = and >), the scrolling region (CSI r)
 *   - the shape of the cursor (CSI n SP q), modified keys (CSI > 4 ; n m), the flags of keys of kitty (CSI > n u, CSI < n u,
 *     CSI = n ; m u)
 *   - attributes and colours (CSI m): only whether any may be on; line drawing as a character set (ESC ( 0, SO)
 *   - resets: RIS (ESC c) and DECSTR (CSI ! p)
 */
#ifndef REMEX_BASE_TERMINAL_MODES_H
#define REMEX_BASE_TERMINAL_MODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TERMINAL_MODES_PARAMS = 16 }; /* of one sequence; the rest are ignored */

struct terminal_modes {
	/* The modes: */
	uint64_t changed; /* a bit for each row of the table of private modes: it is not as after a reset */
	bool insert, line_feed, keypad, attributes, charset, shift_out, region, modified_keys;
	unsigned top, bottom; /* of `region`; bottom 0: the last row */
	unsigned modify; /* of `modified_keys` */
	unsigned cursor_shape; /* 0: the default */
	unsigned key_flags[2], key_depth[2]; /* kitty: the flags, and how many are pushed, of the normal and the
						alternate screen */
	/* The scanner: */
	unsigned state, prefix, inner; /* prefix: one of < = > ? or 0; inner: the intermediate byte, or 0 */
	unsigned n_params, params[TERMINAL_MODES_PARAMS];
};

/* Enough for what the functions below write. */
enum { TERMINAL_MODES_BYTES = 1024 };

/* A terminal as after a reset. All zeros are the same. */
void terminal_modes_init (struct terminal_modes *modes);

/* The program has written n bytes. */
void terminal_modes_feed (struct terminal_modes *modes, const void *bytes, size_t n);

/* The terminal has another number of rows: it has no scrolling region then. */
void terminal_modes_resized (struct terminal_modes *modes);

/* Is the alternate screen on? */
bool terminal_modes_alternate (const struct terminal_modes *modes);

/* Is anything not as after a reset, or is a sequence not complete? */
bool terminal_modes_any (const struct terminal_modes *modes);

/* The bytes that undo everything, without moving the cursor of the normal screen. Written to `out`, which has room for
 * TERMINAL_MODES_BYTES; returns how many, 0 where nothing is on. */
size_t terminal_modes_undo (const struct terminal_modes *modes, char *out);

/* The bytes that set everything again on a terminal as after a reset, in two halves: the alternate screen, which comes
 * before the text of the screen is drawn; and the other modes, which come after it, and would disturb the drawing. The
 * attributes and the character set are part of the drawing, and not written. The scrolling region moves the cursor: set
 * the position afterwards. Returns how many bytes, as above. */
size_t terminal_modes_set_screen (const struct terminal_modes *modes, char *out);
size_t terminal_modes_set_rest (const struct terminal_modes *modes, char *out);

#endif
