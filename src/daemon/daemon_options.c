/* daemon_options - see daemon_options.h. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/daemon_options.h"

static const char usage[] = "usage: remexd [-c FILE] [-t] [--stdio] [--init]\n"
			    "\n"
			    "  -c, --config FILE  read FILE in place of the default configuration\n"
			    "  -t, --test         check the configuration and the plugins, then exit\n"
			    "      --stdio        serve one connection on standard input and output\n"
			    "      --init         make the host key and a first configuration, then exit\n"
			    "      --version      print the version\n"
			    "  -h, --help         print this\n"
			    "\n"
			    "remexd stays in the foreground and logs to standard error. See remexd(8).\n";

enum { OPTION_STDIO = 256, OPTION_INIT, OPTION_VERSION, OPTION_FRONT, OPTION_MAKE_KEY };

static const struct option table[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "test", no_argument, NULL, 't' },
	{ "stdio", no_argument, NULL, OPTION_STDIO },
	{ "init", no_argument, NULL, OPTION_INIT },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ "front", required_argument, NULL, OPTION_FRONT },
	{ "make-key", required_argument, NULL, OPTION_MAKE_KEY },
	{ 0 },
};

int daemon_options_parse (struct daemon_options *options, int argc, char **argv)
{
	int option;

	*options = (struct daemon_options){ .front = -1 };
	while ((option = getopt_long (argc, argv, "c:th", table, NULL)) >= 0) {
		switch (option) {
		case 'c': options->config = optarg; break;
		case 't': options->test = true; break;
		case OPTION_STDIO: options->stdio = true; break;
		case OPTION_INIT: options->init = true; break;
		case OPTION_MAKE_KEY: options->make_key = optarg; break;
		case OPTION_FRONT: options->front = atoi (optarg); break;
		case OPTION_VERSION: puts ("remexd " PACKAGE_VERSION); return EXIT_SUCCESS;
		case 'h': fputs (usage, stdout); return EXIT_SUCCESS;
		default: fputs ("Try 'remexd --help'.\n", stderr); return 2;
		}
	}
	if (optind < argc) {
		fprintf (stderr, "remexd: unexpected argument '%s'\nTry 'remexd --help'.\n", argv[optind]);
		return 2;
	}
	return -1;
}
