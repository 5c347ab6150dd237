/* resolver - see resolver.h.
 *
 * The desk is shared by the threads and the loop: a thread puts its lookup on `done` and wakes the loop, under the
 * lock. After resolver_free the desk has no `wake`, and the thread frees the lookup. The last user of the desk frees
 * it.
 */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/list.h"
#include "loop/resolver.h"

struct desk {
	pthread_mutex_t lock; /* protects all members below */
	struct list done; /* lookups that their threads have finished */
	uv_async_t *wake; /* of the loop; NULL: the resolver is freed */
	unsigned users; /* the resolver, and each thread */
};

struct resolver {
	uv_async_t *wake;
	struct desk *desk;
	struct list waiting; /* lookups, in the order in which they came */
	unsigned running; /* at most RESOLVER_THREADS */
	unsigned outstanding; /* lookups that wait, run, or are done and not told */
};

struct lookup {
	/* used by the thread of the loop */
	struct resolver *resolver;
	const struct lookup_ops *ops; /* NULL: cancelled */
	void *arg;
	bool waiting; /* in resolver->waiting */
	/* used by the lookup's own thread; by the thread of the loop once the lookup is on `done` */
	struct list node; /* in resolver->waiting, in desk->done */
	struct desk *desk;
	int status;
	struct addrinfo *found;
	char port[8];
	char host[];
};

static void lookup_free (struct lookup *lookup)
{
	if (lookup->found)
		freeaddrinfo (lookup->found);
	free (lookup);
}

/* Call it with the lock held; it unlocks. */
static void desk_leave (struct desk *desk)
{
	bool last = --desk->users == 0;

	pthread_mutex_unlock (&desk->lock);
	if (!last)
		return;
	pthread_mutex_destroy (&desk->lock);
	free (desk);
}

/* --- the threads ------------------------------------------------------------------------------------------------- */

/* The lookup is done: tell the loop, if it still exists. */
static void finish (struct lookup *lookup)
{
	struct desk *desk = lookup->desk;

	pthread_mutex_lock (&desk->lock);
	if (desk->wake) {
		list_append (&desk->done, &lookup->node);
		uv_async_send (desk->wake);
	} else {
		lookup_free (lookup);
	}
	desk_leave (desk);
}

static void *run (void *arg)
{
	static const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct lookup *lookup = arg;

	if ((lookup->status = getaddrinfo (lookup->host, lookup->port, &hints, &lookup->found)))
		lookup->found = NULL;
	finish (lookup);
	return NULL;
}

/* 0, or an errno. */
static int start_thread (struct lookup *lookup)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error = pthread_attr_init (&attributes);

	if (error)
		return error;
	pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
	/* Signals to the process must be handled by the caller's threads. */
	sigfillset (&all);
	pthread_sigmask (SIG_SETMASK, &all, &before);
	error = pthread_create (&thread, &attributes, run, lookup);
	pthread_sigmask (SIG_SETMASK, &before, NULL);
	pthread_attr_destroy (&attributes);
	return error;
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

/* The loop stays alive for as long as there is a lookup. */
static void count (struct resolver *resolver, int change)
{
	resolver->outstanding += (unsigned)change;
	if (resolver->outstanding)
		uv_ref ((uv_handle_t *)resolver->wake);
	else
		uv_unref ((uv_handle_t *)resolver->wake);
}

static void start_waiting (struct resolver *resolver)
{
	while (!list_empty (&resolver->waiting) && resolver->running < RESOLVER_THREADS) {
		struct lookup *lookup = list_entry (resolver->waiting.next, struct lookup, node);
		struct desk *desk = resolver->desk;

		list_remove (&lookup->node);
		lookup->waiting = false;
		pthread_mutex_lock (&desk->lock);
		desk->users++;
		pthread_mutex_unlock (&desk->lock);
		resolver->running++;
		if (start_thread (lookup)) {
			/* Treat the lookup as if it had run and failed. */
			lookup->status = EAI_MEMORY;
			finish (lookup);
		}
		if (lookup->ops)
			lookup->ops->started (lookup->arg);
	}
}

static void on_wake (uv_async_t *wake)
{
	struct resolver *resolver = wake->data;
	struct desk *desk = resolver->desk;

	/* Take one at a time: a callback may free other lookups of the resolver, but not the resolver. */
	for (;;) {
		struct lookup *lookup = NULL;

		pthread_mutex_lock (&desk->lock);
		if (!list_empty (&desk->done)) {
			lookup = list_entry (desk->done.next, struct lookup, node);
			list_remove (&lookup->node);
		}
		pthread_mutex_unlock (&desk->lock);
		if (!lookup)
			break;
		resolver->running--;
		count (resolver, -1);
		if (lookup->ops)
			lookup->ops->done (lookup->arg, lookup->status, lookup->found);
		lookup_free (lookup);
	}
	start_waiting (resolver);
}

struct lookup *resolver_look_up (
	struct resolver *resolver, const char *host, const char *port, const struct lookup_ops *ops, void *arg)
{
	size_t size = strlen (host) + 1;
	struct lookup *lookup = calloc (1, sizeof *lookup + size);

	if (!lookup)
		return NULL;
	lookup->ops = ops;
	lookup->arg = arg;
	lookup->resolver = resolver;
	lookup->desk = resolver->desk;
	snprintf (lookup->port, sizeof lookup->port, "%s", port);
	memcpy (lookup->host, host, size);
	lookup->waiting = true;
	list_append (&resolver->waiting, &lookup->node);
	count (resolver, 1);
	start_waiting (resolver);
	return lookup;
}

void lookup_cancel (struct lookup *lookup)
{
	if (!lookup)
		return;
	lookup->ops = NULL;
	if (!lookup->waiting)
		return; /* its thread or the loop frees it */
	list_remove (&lookup->node);
	count (lookup->resolver, -1);
	lookup_free (lookup);
}

struct resolver *resolver_new (uv_loop_t *loop)
{
	struct resolver *resolver = calloc (1, sizeof *resolver);
	struct desk *desk = calloc (1, sizeof *desk);
	uv_async_t *wake = calloc (1, sizeof *wake);

	if (!resolver || !desk || !wake || pthread_mutex_init (&desk->lock, NULL)) {
		free (resolver);
		free (desk);
		free (wake);
		return NULL;
	}
	if (uv_async_init (loop, wake, on_wake) < 0) {
		pthread_mutex_destroy (&desk->lock);
		free (resolver);
		free (desk);
		free (wake);
		return NULL;
	}
	wake->data = resolver;
	desk->wake = resolver->wake = wake;
	desk->users = 1;
	list_init (&desk->done);
	list_init (&resolver->waiting);
	resolver->desk = desk;
	count (resolver, 0);
	return resolver;
}

static void on_closed (uv_handle_t *wake)
{
	free (wake);
}

void resolver_free (struct resolver *resolver)
{
	struct lookup *lookup, *after;

	if (!resolver)
		return;
	list_each_safe (lookup, after, &resolver->waiting, node)
		lookup_free (lookup);
	pthread_mutex_lock (&resolver->desk->lock);
	list_each_safe (lookup, after, &resolver->desk->done, node)
		lookup_free (lookup);
	resolver->desk->wake = NULL;
	desk_leave (resolver->desk);
	uv_close ((uv_handle_t *)resolver->wake, on_closed);
	free (resolver);
}
