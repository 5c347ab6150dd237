/* tunnel_key - see tunnel_key.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/reader.h"
#include "conf/tunnel_key.h"

void config_tunnel_free (struct config_tunnel *tunnel)
{
	free (tunnel->user);
	free (tunnel->host);
	free (tunnel->listen);
	free (tunnel->key);
	free (tunnel->known_hosts);
	free (tunnel->host_key);
	*tunnel = (struct config_tunnel){ .port = 0 };
}

static bool same (const char *a, const char *b)
{
	return a == b || (a && b && !strcmp (a, b));
}

bool config_tunnel_equal (const struct config_tunnel *a, const struct config_tunnel *b)
{
	return same (a->user, b->user) && same (a->host, b->host) && a->port == b->port &&
	       same (a->listen, b->listen) && a->listen_port == b->listen_port && same (a->key, b->key) &&
	       same (a->known_hosts, b->known_hosts) && same (a->host_key, b->host_key) &&
	       a->keepalive_ms == b->keepalive_ms;
}

/* --- a host and a port ------------------------------------------------------------------------------------------- */

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/* A name, an IPv4 address, or an IPv6 address (with its zone). */
static bool is_host (const char *text, size_t n, bool bracketed)
{
	for (size_t i = 0; i < n; i++)
		if (!strchr (letters, text[i]) && !(bracketed && (text[i] == ':' || text[i] == '%')))
			return false;
	return n && n <= TUNNEL_HOST_MAX && *text != '-';
}

/* A decimal number of at most five digits, up to the end of the text; -1: it is none. */
static long port_of (const char *text)
{
	size_t n = strspn (text, "0123456789");
	long port = n && n <= 5 && !text[n] ? strtol (text, NULL, 10) : -1;

	return port <= 65535 ? port : -1;
}

/* Split "HOST", "HOST:PORT", "[ADDRESS]" or "[ADDRESS]:PORT". *port is -1 where there is none. 0, or -1: it is none of
 * these. The host is `n` bytes at *host. */
static int split (const char *text, const char **host, size_t *n, long *port)
{
	bool bracketed = *text == '[';
	const char *end;

	*host = text + bracketed;
	*n = strcspn (*host, bracketed ? "]" : ":");
	end = *host + *n;
	if (bracketed && *end++ != ']')
		return -1;
	*port = -1;
	if (*end && (*end != ':' || (*port = port_of (end + 1)) < 0))
		return -1;
	return is_host (*host, *n, bracketed) || (!bracketed && *n == 1 && **host == '*') ? 0 : -1;
}

static int copy (struct reader *reader, const char *text, size_t n, char **to)
{
	char *word = strndup (text, n);

	if (!word)
		return reader_fail_memory (reader);
	free (*to);
	*to = word;
	return 0;
}

/* --- the types --------------------------------------------------------------------------------------------------- */

static int set_ssh (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct config_tunnel *tunnel = to;
	const char *at, *host;
	size_t n_user, n;
	long port;

	if (!reader_is_word (node))
		return reader_fail_type (reader, key, node);
	if (!strcmp (node->value, "none"))
		return 0;
#ifndef HAVE_LIBSSH2
	(void)tunnel, (void)at, (void)host, (void)n_user, (void)n, (void)port;
	return reader_fail (reader, node,
		"%s needs remex-ssh, and this remexd was built without libssh2 (configure says whether it found "
		"libssh2)",
		key->path);
#else
	if (!(at = strrchr (node->value, '@')))
		return reader_fail_type (reader, key, node);
	n_user = (size_t)(at - node->value);
	if (!n_user || n_user > TUNNEL_USER_MAX || strspn (node->value, letters) != n_user || *node->value == '-' ||
		split (at + 1, &host, &n, &port) < 0 || *host == '*' || port == 0)
		return reader_fail_type (reader, key, node);
	tunnel->port = port < 0 ? 22 : (uint16_t)port;
	return copy (reader, node->value, n_user, &tunnel->user) < 0 || copy (reader, host, n, &tunnel->host) < 0 ? -1
														  : 0;
#endif
}

static int set_listen (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct config_tunnel *tunnel = to;
	const char *host;
	size_t n;
	long port;

	if (!reader_is_word (node) || split (node->value, &host, &n, &port) < 0 || port < 0)
		return reader_fail_type (reader, key, node);
	tunnel->listen_port = (uint16_t)port;
	return copy (reader, host, *host == '*' ? 0 : n, &tunnel->listen);
}

static int set_print (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	static const char scheme[] = "SHA256:";
	char base64[48];
	uint8_t hash[36];

	if (!reader_is_word (node))
		return reader_fail_type (reader, key, node);
	if (!strcmp (node->value, "none"))
		return 0;
	if (strncmp (node->value, scheme, sizeof scheme - 1) != 0 || strlen (node->value) != sizeof scheme - 1 + 43)
		return reader_fail_type (reader, key, node);
	/* 43 characters and the padding that ssh leaves out. */
	memcpy (base64, node->value + sizeof scheme - 1, 43);
	strcpy (base64 + 43, "=");
	return text_b64_decode (hash, base64, 44) == 32 ? reader_copy (reader, node->value, to)
							: reader_fail_type (reader, key, node);
}

const struct schema_type tunnel_ssh_type = { "user@host", "none or USER@HOST[:PORT]", set_ssh, SCHEMA_WORDS, false };
const struct schema_type tunnel_listen_type = { "address", "an address and a port there, such as localhost:7363",
	set_listen, SCHEMA_WORDS, false };
const struct schema_type tunnel_print_type = { "fingerprint",
	"none or SHA256: and 43 characters, as ssh-keygen -lf prints it", set_print, SCHEMA_WORDS, false };
