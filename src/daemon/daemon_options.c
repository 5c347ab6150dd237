/* daemon_options - see daemon_options.h. */
#include "config.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/options.h"
#include "daemon/daemon_options.h"

#define TO(member) offsetof (struct daemon_options, member)

static const struct option table[] = {
	{ "config", 'c', OPTION_TEXT, TO (config), "FILE", "read FILE in place of the default configuration", 0 },
	{ "test", 't', OPTION_FLAG, TO (test), NULL, "check the configuration and the plugins, then exit", 0 },
	{ "stdio", 0, OPTION_FLAG, TO (stdio), NULL, "serve one connection on standard input and output", 0 },
	{ "init", 0, OPTION_FLAG, TO (init), NULL, "make the host key and a first configuration, then exit", 0 },
	{ "version", 0, OPTION_FLAG, TO (version), NULL, "print the version", 0 },
	{ "help", 'h', OPTION_HELP, 0, NULL, "print this", 0 },
	{ "front", 0, OPTION_NUMBER, TO (front), "FD", NULL, INT_MAX },
	{ "make-key", 0, OPTION_TEXT, TO (make_key), "PATH", NULL, 0 },
	{ 0 },
};

static int print_help (void)
{
	puts ("usage: remexd [-c FILE] [-t] [--stdio] [--init]\n");
	options_help (stdout, table);
	puts ("\nremexd stays in the foreground and logs to standard error. See remexd(8).");
	return EXIT_SUCCESS;
}

static int refuse (const char *why)
{
	fprintf (stderr, "remexd: %s\nTry 'remexd --help'.\n", why);
	return 2;
}

int daemon_options_parse (struct daemon_options *options, int argc, char **argv)
{
	struct command_line line = { .options = table, .values = options };
	struct err err;

	*options = (struct daemon_options){ .front = -1 };
	if (argc > 0 && options_parse (&line, argc - 1, argv + 1, &err) < 0)
		return refuse (err.text);
	if (line.help)
		return print_help ();
	if (options->version)
		return puts ("remexd " PACKAGE_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (line.n_words) {
		err_set (&err, 0, "unexpected argument '%s'", line.words[0]);
		return refuse (err.text);
	}
	return -1;
}
