/* check_keyring - each file is decrypted once, and each secret is asked for once, whoever waits for it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/keyring.h"
#include "ssh/user_keys.h"
#include "support/check_main.h"

static uv_loop_t loop;
static struct keyring *keyring;
static char directory[] = "/tmp/check-keyring-XXXXXX", path[100], public_path[104];
static int asked, changes;
static uint64_t last_id;
static char last_question[640];

static void on_ask (void *arg, uint64_t id, const char *question)
{
	ck_assert_ptr_eq (arg, &loop);
	asked++;
	last_id = id;
	snprintf (last_question, sizeof last_question, "%s", question);
}

static void on_changed (void *arg)
{
	(void)arg;
	changes++;
}

static void write_file (const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen (name, "w");

	ck_assert_ptr_nonnull (file);
	fputs (text, file);
	fclose (file);
	ck_assert_int_eq (chmod (name, mode), 0);
}

static void begin (bool somebody)
{
	keyring = keyring_new (&loop, somebody ? on_ask : NULL, &loop);
	ck_assert_ptr_nonnull (keyring);
}

static void setup (void)
{
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (path, sizeof path, "%s/id", directory);
	snprintf (public_path, sizeof public_path, "%s.pub", path);
	asked = changes = 0;
}

static void teardown (void)
{
	keyring_free (keyring);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	unlink (path);
	unlink (public_path);
	rmdir (directory);
}

static void run_until (const struct key_file *file, enum key_file_state state)
{
	while (key_file_state (file) != state)
		uv_run (&loop, UV_RUN_ONCE);
}

START_TEST (asked_once)
{
	struct keyring_listener one = { .changed = on_changed }, other = { .changed = on_changed };
	struct key_file *file;
	struct buf out;

	begin (true);
	write_file (path, ed25519_locked, 0600);
	file = keyring_file (keyring, path);
	ck_assert_int_eq (key_file_state (file), KEY_FILE_LOCKED);
	ck_assert_ptr_nonnull (key_file_public (file));
	keyring_listen (keyring, &one);
	keyring_listen (keyring, &other);
	key_file_unlock (file);
	key_file_unlock (keyring_file (keyring, path));
	ck_assert_int_eq (asked, 1);
	ck_assert_ptr_nonnull (strstr (last_question, "Passphrase for "));
	ck_assert_ptr_nonnull (strstr (last_question, path));
	keyring_answer (keyring, last_id + 1, KEYRING_ANSWERED, passphrase); /* of another question */
	ck_assert_int_eq (key_file_state (file), KEY_FILE_ASKED);
	keyring_answer (keyring, last_id, KEYRING_ANSWERED, passphrase);
	ck_assert_int_eq (key_file_state (file), KEY_FILE_DECODING);
	run_until (file, KEY_FILE_READY);
	while (changes < 2)
		uv_run (&loop, UV_RUN_ONCE);
	keyring_ignore (&one);
	keyring_ignore (&other);
	buf_init (&out, 1000);
	ck_assert_int_eq (key_file_sign (file, "x", 1, &out, NULL), 0);
	buf_free (&out);
	ck_assert_ptr_eq (keyring_file (keyring, path), file);
	ck_assert_int_eq (key_file_state (file), KEY_FILE_READY);
}
END_TEST

START_TEST (wrong_three_times)
{
	struct key_file *file;

	begin (true);
	write_file (path, ed25519_locked, 0600);
	file = keyring_file (keyring, path);
	key_file_unlock (file);
	for (int i = 1; i <= KEYRING_TRIES; i++) {
		run_until (file, KEY_FILE_ASKED);
		ck_assert_int_eq (asked, i);
		ck_assert_int_eq (!strncmp (last_question, "That was wrong. ", 16), i > 1);
		keyring_answer (keyring, last_id, KEYRING_ANSWERED, "another");
	}
	run_until (file, KEY_FILE_REFUSED);
	ck_assert_ptr_nonnull (strstr (key_file_why (file), "another passphrase"));
	key_file_unlock (file); /* nobody is asked again */
	ck_assert_int_eq (asked, KEYRING_TRIES);
}
END_TEST

START_TEST (nobody_to_ask)
{
	struct key_file *file;

	begin (_i == 1);
	write_file (path, ed25519_locked, 0600);
	file = keyring_file (keyring, path);
	key_file_unlock (file);
	if (_i == 1)
		keyring_answer (keyring, last_id, KEYRING_NOBODY, NULL);
	ck_assert_int_eq (key_file_state (file), KEY_FILE_REFUSED);
	ck_assert_ptr_nonnull (strstr (key_file_why (file), "ssh-add it"));
	ck_assert_ptr_nonnull (strstr (key_file_why (file), path));
}
END_TEST

START_TEST (freed_while_it_is_decoded)
{
	struct key_file *file;

	begin (true);
	write_file (path, ed25519_locked, 0600);
	file = keyring_file (keyring, path);
	key_file_unlock (file);
	keyring_answer (keyring, last_id, KEYRING_ANSWERED, passphrase);
	ck_assert_int_eq (key_file_state (file), KEY_FILE_DECODING);
	keyring_free (keyring);
	keyring = NULL;
}
END_TEST

static const struct {
	const char *private, *public; /* NULL: there is no such file */
	mode_t mode;
	enum key_file_state state; /* -1: no file */
	bool known; /* its public half */
} kinds[] = {
	{ ecdsa384, NULL, 0600, KEY_FILE_READY, true },
	{ ed25519_locked, NULL, 0600, KEY_FILE_LOCKED, true },
	{ pem_locked, NULL, 0600, KEY_FILE_LOCKED, false },
	{ pem_locked, pem_locked_public, 0600, KEY_FILE_LOCKED, true },
	{ NULL, ed25519_locked_public, 0644, KEY_FILE_PUBLIC, true },
	{ ed25519_locked_public, NULL, 0644, KEY_FILE_PUBLIC, true },
	{ ecdsa384, NULL, 0644, KEY_FILE_BAD, false },
	{ ecdsa384, ecdsa384_public, 0640, KEY_FILE_BAD, false },
	{ "nonsense", NULL, 0600, KEY_FILE_BAD, false },
	{ "", NULL, 0600, KEY_FILE_BAD, false },
	{ NULL, NULL, 0, (enum key_file_state) - 1, false },
};

START_TEST (kinds_of_files)
{
	struct key_file *file;

	begin (true);
	if (kinds[_i].private)
		write_file (path, kinds[_i].private, kinds[_i].mode);
	if (kinds[_i].public)
		write_file (public_path, kinds[_i].public, 0644);
	file = keyring_file (keyring, path);
	ck_assert_int_eq (file ? (int)key_file_state (file) : -1, (int)kinds[_i].state);
	if (!file)
		return;
	ck_assert_int_eq (key_file_public (file) != NULL, kinds[_i].known);
	ck_assert_int_eq (*key_file_why (file) != '\0', kinds[_i].state == KEY_FILE_BAD);
	ck_assert_int_eq (asked, 0);
}
END_TEST

/* Nobody waits for the other end of a named pipe. */
START_TEST (named_pipes)
{
	struct key_file *file;

	begin (true);
	ck_assert_int_eq (mkfifo (path, 0600), 0);
	ck_assert_int_eq (mkfifo (public_path, 0600), 0);
	ck_assert_ptr_nonnull (file = keyring_file (keyring, path));
	ck_assert_int_eq (key_file_state (file), KEY_FILE_BAD);
	ck_assert_int_eq (unlink (path), 0);
	ck_assert_ptr_null (keyring_file (keyring, path));
}
END_TEST

/* A file that was replaced is read again. */
START_TEST (another_file)
{
	struct key_file *file;

	begin (true);
	write_file (path, ed25519_locked, 0600);
	file = keyring_file (keyring, path);
	ck_assert_int_eq (key_file_state (file), KEY_FILE_LOCKED);
	unlink (path);
	write_file (path, ecdsa384, 0600);
	ck_assert_ptr_eq (keyring_file (keyring, path), file);
	ck_assert_int_eq (key_file_state (file), KEY_FILE_READY);
}
END_TEST

static void expect_secret (const struct key_password *password, const char *text, unsigned *serial)
{
	char *secret = key_password_copy (password, serial);

	ck_assert_str_eq (secret, text);
	free (secret);
}

START_TEST (one_password_for_all)
{
	struct key_password *one, *other;
	unsigned serial, second;

	begin (true);
	one = keyring_password (keyring, "bob", "web1");
	ck_assert_str_eq (last_question, "Password for bob@web1: ");
	ck_assert_ptr_eq (keyring_password (keyring, "bob", "web2"), one);
	other = keyring_password (keyring, "eve", "web1");
	ck_assert_ptr_ne (other, one);
	ck_assert_int_eq (asked, 2);
	keyring_answer (keyring, last_id, KEYRING_DECLINED, NULL);
	ck_assert_int_eq (key_password_state (other), KEY_PASSWORD_REFUSED);
	keyring_answer (keyring, last_id - 1, KEYRING_ANSWERED, "first");
	ck_assert_int_eq (key_password_state (one), KEY_PASSWORD_READY);
	expect_secret (one, "first", &serial);
	/* Two hosts say that it is wrong: one question. */
	ck_assert (key_password_wrong (one, serial, "web1"));
	ck_assert (key_password_wrong (one, serial, "web2"));
	ck_assert_int_eq (asked, 3);
	ck_assert_str_eq (last_question, "That was wrong. Password for bob@web1: ");
	keyring_answer (keyring, last_id, KEYRING_ANSWERED, "second");
	ck_assert (key_password_wrong (one, serial, "web3")); /* it has tried the first one only now */
	expect_secret (one, "second", &second);
	ck_assert_uint_ne (second, serial);
	/* A host that takes it decides that it is the right one: no further question. */
	key_password_right (one, second);
	ck_assert (!key_password_wrong (one, second, "web2"));
	ck_assert_int_eq (asked, 3);
}
END_TEST

START_TEST (three_wrong_passwords)
{
	struct key_password *password;
	unsigned serial;

	begin (true);
	password = keyring_password (keyring, "bob", "web1");
	for (int i = 1; i <= KEYRING_TRIES; i++) {
		ck_assert_int_eq (asked, i);
		keyring_answer (keyring, last_id, KEYRING_ANSWERED, "wrong");
		expect_secret (password, "wrong", &serial);
		ck_assert_int_eq (key_password_wrong (password, serial, "web1"), i < KEYRING_TRIES);
	}
	ck_assert_int_eq (asked, KEYRING_TRIES);
}
END_TEST

static void add_cases (TCase *cases)
{
	tcase_add_checked_fixture (cases, setup, teardown);
	tcase_add_test (cases, asked_once);
	tcase_add_test (cases, wrong_three_times);
	tcase_add_loop_test (cases, nobody_to_ask, 0, 2);
	tcase_add_test (cases, freed_while_it_is_decoded);
	tcase_add_loop_test (cases, kinds_of_files, 0, sizeof kinds / sizeof *kinds);
	tcase_add_test (cases, named_pipes);
	tcase_add_test (cases, another_file);
	tcase_add_test (cases, one_password_for_all);
	tcase_add_test (cases, three_wrong_passwords);
}

CHECK_MAIN ("keyring", add_cases)
