/* fake - the server's end of a connection, controlled by a test: one thread, no clock, every byte chosen. */
#ifndef REMEX_TESTS_CLIENT_FAKE_H
#define REMEX_TESTS_CLIENT_FAKE_H

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "remex/client.h"
#include "wire/message.h"

#define HELLO "{\"remex\":1,\"host\":\"web1\",\"version\":\"9.9\",\"you\":\"alice\",\"new\":{\"key\":[1]}}"

struct fake {
	int fd; /* the server's end */
	struct buf in;
	struct decoder decoder;
	struct remex *remex;
	struct remex_host *host;
	struct remex_event event; /* the last one */
};

static inline void fake_open (struct fake *fake)
{
	int ends[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	*fake = (struct fake){ .fd = ends[1], .remex = remex_new () };
	buf_init (&fake->in, 2 * MESSAGE_MAX);
	decoder_init (&fake->decoder, FROM_CLIENT);
	fake->host = remex_attach (fake->remex, "fake", ends[0], ends[0], NULL);
	ck_assert_ptr_nonnull (fake->host);
}

static inline void fake_hang_up (struct fake *fake)
{
	if (fake->fd >= 0)
		close (fake->fd);
	fake->fd = -1;
}

static inline void fake_close (struct fake *fake)
{
	remex_free (fake->remex);
	fake_hang_up (fake);
	decoder_free (&fake->decoder);
	buf_free (&fake->in);
}

static inline void fake_bytes (struct fake *fake, const void *bytes, size_t n)
{
	ck_assert_int_eq (send (fake->fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Send a message: its header, and n bytes of body (the header must announce them). */
static inline void fake_send_body (struct fake *fake, const char *header, const void *body, size_t n)
{
	uint32_t length = (uint32_t)strlen (header);
	uint8_t prefix[4] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
		(uint8_t)length };

	fake_bytes (fake, prefix, 4);
	fake_bytes (fake, header, length);
	if (n)
		fake_bytes (fake, body, n);
}

static inline void fake_send (struct fake *fake, const char *header)
{
	fake_send_body (fake, header, NULL, 0);
}

/* The client's next event. There must be one. */
static inline const struct remex_event *fake_next (struct fake *fake)
{
	ck_assert_int_eq (remex_next (fake->remex, &fake->event, 200000), 1);
	return &fake->event;
}

/* The client has no event (and sends its pending bytes). */
static inline void fake_expect_nothing (struct fake *fake)
{
	ck_assert_int_eq (remex_next (fake->remex, &fake->event, 0), 0);
}

/* The next message from the client, or NULL. */
static inline const struct message *fake_receive (struct fake *fake)
{
	const struct message *message;
	struct err err;

	for (;;) {
		int got = decoder_next (&fake->decoder, &fake->in, &message, &err);
		uint8_t *space;
		ssize_t n;

		if (got > 0)
			return message;
		ck_assert_int_eq (got, 0);
		ck_assert_ptr_nonnull (space = buf_reserve (&fake->in, 65536));
		n = recv (fake->fd, space, 65536, MSG_DONTWAIT);
		if (n <= 0)
			return NULL;
		buf_commit (&fake->in, (size_t)n);
	}
}

/* Up to and including hello. */
static inline void fake_send_hello (struct fake *fake)
{
	fake_open (fake);
	fake_send (fake, HELLO);
	ck_assert_int_eq (fake_next (fake)->type, REMEX_READY);
}

/* A call that the server has received. */
static inline struct remex_request *fake_call (struct fake *fake, const struct remex_options *options)
{
	struct remex_request *request = remex_start (fake->host, "exec.run", options, NULL);
	const struct message *message;

	ck_assert_ptr_nonnull (request);
	fake_expect_nothing (fake);
	ck_assert_ptr_nonnull (message = fake_receive (fake));
	ck_assert_int_eq (message->kind, MESSAGE_CALL);
	return request;
}

/* n bytes of output of request 1. */
static inline void fake_send_output (struct fake *fake, size_t n)
{
	static const uint8_t zeros[65536];
	char header[128];

	ck_assert_uint_le (n, sizeof zeros);
	snprintf (header, sizeof header, "{\"id\":1,\"data\":\"stdout\",\"body\":%zu}", n);
	fake_send_body (fake, header, zeros, n);
}

/* The request ends with that outcome; the result is in the event. */
static inline const struct remex_result *fake_ended (struct fake *fake, enum remex_outcome outcome)
{
	ck_assert_int_eq (fake_next (fake)->type, REMEX_ENDED);
	ck_assert_str_eq (remex_outcome_word (fake->event.result->outcome), remex_outcome_word (outcome));
	return fake->event.result;
}

#endif
