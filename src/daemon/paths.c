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

static char *join (const char *directory, const char *rest)
{
	char *path;

	return asprintf (&path, "%s%s", directory, rest) < 0 ? NULL : path;
}

char *paths_config (void)
{
	const char *directory = absolute ("XDG_CONFIG_HOME"), *home = absolute ("HOME");

	if (geteuid () == 0)
		return strdup (SYSCONFDIR "/remex/remexd.yaml");
	if (directory)
		return join (directory, "/remex/remexd.yaml");
	return home ? join (home, "/.config/remex/remexd.yaml") : NULL;
}

char *paths_socket (void)
{
	const char *directory = absolute ("XDG_RUNTIME_DIR");
	char *path;

	if (geteuid () == 0)
		return strdup ("/run/remex/remexd.sock");
	if (directory)
		return join (directory, "/remex/remexd.sock");
	return asprintf (&path, "/tmp/remex-%u/remexd.sock", (unsigned)geteuid ()) < 0 ? NULL : path;
}
