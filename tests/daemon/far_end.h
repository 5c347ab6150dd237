/* far_end - the other end of a link of the supervisor: a test owns it, and reads there the sent records. */
#ifndef REMEX_TESTS_DAEMON_FAR_END_H
#define REMEX_TESTS_DAEMON_FAR_END_H

#include <stdint.h>

#include "base/link.h"
#include "daemon/front_process.h"

/* Give the front a link, as if it ran, without a process. Returns the far end. */
int far_end_of_front (struct front_process *front);

/* Receive the next record, which must be of that type; waits for it. The packet is valid, and its descriptors are open,
 * until the next call. */
struct packet *far_end_expect (int fd, uint32_t type);

/* That packet again. A caller that takes a descriptor of it sets it to -1 there. */
struct packet *far_end_last (void);

/* Nothing was sent, or (second) nothing more is sent and the link has ended. */
void far_end_expect_nothing (int fd);
void far_end_expect_end (int fd);

#endif
