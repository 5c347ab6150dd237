/* ending - how an exchange ended: the exit status, and the words for it; see exchange.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/exchange.h"

/* The one outcome of each call that can mean success. A command that is signalled or never started is one that could have
 * exited; every call may be stopped, fail or be lost. */
static const struct {
	const char *call;
	enum remex_outcome success;
} endings[] = {
	{ "exec.run", REMEX_EXITED },
	{ "exec.shell", REMEX_EXITED },
	{ "status.show", REMEX_COMPLETED },
	{ "file.put", REMEX_COMPLETED },
	{ "file.get", REMEX_COMPLETED },
	{ "file.list", REMEX_COMPLETED },
	{ "file.stat", REMEX_COMPLETED },
	{ "file.checksum", REMEX_COMPLETED },
	{ "file.mkdir", REMEX_COMPLETED },
	{ "file.remove", REMEX_COMPLETED },
	{ "plugins", REMEX_COMPLETED },
	{ "identities", REMEX_COMPLETED },
	{ "reload", REMEX_COMPLETED },
};

bool exchange_may_end (const char *call, enum remex_outcome outcome)
{
	bool command = outcome == REMEX_EXITED || outcome == REMEX_SIGNALLED || outcome == REMEX_NEVER_STARTED;

	if (!command && outcome != REMEX_COMPLETED)
		return true;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (!strcmp (endings[i].call, call))
			return endings[i].success == (command ? REMEX_EXITED : REMEX_COMPLETED);
	return true;
}

int exchange_status (const struct exchange *exchange)
{
	const struct remex_result *result = &exchange->result;

	if (exchange->broken)
		return exchange->broken == EPIPE ? STATUS_PIPE : STATUS_REMEX;
	switch (result->outcome) {
	case REMEX_EXITED: return result->exit;
	case REMEX_SIGNALLED: return 128 + result->signal;
	case REMEX_TIMED_OUT: return STATUS_TIMED_OUT;
	case REMEX_CANCELLED: return STATUS_CANCELLED;
	case REMEX_COMPLETED: return 0;
	case REMEX_NEVER_STARTED:
	case REMEX_FAILED:
	case REMEX_LOST:
	case REMEX_UNREACHABLE: break;
	}
	return STATUS_REMEX;
}

static void explain_limit (const struct exchange *exchange, const char *where)
{
	bool idle = !strcmp (exchange->result.limit, "idle");
	double seconds = idle ? exchange->options.idle : exchange->options.deadline;
	const char *waited = exchange->result.started ? "" : "; it was still waiting for its turn";

	if (seconds > 0)
		complain (where, "timed out after %g s%s%s", seconds, idle ? " without a byte" : "", waited);
	else
		complain (where, "timed out, by a limit of the server%s", waited);
}

/* What programs say that want a terminal. */
static void explain_exit (const struct exchange *exchange, const char *where)
{
	static const char *const words[] = { "a terminal is required", "no tty present", "must be run from a terminal",
		"TERM environment variable not set", "not a terminal", "not a tty" };

	for (size_t i = 0; exchange->result.exit && i < sizeof words / sizeof *words; i++)
		if (strstr (exchange->err_tail, words[i])) {
			complain (where, "a command has no terminal here, and this one seems to want one%s",
				strstr (exchange->err_tail, "sudo") ? " (sudo -n needs none where its rule asks for no "
								      "password)"
								    : "");
			break;
		}
}

/* What the command has left behind. */
static void explain_rest (const struct remex_result *result, const char *where)
{
	if (result->pipe_held)
		complain (where,
			"a process that the command left behind still holds its output: what that writes is lost "
			"(--wait-output waits for it)");
	if (result->survivors)
		complain (where, "%d process%s of the command cannot be killed", result->survivors,
			result->survivors == 1 ? "" : "es");
}

void exchange_explain (const struct exchange *exchange, const struct session *session, const char *program)
{
	const struct remex_result *result = &exchange->result;
	const char *where = session->where;

	if (exchange->broken || exchange->gave_up)
		return;
	switch (result->outcome) {
	case REMEX_EXITED: explain_exit (exchange, where); break;
	case REMEX_COMPLETED:
	case REMEX_CANCELLED: break;
	case REMEX_SIGNALLED:
		if (result->signal != SIGINT && result->signal != SIGPIPE)
			complain (where, "ended by signal %d (%s)", result->signal,
				result->signal ? strsignal (result->signal) : "one that this machine does not have");
		break;
	case REMEX_TIMED_OUT: explain_limit (exchange, where); break;
	case REMEX_NEVER_STARTED:
		if (program && strncmp (result->message, "cannot ", 7) != 0)
			complain (where, "cannot run %s: %s", program,
				*result->message ? result->message : "never started");
		else
			complain (where, "%s", *result->message ? result->message : "never started");
		break;
	case REMEX_LOST: complain (where, "lost: %s", result->message); break;
	case REMEX_FAILED:
		if (result->retry_after > 0)
			complain (where, "%s; try again in %g s", result->message, result->retry_after);
		else
			complain (where, "%s", result->message);
		break;
	case REMEX_UNREACHABLE: complain (where, "%s", result->message); break;
	}
	explain_rest (result, where);
}

int exchange_fetch (struct exchange *exchange, struct session *session, const char *call)
{
	*exchange = (struct exchange){ .call = call };
	if (exchange_run (exchange, session) < 0)
		return STATUS_REMEX;
	exchange_explain (exchange, session, NULL);
	if (exchange->result.outcome == REMEX_COMPLETED && !exchange->gave_up && !buf_len (&exchange->result_bytes)) {
		complain (session->where, "%s gave no result", call);
		return STATUS_REMEX;
	}
	return exchange_status (exchange);
}
