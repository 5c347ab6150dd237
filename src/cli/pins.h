/* pins - the trusted keys of hosts, all of them: for a list, and for comparing (client/keystore.h has one host's). */
#ifndef REMEX_CLI_PINS_H
#define REMEX_CLI_PINS_H

#include <stddef.h>

#include "base/err.h"
#include "net/key.h"

struct remex;

struct pin {
	char *name; /* "web1:7363" */
	char *why; /* why the file is not used; NULL: the key is known */
	struct key key;
};

struct pins {
	struct pin *all; /* by name */
	size_t n;
};

/* Read them from the keys of this user. 0 (also where there are none); or -1 and err. pins_free in both cases. */
int pins_read (struct pins *pins, struct remex *remex, struct err *err);
void pins_free (struct pins *pins);

/* The key that is trusted by this name; NULL: none is. */
const struct pin *pins_find (const struct pins *pins, const char *name);

#endif
