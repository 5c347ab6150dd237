/* alone - remex/1 with a client, spoken by remex-ssh itself, for a machine that has an sshd and no remex.
 *
 *   alone    one client's stream: the session of wire/session.h as the server, and its calls
 *   call     RUNNING -> STOPPING -> freed     or RUNNING -> freed
 *
 * What a verb does is in a row of operations (struct alone_verb_ops), which uses channels of the session of ssh: an exec channel
 * (alone_exec.c), or a subsystem. This file has what is the same for all verbs: the messages, the check of the arguments, the
 * input and its credit, the limits of time, and the answer.
 *
 * A call that is to be stopped (deadline, cancel, a lost client) is STOPPING until its verb has ended what it does over there,
 * and is then answered: the first reason counts. When the client is gone, its calls are stopped, and nothing is sent any more;
 * they and the struct alone live on until that is done.
 */
#ifndef REMEX_SSH_ALONE_H
#define REMEX_SSH_ALONE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "ssh/ssh_pool.h"
#include "wire/session.h"
#include "wire/tty.h"
#include "wire/verbs.h"

struct alone;
struct alone_call;

enum alone_stop {
	STOP_NOT, /* it goes on */
	STOP_DEADLINE,
	STOP_IDLE,
	STOP_CANCEL,
	STOP_FLOW, /* the client sent more than its credit */
	STOP_LOST, /* the client is gone */
};

/* What verbs of one kind do with a call. The operations that are NULL do nothing. */
struct alone_verb_ops {
	/* There is more in call->input, or call->input_ended has become true. Take it by alone_take. */
	void (*input) (struct alone_call *call);
	/* The client takes output again (alone_output). */
	void (*room) (struct alone_call *call);
	void (*signal) (struct alone_call *call, int signo);
	/* The client's terminal has another size: call->tty has it. Only where call->tty.wanted. */
	void (*resize) (struct alone_call *call);
	/* End what the call does over there, then answer by alone_stopped, later or during this call. Called once, unless the
	 * call is over before it. Never NULL. */
	void (*stop) (struct alone_call *call);
	/* The call is over: free call->state (NULL: `begin` has set none), and abandon what it has opened. Never NULL. */
	void (*free) (struct alone_call *call);
};

struct alone_verb {
	const char *name; /* PLUGIN.VERB */
	const char *help;
	const struct verb_param *params; /* their defaults are the verb's business */
	size_t n_params;
	bool tty; /* it can give its command a terminal */
	/* Begin: call->args has been checked against params. 0, and the call is not answered during this call; or -1 and err,
	 * whose code is an enum code: that is the answer, and no operation but `free` is called. */
	int (*begin) (struct alone_call *call, struct err *err);
	const struct alone_verb_ops *ops;
};

struct alone_call {
	struct list node; /* in alone->calls */
	struct alone *alone;
	const struct alone_verb *verb;
	struct channel *channel; /* NULL: the client is gone, and output is dropped */
	json_t *args; /* an object; owned */
	struct tty tty; /* the terminal that the client asks for */
	void *state; /* the verb's own */
	struct buf input; /* what the client has sent, and the verb has not taken */
	bool input_ended; /* no more comes; true from the start where the client sends none */
	bool has_input; /* the client sends input, or has sent some with the call */
	bool running; /* something runs over there (alone_started) */
	bool blocked; /* output waits for the client */
	enum alone_stop stop;
	bool stopped; /* alone_stopped was called */
	struct buf result; /* of alone_result, not sent yet */
	json_t *done; /* of alone_done, which waits for `result`; or NULL */
	int64_t started_ms, deadline_ms, idle_ms, active_ms; /* clock_ms; 0: not, none. idle_ms is a length of time */
	struct timer *timer;
};

/* Which machine, and as what it is presented. The strings are copied. */
struct alone_target {
	const char *user, *host, *via; /* as in struct ssh_pool_target */
	uint16_t port;
	const char *name, *you; /* the machine's own name, and the user there */
};

struct alone_ops {
	/* The session of ssh has ended beneath a call, for this reason: the client's stream is closed behind this call. */
	void (*severed) (void *arg, const struct err *err);
	/* The client is gone, and all its calls are over. The last call: the struct alone is freed. */
	void (*gone) (void *arg);
};

/* Serve a client. The socket is owned from now on. `verbs` has n_verbs rows, and lives as long as the program. NULL: out of
 * memory, and the socket stays the caller's. */
struct alone *alone_new (uv_loop_t *loop, struct ssh_pool *pool, const struct alone_target *target, int fd,
	const struct alone_verb *const *verbs, size_t n_verbs, const struct alone_ops *ops, void *arg);

/* The client is gone, or will be: stop its calls. ops->gone is called later, when that is done. */
void alone_leave (struct alone *alone);

/* --- for verbs --------------------------------------------------------------------------------------------------- */

/* Ask the machine's sshd for a channel: { .command = TEXT }, { .shell = true } or { .subsystem = "sftp" }, with a terminal or not. What ssh_pool.h says holds: the ops are
 * called with `arg`, first `opened` or `failed`, and the caller abandons the request or waits for `failed`. Channels are read
 * and written by ssh_channel_output, ssh_channel_consume, ssh_channel_room, ssh_channel_send and ssh_channel_send_end of
 * ssh_reach_channel (request). NULL and err. */
struct ssh_reach *alone_open (struct alone_call *call, const struct ssh_channel_target *what,
	const struct ssh_pool_ops *ops, void *arg, struct err *err);

uv_loop_t *alone_loop (const struct alone_call *call);

/* It runs now: the client gets its first credit, and the seconds begin. */
void alone_started (struct alone_call *call);

/* Take n bytes of call->input: the client may send n more. */
void alone_take (struct alone_call *call, size_t n);

/* Send bytes on a stream ("stdout", "files", "result", …). Returns how many of them were taken: fewer than n where the client
 * takes no more now; then `room` is called. With a lost client all are taken, and dropped. */
size_t alone_output (struct alone_call *call, const char *stream, const void *bytes, size_t n);

/* A JSON document for "result", consumed, of at most 1 MiB: it is sent before the answer of alone_done, which waits for it. */
void alone_result (struct alone_call *call, json_t *result);

/* The answers, each of which ends and frees the call. In a call that is STOPPING they answer for the stop.
 *
 * alone_done: the members of `done` without `seconds` and `via`; consumed.
 * alone_fail: an error.
 * alone_stopped: the end of a stop. `left`: processes that could not be killed. `message`: NULL, or what is not certain about
 * that end, such as that the command may go on. */
void alone_done (struct alone_call *call, json_t *done);
void alone_fail (struct alone_call *call, enum code code, const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));
void alone_stopped (struct alone_call *call, int left, const char *message);

/* A channel of the call was open, and has ended because the session of ssh has (`how` of `failed` is not known). A call that
 * goes on is lost, and with it the client's stream: what it has done is not known. A call that is STOPPING is answered, with
 * the words that the rest may go on. It ends and frees the call. */
void alone_severed (struct alone_call *call, const struct err *err);

#endif
