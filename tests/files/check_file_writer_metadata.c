/* The file that a file_writer replaces, and the owner of the result: modes, owners and times. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "file_writer_fixture.h"
#include "support/check_main.h"

static const struct file_writer_options plain, preserve = { .preserve = true },
					       set_id = { .preserve = true, .set_id = true };

/* --- the replaced file -------------------------------------------------------------------------------------------- */

enum { DIRECTORY, FIFO, SOCKET, CHARACTER, BLOCK, N_SPECIALS };
static const char *const words[] = { "a directory", "a FIFO", "a socket", "a character device", "a block device" };

/* false: a device cannot be made here (errno). */
static bool make_special (int which)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "file" };
	int fd;

	switch (which) {
	case DIRECTORY: ck_assert_int_eq (mkdir ("file", 0700), 0); return true;
	case FIFO: ck_assert_int_eq (mkfifo ("file", 0600), 0); return true;
	case SOCKET:
		fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
		fd_close (&fd);
		return true;
	default: break;
	}
	return mknod ("file", (which == BLOCK ? S_IFBLK : S_IFCHR) | 0600, makedev (1, 3)) == 0;
}

static void refused (int which)
{
	ck_assert_msg (err.code == CODE_BAD_VALUE, "%s", err.text);
	ck_assert_msg (strstr (err.text, words[which]) != NULL, "%s", err.text);
	ck_assert_int_eq (entries (), 1);
}

START_TEST (never_replaced)
{
	if (!make_special (_i))
		SKIP ("mknod: %s", strerror (errno));
	ck_assert_ptr_null (file_writer_new (only_path, "file", &plain, &err));
	refused (_i);
}
END_TEST

/* The entry appeared while the file was written. */
START_TEST (not_replaced_in_the_end)
{
	struct file_writer *writer = begin ("file", plain);

	add (writer, "new");
	complete (writer);
	if (!make_special (_i)) {
		int error = errno;

		file_writer_free (writer, false);
		SKIP ("mknod: %s", strerror (error));
	}
	ck_assert_int_eq (file_writer_publish (writer, &err), -1);
	file_writer_free (writer, false);
	refused (_i);
}
END_TEST

START_TEST (link_replaced)
{
	static const char *const targets[] = { "target", "directory", "missing", "file" };

	make ("target", "text");
	ck_assert_int_eq (mkdir ("directory", 0700), 0);
	ck_assert_int_eq (symlink (targets[_i], "file"), 0);
	put ("file", "new", plain, -1);
	ck_assert (S_ISREG (status ("file").st_mode));
	holds ("file", "new");
	holds ("target", "text");
	ck_assert (!exists ("missing"));
	ck_assert_uint_eq (mode_of ("file"), 0644); /* not the link's */
	ck_assert_int_eq (entries (), 3);
}
END_TEST

START_TEST (no_place)
{
	int gone;

	ck_assert_int_eq (mkdir ("gone", 0700), 0);
	gone = open ("gone", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq (rmdir ("gone"), 0);
	ck_assert_ptr_null (file_writer_new (gone, "file", &plain, &err));
	ck_assert_int_eq (err.code, CODE_NOT_FOUND);
	ck_assert_int_eq (err.sys, ENOENT);
	fd_close (&gone);
	if (geteuid () == 0)
		become_nobody ();
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq (fchmod (directory, i ? 0500 : 0600), 0); /* to be read only; not to be searched */
		ck_assert_ptr_null (file_writer_new (directory, "file", &plain, &err));
		ck_assert_int_eq (fchmod (directory, 0700), 0);
		ck_assert_int_eq (err.code, CODE_DENIED);
		ck_assert_int_eq (err.sys, EACCES);
	}
	ck_assert_int_eq (entries (), 0);
}
END_TEST

/* Its name was taken, or its directory's mode changed. */
START_TEST (not_published)
{
	struct file_writer *writer;

	if (geteuid () == 0)
		become_nobody ();
	make ("file", "old");
	writer = begin ("file", plain);
	add (writer, "new");
	complete (writer);
	if (_i)
		ck_assert_int_eq (unlink (the_temporary ()), 0);
	else
		ck_assert_int_eq (chmod (".", 0500), 0);
	ck_assert_int_eq (file_writer_publish (writer, &err), -1);
	ck_assert_int_eq (err.code, _i ? CODE_NOT_FOUND : CODE_DENIED);
	ck_assert_ptr_nonnull (strstr (err.text, "cannot rename the temporary file"));
	ck_assert_int_eq (chmod (".", 0700), 0);
	file_writer_free (writer, false);
	holds ("file", "old");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* --- modes -------------------------------------------------------------------------------------------------------- */

static const struct {
	const struct file_writer_options *options;
	int old, said; /* -1: no old file; not sent */
	mode_t umask, expected;
} modes[] = {
	/* A new file: the sender's mode less the umask, and never set-id. */
	{ &plain, -1, -1, 022, 0644 },
	{ &plain, -1, -1, 077, 0600 },
	{ &plain, -1, -1, 0, 0666 },
	{ &plain, -1, 0777, 022, 0755 },
	{ &plain, -1, 0640, 0, 0640 },
	{ &plain, -1, 07777, 0, 0777 },
	{ &plain, -1, 0, 0, 0 },
	{ &plain, -1, 0400, 077, 0400 },
	/* In place of an old file: the old mode, whatever the umask. */
	{ &plain, 0666, -1, 022, 0666 },
	{ &plain, 0600, 0777, 022, 0600 },
	{ &plain, 0751, 0600, 077, 0751 },
	{ &plain, 06755, 0600, 022, 0755 },
	{ &plain, 01644, -1, 022, 0644 },
	{ &plain, 0, 0644, 022, 0 },
	/* As sent. */
	{ &preserve, -1, 0777, 077, 0777 },
	{ &preserve, -1, 07751, 022, 0751 },
	{ &preserve, 0600, 0644, 077, 0644 },
	{ &preserve, 06755, 0, 022, 0 },
	/* No mode was sent. */
	{ &preserve, -1, -1, 027, 0640 },
	{ &preserve, 0604, -1, 027, 0604 },
	/* With set-id. */
	{ &set_id, -1, 06755, 022, 06755 },
	{ &set_id, -1, 01777, 022, 01777 },
	{ &set_id, 0600, 04711, 077, 04711 },
	{ &set_id, 04755, -1, 022, 0755 },
	{ &set_id, 04755, 0755, 022, 0755 },
};

START_TEST (mode_rules)
{
	if (modes[_i].old >= 0) {
		make ("file", "old");
		ck_assert_int_eq (chmod ("file", (mode_t)modes[_i].old), 0);
	}
	umask (modes[_i].umask);
	put ("file", "new", *modes[_i].options, modes[_i].said);
	ck_assert_uint_eq (mode_of ("file"), modes[_i].expected);
	ck_assert_uint_eq (umask (0), modes[_i].umask); /* the umask is unchanged */
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* --- owners ------------------------------------------------------------------------------------------------------- */

static void owned (const char *name, uid_t user, gid_t group, mode_t mode)
{
	struct stat st = status (name);

	ck_assert_uint_eq (st.st_uid, user);
	ck_assert_uint_eq (st.st_gid, group);
	ck_assert_uint_eq (st.st_mode & 07777, mode);
}

static void make_owned (const char *name, uid_t user, gid_t group, mode_t mode)
{
	make (name, "old");
	ck_assert_int_eq (chown (name, user, group), 0);
	ck_assert_int_eq (chmod (name, mode), 0);
}

/* Root can keep the owner; set-id bits, which chown(2) clears, are set after it. */
START_TEST (owner_kept)
{
	NEED_ROOT;
	make_owned ("file", 1, 2, 0660);
	put ("file", "new", plain, 0600);
	owned ("file", 1, 2, 0660);
	put ("file", "new", set_id, 06755);
	owned ("file", 1, 2, 06755);
	put ("file", "new", preserve, 06711);
	owned ("file", 1, 2, 0711);
	put ("other", "new", plain, -1);
	owned ("other", geteuid (), getegid (), 0644);
}
END_TEST

/* An ordinary user can keep a group of their own. Where the group is another one then, it gets the rights of others. */
START_TEST (group_kept)
{
	NEED_ROOT;
	make_owned ("member", 1, THEIR_GROUP, 0660);
	make_owned ("closed", 1, 2, 0660);
	make_owned ("open", 1, 2, 0774);
	make_owned ("said", 1, 2, 0600);
	make_owned ("own", 1, NOBODY, 0670);
	become_nobody ();
	put ("member", "new", plain, -1);
	owned ("member", NOBODY, THEIR_GROUP, 0660);
	put ("closed", "new", plain, -1);
	owned ("closed", NOBODY, NOBODY, 0600);
	put ("open", "new", plain, -1);
	owned ("open", NOBODY, NOBODY, 0744);
	put ("said", "new", preserve, 0660);
	owned ("said", NOBODY, NOBODY, 0660);
	put ("own", "new", plain, -1);
	owned ("own", NOBODY, NOBODY, 0670);
}
END_TEST

/* A directory gives its group to new files: that is not the group of the replaced file. */
START_TEST (group_of_the_directory)
{
	NEED_ROOT;
	make ("file", "old");
	ck_assert_int_eq (chmod ("file", 0640), 0);
	ck_assert_int_eq (chown (".", 0, 2), 0);
	ck_assert_int_eq (chmod (".", 02700), 0);
	put ("file", "new", plain, -1);
	owned ("file", geteuid (), getegid (), 0640);
	/* A new file has the directory's group. */
	put ("other", "new", plain, 0640);
	owned ("other", geteuid (), 2, 0640);
}
END_TEST

/* --- times -------------------------------------------------------------------------------------------------------- */

static const struct {
	int64_t ns, second;
	long nanosecond;
} times[] = {
	{ 0, 0, 0 },
	{ 1, 0, 1 },
	{ -1, -1, 999999999 },
	{ 999999999, 0, 999999999 },
	{ 1000000000, 1, 0 },
	{ -1000000000, -1, 0 },
	{ -1000000001, -2, 999999999 },
	{ 1700000000123456789, 1700000000, 123456789 },
	{ 4102444800000000001, 4102444800, 1 },
	{ INT64_MAX, 9223372036, 854775807 },
	{ INT64_MIN, -9223372037, 145224192 },
};

START_TEST (time_kept)
{
	struct file_writer *writer = begin ("file", preserve);
	struct stat expected, found;

	file_writer_set_mode (writer, 0600, &times[_i].ns);
	add (writer, "new");
	complete (writer);
	publish (writer);
	/* The file system may not be able to store such a time: then its nearest. */
	make ("reference", "");
	set_time ("reference", times[_i].second, times[_i].nanosecond);
	expected = status ("reference");
	found = status ("file");
	ck_assert_int_eq (found.st_mtim.tv_sec, expected.st_mtim.tv_sec);
	ck_assert_int_eq (found.st_mtim.tv_nsec, expected.st_mtim.tv_nsec);
	ck_assert_int_ne (found.st_atim.tv_sec, found.st_mtim.tv_sec);
}
END_TEST

/* The time was not sent, or is not requested. */
START_TEST (time_not_kept)
{
	struct file_writer *writer = begin ("file", _i ? preserve : plain);
	int64_t long_ago = 0;
	time_t before;

	make ("reference", "");
	before = status ("reference").st_mtim.tv_sec;
	file_writer_set_mode (writer, 0600, _i ? NULL : &long_ago);
	add (writer, "new");
	complete (writer);
	publish (writer);
	ck_assert_int_ge (status ("file").st_mtim.tv_sec, before);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, never_replaced, 0, N_SPECIALS);
	tcase_add_loop_test (tcase, not_replaced_in_the_end, 0, N_SPECIALS);
	tcase_add_loop_test (tcase, link_replaced, 0, 4);
	tcase_add_test (tcase, no_place);
	tcase_add_loop_test (tcase, not_published, 0, 2);
	tcase_add_loop_test (tcase, mode_rules, 0, sizeof modes / sizeof *modes);
	tcase_add_test (tcase, owner_kept);
	tcase_add_test (tcase, group_kept);
	tcase_add_test (tcase, group_of_the_directory);
	tcase_add_loop_test (tcase, time_kept, 0, sizeof times / sizeof *times);
	tcase_add_loop_test (tcase, time_not_kept, 0, 2);
}

CHECK_MAIN ("files/file_writer_metadata", cases)
