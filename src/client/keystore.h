/* keystore - the keys of a user, in the DIRECTORY of paths_keys (base/paths.h): the user's own key is DIRECTORY/id.pem
 * (net/credential.h). DIRECTORY/hosts/HOST:PORT.pem is the certificate of each trusted host; only its key counts.
 */
#ifndef REMEX_CLIENT_KEYSTORE_H
#define REMEX_CLIENT_KEYSTORE_H

#include "base/err.h"
#include "net/credential.h"
#include "net/key.h"

/* The user's own key; NULL and err (err->sys ENOENT: there is none). */
struct credential *keystore_identity (const char *directory, struct err *err);

/* Read the key that is pinned for `pin` ("web1:7363"). 1; 0 when there is none; -1 and err when its file is not safe to
 * use or is malformed: then the host must not be trusted. */
int keystore_pin (const char *directory, const char *pin, struct key *key, struct err *err);

/* Pin the certificate `pem`; an existing pin is never replaced (err->sys EEXIST). Missing directories are made (0700).
 * 0, or -1 and err. */
int keystore_pin_add (const char *directory, const char *pin, const char *pem, struct err *err);

/* Remove the pin: 1; 0 when there was none; -1 and err. */
int keystore_pin_remove (const char *directory, const char *pin, struct err *err);

#endif
