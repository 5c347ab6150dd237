/* remex authorize - let an identity use the daemon of this machine over TCP: write the identity's file, have the daemon
 * read it, and report that it is live; or report the error and restore the old file (remex(1)). */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fd.h"
#include "base/trusted.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "commands/daemon_admin.h"
#include "commands/identity.h"
#include "commands/offline.h"
#include "commands/rights.h"
#include "conf/grant.h"
#include "conf/tree.h"

enum { FILE_MODE = 0644, DIRECTORY_MODE = 0755 };

/* --- the file ---------------------------------------------------------------------------------------------------- */

struct file {
	char *path;
	char *before; /* the old content, or NULL: there was no file */
	size_t before_size;
};

/* Write the file. 0, or -1 (already reported). */
static int put_file (struct file *file, const struct daemon_admin *admin, const struct rights *rights,
	const struct buf *text, bool replace)
{
	mode_t above = geteuid () == 0 ? DIRECTORY_MODE : 0700;
	struct err err = { 0 };
	int directory;

	if (!(file->path = daemon_admin_path (admin, rights->name)))
		return -1;
	if (replace && !(file->before = trusted_read (file->path, CONF_FILE_MAX, &file->before_size, &err)) &&
		err.sys != ENOENT && err.sys != ENOTDIR) {
		complain (NULL, "%s", err.text);
		return -1;
	}
	err = (struct err){ 0 };
	if (durable_make_directory (admin->directory, DIRECTORY_MODE, above, &err) == 0 &&
		(directory = trusted_open (admin->directory, TRUSTED_DIRECTORY, &err)) >= 0) {
		fd_close (&directory);
		if (durable_write (file->path, buf_head (text), buf_len (text), FILE_MODE, replace, &err) == 0)
			return 0;
	}
	if (err.sys == EEXIST)
		complain (NULL, "%s is there already; --replace replaces it", file->path);
	else
		complain (NULL, "%s", err.text);
	return -1;
}

/* Restore the old file, or remove the new one. */
static void put_back (const struct file *file, struct daemon_admin *admin)
{
	struct err err;

	if (file->before) {
		if (durable_write (file->path, file->before, file->before_size, FILE_MODE, true, &err) < 0)
			complain (NULL, "the former file cannot be restored: %s", err.text);
	} else if (durable_unlink (file->path, &err) < 0) {
		complain (NULL, "%s", err.text);
	}
	daemon_admin_reload (admin);
}

static void file_free (struct file *file)
{
	free (file->path);
	free (file->before);
}

/* --- authorize --------------------------------------------------------------------------------------------------- */

static bool has_tcp (const struct daemon_admin *admin)
{
	const json_t *each;
	size_t i;

	json_array_foreach (json_object_get (admin->document, "listen"), i,
		each) if (json_is_string (each) && !strncmp (json_string_value (each), "tcp:", 4)) return true;
	return false;
}

static void print_live (const struct daemon_admin *admin, const json_t *one)
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
	if (json_object_get (admin->document, "listen") && !has_tcp (admin))
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

/* Does the daemon have exactly these keys for the identity? */
static bool has_keys (const json_t *one, const struct rights *rights)
{
	const json_t *keys = json_object_get (one, "keys");

	for (size_t i = 0; i < rights->n_keys; i++)
		if (!has_print (keys, rights->prints[i]))
			return false;
	return json_array_size (keys) == rights->n_keys;
}

/* The file is written: have the daemon read it. 0, or -1 (already reported). */
static int go_live (struct daemon_admin *admin, const struct rights *rights)
{
	int reloaded = daemon_admin_reload (admin);
	const json_t *one;

	if (reloaded > 0)
		complain (NULL, "remexd refuses the rest of its files: %s", admin->why);
	if (reloaded < 0)
		complain (NULL, "'%s' is not live: %s", rights->name, admin->why);
	else if (!(one = daemon_admin_identity (admin, rights->name)))
		complain (NULL, "'%s' is not live: remexd has read its files, and they have no identity of that name",
			rights->name);
	else if (json_object_get (one, "refused"))
		complain (NULL, "'%s' is refused: %s", rights->name,
			json_is_string (json_object_get (one, "refused"))
				? json_string_value (json_object_get (one, "refused"))
				: "?");
	else if (!has_keys (one, rights))
		complain (NULL, "'%s' is not live: remexd has another key for that name", rights->name);
	else {
		print_live (admin, one);
		return 0;
	}
	return -1;
}

/* The first of our keys that an identity of another name has, or NULL. */
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

/* A key identifies one identity, so two identities may not share it. 0, or -1 when another identity has it (already
 * reported). */
static int check_keys (const struct daemon_admin *admin, const struct rights *rights)
{
	json_t *document = admin->answers ? json_incref (admin->document) : NULL;
	const char *print = NULL;
	const json_t *one;
	struct err err;
	size_t i;

	if (!document && !(document = offline_identities (admin->directory, &err))) {
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
	struct daemon_admin admin;
	int status = STATUS_REMEX;

	if (daemon_admin_open (&admin) == 0 && check_keys (&admin, rights) == 0 &&
		put_file (&file, &admin, rights, text, replace) == 0) {
		if (!admin.answers) {
			printf ("%s is written\n", safe (file.path));
			daemon_admin_print_later (&admin);
			status = 0;
		} else if (go_live (&admin, rights) == 0) {
			status = 0;
		} else {
			put_back (&file, &admin);
		}
	}
	file_free (&file);
	daemon_admin_close (&admin);
	return finish (status);
}

/* --- the command line -------------------------------------------------------------------------------------------- */

struct authorize_settings {
	struct option_list allow, from, commands, slots, roots;
	const char *user, *expires;
	bool replace;
};

static const struct option authorize_options[] = {
	{ "allow", 0, OPTION_LIST, offsetof (struct authorize_settings, allow), "CALLS",
		"the calls that it may make: exec.run, file.*, status, \"*\"; a list with commas", 0 },
	{ "command", 0, OPTION_LIST, offsetof (struct authorize_settings, commands), "WORDS",
		"a command that it may run, with {slots} for arguments", 0 },
	{ "slot", 0, OPTION_PAIRS, offsetof (struct authorize_settings, slots), "NAME=PATTERN",
		"the arguments that a slot accepts, an extended regular expression", 0 },
	{ "root", 0, OPTION_LIST, offsetof (struct authorize_settings, roots), "PATH=r|rw",
		"the files that calls may reach: r to read, rw to read and write", 0 },
	{ "as", 0, OPTION_TEXT, offsetof (struct authorize_settings, user), "USER",
		"act as this user (by default, for root: the user of that NAME)", 0 },
	{ "from", 0, OPTION_LIST, offsetof (struct authorize_settings, from), "NETWORKS",
		"only from these networks: 10.0.0.0/8, 2001:db8::1; a list with commas", 0 },
	{ "expires", 0, OPTION_TEXT, offsetof (struct authorize_settings, expires), "DATE",
		"until this date: 2027-01-31 or 2027-01-31T12:00:00Z", 0 },
	{ "replace", 0, OPTION_FLAG, offsetof (struct authorize_settings, replace), NULL,
		"replace the identity of that name", 0 },
	OPTION_ROW_HELP,
	{ 0 },
};

/* Add the words of one or more lists with commas. 0, or -1 and err. */
static int split (char **list, size_t *n, const struct option_list *texts, const char *option, struct err *err)
{
	struct err why;

	for (size_t i = 0; i < texts->n; i++)
		if (rights_add (list, n, texts->words[i], &why) < 0)
			return err_set (err, 0, "%s: %s", option, why.text);
	return 0;
}

static int take_list (
	const char **list, size_t *n, const struct option_list *texts, const char *option, struct err *err)
{
	if (texts->n > RIGHTS_MOST)
		return err_set (err, 0, "%s: more than %d of them", option, RIGHTS_MOST);
	for (; *n < texts->n; ++*n)
		list[*n] = texts->words[*n];
	return 0;
}

/* Take the rights from the options. 0, or -1 and err. */
static int take_settings (struct rights *rights, const struct authorize_settings *settings, struct err *err)
{
	rights->user = settings->user;
	rights->expires = settings->expires;
	if (split (rights->allow, &rights->n_allow, &settings->allow, "--allow", err) < 0 ||
		split (rights->from, &rights->n_from, &settings->from, "--from", err) < 0 ||
		take_list (rights->commands, &rights->n_commands, &settings->commands, "--command", err) < 0 ||
		take_list (rights->slots, &rights->n_slots, &settings->slots, "--slot", err) < 0)
		return -1;
	return take_list (rights->roots, &rights->n_roots, &settings->roots, "--root", err);
}

/* The key: one word, or the words of a line that was pasted without quotes. */
static int take_key (struct rights *rights, char **words, int n, struct err *err)
{
	char line[4096] = "";
	size_t used = 0;

	if (n == 1)
		return rights_add_key (rights, words[0], err);
	if (strcmp (words[0], KEY_WORD) != 0)
		return err_set (err, 0, "unexpected argument '%s' (a key is one word, in quotes)", words[1]);
	for (int i = 0; i < n && used < sizeof line; i++)
		used += (size_t)snprintf (line + used, sizeof line - used, "%s%s", i ? " " : "", words[i]);
	return used < sizeof line ? rights_add_key (rights, line, err) : err_set (err, 0, "the key is too long");
}

/* The user to run as. If remexd runs as root, a user must be named. */
static int choose_user (struct rights *rights, struct err *err)
{
	if (!rights->user && geteuid () != 0)
		return 0;
	if (rights->user && !getpwnam (rights->user))
		return err_set (err, 0, "no local user '%s': choose one with --as USER", rights->user);
	if (!rights->user && !getpwnam (rights->name))
		return err_set (err, 0, "no local user '%s': choose one with --as USER", rights->name);
	if (!rights->user)
		rights->user = rights->name;
	return 0;
}

/* Does the command line grant any right? */
static int check_given (const struct rights *rights, struct err *err)
{
	if (rights->n_allow || rights->n_commands)
		return 0;
	return err_set (err, 0,
		"%s may call nothing yet: name its calls (examples: --allow exec.run, --allow 'status,file.*', "
		"--command 'systemctl status nginx')",
		rights->name);
}

static int run_rights (struct rights *rights, const struct subcommand *command, struct command_line *line)
{
	const struct authorize_settings *settings = line->values;
	struct buf text;
	struct err err;
	int status;

	rights->name = line->words[0];
	buf_init (&text, CONF_FILE_MAX);
	if (take_settings (rights, settings, &err) < 0 || grant_check_name (rights->name, &err) < 0 ||
		take_key (rights, line->words + 1, line->n_words - 1, &err) < 0 || check_given (rights, &err) < 0 ||
		choose_user (rights, &err) < 0 || rights_write (rights, &text, &err) < 0)
		status = usage_error (command, "%s", err.text);
	else
		status = authorize (rights, &text, settings->replace);
	buf_free (&text);
	return status;
}

static int run_authorize (const struct subcommand *command, struct command_line *line)
{
	struct rights *rights;
	int status;

	if (line->n_words < 2)
		return usage_error (command, line->n_words ? "missing key" : "missing name and key");
	if (!(rights = calloc (1, sizeof *rights))) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	status = run_rights (rights, command, line);
	rights_free (rights);
	free (rights);
	return status;
}

const struct subcommand cmd_authorize = { "authorize", "NAME KEY", "Let somebody use the daemon here over TCP",
	authorize_options, WORDS_MIXED, -1, sizeof (struct authorize_settings), run_authorize };
