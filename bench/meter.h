/* meter - what the programs of the bench share: a block of operations is asked for on stdin, its time told on stdout.
 *
 * bench/run keeps two such programs at once and lets them take turns, so that whatever else the machine does falls on
 * both. A line "N" asks for N operations; the answer is a line with the nanoseconds that they took. End of file ends
 * the program, and with it all that it holds.
 */
#ifndef REMEX_BENCH_METER_H
#define REMEX_BENCH_METER_H

#include <stdint.h>

/* Serve blocks until the end of stdin; returns the exit status. `run` does n operations, or leaves by meter_fail. */
int meter_serve (void (*run) (void *arg, long n), void *arg);

/* A figure of something that did not work is worse than none: say what, with errno's words where it is not 0, and exit.
 */
_Noreturn void meter_fail (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));

/* A blocking connection to a Unix socket. */
int meter_connect (const char *path);

#endif
