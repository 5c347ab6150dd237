/* store - see store.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "client/store.h"
#include "net/certificate.h"

enum { PIN_MAX = 64 * 1024 };

static char *join (struct err *err, const char *directory, const char *middle, const char *name, const char *end)
{
	char *path;

	if (asprintf (&path, "%s%s%s%s", directory, middle, name, end) >= 0)
		return path;
	err_set (err, 0, "no memory");
	return NULL;
}

char *store_directory (struct err *err)
{
	const char *named = getenv ("REMEX_CONFIG"), *config = getenv ("XDG_CONFIG_HOME"), *home = getenv ("HOME");

	if (named && *named) {
		if (*named == '/')
			return join (err, named, "", "", "");
		err_set (err, 0, "REMEX_CONFIG is not an absolute path");
		return NULL;
	}
	if (config && *config == '/')
		return join (err, config, "/remex", "", "");
	if (home && *home == '/')
		return join (err, home, "/.config/remex", "", "");
	err_set (err, 0, "neither HOME nor REMEX_CONFIG says where your keys are");
	return NULL;
}

struct credential *store_identity (const char *directory, struct err *err)
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

/* Whoever can write the file decides whom we trust. */
static int check_pin (int fd, const char *path, struct err *err)
{
	struct stat status;

	if (fstat (fd, &status) < 0)
		return err_sys (err, 0, "%.300s", path);
	if (!S_ISREG (status.st_mode))
		return err_set (err, 0, "%.300s is no regular file", path);
	if (status.st_uid != geteuid () && status.st_uid != 0)
		return err_set (err, 0, "%.300s belongs to somebody else (uid %u)", path, (unsigned)status.st_uid);
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return err_set (err, 0, "%.300s can be written to by others (mode %04o)", path,
			(unsigned)status.st_mode & 07777);
	return 0;
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

int store_pin (const char *directory, const char *pin, struct key *key, struct err *err)
{
	char *path = pin_path (directory, pin, err);
	int fd, result = -1;

	if (!path)
		return -1;
	if ((fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0)
		result = errno == ENOENT || errno == ENOTDIR ? 0 : err_sys (err, 0, "%.300s", path);
	else if (check_pin (fd, path, err) == 0 && read_pin (fd, path, key, err) == 0)
		result = 1;
	fd_close (&fd);
	free (path);
	return result;
}

int store_pin_add (const char *directory, const char *pin, const char *pem, struct err *err)
{
	char *hosts = join (err, directory, "/hosts", "", ""), *path = pin_path (directory, pin, err);
	int result = -1;

	if (hosts && path && file_make_directory (hosts, 0700, 0700, err) == 0)
		result = file_write (path, pem, strlen (pem), 0600, false, err);
	free (hosts);
	free (path);
	return result;
}

int store_pin_remove (const char *directory, const char *pin, struct err *err)
{
	char *path = pin_path (directory, pin, err);
	int result = -1;

	if (path && unlink (path) == 0)
		result = 1;
	else if (path)
		result = errno == ENOENT || errno == ENOTDIR ? 0 : err_sys (err, 0, "cannot remove %.300s", path);
	free (path);
	return result;
}
