/* check_socket_settings - what a process can set on a listening socket that it shares is seen. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket_settings.h"
#include "support/check_main.h"

static int fd;
static struct socket_settings before, after;

static int open_listener (int family)
{
	int one = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge (one, 0);
	ck_assert_int_eq (listen (one, 1), 0);
	return one;
}

static void set_up (void)
{
	fd = open_listener (AF_INET);
	socket_settings_read (&before, fd);
}

static void tear_down (void)
{
	close (fd);
}

static const char *difference (void)
{
	socket_settings_read (&after, fd);
	return socket_settings_compare (&before, &after);
}

#define ROW(level, name, value) \
	{ \
		level, name, #name, value \
	}

/* First those that the front's filter of system calls allows (src/front/confine.c). */
static const struct {
	int level, option;
	const char *name;
	int value;
} options[] = {
	ROW (SOL_SOCKET, SO_KEEPALIVE, 1),
	ROW (SOL_SOCKET, SO_RCVBUF, 8192),
	ROW (SOL_SOCKET, SO_SNDBUF, 8192),
	ROW (SOL_SOCKET, SO_RCVLOWAT, 100),
	ROW (IPPROTO_TCP, TCP_NODELAY, 1),
	ROW (IPPROTO_TCP, TCP_CORK, 1),
	ROW (IPPROTO_TCP, TCP_KEEPIDLE, 7),
	ROW (IPPROTO_TCP, TCP_KEEPINTVL, 7),
	ROW (IPPROTO_TCP, TCP_KEEPCNT, 7),
	ROW (IPPROTO_TCP, TCP_USER_TIMEOUT, 1),
	ROW (IPPROTO_TCP, TCP_NOTSENT_LOWAT, 1),
	ROW (SOL_SOCKET, SO_REUSEADDR, 1),
	ROW (SOL_SOCKET, SO_REUSEPORT, 1),
	ROW (SOL_SOCKET, SO_DONTROUTE, 1),
	ROW (SOL_SOCKET, SO_PRIORITY, 3),
	ROW (SOL_SOCKET, SO_LOCK_FILTER, 1),
	ROW (IPPROTO_TCP, TCP_DEFER_ACCEPT, 60),
	ROW (IPPROTO_TCP, TCP_FASTOPEN, 5),
	ROW (IPPROTO_TCP, TCP_SAVE_SYN, 1),
	ROW (IPPROTO_TCP, TCP_MAXSEG, 100),
	ROW (IPPROTO_TCP, TCP_LINGER2, 1),
	ROW (IPPROTO_IP, IP_TOS, 8),
	ROW (IPPROTO_IP, IP_TTL, 1),
	ROW (IPPROTO_IP, IP_MINTTL, 255),
};

enum { OPTIONS = sizeof options / sizeof *options };

START_TEST (an_option)
{
	ck_assert_ptr_null (difference ());
	ck_assert_msg (setsockopt (fd, options[_i].level, options[_i].option, &options[_i].value, sizeof (int)) == 0,
		"%s: %s", options[_i].name, strerror (errno));
	ck_assert_msg (difference () != NULL, "%s", options[_i].name);
}
END_TEST

START_TEST (other_values)
{
	const struct linger linger = { 1, 1000 };
	const struct timeval second = { .tv_sec = 1 };
	const uint8_t route[4] = { 1, 1, 1, 0 }; /* three IPOPT_NOP */

	ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
	ck_assert_str_eq (difference (), "SO_LINGER");
	before = after;
	ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second), 0);
	ck_assert_str_eq (difference (), "SO_SNDTIMEO");
	before = after;
	ck_assert_int_eq (setsockopt (fd, IPPROTO_IP, IP_OPTIONS, route, sizeof route), 0);
	ck_assert_ptr_nonnull (difference ());
}
END_TEST

START_TEST (flags_and_owner)
{
	ck_assert_int_eq (fcntl (fd, F_SETFL, O_NONBLOCK | O_ASYNC), 0);
	ck_assert_str_eq (difference (), "O_ASYNC");
	ck_assert_int_eq (fcntl (fd, F_SETFL, 0), 0);
	ck_assert_str_eq (difference (), "O_NONBLOCK");
	ck_assert_int_eq (fcntl (fd, F_SETSIG, SIGUSR1), 0);
	ck_assert_int_eq (fcntl (fd, F_SETOWN, getpid ()), 0);
	socket_settings_restore_flags (&before, fd);
	ck_assert_ptr_null (difference ());
	ck_assert_int_eq (fcntl (fd, F_SETOWN, getpid ()), 0);
	ck_assert_str_eq (difference (), "F_SETOWN");
	socket_settings_restore_flags (&before, fd);
	ck_assert_int_eq (fcntl (fd, F_SETSIG, SIGUSR1), 0);
	ck_assert_str_eq (difference (), "F_SETSIG");
}
END_TEST

/* TCP's clock, which moves by itself. */
static int time_stamp (void)
{
	socklen_t size = sizeof (int);
	int now = 0;

	ck_assert_int_eq (getsockopt (fd, IPPROTO_TCP, TCP_TIMESTAMP, &now, &size), 0);
	return now;
}

/* What happens to a listening socket by itself is no difference. */
START_TEST (use_is_no_difference)
{
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	int client, accepted;

	ck_assert_int_eq (getsockname (fd, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_ge (client = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	ck_assert_int_eq (connect (client, (struct sockaddr *)&address, sizeof address), 0);
	while ((accepted = accept (fd, NULL, NULL)) < 0)
		ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_eq (listen (fd, 100), 0);
	for (int now = time_stamp (); now == time_stamp ();)
		;
	ck_assert_ptr_null (difference ());
	close (client);
	close (accepted);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_loop_test (tcase, an_option, 0, OPTIONS);
	tcase_add_test (tcase, other_values);
	tcase_add_test (tcase, flags_and_owner);
	tcase_add_test (tcase, use_is_no_difference);
}

CHECK_MAIN ("socket_settings", add_cases)
