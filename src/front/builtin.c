/* builtin - see builtin.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "conf/grant_json.h"
#include "front/builtin.h"
#include "front/front_state.h"
#include "front/reply.h"

/* A reload for which the supervisor was asked. */
struct reload_call {
	struct list node; /* of the front's reloads */
	uint64_t number;
	struct front *front;
	struct identity *identity;
	struct channel *channel;
};

/* --- plugins ----------------------------------------------------------------------------------------------------- */

/* The part of a plugin that the identity may call; NULL: the identity may call nothing of it. A new reference. */
static json_t *visible (const struct verb_table *table, const struct identity *identity, json_t *plugin)
{
	const char *name = json_string_value (json_object_get (plugin, "plugin"));
	json_t *verbs = json_array (), *verb, *copy;
	const struct verb *known;
	char call[128];
	size_t i;

	json_array_foreach (json_object_get (plugin, "verbs"), i, verb)
	{
		snprintf (call, sizeof call, "%s.%s", name, json_string_value (json_object_get (verb, "name")));
		if ((known = verb_find (table, call, NULL)) && access_sees (identity, known))
			json_array_append (verbs, verb);
	}
	if (!json_array_size (verbs)) {
		json_decref (verbs);
		return NULL;
	}
	copy = json_copy (plugin);
	json_object_set_new (copy, "verbs", verbs);
	return copy;
}

/* Answer with the table by which arguments are checked; a client over TCP gets the part that it may use. */
static void show_plugins (struct front *front, struct identity *identity, struct channel *channel)
{
	json_t *all = front->verbs->json, *some, *plugin;
	size_t i;

	if (!identity->remote) {
		reply_document (front, identity, channel, json_incref (all));
		return;
	}
	some = json_array ();
	json_array_foreach (all, i, plugin)
	{
		json_t *part = visible (front->verbs, identity, plugin);

		if (part)
			json_array_append_new (some, part);
	}
	reply_document (front, identity, channel, some);
}

/* --- identities -------------------------------------------------------------------------------------------------- */

static json_t *identity_json (const struct front *front, const struct admitted *admitted)
{
	json_t *json = grant_json (admitted->grant);
	const struct gate_client *client;
	char user[64];
	int live = 0;

	list_each (client, &front->gate.clients, node)
		live += client->remote && client->identity->grant == admitted->grant;
	json_object_set_new (json, "name", json_string (admitted->grant->name));
	json_object_set_new (json, "user", json_string (access_name (user, sizeof user, admitted->uid)));
	json_object_set_new (json, "connections", json_integer (live));
	return json;
}

static json_t *listening_json (const struct front *front)
{
	json_t *list = json_array ();

	for (int i = 0; i < front->gate.n_listeners; i++) {
		struct sockaddr_un unix_name = { .sun_family = AF_UNSPEC };
		socklen_t size = sizeof unix_name;
		struct endpoint endpoint = { .size = sizeof endpoint.address };
		char shown[ENDPOINT_SIZE];

		if (!front->gate.listeners[i].watch)
			continue; /* the listener is closed */
		if (front->gate.listeners[i].kind == LISTEN_TCP) {
			if (getsockname (front->gate.listeners[i].fd, (struct sockaddr *)&endpoint.address,
				    &endpoint.size) == 0)
				json_array_append_new (
					list, json_sprintf ("tcp://%s", endpoint_format (&endpoint, shown)));
		} else if (getsockname (front->gate.listeners[i].fd, (struct sockaddr *)&unix_name, &size) == 0) {
			json_array_append_new (list, json_sprintf ("unix://%s", unix_name.sun_path));
		}
	}
	return list;
}

static void show_identities (struct front *front, struct identity *identity, struct channel *channel)
{
	const struct grants *grants = front->gate.access.grants;
	json_t *list = json_array (), *why, *directory = json_object_get (grants->manifest, "directory");
	char print[KEY_PRINT_SIZE];
	const char *name;

	for (size_t i = 0; i < grants->n; i++)
		json_array_append_new (list, identity_json (front, &grants->items[i]));
	json_object_foreach (json_object_get (grants->manifest, "refused"), name, why)
		json_array_append_new (list, json_pack ("{ss sO}", "name", name, "refused", why));
	reply_document (front, identity, channel,
		json_pack ("{sO? ss? so so}", "directory", directory, "host_key",
			front->gate.host_key ? key_print (credential_key (front->gate.host_key), print) : NULL,
			"listen", listening_json (front), "identities", list));
}

/* --- reload ------------------------------------------------------------------------------------------------------ */

static void reload_free (struct reload_call *reload)
{
	list_remove (&reload->node);
	free (reload);
}

static void on_reload_lost (struct channel *channel)
{
	reload_free (channel->owner);
}

static const struct channel_ops reload_ops = { .lost = on_reload_lost };

static void ask_reload (struct front *front, struct identity *identity, struct channel *channel)
{
	struct reload_call *reload = calloc (1, sizeof *reload);

	if (!reload) {
		reply_refuse (front, channel, CODE_BUSY, "out of memory");
		return;
	}
	reload->number = ++front->last_request;
	reload->front = front;
	reload->identity = identity;
	reload->channel = channel;
	channel_own (channel, &reload_ops, reload);
	list_append (&front->reloads, &reload->node);
	supervisor_link_reload (&front->supervisor, reload->number);
}

/* The result of the reload: the generation, which the front has already, and the keys that wait for a restart. */
static json_t *summary (const struct front *front, const char *waiting, size_t n)
{
	json_t *loaded = json_object (), *refused = json_object (), *waits = json_array (), *plugin;
	json_t *no =
		json_object_get (front->gate.access.grants ? front->gate.access.grants->manifest : NULL, "refused");
	size_t i;

	json_array_foreach (front->verbs->json, i, plugin)
	{
		json_t *why = json_object_get (plugin, "refused"), *version = json_object_get (plugin, "version");

		if (!json_is_true (json_object_get (plugin, "builtin")))
			json_object_set (why ? refused : loaded, json_string_value (json_object_get (plugin, "plugin")),
				why ? why : version);
	}
	for (const char *key = waiting; key < waiting + n; key += strnlen (key, (size_t)(waiting + n - key)) + 1)
		json_array_append_new (waits, json_stringn (key, strnlen (key, (size_t)(waiting + n - key))));
	return json_pack ("{si s{so so} s{sI sO*} so}", "generation", front->generation, "plugins", "loaded", loaded,
		"refused", refused, "identities", "admitted",
		(json_int_t)(front->gate.access.grants ? front->gate.access.grants->n : 0), "refused", no, "waits",
		waits);
}

void builtin_reloaded (struct front *front, struct packet *packet)
{
	struct reload_call *reload, *after;

	list_each_safe (reload, after, &front->reloads, node) {
		struct session *session = reload->channel->session;
		char *why;

		if (reload->number != packet->record.id)
			continue;
		if (packet->record.a) {
			why = strndup ((const char *)packet->data, packet->record.length);
			reply_refuse (front, reload->channel, CODE_FAILED, why ? why : "out of memory");
			free (why);
		} else {
			reply_document (front, reload->identity, reload->channel,
				summary (front, (const char *)packet->data, packet->record.length));
		}
		reload_free (reload);
		session_flush (session);
		return;
	}
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool everybody; /* false: only identities that may do everything */
	void (*run) (struct front *front, struct identity *identity, struct channel *channel);
} calls[] = {
	{ "plugins", true, show_plugins },
	{ "identities", false, show_identities },
	{ "reload", false, ask_reload },
};

bool builtin_call (
	struct front *front, struct identity *identity, struct channel *channel, const struct message *message)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (strcmp (calls[i].name, message->name) != 0)
			continue;
		if (!calls[i].everybody && !identity->full)
			reply_refuse (front, channel, CODE_DENIED,
				"only root and the user that remexd runs as may make this call, on the Unix socket");
		else
			calls[i].run (front, identity, channel);
		return true;
	}
	return false;
}
