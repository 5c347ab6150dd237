/* header - the JSON of a message's header: checked before it is parsed, then parsed by jansson (RFC 8259).
 *
 * jansson's depth limit is fixed when it is built, and it allocates as it goes; so a scan of a few lines counts depth
 * and tokens first. Keys may not repeat; numbers that do not fit, lone surrogates and \u0000 are refused by jansson.
 *
 * A string of argv, env, a path or a file name that is not UTF-8 stands as {"b64":"…"} (doc/protocol.md).
 */
#ifndef REMEX_WIRE_HEADER_H
#define REMEX_WIRE_HEADER_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

enum {
	HEADER_DEPTH = 8,
	HEADER_CALL_MAX = 1024 * 1024, /* bytes; xargs builds argvs of 131,022 */
	HEADER_CALL_TOKENS = 262144,
	HEADER_MAX = 64 * 1024, /* of any other message */
	HEADER_TOKENS = 4096,
};

/* How many tokens (brackets, braces, colons, commas, strings, other words) the text has; or -1 with CODE_BAD_MESSAGE
 * when it is deeper than HEADER_DEPTH or has a NUL byte outside of strings, CODE_TOO_LARGE when it has more than
 * max_tokens. It proves nothing else about the text. */
int header_scan (const char *text, size_t n, int max_tokens, struct err *err);

/* The object that the text holds, after header_scan; NULL and err. The caller releases it with json_decref. */
json_t *header_parse (const char *text, size_t n, int max_tokens, int *tokens, struct err *err);

/* An integer member: 1 and *value; 0 when it is absent (*value is not changed); -1 where it is no integer or out of
 * [low, high] (err: CODE_BAD_VALUE, naming the key). */
int header_integer (
	const json_t *object, const char *key, json_int_t low, json_int_t high, json_int_t *value, struct err *err);

/* A number member in (0, 1e9], in seconds; given in milliseconds, at least 1. As header_integer. */
int header_seconds (const json_t *object, const char *key, int64_t *ms, struct err *err);

/* Bytes as JSON: a string where they are UTF-8 without NUL, else {"b64":…}. A new reference, or NULL. */
json_t *header_bytes (const void *bytes, size_t n);

/* The bytes of such a value, NUL-terminated, in new memory that the caller frees; NULL and err (CODE_BAD_VALUE) where
 * it is neither, the base64 is bad, or a NUL is inside. *n may be NULL. */
char *header_string (const json_t *value, size_t *n, struct err *err);

#endif
