/* remex keygen - make the key that identifies this user to the daemons of other machines, or print it (remex(1)). */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fd.h"
#include "base/text.h"
#include "cli/drive.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "conf/grant.h"
#include "net/credential.h"
#include "remex/client.h"

struct keygen_settings {
	const char *comment;
	bool show;
};

static const struct option keygen_options[] = {
	{ "comment", 'C', OPTION_TEXT, offsetof (struct keygen_settings, comment), "COMMENT",
		"the comment behind the key, for people (USER@MACHINE)", 0 },
	{ "show", 0, OPTION_FLAG, offsetof (struct keygen_settings, show), NULL,
		"make no key; print the one that exists", 0 },
	OPTION_ROW_HELP,
	{ 0 },
};

/* DIRECTORY/id.pem in new memory, and the directory in `directory`; NULL (already reported). */
static char *key_path (char **directory)
{
	struct remex *remex = drive_new_remex ();
	struct remex_error error;
	const char *found = remex ? remex_directory (remex, &error) : NULL;
	char *path = NULL;

	*directory = NULL;
	if (!remex)
		return NULL;
	*directory = found ? strdup (found) : NULL;
	if (!*directory || asprintf (&path, "%s/id.pem", *directory) < 0) {
		complain (NULL, "%s", found ? "no memory" : error.text);
		free (*directory);
		*directory = path = NULL;
	}
	remex_free (remex);
	return path;
}

static struct credential *load (const char *path, struct err *err)
{
	struct credential *credential;
	int fd = credential_open (path, err);

	if (fd < 0)
		return NULL;
	credential = credential_read (fd, path, err);
	fd_close (&fd);
	return credential;
}

static int show (const char *path)
{
	char line[KEY_LINE_SIZE];
	struct err err = { 0 };
	struct credential *credential = load (path, &err);

	if (!credential) {
		if (err.sys == ENOENT || err.sys == ENOTDIR)
			complain (NULL, "no key: make one with `remex keygen`");
		else
			complain (NULL, "%s", err.text);
		return STATUS_REMEX;
	}
	printf ("%s\n", key_format (credential_key (credential), credential_name (credential), line));
	credential_free (credential);
	return finish (0);
}

static void default_comment (char *comment, size_t size)
{
	const struct passwd *me = getpwuid (geteuid ());
	char machine[256] = "";

	gethostname (machine, sizeof machine - 1);
	snprintf (comment, size, "%s@%s", me ? me->pw_name : "user", *machine ? machine : "machine");
}

static int make (const char *directory, const char *path, const char *comment)
{
	const struct passwd *me = getpwuid (geteuid ());
	const char *user = me && geteuid () != 0 ? me->pw_name : NULL;
	char usual[512], line[KEY_LINE_SIZE], print[KEY_PRINT_SIZE], word[1024], quoted[256];
	struct credential *credential;
	struct err err = { 0 };

	default_comment (usual, sizeof usual);
	if (access (path, F_OK) == 0) {
		complain (NULL, "%s is there already; `remex keygen --show` shows its line", path);
		return STATUS_REMEX;
	}
	credential = credential_make (comment ? comment : usual, &err);
	if (!credential || durable_make_directory (directory, 0700, 0700, &err) < 0 ||
		credential_write (credential, path, &err) < 0) {
		complain (NULL, "%s", err.text);
		credential_free (credential);
		return STATUS_REMEX;
	}
	key_format (credential_key (credential), credential_name (credential), line);
	key_print (credential_key (credential), print);
	credential_free (credential);
	printf ("%s\n", line);
	remark ("The key is in %s; its fingerprint is %s.\n", safe (path), print);
	/* A user who has the same name there can use the printed command as it is. */
	if (user && grant_check_name (user, NULL) == 0)
		text_quote (quoted, sizeof quoted, user);
	else
		user = NULL;
	remark ("On each machine that it is for: remex authorize %s %s --as %s --allow exec\n", user ? quoted : "NAME",
		text_quote (word, sizeof word, line), user ? quoted : "USER");
	return finish (0);
}

static int run_keygen (const struct subcommand *command, struct command_line *line)
{
	const struct keygen_settings *settings = line->values;
	char *directory, *path;
	int status;

	if (settings->show && settings->comment)
		return usage_error (command, "--show makes no key, and so takes no comment");
	if (!(path = key_path (&directory)))
		return STATUS_REMEX;
	status = settings->show ? show (path) : make (directory, path, settings->comment);
	free (path);
	free (directory);
	return status;
}

const struct subcommand cmd_keygen = { "keygen", "", "Make the key by which you are known", keygen_options, WORDS_MIXED,
	0, sizeof (struct keygen_settings), run_keygen };
