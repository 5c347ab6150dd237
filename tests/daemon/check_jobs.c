/* check_jobs - the table of jobs, on directories that an earlier daemon, a crash or somebody else has left: what is found
 * again, who may see it, what is forgotten, and what goes to the audit trail. No job is started here: the holders of check_jobs
 * are locks that this program has.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/private_directory.h"
#include "daemon/far_end.h"
#include "daemon/jobs.h"
#include "daemon/recorders.h"
#include "support/check_main.h"
#include "wire/codes.h"
#include "wire/records.h"

static char place[] = "/tmp/remex-check-jobs-XXXXXX";
static char path[64];
static struct front_process front;
static struct cgroups cgroups = { .root = -1, .left = -1 };
static struct audit_process audit;
static struct recorders recorders;
static struct generation generation;
static struct jobs jobs;
static int far = -1;
static int directory = -1; /* JOBS, of this program */
static struct job_caller alice = { .owner = "identity:alice", .you = "alice", .uid = 1000 };
static struct job_caller bob = { .owner = "identity:bob", .you = "bob", .uid = 1000 };
static struct job_caller root = { .owner = "uid:0", .you = "root", .any = true, .full = true };

/* A daemon that has not looked at its jobs yet, with these further keys. */
static void begin (const char *keys)
{
	char yaml[256];
	struct err err = { .text = "" };

	ck_assert_ptr_nonnull (mkdtemp (place));
	snprintf (path, sizeof path, "%s/jobs", place);
	ck_assert_int_ge ((directory = private_directory_open (path, true, &err)), 0);
	snprintf (yaml, sizeof yaml, "jobs: {directory: %s%s}", path, keys);
	generation.config = config_parse (yaml, strlen (yaml), "remexd.yaml", &err);
	ck_assert_msg (generation.config != NULL, "%s", err.text);
	front_process_init (&front);
	far = far_end_of_front (&front);
	audit_process_init (&audit);
	jobs_init (&jobs, &front, &cgroups, &audit, &recorders);
	jobs_set_generation (&jobs, &generation);
	log_setup ("check_jobs", LOG_ERROR);
}

static void end (void)
{
	char text[64];

	jobs_close (&jobs);
	audit_process_free (&audit);
	config_free (generation.config);
	front_process_free (&front);
	fd_close (&far);
	fd_close (&directory);
	snprintf (text, sizeof text, "rm -rf -- '%s'", place);
	ck_assert_int_eq (system (text), 0);
}

/* Leave the files of a job of alice, with `bytes` of output and that outcome (NULL: none). Returns its lock, which has to be
 * closed (a job that runs) or was closed (-1). */
static int leave (const char *id, const char *outcome, size_t bytes, double started, bool audited, bool runs)
{
	struct job_record record = { .name = "n",
		.owner = "identity:alice",
		.you = "alice",
		.uid = 1000,
		.user = "alice",
		.call = "exec.run",
		.command = "true",
		.audited = audited,
		.started = started };
	struct job_files files;
	struct err err = { .text = "" };
	char *data = calloc (1, bytes + 1);
	int lock = -1;

	strcpy (record.id, id);
	job_boot (record.boot);
	ck_assert_msg (job_directory_make (directory, path, &record, &files, &err) == 0, "%s", err.text);
	memset (data, 'x', bytes);
	ck_assert_int_eq (write (files.output, data, bytes), (ssize_t)bytes);
	free (data);
	if (outcome)
		ck_assert_int_eq (write (files.outcome, outcome, strlen (outcome)), (ssize_t)strlen (outcome));
	if (runs) {
		lock = files.lock;
		files.lock = -1;
	}
	job_files_close (&files);
	return lock;
}

static void ask (const struct job_caller *caller, uint32_t type, const void *data, size_t n)
{
	jobs_request (&jobs, caller, &(struct record){ .type = type, .id = 1, .a = 1000 }, data, n);
}

/* The answer without a job: its code. The words are in far_end_last. */
static enum code refused (const struct job_caller *caller, uint32_t type, const char *text)
{
	ask (caller, type, text, strlen (text));
	return (enum code)far_end_expect (far, REC_NO_JOB)->record.a;
}

static bool says (const char *words)
{
	struct packet *packet = far_end_last ();

	return memmem (packet->data, packet->record.length, words, strlen (words));
}

/* The states of all jobs that the caller sees, in order: "ID state ID state ". */
static const char *list (const struct job_caller *caller)
{
	static char text[1024];
	struct packet *packet;
	json_t *array, *job;
	size_t i;

	ask (caller, REC_JOB_LIST, "", 0);
	packet = far_end_expect (far, REC_JOBS);
	ck_assert_ptr_nonnull (array = json_loadb ((const char *)packet->data, packet->record.length, 0, NULL));
	*text = '\0';
	json_array_foreach (array, i, job)
	{
		strcat (strcat (text, json_string_value (json_object_get (job, "id"))), " ");
		strcat (strcat (text, json_string_value (json_object_get (job, "state"))), " ");
	}
	json_decref (array);
	return text;
}

static const char ended[] =
	"{\"done\":{\"outcome\":\"exited\",\"exit\":0,\"seconds\":1.5},\"bytes\":3,\"cut\":0,\"input\":2}\n";

/* What is found again: one outcome for each job, the oldest first; what cannot be believed is left alone. */
START_TEST (found)
{
	int lock;

	begin ("");
	leave ("aaaaaaaaaaa2", ended, 3, 20, false, false);
	leave ("aaaaaaaaaaa3", "{\"done\":{\"outcome\":\"exited\"}}", 3, 10, false, false); /* without its newline */
	leave ("aaaaaaaaaaa4", "[]\n", 3, 30, false, false);
	lock = leave ("aaaaaaaaaaa5", NULL, 3, 5, false, true);
	ck_assert_int_eq (mkdirat (directory, "aaaaaaaaaaa6", 0700), 0);
	ck_assert_int_eq (mkdirat (directory, "..a", 0700), 0);
	ck_assert_int_eq (symlinkat ("/etc", directory, "aaaaaaaaaaa7"), 0);
	jobs_adopt (&jobs);
	ck_assert_str_eq (
		list (&alice), "aaaaaaaaaaa5 running aaaaaaaaaaa3 lost aaaaaaaaaaa2 ended aaaaaaaaaaa4 lost ");
	ck_assert_str_eq (list (&bob), "");
	ck_assert_int_eq (refused (&alice, REC_JOB_REMOVE, "aaaaaaaaaaa5"), CODE_FAILED);
	ck_assert_int_eq (refused (&alice, REC_JOB_REMOVE, "aaaaaaaaaaa3"), CODE_NONE);
	/* Nobody listens at that lock: nothing is signalled. */
	ck_assert_int_eq (refused (&alice, REC_JOB_KILL, "aaaaaaaaaaa5"), CODE_IO_ERROR);
	fd_close (&lock);
	jobs.look_ms = 1;
	jobs_watch (&jobs);
	ck_assert_str_eq (list (&alice), "aaaaaaaaaaa5 lost aaaaaaaaaaa2 ended aaaaaaaaaaa4 lost ");
	ck_assert_int_eq (faccessat (directory, "aaaaaaaaaaa6", F_OK, 0), 0);
	ck_assert_int_eq (faccessat (directory, "..a", F_OK, 0), 0);
	end ();
}
END_TEST

/* Names that are no id, of others, or no text: not found, and no path. */
START_TEST (names)
{
	static const char *const texts[] = { "", "..", "../jobs", "aaaaaaaaaaa2/..", ".aaaaaaaaaaa2", "aaaaaaaaaaa2\n",
		"aaaaaaaaaaa", "AAAAAAAAAAA2", "/etc/passwd", "\xff\xff" };
	char longest[1024];

	begin ("");
	leave ("aaaaaaaaaaa2", ended, 3, 20, false, false);
	jobs_adopt (&jobs);
	memset (longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (uint32_t type = REC_JOB_OPEN; type <= REC_JOB_KILL; type++) {
		if (type == REC_JOB_LIST)
			continue;
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
			ck_assert_int_eq (refused (&alice, type, texts[i]), CODE_NOT_FOUND);
		ck_assert_int_eq (refused (&alice, type, longest), CODE_NOT_FOUND);
		ck_assert_int_eq (refused (&bob, type, "aaaaaaaaaaa2"), CODE_NOT_FOUND);
		ck_assert (says ("there is no job 'aaaaaaaaaaa2'"));
	}
	ck_assert_int_eq (refused (&root, REC_JOB_KILL, "aaaaaaaaaaa2"), CODE_FAILED);
	alice.uid = 1001; /* acts as another user now */
	ck_assert_int_eq (refused (&alice, REC_JOB_KILL, "aaaaaaaaaaa2"), CODE_NOT_FOUND);
	ck_assert_str_eq (list (&root), "aaaaaaaaaaa2 ended ");
	end ();
}
END_TEST

/* A start that is not of the known form starts nothing. */
START_TEST (malformed)
{
	static const struct {
		const char *bytes;
		size_t n;
	} starts[] = {
		{ "", 0 },
		{ "n\0k\0c.v\0true\0\0\0"
		  "0\0"
		  "0",
			17 }, /* the last NUL is missing */
		{ "n\0k\0c.v\0true\0\0\0"
		  "0\0",
			16 },
		{ "n\0k\0c.v\0true\0\0\0"
		  "-1\0"
		  "0\0",
			19 },
		{ "n\0k\0c.v\0true\0\0\0"
		  "0\0"
		  "1e3\0",
			20 },
		{ "n\0k\0c.v\0true\0\0\0"
		  "99999999999999999999\0"
		  "0\0",
			37 },
		{ "n\xff\0k\0c.v\0true\0\0\0"
		  "0\0"
		  "0\0",
			19 },
	};

	begin ("");
	jobs_adopt (&jobs);
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		ask (&alice, REC_JOB_START, starts[i].bytes, starts[i].n);
		ck_assert_int_eq (far_end_expect (far, REC_NO_JOB)->record.a, CODE_BAD_VALUE);
	}
	ck_assert_str_eq (list (&root), "");
	end ();
}
END_TEST

/* Two daemons on one directory: the second one has no jobs until the first one is gone, and then it has all of them. */
START_TEST (two)
{
	struct jobs other;

	begin ("");
	leave ("aaaaaaaaaaa2", ended, 3, 20, false, false);
	jobs_init (&other, &front, &cgroups, &audit, &recorders);
	jobs_set_generation (&other, &generation);
	jobs_adopt (&other);
	jobs_adopt (&jobs);
	ask (&alice, REC_JOB_LIST, "", 0);
	ck_assert_int_eq (far_end_expect (far, REC_NO_JOB)->record.a, CODE_BUSY);
	ck_assert (says ("another remexd has the jobs in "));
	ck_assert_int_eq (refused (&alice, REC_JOB_REMOVE, "aaaaaaaaaaa2"), CODE_BUSY);
	jobs_close (&other);
	ck_assert_str_eq (list (&alice), "aaaaaaaaaaa2 ended ");
	end ();
}
END_TEST

/* The oldest ended jobs are forgotten, of each owner, and then of all. */
START_TEST (bounds)
{
	static const char start[] = "n\0k\0c.v\0true\0\0\0"
				    "0\0"
				    "0";
	int lock;

	begin (_i ? ", total: 1MiB" : ", keep_number: 1");
	lock = leave ("aaaaaaaaaaa2", NULL, 700000, 1, false, true);
	leave ("aaaaaaaaaaa3", ended, 300000, 2, false, false);
	poll (NULL, 0, 20); /* the files have other times */
	leave ("aaaaaaaaaaa4", ended, 200000, 3, false, false);
	jobs_adopt (&jobs);
	if (_i) {
		ck_assert_str_eq (list (&alice), "aaaaaaaaaaa2 running aaaaaaaaaaa3 ended aaaaaaaaaaa4 ended ");
		jobs.look_ms = 1;
		jobs_watch (&jobs);
	}
	ck_assert_str_eq (list (&alice), "aaaaaaaaaaa2 running aaaaaaaaaaa4 ended ");
	ck_assert_int_lt (faccessat (directory, "aaaaaaaaaaa3", F_OK, 0), 0);
	if (_i) {
		int fd = openat (directory, "aaaaaaaaaaa2/output", O_WRONLY | O_APPEND | O_CLOEXEC);
		char *data = calloc (1, 400000);

		ck_assert_int_eq (write (fd, data, 400000), 400000);
		free (data);
		close (fd);
		ask (&root, REC_JOB_START, start, sizeof start);
		ck_assert_int_eq (far_end_expect (far, REC_NO_JOB)->record.a, CODE_BUSY);
		ck_assert (says ("may take 1MiB (jobs.total)"));
		ck_assert_str_eq (list (&alice), "aaaaaaaaaaa2 running ");
	}
	fd_close (&lock);
	end ();
}
END_TEST

/* --- the audit trail ----------------------------------------------------------------------------------------------- */

static char trail[80];

static void open_trail (void)
{
	struct err err = { .text = "" };

	snprintf (trail, sizeof trail, "%s/trail", place);
	ck_assert_msg (audit_process_open (&audit, AUDIT_FILE, trail, &err) == 0, "%s", err.text);
}

/* Handle the answers until no line is on its way. */
static void settle_trail (void)
{
	struct audit_answer answer;

	while (jobs.n_lines) {
		struct pollfd fd;

		audit_process_poll (&audit, &fd);
		ck_assert_int_gt (poll (&fd, 1, 60000), 0);
		audit_process_receive (&audit, &fd);
		while (audit_process_next (&audit, &answer)) {
			ck_assert (answer.report);
			jobs_audited (&jobs, &answer);
		}
	}
}

/* The lines about that job. */
static int count (const char *id, const char *words)
{
	char *line = NULL;
	size_t size = 0;
	FILE *file = fopen (trail, "re");
	int n = 0;

	ck_assert_ptr_nonnull (file);
	while (getline (&line, &size, file) > 0)
		n += strstr (line, "\"audit\":\"job_end\"") && strstr (line, id) && strstr (line, words);
	free (line);
	fclose (file);
	return n;
}

static void restart (void)
{
	jobs_close (&jobs);
	jobs_init (&jobs, &front, &cgroups, &audit, &recorders);
	jobs_set_generation (&jobs, &generation);
	jobs_adopt (&jobs);
	settle_trail ();
}

/* Each end once, over any number of daemons; again, and marked, where it is not known whether it was written. */
START_TEST (ends)
{
	begin ("");
	open_trail ();
	leave ("aaaaaaaaaaa2", ended, 3, 20, true, false);
	leave ("aaaaaaaaaaa3", NULL, 7, 30, true, false);
	leave ("aaaaaaaaaaa4", ended, 3, 40, false, false); /* its start is not on record */
	leave ("aaaaaaaaaaa5", NULL, 3, 20, true, false);
	ck_assert_int_eq (unlinkat (directory, "aaaaaaaaaaa5/job.json", 0), 0);
	ck_assert_int_ge (
		close (openat (directory, "aaaaaaaaaaa5/job.json", O_CREAT | O_WRONLY, 0600)), 0); /* a crash */
	restart ();
	restart ();
	ck_assert_int_eq (
		count ("aaaaaaaaaaa2", "\"outcome\":\"exited\",\"exit\":0,\"seconds\":1.5,\"in\":2,\"out\":3"), 1);
	ck_assert_int_eq (
		count ("aaaaaaaaaaa3", "\"outcome\":\"lost\",\"why\":\"its process was killed\",\"out\":7"), 1);
	ck_assert_int_eq (count ("aaaaaaaaaaa5", "\"outcome\":\"lost\",\"why\":\"its record was lost"), 1);
	ck_assert_int_eq (count ("", ""), 3);
	ck_assert_str_eq (list (&alice), "aaaaaaaaaaa2 ended aaaaaaaaaaa3 lost aaaaaaaaaaa4 ended ");
	ck_assert_int_lt (faccessat (directory, "aaaaaaaaaaa5", F_OK, 0), 0);
	ck_assert_int_eq (truncate (strcat (strcpy ((char[128]){ 0 }, path), "/aaaaaaaaaaa2/audited"), 0), 0);
	restart ();
	ck_assert_int_eq (count ("aaaaaaaaaaa2", "\"again\":true"), 1);
	ck_assert_int_eq (count ("", ""), 4);
	end ();
}
END_TEST

/* The line is made of the outcome that the job's user could have written: nothing of it forges a line. */
START_TEST (forged_outcomes)
{
	static const struct {
		const char *outcome, *words;
	} lines[] = {
		{ "{\"done\":{\"outcome\":\"rich\",\"exit\":7}}\n", "\"outcome\":\"lost\"" },
		{ "{\"done\":{\"outcome\":\"exited\",\"exit\":1e9,\"seconds\":-1}}\n", "\"outcome\":\"exited\"}" },
		{ "{\"done\":{\"outcome\":\"exited\",\"exit\":256,\"signal\":\"\\n{}\"}}\n",
			"\"outcome\":\"exited\"}" },
		{ "{\"done\":{\"outcome\":\"signalled\",\"signal\":\"KILL\",\"limit\":\"x\"}}\n",
			"\"outcome\":\"signalled\",\"signal\":\"KILL\"}" },
		{ "{\"done\":{\"outcome\":\"timed_out\",\"limit\":\"idle\"},\"bytes\":\"many\",\"rusage\":{\"user\":1}}"
		  "\n",
			"\"outcome\":\"timed_out\",\"limit\":\"idle\"}" },
		{ "{\"error\":{\"code\":\"no such\",\"message\":\"x\"},\"bytes\":-5,\"rusage\":[]}\n",
			"\"error\":\"internal\"}" },
		{ "{\"error\":7,\"done\":{\"outcome\":\"exited\"}}\n", "\"error\":\"internal\"}" },
	};

	begin ("");
	open_trail ();
	leave ("aaaaaaaaaaa2", lines[_i].outcome, 3, 20, true, false);
	restart ();
	ck_assert_int_eq (count ("aaaaaaaaaaa2", lines[_i].words), 1);
	ck_assert_int_eq (count ("", ""), 1);
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, found);
	tcase_add_test (tcase, names);
	tcase_add_test (tcase, malformed);
	tcase_add_test (tcase, two);
	tcase_add_loop_test (tcase, bounds, 0, 2);
	tcase_add_test (tcase, ends);
	tcase_add_loop_test (tcase, forged_outcomes, 0, 7);
}

CHECK_MAIN ("daemon/jobs", add_cases)
