/* check_agent - the messages of ssh-agent, cut, wrong and right; the keys and signatures of the real agent. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/agent.h"
#include "ssh/ssh_string.h"
#include "support/check_main.h"

static void make_key (struct public_key *key, const char *type, char c)
{
	struct buf bytes;

	buf_init (&bytes, 1000);
	ck_assert_int_eq (ssh_put_string (&bytes, type, strlen (type)), 0);
	ck_assert_int_eq (ssh_put_string (&bytes, &c, 1), 0);
	ck_assert_int_eq (public_key_set (key, buf_head (&bytes), buf_len (&bytes), NULL), 0);
	buf_free (&bytes);
}

/* A message of a type byte and what was put behind it. */
static struct buf message_of (const struct buf *values, uint8_t type)
{
	struct buf message;

	buf_init (&message, 1 << 20);
	ck_assert_int_eq (ssh_put_u32 (&message, (uint32_t)buf_len (values) + 1), 0);
	ck_assert_int_eq (ssh_put_byte (&message, type), 0);
	ck_assert_int_eq (buf_append (&message, buf_head (values), buf_len (values)), 0);
	return message;
}

/* An answer with n keys of a byte each, and one that is none. */
static struct buf answer_of (uint32_t n)
{
	struct public_key key;
	struct buf values, message;

	buf_init (&values, 1 << 20);
	ck_assert_int_eq (ssh_put_u32 (&values, n + 1), 0);
	for (uint32_t i = 0; i < n; i++) {
		make_key (&key, "ssh-ed25519", (char)i);
		ck_assert_int_eq (ssh_put_string (&values, key.bytes, key.n), 0);
		ck_assert_int_eq (ssh_put_string (&values, "me\n@here", 8), 0);
		public_key_free (&key);
	}
	ck_assert_int_eq (ssh_put_string (&values, "none", 4), 0);
	ck_assert_int_eq (ssh_put_string (&values, "", 0), 0);
	message = message_of (&values, 12);
	buf_free (&values);
	return message;
}

START_TEST (list_of_keys)
{
	struct buf message = answer_of (3);
	struct agent_keys keys;
	struct err err;

	ck_assert_int_eq (agent_read_keys (&keys, buf_head (&message), buf_len (&message), &err), 0);
	ck_assert_uint_eq (keys.n, 3);
	ck_assert_uint_eq (keys.skipped, 1);
	ck_assert_str_eq (keys.keys[2].key.type, "ssh-ed25519");
	ck_assert_str_eq (keys.keys[2].comment, "me?@here");
	agent_keys_free (&keys);
	buf_free (&message);
	message = answer_of (AGENT_KEYS_MAX + 10);
	ck_assert_int_eq (agent_read_keys (&keys, buf_head (&message), buf_len (&message), &err), 0);
	ck_assert_uint_eq (keys.n, AGENT_KEYS_MAX);
	ck_assert_uint_eq (keys.skipped, 11);
	agent_keys_free (&keys);
	buf_free (&message);
}
END_TEST

/* A message is asked for until it is whole; each shorter one is refused, whatever its length says. */
START_TEST (cut_short)
{
	struct buf message = answer_of (2);
	uint8_t *bytes = buf_head (&message);
	size_t n = buf_len (&message);
	struct agent_keys keys;
	struct err err;

	for (size_t cut = 0; cut < n; cut++) {
		ck_assert_int_eq (agent_message_size (bytes, cut, &err), 0);
		ck_assert_int_eq (agent_read_keys (&keys, bytes, cut, &err), -1);
		ck_assert_ptr_null (keys.keys);
	}
	ck_assert_int_eq (agent_message_size (bytes, n, &err), (ssize_t)n);
	for (uint8_t length = 1; length < n - 4; length++) {
		bytes[3] = length;
		ck_assert_int_eq (agent_read_keys (&keys, bytes, 4u + length, &err), -1);
		ck_assert_ptr_null (keys.keys);
	}
	buf_free (&message);
}
END_TEST

static const struct {
	uint8_t bytes[16];
	size_t n;
	const char *size, *keys;
} wrong[] = {
	{ { 0, 0, 0, 0 }, 4, "a message of 0 bytes", "is malformed" },
	{ { 'H', 'T', 'T', 'P' }, 4, "that is no ssh agent", "is malformed" },
	{ { 0, 0, 0, 1, 5 }, 5, NULL, "the ssh agent refuses to list its keys" },
	{ { 0, 0, 0, 1, 6 }, 5, NULL, "the ssh agent answers to list its keys with a message of type 6" },
	{ { 0, 0, 0, 1, 12 }, 5, NULL, "is malformed" },
	{ { 0, 0, 0, 5, 12, 0xff, 0xff, 0xff, 0xff }, 9, NULL, "is malformed" },
	{ { 0, 0, 0, 5, 12, 0, 0, 0, 1 }, 9, NULL, "is malformed" },
};

START_TEST (wrong_messages)
{
	struct agent_keys keys;
	struct err err;
	ssize_t size = agent_message_size (wrong[_i].bytes, wrong[_i].n, &err);

	if (wrong[_i].size) {
		ck_assert_int_eq (size, -1);
		ck_assert_msg (strstr (err.text, wrong[_i].size) != NULL, "%s", err.text);
	} else {
		ck_assert_int_eq (size, (ssize_t)wrong[_i].n);
	}
	ck_assert_int_eq (agent_read_keys (&keys, wrong[_i].bytes, wrong[_i].n, &err), -1);
	ck_assert_msg (strstr (err.text, wrong[_i].keys) != NULL, "%s", err.text);
}
END_TEST

static int read_signature (const char *algorithm, const char *bytes, size_t n, struct err *err)
{
	struct buf inner, values, message;
	const uint8_t *signature;
	size_t size;
	int result;

	buf_init (&inner, 1000);
	buf_init (&values, 1000);
	ck_assert_int_eq (ssh_put_string (&inner, algorithm, strlen (algorithm)), 0);
	ck_assert_int_eq (ssh_put_string (&inner, bytes, n), 0);
	ck_assert_int_eq (ssh_put_string (&values, buf_head (&inner), buf_len (&inner)), 0);
	message = message_of (&values, 14);
	result = agent_read_signature (buf_head (&message), buf_len (&message), "ssh-ed25519", &signature, &size, err);
	if (result == 0)
		ck_assert (size == n && !memcmp (signature, bytes, n));
	for (size_t cut = 0; cut < buf_len (&message); cut++)
		ck_assert_int_eq (
			agent_read_signature (buf_head (&message), cut, "ssh-ed25519", &signature, &size, err), -1);
	if (result < 0)
		agent_read_signature (buf_head (&message), buf_len (&message), "ssh-ed25519", &signature, &size, err);
	buf_free (&inner);
	buf_free (&values);
	buf_free (&message);
	return result;
}

START_TEST (signatures)
{
	static const uint8_t refusal[] = { 0, 0, 0, 1, 5 };
	const uint8_t *signature;
	struct err err;
	size_t n;

	ck_assert_int_eq (read_signature ("ssh-ed25519", "bytes", 5, &err), 0);
	ck_assert_int_eq (read_signature ("ssh-ed25519", "", 0, &err), -1);
	ck_assert_str_eq (err.text, "the answer of the ssh agent is malformed");
	ck_assert_int_eq (read_signature ("rsa-sha2-256\n", "x", 1, &err), -1);
	ck_assert_str_eq (err.text, "the ssh agent signs with 'rsa-sha2-256\\n', not with ssh-ed25519");
	ck_assert_int_eq (agent_read_signature (refusal, sizeof refusal, "ssh-ed25519", &signature, &n, &err), -1);
	ck_assert_str_eq (err.text, "the ssh agent refuses to sign");
}
END_TEST

START_TEST (too_much_to_sign)
{
	static const uint8_t bytes[AGENT_MESSAGE_MAX];
	struct public_key key;
	struct buf out;
	struct err err;
	size_t most;

	make_key (&key, "ssh-ed25519", 'x');
	most = AGENT_MESSAGE_MAX - 17 - key.n;
	buf_init (&out, AGENT_MESSAGE_MAX);
	ck_assert_int_eq (agent_ask_signature (&out, &key, bytes, most + 1, &err), -1);
	ck_assert_uint_eq (buf_len (&out), 0);
	ck_assert_int_eq (agent_ask_signature (&out, &key, bytes, most, &err), 0);
	ck_assert_int_eq (agent_message_size (buf_head (&out), buf_len (&out), &err), AGENT_MESSAGE_MAX);
	ck_assert_int_eq (agent_ask_signature (&out, &key, bytes, 1, &err), -1);
	ck_assert_uint_eq (buf_len (&out), AGENT_MESSAGE_MAX);
	buf_free (&out);
	public_key_free (&key);
}
END_TEST

/* --- the real agent ----------------------------------------------------------------------------------------------- */

/* Send a request and read the whole answer. */
static struct buf exchange (int fd, const struct buf *request)
{
	struct buf answer;
	struct err err = { .text = "" };
	ssize_t got, whole = 0;

	buf_init (&answer, AGENT_MESSAGE_MAX);
	ck_assert_int_eq (fd_write_all (fd, buf_head (request), buf_len (request)), 0);
	while (whole == 0) {
		uint8_t *space = buf_reserve (&answer, 1024);

		ck_assert_ptr_nonnull (space);
		ck_assert_int_gt (got = read (fd, space, 1024), 0);
		buf_commit (&answer, (size_t)got);
		whole = agent_message_size (buf_head (&answer), buf_len (&answer), &err);
	}
	ck_assert_msg (whole == (ssize_t)buf_len (&answer), "%s", err.text);
	return answer;
}

START_TEST (real_agent)
{
	char directory[] = "/tmp/remex-agent-XXXXXX", command[400];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct agent_keys keys;
	struct buf request, answer;
	struct err err = { .text = "" };
	const uint8_t *signature;
	size_t n;
	int fd;

	if (system ("command -v ssh-agent >/dev/null") != 0)
		SKIP ("there is no ssh-agent here");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (address.sun_path, sizeof address.sun_path, "%s/agent", directory);
	/* the agent serves as long as its command runs, which reads a pipe of ours */
	snprintf (command, sizeof command,
		"cd %s && ssh-keygen -q -t ed25519 -N '' -C one -f a && ssh-keygen -q -t ecdsa -N '' -C two -f b && "
		"exec ssh-agent -a %s/agent sh -c 'ssh-add -q a b && touch ready; cat'",
		directory, directory);
	FILE *agent = popen (command, "w");
	ck_assert_ptr_nonnull (agent);
	snprintf (command, sizeof command, "%s/ready", directory);
	while (access (command, F_OK) < 0)
		usleep (5000);
	ck_assert_int_ge (fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
	buf_init (&request, AGENT_MESSAGE_MAX);
	ck_assert_int_eq (agent_ask_keys (&request, &err), 0);
	answer = exchange (fd, &request);
	ck_assert_msg (agent_read_keys (&keys, buf_head (&answer), buf_len (&answer), &err) == 0, "%s", err.text);
	ck_assert_uint_eq (keys.n, 2);
	ck_assert_str_eq (keys.keys[0].comment, "one");
	ck_assert_str_eq (keys.keys[1].key.type, "ecdsa-sha2-nistp256");
	for (size_t i = 0; i < 2; i++) {
		buf_free (&answer);
		buf_consume (&request, buf_len (&request));
		ck_assert_int_eq (agent_ask_signature (&request, &keys.keys[i].key, "bytes", 5, &err), 0);
		answer = exchange (fd, &request);
		ck_assert_msg (agent_read_signature (buf_head (&answer), buf_len (&answer), keys.keys[i].key.type,
				       &signature, &n, &err) == 0,
			"%s", err.text);
		ck_assert (i ? n > 64 : n == 64);
	}
	buf_free (&answer);
	buf_consume (&request, buf_len (&request));
	keys.keys[0].key.bytes[keys.keys[0].key.n - 1] ^= 1; /* a key that the agent does not have */
	ck_assert_int_eq (agent_ask_signature (&request, &keys.keys[0].key, "bytes", 5, &err), 0);
	answer = exchange (fd, &request);
	ck_assert_int_eq (
		agent_read_signature (buf_head (&answer), buf_len (&answer), "ssh-ed25519", &signature, &n, &err), -1);
	ck_assert_str_eq (err.text, "the ssh agent refuses to sign");
	buf_free (&answer);
	buf_free (&request);
	agent_keys_free (&keys);
	close (fd);
	ck_assert_int_eq (pclose (agent), 0);
	snprintf (command, sizeof command, "rm -r %s", directory);
	ck_assert_int_eq (system (command), 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, list_of_keys);
	tcase_add_test (tcase, cut_short);
	tcase_add_loop_test (tcase, wrong_messages, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test (tcase, signatures);
	tcase_add_test (tcase, too_much_to_sign);
	tcase_add_test (tcase, real_agent);
}

CHECK_MAIN ("agent", add_cases)
