/* alone_kill - signals for the processes of a call on a machine that has an sshd alone. libssh2 cannot signal a command, and
 * closing its channel kills nothing: so a second exec looks for the call's mark in /proc/PID/environ (quote.h), and kills what
 * has it: SIGTERM, after the grace SIGKILL, until nothing is left.
 *
 * What has dropped the mark from its environment is found by the process group of the command only.
 */
#ifndef REMEX_SSH_ALONE_KILL_H
#define REMEX_SSH_ALONE_KILL_H

#include "ssh/alone.h"
#include "ssh/quote.h"

enum { ALONE_GRACE_MS = 2000, ALONE_HANG_UP_MS = 500 };

/* Whose processes: what the script of quote.h has said. */
struct alone_mark {
	char mark[QUOTE_MARK + 1];
	long pid; /* of the command, which leads a process group; 0: not known */
	char start[24]; /* its start time, in digits; "": not known, and the group is not signalled */
	bool tty; /* it has a terminal */
};

struct alone_kill;

/* `left` processes could not be killed; or `why` says that nothing was killed. The last call; it frees. */
typedef void alone_killed (void *arg, int left, const char *why);

/* Kill all of them; those of a terminal get SIGHUP and SIGCONT first, and ALONE_HANG_UP_MS to end by that. NULL and err: it
 * cannot be tried. */
struct alone_kill *alone_kill_new (
	struct alone_call *call, const struct alone_mark *mark, alone_killed *killed, void *arg, struct err *err);

/* Signal the command's process group, or the foreground process group of its terminal; `killed` tells when that is done. NULL
 * and err; also where the group is not known. Without a terminal SIGTSTP becomes SIGSTOP: nobody could stop the command from
 * a keyboard, and the kernel ignores SIGTSTP in such a group (setpgid(2), orphaned process group). */
struct alone_kill *alone_signal_new (struct alone_call *call, const struct alone_mark *mark, int signo,
	alone_killed *killed, void *arg, struct err *err);

/* Look whether the command still runs: `killed` gets `left` 1 if so, 0 if not; where there is no /proc, 0. Its group has to be
 * known. NULL and err. */
struct alone_kill *alone_probe_new (
	struct alone_call *call, const struct alone_mark *mark, alone_killed *killed, void *arg, struct err *err);

/* Forget it; nothing is told any more. What was begun over there goes on. NULL is allowed. */
void alone_kill_free (struct alone_kill *kill);

#endif
