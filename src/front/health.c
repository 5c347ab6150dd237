/* health - see health.h. There are as many plugins as the directory holds: a list is enough. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/health.h"

struct patient {
	struct list node;
	char *name;
	uint64_t ended, crashed;
	int in_a_row;
	int64_t rest_ms; /* the last rest's length */
	int64_t until_ms; /* when it is over */
};

void health_init (struct health *health, int limit)
{
	list_init (&health->plugins);
	health->limit = limit;
}

void health_free (struct health *health)
{
	struct patient *patient, *after;

	list_each_safe (patient, after, &health->plugins, node) {
		list_remove (&patient->node);
		free (patient->name);
		free (patient);
	}
}

static struct patient *find (const struct health *health, const char *plugin)
{
	struct patient *patient;

	list_each (patient, &health->plugins, node)
		if (!strcmp (patient->name, plugin))
			return patient;
	return NULL;
}

/* NULL without memory: then it is not counted. */
static struct patient *find_or_add (struct health *health, const char *plugin)
{
	struct patient *patient = find (health, plugin);

	if (patient || !(patient = calloc (1, sizeof *patient)))
		return patient;
	if (!(patient->name = strdup (plugin))) {
		free (patient);
		return NULL;
	}
	list_append (&health->plugins, &patient->node);
	return patient;
}

int64_t health_rest (const struct health *health, const char *plugin, int64_t now_ms)
{
	const struct patient *patient = find (health, plugin);

	return health->limit && patient && patient->until_ms > now_ms ? patient->until_ms - now_ms : 0;
}

void health_ended (struct health *health, const char *plugin)
{
	struct patient *patient = find_or_add (health, plugin);

	if (!patient)
		return;
	patient->ended++;
	patient->in_a_row = 0;
	patient->rest_ms = patient->until_ms = 0;
}

int64_t health_crashed (struct health *health, const char *plugin, int64_t now_ms)
{
	struct patient *patient = find_or_add (health, plugin);

	if (!patient)
		return 0;
	patient->crashed++;
	patient->in_a_row++;
	if (!health->limit || patient->in_a_row < health->limit)
		return 0;
	/* What was running when the rest began may still crash: that is the same illness. */
	if (patient->until_ms > now_ms)
		return patient->until_ms - now_ms;
	patient->rest_ms = patient->rest_ms ? 2 * patient->rest_ms : HEALTH_REST_MIN_MS;
	if (patient->rest_ms > HEALTH_REST_MAX_MS)
		patient->rest_ms = HEALTH_REST_MAX_MS;
	patient->until_ms = now_ms + patient->rest_ms;
	return patient->rest_ms;
}

json_t *health_json (const struct health *health, int64_t now_ms)
{
	json_t *all = json_object (), *one;
	struct patient *patient;
	int64_t rest;

	list_each (patient, &health->plugins, node) {
		one = json_pack (
			"{sI sI}", "ended", (json_int_t)patient->ended, "crashed", (json_int_t)patient->crashed);
		if ((rest = health_rest (health, patient->name, now_ms)))
			json_object_set_new (one, "rests", json_real ((double)rest / 1000));
		json_object_set_new (all, patient->name, one);
	}
	return all;
}
