/* listen_key - see listen_key.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/listen_key.h"
#include "conf/reader.h"

enum { SOCKET_PATH_MAX = 107 }; /* sockaddr_un.sun_path without its NUL (unix(7)) */

static const char unix_scheme[] = "unix://", tcp_scheme[] = "tcp://";

/* The scheme that is missing in front of a value, for a message; NULL when a scheme would not help. */
static const char *missing_scheme (const char *value)
{
	struct endpoint endpoint;

	if (value[0] == '/')
		return unix_scheme;
	return endpoint_parse (&endpoint, value, NULL) == 0 ? tcp_scheme : NULL;
}

/* The path of a listener, or NULL and err. */
static const char *unix_path (struct reader *reader, const struct conf_node *node)
{
	const char *path = node->value + sizeof unix_scheme - 1;
	char shown[READER_SHOWN];

	reader_show (node, shown);
	if (*path != '/')
		reader_fail (
			reader, node, "%s is not absolute: three slashes, as in unix:///run/remex/remexd.sock", shown);
	else if (path[strlen (path) - 1] == '/')
		reader_fail (reader, node, "%s names a directory, not a socket", shown);
	else if (strlen (path) > SOCKET_PATH_MAX)
		reader_fail (reader, node, "the socket's path is %zu bytes long; it may have at most %d: %s",
			strlen (path), SOCKET_PATH_MAX, shown);
	else
		return path;
	return NULL;
}

/* Read the address of the node. The path still belongs to the node. */
static int read_listen (
	struct reader *reader, const struct schema_key *key, const struct conf_node *node, struct config_listen *listen)
{
	struct err why;
	const char *hint;
	char shown[READER_SHOWN];

	reader_show (node, shown);
	if (!reader_is_word (node) && node->kind == CONF_SCALAR && node->value[0])
		return reader_fail (reader, node, "%s has a control character in it", shown);
	if (!reader_is_word (node))
		return reader_fail_each (reader, key, node);
	if (!strncmp (node->value, unix_scheme, sizeof unix_scheme - 1)) {
		listen->kind = LISTEN_UNIX;
		return (listen->path = (char *)(uintptr_t)unix_path (reader, node)) ? 0 : -1;
	}
	if (!strncmp (node->value, tcp_scheme, sizeof tcp_scheme - 1)) {
		listen->kind = LISTEN_TCP;
		if (endpoint_parse (&listen->endpoint, node->value + sizeof tcp_scheme - 1, &why) < 0)
			return reader_fail (reader, node, "%s: %s", key->path, why.text);
		return 0;
	}
	hint = missing_scheme (node->value);
	return reader_fail (reader, node, "%s must be %s, not %s%s%s%s", key->path, key->type->expects, shown,
		hint ? "; write " : "", hint ? hint : "", hint ? " in front of it" : "");
}

static bool same (const struct config_listen *a, const struct config_listen *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == LISTEN_UNIX ? !strcmp (a->path, b->path) : endpoint_equal (&a->endpoint, &b->endpoint);
}

static int add_listen (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct config *config = reader->target;
	struct config_listen *more, listen = { .line = node->line, .column = node->column };
	char shown[READER_SHOWN];

	(void)to;
	if (read_listen (reader, key, node, &listen) < 0)
		return -1;
	for (size_t i = 0; i < config->n_listen; i++)
		if (same (&config->listen[i], &listen))
			return reader_fail (reader, node, "%s is already on line %u", reader_show (node, shown),
				config->listen[i].line);
	if (!(more = realloc (config->listen, (config->n_listen + 1) * sizeof *more)))
		return reader_fail_memory (reader);
	config->listen = more;
	if (listen.path && !(listen.path = strdup (listen.path)))
		return reader_fail_memory (reader);
	more[config->n_listen++] = listen;
	return 0;
}

const struct schema_type listen_type = { "address ...", "unix:///absolute/path or tcp://ADDRESS:PORT", add_listen,
	SCHEMA_WORDS, true };
