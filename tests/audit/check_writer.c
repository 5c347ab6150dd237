/* check_writer - the sink of the audit trail: which files it accepts, that no half line stays, and the entries of the
 * journal. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit/line.h"
#include "audit/writer.h"
#include "base/fd.h"
#include "support/check_main.h"

static char directory[] = "/tmp/remex-audit-XXXXXX";

static void set_up (void)
{
	umask (022);
	ck_assert_ptr_nonnull (mkdtemp (directory));
}

static void tear_down (void)
{
	static const char *const names[] = { "log", "old", "other", "sub" };
	char path[100];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf (path, sizeof path, "%s/%s", directory, names[i]);
		if (unlink (path) < 0)
			rmdir (path);
	}
	ck_assert_int_eq (rmdir (directory), 0);
	strcpy (directory + strlen (directory) - 6, "XXXXXX");
}

static const char *path_of (const char *name)
{
	static char path[2][100];
	static int which;

	which = !which;
	snprintf (path[which], sizeof path[which], "%s/%s", directory, name);
	return path[which];
}

static void check_content (const char *name, const char *expected)
{
	size_t n;
	char *content = fd_read_file (path_of (name), 1 << 20, &n, NULL);

	ck_assert_ptr_nonnull (content);
	ck_assert_str_eq (content, expected);
	free (content);
}

static void put_content (const char *name, const char *content)
{
	int fd = open (path_of (name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, content, strlen (content)), 0);
	fd_close (&fd);
}

static void opened (struct audit_sink *sink, enum audit_kind kind)
{
	struct err err = { 0 };

	ck_assert_msg (audit_open (sink, kind, path_of ("log"), &err) == 0, "%s", err.text);
}

static int put (struct audit_sink *sink, const char *line)
{
	return audit_write (sink, line, strlen (line));
}

/* --- a file ------------------------------------------------------------------------------------------------------ */

START_TEST (lines_are_appended)
{
	struct audit_sink sink;
	struct stat st;

	opened (&sink, AUDIT_FILE);
	ck_assert_int_eq (stat (path_of ("log"), &st), 0);
	ck_assert_uint_eq (st.st_mode & 07777, 0600);
	ck_assert (fcntl (sink.fd, F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq (put (&sink, "{1}"), 0);
	ck_assert_int_eq (put (&sink, "{2}"), 0);
	audit_close (&sink);
	audit_close (&sink);
	opened (&sink, AUDIT_FILE);
	ck_assert_int_eq (put (&sink, "{3}"), 0);
	check_content ("log", "{1}\n{2}\n{3}\n");
	audit_close (&sink);
	ck_assert_int_eq (put (&sink, "{4}"), -1);
	ck_assert_int_eq (errno, EBADF);
}
END_TEST

START_TEST (lines_that_are_refused)
{
	static const char *const bad[] = { "{}\n", "{}\n{}", "\x1b[2J", "\x7f" };
	char *huge = calloc (1, AUDIT_LINE_MAX + 1);
	struct audit_sink sink;

	opened (&sink, AUDIT_FILE);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq (put (&sink, bad[i]), -1);
		ck_assert_int_eq (errno, EINVAL);
	}
	ck_assert_int_eq (audit_write (&sink, "{\0}", 3), -1);
	memset (huge, 'x', AUDIT_LINE_MAX + 1);
	ck_assert_int_eq (audit_write (&sink, huge, AUDIT_LINE_MAX + 1), -1);
	ck_assert_int_eq (errno, EMSGSIZE);
	check_content ("log", "");
	ck_assert_int_eq (audit_write (&sink, huge, AUDIT_LINE_MAX), 0);
	audit_close (&sink);
	free (huge);
}
END_TEST

static void check_refused (const char *path, const char *why)
{
	struct audit_sink sink;
	struct err err = { 0 };

	ck_assert_int_eq (audit_open (&sink, AUDIT_FILE, path, &err), -1);
	ck_assert_msg (strstr (err.text, why) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull (strstr (err.text, path));
	ck_assert_int_eq (put (&sink, "{}"), -1);
	audit_close (&sink);
}

START_TEST (audit_files_that_are_refused)
{
	put_content ("other", "");
	ck_assert_int_eq (symlink (path_of ("log"), path_of ("log")), 0);
	check_refused (path_of ("log"), strerror (ELOOP));
	ck_assert_int_eq (unlink (path_of ("log")), 0);
	ck_assert_int_eq (mkdir (path_of ("log"), 0700), 0);
	check_refused (path_of ("log"), "not a regular file");
	ck_assert_int_eq (rmdir (path_of ("log")), 0);
	ck_assert_int_eq (mkfifo (path_of ("log"), 0600), 0);
	check_refused (path_of ("log"), "not a regular file");
	ck_assert_int_eq (unlink (path_of ("log")), 0);
	ck_assert_int_eq (chmod (path_of ("other"), 0620), 0);
	check_refused (path_of ("other"), "is writable by group or others");
	ck_assert_int_eq (chmod (path_of ("other"), 0602), 0);
	check_refused (path_of ("other"), "is writable by group or others");
	ck_assert_int_eq (chmod (path_of ("other"), 0640), 0);
	if (geteuid () == 0) {
		ck_assert_int_eq (chown (path_of ("other"), 54321, 0), 0);
		check_refused (path_of ("other"), "belongs to uid 54321");
	}
	check_refused (path_of ("none/log"), strerror (ENOENT));
	check_refused ("/dev/null", "not a regular file");
	/* A user who may write to the directory could exchange the file. */
	ck_assert_int_eq (mkdir (path_of ("sub"), 0700), 0);
	ck_assert_int_eq (chmod (path_of ("sub"), 0777), 0);
	check_refused (path_of ("sub/log"), "sub is writable by others");
	ck_assert_int_eq (access (path_of ("sub/log"), F_OK), -1);
}
END_TEST

/* Write a line where no file may have more than that number of bytes. Check writes files too, so the limit is for no
 * more than that. */
static int put_within (struct audit_sink *sink, rlim_t size, const char *line)
{
	struct rlimit limit;
	int result, error;
	rlim_t usual;

	ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &limit), 0);
	usual = limit.rlim_cur;
	limit.rlim_cur = size;
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
	result = put (sink, line);
	error = errno;
	limit.rlim_cur = usual;
	setrlimit (RLIMIT_FSIZE, &limit);
	errno = error;
	return result;
}

/* A limit of the file's size works like a full disk: a write ends in the middle. At every position no part of the line
 * stays, and writing goes on when there is room again. */
START_TEST (no_part_of_a_line_stays)
{
	struct audit_sink sink;

	signal (SIGXFSZ, SIG_IGN);
	opened (&sink, AUDIT_FILE);
	ck_assert_int_eq (put (&sink, "{one}"), 0);
	for (rlim_t size = 6; size < 12; size++) {
		ck_assert_int_eq (put_within (&sink, size, "{two}"), -1);
		ck_assert_int_eq (errno, size == 6 ? EFBIG : ENOSPC);
		check_content ("log", "{one}\n");
	}
	ck_assert_int_eq (put_within (&sink, 12, "{two}"), 0);
	check_content ("log", "{one}\n{two}\n");
	audit_close (&sink);
}
END_TEST

/* Half a line that exists already (the machine went down, or the half could not be removed) is not continued. */
START_TEST (a_line_that_was_cut_is_ended)
{
	struct audit_sink sink;

	put_content ("log", "{one}\n{tw");
	opened (&sink, AUDIT_FILE);
	ck_assert_int_eq (put (&sink, "{three}"), 0);
	ck_assert_int_eq (put (&sink, "{four}"), 0);
	check_content ("log", "{one}\n{tw\n{three}\n{four}\n");
	audit_close (&sink);
}
END_TEST

START_TEST (a_removed_file_is_made_anew)
{
	struct audit_sink sink;

	opened (&sink, AUDIT_FILE);
	ck_assert_int_eq (put (&sink, "{one}"), 0);
	ck_assert_int_eq (unlink (path_of ("log")), 0);
	ck_assert_int_eq (put (&sink, "{two}"), 0);
	check_content ("log", "{two}\n");
	/* After a rename the sink writes to the renamed file, until it is told of the rename. */
	ck_assert_int_eq (rename (path_of ("log"), path_of ("old")), 0);
	ck_assert_int_eq (put (&sink, "{three}"), 0);
	check_content ("old", "{two}\n{three}\n");
	/* The new file at the path is checked as strictly as the first. */
	ck_assert_int_eq (mkfifo (path_of ("log"), 0600), 0);
	ck_assert_int_eq (unlink (path_of ("old")), 0);
	ck_assert_int_eq (put (&sink, "{four}"), -1);
	ck_assert_int_eq (errno, EPERM);
	audit_close (&sink);
}
END_TEST

START_TEST (no_audit)
{
	struct audit_sink sink;

	opened (&sink, AUDIT_NONE);
	ck_assert_int_eq (put (&sink, "{}"), 0);
	audit_close (&sink);
	ck_assert_int_eq (access (path_of ("log"), F_OK), -1);
}
END_TEST

/* --- the journal ------------------------------------------------------------------------------------------------- */

static int journal (void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s", path_of ("log"));
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static const char head[] = "SYSLOG_IDENTIFIER=remexd\nPRIORITY=6\nMESSAGE\n";

/* The entry must hold that line. */
static void check_entry (const uint8_t *entry, size_t n, const char *line)
{
	size_t length = 0;

	ck_assert_uint_eq (n, sizeof head - 1 + 8 + strlen (line) + 1);
	ck_assert_mem_eq (entry, head, sizeof head - 1);
	for (int i = 0; i < 8; i++)
		length |= (size_t)entry[sizeof head - 1 + (size_t)i] << 8 * i;
	ck_assert_uint_eq (length, strlen (line));
	ck_assert_mem_eq (entry + sizeof head - 1 + 8, line, length);
	ck_assert_uint_eq (entry[n - 1], '\n');
}

START_TEST (the_journal_gets_entries)
{
	int fd = journal ();
	uint8_t entry[1024];
	struct audit_sink sink;

	opened (&sink, AUDIT_JOURNAL);
	ck_assert_int_eq (put (&sink, "{\"audit\":\"start\"}"), 0);
	check_entry (entry, (size_t)recv (fd, entry, sizeof entry, 0), "{\"audit\":\"start\"}");
	/* The journal is started again. */
	fd_close (&fd);
	ck_assert_int_eq (put (&sink, "{}"), -1);
	ck_assert_int_eq (errno, ECONNREFUSED);
	ck_assert_int_eq (unlink (path_of ("log")), 0);
	ck_assert_int_eq (put (&sink, "{}"), -1);
	ck_assert_int_eq (errno, ENOENT);
	fd = journal ();
	ck_assert_int_eq (put (&sink, "{2}"), 0);
	check_entry (entry, (size_t)recv (fd, entry, sizeof entry, 0), "{2}");
	audit_close (&sink);
	fd_close (&fd);
}
END_TEST

START_TEST (long_entries_come_in_memory)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE (sizeof (int))];
	} control;
	char byte, *line = calloc (1, AUDIT_LINE_MAX + 1);
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	int fd = journal (), memory, small = 4096;
	struct audit_sink sink;
	uint8_t *entry;
	struct stat st;

	memset (line, 'x', AUDIT_LINE_MAX);
	opened (&sink, AUDIT_JOURNAL);
	ck_assert_int_eq (setsockopt (sink.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	ck_assert_int_eq (put (&sink, line), 0);
	ck_assert_int_eq (recvmsg (fd, &message, MSG_CMSG_CLOEXEC), 0);
	ck_assert_uint_eq (control.header.cmsg_len, CMSG_LEN (sizeof (int)));
	memcpy (&memory, CMSG_DATA (&control.header), sizeof memory);
	ck_assert_int_eq (fcntl (memory, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	ck_assert_int_eq (fstat (memory, &st), 0);
	entry = mmap (NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, memory, 0);
	ck_assert_ptr_ne (entry, MAP_FAILED);
	check_entry (entry, (size_t)st.st_size, line);
	munmap (entry, (size_t)st.st_size);
	audit_close (&sink);
	fd_close (&memory);
	fd_close (&fd);
	free (line);
}
END_TEST

/* The journal is not read: an error, and no waiting. */
START_TEST (a_journal_that_does_not_read)
{
	int fd = journal (), written = 0;
	struct audit_sink sink;

	opened (&sink, AUDIT_JOURNAL);
	while (written < 100000 && put (&sink, "{}") == 0)
		written++;
	ck_assert_int_lt (written, 100000);
	ck_assert_int_eq (errno, EAGAIN);
	audit_close (&sink);
	fd_close (&fd);
}
END_TEST

START_TEST (no_journal)
{
	char path[200];
	struct audit_sink sink;
	struct err err = { 0 };

	ck_assert_int_eq (audit_open (&sink, AUDIT_JOURNAL, path_of ("none"), &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "no journal at"));
	memset (path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq (audit_open (&sink, AUDIT_JOURNAL, path, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "too long"));
	ck_assert_int_eq (put (&sink, "{}"), -1);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, lines_are_appended);
	tcase_add_test (tcase, lines_that_are_refused);
	tcase_add_test (tcase, audit_files_that_are_refused);
	tcase_add_test (tcase, no_part_of_a_line_stays);
	tcase_add_test (tcase, a_line_that_was_cut_is_ended);
	tcase_add_test (tcase, a_removed_file_is_made_anew);
	tcase_add_test (tcase, no_audit);
	tcase_add_test (tcase, the_journal_gets_entries);
	tcase_add_test (tcase, long_entries_come_in_memory);
	tcase_add_test (tcase, a_journal_that_does_not_read);
	tcase_add_test (tcase, no_journal);
}

CHECK_MAIN ("audit/writer", add_cases)
