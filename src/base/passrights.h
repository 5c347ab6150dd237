/* passrights - sockets that take no descriptors (SCM_RIGHTS, unix(7)).
 *
 * Whoever can write to a Unix socket can send a descriptor along, and somebody has to close it. That may wait as long as
 * its sender likes: the close of a file asks its file system, which may be the sender's own program (FUSE), and the last
 * close of a TCP socket may wait for its peer (SO_LINGER). A process that must not wait must not get such a descriptor,
 * not even to drop it.
 */
#ifndef REMEX_BASE_PASSRIGHTS_H
#define REMEX_BASE_PASSRIGHTS_H

#include <stdbool.h>

/* Let this Unix socket take no descriptors: a call that sends some fails with EPERM. The sockets that a listening
 * socket accepts take none either. False when the kernel has no such option (SO_PASSRIGHTS, since Linux 6.16). */
bool passrights_refuse (int fd);

/* Is a Unix socket like that? */
bool passrights_refused (int fd);

/* For older kernels: have descriptors come with the bytes (a stream: with any of the bytes) that wait to be read? They
 * stay where they are: the next read would take them. */
bool passrights_pending (int fd);

#endif
