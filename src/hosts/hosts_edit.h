/* hosts_edit - adds hosts to a hosts.yaml. All lines that are there stay as they are, with their comments: lines are added at the
 * end of the section `hosts`, or with such a section at the end of the file.
 */
#ifndef REMEX_HOSTS_HOSTS_EDIT_H
#define REMEX_HOSTS_HOSTS_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct hosts_addition {
	const char *name; /* of letters, digits and - . _ */
	const char *address; /* as in hosts.yaml: "10.0.0.1", "[fe80::1%eth0]" */
	int port;
	bool added; /* the result; false: the file had an entry for that name, which stays as it is */
};

/* The hosts.yaml of this user, in new memory. NULL and err. */
char *hosts_edit_path (struct err *err);

enum { HOSTS_EDIT_NOTE = 256 };

/* Add hosts with different names to the file, which is made if it is missing, whole or not at all. The file must be trusted, as
 * for reading. A symbolic link is followed. The new file lets in nobody whom the old one kept out; `note` says what of its owner,
 * group and access control list could not be kept ("not kept: …"), else it is "". 0; or -1 and err, and the file is
 * unchanged: it has a mistake, or the section is written in braces. */
int hosts_edit_add (
	const char *path, struct hosts_addition *additions, size_t n, char note[HOSTS_EDIT_NOTE], struct err *err);

#endif
