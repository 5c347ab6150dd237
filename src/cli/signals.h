/* signals - INT, TERM and HUP as bytes of a pipe, to be polled with everything else. The pipe is a global: a signal
 * handler can reach nothing else. */
#ifndef REMEX_CLI_SIGNALS_H
#define REMEX_CLI_SIGNALS_H

/* Catch them (but those that the caller ignores, as nohup(1) does); the descriptor to poll, or -1. */
int signals_open (void);

/* The next signal that came, or 0. */
int signals_take (void);

/* Let them do again what they did before. */
void signals_close (void);

#endif
