/* remexd - one program with several roles. A person or a service manager starts the supervisor. The supervisor starts
 * the front by executing the same file with --front. --init and --make-key make files and exit. Keepers and workers are
 * forks of the supervisor.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/daemon_options.h"
#include "daemon/hostkey.h"
#include "daemon/init.h"
#include "daemon/supervisor.h"
#include "front/front.h"
#include "wire/memory.h"

/* Reset the inherited state that a parent may have changed: descriptors 0 to 2, signals, the umask. */
static int reset_inherited (void)
{
	sigset_t none;

	if (fd_fill_std () < 0)
		return -1;
	for (int signo = 1; signo < 32; signo++)
		if (signo != SIGKILL && signo != SIGSTOP)
			signal (signo, SIG_DFL);
	signal (SIGPIPE, SIG_IGN);
	signal (SIGXFSZ,
		SIG_IGN); /* where the size of files is limited, writing to the log or the trail fails instead */
	signal (SIGTTOU, SIG_IGN); /* a terminal may stop those who write to it in the background (stty tostop) */
	sigemptyset (&none);
	if (sigprocmask (SIG_SETMASK, &none, NULL) < 0)
		return -1;
	umask (022);
	return 0;
}

/* Out of memory: end the process. The supervisor handles this like every other end of a front or worker. */
static void no_memory (void)
{
	log_error ("out of memory");
	_exit (EXIT_FAILURE);
}

/* Flush standard output, and report a failure. */
static int finish (int status)
{
	if (fflush (stdout) == 0 && !ferror (stdout))
		return status;
	log_error ("cannot write to standard output: %s", strerror (errno));
	return EXIT_FAILURE;
}

int main (int argc, char **argv)
{
	struct daemon_options options;
	int status;

	log_setup ("remexd", LOG_INFO);
	if (reset_inherited () < 0) {
		log_error ("descriptors and signals cannot be set: %s", strerror (errno));
		return EXIT_FAILURE;
	}
	memory_guard (no_memory);
	if ((status = daemon_options_parse (&options, argc, argv)) >= 0)
		return finish (status);
	if (options.front >= 0)
		return front_run ((int)options.front);
	if (options.make_key)
		return hostkey_make (options.make_key);
	if (options.init)
		return finish (init_run (options.config));
	fd_raise_limit ();
	return finish (supervisor_run (&options));
}
