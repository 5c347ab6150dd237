/* standard_io - the standard input, output and error of a command, made as pairs: the command's ends, and the far ends,
 * which the front relays.
 *
 * spawn.h takes the command's ends of any kind: pipes, or a terminal.
 */
#ifndef REMEX_WORKER_STANDARD_IO_H
#define REMEX_WORKER_STANDARD_IO_H

#include <stdbool.h>

#include "worker/pty.h"

struct standard_io {
	int command[3]; /* the command's 0, 1, 2; -1: /dev/null */
	int input, output, error; /* the far ends; -1: none */
};

/* Three pipes (without input: two). 0, or -1 with errno. */
int standard_io_pipes (struct standard_io *io, bool with_input);

/* The terminal in the place of all three: its output is `output`, and with input `input` is its input. Copies are made;
 * `pty` stays the caller's. 0, or -1 with errno. */
int standard_io_pty (struct standard_io *io, const struct pty *pty, bool with_input);

/* Close all ends that are still open here. */
void standard_io_close (struct standard_io *io);

#endif
