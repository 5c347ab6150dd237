/* echo - the least that a plugin can do, for the bench: its text comes back. And the worst: it crashes. */
#include <remex/plugin.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static int echo (void *state, struct remex_call *call)
{
	const char *text = remex_arg_string (call, "text");

	(void)state;
	return remex_write (call, "stdout", text, strlen (text));
}

/* Says when it died: CLOCK_MONOTONIC, in nanoseconds. */
static int echo_crash (void *state, struct remex_call *call)
{
	struct timespec now;

	(void)state;
	signal (SIGSEGV, SIG_DFL); /* a sanitizer would turn it into an exit */
	clock_gettime (CLOCK_MONOTONIC, &now);
	remex_printf (call, "%lld", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
	return raise (SIGSEGV);
}

static const struct remex_param params[] = { { "text", REMEX_STRING, REMEX_REQUIRED, "what comes back" }, { 0 } };

static const struct remex_verb verbs[] = {
	{ "crash", "Die of SIGSEGV", NULL, echo_crash, 0 },
	{ "echo", "Say it again", params, echo, 0 },
	{ 0 },
};

REMEX_PLUGIN (.name = "echo", .version = "1.0", .summary = "For the bench", .verbs = verbs);
