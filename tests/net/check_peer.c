/* check_peer - who is calling, and on which of our sockets: nobody can show us a socket with somebody else's name. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/* A front that lies: it connects to a listener of root's, where SO_PEERCRED says "root", and shows us that socket. */
START_TEST (test_socket_file)
{
	struct sockaddr_un mine = address_of ("mine");
	int listener, other, client, accepted, liar;
	struct stat st;
	dev_t device;
	ino_t inode;
	uid_t uid;

	if (geteuid () != 0) {
		fprintf (stderr, "not root: SIOCUNIXFILE needs CAP_NET_ADMIN\n");
		return;
	}
	listener = listen_at ("ours");
	other = listen_at ("other");
	client = connect_to ("ours");
	ck_assert_int_ge (accepted = accept (listener, NULL, NULL), 0);
	ck_assert_int_eq (peer_socket_file (accepted, &device, &inode), 0);
	ck_assert_int_eq (stat (address_of ("ours").sun_path, &st), 0);
	ck_assert (device == st.st_dev && inode == st.st_ino);

	/* The connecting end has the listener's credentials, but not its file. */
	ck_assert_int_eq (peer_uid (client, &uid, NULL), 0);
	ck_assert_uint_eq (uid, geteuid ());
	ck_assert_int_eq (peer_socket_file (client, &device, &inode), -1);

	/* With a name of its own it has that file, which is not ours. */
	liar = socket (AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq (bind (liar, (struct sockaddr *)&mine, sizeof mine), 0);
	mine = address_of ("other");
	ck_assert_int_eq (connect (liar, (struct sockaddr *)&mine, sizeof mine), 0);
	ck_assert_int_eq (peer_socket_file (liar, &device, &inode), 0);
	ck_assert (inode != st.st_ino);
	close (listener);
	close (other);
	close (client);
	close (accepted);
	close (liar);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_uid);
	tcase_add_test (tcase, test_socket_file);
}

CHECK_MAIN ("net/peer", add_cases)
