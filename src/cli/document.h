/* document - a command that prints one JSON document of a host, or of each of many hosts: as JSON (--json), or for a
 * person. With many hosts (many.h), the text for a person is labelled or folded like output. */
#ifndef REMEX_CLI_DOCUMENT_H
#define REMEX_CLI_DOCUMENT_H

#include <jansson.h>

#include "base/err.h"
#include "cli/many.h"
#include "cli/subcommand.h"

/* The call and its document: `check` says whether the document is valid for that call (0, or -1 and err), `show` prints
 * it for a person. */
struct document {
	const char *call;
	int (*check) (json_t *document, struct err *err);
	void (*show) (const json_t *document);
};

/* The options of such a command. */
struct document_settings {
	int format;
	double timeout;
	struct many_options many;
};
extern const struct option document_options[];

/* Make the call on the hosts that the only word names, or on this machine, and print the document. The exit status. */
int document_run (const struct subcommand *command, struct command_line *line, const struct document *document);

#endif
