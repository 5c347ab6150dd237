/* plugin_fixture - see plugin_fixture.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "plugin/plugin_fixture.h"

static char directory[] = "/tmp/remex-check-worker-XXXXXX";

/* Remove the entries of the directory. */
static void clear (void)
{
	DIR *dir = opendir (directory);
	struct dirent *entry;

	while (dir && (entry = readdir (dir)))
		if (strcmp (entry->d_name, ".") && strcmp (entry->d_name, "..") &&
			unlinkat (dirfd (dir), entry->d_name, 0) < 0)
			unlinkat (dirfd (dir), entry->d_name, AT_REMOVEDIR);
	if (dir)
		closedir (dir);
	chmod (directory, 0700);
}

static void set_up (void)
{
	signal (SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull (mkdtemp (directory));
}

static void tear_down (void)
{
	clear ();
	rmdir (directory);
}

/* The directory is made and removed by the test program's first process, so that a test that crashes leaves nothing. */
void fixture_add (TCase *tcase)
{
	tcase_add_unchecked_fixture (tcase, set_up, tear_down);
	tcase_add_checked_fixture (tcase, clear, NULL);
}

const char *fixture_directory (void)
{
	return directory;
}

static void write_file (const char *name, const void *bytes, size_t n)
{
	char path[256];
	int fd;

	snprintf (path, sizeof path, "%s/%s", directory, name);
	unlink (path);
	fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, bytes, n), 0);
	ck_assert_int_eq (fchmod (fd, 0644), 0);
	close (fd);
}

void fixture_install (const char *built, const char *name)
{
	const char *top = getenv ("top_builddir"), *base = strrchr (built, '/') + 1;
	char path[512], *bytes;
	struct err err;
	size_t n;

	snprintf (path, sizeof path, "%s/%.*s.libs/%s.so", top ? top : ".", (int)(base - built), built, base);
	bytes = fd_read_file (path, 64 * 1024 * 1024, &n, &err);
	ck_assert_msg (bytes != NULL, "%s", err.text);
	write_file (name, bytes, n);
	free (bytes);
}

void fixture_write (const char *name, const char *text)
{
	write_file (name, text, strlen (text));
}

struct config *fixture_config (const char *section)
{
	struct config *config;
	struct err err;
	char text[1024];
	int n;

	n = snprintf (text, sizeof text, "log: error\nplugins: {directory: %s, %s}\n", directory, section);
	config = config_parse (text, (size_t)n, "test.yaml", &err);
	ck_assert_msg (config != NULL, "%s", err.text);
	return config;
}
