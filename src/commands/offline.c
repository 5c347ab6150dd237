/* offline - see offline.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/trusted.h"
#include "commands/offline.h"
#include "conf/grant_json.h"
#include "conf/tree.h"

#define ENDING ".yaml"

/* The identity in a file, or the reason why the file is refused. */
static json_t *read_one (const char *directory, const char *file)
{
	struct grant *grant = NULL;
	json_t *one;
	char *name = strndup (file, strlen (file) - strlen (ENDING)), *path = NULL, *text = NULL;
	struct err err = { .text = "out of memory" };
	size_t n;

	if (name && asprintf (&path, "%s/%s", directory, file) >= 0 &&
		(text = trusted_read (path, CONF_FILE_MAX, &n, &err)))
		grant = grant_parse (text, n, name, path, &err);
	one = grant ? grant_json (grant) : json_pack ("{ss}", "refused", err.text);
	json_object_set_new (one, "name", json_string (name ? name : "?"));
	if (grant && grant->user)
		json_object_set_new (one, "user", json_string (grant->user));
	grant_free (grant);
	free (text);
	free (path);
	free (name);
	return one;
}

static int is_identity (const struct dirent *entry)
{
	size_t n = strlen (entry->d_name), ending = strlen (ENDING);

	return n > ending && *entry->d_name != '.' && !strcmp (entry->d_name + n - ending, ENDING);
}

static int by_name (const struct dirent **a, const struct dirent **b)
{
	return strcmp ((*a)->d_name, (*b)->d_name);
}

json_t *offline_identities (const char *directory, struct err *err)
{
	struct err why = { 0 };
	int fd = trusted_open (directory, TRUSTED_DIRECTORY, &why);
	struct dirent **entries = NULL;
	int n = fd < 0 ? 0 : scandirat (fd, ".", &entries, is_identity, by_name);
	json_t *list;

	if (n < 0)
		err_sys (&why, 0, "%.300s", directory);
	fd_close (&fd);
	if (why.sys && why.sys != ENOENT) {
		*err = why;
		return NULL;
	}
	list = json_array ();
	for (int i = 0; i < n; i++) {
		json_array_append_new (list, read_one (directory, entries[i]->d_name));
		free (entries[i]);
	}
	free (entries);
	return json_pack ("{ss so}", "directory", directory, "identities", list);
}
