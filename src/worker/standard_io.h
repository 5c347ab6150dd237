/* standard_io - the standard input, output and error of a command, made as pairs: the command's ends, and the far ends,
 * which the front relays.
 *
 * spawn.h takes the command's ends of any kind. Pipes are the only kind today.
 */
#ifndef REMEX_WORKER_STANDARD_IO_H
#define REMEX_WORKER_STANDARD_IO_H

#include <stdbool.h>

struct standard_io {
	int command[3]; /* the command's 0, 1, 2; -1: /dev/null */
	int input, output, error; /* the far ends; -1: none */
};

/* Three pipes (without input: two). 0, or -1 with errno. */
int standard_io_pipes (struct standard_io *io, bool with_input);

/* Close all ends that are still open here. */
void standard_io_close (struct standard_io *io);

#endif
