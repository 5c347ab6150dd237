/* daemon_options - remexd's command line. */
#ifndef REMEX_DAEMON_DAEMON_OPTIONS_H
#define REMEX_DAEMON_DAEMON_OPTIONS_H

#include <stdbool.h>

struct daemon_options {
	const char *config; /* -c FILE; NULL: the default, which may be missing */
	bool test; /* -t: check the configuration and the plugins, and exit */
	bool stdio; /* --stdio: one connection on standard input and output */
	bool init; /* --init: make the host key and a first configuration, and exit */
	bool version; /* --version: print it, and exit */
	const char *make_key; /* --make-key=PATH, internal: make the host key there, and exit */
	long front; /* --front=FD, internal: be the front, with that link to the supervisor; -1: not the front */
};

/* Parse the command line. Returns -1 to run, else the exit status: 0 (help or the version was printed), or 2 (the
 * command line is wrong; a line on stderr says why). */
int daemon_options_parse (struct daemon_options *options, int argc, char **argv);

#endif
