/* digest - the sum of a file's content, and its lower-case hexadecimal digits. A sum guards against accidents: the stream
 * that carries it is authenticated already. So a copy uses XXH128, which costs a tenth of the processor time of SHA-256.
 *
 *   xxh128   XXH3 with 128 bits and seed 0, as xxh128sum(1) prints it: 32 digits, by libxxhash
 *   sha256   SHA-256 (FIPS 180-4), as sha256sum(1) prints it: 64 digits, by libcrypto
 */
#ifndef REMEX_FILES_DIGEST_H
#define REMEX_FILES_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_TEXT = 65 }; /* of the longest sum, with the NUL */

enum digest_kind { DIGEST_SHA256, DIGEST_XXH128, N_DIGESTS };

/* "sha256", "xxh128"; and back: -1 for any other word. */
const char *digest_name (enum digest_kind kind);
int digest_parse (const char *name);

/* How many digits a sum has. */
int digest_digits (enum digest_kind kind);

/* The kind of sum that has so many digits as `text`: -1 when `text` is no sum. */
int digest_kind_of (const char *text);

struct digest; /* a sum in progress */

/* NULL when out of memory. digest_reset starts again from nothing. */
struct digest *digest_new (enum digest_kind kind);
void digest_free (struct digest *digest);
void digest_reset (struct digest *digest);

void digest_add (struct digest *digest, const void *bytes, size_t n);
void digest_add_zeros (struct digest *digest, uint64_t n);

/* The sum of all bytes so far. More may be added afterwards. "" when out of memory, which equals no sum. */
void digest_text (const struct digest *digest, char text[DIGEST_TEXT]);

#endif
