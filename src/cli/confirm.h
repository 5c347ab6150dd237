/* confirm - the question before a command acts on many hosts: `confirm_above` in hosts.yaml (remex-hosts(7)). */
#ifndef REMEX_CLI_CONFIRM_H
#define REMEX_CLI_CONFIRM_H

#include <stddef.h>

#include "hosts/hosts.h"

enum confirm_elsewhere {
	CONFIRM_REFUSE, /* where nobody can be asked, the command is refused */
	CONFIRM_RUN, /* the command is run: for scripts of another program that has no such question */
};

/* The command is to act on these hosts, on n of them. If n is above confirm_above, the person at the terminal is asked
 * for that number. 0: go on, or the exit status (the reason was reported). */
int confirm_hosts (
	const struct hosts *hosts, const struct host_targets *targets, size_t n, enum confirm_elsewhere elsewhere);

#endif
