/* tls_pair - two ends of TLS in one process, for the tests of net/tls: our own, or OpenSSL's with settings that ours
 * would never use. Everything asserts.
 */
#ifndef REMEX_TESTS_NET_TLS_PAIR_H
#define REMEX_TESTS_NET_TLS_PAIR_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/tls.h"

enum carrier { OVER_UNIX, OVER_TCP };

/* The key that a judge was asked about, and its answer. */
struct verdict {
	bool yes;
	int asked;
	struct key key;
};
tls_judge verdict_judge; /* its arg is a struct verdict */

/* An end of ours. */
struct end {
	struct credential *credential;
	struct tls_context *context;
	struct tls *tls;
	struct verdict verdict;
	int fd;
};

struct pair {
	struct end server, client;
};

/* A connected pair of sockets, non-blocking, with buffers of that size (0: the default). */
void sockets (enum carrier carrier, int size, int fds[2]);

/* Both ends of ours, before the handshake; both judges accept. end_open takes fd over; end_free closes it. */
void end_open (struct end *end, enum tls_side side, bool with_key, int fd);
void end_free (struct end *end);
void pair_open (struct pair *pair, enum carrier carrier, int size);
void pair_free (struct pair *pair);

/* Go on until both have returned 1 or -1, or nothing moves any more; the last results. */
struct results {
	int server, client;
} pair_shake (struct pair *pair);

/* Shake hands and let the server send a byte: true when it arrived. */
bool pair_meet (struct pair *pair);

/* OpenSSL's own end: the caller first makes its settings on the context. */
SSL_CTX *raw_context (enum tls_side side);
SSL *raw_open (SSL_CTX *context, enum tls_side side, int fd);

/* The handshake between ours and OpenSSL's; the last result of tls_handshake. */
int raw_shake (struct end *end, SSL *raw);

/* The alert that the raw end has received (SSL_set_info_callback), or 0. */
int raw_alert (void);

/* The queue of OpenSSL's errors must be empty. */
void no_errors_left (void);

/* Wait until fd can be read (or has ended). */
void wait_readable (int fd);

/* tls_read until the result is not EAGAIN. */
ssize_t read_soon (struct end *end, void *bytes, size_t n);

#endif
