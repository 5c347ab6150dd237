/* say - the messages of remex on stderr, and the end of its output on stdout. */
#ifndef REMEX_CLI_SAY_H
#define REMEX_CLI_SAY_H

#include <stdbool.h>

/* Exit statuses of remex itself (remex(1), EXIT STATUS). */
enum {
	STATUS_TIMED_OUT = 124,
	STATUS_CANCELLED = 130,
	STATUS_PIPE = 141,
	STATUS_UNREACHABLE = 254,
	STATUS_REMEX = 255
};

/* The name of the program in messages from now on; until then it is "remex". The string is not copied. */
void say_program (const char *name);

/* One line on stderr: "remex: HOST: text" (host NULL: "remex: text"). The whole line is made safe for a terminal. */
void complain (const char *host, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* The terminal is in raw mode, or no more: lines that complain writes begin and end with CR LF. */
void say_raw (bool raw);

/* Text on stderr as it is, without "remex: ": a note or a question to the user. Text from a server must go through
 * `safe`. */
void remark (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));

/* `text` escaped for a terminal, in one of a few static buffers: for the arguments of one printf. */
const char *safe (const char *text);

/* Call it before anything is printed: from now on stdout waits for its reader also where the descriptor is non-blocking
 * (another user of it may have made it so), and keeps its first error. 0, or -1 with errno. */
int say_open (void);

/* Flush stdout. Returns the status; or, when the output cannot be written, 255 after a message (141 where its reader
 * has gone). */
int finish (int status);

#endif
