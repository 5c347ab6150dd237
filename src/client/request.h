/* request - one call: started, fed, signalled, ended.
 *
 * Its messages go behind all others of its host or, as long as there was no hello, into a buffer of its own. So a request
 * whose connection never came about has certainly not run.
 */
#ifndef REMEX_CLIENT_REQUEST_H
#define REMEX_CLIENT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "remex/client.h"

enum {
	/* A request that names no window gets one of REQUEST_WINDOW, or less where the windows of all requests come near
	 * REQUEST_WINDOWS, but at least REQUEST_WINDOW_LEAST: output that a caller puts aside stays bounded for all hosts
	 * together. */
	REQUEST_WINDOW = 1024 * 1024,
	REQUEST_WINDOW_LEAST = 64 * 1024,
	REQUEST_WINDOWS = 64 * 1024 * 1024,
};

struct remex_request {
	struct remex_host *host;
	struct list node; /* in host->requests or host->over */
	uint64_t id;
	struct buf unsent; /* its messages while there was no hello */
	bool input; /* and remex_end was not called yet */
	bool wants_credit; /* remex_send took less than the server gives credit for: the caller is told when more goes */
	bool over;
	bool hold;
	int64_t credit; /* bytes of input the server will take */
	int64_t window;
	int64_t allowed; /* bytes of output the server may still send */
	int64_t consumed; /* not yet granted again */
	struct remex_result result;
	char code[32];
	char *message, *limit, *json;
	void *data;
};

/* The request is over with this outcome, and will be told. `code` and `message` may be NULL. */
void request_over (struct remex_request *request, enum remex_outcome outcome, const char *code, const char *message);

/* The caller has done with n bytes of its output: renews the window. */
void request_consumed (struct remex_request *request, size_t n);

void request_free (struct remex_request *request);

#endif
