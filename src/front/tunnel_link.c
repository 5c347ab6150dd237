/* tunnel_link - see tunnel_link.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/passrights.h"
#include "front/front_state.h"
#include "front/tunnel_link.h"
#include "gate/handshake.h"
#include "loop/loop.h"

enum { BURST = 64 }; /* records in a row before the loop serves others */

void tunnel_link_init (struct tunnel_link *tunnel)
{
	*tunnel = (struct tunnel_link){ .fd = -1 };
}

void tunnel_link_close (struct front *front)
{
	watch_free (&front->tunnel.watch);
	fd_close (&front->tunnel.fd);
}

/* --- clients ----------------------------------------------------------------------------------------------------- */

/* Answer with one end of a new pair, or with none. The other end is a client. False: the link has ended. */
static bool let_in (struct front *front, uint64_t id)
{
	struct outgoing answer = { .record = { .type = REC_INBOUND, .id = id } };
	int pair[2] = { -1, -1 }, error;

	if (!front->draining && socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		log_warning ("no descriptors are left: a client of the tunnel is refused");
	if (pair[0] >= 0) {
		passrights_refuse (pair[0]);
		answer.fds = &pair[1];
		answer.n_fds = 1;
	}
	/* The other end reads at once: a link that takes no answer has a process at its end that hangs. */
	error = link_send (front->tunnel.fd, &answer, MSG_DONTWAIT) < 0 ? errno : 0;
	fd_close (&pair[1]);
	if (!error && pair[0] >= 0)
		handshake_start_tunnel (&front->gate, pair[0]);
	else
		fd_close (&pair[0]);
	if (error != ETOOMANYREFS)
		return !error;
	/* Too many descriptors are on their way (unix(7)): the client gets none. */
	return link_post (front->tunnel.fd, REC_INBOUND, id, 0, 0, MSG_DONTWAIT) == 0;
}

static void on_record (void *arg, int events)
{
	static struct packet packet; /* 128 KiB: not for the stack */
	struct front *front = arg;
	struct tunnel_link *tunnel = &front->tunnel;
	bool good = true;
	int got;

	(void)events;
	for (int i = 0; i < BURST && good; i++) {
		if (!tunnel->guarded && passrights_pending (tunnel->fd)) {
			good = false;
			break;
		}
		got = link_recv (tunnel->fd, &packet, MSG_DONTWAIT);
		if (got < 0 && errno == EAGAIN)
			return;
		good = got > 0 && packet.record.type == REC_INBOUND && let_in (front, packet.record.id);
		packet_close (&packet);
	}
	if (!good)
		tunnel_link_close (front);
}

void tunnel_link_take (struct front *front, struct packet *packet)
{
	struct tunnel_link *tunnel = &front->tunnel;

	tunnel_link_close (front);
	if (!packet->n_fds || front->draining)
		return;
	tunnel->fd = packet->fds[0];
	packet->fds[0] = -1;
	tunnel->guarded = passrights_refused (tunnel->fd);
	if (!(tunnel->watch = watch_new (&front->loop, tunnel->fd, UV_READABLE, on_record, front))) {
		log_error ("the tunnel cannot be used: %s", strerror (errno));
		fd_close (&tunnel->fd);
	}
	/* As with TCP: others than the daemon's user may come. */
	front->gate.access.shared = true;
	front->queue.shared = true;
}

/* --- its state --------------------------------------------------------------------------------------------------- */

void tunnel_link_state (struct front *front, struct packet *packet)
{
	struct tunnel_link *tunnel = &front->tunnel;
	char *const texts[] = { tunnel->bastion, tunnel->listen, tunnel->why };
	const char *at = (const char *)packet->data, *end = at + packet->record.length;

	tunnel->phase = (enum tunnel_phase)packet->record.a;
	tunnel->when_ms = packet->record.b;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t n = at < end ? strnlen (at, (size_t)(end - at)) : 0;

		snprintf (texts[i], TUNNEL_TEXT, "%.*s", (int)n, n ? at : "");
		at += at < end ? n + 1 : 0;
	}
}

json_t *tunnel_link_json (const struct front *front)
{
	static const char *const words[] = { "none", "shut", "trying", "up", "down" };
	const struct tunnel_link *tunnel = &front->tunnel;
	double passed = (double)(clock_ms () - tunnel->when_ms) / 1000;
	const struct gate_client *client;
	int n = 0;
	json_t *json;

	if (tunnel->phase <= TUNNEL_NONE || tunnel->phase > TUNNEL_PAUSING)
		return NULL;
	list_each (client, &front->gate.clients, node)
		n += client->remote && endpoint_is_tunnel (&client->from);
	json = json_pack ("{ss ss ss si ss*}", "state", words[tunnel->phase], "ssh", tunnel->bastion, "listen",
		tunnel->listen, "connections", n, "error", *tunnel->why ? tunnel->why : NULL);
	if (json && tunnel->phase == TUNNEL_UP)
		json_object_set_new (json, "up", json_real (passed));
	if (json && tunnel->phase == TUNNEL_PAUSING)
		json_object_set_new (json, "next", json_real (passed < 0 ? -passed : 0));
	return json;
}
