/* check_listening - the sockets of a daemon, and when TCP is open. The host key is made by this program again. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/hostkey.h"
#include "daemon/listening.h"
#include "support/check_main.h"

/* hostkey_ensure runs /proc/self/exe with --make-key=PATH. (glibc gives these arguments to constructors.) */
__attribute__ ((constructor)) static void become_maker (int argc, char **argv)
{
	if (argc == 2 && !strncmp (argv[1], "--make-key=", 11))
		_exit (hostkey_make (argv[1] + 11));
}

static char directory[] = "/tmp/remex-listening-XXXXXX";
static char socket_path[64], key_path[64];
static struct grant grant;
static struct identity_file file = { .grant = &grant };
static struct generation generation = { .identities = { .directory = directory } };
static struct listening listening;
static struct err err;

static void configure (const char *listen)
{
	char text[512];

	snprintf (text, sizeof text, "listen: %s\nhost_key: %s\n", listen, key_path);
	config_free (generation.config);
	ck_assert_msg ((generation.config = config_parse (text, strlen (text), "test", &err)) != NULL, "%s", err.text);
}

static void set_up (void)
{
	char both[128];

	umask (022);
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (socket_path, sizeof socket_path, "%s/sock", directory);
	snprintf (key_path, sizeof key_path, "%s/host.pem", directory);
	snprintf (both, sizeof both, "[\"unix://%s\", \"tcp://127.0.0.1:0\"]", socket_path);
	configure (both);
	listening_init (&listening);
}

static void tear_down (void)
{
	listening_close (&listening);
	listening_close (&listening); /* there is nothing left to close */
	config_free (generation.config);
	unlink (key_path);
	ck_assert_int_eq (rmdir (directory), 0); /* the socket and its lock were removed */
}

static void let_in (bool somebody)
{
	generation.identities.items = &file;
	generation.identities.n_items = somebody;
}

/* Connect to that listener. 0, or the errno. */
static int try_connect (const struct listener *listener)
{
	struct sockaddr_storage address;
	socklen_t n = sizeof address;
	int fd, result;

	ck_assert_int_eq (getsockname (listener->fd, (struct sockaddr *)&address, &n), 0);
	ck_assert_int_ge (fd = socket (address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	result = connect (fd, (struct sockaddr *)&address, n) < 0 ? errno : 0;
	close (fd);
	return result;
}

/* TCP opens with the first identity, and does not close again: the front refuses clients. */
START_TEST (test_tcp_waits_for_an_identity)
{
	ck_assert_msg (listening_open (&listening, &generation, &err) == 0, "%s", err.text);
	ck_assert_uint_eq (listening.n_listeners, 2);
	ck_assert_int_ge (listening.host_key, 0);
	ck_assert_int_eq (try_connect (&listening.listeners[0]), 0);
	ck_assert_int_eq (try_connect (&listening.listeners[1]), ECONNREFUSED);
	ck_assert_int_eq (listening_start (&listening, &generation, true, &err), 0);
	ck_assert_int_eq (try_connect (&listening.listeners[1]), ECONNREFUSED);
	let_in (true);
	ck_assert_int_eq (listening_start (&listening, &generation, true, &err), 0);
	ck_assert_int_eq (try_connect (&listening.listeners[1]), 0);
	let_in (false);
	ck_assert_int_eq (listening_start (&listening, &generation, true, &err), 0);
	ck_assert_int_eq (try_connect (&listening.listeners[1]), 0);
	/* Draining: no socket, and the key stays for a front that is started now. */
	listening_close_sockets (&listening);
	ck_assert_uint_eq (listening.n_listeners, 0);
	ck_assert_int_ge (listening.host_key, 0);
}
END_TEST

START_TEST (test_open_at_once)
{
	let_in (true);
	ck_assert_msg (listening_open (&listening, &generation, &err) == 0, "%s", err.text);
	ck_assert_int_eq (try_connect (&listening.listeners[1]), 0);
}
END_TEST

/* Whoever holds a listener can shut it down for all, or change it: it is opened again, with the same address, also where
 * another process still holds the old one. The others stay as they are, with the connections that wait there. */
static void shut_down (int fd)
{
	ck_assert_int_eq (shutdown (fd, SHUT_RDWR), 0);
}

static void make_it_wait (int fd)
{
	ck_assert_int_eq (fd_nonblock (fd, false), 0);
}

static void set_option (int fd)
{
	const int many = 1 << 20;

	ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_RCVLOWAT, &many, sizeof many), 0);
}

static void attach_filter (int fd)
{
	/* Drops all packets. */
	struct sock_filter drop[] = { BPF_STMT (BPF_RET | BPF_K, 0) };
	const struct sock_fprog filter = { 1, drop };
	const int on = 1;

	if (setsockopt (fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0) {
		ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on), 0);
	} else {
		ck_assert (errno == EPERM && geteuid () != 0);
		skip_case (false, __func__, 0, "this kernel lets only root attach a filter");
		set_option (fd);
	}
	/* Not even the port is free as long as that copy exists. */
	ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 0 }, sizeof (int)), 0);
}

static void (*const changes[]) (int fd) = { shut_down, make_it_wait, set_option, attach_filter };

enum { CHANGES = sizeof changes / sizeof *changes };

START_TEST (test_changed)
{
	struct stat was, is;
	int copy;

	let_in (true);
	ck_assert_msg (listening_open (&listening, &generation, &err) == 0, "%s", err.text);
	ck_assert_int_eq (stat (socket_path, &was), 0);
	ck_assert_int_eq (try_connect (&listening.listeners[0]), 0);
	listening_mend (&listening);
	ck_assert_int_eq (stat (socket_path, &is), 0);
	ck_assert (was.st_ino == is.st_ino);
	for (int i = 0; i < 2; i++) {
		struct listener *listener = &listening.listeners[i];

		ck_assert_ptr_null (listener_changed (listener));
		ck_assert_int_ge (copy = fcntl (listener->fd, F_DUPFD_CLOEXEC, 0), 0);
		changes[_i](copy);
		ck_assert_ptr_nonnull (listener_changed (listener));
		listening_mend (&listening);
		ck_assert_ptr_null (listener_changed (listener));
		ck_assert_int_eq (try_connect (listener), 0);
		close (copy);
	}
}
END_TEST

/* What a service manager has made only that can make. The flags are given back, and TCP listens again. */
START_TEST (test_changed_and_not_ours)
{
	struct listener *listener = &listening.listeners[0];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sockaddr_in address_tcp = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	int fd;

	for (int tcp = 0; tcp < 2; tcp++) {
		strcpy (address.sun_path, socket_path);
		ck_assert_int_ge (fd = socket (tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
		ck_assert_int_eq (tcp ? bind (fd, (struct sockaddr *)&address_tcp, sizeof address_tcp)
				      : bind (fd, (struct sockaddr *)&address, sizeof address),
			0);
		ck_assert_int_eq (listen (fd, 1), 0);
		ck_assert_int_eq (listener_adopt (listener, fd, &err), 0);
		listening.n_listeners = 1;
		changes[_i](fd);
		ck_assert_ptr_nonnull (listener_changed (listener));
		if (changes[_i] == make_it_wait || (changes[_i] == shut_down && tcp)) {
			ck_assert_int_eq (listener_renew (listener, &err), 0);
			ck_assert_ptr_null (listener_changed (listener));
			ck_assert_int_eq (try_connect (listener), 0);
		} else {
			ck_assert_int_eq (listener_renew (listener, &err), -1);
			ck_assert_ptr_nonnull (strstr (err.text, "only the service manager"));
		}
		if (!tcp)
			ck_assert_int_eq (access (socket_path, F_OK), 0);
		listening_close_sockets (&listening);
		unlink (socket_path);
	}
}
END_TEST

/* Without TCP no key is needed, and none is made. */
START_TEST (test_no_tcp)
{
	char one[80];

	snprintf (one, sizeof one, "unix://%s", socket_path);
	configure (one);
	ck_assert_int_eq (listening_check (&generation, &err), 0);
	ck_assert_msg (listening_open (&listening, &generation, &err) == 0, "%s", err.text);
	ck_assert_int_eq (listening.host_key, -1);
	ck_assert_int_eq (access (key_path, F_OK), -1);
}
END_TEST

/* -t makes nothing, and reports a key with which a start would fail. */
START_TEST (test_check)
{
	FILE *out;

	ck_assert_msg (listening_check (&generation, &err) == 0, "%s", err.text);
	ck_assert_int_eq (access (key_path, F_OK), -1);
	ck_assert_int_eq (access (socket_path, F_OK), -1);
	ck_assert_ptr_nonnull (out = fopen (key_path, "we"));
	fputs ("no key\n", out);
	ck_assert_int_eq (fclose (out), 0);
	ck_assert_int_eq (chmod (key_path, 0600), 0);
	ck_assert_int_eq (listening_check (&generation, &err), -1);
	ck_assert_msg (strstr (err.text, key_path) != NULL, "%s", err.text);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_tcp_waits_for_an_identity);
	tcase_add_test (tcase, test_open_at_once);
	tcase_add_loop_test (tcase, test_changed, 0, CHANGES);
	tcase_add_loop_test (tcase, test_changed_and_not_ours, 0, CHANGES);
	tcase_add_test (tcase, test_no_tcp);
	tcase_add_test (tcase, test_check);
}

CHECK_MAIN ("listening", add_cases)
