/* fuzz_ssh_session - an sshd that does what the input says, against a session and its channels on a socket pair.
 *
 * The first byte says how far the sshd is honest (enum honest): it sends raw bytes from the beginning, or raw bytes behind
 * its banner, or its key exchanges are honest (tests/ssh/far_sshd.h) and the input is a script of packets. Then it answers
 * what it is asked, or does not. Whatever it says: `ended` of the session and the end of each channel come once, nothing
 * comes behind them, and no channel is given more than was sent.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/fd.h"
#include "ssh/far_sshd.h"
#include "ssh/ssh_session.h"

enum { CHANNELS = 3, STEPS = 200, TURNS = 8 };

enum honest { RAW = 1, BANNER = 2, SILENT = 4 }; /* SILENT: nothing is answered but key exchanges */

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

struct world;

struct end { /* of a channel */
	struct world *world;
	int ours; /* our end of its socket; -1 */
	bool there, opened, over;
};

struct world {
	const uint8_t *data, *end;
	uv_loop_t loop;
	struct ssh_session *session;
	struct far_sshd sshd;
	int far; /* the sshd's end of the connection */
	uint8_t honest;
	struct end ends[CHANNELS];
	size_t n_ends;
	bool ready, over, deaf; /* deaf: the client broke the rules, as far as the sshd can see */
};

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static uint8_t byte (struct world *world)
{
	return world->data < world->end ? *world->data++ : 0;
}

/* --- the client --------------------------------------------------------------------------------------------------------- */

static int on_judge (void *arg, const uint8_t *key, size_t n, struct err *err)
{
	struct world *world = arg;

	(void)err;
	require (!world->over && key && n);
	return 0;
}

static int on_login (void *arg, LIBSSH2_SESSION *raw, struct err *err)
{
	struct world *world = arg;
	int result = libssh2_userauth_password (raw, "user", "password");

	require (!world->over && !world->ready);
	if (result == LIBSSH2_ERROR_EAGAIN)
		return 0;
	return result ? err_set (err, 0, "no login") : 1;
}

static void on_session_ready (void *arg)
{
	struct world *world = arg;

	require (!world->over && !world->ready);
	world->ready = true;
}

static void on_roomy (void *arg)
{
	struct world *world = arg;

	require (!world->over && world->ready);
}

static void on_ended (void *arg, bool again, const struct err *err)
{
	struct world *world = arg;

	(void)again;
	require (!world->over && *err->text && !strchr (err->text, '\n'));
	world->over = true;
}

static const struct ssh_session_ops session_ops = { on_judge, on_login, on_session_ready, on_roomy, on_ended, NULL,
	NULL };

static void on_opened (void *arg)
{
	struct end *end = arg;

	require (!end->opened && !end->over && end->world->ready);
	end->opened = true;
}

static void on_refused (void *arg, int fd, bool again, const struct err *err)
{
	struct end *end = arg;

	(void)again;
	require (!end->opened && !end->over && *err->text);
	end->over = true;
	fd_close (&fd);
}

static void on_channel_ended (void *arg, const struct ssh_exit *how, const struct err *err)
{
	struct end *end = arg;

	(void)how;
	require (end->opened && !end->over && *err->text);
	end->over = true;
}

static const struct ssh_channel_ops channel_ops = {
	.opened = on_opened, .refused = on_refused, .ended = on_channel_ended
};

static void open_channel (struct world *world, bool exec)
{
	struct ssh_channel_target target = {
		.command = exec ? "command" : NULL, .host = exec ? NULL : "host", .port = 22
	};
	struct end *end = &world->ends[world->n_ends];
	int pair[2];

	if (world->over || world->n_ends == CHANNELS || !ssh_session_has_room (world->session))
		return;
	require (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	*end = (struct end){ .world = world, .ours = pair[0], .there = true };
	world->n_ends++;
	require (ssh_session_open (world->session, &target, pair[1], &channel_ops, end) != NULL);
}

/* Do something with our end of a channel's socket. */
static void use (struct end *end, uint8_t how)
{
	static uint8_t bytes[70000];

	if (!end->there || end->ours < 0)
		return;
	switch (how % 4) {
	case 0: require (write (end->ours, bytes, how < 128 ? 10 : sizeof bytes) != 0); break;
	case 1: shutdown (end->ours, SHUT_WR); break;
	case 2: fd_close (&end->ours); break;
	default:
		while (read (end->ours, bytes, sizeof bytes) > 0)
			continue;
	}
}

/* --- the server --------------------------------------------------------------------------------------------------------- */

/* Answer as an sshd would. */
static void answer (struct world *world, const uint8_t *payload, size_t n)
{
	static const uint8_t service[] = "\6\0\0\0\14ssh-userauth", welcome[] = { 52 };
	uint8_t confirmation[17] = { 91 }, success[5] = { 99 };
	size_t kind;

	switch (*payload) {
	case 5: far_sshd_send (&world->sshd, service, sizeof service - 1); return;
	case 50: far_sshd_send (&world->sshd, welcome, 1); return;
	case 90:
		kind = n > 5 ? payload[4] : 0; /* the length of its name */
		if (n < 5 + kind + 4)
			return;
		memcpy (confirmation + 1, payload + 5 + kind, 4);
		memcpy (confirmation + 5, payload + 5 + kind, 4);
		confirmation[10] = 1; /* a window of 64 KiB */
		confirmation[15] = 128; /* packets of 32 KiB */
		far_sshd_send (&world->sshd, confirmation, sizeof confirmation);
		return;
	case 98:
		if (n < 5)
			return;
		memcpy (success + 1, payload + 1, 4);
		far_sshd_send (&world->sshd, success, sizeof success);
		return;
	default: return;
	}
}

/* Let the bytes of both sides go where they can. */
static void turn (struct world *world)
{
	uint8_t bytes[16384];
	const uint8_t *payload;
	ssize_t n;
	size_t size;
	int got;

	for (int i = 0; i < TURNS; i++) {
		while (world->far >= 0 && buf_len (&world->sshd.out) &&
			(n = send (world->far, buf_head (&world->sshd.out), buf_len (&world->sshd.out), MSG_NOSIGNAL)) >
				0)
			buf_consume (&world->sshd.out, (size_t)n);
		uv_run (&world->loop, UV_RUN_NOWAIT);
		while (world->far >= 0 && !world->deaf && (n = read (world->far, bytes, sizeof bytes)) > 0) {
			far_sshd_feed (&world->sshd, bytes, (size_t)n);
			while ((got = far_sshd_next (&world->sshd, &payload, &size)) > 0)
				if (!(world->honest & SILENT))
					answer (world, payload, size);
			world->deaf = got < 0;
		}
	}
}

static void send_packet (struct world *world)
{
	size_t n = byte (world);

	if (n == 255)
		n = (size_t)byte (world) << 8 | byte (world);
	if (n > (size_t)(world->end - world->data))
		n = (size_t)(world->end - world->data);
	far_sshd_send (&world->sshd, world->data, n);
	world->data += n;
}

static void step (struct world *world)
{
	uint8_t what = byte (world);

	switch (what % 8) {
	case 0:
	case 1:
	case 2: send_packet (world); break;
	case 3: open_channel (world, what & 8); break;
	case 4:
		if (world->n_ends)
			use (&world->ends[what / 8 % world->n_ends], byte (world));
		break;
	case 5: far_sshd_rekey (&world->sshd); break;
	case 6: world->honest ^= what / 8 % 2 ? SILENT : 0; break;
	default: break; /* only a turn */
	}
	if (!(what & 64))
		turn (world);
}

static void run (struct world *world)
{
	if (world->honest & (RAW | BANNER)) {
		struct buf *out = &world->sshd.out;

		buf_consume (out, buf_len (out));
		if (world->honest & BANNER)
			require (buf_printf (out, "SSH-2.0-fuzz\r\n") == 0);
		require (buf_append (out, world->data, (size_t)(world->end - world->data)) == 0);
		world->deaf = true;
		turn (world);
		return;
	}
	turn (world);
	open_channel (world, true);
	turn (world);
	for (int i = 0; i < STEPS && world->data < world->end && !world->over; i++)
		step (world);
	turn (world);
}

static void close_all (struct world *world)
{
	fd_close (&world->far);
	for (int i = 0; i < TURNS; i++)
		uv_run (&world->loop, UV_RUN_NOWAIT);
	require (world->over);
	for (size_t i = 0; i < world->n_ends; i++) {
		/* What it was given before its end is delivered, then it ends. */
		use (&world->ends[i], 3);
		for (int j = 0; j < TURNS; j++) {
			uv_run (&world->loop, UV_RUN_NOWAIT);
			use (&world->ends[i], 3);
		}
		require (world->ends[i].over);
		fd_close (&world->ends[i].ours);
	}
	ssh_session_free (world->session);
	uv_run (&world->loop, UV_RUN_NOWAIT);
	require (uv_loop_close (&world->loop) == 0);
	far_sshd_free (&world->sshd);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct ssh_session_target target = { .fd = -1 };
	struct world world = { .data = data, .end = data + size };
	static bool initialized;
	struct err err;
	int pair[2];

	if (!initialized)
		require (libssh2_init (0) == 0 && signal (SIGPIPE, SIG_IGN) != SIG_ERR);
	initialized = true;
	world.honest = byte (&world);
	far_sshd_init (&world.sshd);
	require (uv_loop_init (&world.loop) == 0);
	require (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	world.far = pair[0];
	target.fd = pair[1];
	world.session = ssh_session_new (&world.loop, &target, &session_ops, &world, &err);
	require (world.session != NULL);
	run (&world);
	close_all (&world);
	return 0;
}
