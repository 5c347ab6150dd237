/* job_scope - see job_scope.h. */
#include "config.h"

#include <errno.h>
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

int job_scope_start (struct job_scope *scope, const char *id, pid_t holder, pid_t recorder)
{
	char pid[16], other[16], words[64];
	/* A job that ignores SIGTERM must not hold up the end of the machine for long: microseconds until SIGKILL. */
	const char *argv[] = { "busctl", geteuid () == 0 ? "--system" : "--user", "--quiet", "call",
		"org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
		"StartTransientUnit", "ssa(sv)a(sa(sv))", scope->unit, "fail", "4", "Description", "s", words, "PIDs",
		"au", "1", pid, "CollectMode", "s", "inactive-or-failed", "TimeoutStopUSec", "t", "10000000", "0", NULL,
		NULL };
	enum { NUMBER = 17, AFTER_PID = 19, END = 26 }; /* of the processes; in argv */
	struct spawn spawn = {
		.argv = argv,
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
	snprintf (words, sizeof words, "job %s of remexd", id);
	if (recorder) {
		memmove (&argv[AFTER_PID + 1], &argv[AFTER_PID], (END - AFTER_PID) * sizeof *argv);
		argv[NUMBER] = "2";
		argv[AFTER_PID] = other;
	}
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
