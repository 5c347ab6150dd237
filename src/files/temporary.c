/* temporary - the temporary file beside the target; see temporary.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/code.h"
#include "files/temporary.h"

#define MIDDLE ".remex-"
#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"

enum { TAIL = 8, PREFIX = 200, TRIES = 64 };

/* Write ".NAME.remex-", the temporary name without its tail. Returns its length. */
static size_t make_stem (const char *name, char temporary[TEMPORARY_NAME])
{
	return (size_t)snprintf (temporary, TEMPORARY_NAME, ".%.*s" MIDDLE, PREFIX, name);
}

bool temporary_is (const char *name)
{
	size_t n = strlen (name), m = sizeof MIDDLE - 1;

	return n >= 2 + m + TAIL && name[0] == '.' && !strncmp (name + n - TAIL - m, MIDDLE, m) &&
	       strspn (name + n - TAIL, LETTERS) == TAIL;
}

int temporary_make (int directory, const char *name, char temporary[TEMPORARY_NAME], struct err *err)
{
	size_t n = make_stem (name, temporary);
	unsigned char random[TAIL];
	int fd;

	for (int i = 0; i < TRIES; i++) {
		if (getrandom (random, sizeof random, 0) != sizeof random)
			return err_sys (err, CODE_INTERNAL, "cannot name a temporary file");
		for (int k = 0; k < TAIL; k++)
			temporary[n + (size_t)k] = LETTERS[random[k] % (sizeof LETTERS - 1)];
		temporary[n + TAIL] = '\0';
		fd = openat (directory, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno == EEXIST)
			continue;
		if (fd < 0)
			return err_sys (err, files_code (errno), "cannot make a temporary file");
		/* Another process that trims the directory first sees a recent file, and keeps it. */
		if (flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
			fd_close (&fd);
			continue;
		}
		return fd;
	}
	return err_set (err, CODE_IO_ERROR, "cannot make a temporary file: all names are taken");
}

static bool is_ours (const struct stat *st)
{
	return S_ISREG (st->st_mode) && st->st_nlink == 1 && st->st_uid == geteuid ();
}

static bool is_same (const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* For removal read or write access will do: a complete file has the target's mode. */
static int open_any_way (int directory, const char *name, bool remove)
{
	static const int ways[] = { O_RDWR, O_RDONLY, O_WRONLY };
	int fd = -1;

	for (size_t i = 0; i < (remove ? sizeof ways / sizeof *ways : 1); i++) {
		fd = openat (directory, name, ways[i] | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 || errno != EACCES)
			break;
	}
	return fd;
}

/* Open and lock a file of ours; *st is updated. -1: it is locked by another process, or gone. */
static int open_abandoned (int directory, const char *name, bool remove, struct stat *st)
{
	int fd = open_any_way (directory, name, remove);
	struct stat opened;

	if (fd < 0)
		return -1;
	/* The lock keeps other processes from adopting the file. One may have adopted and finished it before the lock:
	 * check the name again. */
	if (fstat (fd, &opened) == 0 && is_same (&opened, st) && flock (fd, LOCK_EX | LOCK_NB) == 0 &&
		fstatat (directory, name, st, AT_SYMLINK_NOFOLLOW) == 0 && is_same (&opened, st) && is_ours (st))
		return fd;
	fd_close (&fd);
	return -1;
}

/* List by a descriptor of our own: the caller's has its own position. */
static DIR *list_names (int directory)
{
	int fd = openat (directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir (fd);

	if (!list)
		fd_close (&fd);
	return list;
}

int temporary_adopt (int directory, const char *name, char temporary[TEMPORARY_NAME])
{
	char stem[TEMPORARY_NAME];
	size_t n = make_stem (name, stem);
	struct timespec youngest = { 0 };
	struct dirent *entry;
	struct stat st;
	int best = -1;
	DIR *list = list_names (directory);

	while (list && (entry = readdir (list))) {
		int fd;

		if (strncmp (entry->d_name, stem, n) != 0 || strlen (entry->d_name) != n + TAIL ||
			!temporary_is (entry->d_name) ||
			fstatat (directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !is_ours (&st))
			continue;
		/* An empty file may have just been made, and not be locked yet. */
		if (st.st_size == 0 || (fd = open_abandoned (directory, entry->d_name, false, &st)) < 0)
			continue;
		if (best >= 0 &&
			(st.st_mtim.tv_sec < youngest.tv_sec ||
				(st.st_mtim.tv_sec == youngest.tv_sec && st.st_mtim.tv_nsec <= youngest.tv_nsec))) {
			fd_close (&fd);
			continue;
		}
		fd_close (&best);
		best = fd;
		youngest = st.st_mtim;
		memcpy (temporary, entry->d_name, n + TAIL + 1);
	}
	if (list)
		closedir (list);
	/* A complete file has the target's mode. */
	if (best >= 0 && fchmod (best, 0600) < 0)
		fd_close (&best);
	if (best < 0)
		errno = ENOENT;
	return best;
}

int temporary_sweep (int directory, time_t before)
{
	DIR *list = list_names (directory);
	struct dirent *entry;
	struct stat st;
	int swept = 0;

	while (list && (entry = readdir (list))) {
		int fd;

		if (!temporary_is (entry->d_name) || fstatat (directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!is_ours (&st) || st.st_mtime >= before ||
			(fd = open_abandoned (directory, entry->d_name, true, &st)) < 0)
			continue;
		if (st.st_mtime < before && unlinkat (directory, entry->d_name, 0) == 0)
			swept++;
		fd_close (&fd);
	}
	if (list)
		closedir (list);
	return swept;
}

/* --- the limit of temporary files per directory ------------------------------------------------------------------- */

struct kept {
	char name[TEMPORARY_NAME];
	struct timespec mtime;
};

static bool is_older (const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec < other->tv_sec || (one->tv_sec == other->tv_sec && one->tv_nsec < other->tv_nsec);
}

/* Remove that file unless a process holds its lock. True: removed. */
static int remove_abandoned (int directory, const char *name)
{
	struct stat st;
	int fd, result;

	if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !is_ours (&st) ||
		(fd = open_abandoned (directory, name, true, &st)) < 0)
		return 0;
	result = unlinkat (directory, name, 0) == 0;
	fd_close (&fd);
	return result;
}

/* Find the kept file that must make room for `name`: one of the same target, or the oldest when there are too many. -1:
 * none. */
static int find_rival (const struct kept *kept, int n, const char *name)
{
	size_t stem = strlen (name) - TAIL;
	int oldest = 0;

	for (int i = 0; i < n; i++) {
		if (strlen (kept[i].name) == stem + TAIL && !memcmp (kept[i].name, name, stem))
			return i;
		if (is_older (&kept[i].mtime, &kept[oldest].mtime))
			oldest = i;
	}
	return n == TEMPORARY_MOST ? oldest : -1;
}

/* True for a temporary file that no process works on. An empty file may have just been made: false. */
static bool is_abandoned (int directory, const char *name, struct stat *st)
{
	int fd;

	if (!temporary_is (name) || strlen (name) >= TEMPORARY_NAME ||
		fstatat (directory, name, st, AT_SYMLINK_NOFOLLOW) < 0 || !is_ours (st) || st->st_size == 0 ||
		(fd = open_abandoned (directory, name, true, st)) < 0)
		return false;
	fd_close (&fd);
	return true;
}

int temporary_trim (int directory)
{
	struct kept kept[TEMPORARY_MOST];
	DIR *list = list_names (directory);
	struct dirent *entry;
	int n = 0, removed = 0;
	struct stat st;

	while (list && (entry = readdir (list))) {
		const char *name = entry->d_name;
		int at;

		if (!is_abandoned (directory, name, &st))
			continue;
		if ((at = find_rival (kept, n, name)) < 0) {
			at = n++;
		} else if (is_older (&kept[at].mtime, &st.st_mtim)) {
			removed += remove_abandoned (directory, kept[at].name);
		} else {
			removed += remove_abandoned (directory, name);
			continue;
		}
		memcpy (kept[at].name, name, strlen (name) + 1); /* is_abandoned has checked its length */
		kept[at].mtime = st.st_mtim;
	}
	if (list)
		closedir (list);
	return removed;
}

/* --- the interval between two trims ------------------------------------------------------------------------------- */

enum { REMEMBERED = 16, HOUR = 3600 };

/* The directories that were trimmed recently. */
struct memory {
	struct {
		dev_t device;
		ino_t inode;
		time_t when;
	} last[REMEMBERED];
	unsigned turn;
};

/* Is a trim of that directory due? If so, remember the time. */
static bool is_due (struct memory *memory, int directory)
{
	time_t now = time (NULL);
	struct stat st;

	if (fstat (directory, &st) < 0)
		return false;
	for (int i = 0; i < REMEMBERED; i++)
		if (memory->last[i].inode == st.st_ino && memory->last[i].device == st.st_dev &&
			now - memory->last[i].when < HOUR && now >= memory->last[i].when)
			return false;
	memory->last[memory->turn].device = st.st_dev;
	memory->last[memory->turn].inode = st.st_ino;
	memory->last[memory->turn].when = now;
	memory->turn = (memory->turn + 1) % REMEMBERED;
	return true;
}

void temporary_trim_first (int directory)
{
	static struct memory memory;

	if (is_due (&memory, directory))
		temporary_trim (directory);
}

int temporary_tidy (int directory)
{
	static struct memory memory;

	return is_due (&memory, directory) ? temporary_sweep (directory, time (NULL) - TEMPORARY_DAY) : 0;
}
