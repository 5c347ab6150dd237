/* remex authorize - let somebody use the daemon of this machine over TCP: write the identity's file, have the daemon read
 * it, and say that it is live, or why not and put back what was there (remex(1)). */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/trusted.h"
#include "cli/options.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "commands/identity.h"
#include "commands/local.h"
#include "commands/offline.h"
#include "commands/rights.h"
#include "conf/tree.h"

enum { FILE_MODE = 0644, DIRECTORY_MODE = 0755 };

/* --- the file ---------------------------------------------------------------------------------------------------- */

struct file {
	char *path;
	char *before; /* what was there, or NULL: nothing */
	size_t before_size;
};

/* Write it; 0, or -1 (which has been said). */
static int put_file (
	struct file *file, const struct local *local, const struct rights *rights, const struct buf *text, bool replace)
{
	mode_t above = geteuid () == 0 ? DIRECTORY_MODE : 0700;
	struct err err = { 0 };
	int directory;

	if (!(file->path = local_path (local, rights->name)))
		return -1;
	if (replace && !(file->before = trusted_read (file->path, CONF_FILE_MAX, &file->before_size, &err)) &&
		err.sys != ENOENT && err.sys != ENOTDIR) {
		complain (NULL, "%s", err.text);
		return -1;
	}
	err = (struct err){ 0 };
	if (file_make_directory (local->directory, DIRECTORY_MODE, above, &err) == 0 &&
		(directory = trusted_open (local->directory, TRUSTED_DIRECTORY, &err)) >= 0) {
		fd_close (&directory);
		if (file_write (file->path, buf_head (text), buf_len (text), FILE_MODE, replace, &err) == 0)
			return 0;
	}
	if (err.sys == EEXIST)
		complain (NULL, "%s is there already; --replace replaces it", file->path);
	else
		complain (NULL, "%s", err.text);
	return -1;
}

/* As it was before. */
static void put_back (const struct file *file, struct local *local)
{
	struct err err;

	if (file->before) {
		if (file_write (file->path, file->before, file->before_size, FILE_MODE, true, &err) < 0)
			complain (NULL, "what was there before cannot be put back: %s", err.text);
	} else if (unlink (file->path) < 0) {
		complain (NULL, "%s cannot be removed: %s", file->path, strerror (errno));
	}
	local_reload (local);
}

static void file_free (struct file *file)
{
	free (file->path);
	free (file->before);
}

/* --- authorize --------------------------------------------------------------------------------------------------- */

static bool has_tcp (const struct local *local)
{
	const json_t *each;
	size_t i;

	json_array_foreach (json_object_get (local->document, "listen"), i,
		each) if (json_is_string (each) && !strncmp (json_string_value (each), "tcp:", 4)) return true;
	return false;
}

static void say_live (const struct local *local, const json_t *one)
{
	char words[IDENTITY_WORDS];

	printf ("'%s' is live: ", identity_text (one, "name", "?", words));
	printf ("%s", identity_calls (one, words));
	if (json_object_get (one, "user"))
		printf (", as %s", identity_text (one, "user", "?", words));
	if (json_object_get (one, "roots"))
		printf (", beneath %s", identity_roots (one, words));
	printf (", from %s", identity_list (json_object_get (one, "from"), "everywhere", words));
	if (json_object_get (one, "expires"))
		printf (", until %s", identity_text (one, "expires", "?", words));
	putchar ('\n');
	if (json_object_get (local->document, "listen") && !has_tcp (local))
		complain (NULL, "but remexd does not listen on TCP yet: remexd.yaml(5), `listen`, says how");
}

static bool has_print (const json_t *keys, const char *print)
{
	const json_t *each;
	size_t i;

	json_array_foreach (
		keys, i, each) if (json_is_string (each) && !strcmp (json_string_value (each), print)) return true;
	return false;
}

/* Are the keys of the file those that the daemon has? */
static bool has_keys (const json_t *one, const struct rights *rights)
{
	const json_t *keys = json_object_get (one, "keys");

	for (size_t i = 0; i < rights->n_keys; i++)
		if (!has_print (keys, rights->prints[i]))
			return false;
	return json_array_size (keys) == rights->n_keys;
}

/* The file is there: have it read. 0, or -1 (which has been said). */
static int go_live (struct local *local, const struct rights *rights)
{
	const json_t *one;

	if (local_reload (local) < 0)
		complain (NULL, "'%s' is not live: %s", rights->name, local->why);
	else if (!(one = local_identity (local, rights->name)))
		complain (NULL, "'%s' is not live: remexd has read its files, and knows nobody of that name",
			rights->name);
	else if (json_object_get (one, "refused"))
		complain (NULL, "'%s' is refused: %s", rights->name,
			json_is_string (json_object_get (one, "refused"))
				? json_string_value (json_object_get (one, "refused"))
				: "?");
	else if (!has_keys (one, rights))
		complain (NULL, "'%s' is not live: remexd has another key for that name", rights->name);
	else {
		say_live (local, one);
		return 0;
	}
	return -1;
}

/* Does that identity, of another name, have one of the keys? Which, or NULL. */
static const char *shared_key (const json_t *one, const struct rights *rights)
{
	const char *name = json_string_value (json_object_get (one, "name")), *print;
	const json_t *each;
	size_t i;

	if (!name || !strcmp (name, rights->name))
		return NULL;
	json_array_foreach (json_object_get (one, "keys"), i, each)
	{
		print = json_string_value (each);
		for (size_t j = 0; print && j < rights->n_keys; j++)
			if (!strcmp (print, rights->prints[j]))
				return rights->prints[j];
	}
	return NULL;
}

/* A key says who somebody is, so it cannot be two identities'. 0, or -1 when it is another's (which has been said). */
static int check_keys (const struct local *local, const struct rights *rights)
{
	json_t *document = local->answers ? json_incref (local->document) : NULL;
	const char *print = NULL;
	const json_t *one;
	struct err err;
	size_t i;

	if (!document && !(document = offline_identities (local->directory, &err))) {
		complain (NULL, "%s", err.text);
		return -1;
	}
	json_array_foreach (json_object_get (document, "identities"), i, one)
	{
		if (!(print = shared_key (one, rights)))
			continue;
		complain (NULL,
			"the key %s is already that of '%s': an identity has keys of its own (remex revoke %s ends "
			"that one)",
			print, json_string_value (json_object_get (one, "name")),
			json_string_value (json_object_get (one, "name")));
		break;
	}
	json_decref (document);
	return print ? -1 : 0;
}

static int authorize (const struct rights *rights, const struct buf *text, bool replace)
{
	struct file file = { .path = NULL };
	struct local local;
	int status = STATUS_REMEX;

	if (local_open (&local) == 0 && check_keys (&local, rights) == 0 &&
		put_file (&file, &local, rights, text, replace) == 0) {
		if (!local.answers) {
			printf ("%s is written\n", safe (file.path));
			local_say_later (&local);
			status = 0;
		} else if (go_live (&local, rights) == 0) {
			status = 0;
		} else {
			put_back (&file, &local);
		}
	}
	file_free (&file);
	local_close (&local);
	return finish (status);
}

/* --- its options ------------------------------------------------------------------------------------------------- */

static const struct option authorize_options[] = {
	{ OPTION_ALLOW, "allow", "CALLS", "what it may call: exec.run, file.*, status, \"*\"; a list with commas" },
	{ OPTION_COMMAND, "command", "WORDS", "a command that it may run, with {slots} for arguments" },
	{ OPTION_SLOT, "slot", "NAME=PATTERN", "what may stand in a slot, an extended regular expression" },
	{ OPTION_ROOT, "root", "PATH=r|rw", "what calls that name files may reach, to read or to write as well" },
	{ OPTION_AS, "as", "USER", "as this user (as root: the user of that NAME)" },
	{ OPTION_FROM, "from", "NETWORKS", "only from there: 10.0.0.0/8, 2001:db8::1; a list with commas" },
	{ OPTION_EXPIRES, "expires", "DATE", "until then: 2027-01-31 or 2027-01-31T12:00:00Z" },
	{ OPTION_REPLACE, "replace", NULL, "even if there is one of that name" },
	OPTION_ROW_HELP,
	{ 0 },
};

static int add_pointer (const char **list, size_t *n, const char *text, struct err *err)
{
	if (*n == RIGHTS_MOST)
		return err_set (err, 0, "more than %d of them", RIGHTS_MOST);
	list[(*n)++] = text;
	return 0;
}

/* Take one option; 0, or -1 and options->status. */
static int take (struct rights *rights, bool *replace, struct options *options, int key)
{
	const char *value = options->value, *name = "--slot";
	struct err err;
	int result = 0;

	switch (key) {
	case OPTION_ALLOW:
		name = "--allow";
		result = rights_add (rights->allow, &rights->n_allow, value, &err);
		break;
	case OPTION_FROM:
		name = "--from";
		result = rights_add (rights->from, &rights->n_from, value, &err);
		break;
	case OPTION_COMMAND:
		name = "--command";
		result = add_pointer (rights->commands, &rights->n_commands, value, &err);
		break;
	case OPTION_SLOT:
		if (*value == '=' || !strchr (value, '='))
			result = err_set (&err, 0, "it wants NAME=PATTERN, not '%s'", value);
		else
			result = add_pointer (rights->slots, &rights->n_slots, value, &err);
		break;
	case OPTION_ROOT:
		name = "--root";
		result = add_pointer (rights->roots, &rights->n_roots, value, &err);
		break;
	case OPTION_AS: rights->user = value; break;
	case OPTION_EXPIRES: rights->expires = value; break;
	case OPTION_REPLACE: *replace = true; break;
	default: break;
	}
	if (result < 0)
		options->status = options_wrong (options, "%s: %s", name, err.text);
	return result;
}

/* The key: one word, or the words of a line that was pasted without quotes. */
static int take_key (struct rights *rights, const struct options *options, struct err *err)
{
	char line[4096] = "";
	size_t used = 0;

	if (options->n_words == 1)
		return rights_add_key (rights, options->words[0], err);
	if (strcmp (options->words[0], KEY_WORD) != 0)
		return err_set (err, 0, "'%s' is one word too many (a key is one word, in quotes)", options->words[1]);
	for (int i = 0; i < options->n_words && used < sizeof line; i++)
		used += (size_t)snprintf (line + used, sizeof line - used, "%s%s", i ? " " : "", options->words[i]);
	return used < sizeof line ? rights_add_key (rights, line, err) : err_set (err, 0, "the key is too long");
}

/* As whom: where remexd is root's, somebody has to be named. */
static int choose_user (struct rights *rights, struct err *err)
{
	if (!rights->user && geteuid () != 0)
		return 0;
	if (rights->user && !getpwnam (rights->user))
		return err_set (err, 0, "--as: there is no user '%s' here", rights->user);
	if (!rights->user && !getpwnam (rights->name))
		return err_set (
			err, 0, "as which user? There is none of the name '%s' here: --as USER says it", rights->name);
	if (!rights->user)
		rights->user = rights->name;
	return 0;
}

static int run_rights (struct rights *rights, const struct options *options, bool replace)
{
	struct buf text;
	struct err err;
	int status;

	if (!options->hosts || !options->n_words)
		return options_wrong (options, "a name and a key are wanted");
	rights->name = options->hosts;
	if (rights_check_name (rights->name, &err) < 0 || take_key (rights, options, &err) < 0)
		return options_wrong (options, "%s", err.text);
	if (!rights->n_allow && !rights->n_commands)
		return options_wrong (options,
			"what may %s call? Nothing that is not named: --allow exec.run, --allow 'status,file.*', "
			"--command 'systemctl status nginx'",
			rights->name);
	buf_init (&text, CONF_FILE_MAX);
	if (choose_user (rights, &err) < 0 || rights_write (rights, &text, &err) < 0)
		status = options_wrong (options, "%s", err.text);
	else
		status = authorize (rights, &text, replace);
	buf_free (&text);
	return status;
}

static int run_authorize (const struct subcommand *command, int argc, char **argv)
{
	struct rights *rights = calloc (1, sizeof *rights);
	struct options options;
	bool replace = false;
	int key = 0;

	options_init (&options, command, argc, argv);
	options.status = STATUS_REMEX;
	while (rights && (key = options_next (&options)) != 0)
		if (key < 0 || take (rights, &replace, &options, key) < 0) {
			key = -1;
			break;
		}
	if (rights && key == 0)
		options.status = run_rights (rights, &options, replace);
	if (rights)
		rights_free (rights);
	free (rights);
	return options.status;
}

const struct subcommand cmd_authorize = { "authorize", "NAME KEY", "Let somebody use the daemon here over TCP",
	authorize_options, run_authorize, OPTIONS_MIXED };
