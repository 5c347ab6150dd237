/* socket_settings - see socket_settings.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "net/socket_settings.h"

/* Newer than the C library's headers may be. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_TXREHASH
#define SO_TXREHASH 74
#endif
#ifndef SO_RESERVE_MEM
#define SO_RESERVE_MEM 73
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#ifndef TCP_TX_DELAY
#define TCP_TX_DELAY 37
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

#define ROW(level, name) \
	{ \
		level, name, #name \
	}

static const struct {
	int level, option;
	const char *name;
} table[] = {
	ROW (SOL_SOCKET, SO_KEEPALIVE),
	ROW (SOL_SOCKET, SO_LINGER),
	ROW (SOL_SOCKET, SO_RCVBUF),
	ROW (SOL_SOCKET, SO_SNDBUF),
	ROW (SOL_SOCKET, SO_BUF_LOCK),
	ROW (SOL_SOCKET, SO_RESERVE_MEM),
	ROW (SOL_SOCKET, SO_RCVLOWAT),
	ROW (SOL_SOCKET, SO_RCVTIMEO),
	ROW (SOL_SOCKET, SO_SNDTIMEO),
	ROW (SOL_SOCKET, SO_REUSEADDR),
	ROW (SOL_SOCKET, SO_REUSEPORT),
	ROW (SOL_SOCKET, SO_DEBUG),
	ROW (SOL_SOCKET, SO_DONTROUTE),
	ROW (SOL_SOCKET, SO_BROADCAST),
	ROW (SOL_SOCKET, SO_OOBINLINE),
	ROW (SOL_SOCKET, SO_NO_CHECK),
	ROW (SOL_SOCKET, SO_PRIORITY),
	ROW (SOL_SOCKET, SO_MARK),
	ROW (SOL_SOCKET, SO_BINDTODEVICE),
	ROW (SOL_SOCKET, SO_PASSCRED),
	ROW (SOL_SOCKET, SO_PASSSEC),
	ROW (SOL_SOCKET, SO_PASSPIDFD),
	ROW (SOL_SOCKET, SO_PASSRIGHTS),
	ROW (SOL_SOCKET, SO_TIMESTAMP),
	ROW (SOL_SOCKET, SO_TIMESTAMPNS),
	ROW (SOL_SOCKET, SO_TIMESTAMPING),
	ROW (SOL_SOCKET, SO_LOCK_FILTER),
	ROW (SOL_SOCKET, SO_RXQ_OVFL),
	ROW (SOL_SOCKET, SO_PEEK_OFF),
	ROW (SOL_SOCKET, SO_BUSY_POLL),
	ROW (SOL_SOCKET, SO_MAX_PACING_RATE),
	ROW (SOL_SOCKET, SO_ZEROCOPY),
	ROW (SOL_SOCKET, SO_TXTIME),
	ROW (SOL_SOCKET, SO_TXREHASH),
	ROW (IPPROTO_TCP, TCP_NODELAY),
	ROW (IPPROTO_TCP, TCP_MAXSEG),
	ROW (IPPROTO_TCP, TCP_CORK),
	ROW (IPPROTO_TCP, TCP_KEEPIDLE),
	ROW (IPPROTO_TCP, TCP_KEEPINTVL),
	ROW (IPPROTO_TCP, TCP_KEEPCNT),
	ROW (IPPROTO_TCP, TCP_SYNCNT),
	ROW (IPPROTO_TCP, TCP_LINGER2),
	ROW (IPPROTO_TCP, TCP_DEFER_ACCEPT),
	ROW (IPPROTO_TCP, TCP_WINDOW_CLAMP),
	ROW (IPPROTO_TCP, TCP_QUICKACK),
	ROW (IPPROTO_TCP, TCP_CONGESTION),
	ROW (IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS),
	ROW (IPPROTO_TCP, TCP_USER_TIMEOUT),
	ROW (IPPROTO_TCP, TCP_FASTOPEN),
	ROW (IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE),
	ROW (IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	ROW (IPPROTO_TCP, TCP_SAVE_SYN),
	ROW (IPPROTO_TCP, TCP_ULP),
	ROW (IPPROTO_TCP, TCP_INQ),
	ROW (IPPROTO_TCP, TCP_TX_DELAY),
	ROW (IPPROTO_IP, IP_TOS),
	ROW (IPPROTO_IP, IP_TTL),
	ROW (IPPROTO_IP, IP_MINTTL),
	ROW (IPPROTO_IP, IP_OPTIONS),
	ROW (IPPROTO_IP, IP_MTU_DISCOVER),
	ROW (IPPROTO_IP, IP_RECVERR),
	ROW (IPPROTO_IP, IP_PKTINFO),
	ROW (IPPROTO_IP, IP_FREEBIND),
	ROW (IPPROTO_IP, IP_TRANSPARENT),
	ROW (IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
	ROW (IPPROTO_IP, IP_LOCAL_PORT_RANGE),
	ROW (IPPROTO_IPV6, IPV6_V6ONLY),
	ROW (IPPROTO_IPV6, IPV6_TCLASS),
	ROW (IPPROTO_IPV6, IPV6_UNICAST_HOPS),
	ROW (IPPROTO_IPV6, IPV6_MINHOPCOUNT),
	ROW (IPPROTO_IPV6, IPV6_MTU_DISCOVER),
	ROW (IPPROTO_IPV6, IPV6_DONTFRAG),
	ROW (IPPROTO_IPV6, IPV6_RECVERR),
	ROW (IPPROTO_IPV6, IPV6_RECVPKTINFO),
	ROW (IPPROTO_IPV6, IPV6_AUTOFLOWLABEL),
	ROW (IPPROTO_IPV6, IPV6_FLOWINFO_SEND),
	ROW (IPPROTO_IPV6, IPV6_FREEBIND),
	ROW (IPPROTO_IPV6, IPV6_TRANSPARENT),
	ROW (IPPROTO_IPV6, IPV6_HOPOPTS),
	ROW (IPPROTO_IPV6, IPV6_RTHDR),
	ROW (IPPROTO_IPV6, IPV6_DSTOPTS),
	/* The size is a number of instructions; with 0 they are counted, and not copied (socket(7)). */
	ROW (SOL_SOCKET, SO_GET_FILTER),
};

enum { ROWS = sizeof table / sizeof *table };

_Static_assert((int)ROWS <= (int)SOCKET_SETTINGS_MAX, "a reading has room for all");

void socket_settings_read (struct socket_settings *settings, int fd)
{
	memset (settings, 0, sizeof *settings);
	settings->flags = fcntl (fd, F_GETFL);
	settings->owner = fcntl (fd, F_GETOWN);
	settings->signal = fcntl (fd, F_GETSIG);
	for (int i = 0; i < ROWS; i++) {
		socklen_t size =
			table[i].option == SO_GET_FILTER && table[i].level == SOL_SOCKET ? 0 : SOCKET_SETTING_SIZE;

		if (getsockopt (fd, table[i].level, table[i].option, settings->options[i].value, &size) < 0)
			settings->options[i].error = errno;
		else
			settings->options[i].size = size;
	}
}

void socket_settings_restore_flags (const struct socket_settings *settings, int fd)
{
	fcntl (fd, F_SETFL, settings->flags);
	fcntl (fd, F_SETSIG, settings->signal);
	fcntl (fd, F_SETOWN, settings->owner);
}

const char *socket_settings_compare (const struct socket_settings *one, const struct socket_settings *other)
{
	int flags = one->flags ^ other->flags;

	if (flags)
		return flags & O_NONBLOCK ? "O_NONBLOCK" : flags & O_ASYNC ? "O_ASYNC" : "F_SETFL";
	if (one->owner != other->owner)
		return "F_SETOWN";
	if (one->signal != other->signal)
		return "F_SETSIG";
	for (int i = 0; i < ROWS; i++)
		if (memcmp (&one->options[i], &other->options[i], sizeof one->options[i]) != 0)
			return table[i].name;
	return NULL;
}
