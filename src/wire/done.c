/* done - see done.h. */
#include "config.h"

#include <string.h>

#include "wire/done.h"
#include "wire/header.h"

json_t *done_usage_json (double user, double system, int64_t memory)
{
	return json_pack ("{sf sf sI}", "user", user, "system", system, "memory", (json_int_t)memory);
}

json_t *done_json (const struct done *done)
{
	json_t *json = json_pack ("{ss}", "outcome", outcome_name (done->outcome));
	const char *word;

	if (done->outcome == OUTCOME_EXITED)
		json_object_set_new (json, "exit", json_integer (done->number));
	if (done->outcome == OUTCOME_SIGNALLED) {
		word = signal_word (done->number);
		json_object_set_new (json, "signal", word ? json_string (word) : json_integer (done->number));
	}
	if (done->limit) {
		json_object_set_new (json, "limit", json_string (call_limit_row (done->limit)->word));
		json_object_set_new (json, "limit_value", call_limit_value (done->limit, done->limit_value));
	}
	if (done->message && *done->message)
		json_object_set_new (json, "message", header_bytes (done->message, strlen (done->message)));
	if (done->not_started)
		json_object_set_new (json, "started", json_false ());
	if (done->pipe_held)
		json_object_set_new (json, "pipe_held", json_true ());
	if (done->survivors > 0)
		json_object_set_new (json, "survivors", json_integer (done->survivors));
	if (done->usage.memory)
		json_object_set_new (json, "rusage",
			done_usage_json ((double)done->usage.user_us / 1e6, (double)done->usage.system_us / 1e6,
				done->usage.memory));
	json_object_set_new (json, "seconds", json_real (done->seconds));
	return json;
}
