/* feed - one standard input for many calls: it is read once, and each call gets all of it.
 *
 * Each call has a tap. The feed reads more only while every running call has taken all but FEED_AHEAD of the bytes that
 * were read: the slowest call holds the reader back. Bytes for calls that have not begun yet are kept in a spool
 * (spool.h), so the memory is bounded, whatever the size of the input is.
 */
#ifndef REMEX_CLI_FEED_H
#define REMEX_CLI_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cli/console.h"
#include "cli/spool.h"
#include "remex/client.h"

enum { FEED_AHEAD = 1024 * 1024 };

struct feed {
	struct input *input;
	struct spool *spool;
	struct spooled bytes;
	struct list taps; /* of the calls that run */
	size_t coming; /* calls that have not begun */
	bool ended; /* the whole input was read */
	int error; /* errno: it cannot be read or kept. Then nothing more is sent: a part must not look complete */
};

struct tap {
	struct list node;
	struct feed *feed;
	uint64_t at; /* the next byte to send */
	bool ended; /* the end was sent */
};

/* The input of n calls. Both the input and the spool must live as long as the feed. */
void feed_open (struct feed *feed, struct input *input, struct spool *spool, size_t n);
void feed_close (struct feed *feed);

/* Read what there is, as far as there is room. True: more could be read at once. */
bool feed_read (struct feed *feed);

/* The descriptor that must be readable before there is more to read; -1: none is waited for. */
int feed_waits_on (const struct feed *feed);

/* A call begins; a call is over, or will never begin. */
void tap_open (struct tap *tap, struct feed *feed);
void tap_close (struct tap *tap);
void feed_skip (struct feed *feed);

/* Take at most n bytes, which the caller sends. Returns how many; 0: none for now; -1 with errno. */
long tap_read (struct tap *tap, void *bytes, size_t n);

/* Was all of the input taken, without an error? */
bool tap_is_through (const struct tap *tap);

/* Send as much as the request has credit for. 0, or -1 with errno: the call has to be broken off. */
int tap_send (struct tap *tap, struct remex_request *request);

#endif
