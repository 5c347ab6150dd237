/* digest - SHA-256 (FIPS 180-4), by libcrypto, and its 64 lower-case hexadecimal digits. */
#ifndef REMEX_FILES_DIGEST_H
#define REMEX_FILES_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_TEXT = 65 }; /* with the NUL */

struct digest; /* a sum in progress */

/* NULL when out of memory. digest_reset starts again from nothing. */
struct digest *digest_new (void);
void digest_free (struct digest *digest);
void digest_reset (struct digest *digest);

void digest_add (struct digest *digest, const void *bytes, size_t n);
void digest_add_zeros (struct digest *digest, uint64_t n);

/* The sum of all bytes so far. More may be added afterwards. */
void digest_text (const struct digest *digest, char text[DIGEST_TEXT]);

#endif
