/* remex stdio - the bytes between standard input and output and remexd's Unix socket, as they are (remex(1)).
 *
 * A client that reaches a machine through a program with two pipes, such as ssh, reaches its remexd through this
 * command: the client at the other end speaks remex/1 with remexd, which knows us by our uid. Two pumps share two
 * buffers: what one reads, the other writes. The end of standard input ends our sending, and the end of the connection
 * ends the program.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/say.h"
#include "client/address.h"
#include "client/dial.h"
#include "commands/commands.h"
#include "net/pump.h"

enum {
	ROOM = 256 * 1024,
	RETRY_MS = 20,
	STATUS_NOBODY = 69, /* no remexd answers, and nothing was read: remex-ssh then starts one (EX_UNAVAILABLE) */
};

struct stdio_relay {
	struct pump outer, inner; /* of standard input and output; of the socket */
	struct buf up, down; /* to the socket, and from it */
	bool ended; /* the socket knows that no more comes */
};

/* Connect to the socket. 0, or the exit status (the reason was reported). */
static int open_socket (const char *where, int *fd)
{
	int64_t give_up = clock_ms () + DIAL_MS;
	struct address address;
	struct err err;

	if (address_parse (&address, where, &err) < 0) {
		complain (NULL, "%s", err.text);
		return STATUS_REMEX;
	}
	if (!address.n) {
		complain (NULL, "'%s' is not a Unix socket (examples: local, unix:///PATH)", where);
		return STATUS_REMEX;
	}
	for (;;) {
		enum address_answer answer = address_open (&address, fd, &err);

		if (answer == ADDRESS_OPEN)
			return 0;
		if (answer != ADDRESS_LATER || clock_ms () >= give_up) {
			complain (NULL, "%s", err.text);
			return STATUS_NOBODY;
		}
		poll (NULL, 0, RETRY_MS);
	}
}

/* Move what can be moved now; false: all is done. */
static bool move (struct stdio_relay *relay)
{
	pump_write (&relay->inner);
	pump_write (&relay->outer);
	if (relay->outer.read_ended && !relay->ended && !buf_len (&relay->up))
		relay->ended = pump_end (&relay->inner) == 0;
	return !relay->outer.write_failed && (!relay->inner.read_ended || buf_len (&relay->down));
}

/* What to wait for at a pump. A descriptor that cannot be watched is always ready; that of a shared stream becomes readable
 * where the stream is writable. */
static void watch (const struct pump *pump, struct pollfd fds[2], int *timeout)
{
	const struct stream *stream = &pump->stream;
	int wants = pump_wants (pump);
	bool reads = wants & PUMP_READABLE && buf_room (pump->in);

	fds[0] = (struct pollfd){ .fd = reads ? stream->in_poll : -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = wants & PUMP_WRITABLE ? stream->out_poll : -1,
		.events = stream->out_poll == stream->out ? POLLOUT : POLLIN };
	if (reads && fds[0].fd < 0)
		*timeout = 0;
}

static int run_relay (struct stdio_relay *relay)
{
	while (move (relay)) {
		struct pollfd fds[4];
		int timeout = -1;

		watch (&relay->outer, fds, &timeout);
		watch (&relay->inner, fds + 2, &timeout);
		if (poll (fds, 4, timeout) < 0 && errno != EINTR) {
			complain (NULL, "cannot wait: %s", strerror (errno));
			return STATUS_REMEX;
		}
		if (fds[0].revents || timeout == 0)
			pump_read (&relay->outer, ROOM);
		if (fds[2].revents)
			pump_read (&relay->inner, ROOM);
	}
	if (relay->inner.read_error || relay->outer.write_failed) {
		complain (NULL, "%s",
			strerror (relay->inner.read_error ? relay->inner.read_error : relay->outer.write_error));
		return STATUS_REMEX;
	}
	if (relay->outer.read_error) { /* the end of standard input was not what the client has sent */
		complain (NULL, "cannot read standard input: %s", strerror (relay->outer.read_error));
		return STATUS_REMEX;
	}
	pump_end (&relay->outer);
	return 0;
}

static int run_stdio (const struct subcommand *command, struct command_line *line)
{
	struct stdio_relay relay = { .ended = false };
	struct stream outer, inner;
	int fd, status;

	(void)command;
	if ((status = open_socket (line->n_words ? line->words[0] : "local", &fd)))
		return status;
	if (stream_shared (&outer, STDIN_FILENO, STDOUT_FILENO) < 0) {
		complain (NULL, "cannot use standard input and output: %s", strerror (errno));
		close (fd);
		return STATUS_REMEX;
	}
	stream_unix (&inner, fd);
	buf_init (&relay.up, ROOM);
	buf_init (&relay.down, ROOM);
	pump_init (&relay.outer, &relay.up, &relay.down);
	pump_init (&relay.inner, &relay.down, &relay.up);
	pump_open (&relay.outer, &outer);
	pump_open (&relay.inner, &inner);
	status = run_relay (&relay);
	pump_close (&relay.inner);
	pump_close (&relay.outer);
	buf_free (&relay.up);
	buf_free (&relay.down);
	return status;
}

static const struct option stdio_options[] = { OPTION_ROW_HELP, { 0 } };

const struct subcommand cmd_stdio = { "stdio", "[local | unix:///PATH]",
	"Connect standard input and output to the remexd of this machine", stdio_options, WORDS_MIXED, 1, 0,
	run_stdio };
