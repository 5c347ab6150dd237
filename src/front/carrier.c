/* carrier - see carrier.h: the front's half. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "front/carriage.h"
#include "front/confine.h"
#include "proc/fork.h"
#include "wire/records.h"

enum {
	STUCK_MS = 500,
	END_MS = 1000,
	HANGS_MS = 12000, /* as long as the supervisor waits for the front */
	WIDE = 212992, /* as much as most systems allow (/proc/sys/net/core/wmem_max); the kernel doubles it */
};

/* --- the process ------------------------------------------------------------------------------------------------- */

struct birth {
	int link;
	struct carriages *shared;
	pid_t front;
};

static int run (void *arg)
{
	const struct birth *birth = arg;
	struct err err;

	if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid () != birth->front)
		return 1;
	if (carrier_confine (&err) < 0)
		log_warning ("the carrier is not confined: %s", err.text);
	return carrier_run (birth->link, birth->shared);
}

int carrier_start (struct carrier *carrier)
{
	struct birth birth = { .front = getpid () };
	int link[2];

	*carrier = (struct carrier){ .link = -1 };
	birth.shared = mmap (NULL, sizeof *birth.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (birth.shared == MAP_FAILED)
		return -1;
	if (link_pair (link) < 0) {
		munmap (birth.shared, sizeof *birth.shared);
		return -1;
	}
	birth.link = link[1];
	signal (SIGCHLD, SIG_IGN); /* the kernel reaps the carrier */
	if ((carrier->pid = fork_run ("remexd-carrier", &link[1], 1, run, &birth)) < 0) {
		munmap (birth.shared, sizeof *birth.shared);
		fd_close (&link[0]);
		fd_close (&link[1]);
		return -1;
	}
	fd_close (&link[1]);
	carrier->link = link[0];
	carrier->shared = birth.shared;
	return 0;
}

void carrier_end (struct carrier *carrier)
{
	struct pollfd end = { .fd = carrier->link, .events = POLLIN };

	if (carrier->link < 0)
		return;
	shutdown (carrier->link, SHUT_WR);
	if (poll (&end, 1, END_MS) == 0)
		log_warning (
			"the carrier is left behind until another process lets go of a pipe or socket of a command. "
			"pid=%d",
			(int)carrier->pid);
	fd_close (&carrier->link);
	munmap (carrier->shared, sizeof *carrier->shared);
	carrier->shared = NULL;
}

int carrier_check (struct carrier *carrier)
{
	int64_t taken = atomic_load (&carrier->shared->taken);

	/* Where it was not stopped, that has no effect. */
	kill (carrier->pid, SIGCONT);
	if (taken == carrier->sent) {
		carrier->stood_ms = 0;
	} else if (!carrier->stood_ms || taken != carrier->stood_at) {
		carrier->stood_ms = clock_ms ();
		carrier->stood_at = taken;
	}
	return carrier->stood_ms && clock_ms () - carrier->stood_ms > HANGS_MS ? -1 : 0;
}

/* --- streams ----------------------------------------------------------------------------------------------------- */

static struct carriage *find_free (struct carrier *carrier)
{
	for (int i = 0; i < CARRIAGES; i++) {
		struct carriage *carriage = &carrier->shared->all[(carrier->last + i) % CARRIAGES];

		if (!carriage->used) {
			carrier->last = (int)(carriage - carrier->shared->all) + 1;
			return carriage;
		}
	}
	errno = EMFILE;
	return NULL;
}

/* Send the record with its descriptors, and close them here. 0; or -1 with errno, and they stay open. */
static int give (struct carrier *carrier, struct outgoing *outgoing, int *fds, size_t n)
{
	outgoing->record.b = carrier->sent + 1;
	outgoing->fds = fds;
	outgoing->n_fds = n;
	if (carrier->link < 0 || link_send (carrier->link, outgoing, MSG_DONTWAIT) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		fd_close (&fds[i]); /* not the last copy: the carrier waits for this close */
	atomic_store (&carrier->shared->let_go, ++carrier->sent);
	return 0;
}

/* Send a record about a new carriage. */
static struct carriage *begin (struct carrier *carrier, struct record record, enum fd_kind kind, int *fds, size_t n)
{
	struct carriage *carriage = find_free (carrier);
	struct outgoing outgoing = { .record = record };

	if (!carriage)
		return NULL;
	outgoing.record.id = (uint64_t)(carriage - carrier->shared->all);
	atomic_store (&carriage->kind, kind);
	atomic_store (&carriage->wish, WISH_ALL);
	atomic_store (&carriage->state, CARRYING);
	atomic_store (&carriage->since, 0);
	if (give (carrier, &outgoing, fds, n) < 0)
		return NULL;
	carriage->used = true;
	return carriage;
}

struct carriage *carrier_take (struct carrier *carrier, enum carry direction, enum fd_kind kind, int *fd)
{
	const struct record record = { .type = REC_CARRY, .a = direction };
	struct carriage *carriage;
	int pair[2], fds[2] = { *fd };

	/* A splice(2) into a socket has no flag for not waiting. */
	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (direction == CARRY_OUT ? SOCK_NONBLOCK : 0), 0, pair) <
		0)
		return NULL;
	fds[1] = pair[1];
	if (!(carriage = begin (carrier, record, kind, fds, 2))) {
		fd_close (&pair[0]);
		fd_close (&pair[1]);
		return NULL;
	}
	*fd = pair[0];
	return carriage;
}

struct carriage *carrier_close (struct carrier *carrier, int *fds, size_t n)
{
	const struct record record = { .type = REC_CLOSE };

	return begin (carrier, record, FD_OTHER, fds, n);
}

void carrier_discard (struct carrier *carrier, int *fd)
{
	struct outgoing outgoing = { .record = { .type = REC_DISCARD } };
	int saved = errno;

	/* When the carrier cannot take it, the front must close it. */
	if (*fd >= 0 && give (carrier, &outgoing, fd, 1) < 0)
		fd_drop (fd);
	errno = saved;
}

void carriage_late (struct carriage *carriage, int fd)
{
	atomic_store (&carriage->wish, WISH_LATE);
	send (fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL); /* wakes the carrier */
}

bool carriage_widen (int fd, bool *wide)
{
	const int room = WIDE;

	return !*wide && (*wide = true) && setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0;
}

enum carried carriage_state (const struct carriage *carriage)
{
	return (enum carried)atomic_load (&carriage->state);
}

bool carriage_is_stuck (const struct carriage *carriage)
{
	int64_t since = atomic_load (&carriage->since);

	return since && clock_ms () - since > STUCK_MS;
}

void carriage_free (struct carriage *carriage)
{
	carriage->used = false;
}
