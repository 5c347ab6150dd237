/* lock_holder - a thread that holds the lock of a pipe for as long as the test wants: whoever reads, writes or closes the
 * last end of that pipe waits. */
#ifndef TESTS_FRONT_LOCK_HOLDER_H
#define TESTS_FRONT_LOCK_HOLDER_H

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

struct lock_holder {
	int pipe; /* the write end; the caller's */
	int silence[2];
	atomic_int tid;
	pthread_t thread;
};

/* splice(2) from a socket without data holds the pipe's lock. */
static void *lock_hold (void *arg)
{
	struct lock_holder *holder = arg;

	atomic_store (&holder->tid, gettid ());
	while (splice (holder->silence[0], NULL, holder->pipe, NULL, 4096, 0) > 0)
		;
	return NULL;
}

/* The system call of a sleeping thread is visible (proc(5)). */
static bool lock_is_held (struct lock_holder *holder)
{
	char path[64], text[64] = "";
	int fd;

	snprintf (path, sizeof path, "/proc/self/task/%d/syscall", (int)atomic_load (&holder->tid));
	fd = open (path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read (fd, text, sizeof text - 1) < 0)
		*text = '\0';
	fd_close (&fd);
	return atoi (text) == SYS_splice;
}

/* Returns when the lock is held. */
static void lock_holder_begin (struct lock_holder *holder, int pipe)
{
	holder->pipe = pipe;
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, holder->silence), 0);
	ck_assert_int_eq (pthread_create (&holder->thread, NULL, lock_hold, holder), 0);
	while (!lock_is_held (holder))
		poll (NULL, 0, 1);
}

/* Returns when the lock is free. The pipe stays open. */
static void lock_holder_end (struct lock_holder *holder)
{
	fd_close (&holder->silence[1]);
	pthread_join (holder->thread, NULL);
	fd_close (&holder->silence[0]);
}

#endif
