/* check_listen - a socket is reclaimed when it is stale, refused when it is live, and is never made where others can
 * write. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/listen.h"
#include "net/peer.h"
#include "support/check_main.h"

static char directory[40], path[64];
static struct err err;

static void set_up (void)
{
	strcpy (directory, "/tmp/remex-listen-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (path, sizeof path, "%s/run/s", directory);
}

static void tear_down (void)
{
	char command[128];

	snprintf (command, sizeof command, "rm -rf %s", directory);
	ck_assert_int_eq (system (command), 0);
}

static int entries (const char *name)
{
	DIR *dir = opendir (name);
	struct dirent *entry;
	int n = 0;

	ck_assert_ptr_nonnull (dir);
	while ((entry = readdir (dir)))
		n += *entry->d_name != '.';
	closedir (dir);
	return n;
}

START_TEST (test_open_close)
{
	struct listener listener;
	char run[64];
	struct stat st;

	ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), 0);
	snprintf (run, sizeof run, "%s/run", directory);
	ck_assert_int_eq (stat (run, &st), 0);
	ck_assert_uint_eq (st.st_mode & 07777, 0700);
	ck_assert_int_eq (stat (path, &st), 0);
	ck_assert (S_ISSOCK (st.st_mode));
	ck_assert (st.st_ino == listener.inode && st.st_dev == listener.device);
	listener_close (&listener);
	ck_assert_int_eq (entries (run), 0);
	listener_close (&listener); /* again: harmless */
}
END_TEST

/* The refusal of a path that this process has. */
static const char *owned (const char *by, char words[ERR_TEXT])
{
	struct passwd *user = getpwuid (geteuid ());
	int n = snprintf (words, ERR_TEXT, "%s is in use by %s: process %d of ", path, by, (int)getpid ());

	if (user)
		snprintf (words + n, ERR_TEXT - (size_t)n, "user %s", user->pw_name);
	else
		snprintf (words + n, ERR_TEXT - (size_t)n, "uid %u", (unsigned)geteuid ());
	return words;
}

START_TEST (test_live_is_refused)
{
	struct listener listener, second;
	char words[ERR_TEXT];

	ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), 0);
	ck_assert_int_eq (listener_open (&second, path, (gid_t)-1, false, &err), -1);
	ck_assert_str_eq (err.text, owned ("another remexd", words));
	ck_assert_int_eq (access (path, F_OK), 0);
	/* The owner does not listen (yet, or any more): its lock names it. */
	ck_assert_int_eq (unlink (path), 0);
	ck_assert_int_eq (listener_open (&second, path, (gid_t)-1, false, &err), -1);
	ck_assert_str_eq (err.text, owned ("another remexd", words));
	listener_close (&listener);
	ck_assert_int_eq (listener_open (&second, path, (gid_t)-1, false, &err), 0);
	listener_close (&second);
}
END_TEST

/* A killed daemon leaves its socket and its lock: the lock is free, so both are taken over. */
START_TEST (test_stale_is_reclaimed)
{
	struct listener listener;
	int status;
	pid_t pid = fork ();

	if (!pid)
		_exit (listener_open (&listener, path, (gid_t)-1, false, &err) < 0);
	ck_assert_int_eq (waitpid (pid, &status, 0), pid);
	ck_assert_int_eq (status, 0);
	ck_assert_int_eq (access (path, F_OK), 0);
	ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), 0);
	listener_close (&listener);
}
END_TEST

/* After that another program has made a socket of that name: the lock that was left does not make it remexd's. */
START_TEST (test_stale_lock_of_another_socket)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct listener listener;
	int status, fd;
	pid_t pid = fork ();

	if (!pid)
		_exit (listener_open (&listener, path, (gid_t)-1, false, &err) < 0);
	ck_assert_int_eq (waitpid (pid, &status, 0), pid);
	ck_assert_int_eq (status, 0);
	ck_assert_int_eq (unlink (path), 0);
	strcpy (address.sun_path, path);
	ck_assert_int_ge (fd = socket (AF_UNIX, (_i ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), 0);
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
	if (!_i)
		ck_assert_int_eq (listen (fd, 1), 0);
	for (int i = 0; i < 2; i++) { /* the lock is left again, or removed */
		ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), -1);
		ck_assert_ptr_nonnull (strstr (err.text, "is in use by another program"));
		ck_assert_int_eq (access (path, F_OK), 0);
	}
	close (fd);
	ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), 0);
	listener_close (&listener);
}
END_TEST

START_TEST (test_refusals)
{
	struct listener listener;
	char other[200];
	FILE *file;

	memset (other, 'x', sizeof other - 1);
	memcpy (other, "/tmp/", 5);
	other[sizeof other - 1] = '\0';
	ck_assert_int_eq (listener_open (&listener, other, (gid_t)-1, false, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "at most 107 bytes"));

	snprintf (other, sizeof other, "%s/file", directory);
	ck_assert_ptr_nonnull (file = fopen (other, "w"));
	fclose (file);
	ck_assert_int_eq (listener_open (&listener, other, (gid_t)-1, false, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "exists and is not a socket"));
	ck_assert_int_eq (access (other, F_OK), 0);

	snprintf (other, sizeof other, "%s/open", directory);
	ck_assert_int_eq (mkdir (other, 0700), 0);
	ck_assert_int_eq (chmod (other, 0777), 0);
	snprintf (other, sizeof other, "%s/open/s", directory);
	ck_assert_int_eq (listener_open (&listener, other, (gid_t)-1, false, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "is writable by group or others"));

	snprintf (other, sizeof other, "%s/link", directory);
	ck_assert_int_eq (symlink ("file", other), 0);
	snprintf (other, sizeof other, "%s/link/s", directory);
	ck_assert_int_eq (listener_open (&listener, other, (gid_t)-1, false, &err), -1);
	ck_assert_int_eq (err.sys, ENOTDIR);
}
END_TEST

/* --- the directory, and whose files are removed ------------------------------------------------------------------ */

enum { GROUP = 54321 };

static char run[64];

static void check_run (gid_t gid, mode_t mode)
{
	struct stat st;

	ck_assert_int_eq (stat (run, &st), 0);
	ck_assert_uint_eq (st.st_gid, gid);
	ck_assert_uint_eq (st.st_mode & 07777, mode);
}

static void open_and_close (gid_t group, bool own, bool closed)
{
	struct listener listener;

	ck_assert_msg (listener_open (&listener, path, group, own, &err) == 0, "%s", err.text);
	ck_assert (listener.closed == closed);
	listener_close (&listener);
}

/* The directory is made only where remexd trusts it afterwards. */
START_TEST (test_nothing_is_made_elsewhere)
{
	struct listener listener;

	ck_assert_int_eq (chmod (directory, 0777), 0);
	ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "is writable by others"));
	ck_assert_int_eq (entries (directory), 0);
}
END_TEST

/* The group gets a directory that was made for it, and a directory of remexd that was made before the group existed. */
START_TEST (test_group)
{
	NEED_ROOT;
	snprintf (run, sizeof run, "%s/run", directory);
	open_and_close ((gid_t)-1, true, false);
	check_run (0, 0700);
	open_and_close (GROUP, false, true); /* it may belong to anybody */
	check_run (0, 0700);
	open_and_close (GROUP, true, false);
	check_run (GROUP, 0750);
	open_and_close (GROUP + 1, true, false); /* the group was made anew */
	check_run (GROUP + 1, 0750);
	ck_assert_int_eq (chmod (run, 0711), 0); /* the administrator set it so */
	open_and_close (GROUP, true, false);
	check_run (GROUP + 1, 0711);
	ck_assert_int_eq (chmod (run, 0700), 0);
	ck_assert_int_eq (chown (run, 1, 0), 0);
	ck_assert_int_eq (rmdir (run), 0);
	open_and_close (GROUP, false, false);
	check_run (GROUP, 0750);
}
END_TEST

/* Where others may replace the new directory by another one, no directory is given to the group. */
START_TEST (test_group_and_directory_above)
{
	struct listener listener;

	NEED_ROOT;
	snprintf (run, sizeof run, "%s/run", directory);
	ck_assert_int_eq (chmod (directory, 0770), 0);
	ck_assert_int_eq (listener_open (&listener, path, GROUP, false, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "may replace it"));
	check_run (0, 0700);
	ck_assert_int_eq (entries (run), 0);
	ck_assert_int_eq (rmdir (run), 0);
	ck_assert_int_eq (chmod (directory, 01770), 0); /* with the sticky bit they may not */
	open_and_close (GROUP, false, false);
	check_run (GROUP, 0750);
	ck_assert_int_eq (rmdir (run), 0);
	ck_assert_int_eq (chmod (directory, 0755), 0);
	ck_assert_int_eq (chown (directory, 1, 1), 0); /* its owner may do anything in it */
	ck_assert_int_eq (listener_open (&listener, path, GROUP, false, &err), -1);
	ck_assert_int_eq (access (run, F_OK), -1);
}
END_TEST

/* A socket that another daemon has bound in the place of ours stays: in the same directory, and in a new directory of
 * that name. */
START_TEST (test_another_took_the_place)
{
	struct listener first, second;
	char away[64], lock[80];

	snprintf (run, sizeof run, "%s/run", directory);
	snprintf (away, sizeof away, "%s/away", directory);
	snprintf (lock, sizeof lock, "%s.lock", path);
	ck_assert_int_eq (listener_open (&first, path, (gid_t)-1, false, &err), 0);
	if (_i == 0) {
		ck_assert_int_eq (rename (run, away), 0);
	} else {
		ck_assert_int_eq (unlink (path), 0);
		ck_assert_int_eq (unlink (lock), 0);
	}
	ck_assert_int_eq (listener_open (&second, path, (gid_t)-1, false, &err), 0);
	listener_close (&first);
	ck_assert_int_eq (access (path, F_OK), 0);
	ck_assert_int_eq (access (lock, F_OK), 0);
	if (_i == 0)
		ck_assert_int_eq (entries (away), 0); /* its own are found at the new path */
	listener_close (&second);
	ck_assert_int_eq (entries (run), 0);
}
END_TEST

/* A live socket without a lock is not remexd's, of whatever type it is. A socket of nobody does not matter. */
START_TEST (test_somebody_elses_socket)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct listener listener;
	char lock[80], words[ERR_TEXT];
	int fd;

	snprintf (run, sizeof run, "%s/run", directory);
	snprintf (lock, sizeof lock, "%s.lock", path);
	ck_assert_int_eq (mkdir (run, 0700), 0);
	strcpy (address.sun_path, path);
	ck_assert_int_ge (fd = socket (AF_UNIX, types[_i] | SOCK_CLOEXEC, 0), 0);
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
	if (types[_i] != SOCK_DGRAM)
		ck_assert_int_eq (listen (fd, 1), 0);
	ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), -1);
	if (types[_i] != SOCK_STREAM) /* the kernel tells the peer of a connection */
		ck_assert_ptr_nonnull (strstr (err.text, "is in use by another program"));
	else
		ck_assert_str_eq (err.text, owned ("another program", words));
	ck_assert_int_eq (access (path, F_OK), 0);
	ck_assert_int_eq (access (lock, F_OK), -1);
	close (fd);
	ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), 0);
	listener_close (&listener);
}
END_TEST

/* In a sticky directory anybody can make the lock, as a hard link to a file that remexd may write to. */
START_TEST (test_lock_files_of_others)
{
	char lock[80], precious[80], content[16] = "";
	struct listener listener;
	FILE *file;

	snprintf (run, sizeof run, "%s/run", directory);
	snprintf (lock, sizeof lock, "%s.lock", path);
	snprintf (precious, sizeof precious, "%s/precious", directory);
	ck_assert_int_eq (mkdir (run, 0700), 0);
	ck_assert_ptr_nonnull (file = fopen (precious, "w"));
	ck_assert_int_gt (fputs ("precious", file), 0);
	ck_assert_int_eq (fclose (file), 0);
	ck_assert_int_eq (link (precious, lock), 0);
	ck_assert_int_eq (listener_open (&listener, path, (gid_t)-1, false, &err), 0);
	listener_close (&listener);
	ck_assert_ptr_nonnull (file = fopen (precious, "r"));
	ck_assert_ptr_nonnull (fgets (content, sizeof content, file));
	fclose (file);
	ck_assert_str_eq (content, "precious");
	ck_assert_int_eq (entries (run), 0);
}
END_TEST

/* Surplus slashes, and a socket without a directory of its own. */
START_TEST (test_paths)
{
	struct listener listener;
	char odd[80];

	snprintf (odd, sizeof odd, "%s//run///s", directory);
	ck_assert_msg (listener_open (&listener, odd, (gid_t)-1, false, &err) == 0, "%s", err.text);
	ck_assert_int_eq (access (path, F_OK), 0);
	listener_close (&listener);
	snprintf (odd, sizeof odd, "%s/none/run/s", directory);
	ck_assert_int_eq (listener_open (&listener, odd, (gid_t)-1, false, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "cannot make"));
}
END_TEST

/* --- TCP --------------------------------------------------------------------------------------------------------- */

static int connect_to (const struct endpoint *endpoint)
{
	int fd = socket (endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq (connect (fd, (const struct sockaddr *)&endpoint->address, endpoint->size), 0);
	return fd;
}

START_TEST (test_tcp)
{
	struct endpoint asked, from, own = { .size = sizeof own.address };
	struct listener listener, second;
	char shown[ENDPOINT_SIZE];
	int client, accepted;

	ck_assert_int_eq (endpoint_parse (&asked, _i ? "[::1]:0" : "127.0.0.1:0", &err), 0);
	if (listener_open_tcp (&listener, &asked, &err) < 0) {
		ck_assert_msg (_i == 1 && err.sys == EADDRNOTAVAIL, "%s", err.text);
		SKIP ("there is no IPv6 here: %s", err.text);
	}
	ck_assert_int_eq (listener.kind, LISTEN_TCP);
	ck_assert (fcntl (listener.fd, F_GETFD) & FD_CLOEXEC);
	ck_assert (fcntl (listener.fd, F_GETFL) & O_NONBLOCK);
	ck_assert (!endpoint_equal (&listener.endpoint, &asked)); /* its port is known */
	client = connect_to (&listener.endpoint);
	ck_assert_int_ge (accepted = accept (listener.fd, NULL, NULL), 0);
	ck_assert_int_eq (peer_endpoint (accepted, &from), 0);
	ck_assert_int_eq (getsockname (client, (struct sockaddr *)&own.address, &own.size), 0);
	ck_assert (endpoint_equal (&from, &own));
	ck_assert_str_eq (endpoint_host (&from, shown), _i ? "::1" : "127.0.0.1");

	asked = listener.endpoint;
	ck_assert_int_eq (listener_open_tcp (&second, &asked, &err), -1);
	ck_assert_int_eq (second.fd, -1);
	ck_assert_int_eq (err.sys, EADDRINUSE);
	ck_assert_ptr_nonnull (strstr (err.text, "another program listens there"));
	ck_assert_ptr_nonnull (strstr (err.text, endpoint_format (&asked, shown)));

	/* The port is free at once, although a connection of the old listener lingers. */
	listener_close (&listener);
	ck_assert_int_eq (listener.fd, -1);
	close (accepted);
	ck_assert_msg (listener_open_tcp (&listener, &asked, &err) == 0, "%s", err.text);
	listener_close (&listener);
	close (client);
	ck_assert_int_eq (peer_endpoint (STDERR_FILENO, &from), -1);
}
END_TEST

/* Each family by itself, on one port. */
START_TEST (test_tcp_both_families)
{
	struct listener four, six;
	struct endpoint endpoint;
	char shown[ENDPOINT_SIZE], text[ENDPOINT_SIZE];

	ck_assert_int_eq (endpoint_parse (&endpoint, "0.0.0.0:0", &err), 0);
	ck_assert_int_eq (listener_open_tcp (&four, &endpoint, &err), 0);
	snprintf (text, sizeof text, "[::]:%s", strchr (endpoint_format (&four.endpoint, shown), ':') + 1);
	ck_assert_int_eq (endpoint_parse (&endpoint, text, &err), 0);
	if (listener_open_tcp (&six, &endpoint, &err) == 0)
		listener_close (&six);
	else
		ck_assert_int_ne (err.sys, EINVAL);
	listener_close (&four);
}
END_TEST

START_TEST (test_tcp_refusals)
{
	struct listener listener;
	struct endpoint endpoint;

	ck_assert_int_eq (endpoint_parse (&endpoint, "192.0.2.1:0", &err), 0); /* RFC 5737: no host has it */
	ck_assert_int_eq (listener_open_tcp (&listener, &endpoint, &err), -1);
	ck_assert_int_eq (err.sys, EADDRNOTAVAIL);
	ck_assert_str_eq (err.text, "cannot listen on 192.0.2.1:0: no interface has that address");
	ck_assert_int_eq (listener_open_tcp (&listener, &endpoint, NULL), -1);
	listener_close (&listener);
}
END_TEST

/* A passed socket serves an address of `listen` when the two are equal, or when it is for any address, which includes
 * that one. */
static const struct serving_row {
	const char *open, *wanted;
	bool serves;
} serving_rows[] = {
	{ "127.0.0.1:0", "127.0.0.1", true },
	{ "0.0.0.0:0", "127.0.0.1", true },
	{ "0.0.0.0:0", "0.0.0.0", true },
	{ "127.0.0.1:0", "0.0.0.0", false },
	{ "127.0.0.1:0", "127.0.0.2", false },
	{ "[::]:0", "[::1]", true },
	{ "[::]:0", "[::]", true },
	{ "[::1]:0", "[::]", false },
	{ "[::]:0", "0.0.0.0", false }, /* IPV6_V6ONLY */
	{ "0.0.0.0:0", "[::]", false },
};

START_TEST (tcp_serves)
{
	const struct serving_row *row = &serving_rows[_i];
	struct endpoint open, wanted;
	struct listener listener;
	char text[64];
	int off = 0, port;

	ck_assert_int_eq (endpoint_parse (&open, row->open, &err), 0);
	if (listener_open_tcp (&listener, &open, &err) < 0) {
		ck_assert_msg (row->open[0] == '[' && err.sys == EADDRNOTAVAIL, "%s", err.text);
		SKIP ("there is no IPv6 here: %s", err.text);
	}
	port = ntohs (((struct sockaddr_in *)&listener.endpoint.address)->sin_port);
	snprintf (text, sizeof text, "%s:%d", row->wanted, port);
	ck_assert_int_eq (endpoint_parse (&wanted, text, &err), 0);
	ck_assert_int_eq (listener_serves_tcp (&listener, &wanted), row->serves);
	snprintf (text, sizeof text, "%s:%d", row->wanted, port == 65535 ? 1 : port + 1);
	ck_assert_int_eq (endpoint_parse (&wanted, text, &err), 0);
	ck_assert (!listener_serves_tcp (&listener, &wanted));
	ck_assert (!listener_serves_unix (&listener, "/x"));
	listener_close (&listener);
	/* A socket that systemd opened with BindIPv6Only=both is for both. */
	if (!strcmp (row->wanted, "0.0.0.0") && open.address.ss_family == AF_INET6) {
		int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

		ck_assert_int_eq (setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), 0);
		ck_assert_int_eq (bind (fd, (struct sockaddr *)&open.address, open.size), 0);
		ck_assert_int_eq (listen (fd, 1), 0);
		ck_assert_int_eq (listener_adopt (&listener, fd, &err), 0);
		port = ntohs (((struct sockaddr_in6 *)&listener.endpoint.address)->sin6_port);
		snprintf (text, sizeof text, "0.0.0.0:%d", port);
		ck_assert_int_eq (endpoint_parse (&wanted, text, &err), 0);
		ck_assert (listener_serves_tcp (&listener, &wanted));
		listener_close (&listener);
	}
}
END_TEST

/* A bound socket has its port and refuses; after listener_start it accepts connections. */
START_TEST (tcp_closed)
{
	struct endpoint endpoint;
	struct listener listener;
	int fd;

	ck_assert_int_eq (endpoint_parse (&endpoint, "127.0.0.1:0", &err), 0);
	ck_assert_int_eq (listener_bind_tcp (&listener, &endpoint, &err), 0);
	ck_assert (listener.silent);
	fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq (connect (fd, (struct sockaddr *)&listener.endpoint.address, listener.endpoint.size), -1);
	ck_assert_int_eq (errno, ECONNREFUSED);
	fd_close (&fd);
	ck_assert_int_eq (listener_start (&listener, &err), 0);
	ck_assert (!listener.silent);
	ck_assert_int_ge (fd = connect_to (&listener.endpoint), 0);
	fd_close (&fd);
	listener_close (&listener);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_open_close);
	tcase_add_test (tcase, test_live_is_refused);
	tcase_add_test (tcase, test_stale_is_reclaimed);
	tcase_add_loop_test (tcase, test_stale_lock_of_another_socket, 0, 2);
	tcase_add_test (tcase, test_refusals);
	tcase_add_test (tcase, test_nothing_is_made_elsewhere);
	tcase_add_test (tcase, test_group);
	tcase_add_test (tcase, test_group_and_directory_above);
	tcase_add_loop_test (tcase, test_another_took_the_place, 0, 2);
	tcase_add_loop_test (tcase, test_somebody_elses_socket, 0, 3);
	tcase_add_test (tcase, test_lock_files_of_others);
	tcase_add_test (tcase, test_paths);
	tcase_add_loop_test (tcase, test_tcp, 0, 2);
	tcase_add_test (tcase, test_tcp_both_families);
	tcase_add_test (tcase, test_tcp_refusals);
	tcase_add_loop_test (tcase, tcp_serves, 0, (int)(sizeof serving_rows / sizeof *serving_rows));
	tcase_add_test (tcase, tcp_closed);
}

CHECK_MAIN ("net/listen", add_cases)
