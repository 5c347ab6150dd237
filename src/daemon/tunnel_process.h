/* tunnel_process - the reverse tunnel (`tunnel` of remexd.yaml), from the supervisor's side: remex-ssh --forward
 * (ssh/ssh_forward.h), started, equipped, pinged, ended, and started again after a pause.
 *
 *   NONE, SHUT     no process: none is configured; or no identity may call
 *   TRYING         the process connects to the bastion and asks it to listen
 *   UP             the bastion listens
 *   PAUSING        the process has ended, and the next one is started at when_ms
 *
 * A process makes one connection, and ends with it: so each try begins with the key and the known hosts as they are in their
 * files then. The pause is doubled while tries fail, and has some jitter, so that many machines do not come back at once. It
 * runs as the front's user, without a way to new privileges. It gets sealed copies of the key and of the known hosts: only
 * root can read the files. Clients go to the front over a link of their own (front/tunnel_link.h), which each new front
 * gets anew.
 *
 * A reason for a failure is logged once, and again after the tunnel has been up. The front has the state for
 * `remex status`.
 */
#ifndef REMEX_DAEMON_TUNNEL_PROCESS_H
#define REMEX_DAEMON_TUNNEL_PROCESS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/link.h"
#include "conf/config.h"
#include "daemon/front_process.h"
#include "proc/spawn.h"
#include "wire/records.h"

enum {
	TUNNEL_FDS = 2, /* for tunnel_process_poll */
	TUNNEL_WAIT_MIN_MS = 500, /* the first pause; doubled each time */
	TUNNEL_WAIT_MAX_MS = 60000,
	TUNNEL_YOUNG_MS = 1000, /* a tunnel that was up for less counts as a failed try */
	TUNNEL_PING_MS = 5000, /* between two pings of the process */
	TUNNEL_PINGS_LOST = 6, /* after so many unanswered pings in a row it counts as hanging */
};

struct tunnel_process {
	struct front_process *front; /* the supervisor's */
	struct config_tunnel config; /* a copy of that in use; host NULL: none */
	struct spawn_user user; /* uid 0: the daemon is not root's, and the process runs as we do */
	enum tunnel_phase phase;
	struct child child; /* pid -1: there is none */
	int link; /* -1: there is no process, or it was told to end */
	bool guarded; /* the kernel takes no descriptors there (base/passrights.h) */
	uint16_t port; /* UP: what the bastion listens on */
	int64_t when_ms; /* clock_ms. UP: since when; PAUSING: the next try */
	int64_t wait_ms; /* the last pause */
	int64_t ping_ms; /* clock_ms: the next ping */
	int unanswered;
	char why[ERR_TEXT], logged[ERR_TEXT]; /* the last failure; the last one that was logged */
	struct packet packet;
};

void tunnel_process_init (struct tunnel_process *tunnel, struct front_process *front);

/* The generation in use has this configuration. `open`: an identity may call over TCP. A tunnel whose section has not
 * changed goes on as it was; otherwise the old process is killed. */
void tunnel_process_set (struct tunnel_process *tunnel, const struct config *config, bool open);

/* A new front has been started: send it the state, and its link to the process. */
void tunnel_process_equip (struct tunnel_process *tunnel);

/* What to poll for, and what to do afterwards. */
void tunnel_process_poll (const struct tunnel_process *tunnel, struct pollfd fds[TUNNEL_FDS]);
void tunnel_process_receive (struct tunnel_process *tunnel, const struct pollfd fds[TUNNEL_FDS]);

/* Start the process when it is time, ping it, and end it when it hangs. */
void tunnel_process_watch (struct tunnel_process *tunnel);

/* When to call tunnel_process_watch next, by clock_ms; 0: never. */
int64_t tunnel_process_time (const struct tunnel_process *tunnel);

/* Kill the process, and start none any more. It is reaped by tunnel_process_receive: child.pid is then -1. */
void tunnel_process_stop (struct tunnel_process *tunnel);

/* Free what it has. The process ends with its link. */
void tunnel_process_free (struct tunnel_process *tunnel);

/* Can the files of the section be used, and is remex-ssh there? 0; or -1 and err. */
int tunnel_process_check (const struct config *config, struct err *err);

#endif
