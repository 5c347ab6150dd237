/* way - to a remexd, and back: a Unix socket, TCP with TLS, or a session of ssh. It blocks, and leaves by meter_fail where
 * something is wrong.
 */
#ifndef REMEX_BENCH_WAY_H
#define REMEX_BENCH_WAY_H

#include <stddef.h>
#include <sys/types.h>

struct way;

/* `where` is a socket's path; HOST:PORT (numbers), where the key is that of $REMEX_CONFIG/id.pem, and whoever answers is
 * believed, as the bench has started it; or ssh://HOST:PORT, by a remex-ssh of its own ($REMEX_SSH). */
struct way *way_open (const char *where);
void way_close (struct way *way);

/* As recv(2) of a blocking socket: 0 is the end. */
ssize_t way_recv (struct way *way, void *bytes, size_t n);
void way_send (struct way *way, const void *bytes, size_t n);

#endif
