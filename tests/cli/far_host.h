/* far_host - a host for tests that cannot take turns with it: a process of its own, which serves one connection after
 * another on a Unix socket or on TCP, and answers each call with the next reply.
 */
#ifndef REMEX_TESTS_CLI_FAR_HOST_H
#define REMEX_TESTS_CLI_FAR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "net/key.h"

enum far_reply_kind {
	FAR_RESULT, /* the text on the stream "result", and `completed` */
	FAR_NO_RESULT, /* `completed` */
	FAR_DONE, /* the text is the end, in JSON */
	FAR_EXITED, /* the text on the stream "stdout", and `exited` */
	FAR_ERROR, /* the error `denied` with the text */
	FAR_HANG_UP, /* the end of the connection */
};

struct far_reply {
	enum far_reply_kind kind;
	const char *text;
};

/* What has happened so far, in memory that both processes share. */
struct far_counts {
	int connections, calls;
	char call[64]; /* the name of the last one */
};

struct far_host {
	pid_t pid;
	char directory[64]; /* of the socket, and for the client's keys; removed at the end */
	char where[128];
	char print[KEY_PRINT_SIZE]; /* over TCP: its key */
	struct far_counts *counts;
};

/* Start it. Behind the last reply (n of them) it hangs up. Over TCP it takes every key. */
void far_host_start (struct far_host *host, bool tcp, const struct far_reply *replies, size_t n);
void far_host_end (struct far_host *host);

#endif
