/* check_peer - the caller's identity, and the socket of ours that it used: a socket of another name cannot pass for
 * ours. */
#include "config.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/peer.h"
#include "support/check_main.h"

static char directory[32];

static struct sockaddr_un address_of (const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf (address.sun_path, sizeof address.sun_path, "%s/%s", directory, name);
	return address;
}

static int listen_at (const char *name)
{
	struct sockaddr_un address = address_of (name);
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq (listen (fd, 4), 0);
	return fd;
}

static int connect_to (const char *name)
{
	struct sockaddr_un address = address_of (name);
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void set_up (void)
{
	strcpy (directory, "/tmp/remex-peer-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
}

static void tear_down (void)
{
	static const char *const names[] = { "ours", "other", "mine" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink (address_of (names[i]).sun_path);
	rmdir (directory);
}

START_TEST (test_uid)
{
	int pair[2];
	uid_t uid = 12345;
	pid_t pid = 0;

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq (peer_uid (pair[0], &uid, &pid), 0);
	ck_assert_uint_eq (uid, geteuid ());
	ck_assert_int_eq (pid, getpid ());
	ck_assert_int_eq (peer_uid (STDERR_FILENO, &uid, NULL), -1);
	ck_assert (peer_in_group (pair[0], getegid ()));
	ck_assert (!peer_in_group (pair[0], 54321));
	close (pair[0]);
	close (pair[1]);
}
END_TEST

/* Remove CAP_NET_ADMIN from the effective capabilities of this process, or restore it where that is permitted
 * (capset(2)). */
static void net_admin (bool on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	ck_assert_int_eq (syscall (SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << CAP_NET_ADMIN);
	if (on)
		data[0].effective |= data[0].permitted & 1u << CAP_NET_ADMIN;
	ck_assert_int_eq (syscall (SYS_capset, &header, data), 0);
}

/* A lying front: it connects to a listener of root's, where SO_PEERCRED says "root", and shows us that socket. With the
 * capability and without it. */
START_TEST (test_accepted_on)
{
	struct sockaddr_un mine = address_of ("mine");
	int listener, other, client, accepted, liar, pair[2];
	uid_t uid;

	net_admin (_i == 0);
	listener = listen_at ("ours");
	other = listen_at ("other");
	client = connect_to ("ours");
	ck_assert_int_ge (accepted = accept (listener, NULL, NULL), 0);
	ck_assert (peer_accepted_on (listener, listener));
	ck_assert (peer_accepted_on (accepted, listener));
	ck_assert (!peer_accepted_on (accepted, other));
	ck_assert (!peer_accepted_on (other, listener));

	/* The connecting end has the listener's credentials, but not its file. */
	ck_assert_int_eq (peer_uid (client, &uid, NULL), 0);
	ck_assert_uint_eq (uid, geteuid ());
	ck_assert (!peer_accepted_on (client, listener));

	/* Bound to a name of its own it has that file, which is not ours. */
	liar = socket (AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq (bind (liar, (struct sockaddr *)&mine, sizeof mine), 0);
	mine = address_of ("other");
	ck_assert_int_eq (connect (liar, (struct sockaddr *)&mine, sizeof mine), 0);
	ck_assert (!peer_accepted_on (liar, listener));

	/* A new file under our former name is another file. */
	unlink (address_of ("ours").sun_path);
	close (other);
	other = listen_at ("ours");
	ck_assert (!peer_accepted_on (accepted, other));
	ck_assert (peer_accepted_on (accepted, listener));

	/* Sockets without a file. */
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert (!peer_accepted_on (pair[0], listener));
	ck_assert (!peer_accepted_on (pair[0], pair[1]));
	ck_assert (!peer_accepted_on (STDERR_FILENO, listener));
	ck_assert (!peer_accepted_on (-1, listener));
	close (pair[0]);
	close (pair[1]);
	close (listener);
	close (other);
	close (client);
	close (accepted);
	close (liar);
	net_admin (true);
}
END_TEST

/* The listening socket has the file and the listener's credentials, and is no connection. */
START_TEST (test_is_connection)
{
	int pair[2], listener = listen_at ("ours"), client, accepted, tcp = socket (AF_INET, SOCK_STREAM, 0);

	ck_assert (!peer_is_connection (listener));
	client = connect_to ("ours");
	ck_assert_int_ge (accepted = accept (listener, NULL, NULL), 0);
	ck_assert (peer_is_connection (accepted));
	ck_assert (!peer_is_connection (tcp));
	ck_assert (!peer_is_connection (STDERR_FILENO));
	ck_assert (!peer_is_connection (-1));
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert (!peer_is_connection (pair[0]));
	close (pair[0]);
	close (pair[1]);
	close (tcp);
	close (client);
	close (accepted);
	close (listener);
}
END_TEST

/* Bytes that the peer sent before it disconnected are unread: it has disconnected all the same. */
START_TEST (test_is_there)
{
	int pair[2], fd = socket (AF_UNIX, SOCK_STREAM, 0);

	ck_assert (!peer_is_there (fd));
	ck_assert (!peer_is_there (-1));
	close (fd);
	for (int how = 0; how < 4; how++) {
		ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
		ck_assert_int_eq (write (pair[1], "x", 1), 1);
		ck_assert (peer_is_there (pair[0]));
		switch (how) {
		case 0: close (pair[1]); break;
		case 1: shutdown (pair[1], SHUT_WR); break;
		case 2: shutdown (pair[0], SHUT_RD); break;
		case 3: shutdown (pair[1], SHUT_RD); break; /* it may still send */
		}
		ck_assert (peer_is_there (pair[0]) == (how == 3));
		close (pair[0]);
		if (how)
			close (pair[1]);
	}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_uid);
	tcase_add_loop_test (tcase, test_accepted_on, 0, 2);
	tcase_add_test (tcase, test_is_connection);
	tcase_add_test (tcase, test_is_there);
}

CHECK_MAIN ("net/peer", add_cases)
