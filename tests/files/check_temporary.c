/* Temporaries: made for us alone, taken over when no process holds them, removed when none will. Files that only look
 * like temporaries are left alone. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "file_writer_fixture.h"
#include "support/check_main.h"

static char name[TEMPORARY_NAME];

/* In place of the C library's function: a test may insert actions of others just before a lock. */
static void (*before_lock) (void);

int flock (int fd, int operation)
{
	void (*others) (void) = before_lock;

	before_lock = NULL;
	if (others)
		others ();
	return (int)syscall (SYS_flock, fd, operation);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool is;
} names[] = {
	{ ".a.remex-abcdefgh", true },
	{ ".a.remex-01234567", true },
	{ "..a.remex-abcdefgh", true },
	{ ".a b.c.remex-abcdefgh", true },
	{ ".a.remex-abcdefgh.remex-abcdefgh", true },
	{ "..remex-abcdefgh", false },
	{ ".remex-abcdefgh", false },
	{ "a.remex-abcdefgh", false },
	{ "ab.remex-abcdefgh", false },
	{ ".a.remex-abcdefg", false },
	{ ".a.remex-abcdefghi", false },
	{ ".a.remex-Abcdefgh", false },
	{ ".a.remex-abcd.fgh", false },
	{ ".a.remex_abcdefgh", false },
	{ ".aremex-abcdefgh", false },
	{ ".a.remex-abcdefgh~", false },
	{ ".", false },
	{ "", false },
};

START_TEST (is)
{
	ck_assert_msg (temporary_is (names[_i].name) == names[_i].is, "%s", names[_i].name);
}
END_TEST

/* --- made --------------------------------------------------------------------------------------------------------- */

START_TEST (made)
{
	int fd = temporary_make (only_path, "file", name, &err), other;
	char second[TEMPORARY_NAME], byte;

	ck_assert_msg (fd >= 0, "%s", err.text);
	ck_assert (temporary_is (name));
	ck_assert_int_eq (strncmp (name, ".file.remex-", 12), 0);
	ck_assert_uint_eq (mode_of (name), 0600);
	ck_assert_int_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
	ck_assert (locked (name));
	ck_assert_int_eq (pwrite (fd, "x", 1, 0), 1);
	ck_assert_int_eq (pread (fd, &byte, 1, 0), 1);
	/* Another temporary has another name. */
	other = temporary_make (directory, "file", second, &err);
	ck_assert_int_ge (other, 0);
	ck_assert_str_ne (name, second);
	ck_assert_int_eq (entries (), 2);
	fd_close (&fd);
	ck_assert (!locked (name));
	ck_assert (locked (second));
	fd_close (&other);
}
END_TEST

START_TEST (made_for_a_long_name)
{
	char longest[256], adopted[TEMPORARY_NAME];
	int fd;

	memset (longest, 'n', 255);
	longest[255] = '\0';
	fd = temporary_make (only_path, longest, name, &err);
	ck_assert_msg (fd >= 0, "%s", err.text);
	ck_assert_uint_eq (strlen (name), 1 + 200 + 7 + 8);
	ck_assert (temporary_is (name));
	ck_assert_int_eq (pwrite (fd, "x", 1, 0), 1);
	fd_close (&fd);
	fd = temporary_adopt (only_path, longest, adopted);
	ck_assert_int_ge (fd, 0);
	ck_assert_str_eq (adopted, name);
	fd_close (&fd);
}
END_TEST

START_TEST (not_made)
{
	int gone;

	ck_assert_int_eq (mkdir ("gone", 0700), 0);
	gone = open ("gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq (rmdir ("gone"), 0);
	ck_assert_int_eq (temporary_make (gone, "file", name, &err), -1);
	ck_assert_int_eq (err.code, CODE_NOT_FOUND);
	ck_assert_int_eq (err.sys, ENOENT);
	fd_close (&gone);
	if (geteuid () == 0)
		become_nobody ();
	ck_assert_int_eq (chmod (".", 0500), 0);
	ck_assert_int_eq (temporary_make (directory, "file", name, &err), -1);
	ck_assert_int_eq (chmod (".", 0700), 0);
	ck_assert_int_eq (err.code, CODE_DENIED);
	ck_assert_int_eq (err.sys, EACCES);
	ck_assert_ptr_nonnull (strstr (err.text, strerror (EACCES)));
	ck_assert_int_eq (entries (), 0);
}
END_TEST

/* Other processes try every name that appears, also one that is just being made: they must not take that. */
static void adopt_meanwhile (void)
{
	char theirs[TEMPORARY_NAME];

	ck_assert_int_eq (temporary_adopt (directory, "file", theirs), -1);
	ck_assert_int_eq (errno, ENOENT);
}

START_TEST (made_while_others_look)
{
	int fd;

	before_lock = adopt_meanwhile;
	fd = temporary_make (directory, "file", name, &err);
	ck_assert_ptr_null (before_lock);
	ck_assert_int_ge (fd, 0);
	ck_assert (locked (name));
	ck_assert_int_eq (entries (), 1);
	fd_close (&fd);
}
END_TEST

/* --- taken over --------------------------------------------------------------------------------------------------- */

static void not_adopted (void)
{
	int n = entries ();

	errno = 0;
	ck_assert_int_eq (temporary_adopt (only_path, "file", name), -1);
	ck_assert_int_eq (errno, ENOENT);
	ck_assert_int_eq (entries (), n);
}

START_TEST (youngest)
{
	char text[8] = "";
	int fd;

	make (".file.remex-aaaaaaaa", "old");
	make (".file.remex-bbbbbbbb", "young");
	make (".file.remex-cccccccc", "older");
	make (".file.remex-dddddddd", "held");
	make (".other.remex-eeeeeeee", "other");
	make (".file.x.remex-eeeeeeee", "other");
	make ("file", "whole");
	set_time (".file.remex-aaaaaaaa", 1000000, 7);
	set_time (".file.remex-bbbbbbbb", 1000000, 8);
	set_time (".file.remex-cccccccc", 999999, 9);
	fd = open (".file.remex-dddddddd", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq (flock (fd, LOCK_EX), 0);

	for (int i = 0; i < 3; i++) {
		static const char *const order[] = { "young", "old", "older" };
		int one = temporary_adopt (i % 2 ? directory : only_path, "file", name);

		ck_assert_int_ge (one, 0);
		ck_assert_int_eq (strncmp (name, ".file.remex-", 12), 0);
		holds (name, order[i]);
		ck_assert (locked (name));
		ck_assert_int_eq (fcntl (one, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq (fcntl (one, F_GETFL) & O_ACCMODE, O_RDWR);
		ck_assert_int_eq (read (one, text, sizeof text), strlen (order[i]));
		/* It stays open, and locked: the next temporary is another. */
	}
	not_adopted ();
	fd_close (&fd);
}
END_TEST

/* A complete temporary that was about to be published has the mode of the file: until then it is private. */
START_TEST (private_again)
{
	int fd;

	make (".file.remex-aaaaaaaa", "text");
	ck_assert_int_eq (chmod (".file.remex-aaaaaaaa", 06755), 0);
	fd = temporary_adopt (directory, "file", name);
	ck_assert_int_ge (fd, 0);
	ck_assert_uint_eq (mode_of (name), 0600);
	fd_close (&fd);
}
END_TEST

/* Entries that have the name of a temporary, and are none. */
enum { LINK, LINKED, FIFO, DIRECTORY, EMPTY, FOREIGN, N_LOOKALIKES };
static const char lookalike[] = ".file.remex-aaaaaaaa";

static void make_lookalike (int which)
{
	switch (which) {
	case LINK:
		make ("victim", "text");
		set_time ("victim", 1000, 0);
		ck_assert_int_eq (symlink ("victim", lookalike), 0);
		break;
	case LINKED:
		make (lookalike, "text");
		ck_assert_int_eq (link (lookalike, "victim"), 0);
		break;
	case FIFO: ck_assert_int_eq (mkfifo (lookalike, 0600), 0); break;
	case DIRECTORY: ck_assert_int_eq (mkdir (lookalike, 0700), 0); break;
	case EMPTY: make (lookalike, ""); break;
	default: make (lookalike, "text"); ck_assert_int_eq (chown (lookalike, 1, 1), 0);
	}
	set_time (lookalike, 1000, 0);
}

START_TEST (none_of_ours)
{
	if (_i == FOREIGN)
		NEED_ROOT;
	make_lookalike (_i);
	not_adopted ();
}
END_TEST

START_TEST (nothing_there)
{
	int gone;

	not_adopted ();
	ck_assert_int_eq (mkdir ("gone", 0700), 0);
	gone = open ("gone", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq (rmdir ("gone"), 0);
	ck_assert_int_eq (temporary_adopt (gone, "file", name), -1);
	ck_assert_int_eq (errno, ENOENT);
	fd_close (&gone);
}
END_TEST

/* While we open it another process finishes with it. */
static void publish_meanwhile (void)
{
	ck_assert_int_eq (rename (lookalike, "file"), 0);
}

static void sweep_meanwhile (void)
{
	ck_assert_int_eq (unlink (lookalike), 0);
}

static void replace_meanwhile (void)
{
	publish_meanwhile ();
	make (lookalike, "another");
}

static void (*const meanwhile[]) (void) = { publish_meanwhile, sweep_meanwhile, replace_meanwhile };

START_TEST (gone_before_it_is_locked)
{
	make (lookalike, "text");
	set_time (lookalike, 1000, 0);
	before_lock = meanwhile[_i / 2];
	if (_i % 2)
		ck_assert_int_eq (temporary_sweep (directory, 2000), 0);
	else
		ck_assert_int_eq (temporary_adopt (directory, "file", name), -1);
	ck_assert_ptr_null (before_lock);
	ck_assert_int_eq (exists (lookalike), meanwhile[_i / 2] == replace_meanwhile);
	ck_assert_int_eq (exists ("file"), meanwhile[_i / 2] != sweep_meanwhile);
}
END_TEST

/* --- swept -------------------------------------------------------------------------------------------------------- */

START_TEST (old_ones_swept)
{
	int held = temporary_make (directory, "held", name, &err);

	make (".old.remex-aaaaaaaa", "text");
	make (".empty.remex-aaaaaaaa", "");
	make (".new.remex-aaaaaaaa", "text");
	make (".old.remex-aaaaaaaaa", "not ours");
	make ("old", "text");
	for (int i = 0; i < 2; i++)
		set_time (i ? ".old.remex-aaaaaaaa" : ".empty.remex-aaaaaaaa", 1999, 999999999);
	set_time (".new.remex-aaaaaaaa", 2000, 0);
	set_time (".old.remex-aaaaaaaaa", 1000, 0);
	set_time ("old", 1000, 0);
	set_time (name, 1000, 0);
	ck_assert_int_eq (temporary_sweep (only_path, 2000), 2);
	ck_assert (!exists (".old.remex-aaaaaaaa"));
	ck_assert (!exists (".empty.remex-aaaaaaaa"));
	ck_assert_int_eq (entries (), 4);
	ck_assert_int_eq (temporary_sweep (directory, 2000), 0);
	/* When its lock is released it is an ordinary leftover. */
	fd_close (&held);
	ck_assert_int_eq (temporary_sweep (directory, 2000), 1);
	ck_assert (!exists (name));
}
END_TEST

START_TEST (lookalikes_stay)
{
	int n;

	if (_i == FOREIGN)
		NEED_ROOT;
	make_lookalike (_i);
	n = entries ();
	ck_assert_int_eq (temporary_sweep (directory, 2000), 0);
	ck_assert_int_eq (entries (), n);
}
END_TEST

/* A complete temporary has the mode of the file, and its owner may be unable to read it, or to write to it. */
START_TEST (swept_whatever_its_mode)
{
	if (geteuid () == 0)
		become_nobody ();
	make (".file.remex-aaaaaaaa", "text");
	make (".file.remex-bbbbbbbb", "text");
	make (".file.remex-cccccccc", "text");
	set_time (".file.remex-aaaaaaaa", 1000, 0);
	set_time (".file.remex-bbbbbbbb", 1000, 0);
	set_time (".file.remex-cccccccc", 1000, 0);
	ck_assert_int_eq (chmod (".file.remex-aaaaaaaa", 0444), 0);
	ck_assert_int_eq (chmod (".file.remex-bbbbbbbb", 0200), 0);
	ck_assert_int_eq (temporary_sweep (directory, 2000), 3);
	ck_assert_int_eq (entries (), 0);
}
END_TEST

/* The descriptor's owner is reading the directory. */
START_TEST (position_kept)
{
	_Alignas(8) char some[64];
	off_t at;

	make (".file.remex-aaaaaaaa", "text");
	make (".file.remex-bbbbbbbb", "text");
	make ("file", "text");
	set_time (".file.remex-bbbbbbbb", 1000, 0);
	ck_assert_int_gt (syscall (SYS_getdents64, directory, some, sizeof some), 0);
	at = lseek (directory, 0, SEEK_CUR);
	ck_assert_int_gt (at, 0);
	ck_assert_int_ge (temporary_adopt (directory, "file", name), 0);
	ck_assert_int_eq (temporary_sweep (directory, 2000), 1);
	ck_assert_int_eq (lseek (directory, 0, SEEK_CUR), at);
}
END_TEST

/* --- now and then ------------------------------------------------------------------------------------------------- */

static int tidy (const char *path)
{
	int fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC), swept;
	char old[64];

	snprintf (old, sizeof old, "%s/.old.remex-aaaaaaaa", path);
	if (!exists (old))
		make (old, "text");
	set_time (old, time (NULL) - 2 * TEMPORARY_DAY, 0);
	swept = temporary_tidy (fd);
	ck_assert_int_eq (exists (old), !swept);
	fd_close (&fd);
	return swept;
}

START_TEST (tidied)
{
	make (".young.remex-aaaaaaaa", "text");
	set_time (".young.remex-aaaaaaaa", time (NULL) - TEMPORARY_DAY / 2, 0);
	ck_assert_int_eq (tidy ("."), 1);
	ck_assert (exists (".young.remex-aaaaaaaa"));
	/* Not again within the hour; but another directory. Directories of longer ago are forgotten. */
	ck_assert_int_eq (tidy ("."), 0);
	for (int i = 0; i < 40; i++) {
		char path[16];

		snprintf (path, sizeof path, "d%d", i);
		ck_assert_int_eq (mkdir (path, 0700), 0);
		ck_assert_int_eq (tidy (path), 1);
		ck_assert_int_eq (tidy (path), 0);
	}
	ck_assert_int_eq (tidy ("."), 1);
}
END_TEST

/* The youngest of each name, and of these the youngest; temporaries in use, or just made, are not counted. */
START_TEST (trimmed)
{
	char path[64];
	int fd;

	for (int i = 0; i < TEMPORARY_MOST + 9; i++) {
		snprintf (path, sizeof path, ".file%02d.remex-aaaaaaaa", i);
		make (path, "text");
		set_time (path, 1000000 + (i * 7) % 25, 0);
	}
	for (int i = 0; i < 5; i++) {
		snprintf (path, sizeof path, ".one.remex-aaaaaaa%d", i);
		make (path, "text");
		set_time (path, 2000000 + (i + 3) % 5, 0); /* 1 is the youngest */
	}
	make (".one.remex-heldheld", "text");
	set_time (".one.remex-heldheld", 1, 0);
	make (".two.remex-empty000", "");
	make ("file", "text");
	fd = open (".one.remex-heldheld", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq (flock (fd, LOCK_EX), 0);
	ck_assert_int_eq (temporary_trim (_i ? directory : only_path), 4 + 10);
	ck_assert_int_eq (entries (), TEMPORARY_MOST + 3);
	ck_assert (exists (".one.remex-aaaaaaa1") && exists (".one.remex-heldheld") && exists (".two.remex-empty000"));
	for (int i = 0; i < TEMPORARY_MOST + 9; i++) {
		snprintf (path, sizeof path, ".file%02d.remex-aaaaaaaa", i);
		ck_assert_int_eq (exists (path), (i * 7) % 25 >= 10);
	}
	ck_assert_int_eq (temporary_trim (directory), 0);
	fd_close (&fd);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, is, 0, sizeof names / sizeof *names);
	tcase_add_test (tcase, made);
	tcase_add_test (tcase, made_for_a_long_name);
	tcase_add_test (tcase, not_made);
	tcase_add_test (tcase, made_while_others_look);
	tcase_add_test (tcase, youngest);
	tcase_add_test (tcase, private_again);
	tcase_add_loop_test (tcase, none_of_ours, 0, N_LOOKALIKES);
	tcase_add_test (tcase, nothing_there);
	tcase_add_loop_test (tcase, gone_before_it_is_locked, 0, 2 * (int)(sizeof meanwhile / sizeof *meanwhile));
	tcase_add_test (tcase, old_ones_swept);
	tcase_add_loop_test (tcase, lookalikes_stay, 0, EMPTY); /* an old empty one goes: old_ones_swept */
	tcase_add_loop_test (tcase, lookalikes_stay, EMPTY + 1, N_LOOKALIKES);
	tcase_add_test (tcase, swept_whatever_its_mode);
	tcase_add_test (tcase, position_kept);
	tcase_add_test (tcase, tidied);
	tcase_add_loop_test (tcase, trimmed, 0, 2);
}

CHECK_MAIN ("files/temporary", cases)
