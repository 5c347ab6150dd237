/* loopback - a TCP socket that listens on 127.0.0.1, on a port that the kernel picks. */
#ifndef REMEX_TESTS_SUPPORT_LOOPBACK_H
#define REMEX_TESTS_SUPPORT_LOOPBACK_H

#include <check.h>
#include <sys/socket.h>

#include "net/endpoint.h"

/* A listening descriptor (close-on-exec, non-blocking); its address, with the port, in `where`. */
static inline int listen_on_loopback (char where[ENDPOINT_SIZE])
{
	int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage bound;
	socklen_t size = sizeof bound;
	struct endpoint endpoint;

	ck_assert_int_eq (endpoint_parse (&endpoint, "127.0.0.1:0", NULL), 0);
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&endpoint.address, endpoint.size), 0);
	ck_assert_int_eq (listen (fd, 8), 0);
	ck_assert_int_eq (getsockname (fd, (struct sockaddr *)&bound, &size), 0);
	endpoint_set (&endpoint, (struct sockaddr *)&bound, size);
	endpoint_format (&endpoint, where);
	return fd;
}

#endif
