/* carrier_process - see carrier.h: the carrier's half. All threads do the same work. Each takes the next record from
 * the link, makes sure that another thread waits there, and serves the record to its end. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/nowait.h"
#include "front/carriage.h"
#include "wire/records.h"

enum {
	IDLE_MAX = 8, /* threads that stay when there is nothing to do */
	STACK = 256 * 1024,
	KEPT = 16 * 1024, /* bytes of a buffer that an idle thread keeps */
	SPINS = 16,
	SPLICE_PIECE = 1024 * 1024,
	BULK = 16 * 1024, /* IN: pieces from this size on are spliced */
	RETRY_MS = 10, /* until another try to start a thread */
	PTY_HOLDS = 64 * 1024, /* bytes: more than the kernel keeps of a terminal's output */
	PTY_BULK = 1024, /* OUT: a terminal that gives so much at once is read again, */
	PTY_TOGETHER = 32 * 1024, /* until there is so much for the front */
};

static struct {
	int link;
	struct carriages *shared;
	atomic_int idle; /* threads that wait for a record */
} self;

struct job {
	struct carriage *carriage;
	enum fd_kind kind; /* of other */
	int other, front; /* the descriptor that others hold; our end of the front's pair */
	int64_t owed; /* OUT: bytes in the pipe when it was late, and not yet read; -1: it is not late */
	uint8_t *bytes; /* LINK_PAYLOAD bytes */
	ssize_t most; /* bytes at once, so far */
	bool wide; /* the front's end has a larger buffer */
};

/* The kind of the descriptor has been checked. */
static struct nowait way_of (const struct job *job)
{
	static const enum nowait_way ways[] = {
		[FD_PIPE] = NOWAIT_FLAGGED, [FD_SOCKET] = NOWAIT_SOCKET, [FD_PTY] = NOWAIT_POLLED
	};

	return (struct nowait){ job->other, ways[job->kind] };
}

/* --- calls that may wait ----------------------------------------------------------------------------------------- */

static void begin (const struct job *job)
{
	atomic_store (&job->carriage->since, clock_ms ());
}

static void end (const struct job *job)
{
	atomic_store (&job->carriage->since, 0);
}

/* Read n bytes behind the first `at` of the buffer. */
static ssize_t read_other (struct job *job, struct nowait *from, size_t at, size_t n)
{
	ssize_t got;

	begin (job);
	got = nowait_read (from, job->bytes + at, n);
	end (job);
	job->most = (ssize_t)at + got > job->most ? (ssize_t)at + got : job->most;
	return got;
}

static ssize_t write_other (const struct job *job, struct nowait *to, const uint8_t *bytes, size_t n)
{
	ssize_t done;

	begin (job);
	done = nowait_write (to, bytes, n);
	end (job);
	return done;
}

static int waiting_in_other (const struct job *job)
{
	int n = 0;

	begin (job);
	if (ioctl (job->other, FIONREAD, &n) < 0)
		n = 0;
	end (job);
	return n;
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* The kernel says how much waits in a pipe or socket. Of what waits in a terminal FIONREAD counts a part only: all that
 * can be read without waiting is owed, and the kernel keeps less than PTY_HOLDS. */
static void note_owed (struct job *job)
{
	if (job->owed < 0 && atomic_load (&job->carriage->wish) == WISH_LATE)
		job->owed = job->kind == FD_PTY ? PTY_HOLDS : waiting_in_other (job);
}

/* Bytes that are owed but no longer in the stream are not waited for: a process that the command left behind may have
 * read them. */
static bool owes_nothing (const struct job *job)
{
	return job->owed == 0 || (job->owed > 0 && job->kind != FD_PTY && !waiting_in_other (job));
}

/* Wait for the events `front` on the front's end, and for `other` (POLLIN or 0) on the other descriptor. False when the
 * front has closed its end. Bytes from the front only wake this thread. */
static bool wait_for (struct job *job, short front, short other)
{
	struct pollfd fds[] = { { .fd = job->front, .events = POLLIN | front },
		{ .fd = other ? job->other : -1, .events = other } };
	char nothing[16];
	ssize_t got;

	if (poll (fds, 2, -1) < 0)
		return errno == EINTR;
	note_owed (job);
	if (!(fds[0].revents & (POLLIN | POLLHUP | POLLERR)))
		return true;
	got = recv (job->front, nothing, sizeof nothing, MSG_DONTWAIT);
	return got > 0 || (got < 0 && errno == EINTR);
}

/* False when the front has closed its end. */
static bool give_front (struct job *job, size_t n)
{
	const uint8_t *bytes = job->bytes;

	while (n) {
		ssize_t done = send (job->front, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done > 0) {
			bytes += done;
			n -= (size_t)done;
		} else if (errno != EINTR && (errno != EAGAIN || !wait_for (job, POLLOUT, 0))) {
			return false;
		}
	}
	return true;
}

/* Is there something to read in the other descriptor? */
static bool other_is_readable (const struct job *job)
{
	struct pollfd one = { .fd = job->other, .events = POLLIN };

	return poll (&one, 1, 0) > 0 && one.revents & POLLIN;
}

/* Move a piece from a pipe to the front without copying it. As read(2); -1 with EAGAIN also when the front's end is full,
 * EPIPE when the front has closed it. The call holds the pipe's lock, but does not wait: the front's end is
 * non-blocking. */
static ssize_t splice_other (const struct job *job)
{
	ssize_t got;

	begin (job);
	got = splice (job->other, NULL, job->front, NULL, SPLICE_PIECE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	end (job);
	return got;
}

/* The same through the thread's buffer. */
static ssize_t copy_other (struct job *job, struct nowait *from)
{
	ssize_t got = read_other (job, from, 0, LINK_PAYLOAD), more = got;

	/* A terminal gives few KiB at once, however much waits: they go to the front together. An error comes again. */
	while (job->kind == FD_PTY && more >= PTY_BULK && got < PTY_TOGETHER)
		if ((more = read_other (job, from, (size_t)got, LINK_PAYLOAD - (size_t)got)) > 0)
			got += more;
	if (got > 0 && !give_front (job, (size_t)got)) {
		errno = EPIPE;
		return -1;
	}
	return got;
}

static enum carried carry_out (struct job *job)
{
	bool spliced = job->kind == FD_PIPE;
	struct nowait from = way_of (job);

	for (;;) {
		bool late;
		ssize_t got;

		note_owed (job);
		if (owes_nothing (job))
			/* The end of the pipe may still be unread. Later bytes are dropped. */
			return read_other (job, &from, 0, 1) == 0 ? CARRIED_WHOLE : CARRIED_HELD;
		late = job->owed >= 0;
		got = spliced ? splice_other (job) : copy_other (job, &from);
		if (got == 0 || (got < 0 && errno == EPIPE))
			return CARRIED_WHOLE;
		if (got < 0 && errno == EAGAIN) {
			bool full = spliced && other_is_readable (job);

			if (late && job->kind == FD_PTY)
				return CARRIED_HELD;
			if (full && carriage_widen (job->front, &job->wide))
				continue;
			if (!wait_for (job, full ? POLLOUT : 0, full ? 0 : POLLIN))
				return CARRIED_WHOLE;
		} else if (got < 0 && spliced && errno != EINTR) {
			spliced = false; /* this kernel cannot */
		} else if (got < 0 && errno != EINTR) {
			return fd_read_ended (job->kind, errno) ? CARRIED_WHOLE : CARRIED_FAILED;
		}
		if (late && got > 0)
			job->owed -= got < job->owed ? got : job->owed;
	}
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

/* Wait until the other descriptor takes bytes. False when the front has closed its end. An end of input alone leaves
 * the front's end half open. */
static bool wait_to_write (const struct job *job)
{
	struct pollfd fds[] = { { .fd = job->front, .events = 0 }, { .fd = job->other, .events = POLLOUT } };

	return poll (fds, 2, -1) < 0 ? errno == EINTR : !(fds[0].revents & (POLLHUP | POLLERR));
}

/* Write what the front has sent. The number of its bytes; 0: the front has ended its input, or closed its end; -1 with
 * errno: writing failed. */
static ssize_t copy_front (struct job *job, struct nowait *to)
{
	ssize_t got;

	do
		got = recv (job->front, job->bytes, LINK_PAYLOAD, 0);
	while (got < 0 && errno == EINTR);
	job->most = got > job->most ? got : job->most;
	for (ssize_t at = 0; at < got;) {
		ssize_t done = write_other (job, to, job->bytes + at, (size_t)(got - at));

		if (done > 0)
			at += done;
		else if (errno != EAGAIN)
			return -1;
		else if (!wait_to_write (job))
			return 0;
	}
	return got > 0 ? got : 0;
}

/* The same without a copy, into a pipe, and without waiting: -1 with EAGAIN when the front has sent nothing more yet, or the
 * pipe is full. */
static ssize_t splice_front (const struct job *job)
{
	ssize_t got;

	begin (job);
	got = splice (job->front, NULL, job->other, NULL, SPLICE_PIECE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	end (job);
	return got;
}

/* Wait for more from the front, or for room. False when the front has closed its end. */
static bool wait_to_splice (const struct job *job)
{
	struct pollfd front = { .fd = job->front, .events = POLLIN };

	if (poll (&front, 1, 0) > 0)
		return wait_to_write (job);
	return poll (&front, 1, -1) > 0 || errno == EINTR;
}

/* Each piece that is spliced takes a slot of the pipe (16 by default), however small the piece is: only bulk is spliced. */
static enum carried carry_in (struct job *job)
{
	bool splices = job->kind == FD_PIPE, bulk = false;
	struct nowait to = way_of (job);

	for (;;) {
		bool spliced = splices && bulk;
		ssize_t got = spliced ? splice_front (job) : copy_front (job, &to);

		if (got == 0 || (got < 0 && fd_reader_gone (job->kind, errno)))
			return CARRIED_WHOLE; /* a command that reads no more is no error */
		if (got > 0) {
			bulk = got >= BULK;
		} else if (!spliced) {
			return CARRIED_FAILED;
		} else if (errno == EAGAIN) {
			if (!wait_to_splice (job))
				return CARRIED_WHOLE;
		} else if (errno != EINTR) {
			splices = false; /* this kernel cannot */
		}
	}
}

/* --- the threads ------------------------------------------------------------------------------------------------- */

/* Wait until the front has closed its copies of the record's descriptors, which it does immediately: before that, the
 * carrier's close would not be the last one. */
static void wait_let_go (const struct record *record)
{
	for (int i = 0; atomic_load (&self.shared->let_go) < record->b; i++)
		if (i < SPINS)
			sched_yield ();
		else
			poll (NULL, 0, 1);
}

static void carry (struct packet *packet)
{
	struct job job = { .carriage = &self.shared->all[packet->record.id],
		.kind = (enum fd_kind)atomic_load (&self.shared->all[packet->record.id].kind),
		.other = packet->fds[0],
		.front = packet->fds[1],
		.owed = -1,
		.bytes = packet->data };
	enum carry direction = (enum carry)packet->record.a;
	enum carried state = CARRIED_FAILED;

	packet->n_fds = 0;
	begin (&job);
	if (fd_is_of_kind (job.other, job.kind, direction == CARRY_OUT ? O_RDONLY : O_WRONLY)) {
		end (&job);
		state = direction == CARRY_OUT ? carry_out (&job) : carry_in (&job);
	}
	wait_let_go (&packet->record);
	begin (&job);
	fd_close (&job.other);
	end (&job);
	/* The front reads the end of its stream after this. */
	atomic_store (&job.carriage->state, state);
	fd_close (&job.front);
	if (job.most > KEPT)
		madvise (packet, sizeof *packet, MADV_DONTNEED); /* the thread may be idle for long */
}

static int start_thread (void);

/* The stream of the record has failed, and its descriptors are closed when that can hold up no other stream. */
static void refuse (const struct record *record)
{
	if (record->type == REC_CARRY)
		atomic_store (&self.shared->all[record->id].state, CARRIED_FAILED);
	while (atomic_load (&self.idle) == 0 && start_thread () < 0)
		poll (NULL, 0, RETRY_MS);
}

/* `arg`: NULL for the main thread, which stays. */
static void *serve (void *arg)
{
	struct packet *packet = mmap (NULL, sizeof *packet, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (;;) {
		bool alone;

		if (packet == MAP_FAILED || link_recv (self.link, packet, 0) <= 0)
			_exit (packet == MAP_FAILED); /* the front has ended, or starts again with another carrier */
		atomic_fetch_add (&self.shared->taken, 1);
		alone = atomic_fetch_sub (&self.idle, 1) == 1 && start_thread () < 0;
		if (alone || packet->lost || (packet->record.type == REC_CARRY && packet->n_fds != 2))
			refuse (&packet->record);
		else if (packet->record.type == REC_CARRY)
			carry (packet);
		wait_let_go (&packet->record);
		packet_close (packet);
		if (packet->record.type == REC_CLOSE)
			atomic_store (&self.shared->all[packet->record.id].state, CARRIED_WHOLE);
		if (atomic_fetch_add (&self.idle, 1) >= IDLE_MAX && arg) {
			atomic_fetch_sub (&self.idle, 1);
			munmap (packet, sizeof *packet);
			return NULL;
		}
	}
}

static int start_thread (void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	if ((error = pthread_attr_init (&attr)))
		return -1;
	pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize (&attr, STACK);
	atomic_fetch_add (&self.idle, 1);
	if ((error = pthread_create (&thread, &attr, serve, &self)))
		atomic_fetch_sub (&self.idle, 1);
	pthread_attr_destroy (&attr);
	errno = error;
	return error ? -1 : 0;
}

int carrier_run (int link, struct carriages *shared)
{
	self.link = link;
	self.shared = shared;
	atomic_store (&self.idle, 1);
	mallopt (M_ARENA_MAX, 1);
	serve (NULL);
	return 0;
}
