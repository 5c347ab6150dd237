/* document - a command that shows one JSON document of one host: as it is (--json), or for a person. */
#ifndef REMEX_CLI_DOCUMENT_H
#define REMEX_CLI_DOCUMENT_H

#include <jansson.h>

#include "cli/cli.h"

/* Parse [HOST], call `call` there, and print its document; `show` prints it for a person. The exit status. */
int document_run (
	const struct command *command, int argc, char **argv, const char *call, void (*show) (const json_t *document));

#endif
