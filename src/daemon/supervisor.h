/* supervisor - the only privileged process: it makes all other processes, and reports how each of them ended.
 *
 * It is single-threaded, with one poll loop. It parses no bytes from the network and loads no plugin. It owns the rooms
 * of this folder and connects them: listening, front_process, workers, reload. The rooms do not know the supervisor,
 * and do not call it.
 *
 *   STARTING ──front ready──▶ SERVING ──TERM, INT──▶ DRAINING ──front gone, or a second signal──▶ ENDING ──all gone──▶ exit
 *
 * STARTING: the generation is proved, and the front is not ready. DRAINING: the front finishes the running requests.
 * ENDING: the front is gone, and the keepers finish.
 */
#ifndef REMEX_DAEMON_SUPERVISOR_H
#define REMEX_DAEMON_SUPERVISOR_H

#include "daemon/daemon_options.h"

/* Run until told to end. Returns the exit status. */
int supervisor_run (const struct daemon_options *options);

#endif
