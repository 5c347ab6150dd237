/* api - the functions of remex/plugin.h about a call: arguments, input, output, failing. subprocess.c has the functions
 * for commands, and plugin/start.c the functions for options. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "wire/records.h"
#include "worker/invocation.h"

const char *remex_verb (struct remex_call *call)
{
	return call->verb->name;
}

const char *remex_arg_string (struct remex_call *call, const char *name)
{
	const struct argument *arg = arguments_find (&call->args, name, REMEX_STRING);

	return arg ? arg->string : NULL;
}

const char *const *remex_arg_strings (struct remex_call *call, const char *name)
{
	const struct argument *arg = arguments_find (&call->args, name, REMEX_STRINGS);

	return arg ? (const char *const *)arg->strings : NULL;
}

long long remex_arg_integer (struct remex_call *call, const char *name, long long otherwise)
{
	const struct argument *arg = arguments_find (&call->args, name, REMEX_INTEGER);

	return arg ? arg->integer : otherwise;
}

double remex_arg_number (struct remex_call *call, const char *name, double otherwise)
{
	const struct argument *arg = arguments_find (&call->args, name, REMEX_NUMBER);

	return arg ? arg->number : otherwise;
}

bool remex_arg_bool (struct remex_call *call, const char *name, bool otherwise)
{
	const struct argument *arg = arguments_find (&call->args, name, REMEX_BOOL);

	return arg ? arg->truth : otherwise;
}

const char *remex_facts (struct remex_call *call)
{
	return call->context.facts;
}

const struct remex_root *const *remex_roots (struct remex_call *call)
{
	static const struct remex_root *const nothing[] = { NULL };

	if (!call->context.has_roots)
		return nothing;
	return call->context.bound ? call->context.roots : NULL;
}

bool remex_has_input (const struct remex_call *call)
{
	return call->has_input;
}

bool remex_has_tty (const struct remex_call *call)
{
	return call->tty.wanted;
}

/* --- ending ------------------------------------------------------------------------------------------------------ */

int remex_cancel_fd (struct remex_call *call)
{
	return call->worker->lifeline;
}

bool remex_cancelled (struct remex_call *call)
{
	struct pollfd lifeline = { .fd = call->worker->lifeline, .events = POLLIN };

	return poll (&lifeline, 1, 0) > 0;
}

int remex_fail (struct remex_call *call, enum remex_code code, const char *fmt, ...)
{
	static const enum code codes[] = { CODE_FAILED, CODE_BAD_VALUE, CODE_DENIED, CODE_NOT_FOUND, CODE_BUSY,
		CODE_IO_ERROR };
	va_list args;

	call->failed = true;
	call->code = (size_t)code < sizeof codes / sizeof *codes ? codes[code] : CODE_FAILED;
	call->number = errno;
	va_start (args, fmt);
	vsnprintf (call->text, sizeof call->text, fmt, args);
	va_end (args);
	return -1;
}

/* --- input ------------------------------------------------------------------------------------------------------- */

/* Grant the front as many bytes as the buffer has room for, when there is enough room to be worth a record. */
static int pull (struct remex_call *call)
{
	size_t room = LINK_RECORD - buf_len (&call->input) - call->granted;

	if (call->input_ended || (call->read_begun && call->unpulled < LINK_RECORD / 4 && call->granted))
		return 0;
	call->read_begun = true;
	call->unpulled = 0;
	call->granted += room;
	return room ? link_post (call->worker->link, REC_PULL, call->id, (int64_t)room, 0, 0) : 0;
}

ssize_t remex_read (struct remex_call *call, void *bytes, size_t size)
{
	if (call->has_sink) {
		errno = EBUSY;
		return -1;
	}
	if (!call->has_input)
		return 0;
	while (!buf_len (&call->input) && !call->input_ended) {
		int happened;

		if (pull (call) < 0 || (happened = invocation_wait (call, false, -1, false)) < 0)
			return -1;
		if (happened & INVOCATION_ENDING) {
			errno = ECANCELED;
			return -1;
		}
		if (invocation_receive (call) < 0 && errno != EAGAIN)
			return -1;
	}
	if (size > buf_len (&call->input))
		size = buf_len (&call->input);
	if (size) {
		memcpy (bytes, buf_head (&call->input), size);
		buf_consume (&call->input, size);
		call->unpulled += size;
	}
	return (ssize_t)size;
}

/* --- output ------------------------------------------------------------------------------------------------------ */

int remex_write (struct remex_call *call, const char *stream, const void *bytes, size_t size)
{
	size_t name = strlen (stream);
	const char *p = bytes;

	if (invocation_check_stream (call, stream) < 0)
		return -1;
	if (remex_cancelled (call)) {
		errno = ECANCELED;
		return -1;
	}
	while (size) {
		size_t n = size < LINK_PAYLOAD - name ? size : LINK_PAYLOAD - name;
		struct record record = { .type = REC_OUTPUT, .id = call->id, .a = (int64_t)name };
		int happened;

		if (link_send (call->worker->link,
			    &(struct outgoing){ .record = record, .data = stream, .n = name, .more = p, .more_n = n },
			    MSG_DONTWAIT) == 0) {
			p += n;
			size -= n;
			continue;
		}
		if (errno != EAGAIN || (happened = invocation_wait (call, true, -1, false)) < 0)
			return -1;
		if (happened & INVOCATION_ENDING) {
			errno = ECANCELED;
			return -1;
		}
		/* Input and signals may come while the front takes no output: receive them, or poll would spin. */
		if (invocation_receive (call) < 0 && errno != EAGAIN)
			return -1;
	}
	return 0;
}

int remex_printf (struct remex_call *call, const char *fmt, ...)
{
	char *text;
	va_list args;
	int n, result;

	va_start (args, fmt);
	n = vasprintf (&text, fmt, args);
	va_end (args);
	if (n < 0)
		return -1;
	result = remex_write (call, "stdout", text, (size_t)n);
	free (text);
	return result;
}

int remex_stream (struct remex_call *call, const char *stream, int fd)
{
	return invocation_hand_over (call, stream, fd, NULL, -1);
}

int remex_sink (struct remex_call *call, int fd)
{
	return invocation_hand_sink (call, fd);
}

/* --- the user ---------------------------------------------------------------------------------------------------- */

const char *remex_user (struct remex_call *call)
{
	return call->worker->user.name;
}

const char *remex_home (struct remex_call *call)
{
	return call->worker->user.home;
}

const char *remex_shell (struct remex_call *call)
{
	return call->worker->user.shell;
}
