/* certificate - reads the key from a certificate's PEM text, as in a file of pinned hosts. Nothing else in the
 * certificate counts: no name, no date, not even its signature.
 */
#ifndef REMEX_NET_CERTIFICATE_H
#define REMEX_NET_CERTIFICATE_H

#include <stddef.h>

#include "base/err.h"
#include "net/key.h"

/* 0, or -1 and err: no certificate, more than one, or one of another kind of key. */
int certificate_key (const char *pem, size_t n, struct key *key, struct err *err);

#endif
