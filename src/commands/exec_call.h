/* exec_call - the words of a command line as a call of exec.run (behind --) or of exec.shell (a line, as ssh(1) sends it). */
#ifndef REMEX_COMMANDS_EXEC_CALL_H
#define REMEX_COMMANDS_EXEC_CALL_H

#include "base/options.h"
#include "remex/client.h"

/* The verb for the words; the name of the command in messages, NULL: a line of the shell. */
const char *exec_call_verb (const struct command_line *line);
const char *exec_call_program (const struct command_line *line);

/* The arguments of the call: the words, if there are some, and the directory (NULL: none). NULL: out of memory. */
struct remex_args *exec_call_args (const struct command_line *line, const char *cwd);

#endif
