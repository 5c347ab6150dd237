/* document - a command that shows one JSON document of one host: as it is (--json), or for a person. */
#ifndef REMEX_CLI_DOCUMENT_H
#define REMEX_CLI_DOCUMENT_H

#include <jansson.h>

#include "base/err.h"
#include "cli/options.h"
#include "cli/say.h"

/* What the call answers with: `check` says whether a document is what that call gives (0, or -1 and err), `show` prints it
 * for a person. */
struct document {
	const char *call;
	int (*check) (json_t *document, struct err *err);
	void (*show) (const json_t *document);
};

/* Parse [HOST], make the call there, and print what it gives. The exit status. */
int document_run (const struct subcommand *command, int argc, char **argv, const struct document *document);

#endif
