/* check_ssh_login - the judgement of a server's key, and logins to an sshd that is this test (far_sshd.h): what is offered, in
 * which order, and what the error says. */
#include "config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/failure.h"
#include "ssh/far_sshd.h"
#include "ssh/ssh_login.h"
#include "ssh/ssh_session.h"
#include "ssh/user_keys.h"
#include "support/check_main.h"

enum {
	/* RFC 4250, section 4.1.2, and RFC 4252, section 7 */
	MSG_SERVICE_REQUEST = 5,
	MSG_SERVICE_ACCEPT = 6,
	MSG_USERAUTH_REQUEST = 50,
	MSG_USERAUTH_FAILURE = 51,
	MSG_USERAUTH_SUCCESS = 52,
	MSG_USERAUTH_PK_OK = 60,
};

static uv_loop_t loop;
static struct ssh_session *session;
static struct login *login;
static struct agent_link *agent;
static struct keyring *keyring;
static struct far_sshd sshd;
static int far;
static char directory[] = "/tmp/check_ssh_login.XXXXXX", known[80], key_plain[80], key_locked[80];
static struct login_host host;
static struct login_shown shown;
static bool ready, over;
static struct err why;
static struct buf said; /* what the client has tried, in words */
static uint64_t question; /* 0: none is open */
static struct {
	const char *methods; /* that go on */
	bool takes_key, takes_signature;
	const char *password; /* NULL: takes none */
} policy;

/* --- the client --------------------------------------------------------------------------------------------------- */

static int on_judge (void *arg, const uint8_t *key, size_t n, struct err *err)
{
	(void)arg;
	free (shown.key);
	return login_judge (login, key, n, false, &shown, err);
}

static int on_login (void *arg, LIBSSH2_SESSION *raw, struct err *err)
{
	(void)arg;
	return login_step (login, raw, err);
}

static void on_ready (void *arg)
{
	(void)arg;
	ready = true;
}

static void on_ended (void *arg, bool again, const struct err *err)
{
	(void)arg;
	(void)again;
	over = true;
	why = *err;
}

static const struct ssh_session_ops ops = { on_judge, on_login, on_ready, on_ready, on_ended, NULL, NULL };

static void on_stir (void *arg)
{
	(void)arg;
	if (session && !over)
		ssh_session_wake (session);
}

static void on_ask (void *arg, uint64_t id, const char *text)
{
	(void)arg;
	ck_assert_ptr_nonnull (strstr (text, "ass"));
	question = id;
}

/* --- the sshd ------------------------------------------------------------------------------------------------------- */

static uint32_t number_at (const uint8_t *bytes)
{
	uint32_t big;

	memcpy (&big, bytes, sizeof big);
	return ntohl (big);
}

/* The string at *at, which moves behind it. */
static const char *next_string (const uint8_t **at, size_t *n)
{
	const char *text = (const char *)*at + 4;

	*n = number_at (*at);
	*at += 4 + *n;
	return text;
}

static void refuse (void)
{
	uint8_t bytes[200] = { MSG_USERAUTH_FAILURE };
	size_t n = strlen (policy.methods);

	bytes[4] = (uint8_t)n;
	memcpy (bytes + 5, policy.methods, n);
	far_sshd_send (&sshd, bytes, 5 + n + 1);
}

static void judge (bool taken)
{
	static const uint8_t welcome = MSG_USERAUTH_SUCCESS;

	if (taken)
		far_sshd_send (&sshd, &welcome, 1);
	else
		refuse ();
}

/* The bytes behind the method: has it a signature, the algorithm, the key. */
static void take_key (const uint8_t *at)
{
	bool is_signed = *at++;
	const uint8_t *begin = at;
	uint8_t answer[500] = { MSG_USERAUTH_PK_OK };
	size_t n;
	const char *type = next_string (&at, &n);

	ck_assert_int_eq (buf_printf (&said, "%s %.*s\n", is_signed ? "signed" : "key", (int)n, type), 0);
	next_string (&at, &n);
	if (is_signed || !policy.takes_key) {
		judge (is_signed && policy.takes_signature);
		return;
	}
	n = (size_t)(at - begin);
	ck_assert_uint_lt (n, sizeof answer);
	memcpy (answer + 1, begin, n);
	far_sshd_send (&sshd, answer, 1 + n);
}

static void take_request (const uint8_t *payload)
{
	const uint8_t *at = payload + 1;
	const char *text;
	size_t n;

	text = next_string (&at, &n);
	ck_assert (n == 2 && !memcmp (text, "me", 2));
	next_string (&at, &n);
	text = next_string (&at, &n);
	if (n == 9 && !memcmp (text, "publickey", n)) {
		take_key (at);
	} else if (n == 8 && !memcmp (text, "password", n)) {
		at++;
		text = next_string (&at, &n);
		ck_assert_int_eq (buf_printf (&said, "password %.*s\n", (int)n, text), 0);
		judge (policy.password && n == strlen (policy.password) && !memcmp (text, policy.password, n));
	} else {
		ck_assert_int_eq (buf_printf (&said, "%.*s\n", (int)n, text), 0);
		judge (!policy.methods);
	}
}

static void take (const uint8_t *payload)
{
	static const uint8_t service[] = { MSG_SERVICE_ACCEPT, 0, 0, 0, 12, 's', 's', 'h', '-', 'u', 's', 'e', 'r', 'a',
		'u', 't', 'h' };

	if (*payload == MSG_SERVICE_REQUEST)
		far_sshd_send (&sshd, service, sizeof service);
	else if (*payload == MSG_USERAUTH_REQUEST)
		take_request (payload);
}

/* Let the bytes of both sides go where they can. */
static void turn (void)
{
	struct pollfd one = { .fd = far, .events = POLLIN };
	const uint8_t *payload;
	uint8_t bytes[16384];
	size_t size;
	ssize_t n;

	while (buf_len (&sshd.out) && (n = send (far, buf_head (&sshd.out), buf_len (&sshd.out), MSG_NOSIGNAL)) > 0)
		buf_consume (&sshd.out, (size_t)n);
	uv_run (&loop, UV_RUN_NOWAIT);
	poll (&one, 1, 1); /* a passphrase is tried in a thread */
	while ((n = read (far, bytes, sizeof bytes)) > 0) {
		far_sshd_feed (&sshd, bytes, (size_t)n);
		while (far_sshd_next (&sshd, &payload, &size) > 0)
			take (payload);
	}
}

/* --- cases ---------------------------------------------------------------------------------------------------------- */

static void write_file (const char *path, const char *text, size_t n)
{
	int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (write (fd, text, n), (ssize_t)n);
	close (fd);
}

/* The host is known by the key that the test's sshd has, or by another one. */
static void know (const char *name, bool right)
{
	struct buf line;

	buf_init (&line, 1000);
	ck_assert_int_eq (buf_printf (&line, "%s ", name), 0);
	if (right)
		far_sshd_key (&line);
	else
		ck_assert_int_eq (buf_printf (&line, "%s", ed25519_locked_public), 0);
	ck_assert_int_eq (buf_printf (&line, "\n"), 0);
	write_file (known, (const char *)buf_head (&line), buf_len (&line));
	buf_free (&line);
}

static char *identities[3], *known_files[2];

static void setup (void)
{
	signal (SIGPIPE, SIG_IGN);
	unsetenv ("SSH_AUTH_SOCK");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (known, sizeof known, "%s/known", directory);
	snprintf (key_plain, sizeof key_plain, "%s/plain", directory);
	snprintf (key_locked, sizeof key_locked, "%s/locked", directory);
	write_file (key_plain, ecdsa384, strlen (ecdsa384));
	write_file (key_locked, ed25519_locked, strlen (ed25519_locked));
	know ("far", true);
	known_files[0] = known;
	host = (struct login_host){ .port = 22, .identities = identities, .known = known_files, .known_own = known };
	host.hostname = host.known_name = strdup ("far");
	host.user = strdup ("me");
	host.address = strdup ("ssh://far");
	buf_init (&said, 10000);
	ck_assert_int_eq (libssh2_init (0), 0);
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	far_sshd_init (&sshd);
	ck_assert_ptr_nonnull (agent = agent_link_new (&loop));
}

static void teardown (void)
{
	ssh_session_free (session);
	login_free (login);
	keyring_free (keyring);
	agent_link_free (agent);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	far_sshd_free (&sshd);
	fd_close (&far);
	libssh2_exit ();
	buf_free (&said);
	free (shown.key);
	free (host.hostname);
	free (host.user);
	free (host.address);
	unlink (known);
	unlink (key_plain);
	unlink (key_locked);
	rmdir (directory);
}

static void begin (bool somebody)
{
	struct ssh_session_target target = { .fd = -1 };
	struct err err;
	int pair[2];

	ck_assert_ptr_nonnull (keyring = keyring_new (&loop, somebody ? on_ask : NULL, NULL));
	login = login_new (&host, agent, keyring, on_stir, NULL, &err);
	ck_assert_msg (login != NULL, "%s", err.text);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	far = pair[0];
	target.fd = pair[1];
	target.key_types = login_key_types (login);
	session = ssh_session_new (&loop, &target, &ops, &loop, &err);
	ck_assert_msg (session != NULL, "%s", err.text);
}

static void run (void)
{
	while (!ready && !over && !question)
		turn ();
}

static void expect_said (const char *text)
{
	ck_assert_int_eq (buf_append (&said, "", 1), 0);
	ck_assert_str_eq ((const char *)buf_head (&said), text);
}

static const struct {
	const char *name; /* in known_hosts */
	bool right;
	const char *words; /* NULL: it is the host's */
	bool is_known; /* a key of it is */
} keys[] = {
	{ "far", true, NULL, false },
	{ "other", true, "is not known", false },
	{ "far", false, "SHA256:", true },
	{ "@revoked far", true, "is revoked", true },
};

/* The server's key decides before anything is said of the user. */
START_TEST (keys_of_the_server)
{
	know (keys[_i].name, keys[_i].right);
	begin (false);
	run ();
	ck_assert (ready == !keys[_i].words && over == !!keys[_i].words);
	if (!keys[_i].words)
		return;
	ck_assert_int_eq (why.code, FAILURE_UNTRUSTED);
	ck_assert_msg (strstr (why.text, keys[_i].words) != NULL, "%s", why.text);
	ck_assert_int_eq (*shown.known != '\0', keys[_i].is_known);
	expect_said ("");
}
END_TEST

static const struct {
	const char *methods;
	bool key, locked; /* the identity files that there are */
	bool takes_key, takes_signature;
	const char *said; /* behind "none" */
	const char *words; /* NULL: logged in */
} logins[] = {
	{ NULL, true, false, false, false, "", NULL },
	{ "publickey", true, false, true, true, "key ecdsa-sha2-nistp384\nsigned ecdsa-sha2-nistp384\n", NULL },
	{ "publickey", true, false, true, false, "key ecdsa-sha2-nistp384\nsigned ecdsa-sha2-nistp384\n",
		"our key not for me" },
	{ "publickey", true, false, false, false, "key ecdsa-sha2-nistp384\n", "our key not for me" },
	{ "publickey,password", true, false, false, false, "key ecdsa-sha2-nistp384\n",
		"a password is asked for on a terminal only" },
	{ "publickey", true, true, false, false, "key ecdsa-sha2-nistp384\nkey ssh-ed25519\n",
		"none of our keys for me" },
	{ "publickey", false, true, true, true, "key ssh-ed25519\n", "passphrase" },
	{ "publickey", false, false, true, true, "", "there is no key to log in with as me" },
	{ "hostbased", false, false, false, false, "", "takes no keys of me, but hostbased" },
};

/* Nobody can be asked. */
START_TEST (logins_alone)
{
	size_t n = 0;
	char *expected;

	policy.methods = logins[_i].methods;
	policy.takes_key = logins[_i].takes_key;
	policy.takes_signature = logins[_i].takes_signature;
	if (logins[_i].key)
		identities[n++] = key_plain;
	if (logins[_i].locked)
		identities[n++] = key_locked;
	begin (false);
	run ();
	ck_assert_int_ge (asprintf (&expected, "none\n%s", logins[_i].said), 0);
	expect_said (expected);
	free (expected);
	ck_assert_msg (ready == !logins[_i].words, "%s", why.text);
	ck_assert (ready || why.code == FAILURE_DENIED);
	ck_assert_msg (ready || strstr (why.text, logins[_i].words) != NULL, "%s", why.text);
}
END_TEST

/* Somebody is there: the password comes behind the keys, and a wrong one is asked for again. */
START_TEST (passwords)
{
	policy.methods = "publickey,password";
	policy.password = "right";
	identities[0] = key_plain;
	begin (true);
	for (int i = 0; i < 2; i++) {
		run ();
		ck_assert (question && !ready && !over);
		keyring_answer (keyring, question, KEYRING_ANSWERED, i ? "right" : "wrong");
		question = 0;
	}
	run ();
	ck_assert_msg (ready, "%s", why.text);
	expect_said ("none\nkey ecdsa-sha2-nistp384\npassword wrong\npassword right\n");
}
END_TEST

/* A passphrase is asked for only when the server would take the key. */
START_TEST (passphrases)
{
	policy.methods = "publickey";
	policy.takes_key = policy.takes_signature = true;
	identities[0] = key_locked;
	begin (true);
	run ();
	ck_assert (question != 0);
	ck_assert_uint_eq (buf_len (&said), strlen ("none\nkey ssh-ed25519\n"));
	keyring_answer (keyring, question, KEYRING_ANSWERED, passphrase);
	question = 0;
	run ();
	ck_assert_msg (ready, "%s", why.text);
	expect_said ("none\nkey ssh-ed25519\nsigned ssh-ed25519\n");
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, keys_of_the_server, 0, sizeof keys / sizeof *keys);
	tcase_add_loop_test (tcase, logins_alone, 0, sizeof logins / sizeof *logins);
	tcase_add_test (tcase, passwords);
	tcase_add_test (tcase, passphrases);
}

CHECK_MAIN ("ssh_login", add_cases)
