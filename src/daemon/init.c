/* init - see init.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "daemon/hostkey.h"
#include "daemon/init.h"
#include "net/credential.h"
#include "net/endpoint.h"

/* The starter configuration: what somebody who runs --init is about to want. */
static const char starter[] =
	"# remexd.yaml, made by `remexd --init`; see remexd.yaml(5). `remexd -t` checks it.\n"
	"\n"
	"# The Unix socket for this machine, and TCP for others: keys on both sides, see remex(1).\n"
	"listen:\n"
	"  - unix://%s\n"
	"  - tcp://0.0.0.0:%d\n"
	"  - tcp://[::]:%d\n"
	"\n"
	"# What is done for whom, one JSON line at the start and one at the end of each request.\n"
	"audit: %s\n";

/* A new file, or none: 1, 0 where it was there, -1 and err. */
static int write_starter (const char *path, struct err *err)
{
	char text[2048], *socket = paths_socket (), audit[64] = "none";
	int fd, n;

	if (access ("/run/systemd/journal/socket", W_OK) == 0)
		strcpy (audit, "journal");
	n = socket ? snprintf (text, sizeof text, starter, socket, ENDPOINT_PORT, ENDPOINT_PORT, audit) : -1;
	free (socket);
	if (n < 0 || (size_t)n >= sizeof text)
		return err_sys (err, 0, "the starter configuration");
	if ((fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644)) < 0)
		return errno == EEXIST ? 0 : err_sys (err, 0, "%s", path);
	if (fd_write_all (fd, text, (size_t)n) < 0 || fsync (fd) < 0) {
		err_sys (err, 0, "%s", path);
		unlink (path);
		fd_close (&fd);
		return -1;
	}
	fd_close (&fd);
	return 1;
}

/* Its fingerprint, for whoever will trust this machine. */
static int show_key (const char *path, struct err *err)
{
	struct credential *credential = NULL;
	char print[KEY_PRINT_SIZE];
	int fd = credential_open (path, err);

	if (fd >= 0)
		credential = credential_read (fd, path, err);
	fd_close (&fd);
	if (!credential)
		return -1;
	printf ("host key   %s\n           %s\n", path, key_print (credential_key (credential), print));
	credential_free (credential);
	return 0;
}

int init_run (const char *config)
{
	char *file = config ? strdup (config) : paths_config (PATHS_CONFIG), *key = paths_config (PATHS_HOST_KEY),
	     *identities = paths_config (PATHS_IDENTITIES);
	struct err err = { .text = "there is no home directory" };
	int made = -1;

	log_setup ("remexd", LOG_WARNING);
	/* The key's directory is the configuration's, unless -c says otherwise: it comes first and makes it. */
	if (file && key && identities && hostkey_ensure (key, &err) == 0 && (made = write_starter (file, &err)) >= 0 &&
		show_key (key, &err) == 0) {
		printf ("config     %s%s\n", file, made ? "" : " (it was there, and is unchanged)");
		if (mkdir (identities, 0755) == 0 || errno == EEXIST)
			printf ("identities %s\n", identities);
		printf ("\nNext, on the machine that is to call this one:   remex keygen\n"
			"then here:   remex authorize NAME 'remex-ed25519 ...' --allow exec%s\n"
			"and start:   remexd%s%s\n",
			geteuid () == 0 ? " --as USER" : "", config ? " -c " : "", config ? config : "");
	} else {
		log_error ("%s", err.text);
		made = -1;
	}
	free (file);
	free (key);
	free (identities);
	return made < 0 || fflush (stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
