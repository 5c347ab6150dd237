/* passrights - see passrights.h. */
#include "config.h"

#include <sys/socket.h>

#include "base/passrights.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* <asm-generic/socket.h> */
#endif

bool passrights_refuse (int fd)
{
	int off = 0;

	return setsockopt (fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off) == 0;
}

bool passrights_refused (int fd)
{
	socklen_t size = sizeof (int);
	int on = 1;

	return getsockopt (fd, SOL_SOCKET, SO_PASSRIGHTS, &on, &size) == 0 && !on;
}

bool passrights_pending (int fd)
{
	/* No bytes and no descriptors are copied. The kernel says that there was no room for the descriptors. */
	struct msghdr message = { 0 };

	return recvmsg (fd, &message, MSG_PEEK | MSG_DONTWAIT) >= 0 && message.msg_flags & MSG_CTRUNC;
}
