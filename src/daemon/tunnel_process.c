/* tunnel_process - see tunnel_process.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/passrights.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/trusted.h"
#include "conf/front_user.h"
#include "daemon/log_process.h"
#include "daemon/sealed.h"
#include "daemon/tunnel_process.h"

enum { TEXT = 512 };

/* In place of the one that was built with this remexd: for tests. */
static const char *program (void)
{
	const char *named = secure_getenv ("REMEX_SSH");

	return named && *named ? named : LIBEXECDIR "/remex-ssh";
}

/* --- state ------------------------------------------------------------------------------------------------------- */

/* "user@host:port" */
static void show_bastion (const struct config_tunnel *config, char out[TEXT])
{
	snprintf (out, TEXT, strchr (config->host, ':') ? "%s@[%s]:%u" : "%s@%s:%u", config->user, config->host,
		(unsigned)config->port);
}

static void show_listen (const struct tunnel_process *tunnel, char out[TEXT])
{
	const struct config_tunnel *config = &tunnel->config;
	const char *host = *config->listen ? config->listen : "*";

	snprintf (out, TEXT, strchr (host, ':') ? "[%s]:%u" : "%s:%u", host,
		(unsigned)(tunnel->phase == TUNNEL_UP ? tunnel->port : config->listen_port));
}

static void send_state (struct tunnel_process *tunnel)
{
	struct record record = { .type = REC_TUNNEL_STATE, .a = tunnel->phase, .b = tunnel->when_ms };
	char texts[3 * TEXT], bastion[TEXT] = "", listen[TEXT] = "";
	size_t n;

	if (tunnel->config.host) {
		show_bastion (&tunnel->config, bastion);
		show_listen (tunnel, listen);
	}
	n = (size_t)snprintf (texts, sizeof texts, "%s%c%s%c%s", bastion, '\0', listen, '\0', tunnel->why) + 1;
	front_process_send (tunnel->front, &record, texts, n, NULL, 0);
}

static void set_phase (struct tunnel_process *tunnel, enum tunnel_phase phase, int64_t when_ms)
{
	tunnel->phase = phase;
	tunnel->when_ms = when_ms;
	send_state (tunnel);
}

/* A part of the pause that nobody can foresee: from 3/4 to 5/4 of it. */
static int64_t with_jitter (int64_t ms)
{
	uint8_t random = 128;

	if (getrandom (&random, sizeof random, GRND_NONBLOCK) < 0)
		random = 128;
	return ms * 3 / 4 + ms / 2 * random / 255;
}

/* The try has failed, or the tunnel is down: pause. */
static void pause_tunnel (struct tunnel_process *tunnel, const char *why)
{
	char bastion[TEXT];
	bool was_up = tunnel->phase == TUNNEL_UP;

	if (was_up && clock_ms () - tunnel->when_ms >= TUNNEL_YOUNG_MS)
		tunnel->wait_ms = 0;
	tunnel->wait_ms = tunnel->wait_ms ? tunnel->wait_ms * 2 : TUNNEL_WAIT_MIN_MS;
	if (tunnel->wait_ms > TUNNEL_WAIT_MAX_MS)
		tunnel->wait_ms = TUNNEL_WAIT_MAX_MS;
	snprintf (tunnel->why, sizeof tunnel->why, "%s", why);
	if (was_up || strcmp (tunnel->why, tunnel->logged) != 0) {
		show_bastion (&tunnel->config, bastion);
		log_warning ("the tunnel through %s is down, and tried again: %s", bastion, why);
		strcpy (tunnel->logged, tunnel->why);
	}
	set_phase (tunnel, TUNNEL_PAUSING, clock_ms () + with_jitter (tunnel->wait_ms));
}

/* --- the process ------------------------------------------------------------------------------------------------- */

/* A sealed copy of a file of the section. */
static int open_copy (const char *path, const char *usual, const char *key, enum trusted kind, struct err *err)
{
	char *name = path ? strdup (path) : paths_config (usual);
	struct err why = { .text = "there is no place for it" };
	int file = name ? trusted_open (name, kind, &why) : -1, copy = -1;

	if (file >= 0)
		copy = sealed_file (name, file, &why);
	fd_close (&file);
	free (name);
	if (copy < 0)
		err_set (err, 0, "%s: %.400s", key, why.text);
	return copy;
}

static int open_key (const struct config_tunnel *config, struct err *err)
{
	return open_copy (config->key, PATHS_TUNNEL_KEY, "tunnel.key", TRUSTED_SECRET, err);
}

static int open_known (const struct config_tunnel *config, struct err *err)
{
	return open_copy (config->known_hosts, PATHS_KNOWN_HOSTS, "tunnel.known_hosts", TRUSTED_FILE, err);
}

/* The first record of the process: what to connect to, and with which key. */
static int send_orders (const struct tunnel_process *tunnel, int link, const int fds[2], struct err *err)
{
	const struct config_tunnel *config = &tunnel->config;
	char texts[4 * TEXT], *usual = config->known_hosts ? NULL : paths_config (PATHS_KNOWN_HOSTS);
	const char *known = config->known_hosts ? config->known_hosts : usual;
	struct outgoing outgoing = {
		.record = { .type = REC_FORWARD, .a = config->port, .b = config->keepalive_ms },
		.data = texts,
		.fds = fds,
		.n_fds = fds[1] >= 0 ? 2 : 1,
	};

	outgoing.n = (size_t)snprintf (texts, sizeof texts, "%s%c%s%c%s%c%u%c%s%c%.1000s", config->user, '\0',
			     config->host, '\0', config->listen, '\0', (unsigned)config->listen_port, '\0',
			     config->host_key ? config->host_key : "", '\0', known ? known : "known_hosts") +
		     1;
	free (usual);
	return link_send (link, &outgoing, MSG_DONTWAIT) == 0 ? 0 : err_sys (err, 0, "cannot equip remex-ssh");
}

/* Execute the program. Returns our end of its link; or -1 and err. */
static int spawn_process (struct tunnel_process *tunnel, const int fds[2], struct err *err)
{
	const char *const argv[] = { program (), "--forward", NULL };
	int log = log_process_worker (tunnel->user.uid ? tunnel->user.uid : geteuid ()), link[2], result;
	struct spawn spawn = {
		.argv = argv,
		.env = (const char *const *)environ,
		.cwd = "/",
		.fds = { -1, -1, log == -1 ? STDERR_FILENO : log },
		.die_with_parent = true,
		.user = tunnel->user.uid ? &tunnel->user : NULL,
	};

	if (link_pair (link) < 0) {
		fd_close (&log);
		return err_sys (err, 0, "cannot make a link to remex-ssh");
	}
	spawn.fds[0] = link[1];
	tunnel->guarded = passrights_refuse (link[0]);
	result = spawn_start (&spawn, &tunnel->child, err);
	fd_close (&link[1]);
	fd_close (&log);
	if (result < 0)
		tunnel->child = (struct child){ .pid = -1, .pidfd = -1 };
	else
		result = send_orders (tunnel, link[0], fds, err);
	if (result < 0)
		fd_close (&link[0]);
	return result < 0 ? -1 : link[0];
}

/* Connect the process and the front. The front's end takes no descriptors: the front makes them (front/tunnel_link.h). */
static void link_front (struct tunnel_process *tunnel)
{
	struct record to_front = { .type = REC_TUNNEL };
	int link[2];

	if (tunnel->link < 0 || tunnel->front->link < 0)
		return;
	if (link_pair (link) < 0) {
		log_error ("the front has no link to the tunnel: %s", strerror (errno));
		return;
	}
	passrights_refuse (link[0]);
	link_send (tunnel->link,
		&(struct outgoing){ .record = { .type = REC_FORWARD_FRONT }, .fds = &link[1], .n_fds = 1 },
		MSG_DONTWAIT);
	front_process_send (tunnel->front, &to_front, NULL, 0, &link[0], 1);
	fd_close (&link[0]);
	fd_close (&link[1]);
}

static void start (struct tunnel_process *tunnel)
{
	int fds[2] = { -1, -1 };
	struct err err;

	set_phase (tunnel, TUNNEL_TRYING, 0);
	if ((fds[0] = open_key (&tunnel->config, &err)) >= 0 &&
		(tunnel->config.host_key || (fds[1] = open_known (&tunnel->config, &err)) >= 0))
		tunnel->link = spawn_process (tunnel, fds, &err);
	fd_close (&fds[0]);
	fd_close (&fds[1]);
	tunnel->unanswered = 0;
	tunnel->ping_ms = clock_ms () + TUNNEL_PING_MS;
	if (tunnel->link >= 0)
		link_front (tunnel);
	else if (tunnel->child.pid > 0)
		kill (tunnel->child.pid, SIGKILL);
	if (tunnel->link < 0)
		pause_tunnel (tunnel, err.text);
}

/* No record of it is read any more. */
static void end_process (struct tunnel_process *tunnel)
{
	fd_close (&tunnel->link);
	if (tunnel->child.pid > 0)
		kill (tunnel->child.pid, SIGKILL);
}

/* --- records ----------------------------------------------------------------------------------------------------- */

static void on_up (struct tunnel_process *tunnel)
{
	char bastion[TEXT], listen[TEXT];

	tunnel->port = (uint16_t)tunnel->packet.record.a;
	tunnel->why[0] = tunnel->logged[0] = '\0';
	set_phase (tunnel, TUNNEL_UP, clock_ms ());
	show_bastion (&tunnel->config, bastion);
	show_listen (tunnel, listen);
	log_info ("the tunnel is up: %s listens on %s for this machine", bastion, listen);
}

/* The process says why it ends: a word and the reason. */
static void on_failed (struct tunnel_process *tunnel)
{
	const char *text = (const char *)tunnel->packet.data;
	size_t n = tunnel->packet.record.length, word = strnlen (text, n);
	char why[ERR_TEXT];

	text_plain (why, sizeof why, word < n ? text + word + 1 : "",
		word < n ? strnlen (text + word + 1, n - word - 1) : 0);
	end_process (tunnel);
	pause_tunnel (tunnel, *why ? why : "remex-ssh gives no reason");
}

/* Read what has come. False: the link has ended, or is broken. */
static bool receive (struct tunnel_process *tunnel)
{
	int got;

	while (tunnel->link >= 0) {
		tunnel->packet.n_fds = 0;
		if (!tunnel->guarded && passrights_pending (tunnel->link))
			return false;
		got = link_recv (tunnel->link, &tunnel->packet, MSG_DONTWAIT);
		if (got < 0 && errno == EAGAIN)
			return true;
		if (got <= 0)
			return false;
		tunnel->unanswered = 0;
		switch (tunnel->packet.record.type) {
		case REC_FORWARDING: on_up (tunnel); break;
		case REC_UNREACHED:
		case REC_SEVERED: on_failed (tunnel); break;
		case REC_PONG: break;
		default: log_error ("an unknown record from remex-ssh. type=%u", tunnel->packet.record.type);
		}
		packet_close (&tunnel->packet);
	}
	return true;
}

/* The process has ended: reap it. */
static void reap (struct tunnel_process *tunnel)
{
	char why[100] = "remex-ssh has ended";
	int status = 0;

	receive (tunnel); /* its last words */
	child_reap (&tunnel->child, &status);
	tunnel->child = (struct child){ .pid = -1, .pidfd = -1 };
	if (WIFSIGNALED (status))
		snprintf (why, sizeof why, "remex-ssh was killed by signal %d (%s)", WTERMSIG (status),
			strsignal (WTERMSIG (status)));
	else if (WEXITSTATUS (status))
		snprintf (why, sizeof why, "remex-ssh exited with %d", WEXITSTATUS (status));
	if (tunnel->link < 0)
		return;
	end_process (tunnel);
	pause_tunnel (tunnel, why);
}

void tunnel_process_poll (const struct tunnel_process *tunnel, struct pollfd fds[TUNNEL_FDS])
{
	fds[0] = (struct pollfd){ .fd = tunnel->link, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = tunnel->child.pid > 0 ? tunnel->child.pidfd : -1, .events = POLLIN };
}

void tunnel_process_receive (struct tunnel_process *tunnel, const struct pollfd fds[TUNNEL_FDS])
{
	if (fds[1].revents && tunnel->child.pid > 0)
		reap (tunnel);
	else if (fds[0].revents && !receive (tunnel) && tunnel->child.pid > 0)
		kill (tunnel->child.pid, SIGKILL); /* its end will tell why */
}

void tunnel_process_watch (struct tunnel_process *tunnel)
{
	int64_t now = clock_ms ();

	if (tunnel->phase == TUNNEL_PAUSING && tunnel->child.pid < 0 && now >= tunnel->when_ms)
		start (tunnel);
	if (tunnel->link < 0 || now < tunnel->ping_ms)
		return;
	tunnel->ping_ms = now + TUNNEL_PING_MS;
	if (tunnel->unanswered++ >= TUNNEL_PINGS_LOST) {
		end_process (tunnel);
		pause_tunnel (tunnel, "remex-ssh did not answer");
		return;
	}
	link_post (tunnel->link, REC_PING, 0, 0, 0, MSG_DONTWAIT);
}

int64_t tunnel_process_time (const struct tunnel_process *tunnel)
{
	if (tunnel->link >= 0)
		return tunnel->ping_ms;
	return tunnel->phase == TUNNEL_PAUSING && tunnel->child.pid < 0 ? tunnel->when_ms : 0;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

void tunnel_process_init (struct tunnel_process *tunnel, struct front_process *front)
{
	tunnel->front = front;
	tunnel->child = (struct child){ .pid = -1, .pidfd = -1 };
	tunnel->link = -1;
}

/* Copy a section. Without memory there is no tunnel. */
static void take_config (struct tunnel_process *tunnel, const struct config_tunnel *config)
{
	char *const from[] = { config->user, config->host, config->listen, config->key, config->known_hosts,
		config->host_key };
	struct config_tunnel copy = *config;
	char **const to[] = { &copy.user, &copy.host, &copy.listen, &copy.key, &copy.known_hosts, &copy.host_key };
	bool failed = false;

	for (size_t i = 0; i < sizeof to / sizeof *to; i++)
		failed |= from[i] && !(*to[i] = strdup (from[i]));
	config_tunnel_free (&tunnel->config);
	if (failed) {
		log_error ("there is no tunnel: out of memory");
		config_tunnel_free (&copy);
	}
	tunnel->config = copy;
}

/* As whom the process runs, where we are root: as the front. */
static int take_user (struct tunnel_process *tunnel, const struct config *config)
{
	const struct passwd *entry;

	if (geteuid () != 0)
		return 0;
	if (!(entry = front_user (config)) || !entry->pw_uid)
		return -1;
	tunnel->user = (struct spawn_user){ entry->pw_uid, entry->pw_gid };
	return 0;
}

void tunnel_process_set (struct tunnel_process *tunnel, const struct config *config, bool open)
{
	bool changed = !config_tunnel_equal (&tunnel->config, &config->tunnel), had = tunnel->config.host;

	if (changed) {
		end_process (tunnel);
		take_config (tunnel, &config->tunnel);
		tunnel->why[0] = tunnel->logged[0] = '\0';
		tunnel->wait_ms = 0;
	}
	if (!tunnel->config.host) {
		if (had)
			log_info ("the tunnel is closed: it is not configured any more");
		set_phase (tunnel, TUNNEL_NONE, 0);
	} else if (!tunnel->user.uid && take_user (tunnel, config) < 0) {
		log_error ("there is no tunnel: front_user is root, or no user");
		set_phase (tunnel, TUNNEL_SHUT, 0);
	} else if (!open && tunnel->link < 0) {
		if (tunnel->phase != TUNNEL_SHUT)
			log_warning ("the tunnel is closed: no identity may connect; `remex authorize` adds one and "
				     "opens it");
		set_phase (tunnel, TUNNEL_SHUT, 0);
	} else if (changed || tunnel->phase <= TUNNEL_SHUT) {
		set_phase (tunnel, TUNNEL_PAUSING, clock_ms ());
	}
}

void tunnel_process_equip (struct tunnel_process *tunnel)
{
	if (tunnel->phase == TUNNEL_NONE)
		return;
	send_state (tunnel);
	link_front (tunnel);
}

void tunnel_process_stop (struct tunnel_process *tunnel)
{
	end_process (tunnel);
	tunnel->phase = TUNNEL_NONE;
}

void tunnel_process_free (struct tunnel_process *tunnel)
{
	fd_close (&tunnel->link);
	fd_close (&tunnel->child.pidfd);
	config_tunnel_free (&tunnel->config);
}

int tunnel_process_check (const struct config *config, struct err *err)
{
	int key, known = -1;

	if (!config->tunnel.host)
		return 0;
	if (access (program (), X_OK) < 0)
		return err_sys (err, 0, "tunnel: %s", program ());
	if ((key = open_key (&config->tunnel, err)) < 0)
		return -1;
	fd_close (&key);
	if (!config->tunnel.host_key && (known = open_known (&config->tunnel, err)) < 0)
		return -1;
	fd_close (&known);
	return 0;
}
