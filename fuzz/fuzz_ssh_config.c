/* fuzz_ssh_config - any bytes as ~/.ssh/config: refused in words, or settings for any host, whose values expand or are
 * refused in words. An Include of "own" is the same bytes again, others are no files.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/ssh_config.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

struct fuzz_bytes {
	const uint8_t *data;
	size_t size;
};

static char *read_bytes (void *context, const char *path, size_t *n, struct err *err)
{
	const struct fuzz_bytes *bytes = context;
	char *copy = malloc (bytes->size + 1);

	(void)path;
	(void)err;
	require (copy != NULL);
	memcpy (copy, bytes->data, bytes->size);
	copy[bytes->size] = '\0';
	*n = bytes->size;
	return copy;
}

static char **find_own (void *context, const char *pattern)
{
	char **paths = calloc (2, sizeof *paths);

	(void)context;
	require (paths != NULL);
	if (!strcmp (pattern, "/c/own"))
		paths[0] = strdup (pattern);
	return paths;
}

static const struct ssh_config_ops ops = { read_bytes, find_own };

static void try_value (const char *value)
{
	static const struct ssh_config_tokens tokens = { .home = "/home/me", .host = "host", .port = 22 };
	struct err err = { .text = "" };
	char *expanded;

	if (!value)
		return;
	require (*value != '\0');
	for (int path = 0; path < 2; path++) {
		err.text[0] = '\0';
		expanded = (path ? ssh_config_expand_path : ssh_config_expand) (value, &tokens, &err);
		require (expanded ? !*err.text : *err.text && !strchr (err.text, '\n'));
		free (expanded);
	}
}

static void try_list (const struct ssh_config_list *list)
{
	require (list->said || !list->n);
	for (size_t i = 0; i < list->n; i++)
		try_value (*list->values[i] ? list->values[i] : NULL);
}

static void try_host (const struct ssh_config *config, const char *host)
{
	struct ssh_settings settings;

	require (ssh_config_find (config, host, &settings, NULL) == 0);
	require (settings.port >= 0 && settings.port <= 65535 && (!settings.proxy_jump || !settings.proxy_command));
	try_value (settings.host_name);
	try_value (settings.user);
	try_value (settings.identity_agent);
	try_value (settings.host_key_alias);
	try_list (&settings.identity_files);
	try_list (&settings.user_known_hosts);
	try_list (&settings.global_known_hosts);
	ssh_settings_free (&settings);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { size ? data : (const uint8_t *)"", size };
	struct ssh_config *config = ssh_config_new ("/home/me", &ops, &bytes);
	struct err err = { .text = "" };

	require (config != NULL);
	if (ssh_config_read (config, "/c/config", &err) < 0) {
		require (*err.text && !strchr (err.text, '\n'));
	} else {
		try_host (config, "host");
		try_host (config, "web1.lab");
		try_host (config, "");
	}
	ssh_config_free (config);
	return 0;
}
