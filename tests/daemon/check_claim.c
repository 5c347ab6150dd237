/* check_claim - which workers a front may have. tests/system/tcp.test has a whole front that asks for more than it is
 * allowed. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/claim.h"
#include "net/peer.h"
#include "support/check_main.h"

static char directory[] = "/tmp/remex-claim-XXXXXX";
static struct listening listening;
static struct identity_files identities;

static void set_up (void)
{
	char path[64];
	struct err err;

	ck_assert_ptr_nonnull (mkdtemp (directory));
	listening_init (&listening);
	snprintf (path, sizeof path, "%s/sock", directory);
	ck_assert_msg (listener_open (&listening.listeners[0], path, (gid_t)-1, false, &err) == 0, "%s", err.text);
	listening.n_listeners = 1;
}

static void tear_down (void)
{
	listening_close (&listening);
	ck_assert_int_eq (rmdir (directory), 0);
}

static int ask (uid_t uid, int peer)
{
	struct claim claim = { .uid = uid, .peer = peer, .name = "ann" };

	return claim_check (&claim, &listening, &identities);
}

/* A client's end, and the end that the front accepted. */
static void connect_client (int ends[2])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy (address.sun_path, listening.listeners[0].path, strlen (listening.listeners[0].path));
	ck_assert_int_ge (ends[0] = socket (AF_UNIX, SOCK_STREAM, 0), 0);
	ck_assert_int_eq (connect (ends[0], (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_ge (ends[1] = accept (listening.listeners[0].fd, NULL, NULL), 0);
}

/* A supervisor that is not root can only make workers of its own user, and need not check a claim. */
START_TEST (test_not_root)
{
	if (geteuid () == 0)
		ck_assert_int_eq (seteuid (65534), 0);
	ck_assert_int_eq (ask (geteuid (), -1), 0);
	ck_assert_int_eq (ask (0, -1), EPERM);
	ck_assert_int_eq (ask (geteuid () + 1, -1), EPERM);
	if (getuid () == 0)
		ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

/* Root's connection permits any user, as long as it may send. */
START_TEST (test_root_connected)
{
	int client[2], pair[2];

	NEED_ROOT;
	if (!peer_accepted_on (listening.listeners[0].fd, listening.listeners[0].fd))
		SKIP ("the kernel does not say here on which socket a caller came");
	connect_client (client);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq (ask (0, client[1]), 0);
	ck_assert_int_eq (ask (12345, client[1]), 0);
	ck_assert_int_eq (ask (0, client[0]), EPERM); /* the connecting end */
	ck_assert_int_eq (ask (0, listening.listeners[0].fd), EPERM);
	ck_assert_int_eq (ask (0, pair[0]), EPERM);
	ck_assert_int_eq (shutdown (client[0], SHUT_WR), 0);
	ck_assert_int_eq (ask (0, client[1]), ENOTCONN);
	ck_assert_int_eq (close (client[0]), 0);
	ck_assert_int_eq (ask (0, client[1]), ENOTCONN);
}
END_TEST

/* A member of the group may act as itself only. */
START_TEST (test_member_connected)
{
	int client[2];

	NEED_ROOT;
	if (!peer_accepted_on (listening.listeners[0].fd, listening.listeners[0].fd))
		SKIP ("the kernel does not say here on which socket a caller came");
	ck_assert_int_eq (chmod (directory, 0755), 0);
	ck_assert_int_eq (setegid (12345), 0);
	ck_assert_int_eq (seteuid (12345), 0);
	connect_client (client);
	ck_assert_int_eq (seteuid (0), 0);
	ck_assert_int_eq (setegid (0), 0);
	ck_assert_int_eq (ask (12345, client[1]), EPERM); /* there is no group */
	listening.group = 12345;
	ck_assert_int_eq (ask (12345, client[1]), 0);
	ck_assert_int_eq (ask (0, client[1]), EPERM);
	ck_assert_int_eq (ask (12346, client[1]), EPERM);
	listening.group = 12346;
	ck_assert_int_eq (ask (12345, client[1]), EPERM);
}
END_TEST

/* Over TCP the named identity has to act as that user. */
START_TEST (test_identity)
{
	struct grant grant = { .expires = 0 };
	struct identity_file items[1] = { { .name = (char[]){ "ann" }, .uid = 12345, .grant = &grant } };

	NEED_ROOT;
	ck_assert_int_eq (ask (12345, -1), EPERM);
	identities.items = items;
	identities.n_items = 1;
	ck_assert_int_eq (ask (12345, -1), 0);
	ck_assert_int_eq (ask (12346, -1), EPERM);
	items[0].name = (char[]){ "bob" };
	ck_assert_int_eq (ask (12345, -1), EPERM);
}
END_TEST

/* With --stdio the only caller is the user who started remexd. */
START_TEST (test_stdio)
{
	struct claim claim = { .uid = 12345, .peer = -1, .name = "" };

	NEED_ROOT;
	ck_assert_int_eq (claim_check (&claim, NULL, &identities), 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_not_root);
	tcase_add_test (tcase, test_root_connected);
	tcase_add_test (tcase, test_member_connected);
	tcase_add_test (tcase, test_identity);
	tcase_add_test (tcase, test_stdio);
}

CHECK_MAIN ("claim", add_cases)
