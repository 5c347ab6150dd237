/* text - strings: UTF-8, base64, and text that is safe to print. */
#ifndef REMEX_BASE_TEXT_H
#define REMEX_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Is this UTF-8 (RFC 3629): no overlong form, no surrogate, no character above U+10FFFF? */
bool text_is_utf8 (const void *bytes, size_t n);

/* The first character of n bytes (n > 0) of UTF-8: its length. Or, with *whole false, how many of the bytes together are no
 * character: one that begins none, or the maximal part of one (The Unicode Standard, 3.9). */
size_t text_character (const void *bytes, size_t n, bool *whole);

/* Do the bytes contain a control character? These are the characters that are invisible or that change the look of the
 * text around them: C0 and DEL, C1 (also as a single byte that is not UTF-8), the line and paragraph separators U+2028
 * and U+2029, the marks, embeddings, overrides and isolates of bidirectional text (UAX #9, section 2), the deprecated
 * U+206A to U+206F, U+FEFF, the annotations U+FFF9 to U+FFFB and the tags U+E0000 to U+E007F, which spell invisible
 * words. Zero-width spaces and joiners, variation selectors and the soft hyphen are no control characters: words and
 * emoji need them. */
bool text_has_control (const void *bytes, size_t n);

/* A name of a plugin, a verb or a stream: 1 to TEXT_NAME_MAX of a-z 0-9 _. */
enum { TEXT_NAME_MAX = 32 };
bool text_is_name (const char *text, size_t n);

/* The id of a job: exactly TEXT_JOB_ID of a-z 2-7 (base32). Such an id names a directory. text_job_id_make makes one of
 * that many random bytes. */
enum { TEXT_JOB_ID = 12 };
bool text_is_job_id (const char *text);
void text_job_id_make (char id[TEXT_JOB_ID + 1], const unsigned char random[TEXT_JOB_ID]);

/* Base64 with the standard alphabet and padding (RFC 4648, section 4).
 * text_b64_encode writes 4 * ((n + 2) / 3) characters and a NUL to `out`.
 * text_b64_decode writes at most n / 4 * 3 bytes to `out` and returns how many, or -1 when the n characters are not
 * exactly such an encoding (other characters, missing or misplaced padding, left-over bits that are not zero). */
void text_b64_encode (char *out, const void *bytes, size_t n);
ssize_t text_b64_decode (void *out, const char *chars, size_t n);

/* Copy n bytes to `out` (of `size` bytes, always terminated) for a person or a log: control characters
 * (text_has_control) and bytes that are not UTF-8 become \n, \t or \xNN, a backslash becomes two. Returns out. */
char *text_escape (char *out, size_t size, const void *bytes, size_t n);

/* The same, but each control character and each byte that is not UTF-8 becomes '?': for names and comments. The text is
 * cut between characters. */
char *text_plain (char *out, size_t size, const void *bytes, size_t n);

/* Copy the character at p of a text in JSON, which is UTF-8, to `out`. A control character (text_has_control) is escaped: in
 * JSON it can stand only within a string, except those below U+0020, which are escaped there and copied here. `out` has room for TEXT_JSON_MAX bytes, or is NULL: nothing is copied then. *length:
 * the bytes of the character at p. Returns the bytes that it has in `out`. */
enum { TEXT_JSON_MAX = 12 };
size_t text_json (char *out, const char *p, size_t *length);

/* Copy n bytes for a terminal so that it obeys none of them and the text stays the same otherwise: control characters
 * (text_has_control) become ^[ or \xNN; the tab, the backslash and bytes that are no UTF-8 and no control character are
 * copied. Writes at most TEXT_SHOWN_MAX * n bytes, without a NUL; returns how many. */
enum { TEXT_SHOWN_MAX = 4 };
size_t text_show (char *out, const void *bytes, size_t n);

/* How many bytes at the end of n bytes begin a character of UTF-8 whose rest is missing: less than TEXT_UTF8_MAX. */
enum { TEXT_UTF8_MAX = 4 };
size_t text_unfinished (const void *bytes, size_t n);

/* The length of the sequence at the beginning of n bytes that sets colours and the look of characters, and does nothing
 * else (SGR, ECMA-48, 8.3.117: ESC [, digits, `;` and `:`, m), at most TEXT_COLOUR_MAX bytes. 0: there is none; n + 1:
 * with more bytes there may be one. */
enum { TEXT_COLOUR_MAX = 64 };
size_t text_colour (const void *bytes, size_t n);

/* The same as text_show for a line without its newline: a carriage return at its end, as DOS has it, is copied. */
size_t text_show_line (char *out, const void *bytes, size_t n);

/* Quote `text` as one word of sh(1): unchanged if no character is special, else in single quotes (a single quote itself
 * in double quotes, so that text_escape has no backslash to double). With a small `size` the word is cut, but its
 * quotes are closed. Returns out. */
char *text_quote (char *out, size_t size, const char *text);

/* The words with blanks between them, in new memory, which the caller frees; NULL: out of memory. */
char *text_join (char *const *words, size_t n);

/* The name (of `n` names) that a mistyped `word` most likely means: the only name that begins with the word, else the
 * nearest name; NULL: none is near. */
const char *text_nearest (const char *word, const char *const *names, size_t n);

/* "; did you mean 'near'?" for the end of an error, or "" when near is NULL. Returns out. */
char *text_hint (char *out, size_t size, const char *near);

#endif
