/* answer - what a message from the server means (doc/protocol.md). A message that breaks the protocol ends the
 * connection, because nothing that follows can be relied on. Messages for a request that has ended are ignored. */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "client/answer.h"
#include "client/client_request.h"
#include "client/error.h"
#include "client/host.h"
#include "wire/codes.h"
#include "wire/header.h"

static const char *text_of (const json_t *object, const char *key)
{
	const char *text = json_string_value (json_object_get (object, key));

	return text ? text : "";
}

/* Check that we know each member that the server lists in `must`. */
static int check_must (const json_t *header, struct err *err)
{
	static const char *const known[] = { "must", "id", "body", "remex", "host", "version", "instance", "you",
		"limits", "data", "credit", "done", "error", "ping", "pong" };

	if (header_unknown_must (header, known, sizeof known / sizeof *known))
		return err_set (err, CODE_BAD_MESSAGE, "it needs a feature that this remex does not have");
	return 0;
}

static int keep (char **to, const char *text)
{
	free (*to);
	return (*to = strdup (text)) ? 0 : -1;
}

static int on_hello (struct remex_host *host, const struct message *message, struct remex_event *event, struct err *err)
{
	struct remex_request *request;

	if (message->number != 1)
		return err_set (
			err, CODE_BAD_MESSAGE, "it speaks remex/%lld, this client remex/1", (long long)message->number);
	if (keep (&host->name, text_of (message->header, "host")) < 0 ||
		keep (&host->version, text_of (message->header, "version")) < 0 ||
		keep (&host->you, text_of (message->header, "you")) < 0 ||
		keep (&host->via, text_of (message->header, "via")) < 0)
		return err_set (err, CODE_INTERNAL, "out of memory");
	host->state = HOST_OPEN;
	uv_timer_stop (&host->timer);
	list_each (request, &host->requests, node) {
		if (buf_append (&host->out, buf_head (&request->unsent), buf_len (&request->unsent)) < 0)
			return err_set (err, CODE_INTERNAL, "more calls are waiting than memory allows");
		buf_free (&request->unsent);
		client_request_sent (request);
	}
	event->type = REMEX_READY;
	return 1;
}

static int on_data (
	struct remex_request *request, const struct message *message, struct remex_event *event, struct err *err)
{
	if ((int64_t)message->body_len > request->allowed)
		return err_set (err, CODE_FLOW, "it sends more output than the window allows");
	request->allowed -= (int64_t)message->body_len;
	if (!request->hold) {
		request->host->remex->unacked = request;
		request->host->remex->unacked_size = message->body_len;
	}
	event->type = REMEX_DATA;
	event->stream = message->name;
	event->data = message->body;
	event->size = message->body_len;
	return 1;
}

/* The signal of {"signal":"KILL"}. Real-time signals have no word and are sent as numbers. */
static int read_signal (const json_t *done)
{
	const char *word = text_of (done, "signal");
	const json_t *value = json_object_get (done, "signal");

	for (int i = 1; *word && i < NSIG; i++)
		if (signal_word (i) && !strcmp (signal_word (i), word))
			return i;
	if (json_is_integer (value) && json_integer_value (value) > 0 && json_integer_value (value) < NSIG)
		return (int)json_integer_value (value);
	return 0;
}

static int on_done (struct remex_request *request, const struct message *message, struct err *err)
{
	const json_t *done = json_object_get (message->header, "done"), *started = json_object_get (done, "started"),
		     *rusage = json_object_get (done, "rusage");
	struct remex_result *result = &request->result;
	int outcome = outcome_parse (text_of (done, "outcome"));
	json_int_t status = 0, survivors = 0;
	char *words;

	if (outcome < 0 || (outcome >= OUTCOME_FAILED && outcome != OUTCOME_LOST))
		return err_set (err, CODE_BAD_MESSAGE, "a request ended with an unknown outcome");
	if (outcome == OUTCOME_EXITED && header_integer (done, "exit", 0, 255, &status, err) <= 0)
		return err_set (err, CODE_BAD_MESSAGE, "a command exited without a status from 0 to 255");
	if (outcome == OUTCOME_EXITED && json_is_false (started))
		return err_set (err, CODE_BAD_MESSAGE, "a command exited that was not started");
	result->exit = (int)status;
	result->signal = outcome == OUTCOME_SIGNALLED ? read_signal (done) : 0;
	result->started = json_is_boolean (started) ? json_is_true (started) : outcome != OUTCOME_NEVER_STARTED;
	result->pipe_held = json_is_true (json_object_get (done, "pipe_held"));
	if (header_integer (done, "survivors", 0, INT_MAX, &survivors, NULL) > 0)
		result->survivors = (int)survivors;
	result->seconds = json_number_value (json_object_get (done, "seconds"));
	result->limit_value = json_number_value (json_object_get (done, "limit_value"));
	result->cpu_user = json_number_value (json_object_get (rusage, "user"));
	result->cpu_system = json_number_value (json_object_get (rusage, "system"));
	result->memory = json_integer_value (json_object_get (rusage, "memory"));
	request->json = strndup (message->text, message->text_len);
	request->limit = strdup (text_of (done, "limit"));
	/* The message may contain a path that is not UTF-8. `why` is that of a lost job. */
	words = header_string (json_object_get (done, outcome == OUTCOME_LOST ? "why" : "message"), NULL, NULL);
	client_request_over (request, (enum remex_outcome)outcome, NULL, words);
	free (words);
	return 0;
}

static int on_error (struct remex_host *host, struct remex_request *request, const struct message *message)
{
	const json_t *error = json_object_get (message->header, "error");
	const char *code = text_of (error, "code"), *words = text_of (error, "message");

	if (!*code || strlen (code) >= sizeof host->end.code)
		code = "internal";
	if (!*words)
		words = code;
	if (!request) {
		error_set (&host->end, code, "%s", words);
		return ANSWER_REFUSED;
	}
	request->result.retry_after = json_number_value (json_object_get (error, "retry_after"));
	request->json = strndup (message->text, message->text_len);
	client_request_over (request, REMEX_FAILED, code, words);
	return 0;
}

static int on_credit (struct remex_request *request, const struct message *message, struct remex_event *event)
{
	if (message->number > MESSAGE_ID_MAX - request->credit)
		request->credit = MESSAGE_ID_MAX;
	else
		request->credit += message->number;
	request->wants_credit = false;
	event->type = REMEX_CREDIT;
	return request->input;
}

static int on_ping (struct remex_host *host, const struct message *message, struct err *err)
{
	if (++host->pongs > HOST_PONGS ||
		message_printf (&host->out, "{\"pong\":%lld}", (long long)message->number) < 0)
		return err_set (err, CODE_FLOW, "it sends pings without reading the answers");
	return 0;
}

static int on_pong (struct remex_host *host, const struct message *message, struct remex_event *event)
{
	if (message->number <= host->ponged || message->number > host->pinged)
		return 0;
	host->ponged = message->number;
	event->type = REMEX_DATA;
	event->stream = "pong";
	return 1;
}

enum answer answer_message (
	struct remex_host *host, const struct message *message, struct remex_event *event, struct err *err)
{
	struct remex_request *request = NULL, *each;

	if (check_must (message->header, err) < 0)
		return -1;
	if ((message->kind == MESSAGE_HELLO) == (host->state == HOST_OPEN) &&
		(message->kind != MESSAGE_ERROR || message->id))
		return err_set (err, CODE_BAD_MESSAGE, "hello must come first, and only once");
	if (message->id > host->last_id)
		return err_set (err, CODE_BAD_MESSAGE, "it answers a request that was never made");
	if (message->id) {
		list_each (each, &host->requests, node)
			if (each->id == message->id)
				request = each;
		if (!request)
			return 0;
	}
	event->request = request;
	switch (message->kind) {
	case MESSAGE_HELLO: return on_hello (host, message, event, err);
	case MESSAGE_DATA: return on_data (request, message, event, err);
	case MESSAGE_DONE: return on_done (request, message, err);
	case MESSAGE_ERROR: return on_error (host, request, message);
	case MESSAGE_CREDIT: return on_credit (request, message, event);
	case MESSAGE_PING: return on_ping (host, message, err);
	case MESSAGE_PONG: return on_pong (host, message, event);
	case MESSAGE_CALL:
	case MESSAGE_END:
	case MESSAGE_SIGNAL:
	case MESSAGE_RESIZE:
	case MESSAGE_CANCEL:
	case MESSAGE_BYE: break;
	}
	return err_set (err, CODE_BAD_MESSAGE, "a server may not send this message");
}
