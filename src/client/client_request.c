/* client_request - see client_request.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/client_request.h"
#include "client/error.h"
#include "client/host.h"
#include "wire/call_limits.h"
#include "wire/codes.h"

enum { TTY_SIDE_MAX = 65535 }; /* rows or columns of a terminal */

/* The buffer for the messages of a request. */
static struct buf *outlet (struct remex_request *request)
{
	struct remex_host *host = request->host;

	if (host->state != HOST_OPEN)
		return &request->unsent;
	host_ready (host);
	return &host->out;
}

/* The window for a caller that named none: how many bytes the server may send before the caller has read them. */
static int64_t default_window (const struct remex *remex)
{
	int64_t share = (REQUEST_WINDOWS - remex->windows) / 16;

	return share > REQUEST_WINDOW ? REQUEST_WINDOW : share < REQUEST_WINDOW_LEAST ? REQUEST_WINDOW_LEAST : share;
}

void client_request_free (struct remex_request *request)
{
	if (!request)
		return;
	if (list_linked (&request->node) && !request->over)
		request->host->remex->windows -= request->window;
	list_remove (&request->node);
	buf_free (&request->unsent);
	free (request->message);
	free (request->limit);
	free (request->json);
	free (request);
}

void client_request_over (
	struct remex_request *request, enum remex_outcome outcome, const char *code, const char *message)
{
	struct remex_result *result = &request->result;

	snprintf (request->code, sizeof request->code, "%s", code ? code : "");
	request->message = strdup (message ? message : "");
	result->outcome = outcome;
	result->code = request->code;
	result->message = request->message ? request->message : "";
	result->limit = request->limit ? request->limit : "";
	result->json = request->json ? request->json : "";
	result->via = remex_host_via (request->host);
	if (outcome == REMEX_LOST)
		result->started = true; /* perhaps; it is not known */
	if (!request->over)
		request->host->remex->windows -= request->window;
	request->over = true;
	request->input = false;
	if (request->host->remex->unacked == request)
		request->host->remex->unacked = NULL;
	list_remove (&request->node);
	list_append (&request->host->over, &request->node);
	host_ready (request->host);
}

void client_request_sent (struct remex_request *request)
{
	if (request->deadline > 0)
		request->deadline_ms = clock_ms () + (int64_t)(request->deadline * 1000);
}

void client_request_late (struct remex_request *request)
{
	remex_cancel (request);
	free (request->limit);
	request->limit = strdup ("deadline");
	request->result.started = true; /* perhaps; it is not known */
	client_request_over (request, REMEX_TIMED_OUT, NULL,
		"the host does not answer, and it is not known whether the command was stopped there");
}

/* --- starting ---------------------------------------------------------------------------------------------------- */

static int set_new (json_t *header, const char *key, json_t *value)
{
	return value ? json_object_set_new (header, key, value) : -1;
}

static int set_seconds (json_t *header, const char *key, double seconds, struct remex_error *error)
{
	if (seconds == 0)
		return 0;
	if (!(seconds > 0 && seconds <= 1e9))
		return error_set (error, "usage", "'%s' must be above 0 and at most 1e9 seconds", key);
	return set_new (header, key, json_real (seconds));
}

static int set_args (json_t *header, const char *args, struct remex_error *error)
{
	struct err err;
	json_t *object;

	if (!args)
		return 0;
	if (!(object = header_parse (args, strlen (args), HEADER_CALL_TOKENS, NULL, &err)))
		return error_set (error, "usage", "the arguments: %s", err.text);
	return set_new (header, "args", object);
}

/* Set a key that `must` names: a server that does not know the key refuses the call, and does not ignore the wish. */
static int set_must (json_t *header, const char *key, json_t *value)
{
	json_t *must = json_object_get (header, "must");

	if (set_new (header, key, value) < 0)
		return -1;
	return must ? json_array_append_new (must, json_string (key))
		    : set_new (header, "must", json_pack ("[s]", key));
}

static int set_tty (json_t *header, const struct remex_tty *tty, struct remex_error *error)
{
	json_t *value;

	if (tty->size < sizeof *tty || tty->rows < 0 || tty->rows > TTY_SIDE_MAX || tty->cols < 0 ||
		tty->cols > TTY_SIDE_MAX || tty->erase < 0 || tty->erase > 255)
		return error_set (error, "usage", "a terminal has 0 to %d rows and columns, not %d and %d",
			TTY_SIDE_MAX, tty->rows, tty->cols);
	value = json_pack ("{si si}", "rows", tty->rows, "cols", tty->cols);
	error_set (error, "usage", "the type of the terminal is not UTF-8");
	if ((tty->term && set_new (value, "term", json_string (tty->term)) < 0) ||
		(tty->utf8 && set_new (value, "utf8", json_true ()) < 0) ||
		(tty->erase && set_new (value, "erase", json_integer (tty->erase)) < 0)) {
		json_decref (value);
		return -1;
	}
	return set_must (header, "tty", value);
}

static int set_job (json_t *header, const struct remex_job *job, struct remex_error *error)
{
	json_t *value = json_object ();

	if (job->size < sizeof *job) {
		json_decref (value);
		return error_set (error, "usage", "a job of an unknown size");
	}
	error_set (error, "usage", "the name or the key of the job is not UTF-8");
	if ((job->name && set_new (value, "name", json_string (job->name)) < 0) ||
		(job->key && set_new (value, "key", json_string (job->key)) < 0) ||
		(job->input && set_new (value, "input", json_true ()) < 0) ||
		(job->durable && set_new (value, "durable", json_true ()) < 0)) {
		json_decref (value);
		return -1;
	}
	return set_must (header, "job", value);
}

static int set_limits (json_t *header, const char *text, struct remex_error *error)
{
	struct call_limits limits = { { 0 } };
	struct err err;

	if (!text || !*text)
		return 0;
	if (call_limits_parse (&limits, text, &err) < 0)
		return error_set (error, "usage", "%s", err.text);
	return set_must (header, "limits", call_limits_json (&limits));
}

/* The header of a call, or NULL and error. */
static json_t *call_header (
	struct remex_request *request, const char *call, const struct remex_options *options, struct remex_error *error)
{
	json_t *header = json_object ();

	error_set (error, "usage", "the name of the call or of the user is not UTF-8");
	if (set_new (header, "id", json_integer ((json_int_t)request->id)) == 0 &&
		set_new (header, "call", json_string (call)) == 0 && set_args (header, options->args, error) == 0 &&
		set_seconds (header, "deadline", options->deadline, error) == 0 &&
		set_seconds (header, "idle", options->idle, error) == 0 &&
		(!options->user || set_new (header, "user", json_string (options->user)) == 0) &&
		(!options->input || set_new (header, "input", json_true ()) == 0) &&
		(!options->wait_output || set_must (header, "wait_output", json_true ()) == 0) &&
		(!options->tty || set_tty (header, options->tty, error) == 0) &&
		(!options->job || set_job (header, options->job, error) == 0) &&
		set_limits (header, options->limits, error) == 0 &&
		set_new (header, "window", json_integer (request->window)) == 0)
		return header;
	json_decref (header);
	return NULL;
}

static int put_call (
	struct remex_request *request, const char *call, const struct remex_options *options, struct remex_error *error)
{
	struct buf *out = outlet (request);
	size_t before = buf_len (out);
	json_t *header;

	if (options->body_size > MESSAGE_CALL_BODY_MAX)
		return error_set (error, "usage", "a call may carry %zu bytes of input, not %zu", MESSAGE_CALL_BODY_MAX,
			options->body_size);
	if (options->window < 0 || options->window > MESSAGE_ID_MAX)
		return error_set (error, "usage", "a window is a number of bytes above 0");
	if (!(header = call_header (request, call, options, error)))
		return -1;
	if (message_put (out, header, options->body, options->body_size) < 0)
		return error_set (error, "busy", "too much waits to be sent");
	if (buf_len (out) - before - 4 - options->body_size > HEADER_CALL_MAX) {
		out->end -= buf_len (out) - before;
		return error_set (
			error, "too_large", "the call and its arguments are larger than %d bytes", HEADER_CALL_MAX);
	}
	return 0;
}

struct remex_request *remex_start (
	struct remex_host *host, const char *call, const struct remex_options *options, struct remex_error *error)
{
	static const struct remex_options none;
	struct remex_request *request;

	if (host->state == HOST_CLOSED) {
		error_set (error, "unreachable", "%s", host->end.text);
		return NULL;
	}
	if (!(request = calloc (1, sizeof *request))) {
		error_set (error, "internal", "out of memory");
		return NULL;
	}
	if (!options)
		options = &none;
	request->host = host;
	request->id = host->last_id + 1;
	request->window = options->window ? options->window : default_window (host->remex);
	request->allowed = request->window;
	request->input = options->input;
	request->hold = options->hold;
	request->deadline = options->deadline;
	request->deadline_ms = INT64_MAX;
	list_init (&request->node);
	buf_init (&request->unsent, HOST_OUT_MAX);
	if (put_call (request, call, options, error) < 0) {
		client_request_free (request);
		return NULL;
	}
	host->last_id = request->id;
	host->remex->windows += request->window;
	list_append (&host->requests, &request->node);
	if (host->state == HOST_OPEN)
		client_request_sent (request);
	if (host->state == HOST_DEAD)
		client_request_over (request, REMEX_UNREACHABLE, host->end.code, host->end.text);
	return request;
}

/* --- input and output -------------------------------------------------------------------------------------------- */

size_t remex_credit (const struct remex_request *request)
{
	size_t waiting = buf_len (&request->host->out);

	if (!request->input || request->over || waiting >= HOST_OUT_SOFT)
		return 0;
	return request->credit < (int64_t)(HOST_OUT_SOFT - waiting) ? (size_t)request->credit : HOST_OUT_SOFT - waiting;
}

long remex_send (struct remex_request *request, const void *bytes, size_t size)
{
	size_t n = remex_credit (request);
	uint8_t *space;

	if (!request->input || request->over) {
		errno = EPIPE;
		return -1;
	}
	if (size > n)
		request->wants_credit = request->credit > (int64_t)n;
	else
		n = size;
	if (!n)
		return 0;
	if (n > MESSAGE_BODY_MAX)
		n = MESSAGE_BODY_MAX;
	if (!(space = message_data_begin (outlet (request), request->id, "stdin", n)))
		return -1;
	memcpy (space, bytes, n);
	message_data_end (outlet (request), request->id, "stdin", n);
	request->credit -= (int64_t)n;
	return (long)n;
}

int remex_end (struct remex_request *request)
{
	if (!request->input || request->over) {
		errno = EPIPE;
		return -1;
	}
	if (message_printf (outlet (request), "{\"id\":%llu,\"end\":\"stdin\"}", (unsigned long long)request->id) < 0)
		return -1;
	request->input = false;
	return 0;
}

void client_request_consumed (struct remex_request *request, size_t n)
{
	if (request->over)
		return;
	request->consumed += (int64_t)n;
	if (request->consumed < request->window / 4)
		return;
	if (message_printf (outlet (request), "{\"id\":%llu,\"credit\":%lld}", (unsigned long long)request->id,
		    (long long)request->consumed) < 0)
		return; /* it is granted next time */
	request->allowed += request->consumed;
	request->consumed = 0;
}

void remex_consume (struct remex_request *request, size_t n)
{
	if (request->hold && n > 0)
		client_request_consumed (request, n);
}

/* --- stopping ---------------------------------------------------------------------------------------------------- */

int remex_signal (struct remex_request *request, const char *word)
{
	if (signal_parse (word) < 0) {
		errno = EINVAL;
		return -1;
	}
	if (request->over)
		return 0;
	if (request->host->state != HOST_OPEN) {
		if (strcmp (word, "INT") == 0 || strcmp (word, "TERM") == 0 || strcmp (word, "HUP") == 0 ||
			strcmp (word, "QUIT") == 0 || strcmp (word, "KILL") == 0)
			remex_cancel (request);
		return 0;
	}
	return message_printf (
		outlet (request), "{\"id\":%llu,\"signal\":\"%s\"}", (unsigned long long)request->id, word);
}

int remex_resize (struct remex_request *request, int rows, int cols)
{
	if (rows < 0 || rows > TTY_SIDE_MAX || cols < 0 || cols > TTY_SIDE_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (request->over)
		return 0;
	return message_printf (
		outlet (request), "{\"id\":%llu,\"resize\":[%d,%d]}", (unsigned long long)request->id, rows, cols);
}

void remex_cancel (struct remex_request *request)
{
	if (request->over)
		return;
	if (request->host->state != HOST_OPEN) {
		client_request_over (request, REMEX_CANCELLED, NULL, NULL);
		return;
	}
	message_printf (outlet (request), "{\"id\":%llu,\"cancel\":true}", (unsigned long long)request->id);
}

void remex_request_set_data (struct remex_request *request, void *data)
{
	request->data = data;
}

void *remex_request_data (const struct remex_request *request)
{
	return request->data;
}

struct remex_host *remex_request_host (const struct remex_request *request)
{
	return request->host;
}
