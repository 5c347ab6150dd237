/* network - ranges of addresses; see endpoint.h. */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "net/endpoint.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static const char tunnel[] = "tunnel";

static int bits_max (const struct network *network)
{
	return network->family == AF_INET ? 32 : 128;
}

/* Clear the bits behind the prefix; true: some were set. */
static bool mask (struct network *network)
{
	bool cleared = false;

	for (int i = 0; i < 16; i++) {
		int left = network->bits - i * 8;
		uint8_t keep = left >= 8 ? 0xff : left <= 0 ? 0 : (uint8_t)(0xff << (8 - left));

		cleared |= network->bytes[i] & ~keep;
		network->bytes[i] &= keep;
	}
	return cleared;
}

/* An IPv4 address mapped into IPv6 becomes the IPv4 address. */
static void unmap (struct network *network)
{
	if (network->family == AF_INET6 && network->bits >= 96 && !memcmp (network->bytes, mapped, sizeof mapped)) {
		network->family = AF_INET;
		network->bits -= 96;
		memmove (network->bytes, network->bytes + 12, 4);
		memset (network->bytes + 4, 0, 12);
	}
}

char *network_format (const struct network *network, char out[ENDPOINT_SIZE])
{
	if (network->family == AF_UNIX)
		return strcpy (out, tunnel);
	inet_ntop (network->family, network->bytes, out, ENDPOINT_SIZE);
	sprintf (out + strlen (out), "/%d", network->bits);
	return out;
}

int network_parse (struct network *network, const char *text, struct err *err)
{
	char host[ENDPOINT_SIZE], shown[128], meant[ENDPOINT_SIZE], *slash;
	struct network found = { 0 };

	if (!strcmp (text, tunnel)) {
		*network = (struct network){ .family = AF_UNIX };
		return 0;
	}
	text_escape (shown, sizeof shown, text, strlen (text));
	if (strlen (text) >= sizeof host)
		return err_set (err, 0, "\"%s\" is not a network: it is too long", shown);
	strcpy (host, text);
	if ((slash = strchr (host, '/')))
		*slash++ = '\0';
	if (inet_pton (AF_INET, host, found.bytes) == 1)
		found.family = AF_INET;
	else if (inet_pton (AF_INET6, host, found.bytes) == 1)
		found.family = AF_INET6;
	else
		return err_set (
			err, 0, "\"%s\" is not a network in numbers (examples: 10.0.0.0/8, 2001:db8::/32)", shown);
	found.bits = bits_max (&found);
	if (slash) {
		size_t n = strspn (slash, "0123456789");
		int bits = 0;

		for (size_t i = 0; i < n && bits <= 128; i++)
			bits = bits * 10 + (slash[i] - '0');
		if (!n || slash[n] || bits > found.bits || (n > 1 && *slash == '0'))
			return err_set (
				err, 0, "\"%s\": the number behind the slash must be from 0 to %d", shown, found.bits);
		found.bits = bits;
	}
	if (mask (&found))
		return err_set (err, 0, "\"%s\" has bits set behind its prefix: the network is %s", shown,
			network_format (&found, meant));
	unmap (&found);
	*network = found;
	return 0;
}

void network_of (struct network *network, const struct endpoint *endpoint, int bits4, int bits6)
{
	*network = (struct network){ .family = endpoint->address.ss_family };
	if (network->family == AF_INET) {
		memcpy (network->bytes, &((const struct sockaddr_in *)&endpoint->address)->sin_addr, 4);
		network->bits = bits4;
	} else if (network->family == AF_INET6) {
		memcpy (network->bytes, &((const struct sockaddr_in6 *)&endpoint->address)->sin6_addr, 16);
		network->bits = 128;
		unmap (network);
		network->bits = network->family == AF_INET ? bits4 : bits6;
	}
	mask (network);
}

bool network_contains (const struct network *network, const struct endpoint *endpoint)
{
	struct network other;

	network_of (&other, endpoint, network->bits, network->bits);
	return other.family == network->family && !memcmp (other.bytes, network->bytes, sizeof other.bytes);
}

bool network_equal (const struct network *a, const struct network *b)
{
	return a->family == b->family && a->bits == b->bits && !memcmp (a->bytes, b->bytes, sizeof a->bytes);
}
