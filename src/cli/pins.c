/* pins - see pins.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/trusted.h"
#include "cli/pins.h"
#include "net/certificate.h"
#include "remex/client.h"

enum { PIN_MAX = 64 * 1024 };

static int is_pin (const struct dirent *entry)
{
	size_t n = strlen (entry->d_name);

	return n > 4 && *entry->d_name != '.' && !strcmp (entry->d_name + n - 4, ".pem");
}

/* Read the file `name` of the directory, which is open as `at`. 0; -1: out of memory. */
static int read_pin (struct pin *pin, int at, const char *directory, const char *name)
{
	struct err err = { .text = "no memory" };
	char *pem = NULL;
	size_t n;
	int fd = trusted_open_at (at, directory, name, TRUSTED_FILE, &err);

	*pin = (struct pin){ .name = strndup (name, strlen (name) - 4) };
	if (fd < 0 || !(pem = fd_read_all (fd, PIN_MAX, &n, &err)) || certificate_key (pem, n, &pin->key, &err) < 0)
		pin->why = strdup (err.text);
	else
		err.text[0] = '\0';
	fd_close (&fd);
	free (pem);
	return !pin->name || (!pin->why && *err.text) ? -1 : 0;
}

static int read_directory (struct pins *pins, const char *directory, struct err *err)
{
	struct err why = { 0 };
	struct dirent **entries = NULL;
	int at = trusted_open (directory, TRUSTED_DIRECTORY, &why), n = 0, result = 0;

	if (at >= 0 && (n = scandirat (at, ".", &entries, is_pin, alphasort)) < 0)
		err_sys (&why, 0, "%.300s", directory);
	if (why.sys && why.sys != ENOENT)
		result = err_set (err, 0, "%s", why.text);
	if (n > 0 && !(pins->all = calloc ((size_t)n, sizeof *pins->all)))
		result = err_set (err, 0, "out of memory");
	for (int i = 0; i < n; i++) {
		if (result == 0 && read_pin (&pins->all[pins->n++], at, directory, entries[i]->d_name) < 0)
			result = err_set (err, 0, "out of memory");
		free (entries[i]);
	}
	free (entries);
	fd_close (&at);
	return result;
}

int pins_read (struct pins *pins, struct remex *remex, struct err *err)
{
	struct remex_error error;
	const char *directory = remex_directory (remex, &error);
	char *hosts;
	int result;

	*pins = (struct pins){ .n = 0 };
	if (!directory)
		return err_set (err, 0, "%s", error.text);
	if (asprintf (&hosts, "%s/hosts", directory) < 0)
		return err_set (err, 0, "out of memory");
	result = read_directory (pins, hosts, err);
	free (hosts);
	return result;
}

void pins_free (struct pins *pins)
{
	for (size_t i = 0; i < pins->n; i++) {
		free (pins->all[i].name);
		free (pins->all[i].why);
	}
	free (pins->all);
	*pins = (struct pins){ .n = 0 };
}

const struct pin *pins_find (const struct pins *pins, const char *name)
{
	for (size_t i = 0; i < pins->n; i++)
		if (!pins->all[i].why && !strcmp (pins->all[i].name, name))
			return &pins->all[i];
	return NULL;
}
