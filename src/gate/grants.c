/* grants - see grants.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "gate/grants.h"

enum { SNAPSHOT_MAX = 256 * 1024 * 1024 };

static char *read_again (int fd, size_t *n, struct err *err)
{
	if (lseek (fd, 0, SEEK_SET) < 0) {
		err_sys (err, 0, "cannot read the identities");
		return NULL;
	}
	return fd_read_all (fd, SNAPSHOT_MAX, n, err);
}

static int add (struct grants *grants, const char *name, const char *text, size_t n, struct err *err)
{
	const json_t *uid = json_object_get (json_object_get (grants->manifest, "uids"), name);
	struct admitted *more = grants->items;

	if ((grants->n & (grants->n - 1)) == 0 &&
		!(more = realloc (grants->items, (grants->n ? grants->n * 2 : 1) * sizeof *more)))
		return err_set (err, 0, "out of memory");
	grants->items = more;
	if (!json_is_integer (uid))
		return err_set (err, 0, "the identity '%s' has no uid", name);
	more[grants->n].uid = (uid_t)json_integer_value (uid);
	if (!(more[grants->n].grant = grant_parse (text, n, name, name, err)))
		return -1;
	grants->n++;
	return 0;
}

struct grants *grants_read (int snapshot, int manifest, struct err *err)
{
	struct grants *grants = calloc (1, sizeof *grants);
	size_t n = 0, manifest_n = 0, offset = 0, text_n;
	char *bytes = read_again (snapshot, &n, err), *json = bytes ? read_again (manifest, &manifest_n, err) : NULL;
	char name[GRANT_NAME_MAX + 1];
	const char *text;
	int got = -1;

	if (!grants)
		err_set (err, 0, "out of memory");
	else if (json && !(grants->manifest = json_loadb (json, manifest_n, 0, NULL)))
		err_set (err, 0, "the identities' manifest is not JSON");
	else if (json) {
		while ((got = grant_next (bytes, n, &offset, name, &text, &text_n)) > 0)
			if (add (grants, name, text, text_n, err) < 0)
				break;
		if (got < 0)
			err_set (err, 0, "the identities' snapshot is damaged");
	}
	free (bytes);
	free (json);
	if (got == 0)
		return grants;
	grants_free (grants);
	return NULL;
}

void grants_free (struct grants *grants)
{
	if (!grants)
		return;
	for (size_t i = 0; i < grants->n; i++)
		grant_free (grants->items[i].grant);
	free (grants->items);
	json_decref (grants->manifest);
	free (grants);
}

bool grant_has_key (const struct grant *grant, const struct key *key)
{
	bool found = false;

	for (size_t i = 0; i < grant->n_keys; i++)
		found |= key_equal (&grant->keys[i], key);
	return found;
}

const struct admitted *grants_by_key (const struct grants *grants, const struct key *key)
{
	const struct admitted *found = NULL;

	/* Search all of them, also after a match: the time must not tell which key it is. */
	for (size_t i = 0; grants && i < grants->n; i++)
		if (grant_has_key (grants->items[i].grant, key))
			found = &grants->items[i];
	return found;
}

const struct admitted *grants_by_name (const struct grants *grants, const char *name)
{
	for (size_t i = 0; grants && i < grants->n; i++)
		if (!strcmp (grants->items[i].grant->name, name))
			return &grants->items[i];
	return NULL;
}
