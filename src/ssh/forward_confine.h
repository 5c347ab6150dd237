/* forward_confine - the system calls that remex-ssh --forward must not make (libseccomp): it talks to a machine of others, and
 * runs in a place where it needs to connect, to look names up and to move bytes. All else that could be used against this
 * machine is refused: to execute and to make processes, to signal and to trace others, to listen, to write to files, and the
 * parts of the kernel that have no use here. */
#ifndef REMEX_SSH_FORWARD_CONFINE_H
#define REMEX_SSH_FORWARD_CONFINE_H

#include "base/err.h"

/* 0, also where remex was built without libseccomp, or with sanitizers; or -1 and err, and the calls are not filtered. */
int forward_confine (struct err *err);

#endif
