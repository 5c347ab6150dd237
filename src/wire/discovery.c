/* discovery - see discovery.h. */
#include "config.h"

#include <string.h>

#include "wire/discovery.h"

enum {
	MAGIC_SIZE = 8,
	PORT_AT = MAGIC_SIZE + DISCOVERY_NONCE,
	KEY_AT = PORT_AT + 2,
	LENGTH_AT = KEY_AT + DISCOVERY_KEY,
	NAME_AT
};

_Static_assert(NAME_AT + DISCOVERY_NAME_MAX <= DISCOVERY_SIZE, "an answer is no longer than a query");

static const char query_magic[MAGIC_SIZE] = "remex?\0\1", answer_magic[MAGIC_SIZE] = "remex!\0\1";

static bool is_name (const uint8_t *name, size_t n)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (!n || n > DISCOVERY_NAME_MAX || !name[0] || !strchr (first, name[0]))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!name[i] || (!strchr (first, name[i]) && !strchr ("-._", name[i])))
			return false;
	return true;
}

bool discovery_is_name (const char *name)
{
	return is_name ((const uint8_t *)name, strlen (name));
}

void discovery_ask (uint8_t query[DISCOVERY_SIZE], const uint8_t nonce[DISCOVERY_NONCE])
{
	memset (query, 0, DISCOVERY_SIZE);
	memcpy (query, query_magic, MAGIC_SIZE);
	memcpy (query + MAGIC_SIZE, nonce, DISCOVERY_NONCE);
}

bool discovery_is_query (const uint8_t *bytes, size_t n, const uint8_t **nonce)
{
	if (n != DISCOVERY_SIZE || memcmp (bytes, query_magic, MAGIC_SIZE) != 0)
		return false;
	for (size_t i = MAGIC_SIZE + DISCOVERY_NONCE; i < n; i++)
		if (bytes[i])
			return false;
	*nonce = bytes + MAGIC_SIZE;
	return true;
}

size_t discovery_answer (
	uint8_t out[DISCOVERY_SIZE], const uint8_t nonce[DISCOVERY_NONCE], const struct discovery_answer *answer)
{
	size_t n = strnlen (answer->name, sizeof answer->name);

	if (!answer->port || !is_name ((const uint8_t *)answer->name, n))
		return 0;
	memcpy (out, answer_magic, MAGIC_SIZE);
	memcpy (out + MAGIC_SIZE, nonce, DISCOVERY_NONCE);
	out[PORT_AT] = (uint8_t)(answer->port >> 8);
	out[PORT_AT + 1] = (uint8_t)answer->port;
	memcpy (out + KEY_AT, answer->key, DISCOVERY_KEY);
	out[LENGTH_AT] = (uint8_t)n;
	memcpy (out + NAME_AT, answer->name, n);
	return NAME_AT + n;
}

enum discovery_verdict discovery_read (
	struct discovery_answer *answer, const uint8_t *bytes, size_t n, const uint8_t nonce[DISCOVERY_NONCE])
{
	uint16_t port;

	if (n <= NAME_AT || n > DISCOVERY_SIZE || memcmp (bytes, answer_magic, MAGIC_SIZE) != 0 ||
		n != NAME_AT + (size_t)bytes[LENGTH_AT] || !is_name (bytes + NAME_AT, n - NAME_AT))
		return DISCOVERY_MALFORMED;
	if (!(port = (uint16_t)(bytes[PORT_AT] << 8 | bytes[PORT_AT + 1])))
		return DISCOVERY_MALFORMED;
	if (memcmp (bytes + MAGIC_SIZE, nonce, DISCOVERY_NONCE) != 0)
		return DISCOVERY_STRANGE;
	*answer = (struct discovery_answer){ .port = port };
	memcpy (answer->key, bytes + KEY_AT, DISCOVERY_KEY);
	memcpy (answer->name, bytes + NAME_AT, n - NAME_AT);
	return DISCOVERY_ANSWERED;
}
