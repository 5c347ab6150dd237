/* fuzz_agent - any bytes as the answers of an ssh agent: refused in words, or keys that can be asked for a signature, and a
 * signature within the message.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ssh/agent.h"
#include "ssh/identities.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static void try_order (const struct agent_keys *keys)
{
	struct private_key_file file = { "file", keys->n ? &keys->keys[keys->n - 1].key : NULL };
	struct identity_choice *choices = calloc (keys->n + 1, sizeof *choices);
	size_t unused, n;

	require (choices != NULL);
	n = identities_order (&file, 1, keys, keys->n % 2, choices, &unused);
	require (n + unused <= keys->n + 1);
	for (size_t i = 0; i < n; i++)
		require (choices[i].path || choices[i].comment);
	free (choices);
}

static void try_keys (const uint8_t *data, size_t size)
{
	struct agent_keys keys;
	struct buf request;
	struct err err = { .text = "" };

	if (agent_read_keys (&keys, data, size, &err) < 0) {
		require (*err.text && !strchr (err.text, '\n') && !keys.keys);
		return;
	}
	require (keys.n <= AGENT_KEYS_MAX);
	buf_init (&request, AGENT_MESSAGE_MAX);
	for (size_t i = 0; i < keys.n; i++) {
		require (agent_ask_signature (&request, &keys.keys[i].key, data, size % 1000, &err) == 0);
		require (agent_message_size (buf_head (&request), buf_len (&request), &err) ==
			 (ssize_t)buf_len (&request));
		buf_consume (&request, buf_len (&request));
	}
	buf_free (&request);
	try_order (&keys);
	agent_keys_free (&keys);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct err err = { .text = "" };
	const uint8_t *signature;
	ssize_t whole;
	size_t n;

	if (!size)
		return 0;
	whole = agent_message_size (data, size, &err);
	require (whole < 0 ? *err.text : (size_t)whole <= size);
	try_keys (data, size);
	if (agent_read_signature (data, size, "ssh-ed25519", &signature, &n, &err) == 0)
		require (n && signature > data && signature + n == data + size);
	return 0;
}
