/* remex revoke - end the access of an identity to the daemon of this machine: remove the identity's file and have the
 * daemon read the rest, which ends the identity's connections (remex(1)). When that fails, the file is not restored:
 * even if this daemon did not take in the change, the next daemon must not admit the identity.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/text.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "commands/daemon_admin.h"
#include "conf/grant.h"

enum { NAMES = 64 };

/* The file is removed: have the daemon read the rest. 0, or -1 (already reported). */
static int end_sessions (struct daemon_admin *admin, const char *name)
{
	json_int_t sessions = json_integer_value (json_object_get (daemon_admin_identity (admin, name), "connections"));
	int reloaded;

	if (!admin->answers) {
		printf ("'%s' is revoked\n", safe (name));
		daemon_admin_print_later (admin);
		return 0;
	}
	if ((reloaded = daemon_admin_reload (admin)) < 0 || daemon_admin_identity (admin, name)) {
		complain (NULL,
			"the file of '%s' is removed, but the identity may still be live: remexd did not reload: %s",
			name,
			daemon_admin_identity (admin, name) && !*admin->why ? "it still has an identity of that name"
									    : admin->why);
		return -1;
	}
	if (reloaded > 0)
		complain (NULL, "remexd refuses the rest of its files: %s", admin->why);
	if (sessions)
		printf ("'%s' is revoked, and its %lld connection%s ended\n", safe (name), (long long)sessions,
			sessions == 1 ? " is" : "s are");
	else
		printf ("'%s' is revoked\n", safe (name));
	return 0;
}

static void report_unknown (const struct daemon_admin *admin, const char *name, const char *path)
{
	const char *names[NAMES];
	char hint[128];
	const json_t *each;
	size_t i, n = 0;

	json_array_foreach (json_object_get (admin->document, "identities"), i,
		each) if (n < NAMES && json_is_string (json_object_get (each, "name"))) names[n++] =
		json_string_value (json_object_get (each, "name"));
	complain (NULL, "there is no %s%s", path, text_hint (hint, sizeof hint, text_nearest (name, names, n)));
}

static int revoke_name (const char *name)
{
	struct daemon_admin admin;
	char *path = NULL;
	int status = STATUS_REMEX;
	struct err err = { 0 };

	if (daemon_admin_open (&admin) == 0 && (path = daemon_admin_path (&admin, name))) {
		if (durable_unlink (path, &err) == 0)
			status = end_sessions (&admin, name) == 0 ? 0 : STATUS_REMEX;
		else if (err.sys == ENOENT || err.sys == ENOTDIR)
			report_unknown (&admin, name, path);
		else
			complain (NULL, "%s", err.text);
	}
	free (path);
	daemon_admin_close (&admin);
	return finish (status);
}

static const struct option revoke_options[] = { OPTION_ROW_HELP, { 0 } };

static int run_revoke (const struct subcommand *command, struct command_line *line)
{
	struct err err;

	if (!line->n_words)
		return usage_error (command, "missing name");
	if (grant_check_name (line->words[0], &err) < 0)
		return usage_error (command, "%s", err.text);
	return revoke_name (line->words[0]);
}

const struct subcommand cmd_revoke = { "revoke", "NAME", "Take an identity's access away, and end its requests",
	revoke_options, WORDS_MIXED, 1, 0, run_revoke };
