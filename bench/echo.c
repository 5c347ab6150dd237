/* echo - the least that a plugin can do, for the bench: its text comes back. */
#include <remex/plugin.h>
#include <string.h>

static int echo (void *state, struct remex_call *call)
{
	const char *text = remex_arg_string (call, "text");

	(void)state;
	return remex_write (call, "stdout", text, strlen (text));
}

static const struct remex_param params[] = { { "text", REMEX_STRING, REMEX_REQUIRED, "what comes back" }, { 0 } };

static const struct remex_verb verbs[] = { { "echo", "Say it again", params, echo, 0 }, { 0 } };

REMEX_PLUGIN (.name = "echo", .version = "1.0", .summary = "For the bench", .verbs = verbs);
