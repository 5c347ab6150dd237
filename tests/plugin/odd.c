/* odd - plugins that are refused, or almost: compiled once per -DODD_…, each under the name of its file. */
#include <remex/plugin.h>

static int nothing (void *state, struct remex_call *call)
{
	(void)state;
	(void)call;
	return 0;
}

static const struct remex_verb verbs[] = { { "nothing", "Do nothing", NULL, nothing, 0 }, { 0 } };

#if defined ODD_SMALL
/* As if from an ABI 1 with fewer members: too few. */
REMEX_PLUGIN (.name = "odd_small", .version = "1", .summary = "too small", .verbs = verbs, .size = 24);
#elif defined ODD_VERBS
REMEX_PLUGIN (.name = "odd_verbs", .version = "1", .summary = "has rows of a newer remexd", .verbs = verbs,
	.verb_size = 4096);
#elif defined ODD_UNDEFINED
extern int remex_not_in_this_version (struct remex_call *call);
static int newer (void *state, struct remex_call *call)
{
	(void)state;
	return remex_not_in_this_version (call);
}
static const struct remex_verb newer_verbs[] = { { "newer", "Call what is not there", NULL, newer, 0 }, { 0 } };
REMEX_PLUGIN (.name = "odd_undefined", .version = "1", .summary = "calls what is not there", .verbs = newer_verbs);
const struct remex_verb *unused (void)
{
	return verbs;
}
#elif defined ODD_LATIN
REMEX_PLUGIN (.name = "odd_latin", .version = "1", .summary = "gr\xFC\xDF", .verbs = verbs);
#elif defined ODD_PARAM
static const struct remex_param params[] = { { "x", (enum remex_type)99, 0, "of no type" }, { 0 } };
static const struct remex_verb odd_verbs[] = { { "take", "Take it", params, nothing, 0 }, { 0 } };
REMEX_PLUGIN (.name = "odd_param", .version = "1", .summary = "has an unknown type", .verbs = odd_verbs);
const struct remex_verb *unused (void)
{
	return verbs;
}
#elif defined ODD_HANDLER
static const struct remex_verb odd_verbs[] = { { "good", "Do it", NULL, nothing, 0 },
	{ "idle", "Do not", NULL, NULL, 0 }, { 0 } };
REMEX_PLUGIN (.name = "odd_handler", .version = "1", .summary = "has a verb without a handler", .verbs = odd_verbs);
const struct remex_verb *unused (void)
{
	return verbs;
}
#elif defined ODD_OPTION
static const struct remex_param options[] = { { "x", REMEX_STRING, 0, 0 }, { 0 } };
REMEX_PLUGIN (.name = "odd_option", .version = "1", .summary = "has an option without help", .verbs = verbs,
	.options = options);
#endif
