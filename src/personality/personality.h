/* personality - remex under the name of another program, with the command line, the output and the exit statuses of
 * that program: `remex-pdsh` or `pdsh`. The differences are listed in doc/from-pdsh.md and doc/from-clush.md.
 *
 * A personality is a row of a table. It has its own options and its own output; hosts, calls and the loop are those of
 * remex.
 */
#ifndef REMEX_PERSONALITY_PERSONALITY_H
#define REMEX_PERSONALITY_PERSONALITY_H

struct personality {
	const char *name; /* of the other program */
	/* Run the command line; argv is without the name of the program. Returns the exit status. */
	int (*run) (int argc, char **argv);
};

/* The personality that a program name (argv[0], with or without a path and with or without "remex-") stands for; NULL:
 * none. */
const struct personality *personality_find (const char *program);

/* For a personality: the arguments of exec.shell, in new memory, which the caller frees; NULL: out of memory. */
char *personality_shell (const char *command);

extern const struct personality personality_clush, personality_dshbak, personality_pdsh;

#endif
