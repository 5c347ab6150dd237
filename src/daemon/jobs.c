/* jobs - see jobs.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/passrights.h"
#include "base/paths.h"
#include "base/private_directory.h"
#include "base/quantity.h"
#include "base/text.h"
#include "daemon/job_killer.h"
#include "daemon/job_scope.h"
#include "daemon/job_trail.h"
#include "daemon/jobs.h"
#include "daemon/log_process.h"
#include "gate/access.h"
#include "gate/share.h"
#include "job/holder.h"
#include "record/recorder.h"
#include "wire/codes.h"
#include "wire/records.h"

enum {
	LOOK_MS = 5000, /* between two looks (jobs_watch) */
	SOON_MS = 500, /* the same, when a file could not be read for want of memory or descriptors */
	UNREAD_MAX = 20, /* how often that is tried */
	EVENTS_MAX = 64, /* handled in a row before the loop looks at others */
	HELPERS_MAX = 64, /* replays and killers at once */
	EACH = 4, /* of them, one of so many is for one caller */
	OVERDUE_MS =
		25 * 1000, /* after the deadline and the grace: longer than a holder and its keeper take to end a job */
	KILL_AGAIN_MS = 60 * 1000, /* to the next try, when a job that is overdue could not be killed */
	LINES_MAX = 64, /* for the audit trail at once */
	DURABLE_MS =
		60 * 60 * 1000, /* so long an ended durable job is kept in any case: its key says that it has run */
	FOUND_MAX = 100000, /* jobs that are found again */
};

enum job_phase { PHASE_STARTING, PHASE_RUNNING, PHASE_ENDED, PHASE_LOST };

/* What an event of epoll(7) is about: a member of a struct known_job or a struct job_helper. */
struct job_event {
	enum { EVENT_HOLDER, EVENT_SCOPE, EVENT_HELPER } kind;
};

struct known_job {
	struct list node;
	struct job_record record;
	enum job_phase phase;
	struct job_event holder_event, scope_event;
	pid_t holder; /* counts only with the pidfd */
	int pidfd; /* of the holder; -1: none */
	pid_t child; /* the holder, to be reaped; 0: it was adopted, or has ended */
	int64_t overdue_ms; /* live: when the supervisor ends the job (clock_ms); 0: never */
	json_t *outcome; /* ENDED, LOST */
	double ended; /* ENDED, LOST: Unix time */
	int64_t disk; /* ENDED, LOST: bytes that its files take */
	bool settled; /* ended since the last trim_all */
	bool never; /* the holder says that the job has not started */
	int n_unread; /* how often the outcome could not be read */
	struct job_trail trail; /* of its end */
	bool removed; /* forgotten, except for the line of its end */
	bool astray; /* the front was lost that may have started it */
	/* STARTING */
	struct job_scope scope;
	bool scoped; /* `scope` is in use */
	uint64_t request; /* of the front; 0: nobody waits */
	int first; /* the connection for the front; -1: none */
};

/* A child to be reaped when it has ended: a replay, a busctl that was late, or a killer. */
struct job_helper {
	struct list node;
	struct job_event event;
	struct child child;
	char owner[JOB_OWNER_MAX]; /* whose it is; "": nobody's */
	char kills[TEXT_JOB_ID + 1]; /* the job whose holder it kills; "": none */
	uint64_t request; /* of the front, to be answered then; 0: none */
};

static void expire (struct jobs *jobs);

void jobs_init (struct jobs *jobs, struct front_process *front, const struct cgroups *cgroups,
	struct audit_process *audit, struct recorders *recorders)
{
	*jobs = (struct jobs){ .front = front,
		.cgroups = cgroups,
		.audit = audit,
		.recorders = recorders,
		.directory = -1,
		.events = -1 };
	list_init (&jobs->all);
	list_init (&jobs->helpers);
}

void jobs_set_generation (struct jobs *jobs, const struct generation *generation)
{
	jobs->generation = generation;
}

static double unix_time (void)
{
	struct timespec now;

	clock_gettime (CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

/* False: it is not watched. */
static bool watch (struct jobs *jobs, int pidfd, struct job_event *event, int kind)
{
	struct epoll_event wanted = { .events = EPOLLIN, .data.ptr = event };

	event->kind = kind;
	return pidfd >= 0 && jobs->events >= 0 && epoll_ctl (jobs->events, EPOLL_CTL_ADD, pidfd, &wanted) == 0;
}

/* The same for the holder of a job. Without room for one more the pidfd is closed, and jobs_watch looks after the job. */
static void watch_holder (struct jobs *jobs, struct known_job *job)
{
	if (!watch (jobs, job->pidfd, &job->holder_event, EVENT_HOLDER))
		fd_close (&job->pidfd);
}

/* Close a pidfd that is watched. A process that was forked a moment ago may still have a copy, and its events would come for
 * what is not there any more: so the watch is ended, too. */
static void unwatch (struct jobs *jobs, int *pidfd)
{
	if (*pidfd >= 0 && jobs->events >= 0)
		epoll_ctl (jobs->events, EPOLL_CTL_DEL, *pidfd, NULL);
	fd_close (pidfd);
}

/* Reap that child when it has ended. NULL: there is no memory, and the child is not watched. */
static struct job_helper *add_helper (struct jobs *jobs, const struct child *child, const char *owner)
{
	struct job_helper *helper = calloc (1, sizeof *helper);
	int pidfd = child->pidfd;

	if (!helper) {
		fd_close (&pidfd); /* a dead child stays in the table of processes: nothing worse */
		return NULL;
	}
	helper->child = *child;
	snprintf (helper->owner, sizeof helper->owner, "%s", owner);
	list_append (&jobs->helpers, &helper->node);
	jobs->n_helpers++;
	watch (jobs, pidfd, &helper->event, EVENT_HELPER);
	return helper;
}

static void end_scope (struct jobs *jobs, struct known_job *job)
{
	if (!job->scoped)
		return;
	job_scope_end (&job->scope);
	if (job->scope.busctl.pid > 0) {
		epoll_ctl (jobs->events, EPOLL_CTL_DEL, job->scope.busctl.pidfd, NULL);
		add_helper (jobs, &job->scope.busctl, "");
	} else {
		unwatch (jobs, &job->scope.busctl.pidfd);
	}
	job->scoped = false;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static struct known_job *job_new (struct jobs *jobs, const struct job_record *record, enum job_phase phase)
{
	struct known_job *job = calloc (1, sizeof *job);

	if (!job)
		return NULL;
	job->record = *record;
	job->phase = phase;
	job->pidfd = job->first = -1;
	if (record->due)
		job->overdue_ms = record->due + OVERDUE_MS;
	list_append (&jobs->all, &job->node);
	return job;
}

static void job_free (struct jobs *jobs, struct known_job *job)
{
	end_scope (jobs, job);
	unwatch (jobs, &job->pidfd);
	fd_close (&job->first);
	json_decref (job->outcome);
	list_remove (&job->node);
	free (job);
}

static bool is_live (const struct known_job *job)
{
	return job->phase <= PHASE_RUNNING;
}

/* Remove the files, and the job from the table. False: its files could not be removed. */
static bool forget (struct jobs *jobs, struct known_job *job)
{
	if (job_directory_remove (jobs->directory, job->record.id) < 0) {
		log_warning ("the files of a job cannot be removed. job=%s: %s", job->record.id, strerror (errno));
		if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
			return false;
	}
	job_free (jobs, job);
	return true;
}

static bool may_see (const struct job_caller *caller, const struct known_job *job)
{
	if (job->removed)
		return false;
	return caller->any || (caller->uid == job->record.uid && !strcmp (caller->owner, job->record.owner));
}

static struct known_job *find_key (const struct jobs *jobs, const struct job_caller *caller, const char *key)
{
	struct known_job *job;

	list_each (job, &jobs->all, node)
		if (*key && !strcmp (job->record.key, key) && !strcmp (job->record.owner, caller->owner) &&
			may_see (caller, job))
			return job;
	return NULL;
}

/* The job with that id, or with that key of the caller, that the caller may see; NULL: none. */
static struct known_job *find (const struct jobs *jobs, const struct job_caller *caller, const char *text)
{
	struct known_job *job;

	list_each (job, &jobs->all, node)
		if (!strcmp (job->record.id, text) && may_see (caller, job))
			return job;
	return find_key (jobs, caller, text);
}

/* An ended job: does its key still have to say that it has run? */
static bool is_kept_for_key (const struct known_job *job)
{
	return job->record.durable && !job->removed && unix_time () < job->ended + DURABLE_MS / 1000.0;
}

/* Is the job kept whatever the limits say? */
static bool is_kept (const struct jobs *jobs, const struct known_job *job)
{
	return is_live (job) || job_trail_holds (&job->trail, jobs->audit) || is_kept_for_key (job);
}

/* Of the jobs that need not be kept, those of that owner (NULL: all), the one that ended first; NULL: there is none. *n: how many
 * there are. */
static struct known_job *find_oldest (const struct jobs *jobs, const char *owner, int *n)
{
	struct known_job *job, *oldest = NULL;

	*n = 0;
	list_each (job, &jobs->all, node) {
		if (is_kept (jobs, job) || (owner && strcmp (job->record.owner, owner) != 0))
			continue;
		++*n;
		if (!oldest || job->ended < oldest->ended)
			oldest = job;
	}
	return oldest;
}

/* Of that owner more jobs have ended than are kept: forget the oldest. */
static void trim (struct jobs *jobs, const char *owner)
{
	struct known_job *oldest;
	char whose[JOB_OWNER_MAX];
	int n;

	snprintf (whose, sizeof whose, "%s", owner); /* the owner's job may be freed here */
	do
		oldest = find_oldest (jobs, whose, &n);
	while (n > jobs->generation->config->jobs.keep_number && oldest && forget (jobs, oldest));
}

/* The same for all owners of jobs that have ended since the last call. Jobs are freed: this is no call for those who walk
 * through them. */
static void trim_all (struct jobs *jobs)
{
	struct known_job *job;

again:
	list_each (job, &jobs->all, node)
		if (job->settled) {
			job->settled = false;
			trim (jobs, job->record.owner);
			goto again;
		}
}

/* All jobs together take more of the disk than they may: forget ended ones, the oldest first. Returns how much they still take;
 * 0: there is no limit. Jobs are freed, as by trim_all. */
static int64_t trim_disk (struct jobs *jobs)
{
	int64_t most = jobs->generation->config->jobs.total, sum = 0;
	struct known_job *job, *oldest;
	int n;

	if (!most)
		return 0;
	list_each (job, &jobs->all, node)
		sum += is_live (job) ? job_directory_disk (jobs->directory, job->record.id) : job->disk;
	while (sum > most && (oldest = find_oldest (jobs, NULL, &n))) {
		int64_t disk = oldest->disk;

		if (!forget (jobs, oldest))
			break;
		sum -= disk;
	}
	return sum;
}

/* --- the audit trail --------------------------------------------------------------------------------------------- */

/* Send the lines about the ends of jobs that are owed, so many at a time. */
static void write_ends (struct jobs *jobs)
{
	size_t most = jobs->trail_fails ? 1 : LINES_MAX;
	struct known_job *job;

	if (jobs->n_lines || jobs->audit->kind == AUDIT_NONE)
		return;
	list_each (job, &jobs->all, node) {
		if (job->trail.state != JOB_TRAIL_OWED)
			continue;
		if (jobs->n_lines >= most || !job_trail_send (&job->trail, jobs->audit, jobs->directory, &job->record,
						     job->outcome, job->ended, ++jobs->last_line))
			return; /* jobs_watch tries again */
		jobs->n_lines++;
	}
}

void jobs_audited (struct jobs *jobs, const struct audit_answer *answer)
{
	struct known_job *job;

	jobs->n_lines -= jobs->n_lines > 0;
	jobs->trail_fails = answer->failed;
	list_each (job, &jobs->all, node)
		if (job->trail.state == JOB_TRAIL_SENT && job->trail.number == answer->number) {
			job_trail_answered (&job->trail, jobs->directory, job->record.id, answer->failed);
			job->settled = true; /* it need not be kept any more */
			if (job->removed && !job_trail_holds (&job->trail, jobs->audit))
				forget (jobs, job);
			break;
		}
	if (!answer->failed)
		write_ends (jobs);
	trim_all (jobs);
}

/* --- the end of a holder ----------------------------------------------------------------------------------------- */

/* The outcome of a job whose call has not come, because the front was lost. */
static const char never_started[] = "{\"done\":{\"outcome\":\"never_started\"},\"bytes\":0,\"cut\":0,\"input\":0}";

/* The outcome of a job without one. */
static json_t *lose (struct jobs *jobs, struct known_job *job)
{
	const char *why =
		strcmp (job->record.boot, jobs->boot) != 0 ? "the machine was restarted" : "its process was killed";
	json_t *outcome = json_pack ("{ss sI si si}", "lost", why, "bytes",
		(json_int_t)job_directory_bytes (jobs->directory, job->record.id), "cut", 0, "input", 0);
	char *line = outcome ? json_dumps (outcome, JSON_COMPACT) : NULL;

	if (line)
		job_directory_set_outcome (jobs->directory, job->record.id, line);
	free (line);
	log_warning ("a job is lost: %s. job=%s", why, job->record.id);
	return outcome;
}

/* The holder of the job is gone, and its lock is free: what is the outcome? The job may be freed, and no other one. An outcome
 * that cannot be read now is not lost: jobs_watch comes again. */
static void settle (struct jobs *jobs, struct known_job *job)
{
	bool unread;

	end_scope (jobs, job);
	unwatch (jobs, &job->pidfd);
	fd_close (&job->first);
	job->ended = unix_time ();
	cgroup_remove_job (jobs->cgroups, job->record.id);
	job->outcome = job_directory_outcome (jobs->directory, job->record.id, &job->ended, &unread);
	if (unread && ++job->n_unread <= UNREAD_MAX) {
		jobs->look_ms = clock_ms () + SOON_MS;
		return;
	}
	if (!job->outcome && (job->never || job->phase == PHASE_STARTING)) {
		/* A front that lives tells the trail that the job was never started. */
		if (!job->astray) {
			forget (jobs, job);
			return;
		}
		job_directory_set_outcome (jobs->directory, job->record.id, never_started);
		job_directory_remove_output (jobs->directory, job->record.id);
		job->outcome = json_loads (never_started, 0, NULL);
	}
	if (!job->outcome)
		job->outcome = lose (jobs, job);
	job->phase = json_object_get (job->outcome, "done") || json_object_get (job->outcome, "error") ? PHASE_ENDED
												       : PHASE_LOST;
	job->settled = true;
	job->disk = job_directory_disk (jobs->directory, job->record.id);
	job->removed = !job_directory_has_output (jobs->directory, job->record.id);
	job_trail_owe (&job->trail, jobs->directory, &job->record);
	if (job->removed && !job_trail_holds (&job->trail, jobs->audit))
		forget (jobs, job);
}

static void refuse_request (struct jobs *jobs, uint64_t request, enum code code, const char *fmt, ...)
	__attribute__ ((format (printf, 4, 5)));

static void refuse_request (struct jobs *jobs, uint64_t request, enum code code, const char *fmt, ...)
{
	struct record record = { .type = REC_NO_JOB, .id = request, .a = code };
	char text[ERR_TEXT];
	va_list args;

	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	front_process_send (jobs->front, &record, text, strlen (text), NULL, 0);
}

/* The pidfd of a holder is readable. */
static void on_holder_end (struct jobs *jobs, struct known_job *job)
{
	int status = 0;

	if (job->child > 0) {
		if (waitpid (job->child, &status, WNOHANG) == 0)
			return;
		job->never = WIFEXITED (status) && WEXITSTATUS (status) == HOLDER_NEVER;
		job->child = 0;
	}
	if (job->request)
		refuse_request (
			jobs, job->request, CODE_INTERNAL, "the job's process has ended before the job could start");
	job->request = 0;
	settle (jobs, job);
}

/* The killer has ended. Who is told that the job is killed finds it ended. */
static void answer_kill (struct jobs *jobs, const struct job_helper *killer, bool killed)
{
	struct known_job *job, *next;

	list_each_safe (job, next, &jobs->all, node)
		if (killed && is_live (job) && !strcmp (job->record.id, killer->kills))
			on_holder_end (jobs, job);
	if (killed && killer->request)
		refuse_request (jobs, killer->request, CODE_NONE, "%s", "");
	else if (killer->request)
		refuse_request (jobs, killer->request, CODE_IO_ERROR, "the processes of the job cannot be killed");
	if (!killed)
		log_error ("the processes of a job cannot be killed. job=%s", killer->kills);
}

static void reap_helper (struct jobs *jobs, struct job_helper *helper)
{
	int status = 0;

	if (waitpid (helper->child.pid, &status, WNOHANG) == 0)
		return;
	if (*helper->kills)
		answer_kill (jobs, helper, WIFEXITED (status) && WEXITSTATUS (status) == 0);
	unwatch (jobs, &helper->child.pidfd);
	list_remove (&helper->node);
	jobs->n_helpers--;
	free (helper);
}

/* --- adopting ---------------------------------------------------------------------------------------------------- */

/* Close a connection to a holder, a process of another user: descriptors in its queue would be closed here, and a close may
 * wait (base/passrights.h). Such a connection stays open. */
static void drop_connection (int fd)
{
	shutdown (fd, SHUT_RD);
	if (passrights_refused (fd) || !passrights_pending (fd))
		fd_close (&fd);
}

/* Is the connection still there: does somebody have the socket that listens? */
static bool is_connected (int fd)
{
	struct pollfd end = { .fd = fd, .events = POLLIN };

	return poll (&end, 1, 0) >= 0 && !(end.revents & (POLLHUP | POLLERR));
}

/* The pidfd of the process that has the lock of this job's holder, and *pid; -1: there is none. */
static int find_locker (const struct jobs *jobs, const char *id, pid_t *pid)
{
	pid_t locker = job_directory_holder (jobs->directory, id);
	int pidfd = locker > 0 ? pidfd_open (locker, 0) : -1;

	/* It still has the lock: so it has lived since the number was read, and no other process has got the number. */
	if (pidfd >= 0 && job_directory_holder (jobs->directory, id) != locker)
		fd_close (&pidfd);
	*pid = locker;
	return pidfd;
}

/* The pidfd of the holder that listens for this job, and *pid; -1: it cannot be had now. */
static int find_holder (const struct jobs *jobs, const char *id, pid_t *pid)
{
	int fd = job_directory_connect (jobs->directory, id), pidfd = -1;
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (fd < 0)
		return -1;
	passrights_refuse (fd);
	if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0 && peer.pid != getpid () &&
		peer.uid == geteuid ()) /* a holder listens before it becomes the job's user */
		pidfd = pidfd_open (*pid = peer.pid, 0);
	/* If the holder lives now, it has lived since the number was read, and no other process has got it. */
	if (pidfd >= 0 && !is_connected (fd))
		fd_close (&pidfd);
	drop_connection (fd);
	return pidfd;
}

static void follow_holder (struct jobs *jobs, struct known_job *job)
{
	if ((job->pidfd = find_locker (jobs, job->record.id, &job->holder)) < 0)
		job->pidfd = find_holder (
			jobs, job->record.id, &job->holder); /* an earlier version, or a file system that refuses */
	watch_holder (jobs, job);
}

/* The record of the job is lost, and nothing runs: remove what is there. Its start may be in the audit trail. False: its files
 * could not be removed. */
static bool bury (struct jobs *jobs, const char *id)
{
	struct job_record record = { .uid = (uid_t)-1, .audited = true };
	struct known_job *job;

	if (jobs->audit->kind == AUDIT_NONE)
		return job_directory_remove (jobs->directory, id) == 0;
	snprintf (record.id, sizeof record.id, "%s", id);
	if (!(job = job_new (jobs, &record, PHASE_LOST)))
		return false;
	job_directory_remove_output (jobs->directory, id);
	job->removed = true;
	job->outcome = json_pack ("{ss}", "lost", "its record was lost when the machine was restarted");
	job_trail_owe (&job->trail, jobs->directory, &record);
	return true;
}

static bool is_known (const struct jobs *jobs, const char *id)
{
	const struct known_job *job;

	list_each (job, &jobs->all, node)
		if (!strcmp (job->record.id, id))
			return true;
	return false;
}

/* A name in JOBS: a job of an earlier daemon, or something else. `again`: what was said of it was said. */
static void adopt (struct jobs *jobs, const char *name, bool again)
{
	struct job_record record;
	struct known_job *job;
	char shown[80];
	struct err err;
	bool held;

	if (name[0] == '.') {
		job_directory_sweep (jobs->directory, name);
		return;
	}
	if (again && is_known (jobs, name))
		return;
	if (!text_is_job_id (name)) {
		if (again)
			return;
		log_warning ("no job, and left alone: %s/%s", jobs->path,
			text_escape (shown, sizeof shown, name, strlen (name)));
		return;
	}
	held = job_directory_is_held (jobs->directory, name);
	if (job_directory_read (jobs->directory, name, &record, &err) < 0) {
		bool may_pass = job_directory_may_pass (err.sys);

		jobs->unread |= may_pass;
		/* A crash of the machine can leave an empty file of a job that had just begun. */
		if ((err.sys != ENODATA || held || !bury (jobs, name)) && (!again || may_pass))
			log_warning ("no job, and left alone: %s/%s: %s", jobs->path, name, err.text);
		return;
	}
	if (!(job = job_new (jobs, &record, PHASE_RUNNING))) {
		log_error ("a job is not found again: out of memory. job=%s", name);
		jobs->unread = true;
	} else if (held) {
		follow_holder (jobs, job);
	} else {
		settle (jobs, job);
	}
}

static int older (const void *a, const void *b)
{
	const struct known_job *const *first = a, *const *second = b;

	return ((*first)->record.started > (*second)->record.started) -
	       ((*first)->record.started < (*second)->record.started);
}

/* The oldest first, as if all had been started by this daemon. */
static void sort (struct jobs *jobs)
{
	struct known_job *job, **list;
	size_t n = 0, i = 0;

	list_each (job, &jobs->all, node)
		n++;
	if (!(list = calloc (n + 1, sizeof *list)))
		return;
	list_each (job, &jobs->all, node)
		list[i++] = job;
	qsort (list, n, sizeof *list, older);
	for (i = 0; i < n; i++) {
		list_remove (&list[i]->node);
		list_append (&jobs->all, &list[i]->node);
	}
	free (list);
}

static void find_again (struct jobs *jobs)
{
	bool again = jobs->n_unread > 0;
	int fd = openat (jobs->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir (fd);
	const struct dirent *entry = NULL;
	size_t n = 0, running = 0;
	struct known_job *job;

	jobs->unread = !stream;
	while (stream && (errno = 0, entry = readdir (stream)) && n < FOUND_MAX) {
		if (!strcmp (entry->d_name, ".") || !strcmp (entry->d_name, ".."))
			continue;
		adopt (jobs, entry->d_name, again);
		n++;
	}
	jobs->unread |= !entry && errno;
	if (stream)
		closedir (stream);
	else
		fd_close (&fd);
	if (jobs->unread && ++jobs->n_unread <= UNREAD_MAX) {
		if (!again)
			log_warning ("not all jobs can be found now: it is tried again. directory=%s", jobs->path);
		jobs->look_ms = clock_ms () + SOON_MS;
	}
	sort (jobs);
	write_ends (jobs);
	trim_all (jobs);
	expire (jobs);
	n = 0;
	list_each (job, &jobs->all, node) {
		n += !job->removed;
		running += is_live (job);
	}
	if (n)
		log_info ("jobs found. directory=%s jobs=%zu running=%zu", jobs->path, n, running);
}

/* The directory of jobs by that configuration, in new memory; NULL: there is none, or no memory. */
static char *path_of (const struct config *config)
{
	return config->jobs.directory ? strdup (config->jobs.directory) : paths_jobs ();
}

bool jobs_stay (const struct jobs *jobs, const struct config *next)
{
	char *path = path_of (next);
	bool other = jobs->directory >= 0 && (!path || strcmp (path, jobs->path) != 0);

	free (path);
	return other;
}

/* Open JOBS, unless it is open. With `make`, it is made if it is missing. 0; or -1 and err. */
static int open_jobs (struct jobs *jobs, bool make, struct err *err)
{
	int directory;

	if (jobs->directory >= 0)
		return 0;
	free (jobs->path);
	if (!(jobs->path = path_of (jobs->generation->config)))
		return err_set (err, CODE_IO_ERROR, "there is no directory for jobs: HOME is not set");
	if ((directory = private_directory_open (jobs->path, make, err)) < 0)
		return -1;
	if (flock (directory, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			err_set (err, CODE_BUSY, "another remexd has the jobs in %s", jobs->path);
		else
			err_sys (err, CODE_IO_ERROR, "%s cannot be locked", jobs->path);
		fd_close (&directory);
		return -1;
	}
	if (jobs->events < 0 && (jobs->events = epoll_create1 (EPOLL_CLOEXEC)) < 0) {
		err_sys (err, CODE_IO_ERROR, "jobs cannot be watched");
		fd_close (&directory);
		return -1;
	}
	jobs->directory = directory;
	jobs->complained = false;
	jobs->look_ms = clock_ms () + LOOK_MS;
	job_boot (jobs->boot);
	find_again (jobs);
	return 0;
}

void jobs_adopt (struct jobs *jobs)
{
	struct err err = { .sys = 0 };

	jobs->look_ms = clock_ms () + LOOK_MS;
	if (jobs->shy || open_jobs (jobs, false, &err) == 0 || err.sys == ENOENT || jobs->complained)
		return;
	jobs->complained = true;
	log_warning ("this remexd has no jobs: %s", err.text);
}

/* --- starting ---------------------------------------------------------------------------------------------------- */

/* The next text of a payload, which has a NUL behind it; NULL: there is none, or it is longer than `max` or no text. */
static const char *next_text (const char **at, const char *end, size_t max)
{
	const char *text = *at, *stop = text < end ? memchr (text, 0, (size_t)(end - text)) : NULL;

	if (!stop || (size_t)(stop - text) > max || !text_is_utf8 (text, (size_t)(stop - text)))
		return NULL;
	*at = stop + 1;
	return text;
}

/* How the front wants the job to be recorded. */
struct job_recording {
	char name[RECORDER_NAME]; /* of the file; "": it is not recorded */
	bool refuse;
	pid_t pid; /* of the recorder; 0: none */
};

/* The next number of a payload, from 0; -1: it is none. */
static int64_t next_number (const char **at, const char *end)
{
	const char *text = next_text (at, end, 18);
	size_t n = text ? strlen (text) : 0;

	return n && strspn (text, "0123456789") == n ? (int64_t)strtoll (text, NULL, 10) : -1;
}

/* `limits`: of the call, those that bind all its processes together. */
static int read_start (struct job_record *record, struct job_recording *recording, struct call_limits *limits,
	const char *data, size_t n)
{
	const char *at = data, *end = data + n, *name, *key, *call, *command, *flags, *file;

	if (!(name = next_text (&at, end, JOB_NAME_MAX)) || !(key = next_text (&at, end, JOB_NAME_MAX)) ||
		!(call = next_text (&at, end, JOB_CALL_MAX)) || !(command = next_text (&at, end, JOB_COMMAND_MAX)) ||
		!(flags = next_text (&at, end, 8)) || !(file = next_text (&at, end, RECORDER_NAME - 1)) ||
		(*file && !recorder_is_name (file)) || (limits->value[LIMIT_MEMORY] = next_number (&at, end)) < 0 ||
		(limits->value[LIMIT_PROCESSES] = next_number (&at, end)) < 0)
		return -1;
	strcpy (recording->name, file);
	recording->refuse = strchr (flags, 'r');
	strcpy (record->name, name);
	strcpy (record->key, key);
	strcpy (record->call, call);
	strcpy (record->command, command);
	record->tty = strchr (flags, 't');
	record->input = strchr (flags, 'i');
	record->durable = strchr (flags, 'd');
	return 0;
}

/* May one more job of the caller run? A durable one is kept for its key when it has ended: those count, too. */
static int check_number (const struct jobs *jobs, const struct job_caller *caller, bool durable, struct err *err)
{
	const struct config *config = jobs->generation->config;
	const struct share share = { .most = config->jobs.max, .each = config->jobs.each };
	int all = 0, own = 0, keys = 0, keys_max = config->jobs.keep_number;
	struct known_job *job;

	list_each (job, &jobs->all, node) {
		bool owns = !strcmp (job->record.owner, caller->owner);

		all += is_live (job);
		own += is_live (job) && owns;
		keys += owns && job->record.durable && (is_live (job) || is_kept_for_key (job));
	}
	switch (share_ask (&share, all, own, caller->full)) {
	case SHARE_FULL: return err_set (err, CODE_BUSY, "%d jobs run already (jobs.max)", all);
	case SHARE_EACH:
		return err_set (err, CODE_BUSY, "%s has %d running jobs already (jobs.each)", caller->you, own);
	case SHARE_FREE: break;
	}
	if (keys_max < config->jobs.each)
		keys_max = config->jobs.each;
	if (durable && !caller->full && keys >= keys_max)
		return err_set (err, CODE_BUSY,
			"%s has %d durable jobs already that run, or have ended within the last hour and were not "
			"removed (jobs.keep_number)",
			caller->you, keys);
	return 0;
}

/* May one more job be put on the disk? */
static int check_disk (struct jobs *jobs, struct err *err)
{
	int64_t most = jobs->generation->config->jobs.total, sum = trim_disk (jobs);
	char taken[QUANTITY_SHOWN], limit[QUANTITY_SHOWN];

	if (!most || sum < most)
		return 0;
	return err_set (err, CODE_BUSY, "the jobs take %s of the disk already, and may take %s (jobs.total)",
		quantity_show (QUANTITY_SIZE, sum, taken), quantity_show (QUANTITY_SIZE, most, limit));
}

static int make_id (struct jobs *jobs, char id[TEXT_JOB_ID + 1])
{
	unsigned char random[TEXT_JOB_ID];
	struct known_job *job;

again:
	if (getrandom (random, sizeof random, 0) != sizeof random)
		return -1;
	text_job_id_make (id, random);
	list_each (job, &jobs->all, node)
		if (!strcmp (job->record.id, id))
			goto again;
	return 0;
}

/* Give the front a job, with a connection (taken from *fd; -1: none). */
static void give (struct jobs *jobs, uint64_t request, const struct known_job *job, int flags, int *fd)
{
	static const enum job_state states[] = { [PHASE_STARTING] = JOB_RUNNING,
		[PHASE_RUNNING] = JOB_RUNNING,
		[PHASE_ENDED] = JOB_ENDED,
		[PHASE_LOST] = JOB_LOST };
	struct record record = { .type = REC_JOB, .id = request, .a = states[job->phase], .b = flags };
	json_t *json = job_record_json (&job->record);
	char *text = json ? json_dumps (json, JSON_COMPACT) : NULL;
	bool there = jobs->front->link >= 0 && !jobs->front->deaf;
	int sent = text ? front_process_send (jobs->front, &record, text, strlen (text), fd, *fd >= 0) : -1;

	if (text && sent < 0 && errno == ETOOMANYREFS)
		refuse_request (jobs, request, CODE_BUSY, "too many descriptors are on their way");
	if (!text)
		refuse_request (jobs, request, CODE_BUSY, "out of memory");
	free (text);
	json_decref (json);
	if ((sent < 0 || !there) && *fd >= 0)
		drop_connection (*fd);
	else if (*fd >= 0)
		close (*fd); /* the front has the other copy */
	*fd = -1;
}

/* The holder is where it belongs: the front may pass on the call. */
static void start_over (struct jobs *jobs, struct known_job *job)
{
	bool ends = geteuid () != 0 && job_scope_offered () && !job_scope_lingers ();
	uint64_t request = job->request;

	end_scope (jobs, job);
	job->phase = PHASE_RUNNING;
	job->request = 0;
	give (jobs, request, job, ends ? JOB_ENDS_WITH_SESSION : 0, &job->first);
}

/* Start the recorder of a job. *link: the holder's end, or -1. 0; or -1 and err: the job may not start. */
static int start_recorder (struct jobs *jobs, struct job_recording *recording, int *link, struct err *err)
{
	const struct config *config = jobs->generation->config;

	*link = -1;
	if (!*recording->name)
		return 0;
	if ((recording->pid = recorders_start (jobs->recorders, config, link)) > 0)
		return 0;
	recording->pid = 0;
	log_error ("the recording of a job cannot begin: %s. recording=%s", strerror (errno), recording->name);
	if (recording->refuse)
		return err_sys (
			err, CODE_RECORDING_UNAVAILABLE, "the job is to be recorded, and its recording cannot begin");
	return 0;
}

/* Fork the holder. 0; or -1 and err, without a process. */
static int fork_holder (struct jobs *jobs, struct known_job *job, const struct job_caller *caller,
	struct job_recording *recording, struct job_files *files, bool scope, struct err *err)
{
	const struct generation *generation = jobs->generation;
	struct worker_birth birth = {
		.config = generation->config,
		.files = &generation->plugins,
		.uid = job->record.uid,
		.log = log_process_worker (job->record.uid),
	};
	struct holder holder = {
		.output = files->output,
		.index = files->index,
		.outcome = files->outcome,
		.lock = files->lock,
		.listener = files->listener,
		.birth = &birth,
		/* A process that enters a cgroup leaves its scope. */
		.cgroup = scope ? -1 : cgroup_make_job (jobs->cgroups, job->record.id),
		.left = scope ? -1 : jobs->cgroups->left,
		.cap = generation->config->jobs.spool,
		.limits = caller->limits,
		.durable = job->record.durable,
		.recording = *recording->name ? recording->name : NULL,
		.record_refuse = recording->refuse,
		.recorder = -1,
		.you = job->record.you,
		.user = job->record.user,
		.id = job->record.id,
		.command = job->record.command,
	};
	int link[2], result = -1;

	if (start_recorder (jobs, recording, &holder.recorder, err) < 0) {
		;
	} else if (link_pair (link) < 0) {
		err_sys (err, CODE_BUSY, "the job's process cannot be made");
	} else {
		passrights_refuse (link[0]);
		holder.first = link[1];
		if ((job->child = holder_fork (&holder)) < 0) {
			err_sys (err, CODE_BUSY, "the job's process cannot be made");
			job->child = 0;
			fd_close (&link[0]);
		} else {
			job->first = link[0];
			job->holder = job->child;
			job->pidfd = pidfd_open (job->child, 0);
			result = 0;
		}
		fd_close (&link[1]);
	}
	fd_close (&birth.log);
	fd_close (&holder.recorder); /* without a holder the recorder ends */
	if (holder.cgroup >= 0)
		cgroup_bound (holder.cgroup, caller->limits.value[LIMIT_MEMORY],
			caller->limits.value[LIMIT_PROCESSES] ? caller->limits.value[LIMIT_PROCESSES] + 1 : 0);
	fd_close (&holder.cgroup);
	if (result < 0)
		cgroup_remove_job (jobs->cgroups, job->record.id);
	return result;
}

static struct known_job *make_job (struct jobs *jobs, const struct job_caller *caller, struct job_record *record,
	struct job_recording *recording, bool scope, struct err *err)
{
	struct job_files files;
	struct known_job *job;

	if (check_number (jobs, caller, record->durable, err) < 0 || check_disk (jobs, err) < 0)
		return NULL;
	if (make_id (jobs, record->id) < 0) {
		err_sys (err, CODE_INTERNAL, "no random number for the job's id");
		return NULL;
	}
	if (job_directory_make (jobs->directory, jobs->path, record, &files, err) < 0)
		return NULL;
	if (!(job = job_new (jobs, record, PHASE_STARTING)))
		err_set (err, CODE_BUSY, "out of memory");
	else if (fork_holder (jobs, job, caller, recording, &files, scope, err) < 0) {
		job_free (jobs, job);
		job = NULL;
	}
	job_files_close (&files);
	if (!job)
		job_directory_remove (jobs->directory, record->id);
	return job;
}

/* The job with the key is known: nothing is started. The front asks a running holder whether its call has come. */
static void start_again (struct jobs *jobs, uint64_t request, struct known_job *job)
{
	/* A holder that does not listen any more has run. */
	int fd = is_live (job) ? job_directory_connect (jobs->directory, job->record.id) : -1;

	if (fd >= 0)
		passrights_refuse (fd);
	give (jobs, request, job, JOB_KNOWN, &fd);
}

static void start_job (
	struct jobs *jobs, const struct job_caller *asks, const struct record *asked, const void *data, size_t n)
{
	struct job_caller with_limits = *asks;
	const struct job_caller *caller = &with_limits;
	struct call_limits limits = { .value = { 0 } };
	struct job_scope_bounds bounds = { .slice = jobs->generation->config->jobs.slice };
	struct job_record record = { .uid = (uid_t)asked->a, .started = unix_time () };
	struct job_recording recording = { .pid = 0 };
	bool scope = job_scope_offered ();
	struct known_job *job, *known;
	struct err err;

	if (read_start (&record, &recording, &limits, data, n) < 0) {
		refuse_request (jobs, asked->id, CODE_BAD_VALUE, "a malformed request for a job");
		return;
	}
	if ((known = find_key (jobs, caller, record.key))) {
		start_again (jobs, asked->id, known);
		return;
	}
	call_limits_lower (&with_limits.limits, &limits);
	bounds.memory = caller->limits.value[LIMIT_MEMORY];
	bounds.processes = caller->limits.value[LIMIT_PROCESSES];
	memcpy (record.owner, caller->owner, sizeof record.owner);
	memcpy (record.you, caller->you, sizeof record.you);
	snprintf (record.boot, sizeof record.boot, "%s", jobs->boot);
	record.audited = jobs->audit->kind != AUDIT_NONE;
	if (caller->limits.value[LIMIT_DEADLINE])
		record.due =
			clock_ms () + caller->limits.value[LIMIT_DEADLINE] + jobs->generation->config->limits.grace_ms;
	access_name (record.user, sizeof record.user, record.uid);
	if (!(job = make_job (jobs, caller, &record, &recording, scope, &err))) {
		refuse_request (jobs, asked->id, (enum code)err.code, "%s", err.text);
		return;
	}
	job->request = asked->id;
	watch_holder (jobs, job);
	if (scope && job_scope_start (&job->scope, job->record.id, job->child, recording.pid, &bounds) == 0) {
		job->scoped = true;
		watch (jobs, job->scope.busctl.pidfd, &job->scope_event, EVENT_SCOPE);
	} else {
		start_over (jobs, job);
	}
}

static void go_on_with_scope (struct jobs *jobs, struct known_job *job)
{
	bool over = !job->scoped || job_scope_go_on (&job->scope);

	if (job->scoped && job->scope.busctl.pid < 0)
		unwatch (jobs, &job->scope.busctl.pidfd);
	if (job->scoped && over)
		start_over (jobs, job);
}

/* --- the other requests ------------------------------------------------------------------------------------------ */

/* May one more helper of the caller run now? */
static bool may_help (const struct jobs *jobs, const struct job_caller *caller)
{
	static const struct share share = { .most = HELPERS_MAX, .each = HELPERS_MAX / EACH };
	const struct job_helper *helper;
	int own = 0;

	list_each (helper, &jobs->helpers, node)
		own += !strcmp (helper->owner, caller->owner);
	return share_ask (&share, (int64_t)jobs->n_helpers, own, caller->full) == SHARE_FREE;
}

/* Fork a holder that serves the files of an ended job to one viewer. */
static void replay (struct jobs *jobs, const struct job_caller *caller, uint64_t request, const struct known_job *job)
{
	struct holder holder = { .lock = -1,
		.listener = -1,
		.cgroup = -1,
		.left = -1,
		.recorder = -1,
		.tty = job->record.tty,
		.replay = true };
	struct worker_birth birth = {
		.config = jobs->generation->config,
		.files = &jobs->generation->plugins,
		.uid = job->record.uid,
		.log = log_process_worker (job->record.uid),
	};
	struct child child = { .pid = -1, .pidfd = -1 };
	struct job_files files;
	int link[2];

	if (!may_help (jobs, caller)) {
		refuse_request (jobs, request, CODE_BUSY, "too many jobs that have ended are read at once");
	} else if (job_directory_replay (jobs->directory, job->record.id, &files) < 0) {
		refuse_request (
			jobs, request, CODE_IO_ERROR, "the files of the job cannot be opened: %s", strerror (errno));
	} else if (link_pair (link) < 0) {
		refuse_request (jobs, request, CODE_BUSY, "the job cannot be read: %s", strerror (errno));
		job_files_close (&files);
	} else {
		passrights_refuse (link[0]);
		holder.output = files.output;
		holder.index = files.index;
		holder.outcome = files.outcome;
		holder.first = link[1];
		holder.birth = &birth;
		if ((child.pid = holder_fork (&holder)) < 0) {
			refuse_request (jobs, request, CODE_BUSY, "the job cannot be read: %s", strerror (errno));
			fd_close (&link[0]);
		} else {
			child.pidfd = pidfd_open (child.pid, 0);
			add_helper (jobs, &child, caller->owner);
			give (jobs, request, job, 0, &link[0]);
		}
		fd_close (&link[1]);
		job_files_close (&files);
	}
	fd_close (&birth.log);
}

static void open_job (struct jobs *jobs, const struct job_caller *caller, uint64_t request, const struct known_job *job)
{
	char id[TEXT_JOB_ID + 1];
	int fd;

	if (!is_live (job)) {
		replay (jobs, caller, request, job);
		return;
	}
	memcpy (id, job->record.id, sizeof id);
	if ((fd = job_directory_connect (jobs->directory, id)) >= 0) {
		passrights_refuse (fd);
		give (jobs, request, job, 0, &fd);
		return;
	}
	/* A holder that is about to end does not listen any more: the front asks again. */
	refuse_request (jobs, request, CODE_BUSY, "the job's process does not answer: %s", strerror (errno));
}

/* How the front describes a job (doc/protocol.md, 16). */
static json_t *describe (const struct jobs *jobs, const struct known_job *job, double now)
{
	static const char *const states[] = { [PHASE_STARTING] = "running",
		[PHASE_RUNNING] = "running",
		[PHASE_ENDED] = "ended",
		[PHASE_LOST] = "lost" };
	const struct job_record *record = &job->record;
	double seconds = (is_live (job) ? now : job->ended) - record->started;
	json_t *json = json_pack ("{ss ss ss ss ss ss ss sf sf sb sb}", "id", record->id, "name", record->name, "you",
		record->you, "user", record->user, "call", record->call, "command", record->command, "state",
		states[job->phase], "started", record->started, "seconds", seconds > 0 ? seconds : 0, "tty",
		record->tty, "input", record->input);
	static const char *const members[][2] = { { "bytes", "bytes" }, { "cut", "cut" }, { "done", "done" },
		{ "error", "error" }, { "rusage", "rusage" }, { "lost", "why" } };

	if (is_live (job))
		json_object_set_new (json, "bytes", json_integer (job_directory_bytes (jobs->directory, record->id)));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_t *value = json_object_get (job->outcome, members[i][0]);

		if (value)
			json_object_set (json, members[i][1], value);
	}
	return json;
}

static void list_jobs (struct jobs *jobs, const struct job_caller *caller, uint64_t request)
{
	json_t *list = json_array ();
	double now = unix_time ();
	size_t whole, n = 0;
	struct known_job *job;
	char *text;

	list_each (job, &jobs->all, node)
		if (may_see (caller, job))
			json_array_append_new (list, describe (jobs, job, now));
	text = list ? json_dumps (list, JSON_COMPACT | JSON_REAL_PRECISION (15)) : NULL;
	json_decref (list);
	if (!text) {
		refuse_request (jobs, request, CODE_BUSY, "out of memory");
		return;
	}
	whole = strlen (text);
	for (size_t sent = 0; sent < whole; sent += n) {
		struct record record = { .type = REC_JOBS, .id = request, .a = (int64_t)whole };

		n = whole - sent < LINK_PAYLOAD ? whole - sent : LINK_PAYLOAD;
		if (front_process_send (jobs->front, &record, text + sent, n, NULL, 0) < 0)
			break;
	}
	free (text);
}

/* Forget an ended job: at once, or as soon as its end is in the audit trail. False: its files could not be removed. */
static bool drop (struct jobs *jobs, struct known_job *job)
{
	if (!job_trail_holds (&job->trail, jobs->audit))
		return forget (jobs, job);
	job_directory_remove_output (jobs->directory, job->record.id);
	job->disk = job_directory_disk (jobs->directory, job->record.id);
	job->removed = true;
	return true;
}

static void remove_job (struct jobs *jobs, uint64_t request, struct known_job *job)
{
	if (is_live (job))
		refuse_request (jobs, request, CODE_FAILED, "the job runs: end it first");
	else if (drop (jobs, job))
		refuse_request (jobs, request, CODE_NONE, "%s", "");
	else
		refuse_request (
			jobs, request, CODE_IO_ERROR, "the files of the job cannot be removed: %s", strerror (errno));
}

static bool is_being_killed (const struct jobs *jobs, const struct known_job *job)
{
	const struct job_helper *helper;

	list_each (helper, &jobs->helpers, node)
		if (!strcmp (helper->kills, job->record.id))
			return true;
	return false;
}

/* Fork a killer of a job with a pidfd, for that owner. Its end is the answer to the request (0: none). 0; or -1 and err. */
static int fork_killer (
	struct jobs *jobs, const struct known_job *job, const char *owner, uint64_t request, struct err *err)
{
	struct job_killer killer = { .holder = job->holder, .pidfd = job->pidfd };
	struct child child = { .pid = -1, .pidfd = -1 };
	struct job_helper *helper;

	killer.cgroup = cgroup_open_job (jobs->cgroups, job->record.id);
	child.pid = job_killer_fork (&killer);
	fd_close (&killer.cgroup);
	if (child.pid < 0)
		return err_sys (err, CODE_BUSY, "the job cannot be killed");
	child.pidfd = pidfd_open (child.pid, 0);
	if (!(helper = add_helper (jobs, &child, owner)))
		return err_set (err, CODE_BUSY, "out of memory");
	memcpy (helper->kills, job->record.id, sizeof helper->kills);
	helper->request = request;
	return 0;
}

static void kill_job (struct jobs *jobs, const struct job_caller *caller, uint64_t request, struct known_job *job)
{
	struct err err = { 0 };

	if (is_live (job) && job->pidfd < 0)
		follow_holder (jobs, job);
	if (!is_live (job))
		err_set (&err, CODE_FAILED, "the job has ended");
	else if (job->pidfd < 0)
		err_set (&err, CODE_IO_ERROR, "the job's process cannot be found");
	else if (is_being_killed (jobs, job))
		err_set (&err, CODE_BUSY, "the job is being killed");
	else if (!may_help (jobs, caller))
		err_set (&err, CODE_BUSY, "too many jobs are read or killed at once");
	else if (fork_killer (jobs, job, caller->owner, request, &err) == 0)
		log_warning ("the process of a job does not answer, and is killed. job=%s", job->record.id);
	if (err.code)
		refuse_request (jobs, request, (enum code)err.code, "%s", err.text);
}

/* How many killers run that nobody has asked for? */
static int count_killers (const struct jobs *jobs)
{
	const struct job_helper *helper;
	int n = 0;

	list_each (helper, &jobs->helpers, node)
		n += *helper->kills && !*helper->owner;
	return n;
}

/* A holder may be held up by a process that is not beneath its keeper any more: the keeper cannot end that job. */
static void kill_overdue (struct jobs *jobs, struct known_job *job)
{
	json_t *outcome;
	double when;
	bool unread;
	struct err err;

	if (!job->overdue_ms || clock_ms () < job->overdue_ms || job->pidfd < 0 || is_being_killed (jobs, job) ||
		count_killers (jobs) >= HELPERS_MAX / EACH)
		return;
	job->overdue_ms = 0;
	if ((outcome = job_directory_outcome (jobs->directory, job->record.id, &when, &unread))) {
		json_decref (outcome); /* it has ended, and its viewers get the rest */
		return;
	}
	job->overdue_ms = clock_ms () + KILL_AGAIN_MS;
	if (fork_killer (jobs, job, "", 0, &err) == 0)
		log_warning ("a job goes on after its deadline, and is killed. job=%s", job->record.id);
	else
		log_error ("a job goes on after its deadline: %s. job=%s", err.text, job->record.id);
}

void jobs_refuse (struct jobs *jobs, uint64_t request, int error)
{
	if (error == EPERM)
		refuse_request (jobs, request, CODE_DENIED, "the supervisor does not let you do that");
	else if (error == ESHUTDOWN)
		refuse_request (jobs, request, CODE_SHUTTING_DOWN, "remexd is shutting down");
	else if (error == ENOTCONN)
		refuse_request (jobs, request, CODE_DENIED, "the connection has ended");
	else
		refuse_request (jobs, request, CODE_BUSY, "who you are cannot be checked now: %s", strerror (error));
}

void jobs_request (
	struct jobs *jobs, const struct job_caller *caller, const struct record *record, const void *data, size_t n)
{
	char text[JOB_NAME_MAX + 1], shown[2 * JOB_NAME_MAX + 1];
	struct known_job *job;
	struct err err;

	if (open_jobs (jobs, record->type == REC_JOB_START, &err) < 0 &&
		(err.sys != ENOENT || record->type == REC_JOB_START)) {
		refuse_request (
			jobs, record->id, err.code ? (enum code)err.code : CODE_IO_ERROR, "no jobs here: %s", err.text);
		return;
	}
	if (record->type == REC_JOB_START) {
		start_job (jobs, caller, record, data, n);
		return;
	}
	if (record->type == REC_JOB_LIST) {
		list_jobs (jobs, caller, record->id);
		return;
	}
	snprintf (text, sizeof text, "%.*s", (int)(n > JOB_NAME_MAX ? 0 : n), (const char *)data);
	if (!(job = find (jobs, caller, text))) {
		refuse_request (jobs, record->id, CODE_NOT_FOUND, "there is no job '%s'",
			text_escape (shown, sizeof shown, text, strlen (text)));
		return;
	}
	switch (record->type) {
	case REC_JOB_OPEN: open_job (jobs, caller, record->id, job); break;
	case REC_JOB_REMOVE: remove_job (jobs, record->id, job); break;
	case REC_JOB_KILL: kill_job (jobs, caller, record->id, job); break;
	default: jobs_refuse (jobs, record->id, EPERM);
	}
}

/* --- in the loop ------------------------------------------------------------------------------------------------- */

void jobs_lose_front (struct jobs *jobs)
{
	struct job_helper *helper;
	struct known_job *job;

	list_each (helper, &jobs->helpers, node)
		helper->request = 0;
	list_each (job, &jobs->all, node) {
		job->astray = job->phase == PHASE_RUNNING;
		job->request = 0;
		if (job->first >= 0)
			drop_connection (job->first);
		job->first = -1; /* the holder ends: its call has not come */
	}
}

void jobs_receive (struct jobs *jobs)
{
	/* One at a time: what an event is about may be freed by the one before it. */
	for (int i = 0; i < EVENTS_MAX; i++) {
		struct epoll_event event;
		struct job_event *about;

		if (epoll_wait (jobs->events, &event, 1, 0) <= 0)
			break;
		about = event.data.ptr;
		switch (about->kind) {
		case EVENT_HOLDER: on_holder_end (jobs, list_entry (about, struct known_job, holder_event)); break;
		case EVENT_SCOPE: go_on_with_scope (jobs, list_entry (about, struct known_job, scope_event)); break;
		case EVENT_HELPER: reap_helper (jobs, list_entry (about, struct job_helper, event)); break;
		}
	}
	write_ends (jobs);
	trim_all (jobs);
}

/* Forget the jobs that were kept for long enough. */
static void expire (struct jobs *jobs)
{
	double oldest = unix_time () - (double)jobs->generation->config->jobs.keep_ms / 1000;
	struct known_job *job, *after;

	list_each_safe (job, after, &jobs->all, node)
		if (job->removed ? !job_trail_holds (&job->trail, jobs->audit)
				 : !is_kept (jobs, job) && job->ended < oldest)
			forget (jobs, job);
}

void jobs_watch (struct jobs *jobs)
{
	struct job_helper *helper, *next;
	struct known_job *job, *after;

	list_each_safe (job, after, &jobs->all, node)
		if (job->scoped && clock_ms () >= job_scope_time (&job->scope))
			go_on_with_scope (jobs, job);
	if (!jobs->look_ms || clock_ms () < jobs->look_ms)
		return;
	jobs->look_ms = clock_ms () + LOOK_MS;
	if (jobs->directory < 0) {
		jobs_adopt (jobs);
		return;
	}
	if (jobs->unread && jobs->n_unread <= UNREAD_MAX)
		find_again (jobs);
	list_each_safe (job, after, &jobs->all, node) {
		/* A process of the job can stop the holder. A child is continued by the supervisor at once. */
		if (is_live (job) && job->pidfd >= 0 && !job->child)
			pidfd_send_signal (job->pidfd, SIGCONT, NULL, 0);
		if (is_live (job))
			kill_overdue (jobs, job);
		if (!is_live (job) || job->pidfd >= 0)
			continue;
		if (job_directory_is_held (jobs->directory, job->record.id))
			follow_holder (jobs, job);
		else
			on_holder_end (jobs, job);
	}
	list_each_safe (helper, next, &jobs->helpers, node)
		reap_helper (jobs, helper); /* those without a pidfd, too */
	write_ends (jobs);
	trim_all (jobs);
	expire (jobs);
	trim_disk (jobs);
}

int64_t jobs_time (const struct jobs *jobs)
{
	int64_t when = jobs->shy && jobs->directory < 0 ? 0 : jobs->look_ms;
	const struct known_job *job;

	list_each (job, &jobs->all, node)
		if (job->scoped)
			when = clock_earlier (when, job_scope_time (&job->scope));
	return when;
}

void jobs_close (struct jobs *jobs)
{
	struct job_helper *helper, *next;
	struct known_job *job, *after;

	list_each_safe (job, after, &jobs->all, node)
		job_free (jobs, job);
	list_each_safe (helper, next, &jobs->helpers, node) {
		fd_close (&helper->child.pidfd);
		free (helper);
	}
	list_init (&jobs->helpers);
	fd_close (&jobs->events);
	fd_close (&jobs->directory);
	free (jobs->path);
	jobs->path = NULL;
}
