/* fuzz_known_hosts - any bytes as a file of known hosts: each line is read or skipped, and the line that is added for a
 * key that was read makes its host known, or is refused in words.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ssh/known_hosts.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static struct known_hosts *known_of (const void *text, size_t n)
{
	struct known_hosts *known = known_hosts_new ();

	require (known && known_hosts_read_text (known, text, n, "file", NULL) == 0);
	return known;
}

/* Add a line, plain or hashed, for the key of a judgement, and judge it. */
static void try_line (const char *host, unsigned port, const struct public_key *key, const uint8_t *salt)
{
	struct known_hosts *known;
	struct buf line;
	struct err err = { .text = "" };

	buf_init (&line, KNOWN_HOSTS_LINE_MAX);
	if (known_hosts_line (&line, host, port, key, salt, &err) < 0) {
		require (*err.text && !strchr (err.text, '\n'));
	} else {
		known = known_of (buf_head (&line), buf_len (&line));
		require (known_hosts_judge (known, host, port, key).verdict == KNOWN_HOSTS_MATCH);
		known_hosts_free (known);
	}
	buf_free (&line);
}

static void try_host (const struct known_hosts *known, const char *host, unsigned port, const struct public_key *key)
{
	static const uint8_t salt[KNOWN_HOSTS_SALT] = { 1 };
	struct known_hosts_judgement judgement = known_hosts_judge (known, host, port, key);
	const char *types[KNOWN_HOSTS_TYPES_MAX];
	char print[PUBLIC_KEY_PRINT_SIZE];
	size_t n = known_hosts_types (known, host, port, types);

	require (n <= KNOWN_HOSTS_TYPES_MAX);
	for (size_t i = 0; i < n; i++)
		require (*types[i] && strlen (types[i]) <= PUBLIC_KEY_TYPE_MAX);
	require ((judgement.verdict == KNOWN_HOSTS_UNKNOWN) == !judgement.key);
	require (!judgement.key == !judgement.line && !judgement.key == !judgement.path);
	if (!judgement.key)
		return;
	require (strlen (public_key_print (judgement.key, print)) == PUBLIC_KEY_PRINT_SIZE - 1);
	try_line (host, port, judgement.key, NULL);
	try_line (host, port, judgement.key, salt);
	if (judgement.verdict == KNOWN_HOSTS_MATCH || judgement.verdict == KNOWN_HOSTS_REVOKED)
		require (public_key_equal (judgement.key, key));
	else
		require (!public_key_equal (judgement.key, key));
}

/* The first line is also the name of a host. */
static void try_names (const struct known_hosts *known, const uint8_t *data, size_t size, const struct public_key *key)
{
	const uint8_t *newline = size ? memchr (data, '\n', size) : NULL;
	char *name = strndup ((const char *)data, newline ? (size_t)(newline - data) : size);

	if (!name)
		return;
	try_host (known, name, 22, key);
	try_host (known, name, 2222, key);
	free (name);
	try_host (known, "host", 22, key);
	try_host (known, "host.lab", 2222, key);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	static const char text[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDKfZVgp9SGN18d0l/+Z3bYSImD5ABDGQmp6mnuxzEzR";
	struct known_hosts *known = known_of (size ? (const void *)data : "", size);
	struct public_key key;
	const char *path;
	unsigned line;

	require (public_key_parse (&key, text, NULL, NULL) == 0);
	require (!known_hosts_skipped (known, &path, &line) == !line);
	try_names (known, data, size, &key);
	public_key_free (&key);
	known_hosts_free (known);
	return 0;
}
