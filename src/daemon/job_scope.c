/* job_scope - see job_scope.h. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/job_scope.h"
#include "gate/access.h"

enum {
	ASKING_MS = 3000, /* for busctl */
	MOVING_MS = 1000, /* from systemd's answer to the move */
	LOOK_MS = 10, /* between two looks */
	OWN_PROCESSES = 3, /* holder, keeper, worker (and the recorder, where there is one), */
	OWN_MEMORY = 16 * 1024 * 1024, /* with their memory, which grows with the plugins */
	WORDS_MAX = 40, /* of the command line */
};

/* The words of busctl. */
struct busctl_words {
	const char *argv[WORDS_MAX + 1];
	int n;
};

#define SEARCH_PATH "/usr/local/bin:/usr/bin:/bin"

bool job_scope_offered (void)
{
	const char *choice = getenv ("REMEX_SCOPE"), *runtime = getenv ("XDG_RUNTIME_DIR");
	char path[4096];

	if (choice && !strcmp (choice, "none"))
		return false;
	if (geteuid () == 0)
		return access ("/run/systemd/system", F_OK) == 0; /* sd_booted(3) */
	return runtime && snprintf (path, sizeof path, "%s/systemd/private", runtime) < (int)sizeof path &&
	       access (path, F_OK) == 0;
}

static void add (struct busctl_words *words, const char *word)
{
	if (words->n < WORDS_MAX)
		words->argv[words->n++] = word;
}

static void add_property (struct busctl_words *words, const char *name, const char *type, const char *value)
{
	add (words, name);
	add (words, type);
	add (words, value);
}

int job_scope_start (
	struct job_scope *scope, const char *id, pid_t holder, pid_t recorder, const struct job_scope_bounds *bounds)
{
	char pid[16], other[16], description[64], memory[24], processes[24], count[4];
	struct busctl_words words = { .argv = { "busctl", geteuid () == 0 ? "--system" : "--user", "--quiet", "call",
					      "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
					      "org.freedesktop.systemd1.Manager", "StartTransientUnit",
					      "ssa(sv)a(sa(sv))" },
		.n = 9 };
	struct spawn spawn = {
		.argv = words.argv,
		.env = (const char *const *)environ,
		.path = SEARCH_PATH,
		.fds = { -1, -1, -1 },
		.die_with_parent = true,
	};
	struct err err;

	*scope = (struct job_scope){ .holder = holder };
	snprintf (scope->unit, sizeof scope->unit, "remex-job-%s.scope", id);
	snprintf (pid, sizeof pid, "%d", (int)holder);
	snprintf (other, sizeof other, "%d", (int)recorder);
	snprintf (description, sizeof description, "job %s of remexd", id);
	snprintf (memory, sizeof memory, "%" PRId64, bounds->memory + OWN_MEMORY);
	snprintf (processes, sizeof processes, "%" PRId64, bounds->processes + OWN_PROCESSES + (recorder > 0));
	snprintf (count, sizeof count, "%d", 5 + (bounds->memory > 0) + (bounds->processes > 0));
	add (&words, scope->unit);
	add (&words, "fail");
	add (&words, count);
	add_property (&words, "Description", "s", description);
	add_property (&words, "Slice", "s", bounds->slice);
	add_property (&words, "PIDs", "au", recorder ? "2" : "1");
	add (&words, pid);
	if (recorder)
		add (&words, other);
	add_property (&words, "CollectMode", "s", "inactive-or-failed");
	/* A job that ignores SIGTERM must not hold up the end of the machine for long: microseconds until SIGKILL. */
	add_property (&words, "TimeoutStopUSec", "t", "10000000");
	if (bounds->memory > 0)
		add_property (&words, "MemoryMax", "t", memory);
	if (bounds->processes > 0)
		add_property (&words, "TasksMax", "t", processes);
	add (&words, "0");
	if (spawn_start (&spawn, &scope->busctl, &err) < 0) {
		scope->busctl = (struct child){ .pid = -1, .pidfd = -1 };
		log_warning ("a job gets no scope of systemd: %s", err.text);
		return -1;
	}
	scope->end_ms = clock_ms () + ASKING_MS;
	return 0;
}

static bool is_moved (const struct job_scope *scope)
{
	char path[48], *text;
	struct err err;
	bool moved;
	size_t n;

	snprintf (path, sizeof path, "/proc/%d/cgroup", (int)scope->holder);
	text = fd_read_file (path, 64 * 1024, &n, &err);
	moved = !text || strstr (text, scope->unit); /* a holder that has ended needs no scope */
	free (text);
	return moved;
}

void job_scope_end (struct job_scope *scope)
{
	if (scope->busctl.pid > 0)
		child_signal (&scope->busctl, SIGKILL);
	scope->end_ms = 0;
}

bool job_scope_go_on (struct job_scope *scope)
{
	int64_t now = clock_ms ();
	int status;

	if (scope->busctl.pid > 0 && waitpid (scope->busctl.pid, &status, WNOHANG) == scope->busctl.pid) {
		scope->busctl.pid = -1;
		if (!WIFEXITED (status) || WEXITSTATUS (status)) {
			log_warning ("a job gets no scope of systemd: busctl has failed. unit=%s", scope->unit);
			scope->end_ms = 0;
			return true;
		}
		scope->moving = true;
		scope->end_ms = now + MOVING_MS;
	}
	if (scope->moving && is_moved (scope)) {
		scope->end_ms = 0;
	} else if (now >= scope->end_ms) {
		log_warning ("a job gets no scope of systemd: %s. unit=%s",
			scope->moving ? "its process was not moved" : "systemd does not answer", scope->unit);
		job_scope_end (scope);
	}
	return !scope->end_ms;
}

int64_t job_scope_time (const struct job_scope *scope)
{
	int64_t soon = clock_ms () + LOOK_MS;

	return scope->moving && scope->end_ms && soon < scope->end_ms ? soon : scope->end_ms;
}

bool job_scope_lingers (void)
{
	char path[128], user[64];

	snprintf (path, sizeof path, "/var/lib/systemd/linger/%s", access_name (user, sizeof user, geteuid ()));
	return access (path, F_OK) == 0;
}
