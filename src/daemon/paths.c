/* paths - see paths.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/paths.h"

static const char *absolute (const char *variable)
{
	const char *value = getenv (variable);

	return value && *value == '/' ? value : NULL;
}

char *paths_config (const char *name)
{
	const char *directory = absolute ("XDG_CONFIG_HOME"), *home = absolute ("HOME");
	char *path;

	if (geteuid () == 0)
		directory = SYSCONFDIR;
	if (directory)
		return asprintf (&path, "%s/remex/%s", directory, name) < 0 ? NULL : path;
	return home && asprintf (&path, "%s/.config/remex/%s", home, name) >= 0 ? path : NULL;
}

char *paths_socket (void)
{
	const char *directory = absolute ("XDG_RUNTIME_DIR");
	char *path;

	if (geteuid () == 0)
		return strdup ("/run/remex/remexd.sock");
	if (directory)
		return asprintf (&path, "%s/remex/remexd.sock", directory) < 0 ? NULL : path;
	return asprintf (&path, "/tmp/remex-%u/remexd.sock", (unsigned)geteuid ()) < 0 ? NULL : path;
}
