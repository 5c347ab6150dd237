/* histogram - see histogram.h. */
#include "config.h"

#include "front/histogram.h"

void histogram_add (struct histogram *histogram, int64_t ms)
{
	int64_t bound = 1;
	int i = 0;

	for (; i < HISTOGRAM_DECADES && ms > bound; i++)
		bound *= 10;
	histogram->counts[i]++;
	histogram->n++;
	histogram->sum_ms += ms;
}

json_t *histogram_json (const struct histogram *histogram)
{
	static const char *const names[] = { "1ms", "10ms", "100ms", "1s", "10s", "100s", "more" };
	json_t *json = json_object ();

	_Static_assert(sizeof names / sizeof *names == HISTOGRAM_DECADES + 1, "a name for each");
	for (int i = 0; i <= HISTOGRAM_DECADES; i++)
		json_object_set_new (json, names[i], json_integer ((json_int_t)histogram->counts[i]));
	json_object_set_new (json, "count", json_integer ((json_int_t)histogram->n));
	json_object_set_new (json, "seconds", json_real ((double)histogram->sum_ms / 1000));
	return json;
}
