/* check_resolver - names are looked up in threads that the library does not wait for. getaddrinfo(3) is the test's own:
 * it blocks until the test releases it. */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/host.h"
#include "loop/resolver.h"
#include "support/check_main.h"

enum { MANY = 40 };

/* Variables of the threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int inside, most, finished, released;
static bool signals_blocked = true;

/* Variables of the loop. */
static uv_loop_t loop;
static struct resolver *resolver;
static int started, done, order[MANY], statuses[MANY];

int getaddrinfo (const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
	bool ours = !strncmp (host, "name", 4);
	sigset_t set;

	(void)port;
	(void)hints;
	pthread_mutex_lock (&lock);
	pthread_sigmask (SIG_SETMASK, NULL, &set);
	signals_blocked = signals_blocked && sigismember (&set, SIGTERM) && sigismember (&set, SIGINT);
	if (++inside > most)
		most = inside;
	pthread_cond_broadcast (&changed);
	while (released <= finished)
		pthread_cond_wait (&changed, &lock);
	inside--;
	finished++;
	pthread_cond_broadcast (&changed);
	pthread_mutex_unlock (&lock);
	*found = NULL;
	if (!ours)
		return EAI_NONAME;
	if (!(*found = calloc (1, sizeof **found + sizeof (struct sockaddr_in))))
		return EAI_MEMORY;
	(*found)->ai_family = AF_INET;
	(*found)->ai_addr = (struct sockaddr *)(*found + 1);
	(*found)->ai_addrlen = sizeof (struct sockaddr_in);
	(*found)->ai_addr->sa_family = AF_INET;
	return 0;
}

void freeaddrinfo (struct addrinfo *found)
{
	free (found);
}

/* Release that many lookups, in all. */
static void release (int n)
{
	pthread_mutex_lock (&lock);
	released = n;
	pthread_cond_broadcast (&changed);
	pthread_mutex_unlock (&lock);
}

/* Wait until that many threads are in getaddrinfo at once. */
static void wait_inside (int n)
{
	pthread_mutex_lock (&lock);
	while (inside < n)
		pthread_cond_wait (&changed, &lock);
	pthread_mutex_unlock (&lock);
}

static void wait_finished (int n)
{
	pthread_mutex_lock (&lock);
	while (finished < n)
		pthread_cond_wait (&changed, &lock);
	pthread_mutex_unlock (&lock);
}

static void on_started (void *arg)
{
	(void)arg;
	started++;
}

static void on_done (void *arg, int status, const struct addrinfo *found)
{
	int i = (int)(intptr_t)arg;

	ck_assert_int_eq (status == 0, found != NULL);
	statuses[i] = status;
	order[done++] = i;
}

static const struct lookup_ops ops = { on_started, on_done };

static struct lookup *look_up (int i, const char *what)
{
	char name[32];
	struct lookup *lookup;

	snprintf (name, sizeof name, "%s%d", what, i);
	lookup = resolver_look_up (resolver, name, "7363", &ops, (void *)(intptr_t)i);
	ck_assert_ptr_nonnull (lookup);
	return lookup;
}

static void setup (void)
{
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	ck_assert_ptr_nonnull (resolver = resolver_new (&loop));
}

static void leave (void)
{
	resolver_free (resolver);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
}

START_TEST (an_idle_resolver_keeps_no_loop)
{
	setup ();
	ck_assert (!uv_loop_alive (&loop));
	leave ();
}
END_TEST

START_TEST (sixteen_run_and_the_others_wait)
{
	setup ();
	for (int i = 0; i < MANY; i++)
		look_up (i, "name");
	wait_inside (RESOLVER_THREADS);
	ck_assert_int_eq (started, RESOLVER_THREADS);
	uv_run (&loop, UV_RUN_NOWAIT);
	ck_assert_int_eq (done, 0);
	ck_assert (uv_loop_alive (&loop));
	release (1);
	while (done < 1)
		uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (started, RESOLVER_THREADS + 1);
	release (MANY);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (done, MANY);
	ck_assert_int_eq (started, MANY);
	ck_assert_int_eq (most, RESOLVER_THREADS);
	ck_assert (signals_blocked);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq (statuses[i], 0);
	leave ();
}
END_TEST

START_TEST (a_failure_is_reported)
{
	setup ();
	look_up (0, "nobody");
	release (1);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (done, 1);
	ck_assert_int_eq (statuses[0], EAI_NONAME);
	leave ();
}
END_TEST

START_TEST (a_cancelled_lookup_is_not_reported)
{
	struct lookup *lookups[MANY];

	setup ();
	for (int i = 0; i < MANY; i++)
		lookups[i] = look_up (i, "name");
	wait_inside (RESOLVER_THREADS);
	lookup_cancel (lookups[3]); /* runs */
	lookup_cancel (lookups[MANY - 1]); /* waits */
	lookup_cancel (NULL);
	release (MANY);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (done, MANY - 2);
	for (int i = 0; i < done; i++)
		ck_assert (order[i] != 3 && order[i] != MANY - 1);
	ck_assert_int_eq (finished, MANY - 1);
	leave ();
}
END_TEST

START_TEST (nobody_waits_for_a_thread)
{
	setup ();
	for (int i = 0; i < MANY; i++)
		look_up (i, "name");
	wait_inside (RESOLVER_THREADS);
	leave (); /* while sixteen are stuck */
	ck_assert_int_eq (done, 0);
	release (MANY);
	wait_finished (RESOLVER_THREADS);
}
END_TEST

/* The library: clocks start with the dial, and remex_free returns. */
START_TEST (a_waiting_host_is_not_dialled)
{
	struct remex_host *hosts[RESOLVER_THREADS + 1];
	char directory[] = "/tmp/remex-check-XXXXXX", path[64], command[128];
	struct credential *mine;
	struct remex *remex;
	struct err err;

	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (path, sizeof path, "%s/id.pem", directory);
	ck_assert_ptr_nonnull (mine = credential_make ("me", &err));
	ck_assert_int_eq (credential_write (mine, path, &err), 0);
	credential_free (mine);
	ck_assert_ptr_nonnull (remex = remex_new ());
	ck_assert_int_eq (remex_set_directory (remex, directory, NULL), 0);
	for (int i = 0; i <= RESOLVER_THREADS; i++) {
		char name[32];

		snprintf (name, sizeof name, "name%d", i);
		ck_assert_ptr_nonnull (hosts[i] = remex_connect (remex, name, NULL));
	}
	wait_inside (RESOLVER_THREADS);
	ck_assert (hosts[RESOLVER_THREADS - 1]->give_up_ms < INT64_MAX);
	ck_assert (hosts[RESOLVER_THREADS]->give_up_ms == INT64_MAX);
	ck_assert (!uv_is_active ((uv_handle_t *)&hosts[RESOLVER_THREADS]->timer));
	remex_free (remex);
	release (MANY);
	wait_finished (RESOLVER_THREADS);
	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, an_idle_resolver_keeps_no_loop);
	tcase_add_test (tcase, sixteen_run_and_the_others_wait);
	tcase_add_test (tcase, a_failure_is_reported);
	tcase_add_test (tcase, a_cancelled_lookup_is_not_reported);
	tcase_add_test (tcase, nobody_waits_for_a_thread);
	tcase_add_test (tcase, a_waiting_host_is_not_dialled);
}

CHECK_MAIN ("resolver", add_cases)
