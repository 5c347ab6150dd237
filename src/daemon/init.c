/* init - see init.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/durable.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/trusted.h"
#include "conf/config.h"
#include "daemon/hostkey.h"
#include "daemon/init.h"
#include "net/credential.h"
#include "net/endpoint.h"

/* The paths of all files and directories that are made. Owned. */
struct init_paths {
	char *file, *host_key, *identities;
	char *socket; /* of `listen`; NULL: the default one */
	bool beside; /* the file is new and named by -c: host_key and identities are beside it, and it sets these
			keys */
	bool there; /* the file exists, and does not change */
};

static void init_paths_free (struct init_paths *paths)
{
	free (paths->file);
	free (paths->host_key);
	free (paths->identities);
	free (paths->socket);
}

static mode_t directory_mode (void)
{
	return geteuid () == 0 ? 0755 : 0700;
}

/* The directory of a path, in new memory. */
static char *directory_of (const char *path)
{
	const char *slash = strrchr (path, '/');

	return strndup (path, slash == path ? 1 : (size_t)(slash - path));
}

/* --- the paths --------------------------------------------------------------------------------------------------- */

/* NAME beside the file. */
static char *beside (const char *file, const char *name)
{
	char *path;

	return asprintf (&path, "%.*s/%s", (int)(strrchr (file, '/') - file), file, name) < 0 ? NULL : path;
}

/* Take the paths from an existing configuration, or from the defaults. 0, or -1 and err. */
static int take_config (struct init_paths *paths, const struct config *config, struct err *err)
{
	const char *socket = NULL;
	char *usual = paths_socket ();

	for (size_t i = 0; i < config->n_listen && !socket; i++)
		socket = config->listen[i].path;
	if (socket && usual && strcmp (socket, usual) != 0)
		paths->socket = strdup (socket);
	free (usual);
	paths->host_key = config->host_key ? strdup (config->host_key) : paths_config (PATHS_HOST_KEY);
	paths->identities = config->identities ? strdup (config->identities) : paths_config (PATHS_IDENTITIES);
	return paths->host_key && paths->identities
		       ? 0
		       : err_set (err, 0, "there is no home directory for a host key and identities");
}

static int find (struct init_paths *paths, const char *named, struct err *err)
{
	struct config *config;
	struct err why = { 0 };
	size_t n = 0;
	char *text;
	int result;

	*paths = (struct init_paths){ .file = named ? paths_absolute (named) : paths_config (PATHS_CONFIG) };
	if (!paths->file)
		return err_set (err, 0, "there is no home directory for a configuration");
	text = trusted_read (paths->file, CONF_FILE_MAX, &n, &why);
	if (!text && why.sys != ENOENT) {
		*err = why;
		return -1;
	}
	paths->there = text != NULL;
	paths->beside = named && !text;
	if (paths->beside) {
		paths->host_key = beside (paths->file, PATHS_HOST_KEY);
		paths->identities = beside (paths->file, PATHS_IDENTITIES);
		return paths->host_key && paths->identities ? 0 : err_set (err, 0, "out of memory");
	}
	config = config_parse (text ? text : "", n, paths->file, err);
	free (text);
	if (!config)
		return -1;
	result = take_config (paths, config, err);
	config_free (config);
	return result;
}

/* --- the first configuration ------------------------------------------------------------------------------------- */

static const char starter_head[] =
	"# remexd.yaml, made by `remexd --init`; see remexd.yaml(5). `remexd -t` checks it.\n"
	"\n"
	"# The Unix socket for this machine, and TCP for others: keys on both sides, see remex(1).\n"
	"listen:\n"
	"  - unix://%s\n"
	"  - tcp://0.0.0.0:%d\n"
	"  - tcp://[::]:%d\n"
	"\n",
		  starter_tail[] = "# The audit trail: one JSON line at the start and one at the end of "
				   "each request.\n"
				   "audit: %s\n";

/* `key: 'path'`: in single quotes only a single quote is special (YAML 1.1, section 5.7). */
static int put_path (struct buf *out, const char *key, const char *path)
{
	int result = buf_printf (out, "%s: '", key);

	for (const char *p = path; *p; p++)
		result |= buf_printf (out, *p == '\'' ? "''" : "%c", *p);
	return result | buf_append (out, "'\n", 2);
}

static int compose (const struct init_paths *paths, struct buf *out)
{
	bool journal = access ("/run/systemd/journal/socket", W_OK) == 0;
	char *socket = paths_socket ();
	int result = socket ? buf_printf (out, starter_head, socket, ENDPOINT_PORT, ENDPOINT_PORT) : -1;

	free (socket);
	if (paths->beside) {
		result |= buf_printf (out, "# The key of this machine, and a file for each identity that may call over "
					   "TCP.\n");
		result |= put_path (out, "host_key", paths->host_key);
		result |= put_path (out, "identities", paths->identities);
		result |= buf_printf (out, "\n");
	}
	return result | buf_printf (out, starter_tail, journal ? "journal" : "none");
}

/* Write the first configuration. 0, or -1 and err. */
static int write_starter (const struct init_paths *paths, struct err *err)
{
	char *directory = directory_of (paths->file);
	struct config *config = NULL;
	struct buf text;
	int result = -1;

	buf_init (&text, CONF_FILE_MAX);
	if (!directory || compose (paths, &text) != 0)
		err_set (err, 0, "out of memory");
	/* A path that YAML cannot express fails here, not at the first start. */
	else if ((config = config_parse ((const char *)buf_head (&text), buf_len (&text), paths->file, err)) &&
		 durable_make_directory (directory, directory_mode (), directory_mode (), err) == 0)
		result = durable_write (paths->file, buf_head (&text), buf_len (&text), 0644, false, err);
	config_free (config);
	buf_free (&text);
	free (directory);
	return result;
}

/* --- all --------------------------------------------------------------------------------------------------------- */

/* Print the fingerprint, which `remex trust` shows. */
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

/* When the identities are not in the default directory, `remex authorize` must ask a running remexd. So the start of
 * remexd comes first. */
static void show_next (const struct init_paths *paths, const char *named)
{
	const char *as = geteuid () == 0 ? " --as USER" : "";
	char word[PATH_MAX + 8];

	printf ("\nNext, on the machine that is to call this one:   remex keygen\n");
	if (named)
		printf ("start this one here:   remexd -c %s\n", text_quote (word, sizeof word, paths->file));
	printf ("%s here:   ", named ? "and" : "then");
	if (paths->socket)
		printf ("REMEX_SOCKET=%s ", text_quote (word, sizeof word, paths->socket));
	printf ("remex authorize NAME 'remex-ed25519 ...' --allow exec%s\n", as);
	if (!named)
		printf ("and start:   remexd\n");
}

/* The directory may exist; then a start has to accept it. */
static int make_identities (const char *path, struct err *err)
{
	int fd;

	if (durable_make_directory (path, 0755, directory_mode (), err) < 0 ||
		(fd = trusted_open (path, TRUSTED_DIRECTORY, err)) < 0)
		return -1;
	fd_close (&fd);
	return 0;
}

int init_run (const char *named)
{
	struct err err = { .text = "" };
	struct init_paths paths;
	int result = -1;

	log_setup ("remexd", LOG_WARNING);
	if (find (&paths, named, &err) == 0 && (paths.there || write_starter (&paths, &err) == 0) &&
		hostkey_ensure (paths.host_key, &err) >= 0 && make_identities (paths.identities, &err) == 0 &&
		show_key (paths.host_key, &err) == 0) {
		printf ("config     %s%s\n", paths.file, paths.there ? " (it was there, and is unchanged)" : "");
		printf ("identities %s\n", paths.identities);
		if (!named && !paths.there)
			paths_log_ignored (paths.file);
		show_next (&paths, named);
		result = 0;
	} else {
		log_error ("%s", err.text);
	}
	init_paths_free (&paths);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
