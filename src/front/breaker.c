/* breaker - see breaker.h. There are few plugins (those in the directory), and few users crash them: lists are
 * enough. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/breaker.h"
#include "gate/access.h"

/* The counters of a plugin. */
struct plugin_counts {
	struct list node;
	char *plugin;
	uint64_t ended, crashed;
};

struct breaker {
	struct list node;
	const struct plugin_counts *counts; /* of its plugin */
	uid_t uid;
	int halves; /* of a crash */
	int64_t backoff_ms; /* the length of the last backoff; 0: there was none */
	int64_t until_ms; /* when the backoff is over */
};

void breakers_init (struct breakers *breakers, int limit)
{
	*breakers = (struct breakers){ .limit = limit };
	list_init (&breakers->plugins);
	list_init (&breakers->list);
}

static void forget (struct breakers *breakers, struct breaker *breaker)
{
	list_remove (&breaker->node);
	breakers->n--;
	free (breaker);
}

void breakers_free (struct breakers *breakers)
{
	struct breaker *breaker, *next;
	struct plugin_counts *counts, *after;

	list_each_safe (breaker, next, &breakers->list, node)
		forget (breakers, breaker);
	list_each_safe (counts, after, &breakers->plugins, node) {
		list_remove (&counts->node);
		free (counts->plugin);
		free (counts);
	}
}

/* NULL without memory: then the plugin is not counted. */
static struct plugin_counts *counts_of (struct breakers *breakers, const char *plugin)
{
	struct plugin_counts *counts;

	list_each (counts, &breakers->plugins, node)
		if (!strcmp (counts->plugin, plugin))
			return counts;
	if (!(counts = calloc (1, sizeof *counts)))
		return NULL;
	if (!(counts->plugin = strdup (plugin))) {
		free (counts);
		return NULL;
	}
	list_append (&breakers->plugins, &counts->node);
	return counts;
}

static struct breaker *find (const struct breakers *breakers, const char *plugin, uid_t uid)
{
	struct breaker *breaker;

	list_each (breaker, &breakers->list, node)
		if (breaker->uid == uid && !strcmp (breaker->counts->plugin, plugin))
			return breaker;
	return NULL;
}

/* The breaker for a crash that happened now: it becomes the last in the list. NULL without memory. */
static struct breaker *find_or_add (struct breakers *breakers, const struct plugin_counts *counts, uid_t uid)
{
	struct breaker *breaker = find (breakers, counts->plugin, uid);

	if (breaker) {
		list_remove (&breaker->node);
	} else {
		if (!(breaker = calloc (1, sizeof *breaker)))
			return NULL;
		breaker->counts = counts;
		breaker->uid = uid;
		if (breakers->n == BREAKERS_MAX)
			forget (breakers, list_entry (breakers->list.next, struct breaker, node));
		breakers->n++;
	}
	list_append (&breakers->list, &breaker->node);
	return breaker;
}

static int64_t left (const struct breakers *breakers, const struct breaker *breaker, int64_t now_ms)
{
	return breakers->limit && breaker->until_ms > now_ms ? breaker->until_ms - now_ms : 0;
}

int64_t breaker_backoff (const struct breakers *breakers, const char *plugin, uid_t uid, int64_t now_ms)
{
	const struct breaker *breaker = find (breakers, plugin, uid);

	return breaker ? left (breakers, breaker, now_ms) : 0;
}

void breaker_ended (struct breakers *breakers, const char *plugin, uid_t uid)
{
	struct breaker *breaker = find (breakers, plugin, uid);
	struct plugin_counts *counts = counts_of (breakers, plugin);

	if (counts)
		counts->ended++;
	if (breaker && --breaker->halves == 0)
		forget (breakers, breaker);
}

int64_t breaker_crashed (struct breakers *breakers, const char *plugin, uid_t uid, int64_t now_ms)
{
	struct plugin_counts *counts = counts_of (breakers, plugin);
	const int most = 2 * (breakers->limit ? breakers->limit : 1);
	struct breaker *breaker;

	if (!counts)
		return 0;
	counts->crashed++;
	if (!(breaker = find_or_add (breakers, counts, uid)))
		return 0;
	breaker->halves = breaker->halves + 2 < most ? breaker->halves + 2 : most;
	if (!breakers->limit || breaker->halves < most)
		return 0;
	/* A call that was running when the breaker opened may still crash. That does not make the backoff longer. */
	if (breaker->until_ms > now_ms)
		return breaker->until_ms - now_ms;
	breaker->backoff_ms = breaker->backoff_ms ? 2 * breaker->backoff_ms : BREAKER_BACKOFF_MIN_MS;
	if (breaker->backoff_ms > BREAKER_BACKOFF_MAX_MS)
		breaker->backoff_ms = BREAKER_BACKOFF_MAX_MS;
	breaker->until_ms = now_ms + breaker->backoff_ms;
	return breaker->backoff_ms;
}

/* For each user, how long calls of that plugin are still refused; *longest is the longest of these times. */
static json_t *backoff_json (
	const struct breakers *breakers, const struct plugin_counts *counts, int64_t now_ms, int64_t *longest)
{
	json_t *users = json_object ();
	struct breaker *breaker;
	char user[64];

	*longest = 0;
	list_each (breaker, &breakers->list, node) {
		int64_t ms = left (breakers, breaker, now_ms);

		if (breaker->counts != counts || !ms)
			continue;
		json_object_set_new (
			users, access_name (user, sizeof user, breaker->uid), json_real ((double)ms / 1000));
		if (ms > *longest)
			*longest = ms;
	}
	return users;
}

json_t *breakers_json (const struct breakers *breakers, int64_t now_ms)
{
	json_t *all = json_object (), *one, *users;
	struct plugin_counts *counts;
	int64_t longest;

	list_each (counts, &breakers->plugins, node) {
		one = json_pack ("{sI sI}", "ended", (json_int_t)counts->ended, "crashed", (json_int_t)counts->crashed);
		users = backoff_json (breakers, counts, now_ms, &longest);
		if (longest) {
			json_object_set_new (one, "rests", json_real ((double)longest / 1000));
			json_object_set (one, "backoff", users);
		}
		json_decref (users);
		json_object_set_new (all, counts->plugin, one);
	}
	return all;
}
