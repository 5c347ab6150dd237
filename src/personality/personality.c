/* personality - see personality.h. */
#include "config.h"

#include <string.h>

#include "personality/personality.h"
#include "remex/client.h"

static const struct personality *const personalities[] = { &personality_clush, &personality_dshbak, &personality_pdsh };

const struct personality *personality_find (const char *program)
{
	static const char ours[] = "remex-";
	const char *slash = strrchr (program, '/'), *name = slash ? slash + 1 : program;

	if (!strncmp (name, ours, sizeof ours - 1))
		name += sizeof ours - 1;
	for (size_t i = 0; i < sizeof personalities / sizeof *personalities; i++)
		if (!strcmp (name, personalities[i]->name))
			return personalities[i];
	return NULL;
}

char *personality_shell (const char *command)
{
	struct remex_args *args = remex_args_new ();
	const char *text = NULL;
	char *copy;

	if (args) {
		remex_args_string (args, "command", command);
		text = remex_args_text (args);
	}
	copy = text ? strdup (text) : NULL;
	remex_args_free (args);
	return copy;
}
