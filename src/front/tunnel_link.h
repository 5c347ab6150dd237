/* tunnel_link - clients that come through the reverse tunnel, and what the front knows of it.
 *
 * remex-ssh --forward (ssh/ssh_forward.h) holds the connection to the bastion. For each client it asks the front, over a link
 * of their own, for one end of a pair of sockets. So no descriptor comes from that process, which talks to a machine of
 * others: the front makes the pair, keeps one end, and treats it as a connection over TCP that it has accepted.
 *
 * The state of the tunnel comes from the supervisor, which starts and ends that process (daemon/tunnel_process.h).
 */
#ifndef REMEX_FRONT_TUNNEL_LINK_H
#define REMEX_FRONT_TUNNEL_LINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/link.h"
#include "wire/records.h"

struct front;
struct watch;

enum { TUNNEL_TEXT = 512 };

struct tunnel_link {
	int fd; /* -1: there is none */
	bool guarded; /* the kernel takes no descriptors there (base/passrights.h) */
	struct watch *watch;
	enum tunnel_phase phase;
	int64_t when_ms; /* clock_ms: since when it is up, or when the next try is */
	char bastion[TUNNEL_TEXT], listen[TUNNEL_TEXT], why[TUNNEL_TEXT];
};

void tunnel_link_init (struct tunnel_link *tunnel);

/* REC_TUNNEL and REC_TUNNEL_STATE. */
void tunnel_link_take (struct front *front, struct packet *packet);
void tunnel_link_state (struct front *front, struct packet *packet);

/* No further client. */
void tunnel_link_close (struct front *front);

/* For status: a new reference; NULL: no tunnel is configured. */
json_t *tunnel_link_json (const struct front *front);

#endif
