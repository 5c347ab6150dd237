/* console - the terminal end of remex: its one stdin, stdout and stderr, its signals, and the person who may sit there.
 *
 * The descriptors are the caller's and shared with other programs: they are used as base/nowait.h has it, and a terminal
 * through an open file description of our own where that is to be had. So signals, deadlines and the server's pings are
 * seen while a pager has stopped reading.
 *
 * Several writers share an output: what could not be written yet is kept in the order in which it came, and each writer
 * is told when bytes of its own are done with. So one server may send as much again, and nobody else's counts.
 */
#ifndef REMEX_CLI_CONSOLE_H
#define REMEX_CLI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/nowait.h"

/* --- output ------------------------------------------------------------------------------------------------------ */

struct output {
	struct nowait to; /* its fd is -1: not used yet */
	int number; /* the descriptor it was made for */
	struct buf rest; /* what did not go yet */
	struct list pieces; /* whose bytes these are, in their order */
	int error; /* errno of a write that failed: everything is dropped from then on */
};

/* Somebody who writes to outputs. The writer owns it, and calls output_forget before it goes. */
struct writer {
	/* n bytes of this writer's that were kept are done with: written or dropped. */
	void (*written) (struct writer *writer, size_t n);
};

void output_init (struct output *output, int fd);
void output_close (struct output *output);

/* Write n bytes, or keep what does not go now. How many of them are done with (written or dropped); of the others the
 * writer is told. */
size_t output_put (struct output *output, struct writer *writer, const void *bytes, size_t n);

/* Try again with what was kept. */
void output_flush (struct output *output);

/* The writer is not told any more; its bytes are written all the same. */
void output_forget (struct output *output, const struct writer *writer);

/* Is something kept? Then poll the descriptor of `to` for POLLOUT. */
bool output_pending (const struct output *output);

/* --- input ------------------------------------------------------------------------------------------------------- */

struct input {
	struct nowait from;
	bool none; /* a terminal, /dev/null, or not wanted: the request gets no input */
	bool open; /* more may come */
	int error; /* errno of what ended it before its end */
	uint8_t *bytes; /* CONSOLE_INPUT of them */
	size_t first; /* bytes at the front of `bytes` that go with the call */
};

enum { CONSOLE_INPUT = 64 * 1024 };

/* Is standard input closed (fd_guard_std)? */
bool input_is_closed (void);

/* Look at stdin (wanted false: do not use it). A regular file's first bytes are read, so that a small one travels
 * with the call; `open` is then false if that was all. */
void input_init (struct input *input, bool wanted);
void input_close (struct input *input);

/* May it be read without waiting? Otherwise poll the descriptor of `from` for POLLIN. */
bool input_ready_always (const struct input *input);

/* Read at most n bytes into input->bytes, n being at most CONSOLE_INPUT. How many came; 0: none for now, or nothing more
 * comes and `open` is false. */
size_t input_read (struct input *input, size_t n);

/* What was read cannot be passed on: nothing more is read. */
void input_fail (struct input *input, int error);

/* --- signals ----------------------------------------------------------------------------------------------------- */

/* From now on INT, TERM and HUP are caught (one that is ignored, as under nohup(1), stays so) and make a descriptor
 * readable, which is returned; -1 with errno. It may be called again. After console_release_signals they do again what
 * they did before. After TERM or HUP we have CONSOLE_LATE seconds to end by ourselves, whatever we wait for; then the
 * signal ends us. */
enum { CONSOLE_LATE = 12 };

int console_catch_signals (void);
void console_release_signals (void);

/* That descriptor; -1 while they are not caught. */
int console_signals (void);

/* The next signal that came, or 0. */
int console_signal (void);

/* --- the person -------------------------------------------------------------------------------------------------- */

/* Is there somebody to ask: a terminal at stdin and stderr? */
bool console_can_ask (void);

/* Read a line from the terminal, without its newline, into `answer`. False at its end or when a signal came, which stays
 * to be taken. Signals have to be caught. */
bool console_answer (char *answer, size_t size);

#endif
