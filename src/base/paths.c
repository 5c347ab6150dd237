/* paths - see paths.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"

/* DIRECTORY MIDDLE NAME in new memory; NULL: out of memory. */
static char *join (const char *directory, const char *middle, const char *name)
{
	char *path;

	return asprintf (&path, "%s%s%s", directory, middle, name) < 0 ? NULL : path;
}

static const char *absolute (const char *variable)
{
	const char *value = getenv (variable);

	return value && *value == '/' ? value : NULL;
}

/* A path in this user's own configuration; NULL: out of memory, or no home. */
static char *in_home (const char *name)
{
	const char *directory = absolute ("XDG_CONFIG_HOME"), *home = absolute ("HOME");

	if (directory)
		return join (directory, "/remex", name);
	return home ? join (home, "/.config/remex", name) : NULL;
}

char *paths_config (const char *name)
{
	char *slashed, *path;

	if (geteuid () == 0)
		return join (SYSCONFDIR, "/remex/", name);
	slashed = join ("/", name, "");
	path = slashed ? in_home (slashed) : NULL;
	free (slashed);
	return path;
}

char *paths_absolute (const char *path)
{
	char *here, *whole;

	if (*path == '/')
		return strdup (path);
	if (!(here = getcwd (NULL, 0)))
		return NULL;
	whole = join (here, "/", path);
	free (here);
	return whole;
}

char *paths_socket (void)
{
	const char *directory = absolute ("XDG_RUNTIME_DIR");
	char *path;

	if (geteuid () == 0)
		return strdup (PATHS_SYSTEM_SOCKET);
	if (directory)
		return join (directory, "/remex/remexd.sock", "");
	return asprintf (&path, "/tmp/remex-%u/remexd.sock", (unsigned)geteuid ()) < 0 ? NULL : path;
}

char *paths_keys (struct err *err)
{
	const char *named = getenv ("REMEX_CONFIG");
	char *path;

	if (named && *named && *named != '/') {
		err_set (err, 0, "REMEX_CONFIG is not an absolute path");
		return NULL;
	}
	if (named && *named)
		path = strdup (named);
	else if (!absolute ("XDG_CONFIG_HOME") && !absolute ("HOME")) {
		err_set (err, 0, "no directory for your keys: neither HOME nor REMEX_CONFIG is set");
		return NULL;
	} else {
		path = in_home ("");
	}
	if (!path)
		err_set (err, 0, "out of memory");
	return path;
}

char *paths_state (void)
{
	const char *directory = absolute ("XDG_STATE_HOME"), *home = absolute ("HOME");

	if (directory)
		return join (directory, "/remex", "");
	return home ? join (home, "/.local/state/remex", "") : NULL;
}

/* The system's directory for root, and one in the state of another user. */
static char *daemon_state (const char *system, const char *name)
{
	char *state, *path;

	if (geteuid () == 0)
		return strdup (system);
	state = paths_state ();
	path = state ? join (state, name, "") : NULL;
	free (state);
	return path;
}

char *paths_jobs (void)
{
	return daemon_state (PATHS_SYSTEM_JOBS, "/jobs");
}

char *paths_recordings (void)
{
	return daemon_state (PATHS_SYSTEM_RECORDINGS, "/recordings");
}

void paths_log_ignored (const char *file)
{
	static const char *const usual[] = { "/etc/remex", "/usr/local/etc/remex" };

	for (size_t i = 0; geteuid () == 0 && i < sizeof usual / sizeof *usual; i++)
		if (strcmp (usual[i], SYSCONFDIR "/remex") != 0 && access (usual[i], F_OK) == 0)
			log_warning ("%s is there and is not read: this remexd is built to read %s (configure "
				     "--sysconfdir)",
				usual[i], file);
}
