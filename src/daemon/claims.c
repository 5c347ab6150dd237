/* claims - see claims.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/claim.h"
#include "daemon/claims.h"
#include "proc/fork.h"
#include "wire/records.h"

/* What a child is given. */
struct check {
	int link, report;
	const struct listening *listening;
};

void claims_init (struct claims *claims)
{
	*claims = (struct claims){ .link = -1, .checker = -1 };
}

void claims_free (struct claims *claims)
{
	free (claims->left);
	claims_init (claims);
}

int claims_open (struct claims *claims)
{
	int link[2];

	if (link_pair (link) < 0)
		return -1;
	claims->link = link[0];
	claims->over = false;
	claims->before = claims->n_left;
	claims->hung_ms = 0;
	return link[1];
}

/* --- the child --------------------------------------------------------------------------------------------------- */

/* Receive one request and report 0 or the errno of the refusal. The descriptors are closed by the end of this process. */
static int check_one (void *arg)
{
	static struct packet packet;
	const struct check *check = arg;
	struct claim claim = { .peer = -1, .name = "" };
	int refusal = EPERM;

	if (link_recv (check->link, &packet, MSG_DONTWAIT) <= 0)
		return 1;
	claim.uid = (uid_t)packet.record.a;
	claim.peer = packet.n_fds == 1 ? packet.fds[0] : -1;
	if (packet.lost)
		refusal = EMFILE; /* no room for the caller's socket */
	else if (claim.peer >= 0)
		refusal = claim_check (&claim, check->listening, NULL);
	/* The record comes back with the verdict in place of `b`; the caller's user is behind the payload. */
	packet.record.b = refusal;
	link_send (check->report,
		&(struct outgoing){ .record = packet.record,
			.data = packet.data,
			.n = packet.record.length,
			.more = &claim.caller,
			.more_n = sizeof claim.caller },
		0);
	return 0;
}

/* Wait until the supervisor has closed its copies; the end of this process closes the last ones. */
static int close_last (void *arg)
{
	const struct check *check = arg;
	struct pollfd end = { .fd = check->report, .events = POLLIN };

	while (poll (&end, 1, -1) < 0 && errno == EINTR)
		;
	return 0;
}

/* --- the supervisor ---------------------------------------------------------------------------------------------- */

/* Make room for one more child in `left`: each child has to be reaped. */
static int make_room (struct claims *claims)
{
	size_t room = 2 * claims->room + CLAIMS_HUNG_MAX;
	pid_t *more;

	if (claims->n_left < claims->room)
		return 0;
	if (!(more = realloc (claims->left, room * sizeof *more)))
		return -1;
	claims->left = more;
	claims->room = room;
	return 0;
}

/* Fork a child that has the link, and `other`, and the listeners where they are given. Returns where it reports; or -1 and
 * errno. */
static int start (struct claims *claims, int other, const struct listening *listening, int (*run) (void *))
{
	struct check check = { .link = claims->link, .listening = listening };
	int keep[LISTENING_MAX + 3] = { claims->link, other }, ends[2];
	size_t n = 2;
	pid_t pid;

	if (make_room (claims) < 0 || socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	keep[n++] = check.report = ends[1];
	for (size_t i = 0; listening && i < listening->n_listeners; i++)
		keep[n++] = listening->listeners[i].fd;
	if ((pid = fork_run ("remexd-claim", keep, n, run, &check)) > 0)
		claims->left[claims->n_left++] = pid;
	else
		fd_close (&ends[0]);
	fd_close (&ends[1]);
	return ends[0];
}

/* No request is read any more. */
static void stop_reading (struct claims *claims, const char *fault)
{
	claims->over = true;
	claims->fault = fault;
	claims->retry_ms = 0;
}

void claims_close (struct claims *claims, int *other)
{
	int report = -1;

	fd_close (&claims->checker);
	stop_reading (claims, NULL);
	if ((claims->link >= 0 || *other >= 0) && (report = start (claims, *other, NULL, close_last)) < 0) {
		/* Without another process the descriptors stay open: this process must not wait. */
		log_warning ("the links of the last front stay open: %s", strerror (errno));
		*other = claims->link = -1;
	}
	fd_close (&claims->link);
	fd_close (other);
	fd_close (&report);
}

static bool is_pausing (const struct claims *claims)
{
	return claims->retry_ms && clock_ms () < claims->retry_ms;
}

void claims_poll (const struct claims *claims, struct pollfd fds[CLAIMS_FDS])
{
	bool idle = claims->checker < 0 && !claims->over && !claims->hung_ms && !is_pausing (claims);

	fds[0] = (struct pollfd){ .fd = idle ? claims->link : -1, .events = POLLIN | POLLRDHUP };
	fds[1] = (struct pollfd){ .fd = claims->checker, .events = POLLIN };
}

/* Take the report of the child. */
static void finish (struct claims *claims, struct claims_verdict *verdict)
{
	static struct packet packet;

	*verdict = (struct claims_verdict){ .request = claims->request, .refusal = EAGAIN, .caller = (uid_t)-1 };
	if (link_recv (claims->checker, &packet, MSG_DONTWAIT) > 0 && packet.record.length >= sizeof verdict->caller) {
		verdict->refusal = (int)packet.record.b;
		verdict->data = packet.data;
		verdict->n = packet.record.length - sizeof verdict->caller;
		memcpy (&verdict->caller, packet.data + verdict->n, sizeof verdict->caller);
	}
	fd_close (&claims->checker);
}

/* May a record of that type and size come here? The caller's user has to fit behind it (check_one). */
static bool is_request (const struct record *record)
{
	if (record->type == REC_WORKER)
		return record->length == 0;
	return record->type >= REC_JOB_START && record->type <= REC_JOB_KILL && record->length <= CLAIMS_PAYLOAD;
}

/* Look at the next request without receiving it. Without room for descriptors none are taken. */
static bool peek (const struct claims *claims, struct record *request)
{
	struct iovec part = { request, sizeof *request };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	ssize_t n = recvmsg (claims->link, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

	return n >= (ssize_t)sizeof *request && is_request (request) && (size_t)n == sizeof *request + request->length;
}

static void begin (struct claims *claims, const struct listening *listening)
{
	if (!peek (claims, &claims->request)) {
		stop_reading (claims, "it sends a record that is no request with a client's socket");
		return;
	}
	claims->checker = start (claims, -1, listening, check_one);
	claims->since_ms = clock_ms ();
	if (claims->checker >= 0) {
		claims->retry_ms = 0;
		return;
	}
	if (!claims->retry_ms)
		log_warning ("a request for a worker cannot be checked now: %s", strerror (errno));
	claims->retry_ms = clock_ms () + CLAIMS_RETRY_MS;
}

bool claims_receive (struct claims *claims, const struct pollfd fds[CLAIMS_FDS], const struct listening *listening,
	struct claims_verdict *verdict)
{
	bool reported = fds[1].revents && fds[1].fd == claims->checker;

	if (reported)
		finish (claims, verdict);
	if (fds[0].revents & ~POLLIN)
		stop_reading (claims, NULL); /* the end of the front shows on its other link */
	else if (fds[0].revents)
		begin (claims, listening);
	return reported;
}

void claims_reap (struct claims *claims)
{
	size_t n = 0, before = 0;

	for (size_t i = 0; i < claims->n_left; i++)
		if (waitpid (claims->left[i], NULL, WNOHANG) == 0) {
			before += i < claims->before;
			claims->left[n++] = claims->left[i];
		}
	claims->n_left = n;
	claims->before = before;
	if (n - before < CLAIMS_HUNG_MAX)
		claims->hung_ms = 0;
	else if (!claims->hung_ms)
		claims->hung_ms = clock_ms ();
}

const char *claims_check (const struct claims *claims)
{
	int64_t now = clock_ms ();

	if (claims->link < 0 || claims->fault)
		return claims->fault;
	if (claims->hung_ms && now >= claims->hung_ms + CLAIMS_PATIENCE_MS)
		return "it sends descriptors that cannot be closed";
	if (claims->checker >= 0 && now >= claims->since_ms + CLAIMS_PATIENCE_MS)
		return "the check of its request for a worker does not end";
	return NULL;
}

int64_t claims_time (const struct claims *claims)
{
	if (claims->checker >= 0)
		return claims->since_ms + CLAIMS_PATIENCE_MS;
	return claims->hung_ms ? claims->hung_ms + CLAIMS_PATIENCE_MS : claims->retry_ms;
}
