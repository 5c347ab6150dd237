/* file_writer_fixture - see file_writer_fixture.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "file_writer_fixture.h"

int directory, only_path;
struct err err;
static char fixture_path[64];

void setup (void)
{
	strcpy (fixture_path, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (fixture_path));
	ck_assert_int_eq (chdir (fixture_path), 0);
	directory = open (".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	only_path = open (".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge (directory, 0);
	ck_assert_int_ge (only_path, 0);
	umask (022);
}

void teardown (void)
{
	char command[128];

	fd_close (&directory);
	fd_close (&only_path);
	snprintf (command, sizeof command, "cd / && rm -rf '%s'", fixture_path);
	ck_assert_int_eq (system (command), 0);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

void make (const char *name, const char *text)
{
	int fd = open (name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_msg (fd >= 0, "%s: %s", name, strerror (errno));
	ck_assert_int_eq (fd_write_all (fd, text, strlen (text)), 0);
	fd_close (&fd);
}

void holds (const char *name, const char *text)
{
	size_t n;
	char *found = fd_read_file (name, 1 << 20, &n, &err);

	ck_assert_msg (found != NULL, "%s: %s", name, err.text);
	ck_assert_uint_eq (n, strlen (text));
	ck_assert_str_eq (found, text);
	free (found);
}

struct stat status (const char *name)
{
	struct stat st;

	ck_assert_msg (lstat (name, &st) == 0, "%s: %s", name, strerror (errno));
	return st;
}

bool exists (const char *name)
{
	struct stat st;

	return lstat (name, &st) == 0;
}

mode_t mode_of (const char *name)
{
	return status (name).st_mode & 07777;
}

void set_time (const char *name, time_t second, long nanosecond)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = second, .tv_nsec = nanosecond } };

	ck_assert_int_eq (utimensat (AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* How many; *last is the name of the last temporary of them. */
static int count (bool only_temporaries, char last[256])
{
	DIR *list = opendir (".");
	struct dirent *entry;
	int n = 0;

	ck_assert_ptr_nonnull (list);
	while ((entry = readdir (list))) {
		bool is = temporary_is (entry->d_name);

		if (is && last)
			strcpy (last, entry->d_name);
		n += is || !only_temporaries;
	}
	closedir (list);
	return n;
}

int entries (void)
{
	return count (false, NULL) - 2;
}

int temporaries (void)
{
	return count (true, NULL);
}

const char *the_temporary (void)
{
	static char name[256];

	ck_assert_int_eq (count (true, name), 1);
	return name;
}

bool locked (const char *name)
{
	int fd = open (name, O_RDONLY | O_CLOEXEC);
	bool is;

	ck_assert_int_ge (fd, 0);
	is = flock (fd, LOCK_EX | LOCK_NB) < 0;
	ck_assert (!is || errno == EWOULDBLOCK);
	fd_close (&fd);
	return is;
}

/* --- users -------------------------------------------------------------------------------------------------------- */

void become_nobody (void)
{
	gid_t group = THEIR_GROUP;

	ck_assert_int_eq (chown (fixture_path, NOBODY, NOBODY), 0);
	ck_assert_int_eq (setgroups (1, &group), 0);
	ck_assert_int_eq (setresgid (NOBODY, NOBODY, NOBODY), 0);
	ck_assert_int_eq (setresuid (NOBODY, NOBODY, NOBODY), 0);
}

/* --- writings ----------------------------------------------------------------------------------------------------- */

const char *sum_of (const char *text)
{
	static char sum[DIGEST_TEXT];
	struct digest *digest = digest_new (DIGEST_SHA256);

	ck_assert_ptr_nonnull (digest);
	digest_add (digest, text, strlen (text));
	digest_text (digest, sum);
	digest_free (digest);
	return sum;
}

struct file_writer *begin (const char *name, struct file_writer_options options)
{
	struct file_writer *writer = file_writer_new (only_path, name, &options, &err);

	ck_assert_msg (writer != NULL, "%s: %s", name, err.text);
	return writer;
}

void add (struct file_writer *writer, const char *text)
{
	ck_assert_msg (file_writer_data (writer, text, strlen (text), &err) == 0, "%s", err.text);
}

void complete (struct file_writer *writer)
{
	ck_assert_msg (file_writer_complete (writer, -1, NULL, &err) == 0, "%s", err.text);
}

void publish (struct file_writer *writer)
{
	ck_assert_msg (file_writer_publish (writer, &err) == 0, "%s", err.text);
	file_writer_free (writer, false);
}

void put (const char *name, const char *text, struct file_writer_options options, int mode)
{
	struct file_writer *writer = begin (name, options);

	file_writer_set_mode (writer, mode, NULL);
	add (writer, text);
	complete (writer);
	publish (writer);
}

void failed (int result, enum code code, int number, const char *words)
{
	ck_assert_int_eq (result, -1);
	ck_assert_msg (err.code == (int)code, "%s: %s", code_name ((enum code)err.code), err.text);
	ck_assert_msg (err.sys == number, "%s: %s", strerror (err.sys), err.text);
	ck_assert_msg (strstr (err.text, words) != NULL, "%s", err.text);
	ck_assert (!number || strstr (err.text, strerror (number)));
}
