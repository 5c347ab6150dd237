/* hosts - see hosts.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/trusted.h"
#include "hosts/clustershell.h"
#include "hosts/dsh_groups.h"
#include "hosts/expression.h"
#include "hosts/groups.h"
#include "hosts/host_name.h"
#include "hosts/hosts.h"
#include "hosts/hosts_file.h"
#include "hosts/proxy_line.h"
#include "hosts/settings.h"

enum { BYTES_MAX = 64 * 1024 * 1024 }; /* of a file of hosts, or of stdin */

#define DEFINED_SOURCE "defined" /* of hosts_define */

struct hosts {
	struct hosts_options options;
	struct groups *groups;
	struct group_source *defined;
	struct settings_table *settings;
	struct hosts_policy policy;
	bool complete; /* all sources of groups have been read, not only hosts.yaml */
};

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* Read hosts.yaml of the system, then the user's own. The directory of the system's may be closed to users. */
static int read_files (struct hosts *hosts, struct err *err)
{
	static const char system_file[] = SYSCONFDIR "/remex/" HOSTS_FILE;
	const struct hosts_file_target read = { hosts->groups, hosts->settings, &hosts->policy };
	char *directory, *path = NULL;
	struct err why = { 0 };
	int result;

	if (hosts_file_read (system_file, &read, &why) < 0 && why.sys != EACCES)
		return err_set (err, 0, "%s", why.text);
	if (!(directory = paths_keys (&why)))
		return getenv ("REMEX_CONFIG") ? err_set (err, 0, "%s", why.text) : 0; /* a user without a home */
	if (asprintf (&path, "%s%s%s", directory, directory[strlen (directory) - 1] == '/' ? "" : "/", HOSTS_FILE) < 0)
		result = err_set (err, 0, "out of memory");
	else
		result = strcmp (path, system_file) ? hosts_file_read (path, &read, err) : 0;
	free (directory);
	free (path);
	return result < 0 ? -1 : 0;
}

struct hosts *hosts_open (const struct hosts_options *options, struct err *err)
{
	struct hosts *hosts = calloc (1, sizeof *hosts);

	if (!hosts) {
		err_set (err, 0, "out of memory");
		return NULL;
	}
	if (options)
		hosts->options = *options;
	hosts->groups = groups_new ();
	hosts->settings = settings_new ();
	hosts->defined =
		hosts->groups ? groups_source (hosts->groups, DEFINED_SOURCE, GROUPS_SEARCHED_NOT_ALL, NULL) : NULL;
	if (!hosts->defined || !hosts->settings) {
		err_set (err, 0, "out of memory");
	} else if (read_files (hosts, err) == 0) {
		return hosts;
	}
	hosts_free (hosts);
	return NULL;
}

void hosts_free (struct hosts *hosts)
{
	if (!hosts)
		return;
	groups_free (hosts->groups);
	settings_free (hosts->settings);
	free (hosts->policy.file);
	free (hosts);
}

long hosts_confirm_above (const struct hosts *hosts, const char **file)
{
	*file = hosts->policy.file;
	return hosts->policy.confirm_above;
}

int hosts_define (struct hosts *hosts, const char *group, const char *expression, struct err *err)
{
	static const struct group_place nowhere = { .file = NULL };

	return group_source_add (hosts->defined, group, &expression, 1, &nowhere, err);
}

/* --- expanding --------------------------------------------------------------------------------------------------- */

/* Read the sources that only groups need. */
static int complete (struct hosts *hosts, struct err *err)
{
	if (hosts->complete)
		return 0;
	if (clustershell_read (hosts->groups, err) < 0 || dsh_groups_read (hosts->groups, err) < 0)
		return -1;
	hosts->complete = true;
	return 0;
}

/* The other sources are read where hosts.yaml does not have the group. */
static int find_group (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	struct hosts *hosts = context;

	if (!hosts->complete && groups_find (hosts->groups, source, name, found, NULL) == 0)
		return 0;
	if (complete (hosts, err) < 0)
		return -1;
	return groups_find (hosts->groups, source, name, found, err);
}

static char *read_any_file (const char *path, size_t *n, struct err *err)
{
	int fd = open (path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	char shown[256], *bytes = NULL;
	struct err why;

	text_escape (shown, sizeof shown, path, strlen (path));
	if (fd < 0)
		err_sys (err, 0, "cannot read the hosts in %s", shown);
	else if (!(bytes = fd_read_all (fd, BYTES_MAX, n, &why)))
		err_set (err, 0, "cannot read the hosts in %s: %.200s", shown, why.text);
	fd_close (&fd);
	return bytes;
}

static char *read_file (const char *path, bool trusted, size_t *n, struct err *err)
{
	if (trusted)
		return trusted_read (path, BYTES_MAX, n, err);
	return read_any_file (path, n, err);
}

static char *read_bytes (void *context, const char *path, bool trusted, size_t *n, struct err *err)
{
	const struct hosts *hosts = context;

	if (path)
		return read_file (path, trusted, n, err);
	if (hosts->options.read_stdin)
		return hosts->options.read_stdin (hosts->options.context, BYTES_MAX, n, err);
	err_set (err, 0, "the hosts cannot come from stdin here, which has another use: ^FILE names a file");
	return NULL;
}

static const struct expression_ops ops = { find_group, read_bytes };

/* No host is left of a query: report the reason. */
static int fail_empty (const struct hosts_query *query, struct err *err)
{
	char shown[160];

	if (query->n_words == 1 && !query->n_excluded && !query->all)
		return err_set (err, 0, "'%s' names no host",
			text_escape (shown, sizeof shown, query->words[0], strlen (query->words[0])));
	if (query->n_words || query->all)
		return err_set (err, 0, "no host is left of those that are named");
	return err_set (err, 0, "no host is named: web1, web[1-3], @web and local name hosts");
}

int hosts_expand (struct hosts *hosts, const struct hosts_query *query, struct host_list *list, struct err *err)
{
	const char *wcoll = query->wcoll && !query->all && !query->n_words ? getenv ("WCOLL") : NULL;
	const char **words = calloc (query->n_words + 2, sizeof *words);
	struct expression expression = { .words = words, .excluded = query->excluded, .n_excluded = query->n_excluded };
	char *file = NULL;
	int result;

	if (!words || (wcoll && *wcoll && asprintf (&file, "^%s", wcoll) < 0)) {
		free (words);
		return err_set (err, 0, "out of memory");
	}
	if (query->all)
		words[expression.n_words++] = "@*";
	if (file)
		words[expression.n_words++] = file;
	for (size_t i = 0; i < query->n_words; i++)
		words[expression.n_words++] = query->words[i];
	result = expression_evaluate (&expression, &ops, hosts, list, err);
	if (result == 0 && !list->n) {
		host_list_free (list);
		result = fail_empty (query, err);
	}
	free (words);
	free (file);
	return result;
}

/* --- targets ----------------------------------------------------------------------------------------------------- */

/* The strings of a target, which it owns. */
struct target_strings {
	char *where, *user, *proxy;
	bool durable;
};

static bool is_sshd (const char *address)
{
	return !strncmp (address, "ssh://", 6);
}

/* HOST with its port and its gateways, as it is dialled. NULL: out of memory. */
static char *join (const char *via, const char *host, const char *port)
{
	char *where;

	return asprintf (&where, "%s%s%s%s%s", via ? via : "",
		       !via             ? ""
		       : is_sshd (host) ? ","
					: "/",
		       host, port ? ":" : "", port ? port : "") < 0
		       ? NULL
		       : where;
}

/* A target over TCP, or an sshd, that names no gateway itself may have one. */
static bool takes_gateway (const char *address)
{
	return strncmp (address, "unix://", 7) != 0 && strcmp (address, "local") != 0 &&
	       !(is_sshd (address) && strchr (address + 6, '/'));
}

static bool is_local (const struct host_name *name)
{
	return name->path || (name->host_n == 5 && !name->port && !memcmp (name->host, "local", 5));
}

/* The gateway or the command of a target, which has one of them at most; NULL: none. The options override the settings,
 * and the address itself overrides the settings, too. 0, or -1 and err. */
static int find_way (const struct hosts_options *options, const struct host_settings *settings, const char *address,
	const char **via, const char **proxy, struct err *err)
{
	bool said = options->via || options->proxy, named = is_sshd (address) && !settings->address;

	*via = !takes_gateway (address) ? NULL : said ? options->via : named ? NULL : settings->via;
	*proxy = said ? options->proxy : is_sshd (address) ? NULL : settings->proxy;
	if (*proxy && !strcmp (*proxy, "none"))
		*proxy = NULL;
	return *via && *proxy ? err_set (err, 0, "a gateway (via) and a command (proxy) exclude each other") : 0;
}

/* Where the name is, how it is reached, and who the user is there. 0, or -1 and err. */
static int find_target (const struct hosts *hosts, const char *label, struct target_strings *owned, struct err *err)
{
	struct host_name name = host_name_split (label);
	struct host_settings settings = { .address = NULL };
	char *host = strndup (name.host, name.host_n), number[16];
	const char *port = name.port, *address, *via, *proxy;
	char shown[128];
	struct err why;
	int result;

	if (!host)
		return err_set (err, 0, "out of memory");
	if (!is_local (&name))
		settings = settings_find (hosts->settings, host);
	owned->durable = settings.durable;
	address = settings.address ? settings.address : host;
	if (!port && settings.port) {
		snprintf (number, sizeof number, "%d", settings.port);
		port = number;
	}
	result = find_way (&hosts->options, &settings, address, &via, &proxy, &why);
	owned->where = join (via, address, strncmp (address, "unix://", 7) ? port : NULL);
	if (name.user)
		owned->user = strndup (name.user, name.user_n);
	else if (settings.user)
		owned->user = strdup (settings.user);
	if (!owned->where || (!owned->user && (name.user || settings.user)))
		result = err_set (&why, 0, "out of memory");
	if (result == 0 && proxy && !(owned->proxy = proxy_line_fill (proxy, label, owned->where, &why)))
		result = -1;
	free (host);
	if (result == 0)
		return 0;
	return err_set (err, 0, "'%s': %s", text_escape (shown, sizeof shown, label, strlen (label)), why.text);
}

int hosts_targets (struct hosts *hosts, const struct host_list *list, struct host_targets *targets, struct err *err)
{
	struct target_strings *owned = calloc (list->n + 1, sizeof *owned);
	int result;

	*targets = (struct host_targets){ .memory = owned };
	if (hosts->options.via && settings_check_via (hosts->options.via, err) < 0) {
		free (owned);
		targets->memory = NULL;
		return -1;
	}
	targets->targets = calloc (list->n + 1, sizeof *targets->targets);
	result = owned && targets->targets ? 0 : err_set (err, 0, "out of memory");
	while (result == 0 && targets->n < list->n) {
		const char *label = list->names[targets->n];
		struct target_strings *mine = &owned[targets->n];

		result = find_target (hosts, label, mine, err);
		targets->targets[targets->n++] =
			(struct host_target){ label, mine->where, mine->user, mine->proxy, mine->durable };
	}
	if (result < 0)
		host_targets_free (targets);
	return result;
}

void host_targets_free (struct host_targets *targets)
{
	struct target_strings *owned = targets->memory;

	for (size_t i = 0; owned && i < targets->n; i++) {
		free (owned[i].where);
		free (owned[i].user);
		free (owned[i].proxy);
	}
	free (owned);
	free (targets->targets);
	*targets = (struct host_targets){ .n = 0 };
}

/* --- groups ------------------------------------------------------------------------------------------------------ */

struct each {
	int (*each) (const struct hosts_group *group, void *context);
	void *context;
};

static int on_group (
	const struct group_source *source, const char *name, const char *file, bool shadowed, void *context)
{
	const struct each *each = context;
	const struct hosts_group group = { group_source_name (source), name, file, shadowed };

	return each->each (&group, each->context);
}

int hosts_each_group (struct hosts *hosts, int (*each) (const struct hosts_group *group, void *context), void *context,
	struct err *err)
{
	struct each all = { each, context };

	if (complete (hosts, err) < 0)
		return -1;
	return groups_each (hosts->groups, on_group, &all, err);
}

int hosts_expand_group (struct hosts *hosts, const struct hosts_group *group, struct host_list *list, struct err *err)
{
	char *word = NULL;
	struct expression expression = { .words = (const char *const *)&word, .n_words = 1 };
	int result;

	if (asprintf (&word, "@%s:%s", group->source, group->name) < 0)
		return err_set (err, 0, "out of memory");
	result = expression_evaluate (&expression, &ops, hosts, list, err);
	free (word);
	return result;
}
