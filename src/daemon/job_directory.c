/* job_directory - see job_directory.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/private_directory.h"
#include "daemon/job_directory.h"
#include "wire/codes.h"

enum {
	BACKLOG = 64,
	RECORD_VERSION = 1, /* of job.json */
};

static const char *const names[] = { "job.json", "output", "index", "outcome", "audited", "lock", "socket" };

void job_boot (char boot[JOB_BOOT_MAX])
{
	struct err err;
	size_t n;
	char *text = fd_read_file ("/proc/sys/kernel/random/boot_id", JOB_BOOT_MAX, &n, &err);

	snprintf (boot, JOB_BOOT_MAX, "%.*s", text ? (int)strcspn (text, "\n") : 0, text ? text : "");
	free (text);
}

/* --- the record -------------------------------------------------------------------------------------------------- */

json_t *job_record_json (const struct job_record *record)
{
	return json_pack ("{si ss ss ss ss ss sI ss ss ss ss sf sI sb sb sb sb}", "version", RECORD_VERSION, "id",
		record->id, "name", record->name, "key", record->key, "owner", record->owner, "you", record->you, "uid",
		(json_int_t)record->uid, "user", record->user, "call", record->call, "command", record->command, "boot",
		record->boot, "started", record->started, "due", (json_int_t)record->due, "tty", record->tty, "input",
		record->input, "durable", record->durable, "audited", record->audited);
}

static int read_text (const json_t *json, const char *key, char *to, size_t size)
{
	const json_t *value = json_object_get (json, key);

	if (!json_is_string (value) || json_string_length (value) >= size)
		return -1;
	memcpy (to, json_string_value (value), json_string_length (value) + 1);
	return 0;
}

int job_record_read (struct job_record *record, const json_t *json)
{
	const json_t *uid = json_object_get (json, "uid"), *started = json_object_get (json, "started");
	json_int_t due = json_integer_value (json_object_get (json, "due"));

	*record = (struct job_record){ .uid = (uid_t)-1 };
	if (read_text (json, "id", record->id, sizeof record->id) < 0 ||
		read_text (json, "name", record->name, sizeof record->name) < 0 ||
		read_text (json, "key", record->key, sizeof record->key) < 0 ||
		read_text (json, "owner", record->owner, sizeof record->owner) < 0 ||
		read_text (json, "you", record->you, sizeof record->you) < 0 ||
		read_text (json, "user", record->user, sizeof record->user) < 0 ||
		read_text (json, "call", record->call, sizeof record->call) < 0 ||
		read_text (json, "command", record->command, sizeof record->command) < 0 ||
		read_text (json, "boot", record->boot, sizeof record->boot) < 0)
		return -1;
	if (!json_is_integer (uid) || json_integer_value (uid) < 0 || json_integer_value (uid) >= UINT32_MAX ||
		!json_is_number (started))
		return -1;
	record->uid = (uid_t)json_integer_value (uid);
	record->started = json_number_value (started);
	record->due = due > 0 && due < INT64_MAX / 2 ? due : 0;
	record->tty = json_is_true (json_object_get (json, "tty"));
	record->input = json_is_true (json_object_get (json, "input"));
	record->durable = json_is_true (json_object_get (json, "durable"));
	record->audited = json_is_true (json_object_get (json, "audited"));
	return 0;
}

/* --- one directory ----------------------------------------------------------------------------------------------- */

static int open_job (int jobs, const char *name)
{
	return openat (jobs, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int create (int directory, const char *name)
{
	return openat (directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Open a regular file of our user in the job's directory. -1 with errno (EPERM: it is none). */
static int open_file (int directory, const char *name, int flags)
{
	int fd = openat (directory, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0)
		return -1;
	if (fstat (fd, &stat) == 0 && S_ISREG (stat.st_mode) && stat.st_uid == geteuid () && stat.st_nlink == 1)
		return fd;
	fd_close (&fd);
	errno = EPERM;
	return -1;
}

static int open_job_file (int jobs, const char *id, const char *name, int flags)
{
	int directory = open_job (jobs, id), fd = directory < 0 ? -1 : open_file (directory, name, flags),
	    saved = errno;

	fd_close (&directory);
	errno = saved;
	return fd;
}

/* The form of a record, whatever else it has; 0: it has none. */
static json_int_t version_of (const json_t *json)
{
	return json_integer_value (json_object_get (json, "version"));
}

int job_directory_read (int jobs, const char *id, struct job_record *record, struct err *err)
{
	int directory = open_job (jobs, id), fd = -1, result = -1;
	json_t *json = NULL;
	char *text = NULL;
	struct stat stat;
	size_t n = 0;

	err_set (err, 0, "it is damaged");
	if (directory < 0 || fstat (directory, &stat) < 0)
		err_sys (err, 0, "it cannot be opened");
	else if (private_directory_check (&stat, "the directory", err) == 0 &&
		 (fd = open_file (directory, "job.json", O_RDONLY)) < 0)
		err_sys (err, 0, "its job.json cannot be opened");
	else if (fd >= 0 && (text = fd_read_all (fd, JOB_JSON_MAX, &n, err))) {
		json = n ? json_loadb (text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
		if (!n) {
			err_set (err, 0, "its job.json is empty");
			err->sys = ENODATA;
		} else if (version_of (json) > RECORD_VERSION) {
			err_set (err, 0, "its job.json has version %lld, of a later remexd: this one knows %d",
				(long long)version_of (json), RECORD_VERSION);
		} else if (!json || job_record_read (record, json) < 0) {
			err_set (err, 0, "its job.json is damaged");
		} else if (strcmp (record->id, id) != 0) {
			err_set (err, 0, "its job.json is about another job");
		} else {
			result = 0;
		}
	}
	json_decref (json);
	free (text);
	fd_close (&fd);
	fd_close (&directory);
	return result;
}

bool job_directory_may_pass (int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO || error == EINTR;
}

bool job_directory_is_held (int jobs, const char *id)
{
	int lock = open_job_file (jobs, id, "lock", O_RDONLY);
	bool held = lock < 0 ? job_directory_may_pass (errno) : flock (lock, LOCK_SH | LOCK_NB) < 0;

	fd_close (&lock);
	return held;
}

json_t *job_directory_outcome (int jobs, const char *id, double *when, bool *unread)
{
	int fd = open_job_file (jobs, id, "outcome", O_RDONLY);
	char line[JOB_OUTCOME_MAX];
	ssize_t n = fd < 0 ? -1 : pread (fd, line, sizeof line, 0);
	const char *end = n > 0 ? memchr (line, '\n', (size_t)n) : NULL;
	json_t *json = end ? json_loadb (line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL) : NULL;
	struct stat stat;

	*unread = n < 0 && job_directory_may_pass (errno);
	if (json && !json_is_object (json)) {
		json_decref (json);
		json = NULL;
	}
	if (json && fstat (fd, &stat) == 0)
		*when = (double)stat.st_mtim.tv_sec + (double)stat.st_mtim.tv_nsec / 1e9;
	fd_close (&fd);
	return json;
}

void job_directory_set_outcome (int jobs, const char *id, const char *line)
{
	int fd = open_job_file (jobs, id, "outcome", O_RDWR);
	char text[JOB_OUTCOME_MAX];
	int n = snprintf (text, sizeof text, "%s\n", line);

	/* A piece that a dying holder has written does not count. */
	if (fd >= 0 && n < (int)sizeof text && ftruncate (fd, 0) == 0 && pwrite (fd, text, (size_t)n, 0) != n &&
		ftruncate (fd, 0) < 0)
		errno = EIO;
	fd_close (&fd);
}

enum job_audited job_directory_audited (int jobs, const char *id)
{
	int fd = open_job_file (jobs, id, "audited", O_RDONLY);
	char byte;
	enum job_audited audited = fd < 0 && errno == ENOENT                 ? JOB_NOT_AUDITED
				   : fd >= 0 && pread (fd, &byte, 1, 0) == 1 ? JOB_AUDITED
									     : JOB_AUDIT_BEGUN;

	fd_close (&fd);
	return audited;
}

int job_directory_set_audited (int jobs, const char *id, enum job_audited audited)
{
	int directory = open_job (jobs, id), fd = -1, result = -1;

	if (directory >= 0 && (fd = create (directory, "audited")) < 0 && errno == EEXIST)
		fd = open_file (directory, "audited", O_RDWR);
	if (fd >= 0)
		result = audited == JOB_AUDITED ? fd_write_all (fd, "\n", 1) : 0;
	fd_close (&fd);
	fd_close (&directory);
	return result;
}

void job_directory_remove_output (int jobs, const char *id)
{
	int directory = open_job (jobs, id);

	if (directory >= 0) {
		unlinkat (directory, "output", 0);
		unlinkat (directory, "index", 0);
	}
	fd_close (&directory);
}

bool job_directory_has_output (int jobs, const char *id)
{
	int directory = open_job (jobs, id);
	struct stat stat;
	bool has = directory < 0 || fstatat (directory, "output", &stat, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;

	fd_close (&directory);
	return has;
}

int64_t job_directory_bytes (int jobs, const char *id)
{
	int directory = open_job (jobs, id);
	struct stat stat;
	int64_t bytes =
		directory >= 0 && fstatat (directory, "output", &stat, AT_SYMLINK_NOFOLLOW) == 0 ? stat.st_size : 0;

	fd_close (&directory);
	return bytes;
}

int64_t job_directory_disk (int jobs, const char *id)
{
	int directory = open_job (jobs, id);
	struct stat stat;
	int64_t bytes = 0;

	for (size_t i = 0; directory >= 0 && i < sizeof names / sizeof *names; i++)
		if (fstatat (directory, names[i], &stat, AT_SYMLINK_NOFOLLOW) == 0)
			bytes += (int64_t)stat.st_blocks * 512;
	fd_close (&directory);
	return bytes;
}

void job_files_close (struct job_files *files)
{
	fd_close (&files->directory);
	fd_close (&files->output);
	fd_close (&files->index);
	fd_close (&files->outcome);
	fd_close (&files->lock);
	fd_close (&files->listener);
}

static const struct job_files no_files = { -1, -1, -1, -1, -1, -1 };

int job_directory_replay (int jobs, const char *id, struct job_files *files)
{
	*files = no_files;
	if ((files->directory = open_job (jobs, id)) >= 0 &&
		(files->output = open_file (files->directory, "output", O_RDONLY)) >= 0 &&
		(files->index = open_file (files->directory, "index", O_RDONLY)) >= 0 &&
		(files->outcome = open_file (files->directory, "outcome", O_RDONLY)) >= 0)
		return 0;
	job_files_close (files);
	return -1;
}

/* --- the socket -------------------------------------------------------------------------------------------------- */

/* The name of the socket through the descriptor of its directory: a path would be resolved again, and may be too long. */
static void address (struct sockaddr_un *name, int directory)
{
	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf (name->sun_path, sizeof name->sun_path, "/proc/self/fd/%d/socket", directory);
}

static int listen_there (int directory)
{
	int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un name;

	address (&name, directory);
	if (fd >= 0 && bind (fd, (struct sockaddr *)&name, sizeof name) == 0 && chmod (name.sun_path, 0600) == 0 &&
		listen (fd, BACKLOG) == 0)
		return fd;
	fd_close (&fd);
	return -1;
}

pid_t job_directory_holder (int jobs, const char *id)
{
	struct flock there = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int lock = open_job_file (jobs, id, "lock", O_RDONLY);
	bool known = lock >= 0 && fcntl (lock, F_GETLK, &there) == 0 && there.l_type != F_UNLCK && there.l_pid > 0;

	fd_close (&lock);
	return known ? there.l_pid : 0;
}

int job_directory_connect (int jobs, const char *id)
{
	int directory = open_job (jobs, id), fd;
	struct sockaddr_un name;
	struct stat stat;

	if (directory < 0)
		return -1;
	if (fstatat (directory, "socket", &stat, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK (stat.st_mode) ||
		stat.st_uid != geteuid ()) {
		fd_close (&directory);
		errno = ECONNREFUSED;
		return -1;
	}
	address (&name, directory);
	fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect (fd, (struct sockaddr *)&name, sizeof name) < 0)
		fd_close (&fd);
	fd_close (&directory);
	return fd;
}

/* --- making and removing ----------------------------------------------------------------------------------------- */

/* `.ID`: a directory that is not complete yet, or not any more. */
static void hidden (char name[TEXT_JOB_ID + 2], const char *id)
{
	snprintf (name, TEXT_JOB_ID + 2, ".%s", id);
}

static int write_record (int directory, const struct job_record *record)
{
	json_t *json = job_record_json (record);
	char *text = json ? json_dumps (json, JSON_COMPACT) : NULL;
	int fd = text ? create (directory, "job.json") : -1, result = -1;

	if (!text)
		errno = ENOMEM;
	if (fd >= 0)
		result = fd_write_all (fd, text, strlen (text));
	fd_close (&fd);
	free (text);
	json_decref (json);
	return result;
}

/* Remove the directory `name` with the files of a job in it; other names stay. 0, or -1 with errno. */
static int destroy (int jobs, const char *name)
{
	int directory = open_job (jobs, name);

	if (directory < 0)
		return -1;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat (directory, names[i], 0);
	fd_close (&directory);
	return unlinkat (jobs, name, AT_REMOVEDIR);
}

static int fill (const struct job_record *record, struct job_files *files)
{
	int directory = files->directory;

	/* With a full file system the first bytes that are written fail, here and not in the job. */
	if ((files->output = create (directory, "output")) < 0 || (files->index = create (directory, "index")) < 0 ||
		(files->outcome = create (directory, "outcome")) < 0 ||
		(files->lock = create (directory, "lock")) < 0 || write_record (directory, record) < 0 ||
		flock (files->lock, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return (files->listener = listen_there (directory)) < 0 ? -1 : 0;
}

int job_directory_make (
	int jobs, const char *path, const struct job_record *record, struct job_files *files, struct err *err)
{
	char name[TEXT_JOB_ID + 2];
	int result;

	*files = no_files;
	hidden (name, record->id);
	if (mkdirat (jobs, name, 0700) < 0)
		return err_sys (err, CODE_IO_ERROR, "the job has no directory in %s", path);
	if ((files->directory = open_job (jobs, name)) >= 0 && fill (record, files) == 0 &&
		renameat (jobs, name, jobs, record->id) == 0)
		return 0;
	result = err_sys (err, CODE_IO_ERROR, "the files of the job cannot be made in %s", path);
	job_files_close (files);
	destroy (jobs, name);
	return result;
}

int job_directory_remove (int jobs, const char *id)
{
	char name[TEXT_JOB_ID + 2];

	hidden (name, id);
	if (renameat (jobs, id, jobs, name) < 0)
		return -1;
	return destroy (jobs, name);
}

void job_directory_sweep (int jobs, const char *name)
{
	struct stat stat;

	if (name[0] == '.' && text_is_job_id (name + 1) && fstatat (jobs, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISDIR (stat.st_mode) && stat.st_uid == geteuid ())
		destroy (jobs, name);
}
