/* fuzz_address - any text as a key's line, an endpoint and a network: refused with a message, or accepted. What is
 * accepted is written, and read again with the same result. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "net/endpoint.h"
#include "net/key.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static void try_key (const char *text)
{
	char line[KEY_LINE_SIZE], print[KEY_PRINT_SIZE];
	struct key key, again;
	struct err err;

	if (key_parse (&key, text, &err) < 0) {
		require (*err.text && !strchr (err.text, '\n'));
		return;
	}
	key_format (&key, text, line); /* any text is a comment */
	require (strlen (line) < KEY_LINE_SIZE && key_parse (&again, line, &err) == 0 && key_equal (&key, &again));
	require (key_print_matches (key_print (&key, print), print) && strlen (print) == KEY_PRINT_SIZE - 1);
}

static void try_endpoint (const char *text)
{
	struct endpoint endpoint, again;
	char out[ENDPOINT_SIZE];
	struct network network;
	struct err err;

	if (endpoint_parse (&endpoint, text, &err) < 0) {
		require (*err.text && !strchr (err.text, '\n'));
		return;
	}
	require (endpoint_parse (&again, endpoint_format (&endpoint, out), &err) == 0);
	require (endpoint_equal (&endpoint, &again));
	network_of (&network, &endpoint, 24, 64);
	require (network_contains (&network, &endpoint));
}

static void try_network (const char *text)
{
	struct network network, again;
	char out[ENDPOINT_SIZE];
	struct err err;

	if (network_parse (&network, text, &err) < 0) {
		require (*err.text && !strchr (err.text, '\n'));
		return;
	}
	require (network.bits >= 0 && network.bits <= (network.family == AF_INET ? 32 : 128));
	require (network_parse (&again, network_format (&network, out), &err) == 0 && network_equal (&network, &again));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	char *text = malloc (size + 1);

	if (!text)
		return 0;
	memcpy (text, data, size);
	text[size] = '\0';
	try_key (text);
	try_endpoint (text);
	try_network (text);
	free (text);
	return 0;
}
