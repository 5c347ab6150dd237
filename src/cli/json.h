/* json - the JSON that remex prints. */
#ifndef REMEX_CLI_JSON_H
#define REMEX_CLI_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Bytes as JSON: a string if they are UTF-8, else {"b64":…}. A new reference. */
json_t *json_bytes (const struct buf *bytes);

/* The same for a text: a message of the server or of the system, which may contain a path that is not UTF-8. */
json_t *json_words (const char *text);

/* Print it and a newline to stdout: on one line, or indented. Control characters of the C1 set, which are legal in
 * JSON, are escaped. `json` is consumed. 0, or -1: out of memory (already reported). */
int json_print (json_t *json, bool one_line);

/* Append the same text without the newline, on one line, to a buffer. `json` is consumed. 0, or -1 as buf_append. */
int json_append (struct buf *to, json_t *json);

/* The same text as json_print prints, indented and with a newline, in new memory; NULL: out of memory. `json` is consumed. */
char *json_text (json_t *json);

/* Parse bytes from the server; NULL and `why` when they are not JSON. json_of reports the error on stderr. */
json_t *json_parse (const struct buf *bytes, char *why, size_t size);
json_t *json_of (const struct buf *bytes, const char *host);

/* A member by its path ("daemon.host"), or NULL. */
const json_t *json_at (const json_t *json, const char *path);

#endif
