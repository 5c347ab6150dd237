/* load_so - see load_so.h. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/load_so.h"
#include "plugin/start.h"

/* The member; NULL: the plugin is older than the member. */
#define MEMBER(host, member) \
	((host)->size >= offsetof (struct remex_plugin, member) + sizeof (host)->member ? (host)->member : NULL)

/* Can its tables be read? */
static void check_abi (struct plugin *plugin, const struct remex_plugin *host)
{
	if (host->abi != REMEX_ABI)
		plugin_refuse (plugin, "built for plugin ABI %u, this remexd has %u", host->abi, REMEX_ABI);
	else if (host->size < offsetof (struct remex_plugin, options) ||
		 host->verb_size < offsetof (struct remex_verb, flags) ||
		 host->param_size < offsetof (struct remex_param, help) + sizeof (const char *))
		plugin_refuse (plugin, "its tables are smaller than ABI %u has them", REMEX_ABI);
	else if (host->size > sizeof *host || host->verb_size > sizeof (struct remex_verb) ||
		 host->param_size > sizeof (struct remex_param))
		plugin_refuse (plugin, "built for a newer remexd");
}

/* A copy of a table whose rows have `size` bytes, in rows of `ours` bytes. Each row begins with a name; the name of the
 * last row is NULL. NULL: out of memory. */
static void *copy_rows (const void *from, size_t size, size_t ours)
{
	const char *row = from;
	char *copy;
	size_t n = 0;

	while (row && *(const char *const *)(const void *)(row + n * size))
		n++;
	if (!(copy = calloc (n + 1, ours)))
		return NULL;
	for (size_t i = 0; i < n; i++)
		memcpy (copy + i * ours, row + i * size, size < ours ? size : ours);
	return copy;
}

static int copy_tables (struct plugin *plugin, const struct remex_plugin *host)
{
	struct declaration *declared = &plugin->declared;

	if (!(declared->verbs = copy_rows (host->verbs, host->verb_size, sizeof *declared->verbs)) ||
		!(declared->options = copy_rows (MEMBER (host, options), host->param_size, sizeof *declared->options)))
		return -1;
	for (struct remex_verb *verb = declared->verbs; verb->name; verb++) {
		char name[PLUGIN_SHOWN];

		if (!(verb->params = copy_rows (verb->params, host->param_size, sizeof *verb->params)))
			return -1;
		if (!verb->handle)
			plugin_refuse (plugin, "the verb '%s' is malformed: it has no handler",
				plugin_shown (verb->name, name));
	}
	return 0;
}

static int so_load (struct plugin *plugin, int fd)
{
	const struct remex_plugin *host;
	char path[64];
	void *object;

	snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
	if (!(object = dlopen (path, RTLD_NOW | RTLD_LOCAL))) {
		const char *why = dlerror ();

		/* The message begins with the path that we opened, which does not help the reader. */
		if (!strncmp (why, path, strlen (path)))
			why += strlen (path) + strspn (why + strlen (path), ": ");
		plugin_refuse (plugin, "%s", why);
		return 0;
	}
	if (!(host = dlsym (object, "remex_plugin")))
		plugin_refuse (plugin, "it exports no remex_plugin");
	else
		check_abi (plugin, host);
	if (plugin->refused)
		return 0;
	plugin->loaded = host;
	plugin->declared.name = host->name;
	plugin->declared.version = host->version;
	plugin->declared.summary = host->summary;
	return copy_tables (plugin, host);
}

static int so_start (struct plugin *plugin, struct remex_config *options)
{
	const struct remex_plugin *host = plugin->loaded;
	int (*start) (void **, const struct remex_config *) = MEMBER (host, start);

	errno = 0;
	if (start && start (&plugin->state, options) < 0) {
		const char *reason = *options->why ? options->why : errno ? strerror (errno) : NULL;

		plugin_refuse (plugin, "its start function failed%s%s", reason ? ": " : "", reason ? reason : "");
	}
	return 0;
}

static int so_call (const struct plugin *plugin, const struct remex_verb *verb, struct remex_call *call)
{
	return verb->handle (plugin->state, call);
}

static void so_stop (struct plugin *plugin)
{
	const struct remex_plugin *host = plugin->loaded;
	void (*stop) (void *) = MEMBER (host, stop);

	if (stop)
		stop (plugin->state);
}

const struct plugin_kind plugin_so = {
	.suffix = ".so",
	.load = so_load,
	.start = so_start,
	.call = so_call,
	.stop = so_stop,
};
