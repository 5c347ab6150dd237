/* settings - see settings.h. An entry for a list is spread over its hosts at once; each value remembers its entry, so
 * that it can be compared with the patterns. */
#include "config.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hosts/expression.h"
#include "hosts/host_name.h"
#include "hosts/settings.h"
#include "net/endpoint.h"

enum value_kind { ADDRESS, PORT, USER, VIA, PROXY, DURABLE, N_KINDS };

/* A value and the number of its entry, from 1; 0: there is none. */
struct value {
	unsigned entry;
	int number;
	const char *text;
};

struct known {
	struct value values[N_KINDS];
};

struct wildcard {
	char *pattern;
	struct known known;
};

struct settings_table {
	unsigned n_entries;
	struct host_list hosts;
	struct known *known; /* of each of the hosts */
	size_t room;
	struct wildcard *wildcards;
	size_t n_wildcards;
	char **texts; /* that values point to */
	size_t n_texts;
};

struct settings_table *settings_new (void)
{
	return calloc (1, sizeof (struct settings_table));
}

void settings_free (struct settings_table *settings)
{
	if (!settings)
		return;
	for (size_t i = 0; i < settings->n_wildcards; i++)
		free (settings->wildcards[i].pattern);
	for (size_t i = 0; i < settings->n_texts; i++)
		free (settings->texts[i]);
	host_list_free (&settings->hosts);
	free (settings->known);
	free (settings->wildcards);
	free (settings->texts);
	free (settings);
}

/* A copy that lives as long as the settings. */
static const char *keep (struct settings_table *settings, const char *text)
{
	size_t n = settings->n_texts;

	if ((n & (n - 1)) == 0) { /* the array grows when the count reaches a power of two */
		char **more = realloc (settings->texts, (n ? n * 2 : 1) * sizeof (char *));

		if (!more)
			return NULL;
		settings->texts = more;
	}
	if (!(settings->texts[n] = strdup (text)))
		return NULL;
	return settings->texts[settings->n_texts++];
}

/* --- entries ----------------------------------------------------------------------------------------------------- */

/* An address of IPv6 may be written without brackets here. */
static bool is_bare_ipv6 (const char *address)
{
	const char *colon = strchr (address, ':');

	return *address != '[' && colon && strchr (colon + 1, ':') && strncmp (address, "unix:", 5) != 0 &&
	       strncmp (address, "ssh:", 4) != 0;
}

static int check_address (const char *address, struct err *err)
{
	struct host_name parts = host_name_split (address);
	char shown[128];
	struct err why;

	text_escape (shown, sizeof shown, address, strlen (address));
	if (host_name_check (address, &why) < 0)
		return err_set (err, 0, "the address '%s' %s", shown, why.text);
	if (parts.user || parts.port)
		return err_set (err, 0, "the address '%s' has a %s with it, which is a key of its own", shown,
			parts.user ? "user" : "port");
	return 0;
}

static int check_gateway (const char *via, struct err *err)
{
	struct host_name parts = host_name_split (via);
	char shown[128];
	struct err why;

	text_escape (shown, sizeof shown, via, strlen (via));
	if (host_name_check (via, &why) < 0)
		return err_set (err, 0, "the gateway '%s' %s", shown, why.text);
	if (!parts.ssh || parts.user)
		return err_set (err, 0, "the gateway '%s' is not valid (example: ssh://alice@gw:2222)", shown);
	return 0;
}

int settings_check_via (const char *via, struct err *err)
{
	char *list = strdup (via), *at = list, *gateway;
	int result = list ? 0 : err_set (err, 0, "out of memory");

	for (int n = 1; result == 0 && (gateway = strsep (&at, ",")); n++)
		result = n <= ENDPOINT_GATEWAYS
				 ? check_gateway (gateway, err)
				 : err_set (err, 0, "there are more than %d gateways on the way", ENDPOINT_GATEWAYS);
	free (list);
	return result;
}

static int no_groups (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	(void)context;
	(void)source;
	(void)name;
	(void)found;
	return err_set (err, 0, "an address is no group");
}

static char *no_file (void *context, const char *path, bool trusted, size_t *n, struct err *err)
{
	(void)trusted;
	(void)context;
	(void)path;
	(void)n;
	err_set (err, 0, "an address is no file");
	return NULL;
}

/* The addresses that an entry names for n hosts: one, or one for each. */
static int read_addresses (const char *text, size_t n, struct host_list *addresses, struct err *err)
{
	static const struct expression_ops ops = { no_groups, no_file };
	const struct expression expression = { .words = &text, .n_words = 1 };
	char bracketed[HOST_NAME_BYTES];

	if (is_bare_ipv6 (text) && strlen (text) + 2 < sizeof bracketed) {
		*bracketed = '[';
		strcat (strcpy (bracketed + 1, text), "]");
		text = bracketed;
	}
	if (expression_evaluate (&expression, &ops, NULL, addresses, err) < 0)
		return -1;
	for (size_t i = 0; i < addresses->n; i++)
		if (check_address (addresses->names[i], err) < 0)
			return -1;
	if (addresses->n == 1 || (addresses->n == n && n))
		return 0;
	return err_set (
		err, 0, "there are %zu addresses for %zu hosts: one is possible, or one for each", addresses->n, n);
}

static int set_text (struct settings_table *settings, struct value *value, const char *text)
{
	if (!text)
		return 0;
	*value = (struct value){ settings->n_entries, 0, keep (settings, text) };
	return value->text ? 0 : -1;
}

/* The values of an entry, but for the address. */
static int make_known (struct settings_table *settings, const struct settings_entry *entry, struct known *known)
{
	unsigned number = ++settings->n_entries;

	*known = (struct known){ 0 };
	if (entry->port)
		known->values[PORT] = (struct value){ number, entry->port, NULL };
	if (entry->durable)
		known->values[DURABLE] = (struct value){ number, entry->durable, NULL };
	return set_text (settings, &known->values[USER], entry->user) < 0 ||
			       set_text (settings, &known->values[VIA], entry->via) < 0 ||
			       set_text (settings, &known->values[PROXY], entry->proxy) < 0
		       ? -1
		       : 0;
}

static void overlay (struct known *known, const struct known *more)
{
	for (int i = 0; i < N_KINDS; i++)
		if (more->values[i].entry > known->values[i].entry)
			known->values[i] = more->values[i];
}

/* Room for the values of all hosts. */
static int make_room (struct settings_table *settings)
{
	size_t room = settings->room ? settings->room : 64;
	struct known *more;

	while (room < settings->hosts.n)
		room *= 2;
	if (room == settings->room)
		return 0;
	if (!(more = realloc (settings->known, room * sizeof *more)))
		return -1;
	memset (more + settings->room, 0, (room - settings->room) * sizeof *more);
	settings->known = more;
	settings->room = room;
	return 0;
}

int settings_add (struct settings_table *settings, const struct host_list *hosts, const struct settings_entry *entry,
	struct err *err)
{
	struct host_list addresses = { .n = 0 };
	int result = entry->via ? settings_check_via (entry->via, err) : 0;
	struct known known;

	if (result == 0 && entry->address)
		result = read_addresses (entry->address, hosts->n, &addresses, err);
	if (result == 0 && (make_known (settings, entry, &known) < 0 || host_list_unite (&settings->hosts, hosts) < 0 ||
				   make_room (settings) < 0))
		result = err_set (err, 0, "out of memory");
	for (size_t i = 0; i < hosts->n && result == 0; i++) {
		if (addresses.n &&
			set_text (settings, &known.values[ADDRESS], addresses.names[addresses.n > 1 ? i : 0]) < 0)
			result = err_set (err, 0, "out of memory");
		else
			overlay (&settings->known[host_list_find (&settings->hosts, hosts->names[i])], &known);
	}
	host_list_free (&addresses);
	return result;
}

static int add_wildcard (
	struct settings_table *settings, const char *pattern, const struct settings_entry *entry, const char *address)
{
	struct wildcard *more = realloc (settings->wildcards, (settings->n_wildcards + 1) * sizeof *more);
	struct wildcard added;

	if (!more)
		return -1;
	settings->wildcards = more;
	if (make_known (settings, entry, &added.known) < 0)
		return -1;
	if (set_text (settings, &added.known.values[ADDRESS], address) < 0)
		return -1;
	if (!(added.pattern = strdup (pattern)))
		return -1;
	more[settings->n_wildcards++] = added;
	return 0;
}

int settings_add_pattern (
	struct settings_table *settings, const char *pattern, const struct settings_entry *entry, struct err *err)
{
	struct host_list addresses = { .n = 0 };
	int result = entry->via ? settings_check_via (entry->via, err) : 0;

	if (result == 0 && entry->address)
		result = read_addresses (entry->address, 0, &addresses, err);
	if (result == 0 && add_wildcard (settings, pattern, entry, addresses.n ? addresses.names[0] : NULL) < 0)
		result = err_set (err, 0, "out of memory");
	host_list_free (&addresses);
	return result;
}

/* --- finding ----------------------------------------------------------------------------------------------------- */

struct host_settings settings_find (const struct settings_table *settings, const char *host)
{
	size_t place = host_list_find (&settings->hosts, host);
	struct known known = { 0 };

	if (place < settings->hosts.n)
		known = settings->known[place];
	for (size_t i = 0; i < settings->n_wildcards; i++)
		if (fnmatch (settings->wildcards[i].pattern, host, FNM_NOESCAPE | FNM_CASEFOLD) == 0)
			overlay (&known, &settings->wildcards[i].known);
	return (struct host_settings){
		.address = known.values[ADDRESS].text,
		.user = known.values[USER].text,
		.via = known.values[VIA].text,
		.proxy = known.values[PROXY].text,
		.port = known.values[PORT].number,
		.durable = known.values[DURABLE].number == 1,
	};
}
