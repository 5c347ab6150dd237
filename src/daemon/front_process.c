/* front_process - see front_process.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/passrights.h"
#include "daemon/front_process.h"
#include "wire/records.h"

enum { SEND_S = 2 }; /* a front that takes no record for so long hangs; the supervisor must not hang with it */

void front_process_init (struct front_process *front)
{
	*front = (struct front_process){ .child = { .pid = -1, .pidfd = -1 }, .link = -1, .log = -1 };
	claims_init (&front->claims);
}

void front_process_free (struct front_process *front)
{
	claims_close (&front->claims, &front->link);
	claims_free (&front->claims);
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

int front_process_start (struct front_process *front, struct err *err)
{
	char number[32];
	const char *argv[] = { "remexd", number, NULL };
	struct spawn spawn = {
		.argv = argv,
		.env = (const char *const *)environ,
		.file = "/proc/self/exe",
		.fds = { -1, -1, front->log >= 0 ? front->log : STDERR_FILENO },
	};
	int link[2];

	front->since_ms = clock_ms ();
	front->retry_ms = 0;
	front->unanswered = 0;
	front->dead_ms = 0;
	front->ping_ms = front->since_ms + FRONT_PING_MS;
	if (link_pair (link) < 0)
		return err_sys (err, 0, "cannot make the link to the front");
	front->guarded = !passrights_refuse (link[0]);
	snprintf (number, sizeof number, "--front=%d", link[1]);
	spawn.keep = &link[1];
	spawn.n_keep = 1;
	if (spawn_start (&spawn, &front->child, err) < 0) {
		front->child = (struct child){ .pid = -1, .pidfd = -1 };
		fd_close (&link[0]);
		fd_close (&link[1]);
		return -1;
	}
	fd_close (&link[1]);
	setsockopt (link[0], SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_sec = SEND_S }, sizeof (struct timeval));
	front->deaf = false;
	front->link = link[0];
	front->started++;
	return 0;
}

/* at_once: the generation is in use, and the rest of it has been sent before. */
static int send_grants (struct front_process *front, const struct generation *generation, bool at_once)
{
	struct record grants = { .type = REC_GRANTS, .a = at_once };
	struct err err;
	int fds[2], result;

	if (identity_files_snapshot (&generation->identities, fds, &err) < 0) {
		log_error ("%s", err.text);
		front->deaf = true;
		return -1;
	}
	result = front_process_send (front, &grants, NULL, 0, fds, 2);
	fd_close (&fds[0]);
	fd_close (&fds[1]);
	return result;
}

static int send_table (struct front_process *front, const char *table)
{
	size_t whole = strlen (table);

	for (size_t sent = 0, n; sent < whole; sent += n) {
		struct record record = { .type = REC_TABLE, .a = (int64_t)whole };

		n = whole - sent < LINK_PAYLOAD ? whole - sent : LINK_PAYLOAD;
		if (front_process_send (front, &record, table + sent, n, NULL, 0) < 0)
			return -1;
	}
	return 0;
}

int front_process_send_generation (struct front_process *front, const struct generation *generation)
{
	struct record config = { .type = REC_CONFIG, .a = generation->number, .b = (int64_t)geteuid () };

	if (front_process_send (
		    front, &config, generation->file, strlen (generation->file), &generation->snapshot, 1) == 0 &&
		send_grants (front, generation, false) == 0 && send_table (front, generation->table) == 0)
		return 0;
	front->deaf = true;
	return -1;
}

void front_process_send_identities (struct front_process *front, const struct generation *generation)
{
	if (front->link >= 0)
		send_grants (front, generation, true);
}

void front_process_send_host_key (struct front_process *front, int host_key)
{
	struct record key = { .type = REC_HOST_KEY };

	front_process_send (front, &key, NULL, 0, &host_key, 1);
}

/* Make the link for claims, and send the front its end. */
static int send_claims (struct front_process *front)
{
	struct record record = { .type = REC_CLAIMS };
	int far = claims_open (&front->claims), result;

	if (far < 0)
		return -1;
	result = front_process_send (front, &record, NULL, 0, &far, 1);
	fd_close (&far);
	return result;
}

int front_process_equip (struct front_process *front, const struct generation *generation,
	const struct listening *listening, const int std[2])
{
	struct record key = { .type = REC_HOST_KEY };
	struct record connection = { .type = REC_CONNECTION, .a = (int64_t)getuid () };

	if (front_process_send_generation (front, generation) < 0)
		return -1;
	if (send_claims (front) < 0)
		return -1;
	if (listening->host_key >= 0 && front_process_send (front, &key, NULL, 0, &listening->host_key, 1) < 0)
		return -1;
	for (size_t i = 0; i < listening->n_listeners; i++) {
		struct record record = { .type = REC_LISTENER, .a = listening->listeners[i].kind };

		if (front_process_send (front, &record, NULL, 0, &listening->listeners[i].fd, 1) < 0)
			return -1;
	}
	if (std[0] >= 0 && front_process_send (front, &connection, NULL, 0, std, 2) < 0)
		return -1;
	return front_process_post (front, REC_EQUIPPED, 0, 0, 0);
}

/* --- records ----------------------------------------------------------------------------------------------------- */

int front_process_send (
	struct front_process *front, struct record *record, const void *data, size_t n, const int *fds, size_t n_fds)
{
	if (front->link < 0 || front->deaf)
		return 0;
	if (link_send (front->link,
		    &(struct outgoing){ .record = *record, .data = data, .n = n, .fds = fds, .n_fds = n_fds }, 0) == 0)
		return 0;
	front->deaf = errno != ETOOMANYREFS;
	return -1;
}

int front_process_post (struct front_process *front, uint32_t type, uint64_t id, int64_t a, int64_t b)
{
	struct record record = { .type = type, .id = id, .a = a, .b = b };

	return front_process_send (front, &record, NULL, 0, NULL, 0);
}

int front_process_receive (struct front_process *front, struct packet *packet)
{
	int got;

	packet->n_fds = 0;
	if (front->guarded && passrights_pending (front->link)) {
		errno = EBADMSG;
		return -1;
	}
	got = link_recv (front->link, packet, MSG_DONTWAIT);
	if (got > 0)
		front->unanswered = 0;
	return got;
}

/* --- is it well? ------------------------------------------------------------------------------------------------- */

static int link_events (const struct front_process *front)
{
	struct pollfd link = { .fd = front->link, .events = POLLIN };

	return poll (&link, 1, 0) > 0 ? link.revents : 0;
}

void front_process_look (struct front_process *front)
{
	struct pollfd end = { .fd = front->child.pidfd, .events = POLLIN };

	if (front->child.pid > 0 && !front->dead_ms && poll (&end, 1, 0) > 0)
		front->dead_ms = clock_ms ();
}

/* The process is dead, and its link has not ended. What it has sent is read first. */
static bool is_held_by_others (const struct front_process *front)
{
	int events = link_events (front);

	return !(events & POLLHUP) && (!events || clock_ms () >= front->dead_ms + FRONT_REST_MS);
}

const char *front_process_check (struct front_process *front)
{
	const char *why;

	if (front->link < 0)
		return NULL;
	if ((why = claims_check (&front->claims)))
		return why;
	if (front->deaf)
		return link_events (front) & POLLHUP ? NULL : "it does not read its records";
	if (front->dead_ms && is_held_by_others (front))
		return "it has died, and another process has its end of the link";
	if (clock_ms () < front->ping_ms)
		return NULL;
	front->ping_ms = clock_ms () + FRONT_PING_MS;
	if (front->unanswered++ >= FRONT_PINGS_LOST)
		return "it does not answer";
	link_post (front->link, REC_PING, 0, 0, 0, MSG_DONTWAIT); /* a ping that does not fit counts as unanswered */
	return NULL;
}

int64_t front_process_time (const struct front_process *front)
{
	int64_t claims_ms = claims_time (&front->claims);

	if (front->link < 0)
		return front->retry_ms;
	return claims_ms && claims_ms < front->ping_ms ? claims_ms : front->ping_ms;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

void front_process_close (struct front_process *front)
{
	bool young = clock_ms () < front->since_ms + FRONT_YOUNG_MS;

	claims_close (&front->claims, &front->link);
	if (!young)
		front->wait_ms = 0;
	else if (!front->wait_ms)
		front->wait_ms = FRONT_WAIT_MIN_MS;
	else if ((front->wait_ms *= 2) > FRONT_WAIT_MAX_MS)
		front->wait_ms = FRONT_WAIT_MAX_MS;
	front->retry_ms = clock_ms () + front->wait_ms;
}

void front_process_kill (struct front_process *front)
{
	if (front->child.pid > 0)
		child_signal (&front->child, SIGKILL);
}

bool front_process_reap (struct front_process *front, int wait_ms, int *status)
{
	struct pollfd end = { .fd = front->child.pidfd, .events = POLLIN };

	if (front->child.pid < 0)
		return true;
	if (poll (&end, 1, wait_ms) <= 0)
		return false;
	child_reap (&front->child, status);
	front->child.pid = -1;
	return true;
}

void front_process_abandon (struct front_process *front)
{
	log_error ("the front cannot be killed, and is left behind. pid=%d", (int)front->child.pid);
	for (size_t i = 0; i < FRONT_LEFT_MAX; i++)
		if (!front->left[i]) {
			front->left[i] = front->child.pid;
			break;
		}
	fd_close (&front->child.pidfd);
	front->child.pid = -1;
}

void front_process_reap_left (struct front_process *front)
{
	for (size_t i = 0; i < FRONT_LEFT_MAX; i++)
		if (front->left[i] && waitpid (front->left[i], NULL, WNOHANG) != 0)
			front->left[i] = 0;
	claims_reap (&front->claims);
}
