/* client_request - one call of libremex: its start, input, signals and end.
 *
 * The messages of a request are appended to those of its host. Before hello they go to a buffer of the request. So a
 * request whose connection was never made has certainly not run.
 */
#ifndef REMEX_CLIENT_CLIENT_REQUEST_H
#define REMEX_CLIENT_CLIENT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "remex/client.h"

enum {
	/* The default window of a request is REQUEST_WINDOW. It is smaller when the windows of all requests come near
	 * REQUEST_WINDOWS, but at least REQUEST_WINDOW_LEAST: the output that a caller keeps aside stays bounded for
	 * all hosts together. */
	REQUEST_WINDOW = 1024 * 1024,
	REQUEST_WINDOW_LEAST = 64 * 1024,
	REQUEST_WINDOWS = 64 * 1024 * 1024,
};

struct remex_request {
	struct remex_host *host;
	struct list node; /* in host->requests or host->over */
	uint64_t id;
	struct buf unsent; /* its messages before hello */
	bool input; /* it has input, and remex_end was not called yet */
	bool wants_credit; /* remex_send took less than the credit allows: send REMEX_CREDIT when it can take more */
	bool over;
	bool hold;
	int64_t deadline_ms; /* on the clock of clock_ms, from the moment that the call could be sent; INT64_MAX: none */
	double deadline; /* seconds; 0: none */
	int64_t credit; /* bytes of input that the server will take */
	int64_t window;
	int64_t allowed; /* bytes of output that the server may still send */
	int64_t consumed; /* bytes of output for which no new credit was sent yet */
	struct remex_result result;
	char code[32];
	char *message, *limit, *json;
	void *data;
};

/* The request is over with this outcome; the caller will be told. `code` and `message` may be NULL. */
void client_request_over (
	struct remex_request *request, enum remex_outcome outcome, const char *code, const char *message);

/* The call can be sent now: its deadline runs. */
void client_request_sent (struct remex_request *request);

/* The deadline has passed, and the server does not answer: end the request here, and send the server a cancel. */
void client_request_late (struct remex_request *request);

/* The caller has consumed n bytes of output: renew the window. */
void client_request_consumed (struct remex_request *request, size_t n);

void client_request_free (struct remex_request *request);

#endif
