/* keystore - the keys that a user has and knows, in the DIRECTORY of paths_keys (base/paths.h): DIRECTORY/id.pem, the own one (net/credential.h), and
 * DIRECTORY/hosts/HOST:PORT.pem, the certificate of each host that is trusted, of which only the key counts.
 */
#ifndef REMEX_CLIENT_KEYSTORE_H
#define REMEX_CLIENT_KEYSTORE_H

#include "base/err.h"
#include "net/credential.h"
#include "net/key.h"

/* The own key; NULL and err (err->sys ENOENT: there is none). */
struct credential *keystore_identity (const char *directory, struct err *err);

/* The key that is pinned for `pin` ("web1:7363"): 1; 0 when there is none; -1 and err when its file is not safe to use
 * or makes no sense, so that the host must not be trusted. */
int keystore_pin (const char *directory, const char *pin, struct key *key, struct err *err);

/* Pin it, never over another pin (err->sys EEXIST). The directories are made (0700). 0, or -1 and err. */
int keystore_pin_add (const char *directory, const char *pin, const char *pem, struct err *err);

/* Forget it: 1; 0 when there was none; -1 and err. */
int keystore_pin_remove (const char *directory, const char *pin, struct err *err);

#endif
