/* socket_settings - what a process that has a socket can set on it for all others that have it: socket options, and the
 * flags and the owner of its open file description. Two readings are compared.
 *
 * Settings that the kernel does not report are left out (TCP_MD5SIG), and so are those that change by themselves.
 */
#ifndef REMEX_NET_SOCKET_SETTINGS_H
#define REMEX_NET_SOCKET_SETTINGS_H

#include <stdint.h>
#include <sys/socket.h>

enum { SOCKET_SETTINGS_MAX = 128, SOCKET_SETTING_SIZE = 16 };

struct socket_settings {
	int flags, owner, signal; /* fcntl(2): F_GETFL, F_GETOWN, F_GETSIG */
	struct {
		int error; /* errno; 0: the socket has that option */
		socklen_t size;
		uint8_t value[SOCKET_SETTING_SIZE]; /* of a longer value its beginning */
	} options[SOCKET_SETTINGS_MAX];
};

/* Read all settings of a listening socket. */
void socket_settings_read (struct socket_settings *settings, int fd);

/* Set the flags and the owner as they were read. */
void socket_settings_restore_flags (const struct socket_settings *settings, int fd);

/* The name of the first setting that differs ("SO_RCVBUF", "O_NONBLOCK"); NULL: none does. One that is set may change
 * another one. */
const char *socket_settings_compare (const struct socket_settings *one, const struct socket_settings *other);

#endif
