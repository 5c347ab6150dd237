/* bad - plugins that must be refused, each with its reason. Compiled once per -DBAD_…, under the name of the file. */
#include <remex/plugin.h>
#include <stdlib.h>
#include <unistd.h>

static int nothing (void *state, struct remex_call *call)
{
	(void)state;
	(void)call;
	return 0;
}

static const struct remex_verb verbs[] = { { "nothing", "Do nothing", NULL, nothing, 0 }, { 0 } };

#if defined BAD_ABI
REMEX_PLUGIN (.name = "bad_abi", .version = "1", .summary = "of another ABI", .verbs = verbs, .abi = 99);
#elif defined BAD_SIZE
REMEX_PLUGIN (.name = "bad_size", .version = "1", .summary = "of a newer remexd", .verbs = verbs, .size = 4096);
#elif defined BAD_NAME
REMEX_PLUGIN (.name = "another", .version = "1", .summary = "in a file of another name", .verbs = verbs);
#elif defined BAD_SYMBOL
REMEX_API const int not_a_plugin = 1;
const struct remex_verb *unused (void);
const struct remex_verb *unused (void)
{
	return verbs;
}
#elif defined BAD_VERB
static const struct remex_verb bad_verbs[] = { { "UPPER", "A malformed name", NULL, nothing, 0 }, { 0 } };
REMEX_PLUGIN (.name = "bad_verb", .version = "1", .summary = "with a malformed verb", .verbs = bad_verbs);
const struct remex_verb *unused (void);
const struct remex_verb *unused (void)
{
	return verbs;
}
#elif defined BAD_START
static int start (void **state, const struct remex_config *config)
{
	(void)state;
	return remex_option_bool (config, "willing", false) ? 0 : -1;
}
static const struct remex_param options[] = {
	{ "willing", REMEX_BOOL, 0, "whether it starts" },
	{ "level", REMEX_INTEGER, 0, "a number" },
	{ 0 },
};
REMEX_PLUGIN (.name = "bad_start", .version = "1", .summary = "that does not start", .verbs = verbs, .options = options,
	.start = start);
#elif defined BAD_CONSTRUCTOR
__attribute__ ((constructor)) static void crash (void)
{
	_exit (42);
}
REMEX_PLUGIN (.name = "bad_constructor", .version = "1", .summary = "whose constructor ends it", .verbs = verbs);
#endif
