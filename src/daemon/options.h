/* options - remexd's command line. */
#ifndef REMEX_DAEMON_OPTIONS_H
#define REMEX_DAEMON_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *config; /* -c FILE, or NULL: the default, which may be missing */
	bool test; /* -t: check the configuration and the plugins, and leave */
	bool stdio; /* --stdio: one connection on standard input and output */
	bool init; /* --init: make the host key and a starter configuration, and leave */
	const char *make_key; /* --make-key=PATH, internal: make the host key there, and leave */
	int front; /* --front=FD, internal: become the front, with the link to the supervisor there; -1: no */
};

/* Parse; -1: run; else the exit status with which to leave (help and version were asked for and printed, or usage was
 * wrong and a line says so). */
int options_parse (struct options *options, int argc, char **argv);

#endif
