/* header - the JSON of a message's header: checked before it is parsed, then parsed by jansson (RFC 8259).
 *
 * jansson's depth limit is fixed at its build, and jansson allocates while it parses; so a short scan counts depth and
 * tokens first. Keys may not repeat; jansson refuses numbers that do not fit, lone surrogates and \u0000.
 *
 * A string that is not UTF-8 (in argv, env, a path or a file name) is written as {"b64":"…"} (doc/protocol.md).
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
	HEADER_MAX = 64 * 1024, /* bytes; of any other message */
	HEADER_TOKENS = 4096,
};

/* The number of tokens (brackets, braces, colons, commas, strings, other words) in the text; or -1 with
 * CODE_BAD_MESSAGE when the text is deeper than HEADER_DEPTH or has a NUL byte outside of strings, CODE_TOO_LARGE when
 * it has more than max_tokens. Nothing else is checked. */
int header_scan (const char *text, size_t n, int max_tokens, struct err *err);

/* Parse the text, after header_scan. Returns its object; or NULL and err. The caller releases it with json_decref. */
json_t *header_parse (const char *text, size_t n, int max_tokens, int *tokens, struct err *err);

/* An integer member: 1 and *value; 0 when it is absent (*value is not changed); -1 when it is no integer or not in
 * [low, high] (err: CODE_BAD_VALUE, with the key). */
int header_integer (
	const json_t *object, const char *key, json_int_t low, json_int_t high, json_int_t *value, struct err *err);

/* A number member in (0, 1e9], in seconds; *ms is in milliseconds, at least 1. Returns as header_integer. */
int header_seconds (const json_t *object, const char *key, int64_t *ms, struct err *err);

/* Bytes as JSON: a string if they are UTF-8 without NUL, else {"b64":…}. A new reference, or NULL. */
json_t *header_bytes (const void *bytes, size_t n);

/* The bytes of such a value, NUL-terminated, in new memory that the caller frees; NULL and err (CODE_BAD_VALUE) when
 * the value is neither form, the base64 is bad, or the bytes contain a NUL. *n may be NULL. */
char *header_string (const json_t *value, size_t *n, struct err *err);

/* The first element of the list `must` of a message that is none of the n known keys, or no string (borrowed). NULL: all are
 * known, or there is no such list. */
const json_t *header_unknown_must (const json_t *header, const char *const *known, size_t n);

/* Each key that `must` of a call lists has to be a key of a call that the server knows (doc/protocol.md, 6.4). `who` begins the
 * message: "this remexd". 0, or -1 and err (CODE_BAD_VALUE: no list; CODE_BAD_MESSAGE: an unknown key). */
int header_check_must (const json_t *header, const char *who, struct err *err);

#endif
