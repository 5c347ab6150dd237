/* helper - a command for the tests of src/proc: `helper FD ACTION [NUMBER]`.
 *
 * All processes of a helper hold the descriptor FD (a SOCK_SEQPACKET socket, unix(7)) to their end: the process with
 * the other end sees end of file exactly when all of them are gone. Each sends a word when it is up, `ready PID`; one
 * that cannot fork sends `failed PID`. In any case SIGALRM ends each of them after five minutes.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int line = -1;

static void report (const char *word)
{
	char text[64];
	int n = snprintf (text, sizeof text, "%s %d", word, (int)getpid ());

	if (line >= 0 && write (line, text, (size_t)n) < 0)
		_exit (99);
}

static pid_t fork_again (void)
{
	pid_t pid = fork ();

	if (pid < 0) {
		report ("failed"); /* a test would wait for our children otherwise */
		_exit (98);
	}
	alarm (300); /* a child has none of its own (fork(2)) */
	return pid;
}

static _Noreturn void rest (void)
{
	for (;;)
		pause ();
}

static _Noreturn void stubborn (void)
{
	signal (SIGTERM, SIG_IGN);
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	report ("ready");
	rest ();
}

/* A daemon of the usual kind: the command itself is over at once. */
static void daemonise (void)
{
	if (fork_again ())
		return;
	setsid ();
	if (fork_again ())
		_exit (0);
	stubborn ();
}

static void on_term (int signo)
{
	(void)signo;
	report ("term");
	_exit (0);
}

/* Obeys TERM, and reports it; but it is stopped. */
static _Noreturn void stopped (void)
{
	signal (SIGTERM, on_term);
	report ("ready");
	raise (SIGSTOP);
	rest ();
}

/* N chains: each link forks the next and exits. Beneath a stopped subreaper the links stay as zombies: a chain that has become
   long goes on slowly, for it must not take all process ids of the machine from the tests beside it. */
static void comets (int n)
{
	enum { FAST = 1000 };

	while (n--) {
		if (fork_again ())
			continue;
		setsid ();
		signal (SIGTERM, SIG_IGN);
		report ("ready");
		for (int links = 0;; links++) {
			if (links > FAST)
				poll (NULL, 0, 2);
			if (fork_again ())
				_exit (0);
		}
	}
}

/* N processes, some in sessions of their own, some three deep. */
static _Noreturn void crowd (int n)
{
	for (int i = 1; i < n; i++) {
		if (fork_again ()) {
			if (i % 3)
				continue;
			rest (); /* this one stays a parent; its child goes on with the crowd */
		}
		if (i % 4 == 0)
			setsid ();
		if (i % 3)
			stubborn ();
		signal (SIGTERM, SIG_IGN);
		report ("ready");
	}
	stubborn ();
}

static void *thread_run (void *arg)
{
	(void)arg;
	report ("ready");
	rest ();
}

/* The main thread ends, another goes on: proc(5) shows a zombie that lives. */
static _Noreturn void headless (void)
{
	pthread_t thread;

	signal (SIGTERM, SIG_IGN);
	if (pthread_create (&thread, NULL, thread_run, NULL))
		_exit (97);
	pthread_exit (NULL);
}

static void *thread_fork (void *arg)
{
	(void)arg;
	if (!fork_again ())
		stubborn ();
	rest ();
}

/* The child belongs to the second thread. */
static _Noreturn void threaded (void)
{
	pthread_t thread;

	if (pthread_create (&thread, NULL, thread_fork, NULL))
		_exit (97);
	rest ();
}

/* --- show: what a program finds when it starts ----------------------------------------------------------------- */

static void show_fds (void)
{
	DIR *dir = opendir ("/proc/self/fd");
	int fds[64], n = 0;
	struct dirent *entry;

	if (!dir)
		_exit (96);
	while ((entry = readdir (dir)) && n < 64)
		if (entry->d_name[0] != '.' && atoi (entry->d_name) != dirfd (dir))
			fds[n++] = atoi (entry->d_name);
	closedir (dir);
	printf ("fds");
	for (int want = 0; want < 1024; want++)
		for (int i = 0; i < n; i++)
			if (fds[i] == want)
				printf (" %d%s", want, fcntl (want, F_GETFL) & O_NONBLOCK ? "n" : "");
	putchar ('\n');
}

static void show_status (void)
{
	FILE *file = fopen ("/proc/self/status", "re");
	char text[256];

	while (file && fgets (text, sizeof text, file))
		if (!strncmp (text, "SigBlk:", 7) || !strncmp (text, "SigIgn:", 7) || !strncmp (text, "SigPnd:", 7))
			fputs (text, stdout);
	if (file)
		fclose (file);
}

static void show (char **env)
{
	struct rlimit files, core;
	char cwd[4096];
	mode_t mask = umask (0);

	show_fds ();
	show_status ();
	getrlimit (RLIMIT_NOFILE, &files);
	getrlimit (RLIMIT_CORE, &core);
	printf ("umask %03o\nfiles %llu\ncore %llu\n", (unsigned)mask, (unsigned long long)files.rlim_cur,
		(unsigned long long)core.rlim_cur);
	printf ("session %s\ngroup %s\n", getsid (0) == getpid () ? "own" : "another",
		getpgrp () == getpid () ? "own" : "another");
	printf ("tty %s\n", open ("/dev/tty", O_RDWR | O_CLOEXEC) < 0 ? "none" : "some");
	printf ("cwd %s\n", getcwd (cwd, sizeof cwd) ? cwd : "?");
	for (; *env; env++)
		printf ("env %s\n", *env);
}

int main (int argc, char **argv, char **env)
{
	const char *action = argc > 2 ? argv[2] : "show";
	int n = argc > 3 ? atoi (argv[3]) : 1;

	if (argc > 1)
		line = atoi (argv[1]);
	if (!strcmp (action, "show"))
		show (env);
	alarm (300);
	if (!strcmp (action, "rest")) {
		report ("ready");
		rest ();
	} else if (!strcmp (action, "stubborn"))
		stubborn ();
	else if (!strcmp (action, "daemon"))
		daemonise ();
	else if (!strcmp (action, "stopped"))
		stopped ();
	else if (!strcmp (action, "comets"))
		comets (n);
	else if (!strcmp (action, "crowd"))
		crowd (n);
	else if (!strcmp (action, "headless"))
		headless ();
	else if (!strcmp (action, "threaded"))
		threaded ();
	else if (!strcmp (action, "exit"))
		return n;
	else if (!strcmp (action, "die")) {
		signal (n, SIG_DFL); /* a sanitizer handles some */
		kill (getpid (), n);
	} else if (!strcmp (action, "write")) /* on the three standard descriptors, their numbers */
		return write (1, "1", 1) == 1 && write (2, "2", 1) == 1 && read (0, &n, 1) == 0 ? 0 : 1;
	return 0;
}
