/* ssh_channel - see ssh_channel.h. R1 to R13 are the rules of doc/architecture.md, "Through ssh". */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "ssh/failure.h"
#include "ssh/ssh_channel.h"

enum {
	PACKET = 32768, /* bytes of one message from sshd */
	WRITE_MOST = 32700, /* bytes of one write (R6) */
	READ_MOST = 64 * 1024,
	READS = 16, /* at most so many reads in one step, so that other channels have their turn */
	UP_MAX = 256 * 1024, /* bytes of the socket that wait for sshd's window */
	HOLD_MS = 500, /* an exit status comes that soon after the end of the output */
};

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void on_held (void *arg);

static void close_socket (struct ssh_channel *channel)
{
	watch_free (&channel->watch);
	pump_close (&channel->pump);
}

static void channel_free (struct ssh_channel *channel)
{
	timer_free (&channel->timer);
	close_socket (channel);
	buf_free (&channel->up);
	buf_free (&channel->down);
	buf_free (&channel->errors);
	list_remove (&channel->node);
	free (channel);
}

/* The first reason counts. */
static void set_end (struct ssh_channel *channel, const struct err *err)
{
	if (!channel->has_end)
		channel->end = *err;
	channel->has_end = true;
}

/* Is there output that was not delivered? */
static bool has_output (struct ssh_channel *channel)
{
	if (channel->abandoned && !channel->watch)
		return false;
	if (!channel->watch)
		return buf_len (&channel->down) || buf_len (&channel->errors);
	pump_write (&channel->pump);
	return channel->pump.write_blocked;
}

/* libssh2 has no such channel any more: unlink it, deliver what is left, and tell the end. */
static void drain (struct ssh_channel *channel)
{
	const struct ssh_exit how = { channel->ended, channel->status, channel->signal };

	channel->raw = NULL;
	channel->state = CHANNEL_DRAINING;
	list_remove (&channel->node);
	if (has_output (channel)) {
		if (channel->watch)
			watch_set (channel->watch, UV_WRITABLE);
		else
			channel->ops->ready (channel->arg); /* and ssh_channel_consume goes on */
		return;
	}
	channel->ops->ended (channel->arg, &how, &channel->end);
	channel_free (channel);
}

static void on_drained (void *arg)
{
	struct ssh_channel *channel = arg;

	if (!has_output (channel))
		drain (channel);
}

/* Without a socket: the last step of a channel in DRAINING, later, because the owner is still using the channel. */
static void drain_soon (struct ssh_channel *channel)
{
	if (!has_output (channel))
		timer_set (channel->loop, &channel->timer, clock_ms (), on_drained, channel);
	else if (channel->watch)
		watch_set (channel->watch, UV_WRITABLE);
}

/* The channel was never open: hand the socket back. */
static void refuse (struct ssh_channel *channel, bool again, const struct err *err)
{
	const struct ssh_channel_ops *ops = channel->ops;
	int fd = channel->watch ? channel->pump.stream.in : -1;
	void *arg = channel->arg;

	watch_free (&channel->watch);
	channel->pump.stream.ops = NULL; /* the pump has no stream any more, and does not close the socket */
	channel_free (channel);
	ops->refused (arg, fd, again, err);
}

void ssh_channel_lost (struct ssh_channel *channel, const struct err *err)
{
	bool was_open = channel->state >= CHANNEL_OPEN;

	list_remove (&channel->node);
	if (!was_open) {
		refuse (channel, false, err);
		return;
	}
	set_end (channel, err);
	drain (channel);
}

/* --- the socket ---------------------------------------------------------------------------------------------------- */

/* Has the process at the other end closed its socket, and not only ended its side? */
static bool is_abandoned (const struct ssh_channel *channel)
{
	struct pollfd one = { .fd = channel->pump.stream.in };

	return channel->pump.write_failed || (poll (&one, 1, 0) > 0 && one.revents & (POLLHUP | POLLERR));
}

static void set_watch (struct ssh_channel *channel)
{
	int events = 0;

	if (!channel->watch)
		return;
	if (!channel->pump.read_ended && buf_room (&channel->up) >= READ_MOST && channel->state != CHANNEL_CLOSING)
		events |= UV_READABLE;
	if (channel->pump.write_blocked)
		events |= UV_WRITABLE;
	watch_set (channel->watch, events);
}

static void on_ready (void *arg, int events)
{
	struct ssh_channel *channel = arg;

	(void)events;
	if (channel->state == CHANNEL_DRAINING) {
		drain (channel);
		return;
	}
	if (channel->pump.write_blocked)
		pump_write (&channel->pump);
	/* Until the channel is open nobody sends anything: the socket is readable when its other end is closed. */
	if (!channel->pump.read_ended && pump_read (&channel->pump, READ_MOST) == PUMP_ENDED &&
		is_abandoned (channel)) {
		channel->abandoned = true;
		if (channel->state == CHANNEL_OPEN)
			channel->since_ms = clock_ms ();
	}
	channel->up_ended = channel->pump.read_ended;
	set_watch (channel);
	channel->stir (channel->stir_arg);
}

static int set_socket (struct ssh_channel *channel, int fd)
{
	struct stream stream;

	if (stream_owned (&stream, fd, fd) < 0 ||
		!(channel->watch = watch_new (channel->loop, fd, UV_READABLE, on_ready, channel)))
		return -1;
	pump_open (&channel->pump, &stream);
	return 0;
}

struct ssh_channel *ssh_channel_new (const struct channel_place *place, const struct ssh_channel_target *target, int fd,
	const struct ssh_channel_ops *ops, void *arg)
{
	struct ssh_channel *channel = calloc (1, sizeof *channel);

	if (!channel)
		return NULL;
	list_init (&channel->node);
	channel->loop = place->loop;
	channel->session = place->session;
	channel->session_out = place->out;
	channel->stir = place->stir;
	channel->wake = place->wake;
	channel->stir_arg = place->arg;
	channel->target = *target;
	if (target->tty) {
		channel->tty = *target->tty;
		channel->tty.wanted = true;
		channel->target.tty = NULL;
	}
	channel->ops = ops;
	channel->arg = arg;
	channel->status = -1;
	channel->since_ms = clock_ms ();
	buf_init (&channel->up, UP_MAX);
	buf_init (&channel->down, CHANNEL_WINDOW + PACKET);
	buf_init (&channel->errors, CHANNEL_WINDOW + PACKET);
	pump_init (&channel->pump, &channel->up, &channel->down);
	if (fd < 0 || set_socket (channel, fd) == 0)
		return channel;
	free (channel);
	return NULL;
}

struct ssh_channel *ssh_channel_adopt (
	const struct channel_place *place, LIBSSH2_CHANNEL *raw, int fd, const struct ssh_channel_ops *ops, void *arg)
{
	static const struct ssh_channel_target none;
	struct ssh_channel *channel = ssh_channel_new (place, &none, fd, ops, arg);

	if (!channel)
		return NULL;
	channel->raw = raw;
	channel->asked = true;
	channel->state = CHANNEL_OPEN;
	return channel;
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static size_t put_string (uint8_t *to, const char *text)
{
	uint32_t n = (uint32_t)strlen (text), big = htonl (n);

	memcpy (to, &big, 4);
	memcpy (to + 4, text, n);
	return 4 + n;
}

static size_t put_number (uint8_t *to, uint32_t number)
{
	uint32_t big = htonl (number);

	memcpy (to, &big, 4);
	return 4;
}

/* A command, a shell or a subsystem, and no connection. */
static bool is_session (const struct ssh_channel_target *target)
{
	return target->command || target->shell || target->subsystem;
}

/* Ask for the channel, with a window of 0 (R3). A "direct-tcpip" is asked for with a message of our own (RFC 4254, section
 * 7.2), because libssh2_channel_direct_tcpip_ex opens with an automatic window. */
static LIBSSH2_CHANNEL *open_raw (struct ssh_channel *channel)
{
	const struct ssh_channel_target *target = &channel->target;
	uint8_t message[512];
	size_t n;

	if (is_session (target))
		return libssh2_channel_open_ex (channel->session, "session", 7, 0, PACKET, NULL, 0);
	n = put_string (message, target->host);
	n += put_number (message + n, target->port);
	n += put_string (message + n, "127.0.0.1");
	n += put_number (message + n, 0);
	return libssh2_channel_open_ex (
		channel->session, "direct-tcpip", 12, 0, PACKET, (const char *)message, (unsigned)n);
}

/* sshd does not open the channel: why? */
static void explain_refusal (const struct ssh_channel *channel, const char *text, struct err *err)
{
	const struct ssh_channel_target *target = &channel->target;

	if (is_session (target))
		err_set (err, FAILURE_BUSY, "its sshd opens no further session (MaxSessions of sshd_config): %s", text);
	else if (strstr (text, "prohibited"))
		err_set (err, FAILURE_DENIED,
			"its sshd forwards no connection to %s:%u for this user (AllowTcpForwarding, PermitOpen): %s",
			target->host, (unsigned)target->port, text);
	else
		err_set (err, FAILURE_UNREACHABLE, "its sshd cannot connect to %s:%u: %s", target->host,
			(unsigned)target->port, text);
}

/* The socket's other end is closed: nobody waits for the channel. */
static void let_go (struct ssh_channel *channel)
{
	struct err err;

	err_set (&err, FAILURE_UNREACHABLE, "nobody waits for the channel any more");
	refuse (channel, false, &err);
}

char ssh_channel_tty_char (int signo)
{
	switch (signo) {
	case SIGINT: return 'C' & 31;
	case SIGQUIT: return '\\' & 31;
	case SIGTSTP: return 'Z' & 31;
	default: return 0;
	}
}

/* One mode of a terminal (RFC 4254, section 8). */
static size_t put_mode (uint8_t *to, uint8_t mode, uint32_t value)
{
	*to = mode;
	return 1 + put_number (to + 1, value);
}

/* Ask for a terminal: a result of libssh2. */
static int ask_tty (struct ssh_channel *channel)
{
	enum { MODE_END, MODE_INTR, MODE_QUIT, MODE_ERASE, MODE_SUSP = 10, MODE_UTF8 = 42, NO_CHARACTER = 255 };
	const struct tty *tty = &channel->tty;
	uint8_t modes[64];
	size_t n = 0;

	n += put_mode (modes + n, MODE_INTR, (uint8_t)ssh_channel_tty_char (SIGINT));
	n += put_mode (modes + n, MODE_QUIT, (uint8_t)ssh_channel_tty_char (SIGQUIT));
	n += put_mode (modes + n, MODE_SUSP, (uint8_t)ssh_channel_tty_char (SIGTSTP));
	if (tty->erase != TTY_ERASE_NONE)
		n += put_mode (modes + n, MODE_ERASE, tty->erase ? (uint32_t)tty->erase : NO_CHARACTER);
	n += put_mode (modes + n, MODE_UTF8, tty->utf8);
	modes[n++] = MODE_END;
	channel->sent_rows = tty->rows;
	channel->sent_cols = tty->cols;
	return libssh2_channel_request_pty_ex (channel->raw, tty->term, (unsigned)strlen (tty->term),
		(const char *)modes, (unsigned)n, tty->cols, tty->rows, 0, 0);
}

/* Ask for a variable of the environment. An abandoned channel has none any more: libssh2 only waits for the answer then. */
static int ask_env (struct ssh_channel *channel)
{
	const char *variable = channel->target.env ? channel->target.env[channel->n_env] : "=";
	size_t n = strcspn (variable, "=");
	const char *value = variable + n + (variable[n] == '=');

	return libssh2_channel_setenv_ex (
		channel->raw, (char *)(uintptr_t)variable, (unsigned)n, value, (unsigned)strlen (value));
}

/* Ask for the command, the shell or the subsystem: a result of libssh2. */
static int start_up (struct ssh_channel *channel)
{
	const struct ssh_channel_target *target = &channel->target;
	const char *what = target->command ? target->command : target->subsystem;

	if (target->command)
		return libssh2_channel_process_startup (channel->raw, "exec", 4, what, (unsigned)strlen (what));
	if (target->shell)
		return libssh2_channel_process_startup (channel->raw, "shell", 5, NULL, 0);
	return libssh2_channel_process_startup (channel->raw, "subsystem", 9, what, (unsigned)strlen (what));
}

/* Is there such a request to be made? */
static bool has_request (const struct ssh_channel *channel, enum channel_request request)
{
	const char *const *env = channel->target.env;

	switch (request) {
	case REQUEST_TTY: return channel->tty.wanted;
	case REQUEST_ENV: return channel->requested || (env && env[channel->n_env]);
	default: return true;
	}
}

static int ask (struct ssh_channel *channel, enum channel_request request)
{
	switch (request) {
	case REQUEST_TTY: return ask_tty (channel);
	case REQUEST_ENV: return ask_env (channel);
	default: return start_up (channel);
	}
}

/* sshd has refused a request: why? */
static void explain_request (const struct ssh_channel *channel, enum channel_request request, struct err *err)
{
	const struct ssh_channel_target *target = &channel->target;

	if (request == REQUEST_TTY)
		err_set (err, FAILURE_DENIED,
			"its sshd gives this user no terminal (PermitTTY of sshd_config, or no-pty of "
			"authorized_keys)");
	else if (target->command || target->shell)
		err_set (err, FAILURE_DENIED, "its sshd refuses to run a %s", target->command ? "command" : "shell");
	else
		err_set (err, FAILURE_DENIED, "its sshd refuses the subsystem %s", target->subsystem);
}

/* Make the requests of a session's channel, one after the other: the replies to two at a time would be mixed up (R4), and
 * the session begins no other channel before all have their answers. 1: that is done, and channel->has_end says whether one
 * was refused; 0: not yet; -1 and err: the session is broken. */
static int step_requests (struct ssh_channel *channel, struct err *err)
{
	while (channel->request < REQUESTS && !channel->has_end) {
		enum channel_request request = channel->request;
		int result;

		if (channel->abandoned && !channel->requested) {
			err_set (&channel->end, FAILURE_UNREACHABLE, "closed from here");
			channel->has_end = true;
			break;
		}
		if (!has_request (channel, request)) {
			channel->request++;
			continue;
		}
		channel->requested = true;
		result = ask (channel, request);
		if (result == LIBSSH2_ERROR_EAGAIN)
			return 0;
		channel->requested = false;
		if (result && !failure_is_of_channel (result))
			return failure_of_session (channel->session, "its sshd runs no command", err);
		if (result && request != REQUEST_ENV) {
			explain_request (channel, request, &channel->end);
			channel->has_end = true;
		}
		if (request == REQUEST_ENV)
			channel->n_env++; /* sshd need not take it */
		else
			channel->request++;
	}
	return 1;
}

static int step_opening (struct ssh_channel *channel, struct err *err)
{
	struct err why;
	char *text = NULL;
	int result;

	if (!channel->raw) {
		channel->asked = true;
		channel->raw = open_raw (channel);
		result = channel->raw ? 0 : libssh2_session_last_error (channel->session, &text, NULL, 0);
		if (result == LIBSSH2_ERROR_EAGAIN)
			return 0;
		if (result && !failure_is_of_channel (result))
			return failure_of_session (channel->session, "its sshd opens no channel", err);
		if (result) {
			explain_refusal (channel, text, &why);
			/* A refusal of MaxSessions (R13) comes with the code of a failed connection. */
			refuse (channel, is_session (&channel->target), &why);
			return 1;
		}
	}
	if (is_session (&channel->target) && (result = step_requests (channel, err)) <= 0)
		return result;
	/* As if it were open also where the command was refused: the way to the end is the same. */
	channel->state = channel->has_end ? CHANNEL_CLOSING : CHANNEL_OPEN;
	channel->since_ms = clock_ms ();
	channel->ops->opened (channel->arg);
	set_watch (channel);
	return 1;
}

/* --- bytes --------------------------------------------------------------------------------------------------------- */

/* A result below 0 that is neither EAGAIN nor about the channel: the session is broken. */
static bool is_fatal (ssize_t result)
{
	return result < 0 && result != LIBSSH2_ERROR_EAGAIN && !failure_is_of_channel ((int)result);
}

static void keep_errors (struct ssh_channel *channel, const void *bytes, size_t n)
{
	if (!channel->watch) {
		buf_append (&channel->errors, bytes, n); /* pull has seen to the memory */
		return;
	}
	if (n > CHANNEL_LAST_WORDS) {
		bytes = (const uint8_t *)bytes + n - CHANNEL_LAST_WORDS;
		n = CHANNEL_LAST_WORDS;
	}
	if (buf_len (&channel->errors) + n > CHANNEL_LAST_WORDS)
		buf_consume (&channel->errors, buf_len (&channel->errors) + n - CHANNEL_LAST_WORDS);
	buf_append (&channel->errors, bytes, n); /* without memory the reason is missing, and nothing else */
}

/* How much of the window libssh2 never gets to read: libssh2 grants by itself when less than three quarters of the first
 * window would be left. Our own channels begin with 0, but those that it accepts begin with its default. */
static size_t reserve_of (const struct ssh_channel *channel)
{
	unsigned long first = 0;

	libssh2_channel_window_read_ex (channel->raw, NULL, &first);
	return first / 4 * 3;
}

/* How much may be read; *queued: how many bytes there are. */
static size_t readable (const struct ssh_channel *channel, unsigned long *queued)
{
	size_t window = libssh2_channel_window_read_ex (channel->raw, queued, NULL), reserve = reserve_of (channel);

	return window > reserve ? window - reserve : 0;
}

/* Take what sshd has sent. Returns 1, 0, -1. Reads ask for no more than what sshd may still send, and for nothing when it
 * may send nothing: otherwise libssh2 grants by itself (R3). */
static int pull (struct ssh_channel *channel, struct err *err)
{
	uint8_t scratch[4096];
	int done = 0;

	for (int i = 0; i < READS; i++) {
		unsigned long queued, left;
		size_t window = readable (channel, &queued), n = window;
		ssize_t got, got_errors = 0;
		uint8_t *space;

		if (!window) {
			int result = libssh2_channel_wait_eof (channel->raw); /* reads the input of all channels */

			if (is_fatal (result))
				return failure_of_session (channel->session, "the connection has ended", err);
			break;
		}
		if (n > READ_MOST)
			n = READ_MOST;
		if (!(space = buf_reserve (&channel->down, n)) ||
			(!channel->watch && !buf_reserve (&channel->errors, sizeof scratch)))
			return err_set (err, FAILURE_INTERNAL, "out of memory");
		got = libssh2_channel_read_ex (channel->raw, 0, (char *)space, n);
		if (is_fatal (got))
			return failure_of_session (channel->session, "the connection has ended", err);
		if (got > 0)
			buf_commit (&channel->down, (size_t)got);
		window = readable (channel, NULL);
		n = window < sizeof scratch ? window : sizeof scratch;
		if (n)
			got_errors = libssh2_channel_read_ex (channel->raw, CHANNEL_STDERR, (char *)scratch, n);
		if (is_fatal (got_errors))
			return failure_of_session (channel->session, "the connection has ended", err);
		if (got_errors > 0)
			keep_errors (channel, scratch, (size_t)got_errors);
		if (got <= 0 && got_errors <= 0) {
			libssh2_channel_window_read_ex (channel->raw, &left, NULL);
			/* Extended data of another type than stderr would stay in the queue, which each read searches. */
			if (queued && left >= queued)
				return err_set (err, FAILURE_UNREACHABLE, "its sshd sends output of an unknown kind");
			break;
		}
		done = 1;
	}
	return done;
}

/* Let sshd send more. */
static int grant (struct ssh_channel *channel, struct err *err)
{
	size_t may = libssh2_channel_window_read_ex (channel->raw, NULL, NULL) + buf_len (&channel->down);
	size_t most = CHANNEL_WINDOW + reserve_of (channel);
	int result;

	if (!channel->watch)
		may += buf_len (&channel->errors);
	if (!channel->granting && !channel->eof_received && may <= most - CHANNEL_WINDOW / 8)
		channel->granting = (uint32_t)(most - may);
	if (!channel->granting)
		return 0;
	result = libssh2_channel_receive_window_adjust2 (channel->raw, channel->granting, 1, NULL);
	if (is_fatal (result))
		return failure_of_session (channel->session, "the connection has ended", err);
	if (result == LIBSSH2_ERROR_EAGAIN)
		return 0;
	channel->granting = 0;
	return 1;
}

/* Send what has come from the socket. */
static int push (struct ssh_channel *channel, struct err *err)
{
	int done = 0;

	while (buf_len (&channel->up) && buf_len (channel->session_out) < CHANNEL_OUT_HIGH) {
		size_t n = buf_len (&channel->up) < WRITE_MOST ? buf_len (&channel->up) : WRITE_MOST;
		ssize_t sent = libssh2_channel_write_ex (channel->raw, 0, (const char *)buf_head (&channel->up), n);

		if (is_fatal (sent))
			return failure_of_session (channel->session, "the connection has ended", err);
		if (sent == LIBSSH2_ERROR_EAGAIN || sent == 0)
			break; /* no window there, or a key exchange; the next write begins with the same bytes (R6) */
		buf_consume (&channel->up, sent > 0 ? (size_t)sent : buf_len (&channel->up));
		done = 1;
	}
	return done;
}

/* Tell sshd the size of the terminal: the last one, because a client may change it faster than packets are sent. */
static int push_size (struct ssh_channel *channel, struct err *err)
{
	bool changed = channel->tty.rows != channel->sent_rows || channel->tty.cols != channel->sent_cols;
	int result;

	if (!channel->sizing && (!changed || buf_len (channel->session_out) >= CHANNEL_OUT_HIGH))
		return 0;
	if (!channel->sizing) {
		channel->sizing = true;
		channel->sent_rows = channel->tty.rows;
		channel->sent_cols = channel->tty.cols;
	}
	result = libssh2_channel_request_pty_size_ex (channel->raw, channel->sent_cols, channel->sent_rows, 0, 0);
	if (is_fatal (result))
		return failure_of_session (channel->session, "the connection has ended", err);
	if (result == LIBSSH2_ERROR_EAGAIN)
		return 0;
	channel->sizing = false;
	return 1;
}

/* Pass on the end of what comes from the socket. */
static int push_end (struct ssh_channel *channel, struct err *err)
{
	int result;

	if (channel->eof_sent || !channel->up_ended || buf_len (&channel->up))
		return 0;
	result = libssh2_channel_send_eof (channel->raw);
	if (is_fatal (result))
		return failure_of_session (channel->session, "the connection has ended", err);
	if (result == LIBSSH2_ERROR_EAGAIN)
		return 0;
	channel->eof_sent = true;
	return 1;
}

static void on_held (void *arg)
{
	struct ssh_channel *channel = arg;

	channel->held = false;
	if (channel->state < CHANNEL_DRAINING)
		channel->stir (channel->stir_arg);
}

/* Pass on the end of what comes from sshd. Behind a command its exit status comes at once, as a rule: who reads the end at
 * the socket asks why, and the status is a part of the answer. */
static int pull_end (struct ssh_channel *channel, struct err *err)
{
	int result;

	if (!channel->eof_received) {
		result = libssh2_channel_eof (channel->raw); /* 0 from a read is no end (R7) */
		if (is_fatal (result))
			return failure_of_session (channel->session, "the connection has ended", err);
		if (result != 1)
			return 0;
		channel->eof_received = true;
		channel->held = channel->target.command && channel->watch;
		if (channel->held)
			timer_set (channel->loop, &channel->timer, clock_ms () + HOLD_MS, on_held, channel);
		return 1;
	}
	if (channel->shut || channel->held || !channel->watch || buf_len (&channel->down) ||
		pump_end (&channel->pump) < 0)
		return 0;
	channel->shut = true;
	return 1;
}

/* The last line of stderr, for a person. */
static char *last_error (const struct ssh_channel *channel, char *out, size_t size)
{
	const uint8_t *text = buf_head (&channel->errors);
	size_t n = buf_len (&channel->errors), from;

	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	for (from = n; from && text[from - 1] != '\n';)
		from--;
	return text_plain (out, size, text ? text + from : text, n - from);
}

static void explain_end (const struct ssh_channel *channel, struct err *err)
{
	char said[200];

	last_error (channel, said, sizeof said);
	if (!is_session (&channel->target))
		err_set (err, FAILURE_UNREACHABLE, "the connection has ended");
	else if (*channel->signal)
		err_set (err, FAILURE_UNREACHABLE, "the command was ended by SIG%s%s%s", channel->signal,
			*said ? ": " : "", said);
	else
		err_set (err, FAILURE_UNREACHABLE, "the command exited with %d%s%s", channel->status, *said ? ": " : "",
			said);
}

/* Has sshd closed the channel? libssh2 knows status and signal only then (R7). */
static int poll_closed (struct ssh_channel *channel, struct err *err)
{
	char *signal = NULL;
	struct err end;
	int result;

	if (!channel->eof_received)
		return 0;
	result = libssh2_channel_wait_closed (channel->raw); /* a pure poll; INVAL: the EOF has not been read yet */
	if (is_fatal (result))
		return failure_of_session (channel->session, "the connection has ended", err);
	if (result)
		return 0;
	channel->status = libssh2_channel_get_exit_status (channel->raw);
	libssh2_channel_get_exit_signal (channel->raw, &signal, NULL, NULL, NULL, NULL, NULL);
	if (signal)
		snprintf (channel->signal, sizeof channel->signal, "%s", signal);
	libssh2_free (channel->session, signal);
	channel->ended = true;
	explain_end (channel, &end);
	set_end (channel, &end);
	channel->state = CHANNEL_CLOSING;
	channel->since_ms = clock_ms ();
	return 1;
}

/* The other end of the socket is closed: nobody reads. The end of input ends what is over there, and closing the channel
 * kills nothing. */
static int abandon (struct ssh_channel *channel)
{
	struct err end;

	err_set (&end, FAILURE_UNREACHABLE, "closed from here");
	set_end (channel, &end);
	channel->state = CHANNEL_CLOSING;
	channel->since_ms = clock_ms ();
	return 1;
}

/* Nobody takes what has come. Returns 1 when room was made, 0. */
static int drop (struct ssh_channel *channel)
{
	bool had = buf_len (&channel->down) || buf_len (&channel->errors);

	buf_consume (&channel->down, buf_len (&channel->down));
	buf_consume (&channel->errors, buf_len (&channel->errors));
	return had;
}

/* Write to the socket. Returns 1 when room was made, 0. */
static int deliver (struct ssh_channel *channel)
{
	bool had = buf_len (&channel->down);

	if (!channel->watch)
		return channel->abandoned ? drop (channel) : 0;
	if (!had || channel->pump.write_blocked)
		return 0;
	return pump_write (&channel->pump) > 0 || channel->pump.write_failed;
}

static bool is_late (const struct ssh_channel *channel)
{
	return clock_ms () - channel->since_ms >= CHANNEL_CLOSE_MS;
}

static int step_open (struct ssh_channel *channel, struct err *err)
{
	static int (*const parts[]) (struct ssh_channel * channel, struct err * err) = { pull, grant, push_size, push,
		push_end, pull_end, poll_closed };
	int done = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts && channel->state == CHANNEL_OPEN; i++) {
		int result = parts[i](channel, err);

		if (result < 0)
			return -1;
		done |= result | deliver (channel);
	}
	if (channel->state == CHANNEL_OPEN &&
		(channel->pump.write_failed || (channel->abandoned && is_late (channel)) ||
			(channel->abandoned && channel->eof_sent)))
		done |= abandon (channel);
	set_watch (channel);
	if (done && !channel->watch)
		channel->ops->ready (channel->arg);
	return done;
}

/* --- closing ------------------------------------------------------------------------------------------------------- */

/* Has sshd closed its side, too? libssh2_channel_close may return 0 before that (R7), and libssh2_channel_free after it does
 * not wait. What still comes is read and dropped: the queue of a session is one for all its channels. Returns 1, 0, -1. */
static int wait_closed (struct ssh_channel *channel, struct err *err)
{
	int result;

	if (!channel->close_sent) {
		result = libssh2_channel_close (channel->raw);
		if (is_fatal (result))
			return failure_of_session (channel->session, "the connection has ended", err);
		if (result == LIBSSH2_ERROR_EAGAIN)
			return 0;
		channel->close_sent = true;
	}
	if (!channel->ended) {
		if (pull (channel, err) < 0)
			return -1;
		drop (channel);
	}
	result = libssh2_channel_wait_closed (channel->raw); /* INVAL: neither its EOF nor its close has come */
	if (is_fatal (result))
		return failure_of_session (channel->session, "the connection has ended", err);
	return !result;
}

static int step_closing (struct ssh_channel *channel, struct err *err)
{
	int result = wait_closed (channel, err);

	if (result < 0)
		return -1;
	deliver (channel);
	set_watch (channel);
	if (!result)
		return 0;
	result = libssh2_channel_free (channel->raw);
	if (is_fatal (result))
		return failure_of_session (channel->session, "the connection has ended", err);
	if (result == LIBSSH2_ERROR_EAGAIN)
		return 0;
	drain (channel);
	return 1;
}

int ssh_channel_step (struct ssh_channel *channel, struct err *err)
{
	if (channel->state == CHANNEL_OPENING && (channel->pump.read_ended || channel->abandoned) && !channel->asked) {
		let_go (channel);
		return 1;
	}
	switch (channel->state) {
	case CHANNEL_OPENING: return step_opening (channel, err);
	case CHANNEL_OPEN: return step_open (channel, err);
	case CHANNEL_CLOSING: return step_closing (channel, err);
	case CHANNEL_DRAINING: break;
	}
	return 0;
}

bool ssh_channel_is_stale (const struct ssh_channel *channel)
{
	return channel->state == CHANNEL_CLOSING && is_late (channel);
}

int64_t ssh_channel_wakes (const struct ssh_channel *channel)
{
	bool waits = channel->state == CHANNEL_CLOSING || (channel->state == CHANNEL_OPEN && channel->abandoned);

	return waits && !is_late (channel) ? channel->since_ms + CHANNEL_CLOSE_MS : INT64_MAX;
}

/* --- the owner ------------------------------------------------------------------------------------------------------- */

static const struct buf *stream_of (const struct ssh_channel *channel, enum channel_stream stream)
{
	return stream == CHANNEL_STDERR ? &channel->errors : &channel->down;
}

const uint8_t *ssh_channel_output (const struct ssh_channel *channel, enum channel_stream stream, size_t *n)
{
	*n = buf_len (stream_of (channel, stream));
	return buf_head (stream_of (channel, stream));
}

/* Step later, and not while the owner is using the channel. */
static void wake (struct ssh_channel *channel)
{
	if (channel->state < CHANNEL_DRAINING)
		channel->wake (channel->stir_arg);
	else
		drain_soon (channel);
}

void ssh_channel_consume (struct ssh_channel *channel, enum channel_stream stream, size_t n)
{
	if (!n)
		return;
	buf_consume (stream == CHANNEL_STDERR ? &channel->errors : &channel->down, n);
	wake (channel);
}

size_t ssh_channel_room (const struct ssh_channel *channel)
{
	return channel->up_ended || channel->state > CHANNEL_OPEN ? 0 : buf_room (&channel->up);
}

size_t ssh_channel_waiting (const struct ssh_channel *channel)
{
	return buf_len (&channel->up);
}

int ssh_channel_send (struct ssh_channel *channel, const void *bytes, size_t n)
{
	if (buf_append (&channel->up, bytes, n) < 0)
		return -1;
	wake (channel);
	return 0;
}

void ssh_channel_send_end (struct ssh_channel *channel)
{
	channel->up_ended = true;
	wake (channel);
}

void ssh_channel_resize (struct ssh_channel *channel, int rows, int cols)
{
	if (!channel->tty.wanted)
		return;
	channel->tty.rows = rows;
	channel->tty.cols = cols;
	wake (channel);
}

void ssh_channel_hang_up (struct ssh_channel *channel)
{
	if (channel->state != CHANNEL_OPEN)
		return;
	drop (channel);
	abandon (channel);
	wake (channel);
}

int ssh_channel_attach (struct ssh_channel *channel, int fd)
{
	if (set_socket (channel, fd) < 0)
		return -1;
	if (buf_len (&channel->errors) > CHANNEL_LAST_WORDS)
		buf_consume (&channel->errors, buf_len (&channel->errors) - CHANNEL_LAST_WORDS);
	wake (channel);
	return 0;
}

static void ignore (void *arg)
{
	(void)arg;
}

static void ignore_refusal (void *arg, int fd, bool again, const struct err *err)
{
	(void)arg;
	(void)fd;
	(void)again;
	(void)err;
}

static void ignore_end (void *arg, const struct ssh_exit *how, const struct err *err)
{
	(void)arg;
	(void)how;
	(void)err;
}

void ssh_channel_abandon (struct ssh_channel *channel)
{
	static const struct ssh_channel_ops nobody = { ignore, ignore, ignore_refusal, ignore_end };

	channel->ops = &nobody;
	channel->abandoned = true;
	/* The strings go with the owner. libssh2 has its own copy of a command that it was asked for (R6 holds for it, too). */
	channel->target = (struct ssh_channel_target){ .command = channel->target.command ? "" : NULL,
		.shell = channel->target.shell,
		.subsystem = channel->target.subsystem ? "" : NULL,
		.host = channel->target.host ? "" : NULL };
	if (channel->state == CHANNEL_OPEN)
		channel->since_ms = clock_ms ();
	buf_consume (&channel->up, buf_len (&channel->up));
	ssh_channel_send_end (channel);
}
