/* fuzz_terminal_modes - any bytes as the output of a program: what undoes its modes leaves none, and what sets them again
 * makes the same modes on another terminal. A cut anywhere changes nothing. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/terminal_modes.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct terminal_modes whole = { 0 }, pieces = { 0 }, other = { 0 };
	char undo[TERMINAL_MODES_BYTES], undo_pieces[TERMINAL_MODES_BYTES], set[TERMINAL_MODES_BYTES];
	size_t n, cut = size ? data[0] % size : 0;

	terminal_modes_feed (&whole, data, size);
	terminal_modes_feed (&pieces, data, cut);
	terminal_modes_feed (&pieces, data + cut, size - cut);
	n = terminal_modes_undo (&whole, undo);
	require (n < TERMINAL_MODES_BYTES && (n > 0) == terminal_modes_any (&whole));
	require (terminal_modes_undo (&pieces, undo_pieces) == n && !memcmp (undo, undo_pieces, n));
	terminal_modes_feed (&other, set, terminal_modes_set_screen (&whole, set));
	require (terminal_modes_alternate (&other) == terminal_modes_alternate (&whole));
	terminal_modes_feed (&other, set, terminal_modes_set_rest (&whole, set));
	require (other.changed == whole.changed || terminal_modes_alternate (&whole));
	terminal_modes_feed (&whole, undo, n);
	require (!terminal_modes_any (&whole));
	return 0;
}
