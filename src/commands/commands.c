/* remex - run things on machines you own (remex(1)): the table of commands, and help. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "personality/personality.h"
#include "wire/memory.h"

static const struct subcommand *const commands[] = { &cmd_run, &cmd_shell, &cmd_job, &cmd_status, &cmd_ping,
	&cmd_plugins, &cmd_call, &cmd_put, &cmd_get, &cmd_hosts, &cmd_discover, &cmd_keygen, &cmd_trust, &cmd_authorize,
	&cmd_revoke, &cmd_identities, &cmd_reload, &cmd_replay, &cmd_stdio, &cmd_help };

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const char more[] = "remex help COMMAND shows the options of a command; see also remex(1).\n";

static void overview (FILE *to)
{
	fprintf (to, "usage: remex COMMAND [options] [HOSTS] [words]\n");
	for (int i = 0; i < N_COMMANDS; i++)
		fprintf (to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs (more, to);
}

/* Command names of other programs, and the words to type for them here. */
static const struct {
	const char *name, *words;
} elsewhere[] = {
	{ "login", "remex shell HOST" },
	{ "ssh", "remex shell HOST, or remex run HOST COMMAND" },
	{ "exec", "remex run HOST COMMAND" },
	{ "cp", "remex put FILE HOST:PATH, or remex get HOST:PATH FILE" },
	{ "scp", "remex put FILE HOST:PATH, or remex get HOST:PATH FILE" },
	{ "copy", "remex put FILE HOST:PATH, or remex get HOST:PATH FILE" },
	{ "push", "remex put FILE HOST:PATH" },
	{ "upload", "remex put FILE HOST:PATH" },
	{ "pull", "remex get HOST:PATH FILE" },
	{ "download", "remex get HOST:PATH FILE" },
	{ "init", "remexd --init makes the first configuration of a machine (remexd(8))" },
	{ "start", "remexd starts the daemon (remexd(8))" },
	{ "list", "remex plugins HOST shows the calls of that host" },
	{ "version", "remex --version" },
};

/* The command is unknown: suggest the right one, if it can be guessed. `next` is the next word, or NULL. */
static void report_unknown (const char *name, const char *const *names, const char *next)
{
	const char *near = text_nearest (name, names, N_COMMANDS);
	char hint[64];

	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		if (!strcmp (name, elsewhere[i].name)) {
			complain (NULL, "no command '%s': %s", name, elsewhere[i].words);
			return;
		}
	if (!near && next && *next != '-')
		complain (NULL, "no command '%s'; to run something on a host of that name: remex run %s %s", name, name,
			next);
	else
		complain (NULL, "no command '%s'%s", name, text_hint (hint, sizeof hint, near));
}

static const struct subcommand *find (const char *name, const char *next)
{
	const char *names[N_COMMANDS];

	for (int i = 0; i < N_COMMANDS; i++) {
		names[i] = commands[i]->name;
		if (!strcmp (name, names[i]))
			return commands[i];
	}
	report_unknown (name, names, next);
	overview (stderr);
	return NULL;
}

static int run_help (const struct subcommand *command, struct command_line *line)
{
	char flag[] = "--help";

	if (!line->n_words) {
		overview (stdout);
		return finish (0);
	}
	if (!(command = find (line->words[0], NULL)))
		return STATUS_REMEX;
	if (command == &cmd_job) /* it has commands of its own: `remex help job start` */
		return subcommand_run (command, 2, (char *[]){ line->n_words > 1 ? line->words[1] : flag, flag, NULL });
	if (line->n_words > 1)
		return usage_unexpected (&cmd_help, line->words[1]);
	usage_help (command);
	return finish (0);
}

static const struct option help_options[] = { OPTION_ROW_HELP, { 0 } };

const struct subcommand cmd_help = { "help", "[COMMAND]", "Show how to use remex, or one of its commands", help_options,
	WORDS_MIXED, 2, 0, run_help };

static void no_memory (void)
{
	complain (NULL, "out of memory");
	_exit (STATUS_REMEX);
}

int main (int argc, char **argv)
{
	const struct personality *personality;
	const struct subcommand *command;

	/* The rest of the program relies on open descriptors 0, 1 and 2, and sees a closed pipe as EPIPE,
	 * and a file of the largest size that is allowed (ulimit -f) as EFBIG. */
	if (fd_guard_std () < 0) {
		complain (NULL, "cannot open /dev/null: %s", strerror (errno));
		return STATUS_REMEX;
	}
	memory_guard (no_memory);
	signal (SIGPIPE, SIG_IGN);
	/* It may be inherited as ignored: then no process could wait for the command that is a source of groups. */
	signal (SIGCHLD, SIG_DFL);
	signal (SIGXFSZ, SIG_IGN);
	if (say_open () < 0)
		no_memory ();
	if (argc && (personality = personality_find (argv[0]))) {
		say_program (personality->name);
		return personality->run (argc - 1, argv + 1);
	}
	if (argc < 2) {
		overview (stderr);
		return STATUS_REMEX;
	}
	if (!strcmp (argv[1], "--version") || !strcmp (argv[1], "-V")) {
		printf ("remex %s\n", PACKAGE_VERSION);
		return finish (0);
	}
	if (!strcmp (argv[1], "--help") || !strcmp (argv[1], "-h")) {
		overview (stdout);
		return finish (0);
	}
	if (argv[1][0] == '-') {
		complain (NULL, "unknown option '%s'; a command comes first", argv[1]);
		overview (stderr);
		return STATUS_REMEX;
	}
	if (!(command = find (argv[1], argv[2])))
		return STATUS_REMEX;
	return subcommand_run (command, argc - 2, argv + 2);
}
