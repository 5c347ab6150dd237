/* sockdiag - the file of a Unix socket, from the kernel's list of sockets (sock_diag(7), unix_diag). The list needs no
 * capability, but kernel support (CONFIG_UNIX_DIAG), and has sockets of our network namespace only.
 */
#ifndef REMEX_NET_SOCKDIAG_H
#define REMEX_NET_SOCKDIAG_H

#include <stdint.h>

/* The file that a socket is bound to. The numbers are the kernel's own: on some file systems (btrfs, overlayfs) stat(2)
 * shows others, and the inode is cut to 32 bits. Use them to compare sockets. */
struct sockdiag_file {
	uint32_t device, inode;
	char name[108]; /* the argument of bind(2); the rest is zero */
};

/* The file that `fd`, a Unix socket, is bound to, or was accepted on. 0; -1 with errno: ENOENT (the socket has no file,
 * or is in another network namespace, or the kernel has no such list), or the errors of socket(2). */
int sockdiag_file (int fd, struct sockdiag_file *file);

#endif
