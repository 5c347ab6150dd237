/* terminal - the user's own terminal, in raw mode while a session has a terminal on a host: what is typed goes there as
 * bytes, Ctrl-C too, and its output is not changed here.
 *
 *   COOKED -> RAW      terminal_raw
 *   RAW -> COOKED      terminal_restore: at the end, and while remex is suspended
 *
 * The terminal is restored also when remex dies without a word (SIGKILL, a crash). A guardian, a process of its own, is
 * forked before anything else. It waits for the end of a pipe that remex holds; when the terminal is still raw then, the
 * guardian sets it back. It has a process group of its own and blocks every signal, so that what is sent to the job from the
 * keyboard or by a shell does not reach it. Both share a page: the settings, and the modes that the program over there
 * has set on the terminal (base/terminal_modes.h), which are undone too.
 *
 * Settings are only changed by a process in the foreground: behind a shell's back nothing is restored, because the shell
 * has its own settings then.
 */
#ifndef REMEX_CLI_TERMINAL_H
#define REMEX_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/nowait.h"

struct terminal_page;

struct terminal {
	struct nowait input; /* what is typed */
	struct terminal_page *page; /* shared with the guardian; NULL: not open */
	int life; /* the guardian waits until its other end is closed */
	pid_t guardian;
	bool shows; /* standard output is a terminal too: modes are followed */
};

/* Standard input is a terminal: get its settings, and start the guardian. No other thread runs yet. 0, or -1 and err. Then
 * terminal_close, in both cases; it restores the terminal. */
int terminal_open (struct terminal *terminal, struct err *err);
void terminal_close (struct terminal *terminal);

/* Its size, 0 where it is not known; the character that erases, 0 where there is none; whether its characters are UTF-8. */
void terminal_size (const struct terminal *terminal, int *rows, int *cols);
int terminal_erase (const struct terminal *terminal);
bool terminal_utf8 (const struct terminal *terminal);

/* Enter raw mode, or enter it again after somebody else has changed the settings. What was typed before is kept, and can be read. In the background the process stops here until it is
 * in the foreground (SIGTTOU). 0, or -1 with errno. */
int terminal_raw (struct terminal *terminal);

/* Is it in raw mode? */
bool terminal_is_raw (const struct terminal *terminal);

/* Leave raw mode. */
void terminal_restore (struct terminal *terminal);

/* The program over there has written n bytes. */
void terminal_follow (struct terminal *terminal, const void *bytes, size_t n);

/* The terminal has another number of rows. */
void terminal_resized (struct terminal *terminal);

/* Undo the modes that the program over there has set: it is gone, or does not have the terminal for a while. True: there
 * were any. terminal_undo forgets them where `forget` is set; otherwise terminal_redo sets them again. */
bool terminal_undo (struct terminal *terminal, bool forget);
void terminal_redo (struct terminal *terminal);

/* Forget what was typed, or answered by the terminal, and not read yet: it was meant for a program that is gone. */
void terminal_flush (struct terminal *terminal);

#endif
