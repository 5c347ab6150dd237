/* claims - see claims.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

int claims_open (struct claims *claims)
{
	int link[2];

	if (link_pair (link) < 0)
		return -1;
	claims->link = link[0];
	claims->before = claims->n_left;
	return link[1];
}

/* --- the child --------------------------------------------------------------------------------------------------- */

/* Receive one request and report the verdict. The descriptors are closed by the end of this process. */
static int check_one (void *arg)
{
	static struct packet packet;
	const struct check *check = arg;
	struct claim claim = { .peer = -1, .name = "" };
	int refusal = EPERM;

	if (link_recv (check->link, &packet, MSG_DONTWAIT) <= 0 || packet.record.type != REC_WORKER) {
		link_post (check->report, 0, 0, 0, 0, 0); /* the end of this process may not come */
		return 1;
	}
	claim.uid = (uid_t)packet.record.a;
	claim.peer = packet.n_fds == 1 ? packet.fds[0] : -1;
	if (packet.lost)
		refusal = EMFILE; /* no room for the caller's socket */
	else if (claim.peer >= 0)
		refusal = claim_check (&claim, check->listening, NULL);
	link_post (check->report, REC_WORKER, packet.record.id, packet.record.a, refusal, 0);
	return 0;
}

/* Close the link after the supervisor has closed it: the last close drops what is in it. */
static int close_last (void *arg)
{
	const struct check *check = arg;
	struct pollfd end = { .fd = check->report, .events = POLLIN };

	while (poll (&end, 1, -1) < 0 && errno == EINTR)
		;
	return 0;
}

/* --- the supervisor ---------------------------------------------------------------------------------------------- */

/* Fork a child with the link, and with the listeners where they are given. Returns where it reports, or -1 and
 * errno. */
static int start (struct claims *claims, const struct listening *listening, int (*run) (void *))
{
	struct check check = { .link = claims->link, .listening = listening };
	int keep[LISTENING_MAX + 2], ends[2];
	size_t n = 0;
	pid_t pid;

	if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	check.report = ends[1];
	keep[n++] = check.link;
	keep[n++] = check.report;
	for (size_t i = 0; listening && i < listening->n_listeners; i++)
		keep[n++] = listening->listeners[i].fd;
	pid = fork_run ("remexd-claim", keep, n, run, &check);
	fd_close (&ends[1]);
	if (pid < 0)
		fd_close (&ends[0]);
	else if (claims->n_left < CLAIMS_LEFT_MAX)
		claims->left[claims->n_left++] = pid;
	return ends[0];
}

void claims_close (struct claims *claims)
{
	int report;

	fd_close (&claims->checker);
	if (claims->link < 0)
		return;
	report = start (claims, NULL, close_last);
	fd_close (&claims->link);
	fd_close (&report);
}

void claims_poll (const struct claims *claims, struct pollfd fds[CLAIMS_FDS])
{
	fds[0] = (struct pollfd){ .fd = claims->checker < 0 ? claims->link : -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = claims->checker, .events = POLLIN };
}

bool claims_receive (struct claims *claims, const struct pollfd fds[CLAIMS_FDS], const struct listening *listening,
	struct record *record)
{
	static struct packet packet;
	bool reported = false;

	if (fds[1].revents && fds[1].fd == claims->checker) {
		reported = link_recv (claims->checker, &packet, MSG_DONTWAIT) > 0 && packet.record.type;
		*record = packet.record;
		fd_close (&claims->checker);
	}
	/* The end of the link is the end of the front, which its other link tells. */
	if (fds[0].revents & POLLIN && !(fds[0].revents & POLLHUP) && fds[0].fd == claims->link &&
		claims->checker < 0 && (claims->checker = start (claims, listening, check_one)) < 0)
		log_warning ("a request for a worker cannot be checked now: %s", strerror (errno));
	return reported;
}

const char *claims_check (struct claims *claims)
{
	size_t n = 0;

	for (size_t i = 0; i < claims->n_left; i++) {
		if (waitpid (claims->left[i], NULL, WNOHANG) == 0)
			claims->left[n++] = claims->left[i];
		else if (i < claims->before)
			claims->before--;
	}
	claims->n_left = n;
	return claims->link >= 0 && n - claims->before > CLAIMS_HUNG_MAX ? "it sends descriptors that cannot be closed"
									 : NULL;
}
