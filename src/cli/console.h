/* console - the stdin, stdout and stderr of remex, its signals, and the user at the terminal.
 *
 * The descriptors belong to the caller and are shared with other programs: they are used as base/nowait.h describes,
 * and a terminal through an open file description of our own where possible. So signals, deadlines and the server's
 * pings are handled while a pager has stopped reading.
 *
 * Several writers share an output: bytes that could not be written yet are kept in the order in which they came. Each
 * writer is called when its own bytes are written or dropped, so that its server, and no other, may send as many again.
 * Text that goes to a terminal erases the status line (status_line.h).
 */
#ifndef REMEX_CLI_CONSOLE_H
#define REMEX_CLI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/nowait.h"

/* --- output ------------------------------------------------------------------------------------------------------ */

struct output {
	struct nowait to; /* its fd is -1: not used yet */
	int number; /* the descriptor it was made for */
	struct buf rest; /* bytes that could not be written yet */
	struct list pieces; /* the writers of these bytes, in order */
	int error; /* errno of a write that failed: from then on everything is dropped */
	bool terminal;
	bool within_line; /* what was put last has no newline at its end */
};

/* A user of outputs. It owns this struct, and calls output_forget before it frees it. */
struct writer {
	/* n kept bytes of this writer are written or dropped. */
	void (*written) (struct writer *writer, size_t n);
};

void output_init (struct output *output, int fd);
void output_close (struct output *output);

/* Write n bytes, or keep the bytes that cannot be written now. Returns how many are written or dropped; for the others
 * the writer is called later. */
size_t output_put (struct output *output, struct writer *writer, const void *bytes, size_t n);

/* Try again to write the kept bytes. */
void output_flush (struct output *output);

/* Do not call the writer any more; its bytes are still written. */
void output_forget (struct output *output, const struct writer *writer);

/* A terminal that bytes are kept for, or where a line is not complete: a status line would be mixed into it. */
bool output_is_busy (const struct output *output);

/* Draw the status line with this text (status_line.h). */
void output_draw (struct output *output, const char *text);

/* Are bytes kept? Then poll the descriptor of `to` for POLLOUT. */
bool output_pending (const struct output *output);

/* --- input ------------------------------------------------------------------------------------------------------- */

struct input {
	struct nowait from;
	bool none; /* a terminal, /dev/null, or not wanted: the request gets no input */
	bool open; /* more may come */
	int error; /* errno of a failed read */
	uint8_t *bytes; /* CONSOLE_INPUT of them */
	size_t first; /* bytes at the start of `bytes` that are sent with the call */
};

enum { CONSOLE_INPUT = 64 * 1024 };

/* Is standard input closed (fd_guard_std)? */
bool input_is_closed (void);

/* Is standard input /dev/null? */
bool input_is_null (void);

/* Examine stdin (wanted false: do not use it). The first bytes of a regular file are read, so that a small file is sent
 * with the call; `open` is then false if that was the whole file. */
void input_init (struct input *input, bool wanted);
void input_close (struct input *input);

/* Can it be read without waiting? Otherwise poll the descriptor of `from` for POLLIN. */
bool input_ready_always (const struct input *input);

/* Read at most n bytes into input->bytes; n is at most CONSOLE_INPUT. Returns how many came; 0: none for now, or no
 * more will come and `open` is false. */
size_t input_read (struct input *input, size_t n);

/* The bytes that were read cannot be sent: read no more. */
void input_fail (struct input *input, int error);

/* All of stdin, at most `max` bytes, in new memory; NULL and err. For hosts_options. */
char *console_read_all (void *context, size_t max, size_t *n, struct err *err);

/* --- signals ----------------------------------------------------------------------------------------------------- */

/* From now on catch INT, TERM and HUP. An ignored signal, as under nohup(1), stays ignored. Returns a descriptor that
 * becomes readable when a signal comes; -1 with errno. It may be called again. console_release_signals restores the old
 * actions. After TERM or HUP the process has CONSOLE_LATE seconds to end by itself, even if it waits for something;
 * then the signal ends it. */
enum { CONSOLE_LATE = 12 };

int console_catch_signals (void);
void console_release_signals (void);

/* From now on catch also the signals that are passed on to a command, or suspend remex, or say that the terminal has another
 * size: QUIT, USR1, USR2, TSTP, CONT, WINCH; or, with false, no more. Nothing happens while signals are not caught at all. Returns
 * what it was before. */
bool console_forward (bool on);

/* Stop this process as TSTP does; with `group` the whole process group, as Ctrl-Z does. False: it was not stopped (TSTP is
 * ignored, or nobody could continue it); true: it was continued, and CONT is among the signals that came. */
bool console_stop (bool group);

/* That descriptor; -1 while signals are not caught. */
int console_signals (void);

/* The next signal that came, or 0. */
int console_signal (void);

/* --- the person -------------------------------------------------------------------------------------------------- */

/* Can a user be asked: are stdin and stderr a terminal? */
bool console_can_ask (void);

/* Read a line from the terminal, without its newline, into `answer`. False at the end of input, or when a signal came;
 * console_signal still returns that signal. Signals must be caught. */
bool console_answer (char *answer, size_t size);

#endif
