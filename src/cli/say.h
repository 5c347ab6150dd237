/* say - what remex itself says on stderr, and the end of what it says on stdout. */
#ifndef REMEX_CLI_SAY_H
#define REMEX_CLI_SAY_H

/* Exit statuses of remex itself (remex(1), EXIT STATUS). */
enum { STATUS_TIMED_OUT = 124, STATUS_CANCELLED = 130, STATUS_PIPE = 141, STATUS_REMEX = 255 };

/* One line on stderr: "remex: HOST: text" (host NULL: "remex: text"). Everything in it is made safe for a terminal. */
void complain (const char *host, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Text on stderr as it stands, without "remex: ": a note or a question to a person. Whatever a server sent goes through
 * `safe`. */
void remark (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));

/* Escaped for a terminal, in one of a few static buffers: for the arguments of one printf. */
const char *safe (const char *text);

/* Before anything is printed: from now on stdout waits for a reader also where the descriptor does not block (whoever shares
 * it may have made it so), and remembers why it failed. 0, or -1 with errno. */
int say_open (void);

/* What was printed goes out now: the status, or, when it does not get out, 255 and a complaint (141 where its reader
 * has gone). */
int finish (int status);

#endif
