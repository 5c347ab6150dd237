/* proxy_line - see proxy_line.h. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "hosts/host_name.h"
#include "hosts/proxy_line.h"
#include "net/endpoint.h"

enum { PROXY_LINE_MAX = 16 * 1024, VALUE_SIZE = 512 };

/* The values of the tokens; "": none. */
struct proxy_tokens {
	char host[VALUE_SIZE], port[16], name[VALUE_SIZE];
};

/* Copy a host without its brackets. */
static void copy_host (char out[VALUE_SIZE], const char *host, size_t n)
{
	bool brackets = n > 1 && *host == '[' && host[n - 1] == ']';

	snprintf (out, VALUE_SIZE, "%.*s", (int)(brackets ? n - 2 : n), host + brackets);
}

static void find_tokens (struct proxy_tokens *tokens, const char *name, const char *where)
{
	struct host_name named = host_name_split (name), at = host_name_split (where);

	*tokens = (struct proxy_tokens){ .host = "" };
	if (named.path)
		snprintf (tokens->name, sizeof tokens->name, "%s", name);
	else
		copy_host (tokens->name, named.host, named.host_n);
	if (at.path || !strcmp (where, "local")) {
		strcpy (tokens->host, tokens->name);
		return;
	}
	copy_host (tokens->host, at.host, at.host_n);
	if (at.port)
		snprintf (tokens->port, sizeof tokens->port, "%s", at.port);
	else
		snprintf (tokens->port, sizeof tokens->port, "%d", ENDPOINT_PORT);
}

static int put_value (struct buf *out, char token, const char *value, struct err *err)
{
	static const char possible[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:@/%+=,";
	char shown[200];

	if (!*value)
		return err_set (err, 0, "the proxy command uses %%%c, and a Unix socket has no port", token);
	if (*value == '-' || value[strspn (value, possible)])
		return err_set (err, 0,
			"%%%c of the proxy command, which is for a shell, would be '%s': it may have letters, digits "
			"and "
			"_ - . : @ / %% + = ,",
			token, text_escape (shown, sizeof shown, value, strlen (value)));
	return buf_append (out, value, strlen (value)) < 0 ? err_set (err, 0, "the proxy command is too long") : 0;
}

/* The value of "%" and this character, or of "%" alone. */
static int put_token (struct buf *out, char token, const struct proxy_tokens *tokens, struct err *err)
{
	switch (token) {
	case '%': return put_value (out, token, "%", err);
	case 'h': return put_value (out, token, tokens->host, err);
	case 'n': return put_value (out, token, tokens->name, err);
	case 'p': return put_value (out, token, tokens->port, err);
	default:
		return err_set (
			err, 0, "the proxy command has a %% that means nothing: %%h, %%p, %%n and %%%% are possible");
	}
}

char *proxy_line_fill (const char *line, const char *name, const char *where, struct err *err)
{
	struct proxy_tokens tokens;
	char *result = NULL;
	struct buf out;
	int failed = 0;

	buf_init (&out, PROXY_LINE_MAX);
	find_tokens (&tokens, name, where);
	for (const char *at = line; failed == 0 && *at; at++) { /* a '%' may have been the last character */
		if (*at == '%')
			failed = put_token (&out, *++at, &tokens, err);
		else if (buf_append (&out, at, 1) < 0)
			failed = err_set (err, 0, "the proxy command is too long");
	}
	if (failed == 0 && !(result = strndup (buf_len (&out) ? (const char *)buf_head (&out) : "", buf_len (&out))))
		err_set (err, 0, "out of memory");
	buf_free (&out);
	return result;
}
