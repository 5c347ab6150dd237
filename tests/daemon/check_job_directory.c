/* check_job_directory - the files of jobs: made whole or not at all, read back as they were written, and not believed when
 * they are forged, damaged, or of somebody else.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/private_directory.h"
#include "daemon/job_directory.h"
#include "support/check_main.h"
#include "support/descriptors.h"

#define ID "abcdefghij23"

static char place[] = "/tmp/remex-check-jobs-XXXXXX";
static char path[64];
static int jobs = -1;
static const struct job_record sample = { .id = ID,
	.name = "build",
	.key = "k",
	.owner = "uid:1000",
	.you = "alice",
	.uid = 1000,
	.user = "alice",
	.call = "exec.run",
	.command = "make \xc3\xa4ll",
	.boot = "b",
	.started = 1769903999.25,
	.tty = true,
	.durable = true,
	.audited = true };

static void begin (void)
{
	struct err err = { .text = "" };

	ck_assert_ptr_nonnull (mkdtemp (place));
	snprintf (path, sizeof path, "%s/jobs", place);
	ck_assert_msg ((jobs = private_directory_open (path, true, &err)) >= 0, "%s", err.text);
}

static void shell (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));

/* A command of the shell, in JOBS. */
static void shell (const char *fmt, ...)
{
	char text[512];
	va_list args;
	int n = snprintf (text, sizeof text, "cd '%s' && ", path);

	va_start (args, fmt);
	vsnprintf (text + n, sizeof text - (size_t)n, fmt, args);
	va_end (args);
	ck_assert_int_eq (system (text), 0);
}

static void end (void)
{
	char text[64];

	fd_close (&jobs);
	snprintf (text, sizeof text, "rm -rf -- '%s'", place);
	ck_assert_int_eq (system (text), 0);
}

static struct job_files make (void)
{
	struct job_files files;
	struct err err = { .text = "" };

	ck_assert_msg (job_directory_make (jobs, path, &sample, &files, &err) == 0, "%s", err.text);
	return files;
}

static bool is_empty (void)
{
	char text[96];

	snprintf (text, sizeof text, "test -z \"$(ls -A '%s')\"", path);
	return system (text) == 0;
}

/* Made, read, held, connected to, ended, removed. */
START_TEST (life)
{
	struct job_record record;
	struct job_files files;
	struct err err;
	double when = 0;
	bool unread;
	json_t *json;
	int fd, descriptors;

	begin ();
	descriptors = open_descriptors ();
	files = make ();
	ck_assert_int_eq (job_directory_read (jobs, ID, &record, &err), 0);
	ck_assert_str_eq (record.command, sample.command);
	ck_assert_str_eq (record.owner, sample.owner);
	ck_assert_str_eq (record.key, sample.key);
	ck_assert (record.started == sample.started && record.uid == sample.uid);
	ck_assert (record.tty && !record.input && record.durable && record.audited);
	ck_assert (job_directory_is_held (jobs, ID));
	ck_assert_int_ge ((fd = job_directory_connect (jobs, ID)), 0);
	close (fd);
	ck_assert_ptr_null (job_directory_outcome (jobs, ID, &when, &unread));
	ck_assert_int_eq (ftruncate (files.output, 1 << 20), 0); /* a hole */
	ck_assert_int_eq (job_directory_bytes (jobs, ID), 1 << 20);
	ck_assert_int_lt (job_directory_disk (jobs, ID), 1 << 16);
	job_files_close (&files);
	ck_assert (!job_directory_is_held (jobs, ID));
	ck_assert_int_eq (job_directory_connect (jobs, ID), -1);
	ck_assert_int_eq (errno, ECONNREFUSED);
	job_directory_set_outcome (jobs, ID, "{\"lost\":\"why\"}");
	ck_assert_ptr_nonnull (json = job_directory_outcome (jobs, ID, &when, &unread));
	ck_assert_str_eq (json_string_value (json_object_get (json, "lost")), "why");
	json_decref (json);
	ck_assert (when > 1e9);
	ck_assert_int_eq (job_directory_replay (jobs, ID, &files), 0);
	job_files_close (&files);
	ck_assert_int_eq (job_directory_remove (jobs, ID), 0);
	ck_assert (is_empty ());
	ck_assert_int_eq (job_directory_remove (jobs, ID), -1);
	ck_assert_int_eq (errno, ENOENT);
	ck_assert_int_eq (open_descriptors (), descriptors);
	end ();
}
END_TEST

/* The three states of the file `audited`, and a job without output. */
START_TEST (audited)
{
	struct job_files files;

	begin ();
	files = make ();
	job_files_close (&files);
	ck_assert_int_eq (job_directory_audited (jobs, ID), JOB_NOT_AUDITED);
	for (int i = 0; i < 2; i++) { /* also again */
		ck_assert_int_eq (job_directory_set_audited (jobs, ID, JOB_AUDIT_BEGUN), 0);
		ck_assert_int_eq (job_directory_audited (jobs, ID), JOB_AUDIT_BEGUN);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq (job_directory_set_audited (jobs, ID, JOB_AUDITED), 0);
		ck_assert_int_eq (job_directory_audited (jobs, ID), JOB_AUDITED);
	}
	ck_assert (job_directory_has_output (jobs, ID));
	job_directory_remove_output (jobs, ID);
	ck_assert (!job_directory_has_output (jobs, ID));
	ck_assert_int_eq (job_directory_replay (jobs, ID, &files), -1);
	shell ("rm " ID "/audited; ln -s /dev/null " ID "/audited");
	ck_assert_int_eq (job_directory_audited (jobs, ID), JOB_AUDIT_BEGUN); /* nobody knows */
	ck_assert_int_eq (job_directory_set_audited (jobs, ID, JOB_AUDITED), -1);
	ck_assert_int_eq (job_directory_remove (jobs, ID), 0);
	ck_assert (is_empty ());
	end ();
}
END_TEST

/* Records that are not believed: how the directory was changed. Nothing is followed, waited for or changed. */
START_TEST (forged)
{
	static const char *const ways[] = {
		"rm " ID "/job.json",
		"rm " ID "/job.json; ln -s /etc/passwd " ID "/job.json",
		"rm " ID "/job.json; mkfifo " ID "/job.json",
		"rm " ID "/job.json; mkdir " ID "/job.json",
		"ln " ID "/job.json hard",
		"head -c 20 " ID "/job.json >x; cat x >" ID "/job.json",
		"head -c 40000 /dev/zero | tr '\\0' ' ' >>" ID "/job.json",
		"head -c 40000 /dev/zero | tr '\\0' '[' >" ID "/job.json",
		"echo null >" ID "/job.json",
		"sed -i 's/" ID "/abcdefghij24/' " ID "/job.json",
		"sed -i 's/\"uid\":1000/\"uid\":-1/' " ID "/job.json",
		"sed -i 's/\"uid\":1000/\"uid\":4294967295/' " ID "/job.json",
		"sed -i 's/\"uid\":1000/\"uid\":1000,\"uid\":0/' " ID "/job.json",
		"sed -i 's/\"alice\"/[\"alice\"]/' " ID "/job.json",
		"sed -i \"s/make/$(head -c 2000 /dev/zero | tr '\\0' m)/\" " ID "/job.json",
		"chmod 0750 " ID,
		"mv " ID " x; ln -s x " ID,
		"rm -r " ID "; mkfifo " ID,
	};
	struct job_record record;
	struct job_files files;
	struct err err = { .text = "" };

	begin ();
	files = make ();
	job_files_close (&files);
	shell ("%s", ways[_i]);
	ck_assert_int_eq (job_directory_read (jobs, ID, &record, &err), -1);
	ck_assert_int_ne (err.sys, ENODATA);
	ck_assert_int_gt (strlen (err.text), 0);
	end ();
}
END_TEST

/* An empty record is what a crash of the machine leaves. Members that are not known are ignored; a record of a later version is
 * left alone. */
START_TEST (odd)
{
	struct job_record record;
	struct job_files files;
	struct err err = { .sys = 0 };

	begin ();
	files = make ();
	job_files_close (&files);
	shell ("sed -i 's/{\"version\":1/{\"version\":1,\"more\":[{}]/' " ID "/job.json");
	ck_assert_int_eq (job_directory_read (jobs, ID, &record, &err), 0);
	ck_assert_str_eq (record.you, "alice");
	shell ("sed -i 's/,\"audited\":true//' " ID "/job.json");
	ck_assert_int_eq (job_directory_read (jobs, ID, &record, &err), 0);
	ck_assert (!record.audited);
	shell ("sed -i 's/{\"version\":1/{\"version\":9/' " ID "/job.json");
	ck_assert_int_eq (job_directory_read (jobs, ID, &record, &err), -1);
	ck_assert_msg (strstr (err.text, "later remexd") != NULL, "%s", err.text);
	shell (": >" ID "/job.json");
	ck_assert_int_eq (job_directory_read (jobs, ID, &record, &err), -1);
	ck_assert_int_eq (err.sys, ENODATA);
	end ();
}
END_TEST

/* Directories of others: only root can make one. */
START_TEST (of_others)
{
	struct job_record record;
	struct job_files files;
	struct err err;

	if (geteuid () != 0) {
		SKIP ("only root can give a file away");
		return;
	}
	begin ();
	files = make ();
	job_files_close (&files);
	if (_i == 0)
		shell ("chown 65534 " ID);
	else
		shell ("chown 65534 " ID "/job.json");
	ck_assert_int_eq (job_directory_read (jobs, ID, &record, &err), -1);
	fd_close (&jobs);
	ck_assert_int_eq (chown (path, 65534, (gid_t)-1), 0);
	ck_assert_int_eq (private_directory_open (path, true, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "belongs to uid 65534"));
	end ();
}
END_TEST

/* What is no outcome: a piece, more than there may be, no object, no regular file of ours. */
START_TEST (outcomes)
{
	static const struct {
		const char *way;
		bool is_outcome;
	} ways[] = {
		{ ": >" ID "/outcome", false }, { "printf '{\"done\":{}}' >" ID "/outcome", false },
		{ "printf '{\"done\":{}\\n' >" ID "/outcome", false }, { "printf '[]\\n' >" ID "/outcome", false },
		{ "printf '\\n{}\\n' >" ID "/outcome", false },
		{ "printf '{\"a\":1,\"a\":2}\\n' >" ID "/outcome", false },
		{ "head -c 9000 /dev/zero | tr '\\0' ' ' >" ID "/outcome; printf '{}\\n' >>" ID "/outcome", false },
		{ "rm " ID "/outcome; printf '{}\\n' >x; ln -s ../x " ID "/outcome", false },
		{ "rm " ID "/outcome; mkfifo " ID "/outcome", false }, { "rm " ID "/outcome", false },
		{ "printf '{\"done\":{}}\\n' >" ID "/outcome", true },
		{ "printf '{\"done\":{}}\\n{\"done\"' >" ID "/outcome", true }, /* the first line counts */
	};
	struct job_files files;
	double when = -1;
	bool unread = true;
	json_t *json;

	begin ();
	files = make ();
	job_files_close (&files);
	shell ("%s", ways[_i].way);
	json = job_directory_outcome (jobs, ID, &when, &unread);
	ck_assert_int_eq (json != NULL, ways[_i].is_outcome);
	ck_assert_int_eq (when > 0, ways[_i].is_outcome);
	ck_assert (!unread);
	json_decref (json);
	end ();
}
END_TEST

/* Without room there is no job, and nothing is left; and a name that is taken is not made again. */
START_TEST (no_room)
{
	struct rlimit none = { 0, RLIM_INFINITY };
	struct job_files files;
	struct err err = { .text = "" };
	int descriptors;

	begin ();
	descriptors = open_descriptors ();
	signal (SIGXFSZ, SIG_IGN);
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &none), 0);
	ck_assert_int_eq (job_directory_make (jobs, path, &sample, &files, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "the files of the job cannot be made in "));
	ck_assert (is_empty ());
	none.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &none), 0);
	shell ("mkdir ." ID);
	ck_assert_int_eq (job_directory_make (jobs, path, &sample, &files, &err), -1);
	shell ("rmdir ." ID " && mkdir -p " ID "/full");
	ck_assert_int_eq (job_directory_make (jobs, path, &sample, &files, &err), -1);
	shell ("test -d " ID "/full && test ! -e ." ID);
	ck_assert_int_eq (open_descriptors (), descriptors);
	end ();
}
END_TEST

/* Of a job that is removed only its own files go, and nothing behind a link. */
START_TEST (precious)
{
	struct job_files files;

	begin ();
	files = make ();
	job_files_close (&files);
	shell ("echo x >precious; rm " ID "/output; ln -s ../precious " ID "/output; echo y >" ID "/mine");
	ck_assert_int_eq (job_directory_remove (jobs, ID), -1);
	shell ("test \"$(cat precious)\" = x && test \"$(ls -A ." ID ")\" = mine");
	shell ("mv ." ID " .a");
	job_directory_sweep (jobs, ".a"); /* no id */
	shell ("test -e .a/mine && mv .a .abcdefghij24 && rm .abcdefghij24/mine && ln -s .abcdefghij24 ." ID);
	job_directory_sweep (jobs, "." ID);
	shell ("test -L ." ID " && test -d .abcdefghij24");
	job_directory_sweep (jobs, ".abcdefghij24");
	shell ("test ! -e .abcdefghij24");
	end ();
}
END_TEST

/* JOBS itself: a link, a file, one that others reach; missing, with `make` and without. */
START_TEST (jobs_directory)
{
	static const struct {
		const char *way, *words;
	} ways[] = {
		{ "chmod 0750 .", "others may not reach it" },
		{ "cd .. && mv jobs x && ln -s x jobs", "is a symbolic link" },
		{ "cd .. && rmdir jobs && : >jobs", "is no directory" },
		{ "cd .. && chmod 0777 .", "" },
	};
	struct err err = { .text = "" };

	begin ();
	fd_close (&jobs);
	shell ("%s", ways[_i].way);
	ck_assert_int_eq (private_directory_open (path, true, &err), -1);
	ck_assert_msg (strstr (err.text, ways[_i].words) != NULL, "%s", err.text);
	chmod (place, 0700);
	snprintf (path, sizeof path, "%s/none", place);
	ck_assert_int_eq (private_directory_open (path, false, &err), -1);
	ck_assert_int_eq (err.sys, ENOENT);
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, life);
	tcase_add_test (tcase, audited);
	tcase_add_loop_test (tcase, forged, 0, 18);
	tcase_add_test (tcase, odd);
	tcase_add_loop_test (tcase, of_others, 0, 2);
	tcase_add_loop_test (tcase, outcomes, 0, 12);
	tcase_add_test (tcase, no_room);
	tcase_add_test (tcase, precious);
	tcase_add_loop_test (tcase, jobs_directory, 0, 4);
}

CHECK_MAIN ("daemon/job_directory", add_cases)
