/* terminal_session - a call that has a terminal on its host: the sink that joins it to the user's own terminal.
 *
 *   COOKED -> RAW       the call runs over there: its credit or its first output has come. Until then Ctrl-C means remex,
 *                       and what is typed is kept for the command
 *   RAW -> SUSPENDED    ~^Z, or TSTP from elsewhere: the modes that the program has set are undone
 *   SUSPENDED -> RAW    CONT: they are set again, and the size is one column less for a moment, so that a full-screen program
 *                       redraws: until it writes, but TERMINAL_SESSION_REDRAW_MS at most
 *   any -> COOKED       terminal_session_end
 *
 * Where standard input is no terminal, the command still gets one, of the size of our standard output if that is a
 * terminal; our input is what is typed there, and at its end ^D is sent, which is how a terminal says so.
 */
#ifndef REMEX_CLI_TERMINAL_SESSION_H
#define REMEX_CLI_TERMINAL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"
#include "cli/call.h"
#include "cli/console.h"
#include "cli/escapes.h"
#include "cli/terminal.h"
#include "remex/client.h"

/* Bytes of output that are on their way: what is between Ctrl-C and the prompt when a command floods the terminal. */
enum { TERMINAL_SESSION_WINDOW = 256 * 1024, TERMINAL_SESSION_REDRAW_MS = 1000 };

struct terminal_session {
	struct remex_tty tty; /* for the options of the call */
	char term[64];
	bool read_only; /* set after the opening: nothing is sent, and only escapes are read */
	bool local; /* standard input is a terminal: `terminal`; otherwise `input` */
	struct terminal terminal;
	struct input input;
	struct escapes escapes;
	bool suspended, resized;
	int rows, cols; /* as they were sent */
	int64_t narrow_ms; /* clock_ms: since when the size is one column less; 0: it is not */
	bool redrawn; /* output has come since then */
	bool within_line; /* of the input that is no terminal: what was sent last is no newline */
	int ends; /* how many ^D are to be sent */
	bool ended;
	uint8_t typed[CONSOLE_INPUT]; /* what was typed */
	size_t n_typed, read; /* how much of it escapes_read has read: less than all behind an escape */
	uint8_t going[CONSOLE_INPUT + 1]; /* what goes to the host, when it gives credit */
	size_t n_going, sent;
};

extern const struct sink sink_terminal;

/* Get the terminal's properties, and start its guardian. No other thread runs yet. `escape`: as of escapes_init. input:
 * standard input may be used. 0, or -1 and err; then terminal_session_close, in both cases. */
int terminal_session_open (struct terminal_session *session, const char *escape, bool input, struct err *err);
void terminal_session_close (struct terminal_session *session);

/* Let the call have the terminal: its sink, data and options. */
void terminal_session_use (struct terminal_session *session, struct call *call);

/* The same for a command that runs already, in two steps. As soon as the call is made, tell it the size of our terminal, so that
 * the screen is drawn for it. Once it is known that the command has a terminal, join. */
void terminal_session_announce (struct terminal_session *session, struct call *call);
void terminal_session_join (struct terminal_session *session, struct call *call);

/* The call is over, and nothing more is written: restore the terminal, before anything is said about the end. What was typed, or
 * answered by the terminal, and not read is forgotten. Where the command did not end by itself, what it has done to the terminal
 * is undone. */
void terminal_session_end (struct terminal_session *session, const struct call *call);

#endif
