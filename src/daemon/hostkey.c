/* hostkey - see hostkey.h. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/hostkey.h"
#include "daemon/sealed.h"
#include "net/credential.h"
#include "proc/spawn.h"

int hostkey_ensure (const char *path, struct err *err)
{
	char option[PATH_MAX + 16];
	const char *argv[] = { "remexd", option, NULL };
	struct spawn spawn = {
		.argv = argv, .env = (const char *const *)environ, .file = "/proc/self/exe", .fds = { -1, -1, 2 }
	};
	struct child child;
	int status;

	if (access (path, F_OK) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys (err, 0, "the host key %s", path);
	snprintf (option, sizeof option, "--make-key=%s", path);
	if (spawn_start (&spawn, &child, err) < 0)
		return -1;
	if (child_reap (&child, &status) < 0 || !WIFEXITED (status) || WEXITSTATUS (status))
		return err_set (err, 0, "the host key %s could not be made", path);
	return 1;
}

int hostkey_open (const char *path, struct err *err)
{
	int file = credential_open (path, err), fd = -1;

	if (file >= 0)
		fd = sealed_file ("host key", file, err);
	fd_close (&file);
	return fd;
}

/* Make the directory of the file, and those above it. */
static int make_directory (const char *path, struct err *err)
{
	mode_t mode = geteuid () == 0 ? 0755 : 0700;
	char directory[PATH_MAX];
	char *slash;

	snprintf (directory, sizeof directory, "%s", path);
	if (!(slash = strrchr (directory, '/')) || slash == directory)
		return 0;
	*slash = '\0';
	return durable_make_directory (directory, mode, mode, err);
}

int hostkey_make (const char *path)
{
	struct credential *credential;
	char host[256] = "remexd";
	struct err err;
	int result = -1;

	gethostname (host, sizeof host - 1);
	if ((credential = credential_make (host, &err)) && make_directory (path, &err) == 0)
		result = credential_write (credential, path, &err);
	if (result < 0)
		log_error ("the host key: %s", err.text);
	credential_free (credential);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
