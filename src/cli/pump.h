/* pump - bytes between our own stdin, stdout, stderr and a request, without ever waiting on them.
 *
 * The descriptors are the caller's and shared with other programs: they are used as base/nowait.h has it, and a terminal
 * through an open file description of our own where that is to be had. So signals, deadlines and the server's pings are
 * seen while a pager has stopped reading.
 */
#ifndef REMEX_CLI_PUMP_H
#define REMEX_CLI_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/nowait.h"
#include "remex/client.h"

struct output {
	struct nowait to; /* its fd is -1: not used yet */
	int number; /* the descriptor it was made for */
	struct buf rest; /* what did not go yet */
	int error; /* errno of a write that failed: everything is dropped from then on */
};

void output_init (struct output *output, int fd);
void output_close (struct output *output);

/* Write n bytes, or keep what does not go now. How many are done with (written or dropped), of these and earlier. */
size_t output_put (struct output *output, const void *bytes, size_t n);

/* Try again with what was kept; how many bytes are done with now. */
size_t output_flush (struct output *output);

/* Is something kept? Then poll the descriptor of `to` for POLLOUT. */
bool output_pending (const struct output *output);

struct input {
	struct nowait from;
	bool none; /* a terminal, /dev/null, or not wanted: the request gets no input */
	bool open; /* more may come */
	int error; /* errno of what ended it before its end */
	uint8_t *bytes; /* PUMP_INPUT of them */
	size_t first; /* bytes at the front of `bytes` that go with the call */
};

enum { PUMP_INPUT = 64 * 1024 };

/* Is standard input closed (fd_guard_std)? */
bool input_is_closed (void);

/* Look at stdin (wanted false: do not use it). A regular file's first bytes are read, so that a small one travels
 * with the call; `open` is then false if that was all. */
void input_init (struct input *input, bool wanted);
void input_close (struct input *input);

/* May it be read without waiting? Otherwise poll the descriptor of `from` for POLLIN. */
bool input_ready_always (const struct input *input);

/* Send what there is, as far as the request has credit; at its end, say so. */
void input_pump (struct input *input, struct remex_request *request);

#endif
