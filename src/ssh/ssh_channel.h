/* ssh_channel - one channel of a session, and the bytes between it and a socket that the channel owns: one end of a pair,
 * whose other end a client has. A channel without a socket is read and written by its owner, in this process.
 *
 *   OPENING -> OPEN -> CLOSING -> DRAINING -> freed        from OPENING and OPEN also to DRAINING
 *
 * OPENING: sshd is asked for the channel, and then for the command in it. A session has one such channel at most (R4), and
 * libssh2 cannot take a request back: the channel stays OPENING until sshd has answered. OPEN: bytes flow. CLOSING: our
 * side is closed, and sshd has not closed its side. DRAINING: libssh2 has no such channel any more, and the session does
 * not know it either; bytes that came before still go to the socket.
 *
 * Each direction ends by itself. The end that comes from sshd becomes a shutdown(2) of the socket, and the end that comes
 * from the socket becomes an EOF of the channel. What a command writes to stderr is kept apart: where there is a socket, the
 * last line of it says why a command did not do what it should; an owner gets all of it, as a stream of its own.
 *
 * A command or a login shell may have a terminal over there (RFC 4254, section 6.2): sshd is asked for it first. stderr then
 * comes on stdout, and closing the channel hangs the terminal up.
 *
 * A channel that sshd has opened (ssh_forward.h) is OPEN from the beginning.
 *
 * Windows are granted by hand (rule R3 of the trial of libssh2: its automatic window loses bytes after a new key exchange
 * without an error): the sum of what sshd may still send and of what is buffered here is at most CHANNEL_WINDOW.
 */
#ifndef REMEX_SSH_SSH_CHANNEL_H
#define REMEX_SSH_SSH_CHANNEL_H

#include <libssh2.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "loop/loop.h"
#include "net/pump.h"
#include "wire/tty.h"

enum {
	CHANNEL_WINDOW = 2 * 1024 * 1024,
	CHANNEL_LAST_WORDS = 1024, /* bytes of stderr that are kept where there is a socket: the last ones */
	CHANNEL_OUT_HIGH = 256 * 1024, /* no channel adds to the session's output above this */
	CHANNEL_CLOSE_MS = 10000, /* from our close to sshd's; a channel that takes longer is STALE */
};

enum channel_state { CHANNEL_OPENING, CHANNEL_OPEN, CHANNEL_CLOSING, CHANNEL_DRAINING };

/* What sshd is asked for in a session's channel, in this order. */
enum channel_request { REQUEST_TTY, REQUEST_ENV, REQUEST_START, REQUESTS };

/* The streams of a channel that an owner reads, and writes (the first one only). The numbers are those of libssh2. */
enum channel_stream { CHANNEL_STDOUT, CHANNEL_STDERR, CHANNEL_STREAMS };

/* The character that a terminal over there takes for a signal to its foreground process group: SIGINT, SIGQUIT and SIGTSTP have one;
 * 0: the signal has none. */
char ssh_channel_tty_char (int signo);

/* What sshd is asked for: a command, a login shell, a subsystem, or a connection from there. The strings belong to the caller,
 * who keeps them for as long as the channel lives. */
struct ssh_channel_target {
	const char *command; /* the text of the exec request, at most 34,720 bytes (R12); NULL: */
	bool shell; /* the user's login shell; false: */
	const char *subsystem; /* a name that sshd knows, such as "sftp"; NULL: */
	const char *host; /* a connection to this host, */
	uint16_t port; /* and this port */
	const struct tty *tty; /* of the command or the shell; NULL: none. It is copied */
	const char *const *env; /* of the shell: NAME=VALUE, NULL behind the last one; NULL: none. sshd takes what its
				   AcceptEnv names, and nothing tells which it was */
};

/* How a command ended. */
struct ssh_exit {
	bool known; /* sshd has told it */
	int status; /* the exit status, where no signal ended it */
	const char *signal; /* "TERM"; "": none */
};

struct ssh_channel_ops {
	/* The channel is open, and bytes flow. */
	void (*opened) (void *arg);
	/* Without a socket: output has come, or there is more room for input. The callee may use the channel, and may
	 * abandon it. */
	void (*ready) (void *arg);
	/* The channel was never open: err->code is an enum failure; `again`: the session takes no more channels now, and
	 * may take one later. The socket is handed back in *fd. The last call. */
	void (*refused) (void *arg, int fd, bool again, const struct err *err);
	/* The channel was open, and all its bytes have been delivered: err says how it ended. The socket is still open
	 * during the call. The last call. */
	void (*ended) (void *arg, const struct ssh_exit *how, const struct err *err);
};

struct ssh_channel {
	struct list node; /* in the session's channels; unlinked: DRAINING */
	enum channel_state state;
	uv_loop_t *loop;
	LIBSSH2_SESSION *session;
	const struct buf *session_out; /* what the session has not sent yet */
	void (*stir) (void *arg); /* the socket is ready: the session should step */
	void (*wake) (void *arg); /* the owner has done something: the session should step, but later */
	void *stir_arg;
	LIBSSH2_CHANNEL *raw;
	struct ssh_channel_target target;
	const struct ssh_channel_ops *ops;
	void *arg;
	int64_t since_ms; /* OPENING: the request; `abandoned` and CLOSING: our end */
	struct pump pump; /* of the socket */
	struct buf up, down; /* pump.in: to sshd; pump.out: from sshd */
	struct watch *watch; /* of the socket; NULL: there is none */
	struct timer *timer; /* hold; DRAINING without a socket: the last step */
	uint32_t granting; /* a grant that libssh2 has not taken yet: it is repeated with the same number (R3) */
	bool asked; /* sshd was asked for the channel */
	bool eof_sent, eof_received, shut; /* shut: eof_received was passed on */
	bool held; /* the end of output waits a moment for the exit status */
	bool abandoned; /* whoever has the other end of the socket has closed it, or the owner has abandoned the channel */
	struct tty tty; /* target.tty, with the size that the owner wants */
	int sent_rows, sent_cols; /* the size that sshd knows, or that libssh2 is sending */
	bool sizing; /* libssh2 has not sent that size yet: it is repeated (R6) */
	enum channel_request request; /* OPENING: the one that comes next, or that sshd has not answered: */
	bool requested;
	size_t n_env; /* variables that sshd has answered */
	bool close_sent; /* CLOSING: libssh2 has sent our close */
	bool ended; /* status and signal are known */
	bool up_ended; /* nothing more comes for `up` */
	int status; /* exit status of the command, -1: none */
	char signal[24]; /* of the command: "TERM"; "": none */
	struct buf errors; /* stderr: with a socket, its last bytes */
	struct err end; /* how it ended; code and text are empty until then */
	bool has_end;
};

/* What a channel needs of its session. */
struct channel_place {
	uv_loop_t *loop;
	LIBSSH2_SESSION *session;
	const struct buf *out;
	void (*stir) (void *arg);
	void (*wake) (void *arg);
	void *arg;
};

/* A channel in OPENING. It owns the socket from now on; -1: it has none. NULL: out of memory, or the socket cannot be
 * watched; then the socket stays the caller's. */
struct ssh_channel *ssh_channel_new (const struct channel_place *place, const struct ssh_channel_target *target, int fd,
	const struct ssh_channel_ops *ops, void *arg);

/* The same for a channel that sshd has opened, and that libssh2 has accepted: it is OPEN. On NULL `raw` stays the
 * caller's too. */
struct ssh_channel *ssh_channel_adopt (
	const struct channel_place *place, LIBSSH2_CHANNEL *raw, int fd, const struct ssh_channel_ops *ops, void *arg);

/* Do what can be done now. 1: something was done; 0: nothing; -1 and err: the session is broken. The session calls it for
 * all its channels after each input, in turns (R5). During the call the channel may unlink and free itself. */
int ssh_channel_step (struct ssh_channel *channel, struct err *err);

/* The time at which the channel wants a step although nothing has come; INT64_MAX: never. */
int64_t ssh_channel_wakes (const struct ssh_channel *channel);

/* Is our side closed for so long that sshd will not close its side? Such a channel keeps no session alive. */
bool ssh_channel_is_stale (const struct ssh_channel *channel);

/* The owner's part: channels without a socket.
 *
 * ssh_channel_output: the bytes of a stream that have come, *n of them, until the next call on the channel; the owner
 * takes them with ssh_channel_consume. What is not taken keeps sshd from sending more than CHANNEL_WINDOW.
 *
 * ssh_channel_room: how many bytes ssh_channel_send takes now. ssh_channel_send: 0; or -1: out of memory.
 * ssh_channel_waiting: how many bytes of input have not gone to sshd. ssh_channel_send_end: there is no more input.
 *
 * ssh_channel_resize: the terminal has another size. sshd is told the last one, as soon as its other input allows that.
 * ssh_channel_hang_up: our side is closed, which hangs up the terminal. What has come is dropped, and what comes; `ended` is
 * called when sshd has closed its side, too, because what it ran has ended. In a channel that is not OPEN it does nothing.
 *
 * ssh_channel_attach: from now on bytes go between the channel and this socket, which the channel owns; what has come and
 * was not taken goes there first. 0; or -1: out of memory, and the socket stays the caller's.
 *
 * ssh_channel_abandon: the owner wants nothing more, and no op is called any more. The channel is closed, and frees itself.
 * What runs over there is not ended by that. A command that sshd was not asked for is not run. */
const uint8_t *ssh_channel_output (const struct ssh_channel *channel, enum channel_stream stream, size_t *n);
void ssh_channel_consume (struct ssh_channel *channel, enum channel_stream stream, size_t n);
size_t ssh_channel_room (const struct ssh_channel *channel);
size_t ssh_channel_waiting (const struct ssh_channel *channel);
int ssh_channel_send (struct ssh_channel *channel, const void *bytes, size_t n);
void ssh_channel_send_end (struct ssh_channel *channel);
void ssh_channel_resize (struct ssh_channel *channel, int rows, int cols);
void ssh_channel_hang_up (struct ssh_channel *channel);
int ssh_channel_attach (struct ssh_channel *channel, int fd);
void ssh_channel_abandon (struct ssh_channel *channel);

/* The session has ended, with err: libssh2's channel is gone with it. The channel unlinks itself. */
void ssh_channel_lost (struct ssh_channel *channel, const struct err *err);

#endif
