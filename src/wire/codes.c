/* codes - see codes.h. */
#include "config.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "wire/codes.h"

#define ROW_WORD(name, word) word,
static const char *const codes[] = { CODE_TABLE (ROW_WORD) };
static const char *const outcomes[] = { OUTCOME_TABLE (ROW_WORD) };
#undef ROW_WORD

static int word_index (const char *const *words, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (!strcmp (words[i], word))
			return i;
	return -1;
}

enum code code_of (int64_t number)
{
	return number > CODE_NONE && number < N_CODES ? (enum code)number : CODE_INTERNAL;
}

const char *code_name (enum code code)
{
	return codes[code_of ((int64_t)code)];
}

int code_parse (const char *word)
{
	int code = word_index (codes, N_CODES, word);

	return code == CODE_NONE ? -1 : code;
}

const char *outcome_name (enum outcome outcome)
{
	return outcomes[outcome < N_OUTCOMES ? outcome : OUTCOME_FAILED];
}

int outcome_parse (const char *word)
{
	return word_index (outcomes, N_OUTCOMES, word);
}

int signal_parse (const char *word)
{
	static const int allowed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGKILL, SIGCONT, SIGSTOP,
		SIGTSTP };

	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
		if (!strcmp (sigabbrev_np (allowed[i]), word))
			return allowed[i];
	return -1;
}

const char *signal_word (int signo)
{
	return sigabbrev_np (signo);
}
