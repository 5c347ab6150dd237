/* check_reload - from one generation to the next, with a real probe; the front is the far end of a link. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/far_end.h"
#include "daemon/reload.h"
#include "support/check_main.h"
#include "wire/records.h"

static char directory[] = "/tmp/remex-reload-XXXXXX";
static char file[64], plugin[64];
static struct front_process front;
static struct generation *generation;
static struct reload reload;
static struct err err;
static int far;

static void configure (const char *more)
{
	FILE *out = fopen (file, "we");

	ck_assert_ptr_nonnull (out);
	fprintf (out, "identities: %s\nplugins:\n  directory: %s\n%s", directory, directory, more);
	ck_assert_int_eq (fclose (out), 0);
}

static void set_up (void)
{
	umask (022);
	ck_assert_ptr_nonnull (mkdtemp (directory));
	ck_assert_int_eq (chmod (directory, 0755), 0); /* the probe is another user where we are root */
	snprintf (file, sizeof file, "%s/remexd.yaml", directory);
	snprintf (plugin, sizeof plugin, "%s/broken.so", directory);
	far = far_end_of_front (&front);
	configure ("");
	ck_assert_msg (
		(generation = generation_open (NULL, file, false, &err)) && plugin_probe_run (generation, &err) == 0,
		"%s", err.text);
}

static void tear_down (void)
{
	reload_close (&reload);
	generation_free (generation);
	ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1); /* no probe is left */
	ck_assert_int_eq (errno, ECHILD);
	unlink (file);
	unlink (plugin);
	ck_assert_int_eq (rmdir (directory), 0);
}

static enum reload_state begin (void)
{
	reload_begin (&reload, generation, file, false, &err);
	return reload.state;
}

static enum reload_state finish_proof (void)
{
	struct pollfd fds[PROBE_FDS];

	while (reload.state == RELOAD_PROVING) {
		reload_poll (&reload, fds);
		poll (fds, PROBE_FDS, clock_until (reload_time (&reload)));
		reload_receive (&reload, generation, fds, &err);
	}
	ck_assert_int_eq (reload_time (&reload), 0);
	return reload.state;
}

static void expect_answer (uint64_t request, int failed, const char *text, size_t n)
{
	const struct packet *packet = far_end_expect (far, REC_RELOADED);

	ck_assert_uint_eq (packet->record.id, request);
	ck_assert_int_eq (packet->record.a, failed);
	ck_assert_uint_eq (packet->record.length, n);
	ck_assert_mem_eq (packet->data, text, n);
}

START_TEST (test_proved)
{
	static const char waits[] = "listen\0front_user\0jobs.directory";
	char keys[RELOAD_KEYS_SIZE], why[160];
	size_t n;

	snprintf (why, sizeof why, "listen: unix://%s/sock\nfront_user: root\nworkers: {max: 7}\n", directory);
	configure (why);
	ck_assert (reload_ask (&reload, 11));
	ck_assert (reload_ask (&reload, 12));
	ck_assert (reload.wanted);
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert (!reload.wanted);
	ck_assert_msg (finish_proof () == RELOAD_PROVED, "%s", err.text);
	ck_assert_int_eq (generation->number, 1);
	n = reload_take (&reload, &generation, true, keys);
	ck_assert_int_eq (generation->number, 2);
	ck_assert_int_eq (generation->config->workers_max, 7);
	ck_assert_uint_eq (n, sizeof waits);
	ck_assert_mem_eq (keys, waits, n);
	far_end_expect_nothing (far);
	reload_finish (&reload, &front, false, keys, n);
	expect_answer (11, 0, waits, n);
	expect_answer (12, 0, waits, n);
	far_end_expect_nothing (far);
	/* Changes that wait for a restart are found by comparison with the start, not with the last reload: after
	 * taking a change back, nothing waits. */
	configure ("");
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert_int_eq (finish_proof (), RELOAD_PROVED);
	ck_assert_uint_eq (reload_take (&reload, &generation, false, keys), 0);
	reload_finish (&reload, &front, false, keys, 0);
	ck_assert_int_eq (generation->number, 3);
	far_end_expect_nothing (far);
}
END_TEST

/* The file may have been read before the request came: a request during a reload means the next reload. */
START_TEST (test_asked_meanwhile)
{
	char keys[RELOAD_KEYS_SIZE];

	ck_assert (reload_ask (&reload, 11));
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert (reload_ask (&reload, 12));
	ck_assert (reload.wanted);
	ck_assert_int_eq (finish_proof (), RELOAD_PROVED);
	ck_assert (reload_ask (&reload, 13));
	reload_take (&reload, &generation, false, keys);
	reload_finish (&reload, &front, false, NULL, 0);
	expect_answer (11, 0, "", 0);
	far_end_expect_nothing (far);
	ck_assert (reload.wanted);
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert_int_eq (finish_proof (), RELOAD_PROVED);
	reload_finish (&reload, &front, true, "no", 2); /* the supervisor may refuse a proved configuration */
	expect_answer (12, 1, "no", 2);
	expect_answer (13, 1, "no", 2);
	ck_assert (!reload.wanted);
	ck_assert_int_eq (reload.state, RELOAD_IDLE);
	ck_assert_int_eq (generation->number, 2);
}
END_TEST

START_TEST (test_mistake)
{
	configure ("wokers: {max: 7}\n");
	ck_assert (reload_ask (&reload, 11));
	ck_assert_int_eq (begin (), RELOAD_FAILED);
	ck_assert_msg (strstr (err.text, "remexd.yaml:4:1") != NULL, "%s", err.text);
	reload_finish (&reload, &front, true, err.text, strlen (err.text));
	expect_answer (11, 1, err.text, strlen (err.text));
	ck_assert_int_eq (reload.state, RELOAD_IDLE);
	ck_assert_int_eq (generation->number, 1);
	ck_assert_ptr_null (reload.next);
}
END_TEST

/* The keeper of the probe is killed: that is no fault of a plugin. */
START_TEST (test_keeper_dies)
{
	char keys[RELOAD_KEYS_SIZE];

	for (;;) {
		ck_assert_int_eq (begin (), RELOAD_PROVING);
		ck_assert_int_eq (kill (reload.probe.worker.keeper.pid, SIGKILL), 0);
		if (finish_proof () == RELOAD_FAILED)
			break;
		reload_take (&reload, &generation, false, keys); /* the probe was faster */
		reload_finish (&reload, &front, false, NULL, 0);
	}
	ck_assert_str_eq (err.text, "proving the plugins: the keeper of the worker died");
	reload_finish (&reload, &front, true, err.text, strlen (err.text));
}
END_TEST

/* A plugin that cannot be loaded is refused, and a reload that would refuse a plugin in use fails. */
START_TEST (test_plugin_in_use)
{
	static const char used[] = "[{\"plugin\":\"broken\",\"version\":\"1\",\"summary\":\"s\",\"verbs\":[]}]";
	FILE *out = fopen (plugin, "we");

	ck_assert_ptr_nonnull (out);
	fputs ("this is no plugin", out);
	ck_assert_int_eq (fclose (out), 0);
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert_int_eq (finish_proof (), RELOAD_PROVED); /* new in the directory */
	reload_finish (&reload, &front, false, NULL, 0);
	free (generation->table);
	ck_assert_ptr_nonnull (generation->table = strdup (used));
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert_int_eq (finish_proof (), RELOAD_FAILED);
	ck_assert_msg (strstr (err.text, "the plugin broken, which is in use, would be refused: ") == err.text, "%s",
		err.text);
	reload_finish (&reload, &front, true, err.text, strlen (err.text));
}
END_TEST

START_TEST (test_askers)
{
	for (uint64_t i = 1; i <= RELOAD_ASKERS; i++)
		ck_assert (reload_ask (&reload, i));
	ck_assert (!reload_ask (&reload, RELOAD_ASKERS + 1));
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert_int_eq (finish_proof (), RELOAD_PROVED);
	/* Another front has not asked for a reload. */
	reload_forget_askers (&reload);
	reload_finish (&reload, &front, false, NULL, 0);
	far_end_expect_nothing (far);
	ck_assert (reload_ask (&reload, 1));
}
END_TEST

/* A front that is deaf or gone gets no answer, which holds nothing up. */
START_TEST (test_no_front)
{
	ck_assert (reload_ask (&reload, 11));
	ck_assert_int_eq (close (far), 0);
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert_int_eq (finish_proof (), RELOAD_PROVED);
	reload_finish (&reload, &front, false, NULL, 0);
	ck_assert (front.deaf);
	ck_assert_uint_eq (reload.n_askers, 0);
	ck_assert_int_eq (reload.state, RELOAD_IDLE);
}
END_TEST

/* A probe that takes too long fails the reload, and is ended. */
START_TEST (test_late)
{
	struct pollfd fds[PROBE_FDS];

	ck_assert_int_eq (begin (), RELOAD_PROVING);
	ck_assert_int_gt (reload_time (&reload), clock_ms ());
	reload_poll (&reload, fds);
	reload.probe.end_ms = clock_ms ();
	for (int i = 0; i < PROBE_FDS; i++)
		fds[i].revents = 0;
	reload_receive (&reload, generation, fds, &err);
	ck_assert_int_eq (reload.state, RELOAD_FAILED);
	ck_assert_str_eq (err.text, "proving the plugins took over 30 seconds");
	reload_finish (&reload, &front, true, err.text, strlen (err.text));
	ck_assert_int_eq (generation->number, 1);
}
END_TEST

/* remexd ends during a reload: tear_down finds no probe. */
START_TEST (test_close)
{
	ck_assert (reload_ask (&reload, 11));
	ck_assert_int_eq (begin (), RELOAD_PROVING);
	reload_close (&reload);
	ck_assert_int_eq (reload.state, RELOAD_IDLE);
	far_end_expect_nothing (far);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_proved);
	tcase_add_test (tcase, test_asked_meanwhile);
	tcase_add_test (tcase, test_mistake);
	tcase_add_test (tcase, test_keeper_dies);
	tcase_add_test (tcase, test_plugin_in_use);
	tcase_add_test (tcase, test_askers);
	tcase_add_test (tcase, test_no_front);
	tcase_add_test (tcase, test_late);
	tcase_add_test (tcase, test_close);
}

CHECK_MAIN ("reload", add_cases)
