/* ssh_string - the numbers and strings of ssh's messages, keys and signatures (RFC 4251, section 5): a uint32 has four
 * bytes, the first one the most significant; a string is a uint32, its length, and that many bytes.
 */
#ifndef REMEX_SSH_SSH_STRING_H
#define REMEX_SSH_SSH_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Bytes that are being read: what is left of them. */
struct ssh_reader {
	const uint8_t *at;
	size_t left;
};

/* Take the next value. A string stays where it is. false: the bytes end before the value does; then nothing was taken. */
bool ssh_take_byte (struct ssh_reader *reader, uint8_t *value);
bool ssh_take_u32 (struct ssh_reader *reader, uint32_t *value);
bool ssh_take_string (struct ssh_reader *reader, const uint8_t **bytes, size_t *n);

/* Append a value; 0, or -1 as buf_append. */
int ssh_put_byte (struct buf *out, uint8_t value);
int ssh_put_u32 (struct buf *out, uint32_t value);
int ssh_put_string (struct buf *out, const void *bytes, size_t n);

#endif
