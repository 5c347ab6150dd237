/* settings - where hosts are, how they are reached, and who the user is there: the section `hosts` of hosts.yaml.
 *
 * An entry is for hosts that an expression names, or for all names that match a pattern with "*" or "?". Where several
 * entries set the same thing for a host, the last one wins.
 */
#ifndef REMEX_HOSTS_SETTINGS_H
#define REMEX_HOSTS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "hosts/host_list.h"

struct settings_table;

/* The values of an entry; NULL and 0: not set. */
struct settings_entry {
	const char *address; /* of one host; or an expression that is as many addresses as the entry has hosts */
	const char *user;
	const char *proxy; /* the command that leads to the host (proxy_line.h); "none": no command */
	int port;
	const char *via; /* gateways: ssh://[USER@]HOST[:PORT],… */
	int durable; /* 1: commands survive cuts of the connection, 2: they do not */
};

/* What is known of one host. */
struct host_settings {
	const char *address, *user, *via, *proxy;
	int port;
	bool durable;
};

struct settings_table *settings_new (void); /* NULL: out of memory */
void settings_free (struct settings_table *settings);

/* Add an entry for the hosts of a list, or for a pattern. Nothing is kept but copies. 0, or -1 and err (a sentence). */
int settings_add (struct settings_table *settings, const struct host_list *hosts, const struct settings_entry *entry,
	struct err *err);
int settings_add_pattern (
	struct settings_table *settings, const char *pattern, const struct settings_entry *entry, struct err *err);

/* Can this be a gateway, or a list of at most ENDPOINT_GATEWAYS of them with commas? 0, or -1 and err. */
int settings_check_via (const char *via, struct err *err);

/* The settings of a host, a name without user and port. The texts live as long as the settings. */
struct host_settings settings_find (const struct settings_table *settings, const char *host);

#endif
