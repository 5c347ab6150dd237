/* check_ssh_session - a session with a scripted peer: each end before the login has its reason, and is told once. What needs a
 * real sshd is in tests/system/ssh.test. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/failure.h"
#include "ssh/ssh_session.h"
#include "support/check_main.h"

static uv_loop_t loop;
static struct ssh_session *session;
static int peer = -1, ends;
static bool again;
static struct err end;

static int on_judge (void *arg, const uint8_t *key, size_t n, struct err *err)
{
	(void)arg;
	(void)key;
	(void)n;
	return err_set (err, FAILURE_UNTRUSTED, "nobody is trusted");
}

static int on_login (void *arg, LIBSSH2_SESSION *raw, struct err *err)
{
	(void)arg;
	(void)raw;
	(void)err;
	ck_abort_msg ("a login with a server that has proved no key");
	return -1;
}

static void on_ready (void *arg)
{
	(void)arg;
	ck_abort_msg ("it is ready");
}

static void on_ended (void *arg, bool is_again, const struct err *err)
{
	ck_assert_ptr_eq (arg, &loop);
	ends++;
	again = is_again;
	end = *err;
	ssh_session_free (session);
	session = NULL;
}

static const struct ssh_session_ops ops = { on_judge, on_login, on_ready, on_ready, on_ended, NULL, NULL };

static void setup (void)
{
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	ck_assert_int_eq (libssh2_init (0), 0);
	ends = 0;
	peer = -1;
}

static void teardown (void)
{
	ssh_session_free (session);
	session = NULL;
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	libssh2_exit ();
	fd_close (&peer);
}

/* With a socket that is connected to `peer`. */
static void begin (void)
{
	struct ssh_session_target target = { .key_types = NULL };
	struct err err;
	int pair[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	target.fd = pair[0];
	peer = pair[1];
	session = ssh_session_new (&loop, &target, &ops, &loop, &err);
	ck_assert_ptr_nonnull (session);
	ck_assert (!ssh_session_has_room (session) && ssh_session_n_channels (session) == 0);
}

static void say (const void *bytes, size_t n)
{
	ck_assert_int_eq (write (peer, bytes, n), (ssize_t)n);
}

/* The packets of RFC 4253, section 6, without encryption. */
#define KEXINIT_OF_NOTHING \
	"\0\0\0\x44\4\x14" \
	"0123456789abcdef" \
	"\0\0\0\1x\0\0\0\1x\0\0\0\1x\0\0\0\1x\0\0\0\1x\0\0\0\1x" \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct {
	const char *words;
	size_t n; /* 0: as a text */
	bool again;
	enum failure code;
	const char *why;
} ends_of[] = {
	{ "", 0, true, FAILURE_BUSY, "without a word" },
	{ "Exceeded MaxStartups\r\n", 0, true, FAILURE_BUSY, "takes no more connections" },
	{ "Not allowed at this time\r\n", 0, false, FAILURE_UNREACHABLE,
		"no sshd listens there: it says 'Not allowed" },
	{ "HTTP/1.0 400 Bad Request\r\n", 0, false, FAILURE_UNREACHABLE, "no sshd listens there: it says 'HTTP" },
	{ "\x1b[2J\a\r\n", 0, false, FAILURE_UNREACHABLE, "no sshd listens there: it says '?[2J?" },
	{ "SSH-1.5-old\r\n", 0, false, FAILURE_UNREACHABLE, "key exchange failed" },
	{ "SSH-2.0-x\r\n", 0, false, FAILURE_UNREACHABLE, "key exchange failed" },
	{ "SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 23, false, FAILURE_UNREACHABLE,
		"key exchange failed" },
	{ "SSH-2.0-x\r\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 27, false, FAILURE_UNREACHABLE, "key exchange failed" },
	{ "SSH-2.0-x\r\n" KEXINIT_OF_NOTHING, 11 + sizeof KEXINIT_OF_NOTHING - 1, false, FAILURE_UNREACHABLE, "" },
};

START_TEST (ends_before_the_login)
{
	size_t n = ends_of[_i].n ? ends_of[_i].n : strlen (ends_of[_i].words);

	begin ();
	if (n)
		say (ends_of[_i].words, n);
	fd_close (&peer);
	while (!ends)
		uv_run (&loop, UV_RUN_ONCE);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (ends, 1);
	ck_assert_msg (again == ends_of[_i].again && end.code == (int)ends_of[_i].code, "%d %s", end.code, end.text);
	ck_assert_msg (strstr (end.text, ends_of[_i].why) != NULL, "%s", end.text);
	ck_assert_ptr_null (strchr (end.text, '\n'));
}
END_TEST

/* Lines before the version are allowed (RFC 4253, section 4.2), but not without an end. */
START_TEST (endless_lines)
{
	static char line[64 * 1024];

	memset (line, 'x', sizeof line);
	begin ();
	fd_nonblock (peer, true);
	for (int i = 0; i < 4096 && !ends; i++) {
		if (write (peer, line, sizeof line) < 0 && errno == EPIPE)
			break;
		uv_run (&loop, UV_RUN_NOWAIT);
	}
	fd_close (&peer);
	while (!ends)
		uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (ends, 1);
}
END_TEST

START_TEST (no_address)
{
	struct ssh_session_target target = { .fd = -1 };
	struct err err;

	session = ssh_session_new (&loop, &target, &ops, &loop, &err);
	ck_assert_ptr_nonnull (session);
	while (!ends)
		uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (end.code, FAILURE_UNREACHABLE);
	ck_assert_ptr_nonnull (strstr (end.text, "it has no address"));
}
END_TEST

START_TEST (a_type_of_key_that_libssh2_does_not_have)
{
	struct ssh_session_target target = { .fd = -1, .key_types = "ssh-strange" };
	struct err err;

	ck_assert_ptr_null (ssh_session_new (&loop, &target, &ops, &loop, &err));
	ck_assert_int_eq (err.code, FAILURE_UNTRUSTED);
	ck_assert_ptr_nonnull (strstr (err.text, "ssh-strange"));
}
END_TEST

START_TEST (ended_by_us)
{
	struct err reason;

	begin ();
	err_set (&reason, FAILURE_INTERNAL, "enough");
	ssh_session_end (session, &reason);
	ck_assert_int_eq (ends, 0);
	while (!ends)
		uv_run (&loop, UV_RUN_ONCE);
	ck_assert_str_eq (end.text, "enough");
}
END_TEST

START_TEST (freed_in_the_handshake)
{
	begin ();
	say ("SSH-2.0-x\r\n", 11);
	for (int i = 0; i < 5; i++)
		uv_run (&loop, UV_RUN_NOWAIT);
	ssh_session_free (session);
	session = NULL;
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (ends, 0);
}
END_TEST

static void add_cases (TCase *cases)
{
	signal (SIGPIPE, SIG_IGN);
	tcase_add_checked_fixture (cases, setup, teardown);
	tcase_add_loop_test (cases, ends_before_the_login, 0, sizeof ends_of / sizeof *ends_of);
	tcase_add_test (cases, endless_lines);
	tcase_add_test (cases, no_address);
	tcase_add_test (cases, a_type_of_key_that_libssh2_does_not_have);
	tcase_add_test (cases, ended_by_us);
	tcase_add_test (cases, freed_in_the_handshake);
}

CHECK_MAIN ("ssh_session", add_cases)
