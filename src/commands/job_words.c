/* job_words - see job_words.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/job_reply.h"
#include "cli/say.h"
#include "commands/job_words.h"

struct job_host {
	char *word; /* as the user wrote it */
	struct many_hosts hosts; /* exactly one target */
};

const char *job_words_id (const struct host_target *target)
{
	return strrchr (target->label, ':') + 1;
}

/* The target of a host, which is looked up once. 0, or the exit status. */
static int find_host (struct job_words *words, const struct subcommand *command, const struct many_options *options,
	const char *word, const struct host_target **target)
{
	struct many_options plain = { .via = options->via, .proxy = options->proxy };
	struct job_host *host, **more;
	const char *only;
	int status;

	for (size_t i = words->n_known; i > 0; i--)
		if (!strcmp (words->known[i - 1]->word, word)) {
			*target = words->known[i - 1]->hosts.targets.targets;
			return 0;
		}
	if (!(more = realloc (words->known, (words->n_known + 1) * sizeof *more)) || !(words->known = more) ||
		!(host = calloc (1, sizeof *host))) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	words->known[words->n_known++] = host;
	if (!(only = host->word = strdup (word))) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	if ((status = many_expand (command, &plain, &(struct option_list){ &only, 1 }, true, &host->hosts)))
		return status;
	if (host->hosts.targets.n != 1) {
		complain (NULL, "'%s' stands for %zu hosts, and a job is on one", word, host->hosts.targets.n);
		return STATUS_REMEX;
	}
	*target = host->hosts.targets.targets;
	return 0;
}

static bool is_known (const struct host_targets *targets, const char *label)
{
	for (size_t i = 0; i < targets->n; i++)
		if (!strcmp (targets->targets[i].label, label))
			return true;
	return false;
}

/* Add the target of one word. 0, or the exit status. */
static int add (struct job_words *words, const struct subcommand *command, const struct many_options *options,
	const char *usual, const char *word)
{
	struct host_targets *targets = &words->hosts.targets;
	const char *colon = strrchr (word, ':'), *id = colon ? colon + 1 : word;
	const struct host_target *found;
	char *host, *label;
	int status;

	if (!job_id_is (id) || colon == word)
		return usage_error (command,
			"'%s' is no job: a job is HOST:ID, and an ID has %d characters of a-z and 2-7 "
			"(remex job list shows them)",
			word, JOB_ID_LENGTH);
	host = colon ? strndup (word, (size_t)(colon - word)) : strdup (usual);
	status = find_host (words, command, options, host ? host : "", &found);
	free (host);
	if (status)
		return status;
	if (asprintf (&label, "%s:%s", found->label, id) < 0) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	if (is_known (targets, label)) {
		free (label);
		return 0;
	}
	targets->targets[targets->n] = *found;
	targets->targets[targets->n++].label = label;
	return 0;
}

int job_words_read (struct job_words *words, const struct subcommand *command, const struct many_options *options,
	const struct command_line *line)
{
	const char *usual = line->firsts.n ? line->firsts.words[0] : "local";
	int status = 0;

	*words = (struct job_words){ .n_known = 0 };
	if (!line->n_words)
		return usage_error (command, "missing ID (remex job list shows the jobs)");
	if (line->firsts.n > 1)
		return usage_error (command, "-w names the host of the jobs that are named without one: once");
	if (!(words->hosts.targets.targets = calloc ((size_t)line->n_words, sizeof (struct host_target)))) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	for (int i = 0; status == 0 && i < line->n_words; i++)
		status = add (words, command, options, usual, line->words[i]);
	return status;
}

void job_words_free (struct job_words *words)
{
	struct host_targets *targets = &words->hosts.targets;

	for (size_t i = 0; i < targets->n; i++)
		free ((char *)(uintptr_t)targets->targets[i].label);
	free (targets->targets);
	for (size_t i = 0; i < words->n_known; i++) {
		many_hosts_free (&words->known[i]->hosts);
		free (words->known[i]->word);
		free (words->known[i]);
	}
	free (words->known);
	*words = (struct job_words){ .n_known = 0 };
}
