/* fuzz_discovery - any bytes as a query to remexd and as an answer to remex: refused, or written again as they were. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "wire/discovery.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static void try_query (const uint8_t *data, size_t size)
{
	struct discovery_answer said = { .port = 7363, .name = "web1" };
	uint8_t again[DISCOVERY_SIZE], answer[DISCOVERY_SIZE];
	const uint8_t *nonce;
	size_t n;

	if (!discovery_is_query (data, size, &nonce))
		return;
	discovery_ask (again, nonce);
	require (size == sizeof again && !memcmp (again, data, size));
	n = discovery_answer (answer, nonce, &said);
	require (n && n < size && discovery_read (&said, answer, n, nonce) == DISCOVERY_ANSWERED);
}

static void try_answer (const uint8_t *data, size_t size)
{
	uint8_t nonce[DISCOVERY_NONCE] = { 0 }, again[DISCOVERY_SIZE];
	struct discovery_answer said;
	enum discovery_verdict verdict = discovery_read (&said, data, size, nonce);

	if (verdict == DISCOVERY_MALFORMED)
		return;
	memcpy (nonce, data + 8, sizeof nonce);
	require (discovery_read (&said, data, size, nonce) == DISCOVERY_ANSWERED);
	require (discovery_is_name (said.name) && said.port);
	require (discovery_answer (again, nonce, &said) == size && !memcmp (again, data, size));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc (size ? size : 1); /* so that a sanitizer sees what is read behind it */

	if (!copy)
		return 0;
	if (size)
		memcpy (copy, data, size);
	try_query (copy, size);
	try_answer (copy, size);
	free (copy);
	return 0;
}
