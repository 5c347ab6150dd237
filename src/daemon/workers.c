/* workers - see workers.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/workers.h"
#include "wire/records.h"

enum { SPARE_RETRY_MS = 1000 };

void workers_init (struct workers *workers, const struct generation *generation, struct front_process *front)
{
	*workers = (struct workers){ .generation = generation, .front = front, .cgroups = { .root = -1, .left = -1 } };
	list_init (&workers->living);
	list_init (&workers->ended);
}

void workers_close (struct workers *workers)
{
	struct worker_process *worker, *after;

	list_each_safe (worker, after, &workers->ended, node)
		free (worker);
	list_init (&workers->ended);
	cgroups_close (&workers->cgroups);
}

/* --- making them ------------------------------------------------------------------------------------------------- */

/* Make a worker. `users`: the state of the user database before it was read for this worker. */
static struct worker_process *make (struct workers *workers, uid_t uid, uint64_t users)
{
	struct worker_birth birth = {
		.config = workers->generation->config,
		.files = &workers->generation->plugins,
		.uid = uid,
	};
	struct worker_birthday birthday = { .users = users, .ms = clock_ms () };
	struct worker_process *worker = calloc (1, sizeof *worker);

	if (!worker || worker_process_start (worker, ++workers->last_serial, &birth, &workers->cgroups) < 0) {
		free (worker);
		return NULL;
	}
	worker->birthday = birthday;
	list_append (&workers->living, &worker->node);
	workers->n++;
	return worker;
}

static struct worker_process *find (const struct workers *workers, uint64_t serial)
{
	struct worker_process *worker;

	list_each (worker, &workers->living, node)
		if (worker->keeper.serial == serial)
			return worker;
	return NULL;
}

/* The number of workers. A worker counts until its end has been reported to the front; its keeper may leave a moment
 * later. */
static int count (const struct workers *workers)
{
	struct worker_process *worker;
	int n = 0;

	list_each (worker, &workers->living, node)
		n += !worker->keeper.reported;
	return n;
}

/* --- spares ------------------------------------------------------------------------------------------------------ */

void workers_keep_spares (struct workers *workers, int wanted)
{
	if (clock_ms () < workers->spare_retry_ms)
		return;
	while (workers->n_spares < wanted && workers->n < (size_t)workers->generation->config->workers_max) {
		if (!make (workers, geteuid (), userdb_state (&workers->userdb))) {
			log_warning ("a spare worker cannot be made: %s", strerror (errno));
			workers->spare_retry_ms = clock_ms () + SPARE_RETRY_MS;
			return;
		}
		workers->n_spares++;
	}
}

static struct worker_process *find_spare (const struct workers *workers)
{
	struct worker_process *worker;

	list_each (worker, &workers->living, node)
		if (worker->phase == WORKER_PROCESS_SPARE)
			return worker;
	return NULL;
}

/* Let a worker leave that no process will need any more. */
static void let_go (struct worker_process *worker)
{
	worker->phase = WORKER_PROCESS_ENDING;
	fd_close (&worker->front_end);
	keeper_process_order (&worker->keeper, REC_RELEASE, 0);
}

/* Let a spare leave, if there is one. */
static bool drop_spare (struct workers *workers)
{
	struct worker_process *worker = find_spare (workers);

	if (!worker)
		return false;
	workers->n_spares--;
	let_go (worker);
	return true;
}

/* Take a spare of that user that was made in the state `users` of the user database. Outdated spares leave. */
static struct worker_process *take_spare (struct workers *workers, uid_t uid, uint64_t users)
{
	int64_t age = workers->userdb.others ? workers->generation->config->workers_age_ms : 0;
	struct worker_process *worker;

	while (uid == geteuid () && (worker = find_spare (workers))) {
		if (worker->birthday.users == users && (!age || clock_ms () - worker->birthday.ms <= age)) {
			workers->n_spares--;
			return worker;
		}
		drop_spare (workers);
	}
	return NULL;
}

void workers_set_generation (struct workers *workers, const struct generation *generation)
{
	workers->generation = generation;
	while (drop_spare (workers))
		;
}

/* --- the front's requests ---------------------------------------------------------------------------------------- */

/* Get a spare or a new worker; NULL and errno. */
static struct worker_process *get (struct workers *workers, uid_t uid, uint64_t users)
{
	int max = workers->generation->config->workers_max + CONTROL_WORKERS;
	struct worker_process *worker = take_spare (workers, uid, users);

	if (worker)
		return worker;
	if (count (workers) >= max)
		drop_spare (workers); /* to make room for a worker of another user */
	if (count (workers) - workers->n_spares < max)
		return make (workers, uid, users);
	errno = EBUSY;
	return NULL;
}

void workers_give (struct workers *workers, uint64_t request, uid_t uid, uint64_t users)
{
	struct worker_process *worker = get (workers, uid, users);
	struct record born = { .type = REC_BORN, .id = request, .b = (int64_t)uid };

	if (!worker) {
		front_process_post (workers->front, REC_NO_WORKER, request, errno, 0);
		return;
	}
	born.a = (int64_t)worker->keeper.serial;
	worker->phase = WORKER_PROCESS_OUT;
	if (front_process_send (
		    workers->front, &born, &worker->birthday, sizeof worker->birthday, &worker->front_end, 1) < 0 &&
		errno == ETOOMANYREFS) {
		/* Too many descriptors are in flight. The front asks again, and this worker leaves. */
		let_go (worker);
		front_process_post (workers->front, REC_NO_WORKER, request, EBUSY, 0);
	}
	fd_close (&worker->front_end);
}

void workers_order (struct workers *workers, const struct record *record)
{
	struct worker_process *worker = find (workers, record->id);

	if (!worker)
		return;
	if (record->type == REC_RELEASE)
		worker->keeper.released = true;
	if (worker->phase == WORKER_PROCESS_OUT)
		keeper_process_order (&worker->keeper, record->type, record->a);
}

void workers_stop (struct workers *workers, bool spares)
{
	struct worker_process *worker;

	list_each (worker, &workers->living, node) {
		bool spare = worker->phase == WORKER_PROCESS_SPARE;

		if (spare && !spares)
			continue;
		if (spare)
			workers->n_spares--;
		worker->phase = WORKER_PROCESS_ENDING;
		fd_close (&worker->front_end);
		if (!worker->keeper.released)
			keeper_process_order (&worker->keeper, spare ? REC_RELEASE : REC_STOP, 0);
	}
}

void workers_hurry (struct workers *workers)
{
	struct worker_process *worker;

	list_each (worker, &workers->living, node)
		if (worker->keeper.released)
			keeper_process_expect_end (&worker->keeper, 0);
}

/* --- the keepers' reports ---------------------------------------------------------------------------------------- */

/* Report the end of a worker to the front, if the front has the worker. */
static void report (struct workers *workers, struct worker_process *worker, int64_t how, int64_t n, int64_t survivors)
{
	struct record gone = { .type = REC_GONE, .id = worker->keeper.serial, .a = how, .b = n };

	worker->keeper.reported = true;
	if (worker->phase == WORKER_PROCESS_SPARE) {
		/* Wait before the next spare: otherwise a spare that ends at once would be made again and again. */
		workers->n_spares--;
		workers->spare_retry_ms = clock_ms () + SPARE_RETRY_MS;
	}
	if (worker->phase == WORKER_PROCESS_OUT)
		front_process_send (workers->front, &gone, &survivors, sizeof survivors, NULL, 0);
	worker->phase = WORKER_PROCESS_ENDING;
}

static void reap (struct worker_process *worker)
{
	if (!keeper_process_reap (&worker->keeper))
		return;
	list_remove (&worker->node);
	free (worker);
}

/* Handle the end of a keeper's link. A keeper without a report was killed, by us or by another process. */
static void on_end (struct workers *workers, struct worker_process *worker)
{
	bool lost = !worker->keeper.reported;

	keeper_process_close (&worker->keeper);
	if (lost) {
		workers->keepers_lost++;
		report (workers, worker, GONE_SIGNALLED, SIGKILL, -1);
	}
	fd_close (&worker->front_end);
	list_remove (&worker->node);
	list_append (&workers->ended, &worker->node);
	workers->n--;
	reap (worker);
}

static void receive (struct workers *workers, struct worker_process *worker)
{
	struct packet *packet = &workers->packet;
	int64_t survivors = -1;
	int got = link_recv (worker->keeper.link, packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		on_end (workers, worker);
		return;
	}
	if (packet->record.type == REC_KEEPER_GONE) {
		if (packet->record.length == sizeof survivors)
			memcpy (&survivors, packet->data, sizeof survivors);
		report (workers, worker, packet->record.a, packet->record.b, survivors);
		keeper_process_expect_end (&worker->keeper, 0);
	}
	packet_close (packet);
}

void workers_poll (const struct workers *workers, struct pollfd *fds)
{
	const struct worker_process *worker;

	list_each (worker, &workers->living, node)
		*fds++ = (struct pollfd){ .fd = worker->keeper.link, .events = POLLIN };
}

void workers_receive (struct workers *workers, const struct pollfd *fds)
{
	struct worker_process *worker, *after;

	list_each_safe (worker, after, &workers->living, node)
		if (fds++->revents)
			receive (workers, worker);
}

void workers_watch (struct workers *workers)
{
	struct worker_process *worker, *after;

	list_each_safe (worker, after, &workers->ended, node)
		reap (worker);
	list_each (worker, &workers->living, node)
		keeper_process_force (&worker->keeper);
}

int64_t workers_time (const struct workers *workers)
{
	int64_t when = workers->spare_retry_ms > clock_ms () ? workers->spare_retry_ms : 0;
	const struct worker_process *worker;

	list_each (worker, &workers->living, node)
		when = clock_earlier (when, worker->keeper.end_ms);
	return when;
}

void workers_log_stopped (struct workers *workers, pid_t pid)
{
	struct worker_process *worker;

	list_each (worker, &workers->living, node)
		if (worker->keeper.pid == pid && !worker->wake_logged) {
			worker->wake_logged = true;
			log_warning ("a keeper was stopped, and goes on. serial=%llu",
				(unsigned long long)worker->keeper.serial);
		}
}
