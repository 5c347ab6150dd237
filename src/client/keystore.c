/* keystore - see keystore.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fd.h"
#include "base/trusted.h"
#include "client/keystore.h"
#include "net/certificate.h"

enum { PIN_MAX = 64 * 1024 };

static char *join (struct err *err, const char *directory, const char *middle, const char *name, const char *end)
{
	char *path;

	if (asprintf (&path, "%s%s%s%s", directory, middle, name, end) >= 0)
		return path;
	err_set (err, 0, "out of memory");
	return NULL;
}

struct credential *keystore_identity (const char *directory, struct err *err)
{
	char *path = join (err, directory, "/id.pem", "", "");
	struct credential *credential = NULL;
	int fd;

	if (path && (fd = credential_open (path, err)) >= 0) {
		credential = credential_read (fd, path, err);
		fd_close (&fd);
	}
	free (path);
	return credential;
}

static char *pin_path (const char *directory, const char *pin, struct err *err)
{
	return join (err, directory, "/hosts/", pin, ".pem");
}

static int read_pin (int fd, const char *path, struct key *key, struct err *err)
{
	struct err why;
	size_t n;
	char *pem = fd_read_all (fd, PIN_MAX, &n, &why);
	int result = pem ? certificate_key (pem, n, key, &why) : -1;

	free (pem);
	return result < 0 ? err_set (err, 0, "%.200s %.200s", path, why.text) : 0;
}

/* Open the file of a pin, in a directory where nobody else can give a pin another name. */
static int open_pin (const char *directory, const char *pin, struct err *err)
{
	char *hosts = join (err, directory, "/hosts", "", ""), *name = join (err, pin, ".pem", "", "");
	int at = hosts && name ? trusted_open (hosts, TRUSTED_DIRECTORY, err) : -1, fd = -1;

	if (at >= 0)
		fd = trusted_open_at (at, hosts, name, TRUSTED_FILE, err);
	fd_close (&at);
	free (hosts);
	free (name);
	return fd;
}

int keystore_pin (const char *directory, const char *pin, struct key *key, struct err *err)
{
	char *path = pin_path (directory, pin, err);
	struct err why = { 0 };
	int fd, result = -1;

	if (!path)
		return -1;
	if ((fd = open_pin (directory, pin, &why)) < 0)
		result = why.sys == ENOENT || why.sys == ENOTDIR ? 0 : -1;
	else if (read_pin (fd, path, key, &why) == 0)
		result = 1;
	if (result < 0 && err)
		*err = why;
	fd_close (&fd);
	free (path);
	return result;
}

int keystore_pin_add (const char *directory, const char *pin, const char *pem, struct err *err)
{
	char *hosts = join (err, directory, "/hosts", "", ""), *path = pin_path (directory, pin, err);
	int result = -1, fd = -1;

	if (hosts && path && durable_make_directory (hosts, 0700, 0700, err) == 0 &&
		(fd = trusted_open (hosts, TRUSTED_DIRECTORY, err)) >= 0)
		result = durable_write (path, pem, strlen (pem), 0600, false, err);
	fd_close (&fd);
	free (hosts);
	free (path);
	return result;
}

int keystore_pin_remove (const char *directory, const char *pin, struct err *err)
{
	char *path = pin_path (directory, pin, err);
	int result = -1;

	struct err why = { 0 };

	if (path && durable_unlink (path, &why) == 0)
		result = 1;
	else if (path && (why.sys == ENOENT || why.sys == ENOTDIR))
		result = 0;
	else if (path && err)
		*err = why;
	free (path);
	return result;
}
