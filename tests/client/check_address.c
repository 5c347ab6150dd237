/* The meaning of "local" and unix:///, and which sockets are not safe to connect to. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/passrights.h"
#include "base/paths.h"
#include "client/address.h"
#include "support/check_main.h"

static char directory[64], path[ADDRESS_PATH];
static struct address address;
static struct err err;

static void setup (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (path, sizeof path, "%s/s", directory);
	unsetenv ("REMEX_SOCKET");
	unsetenv ("XDG_RUNTIME_DIR");
}

static void teardown (void)
{
	unlink (path);
	rmdir (directory);
}

static int listen_at (const char *at, int backlog)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf (name.sun_path, sizeof name.sun_path, "%s", at);
	ck_assert_int_eq (bind (fd, (const struct sockaddr *)&name, sizeof name), 0);
	ck_assert_int_eq (listen (fd, backlog), 0);
	return fd;
}

START_TEST (named)
{
	ck_assert_int_eq (address_parse (&address, "unix:///a/b", &err), 0);
	ck_assert_int_eq (address.n, 1);
	ck_assert_str_eq (address.paths[0], "/a/b");
	ck_assert (!address.guarded);
}
END_TEST

static const struct {
	const char *where, *says;
} refused[] = {
	{ "", "'' is not a host (examples: local, unix:///PATH, web1, web1:7363, 192.0.2.1)" },
	{ "ssh://", "names no host: ssh://web1" },
	{ "ssh://@web1", "names no user in front of its '@'" },
	{ "ssh://web1:0", "has no port behind its colon" },
	{ "ssh://web1:22x", "has no port behind its colon" },
	{ "ssh://::1", "names no host" },
	{ "ssh://[web1]", "has no address of IPv6 in its brackets" },
	{ "ssh://-oProxyCommand=x", "names no host" },
	{ "ssh://-x@web1", "names no user" },
	{ "ssh://gw/", "'' is not a host" },
	{ "ssh://gw/ssh://web1", "is not a host" },
	{ "ssh://gw1,gw2/web1", "lists gateways, and each of them begins with ssh://" },
	{ "ssh://gw1,/web1", "lists gateways, and each of them begins with ssh://" },
	{ "ssh://,ssh://gw2/web1", "names no host" },
	{ "ssh://gw1,ssh:///web1", "names no host" },
	{ "ssh://gw1:0,ssh://gw2/web1", "has no port behind its colon" },
	{ "ssh://gw1,ssh://gw2/", "'' is not a host" },
	{ "ssh://1,ssh://2,ssh://3,ssh://4,ssh://5,ssh://6,ssh://7,ssh://8,ssh://9/web1", "more than 8 gateways" },
	{ "ssh://1,ssh://2,ssh://3,ssh://4,ssh://5,ssh://6,ssh://7,ssh://8,ssh://9,ssh://web1",
		"more than 8 gateways" },
	{ "ssh://gw/alice@web1", "names a user: give the user with -l" },
	{ "ssh:/x", "is not a host" },
	{ "tcp://x:1", "is not a host" },
	{ "web[01-03]", "is not a host" },
	{ "@group", "is not a host" },
	{ "-x", "is not a host" },
	{ ".x", "is not a host" },
	{ "a b", "is not a host" },
	{ "web1:", "has no port behind its colon" },
	{ "web1:0", "has no port" },
	{ "web1:65536", "has no port" },
	{ "web1:7363x", "has no port" },
	{ "web1:000080", "has no port" },
	{ "::1", "write it in brackets" },
	{ "2001:db8::1:7363", "write it in brackets" },
	{ "[::1", "is not a host" },
	{ "[::1]x", "is not a host" },
	{ "[::1]:", "has no port" },
	{ "[web1]:1", "not an address" },
	{ "[]", "not an address" },
	{ "1.2.3", "not an address" },
	{ "1.2.3.256:1", "not an address" },
	{ "unix:/x", "is not a host" },
	{ "unix://x", "not an absolute path" },
	{ "unix://", "not an absolute path" },
	{ "we\x1b[2Jb", "'we\\x1b[2Jb'" },
	{ "alice@web1", "'alice@web1' names a user: give the user with -l" },
	{ "alice@192.0.2.1:22", "names a user" },
	{ "web1,web2", "'web1,web2' names more than one host: one at a time" },
	{ "0x7f000001", "an address in an unusual form" },
	{ "0x7f.1:80", "an address in an unusual form" },
	{ "127.0.0.0x1", "an address in an unusual form" },
	{ "fe80::1%eth0", "write it in brackets" },
	{ "[fe80::1]", "name the interface (example: [fe80::1%eth0]" },
	{ "[fe80::1%]", "not an address" },
	{ "[fe80::1%a/b]", "is not a host" },
	{ "[fe80::1%a b]", "not an address" },
};

START_TEST (not_understood)
{
	ck_assert_int_eq (address_parse (&address, refused[_i].where, &err), -1);
	ck_assert_msg (strstr (err.text, refused[_i].says) != NULL, "%s", err.text);
}
END_TEST

static const struct {
	const char *where, *user, *host;
	int port;
	const char *pin; /* of the host behind a gateway */
	const char *via; /* the gateways before it */
} machines[] = {
	{ "ssh://web1", "", "web1", 0, "", NULL },
	{ "ssh://Web1.Example.", "", "web1.example.", 0, "", NULL },
	{ "ssh://alice@web1:2222", "alice", "web1", 2222, "", NULL },
	{ "ssh://alice@corp@web1", "alice@corp", "web1", 0, "", NULL },
	{ "ssh://192.0.2.1:22", "", "192.0.2.1", 22, "", NULL },
	{ "ssh://[2001:DB8::1]", "", "2001:db8::1", 0, "", NULL },
	{ "ssh://[fe80::1%Eth0]:2222", "", "fe80::1%Eth0", 2222, "", NULL },
	{ "ssh://alice@gw:2222/web1", "alice", "gw", 2222, "web1:7363", NULL },
	{ "ssh://gw/[::1]:7400", "", "gw", 0, "[::1]:7400", NULL },
	{ "ssh://gw1,ssh://bob@web1:2222", "bob", "web1", 2222, "", "ssh://gw1" },
	{ "ssh://gw1,ssh://bob@gw2:2222/web1:80", "bob", "gw2", 2222, "web1:80", "ssh://gw1" },
	{ "ssh://al@gw1:22,ssh://[::1],ssh://gw3/web1", "", "gw3", 0, "web1:7363", "ssh://al@gw1:22,ssh://[::1]" },
	{ "ssh://1,ssh://2,ssh://3,ssh://4,ssh://5,ssh://6,ssh://7,ssh://8,ssh://web1", "", "web1", 0, "",
		"ssh://1,ssh://2,ssh://3,ssh://4,ssh://5,ssh://6,ssh://7,ssh://8" },
	{ "ssh://1,ssh://2,ssh://3,ssh://4,ssh://5,ssh://6,ssh://7,ssh://8/web1", "", "8", 0, "web1:7363",
		"ssh://1,ssh://2,ssh://3,ssh://4,ssh://5,ssh://6,ssh://7" },
};

START_TEST (through_ssh)
{
	ck_assert_int_eq (address_parse (&address, machines[_i].where, &err), 0);
	ck_assert_str_eq (address.ssh.user, machines[_i].user);
	ck_assert_str_eq (address.ssh.host, machines[_i].host);
	ck_assert_int_eq (address.ssh.port, machines[_i].port);
	ck_assert_str_eq (address.pin, machines[_i].pin);
	ck_assert_str_eq (address.ssh.via, machines[_i].via ? machines[_i].via : "");
	ck_assert_int_eq (address.tcp, *machines[_i].pin != '\0');
	ck_assert_int_eq (address.n, 0);
}
END_TEST

static const struct {
	const char *where, *host, *pin, *number;
	int port;
} hosts[] = {
	{ "web1", "web1", "web1:7363", NULL, 7363 },
	{ "Web1.Example.ORG:22", "web1.example.org", "web1.example.org:22", NULL, 22 },
	{ "locale", "locale", "locale:7363", NULL, 7363 },
	{ "local:80", "local", "local:80", NULL, 80 },
	{ "a_b-c.", "a_b-c.", "a_b-c.:7363", NULL, 7363 },
	{ "3com", "3com", "3com:7363", NULL, 7363 },
	{ "192.0.2.1", "192.0.2.1", "192.0.2.1:7363", "192.0.2.1:7363", 7363 },
	{ "192.0.2.1:65535", "192.0.2.1", "192.0.2.1:65535", "192.0.2.1:65535", 65535 },
	{ "[::1]", "[::1]", "[::1]:7363", "[::1]:7363", 7363 },
	/* An address that can be written in several ways has one pin. */
	{ "[2001:DB8:0::1]:80", "[2001:db8:0::1]", "[2001:db8::1]:80", "[2001:db8::1]:80", 80 },
	{ "[0:0:0:0:0:0:0:1]", "[0:0:0:0:0:0:0:1]", "[::1]:7363", "[::1]:7363", 7363 },
	{ "[::0001]:07363", "[::0001]", "[::1]:7363", "[::1]:7363", 7363 },
	{ "[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]", "127.0.0.1:7363", "127.0.0.1:7363", 7363 },
	{ "[::FFFF:7f00:1]:80", "[::ffff:7f00:1]", "127.0.0.1:80", "127.0.0.1:80", 80 },
	{ "web1:07363", "web1", "web1:7363", NULL, 7363 },
	{ "Web1.Example.ORG.", "web1.example.org.", "web1.example.org:7363", NULL, 7363 },
	{ "[FE80::1%Eth0]", "[fe80::1%Eth0]", "[fe80::1%Eth0]:7363", "[fe80::1%Eth0]:7363", 7363 },
	{ "[fe80:0::1%1]", "[fe80:0::1%1]", "[fe80::1%lo]:7363", "[fe80::1%lo]:7363", 7363 },
};

START_TEST (host)
{
	char shown[ENDPOINT_SIZE];

	ck_assert_int_eq (address_parse (&address, hosts[_i].where, &err), 0);
	ck_assert (address.tcp);
	ck_assert_str_eq (address.host, hosts[_i].host);
	ck_assert_str_eq (address.pin, hosts[_i].pin);
	ck_assert_int_eq (address.port, hosts[_i].port);
	ck_assert (address.number == (hosts[_i].number != NULL));
	if (address.number)
		ck_assert_str_eq (endpoint_format (&address.endpoint, shown), hosts[_i].number);
}
END_TEST

START_TEST (long_gateways)
{
	char gateway[ADDRESS_HOST + 1], where[3 * ADDRESS_HOST];

	memset (gateway, 'x', ADDRESS_HOST);
	gateway[ADDRESS_HOST] = '\0';
	snprintf (where, sizeof where, "ssh://%s,ssh://%s,ssh://gw/web1", gateway, gateway);
	ck_assert_int_eq (address_parse (&address, where, &err), 0);
	ck_assert_uint_eq (strlen (address.ssh.via), 2 * (ADDRESS_HOST + 6) + 1);
	snprintf (where, sizeof where, "ssh://%s,ssh://thirteen.byte,ssh://%s,ssh://gw/web1", gateway, gateway);
	ck_assert_int_eq (address_parse (&address, where, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "have 513 bytes"));
}
END_TEST

START_TEST (long_host)
{
	char where[ADDRESS_HOST + 2];

	memset (where, 'x', sizeof where);
	where[ADDRESS_HOST] = '\0';
	ck_assert_int_eq (address_parse (&address, where, &err), 0);
	ck_assert_uint_eq (strlen (address.pin), ADDRESS_HOST + 5);
	where[ADDRESS_HOST] = 'x';
	where[ADDRESS_HOST + 1] = '\0';
	ck_assert_int_eq (address_parse (&address, where, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "at most 240 bytes"));
}
END_TEST

START_TEST (length)
{
	char where[160] = "unix:///";

	memset (where + 8, 'x', 106);
	ck_assert_int_eq (address_parse (&address, where, &err), 0);
	ck_assert_uint_eq (strlen (address.paths[0]), 107);
	where[8 + 106] = 'x';
	ck_assert_int_eq (address_parse (&address, where, &err), -1);
	ck_assert_msg (strstr (err.text, "at most 107 bytes, this one has 108: /xxx") != NULL, "%s", err.text);
}
END_TEST

START_TEST (local)
{
	ck_assert_int_eq (address_parse (&address, "local", &err), 0);
	ck_assert (address.guarded);
	ck_assert_str_eq (address.paths[address.n - 1], PATHS_SYSTEM_SOCKET);
	ck_assert_int_eq (address.n, geteuid () == 0 ? 1 : 2);
	setenv ("REMEX_SOCKET", "/x/y", 1);
	ck_assert_int_eq (address_parse (&address, "local", &err), 0);
	ck_assert_int_eq (address.n, 1);
	ck_assert_str_eq (address.paths[0], "/x/y");
	ck_assert (address.guarded);
	setenv ("REMEX_SOCKET", "unix:///x/z", 1);
	ck_assert_int_eq (address_parse (&address, "local", &err), 0);
	ck_assert_str_eq (address.paths[0], "/x/z");
	setenv ("REMEX_SOCKET", "x/y", 1);
	ck_assert_int_eq (address_parse (&address, "local", &err), -1);
}
END_TEST

/* A user's own socket comes first; run as the user nobody where the tests run as root. */
START_TEST (local_of_a_user)
{
	char own[64];

	if (geteuid () == 0)
		ck_assert_int_eq (setresuid (65534, 65534, 65534), 0);
	ck_assert_int_eq (address_parse (&address, "local", &err), 0);
	snprintf (own, sizeof own, "/tmp/remex-%u/remexd.sock", (unsigned)geteuid ());
	ck_assert_int_eq (address.n, 2);
	ck_assert_str_eq (address.paths[0], own);
	setenv ("XDG_RUNTIME_DIR", "/run/user/7", 1);
	ck_assert_int_eq (address_parse (&address, "local", &err), 0);
	ck_assert_str_eq (address.paths[0], "/run/user/7/remex/remexd.sock");
	setenv ("XDG_RUNTIME_DIR", "relative", 1);
	ck_assert_int_eq (address_parse (&address, "local", &err), 0);
	ck_assert_str_eq (address.paths[0], own);
}
END_TEST

START_TEST (connects)
{
	int listener = listen_at (path, 4), fd = -1;

	setenv ("REMEX_SOCKET", path, 1);
	ck_assert_int_eq (address_parse (&address, "local", &err), 0);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_OPEN);
	ck_assert_int_ge (fd, 0);
	fd_close (&fd);
	fd_close (&listener);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_NOBODY);
	ck_assert_msg (strstr (err.text, path) && strstr (err.text, "Connection refused (is remexd running?)"), "%s",
		err.text);
	unlink (path);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_NOBODY);
	ck_assert_msg (strstr (err.text, "No such file") != NULL, "%s", err.text);
	ck_assert_int_eq (fd, -1);
}
END_TEST

START_TEST (the_next_path_when_nobody_answers)
{
	int listener = listen_at (path, 4), fd = -1;

	address = (struct address){ .n = 2, .guarded = true };
	snprintf (address.paths[0], ADDRESS_PATH, "%.60s/none/s", directory);
	strcpy (address.paths[1], path);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_OPEN);
	fd_close (&fd);
	fd_close (&listener);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_NOBODY);
	ck_assert_msg (strstr (err.text, "nobody answers at") && strstr (err.text, "nor at"), "%s", err.text);
}
END_TEST

/* The server cannot send a descriptor, where the kernel has that: then not each read has to look out for one. */
START_TEST (no_descriptors)
{
	int listener = listen_at (path, 4), fd = -1;

	if (!passrights_refuse (listener))
		SKIP ("this kernel has no SO_PASSRIGHTS");
	address = (struct address){ .n = 1 };
	strcpy (address.paths[0], path);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_OPEN);
	ck_assert (passrights_refused (fd));
	fd_close (&fd);
	fd_close (&listener);
}
END_TEST

/* Where only a group may connect, the message names the group, and how to become a member. */
START_TEST (another_group)
{
	struct group *group = getgrgid (1);
	int listener, status, fd = -1;
	pid_t child;
	char says[128];

	NEED_ROOT;
	if (!group)
		SKIP ("no group has the number 1");
	listener = listen_at (path, 4);
	ck_assert_int_eq (chown (directory, 0, 1), 0);
	ck_assert_int_eq (chmod (directory, 0750), 0);
	snprintf (says, sizeof says, "only members of the group %s may: as root, gpasswd -a USER %s", group->gr_name,
		group->gr_name);
	address = (struct address){ .n = 1, .guarded = true };
	strcpy (address.paths[0], path);
	/* In a child process, so that the clean-up still runs as our user. */
	ck_assert_int_ge (child = fork (), 0);
	if (!child) {
		bool become = setgroups (0, NULL) == 0 && setresgid (65534, 65534, 65534) == 0 &&
			      setresuid (65534, 65534, 65534) == 0;

		_exit (become && address_open (&address, &fd, &err) == ADDRESS_NOBODY &&
					strstr (err.text, "Permission denied") && strstr (err.text, says)
				? 0
				: 1);
	}
	ck_assert_int_eq (waitpid (child, &status, 0), child);
	ck_assert_int_eq (status, 0);
	fd_close (&listener);
}
END_TEST

/* The message says how to start remexd where a default socket is meant, and no more than that where a variable names
 * it. */
START_TEST (how_to_start_one)
{
	int fd = -1;

	address = (struct address){ .n = 1, .guarded = true };
	snprintf (address.paths[0], ADDRESS_PATH, "%.60s/none", directory);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_NOBODY);
	ck_assert_msg (strstr (err.text, "systemctl start remexd") != NULL, "%s", err.text);
	setenv ("REMEX_SOCKET", "/x", 1);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_NOBODY);
	ck_assert_msg (strstr (err.text, "(is remexd running?)") != NULL, "%s", err.text);
}
END_TEST

START_TEST (a_full_queue)
{
	int listener = listen_at (path, 0), fds[64], n = 0;
	enum address_answer answer = ADDRESS_OPEN;

	address = (struct address){ .n = 1 };
	strcpy (address.paths[0], path);
	while (n < 64 && (answer = address_open (&address, &fds[n], &err)) == ADDRESS_OPEN)
		n++;
	ck_assert_int_eq (answer, ADDRESS_LATER);
	while (n > 0)
		fd_close (&fds[--n]);
	fd_close (&listener);
}
END_TEST

START_TEST (somebody_elses_directory)
{
	int listener, fd = -1;

	NEED_ROOT;
	listener = listen_at (path, 4);
	ck_assert_int_eq (chown (directory, 65534, 65534), 0);
	address = (struct address){ .n = 2, .guarded = true };
	strcpy (address.paths[0], path);
	strcpy (address.paths[1], path);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_UNSAFE);
	ck_assert_msg (strstr (err.text, "belongs to uid 65534, not to root") != NULL, "%s", err.text);
	address.guarded = false; /* a named socket is used as it is */
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_OPEN);
	fd_close (&fd);
	fd_close (&listener);
}
END_TEST

/* A place that somebody else has taken does not keep us from the next one; where nobody listens there, it is named. */
START_TEST (the_next_is_safe)
{
	char taken[96];
	int listener, fd = -1;

	NEED_ROOT;
	snprintf (taken, sizeof taken, "%s/taken", directory);
	ck_assert_int_eq (mkdir (taken, 0700), 0);
	ck_assert_int_eq (chown (taken, 65534, 65534), 0);
	address = (struct address){ .n = 2, .guarded = true };
	snprintf (address.paths[0], sizeof address.paths[0], "%s/s", taken);
	strcpy (address.paths[1], path);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_UNSAFE);
	ck_assert_msg (strstr (err.text, "/taken belongs to uid 65534, not to root") != NULL, "%s", err.text);
	listener = listen_at (path, 4);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_OPEN);
	fd_close (&fd);
	fd_close (&listener);
}
END_TEST

/* Another user listens in a directory that would be safe. */
START_TEST (somebody_elses_process)
{
	int ready[2], fd = -1, status;
	char byte;
	pid_t pid;

	NEED_ROOT;
	ck_assert_int_eq (chmod (directory, 01777), 0);
	ck_assert_int_eq (pipe (ready), 0);
	if ((pid = fork ()) == 0) {
		if (setresuid (65534, 65534, 65534) == 0)
			listen_at (path, 4);
		if (write (ready[1], "x", 1) == 1)
			pause ();
		_exit (1);
	}
	ck_assert_int_eq (read (ready[0], &byte, 1), 1);
	address = (struct address){ .n = 1, .guarded = true };
	strcpy (address.paths[0], path);
	ck_assert_int_eq (address_open (&address, &fd, &err), ADDRESS_UNSAFE);
	ck_assert_msg (strstr (err.text, "uid 65534 listens there") != NULL, "%s", err.text);
	kill (pid, SIGKILL);
	waitpid (pid, &status, 0);
	close (ready[0]);
	close (ready[1]);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, named);
	tcase_add_loop_test (tcase, not_understood, 0, sizeof refused / sizeof *refused);
	tcase_add_loop_test (tcase, host, 0, (int)(sizeof hosts / sizeof *hosts));
	tcase_add_loop_test (tcase, through_ssh, 0, (int)(sizeof machines / sizeof *machines));
	tcase_add_test (tcase, long_gateways);
	tcase_add_test (tcase, long_host);
	tcase_add_test (tcase, length);
	tcase_add_test (tcase, local);
	tcase_add_test (tcase, connects);
	tcase_add_test (tcase, the_next_path_when_nobody_answers);
	tcase_add_test (tcase, no_descriptors);
	tcase_add_test (tcase, another_group);
	tcase_add_test (tcase, how_to_start_one);
	tcase_add_test (tcase, a_full_queue);
	tcase_add_test (tcase, somebody_elses_directory);
	tcase_add_test (tcase, the_next_is_safe);
	tcase_add_test (tcase, somebody_elses_process);
}

/* The case gives up its uid, and so could not clean up: it makes no files. */
static void cases_of_a_user (TCase *tcase)
{
	tcase_add_test (tcase, local_of_a_user);
}

CHECK_MAIN ("client/address", cases, cases_of_a_user)
