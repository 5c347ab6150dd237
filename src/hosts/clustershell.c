/* clustershell - see clustershell.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/trusted.h"
#include "conf/tree.h"
#include "hosts/clustershell.h"
#include "hosts/ini.h"
#include "hosts/upcall.h"

enum { DIRECTORIES_MAX = 16 }; /* of confdir or autodir */

struct clustershell {
	struct groups *groups;
	struct ini conf;
	const char *default_source; /* NULL: the first one */
	bool any; /* there is a source */
	char *directory; /* $CFGDIR */
	struct err *err;
};

static int fail_memory (const struct clustershell *shell)
{
	return err_set (shell->err, 0, "out of memory");
}

/* Read a whole file; *text is NULL if the file does not exist. */
static int read_file (const struct clustershell *shell, const char *path, char **text, size_t *n)
{
	struct err why = { 0 };

	if ((*text = trusted_read (path, CONF_FILE_MAX, n, &why)) || why.sys == ENOENT || why.sys == ENOTDIR)
		return 0;
	return err_set (shell->err, 0, "%s", why.text);
}

/* The source of that name. The default one is searched. */
static struct group_source *make_source (struct clustershell *shell, const char *name, const char *file)
{
	bool searched = shell->default_source ? !strcmp (name, shell->default_source) : !shell->any;
	struct group_source *source =
		groups_source (shell->groups, name, searched ? GROUPS_SEARCHED : GROUPS_NAMED, file);

	if (!source)
		fail_memory (shell);
	shell->any = true;
	return source;
}

/* --- groups.conf ------------------------------------------------------------------------------------------------- */

/* Read groups.conf of one directory, where it has one. */
static int read_conf (struct clustershell *shell, const char *directory, const char *beneath)
{
	char *path, *text = NULL;
	size_t n;
	int result;

	if (!directory || *directory != '/')
		return 0;
	if (asprintf (&path, "%s%s/groups.conf", directory, beneath) < 0)
		return fail_memory (shell);
	result = read_file (shell, path, &text, &n);
	if (result == 0 && text) {
		result = ini_read (&shell->conf, text, path, shell->err);
		free (shell->directory);
		shell->directory = strndup (path, strlen (path) - strlen ("/groups.conf"));
		if (!shell->directory)
			result = fail_memory (shell);
	}
	free (text);
	free (path);
	return result;
}

static int read_confs (struct clustershell *shell)
{
	const char *home = getenv ("HOME"), *config = getenv ("XDG_CONFIG_HOME");
	int result = read_conf (shell, "/etc/clustershell", "");

	if (result == 0)
		result = read_conf (shell, home, "/.local/etc/clustershell");
	if (result == 0)
		result = config && *config ? read_conf (shell, config, "/clustershell")
					   : read_conf (shell, home, "/.config/clustershell");
	if (result == 0)
		result = read_conf (shell, getenv ("CLUSTERSHELL_CFGDIR"), "");
	return result;
}

/* The sources of the sections: [a] and [a,b], for which `directory` is $CFGDIR. */
static int add_sections (struct clustershell *shell, const struct ini *conf, const char *directory, const char *file)
{
	for (size_t i = 0; i < conf->n_sections; i++) {
		const char *section = conf->sections[i].name;
		const struct upcall_commands commands = { ini_get (conf, section, "map"),
			ini_get (conf, section, "all"), ini_get (conf, section, "list"), directory };
		char *names, *rest, *name;
		int result = 0;

		if (!strcmp (section, "Main"))
			continue;
		if (!commands.map)
			return err_set (shell->err, 0, "%.200s: the section [%.60s] has no 'map'", file, section);
		if (!(names = rest = strdup (section)))
			return fail_memory (shell);
		while (result == 0 && (name = strsep (&rest, ","))) {
			struct group_source *source = make_source (shell, name, file);

			result = source ? upcall_ask (source, &commands, shell->err) : -1;
		}
		free (names);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int read_section_file (struct clustershell *shell, const char *directory, const char *path)
{
	struct ini conf = { .n_sections = 0 };
	char *text = NULL;
	size_t n;
	int result = read_file (shell, path, &text, &n);

	if (result == 0 && text)
		result = ini_read (&conf, text, path, shell->err);
	if (result == 0)
		result = add_sections (shell, &conf, directory, path);
	ini_free (&conf);
	free (text);
	return result;
}

/* --- YAML files -------------------------------------------------------------------------------------------------- */

/* The text of a group: a scalar, or the items of a list with commas between them. Spaces separate, too. NULL and err. */
static char *group_text (struct clustershell *shell, const struct conf_node *node, const char *path)
{
	size_t n = node->kind == CONF_LIST ? node->n_items : 1;
	struct buf text;

	buf_init (&text, CONF_FILE_MAX + CONF_NODES_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct conf_node *item = node->kind == CONF_LIST ? node->items[i] : node;

		if (item->kind != CONF_SCALAR && item->kind != CONF_NULL) {
			conf_fail (shell->err, path, item->line, item->column, "a group is a list of hosts, not a map");
			buf_free (&text);
			return NULL;
		}
		if (item->value && buf_printf (&text, "%s ", item->value) < 0)
			break;
	}
	if (buf_append (&text, "", 1) < 0) {
		buf_free (&text);
		fail_memory (shell);
		return NULL;
	}
	groups_join_words ((char *)text.data);
	return (char *)text.data;
}

static int add_group (
	struct clustershell *shell, struct group_source *source, const struct conf_node *node, const char *path)
{
	const struct group_place place = { .file = path, .line = node->key_line, .strict = true };
	char *text = group_text (shell, node, path);
	const char *one = text;
	struct err why;
	int result;

	if (!text)
		return -1;
	result = group_source_add (source, node->key, &one, *text != '\0', &place, &why);
	free (text);
	return result < 0 ? conf_fail (shell->err, path, node->key_line, node->key_column, "%s", why.text) : 0;
}

static int add_tree (struct clustershell *shell, const struct conf_node *tree, const char *path)
{
	for (size_t i = 0; i < tree->n_items; i++) {
		const struct conf_node *map = tree->items[i];
		struct group_source *source;

		if (map->kind != CONF_MAP)
			return conf_fail (shell->err, path, map->line, map->column,
				"the source '%.60s' must be a map of groups", map->key);
		if (!(source = make_source (shell, map->key, path)))
			return -1;
		for (size_t k = 0; k < map->n_items; k++)
			if (add_group (shell, source, map->items[k], path) < 0)
				return -1;
	}
	return 0;
}

static int read_yaml_file (struct clustershell *shell, const char *directory, const char *path)
{
	struct conf_node *tree = NULL;
	char *text = NULL;
	size_t n;
	int result = read_file (shell, path, &text, &n);

	(void)directory;
	if (result == 0 && text) {
		tree = conf_parse_free_keys (text, n, path, shell->err);
		result = tree ? add_tree (shell, tree, path) : -1;
	}
	conf_free (tree);
	free (text);
	return result;
}

/* --- directories ------------------------------------------------------------------------------------------------- */

typedef int read_one (struct clustershell *shell, const char *directory, const char *path);

static bool has_suffix (const char *name, const char *suffix)
{
	size_t n = strlen (name), length = strlen (suffix);

	return n > length && *name != '.' && !strcmp (name + n - length, suffix);
}

/* Read the files of a directory, sorted by name. A missing directory has none. */
static int read_directory (struct clustershell *shell, const char *directory, const char *suffix, read_one *read)
{
	struct dirent **entries = NULL;
	int n, result = 0;

	n = scandir (directory, &entries, NULL, alphasort);
	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		result = err_sys (shell->err, 0, "cannot read the directory %.200s", directory);
	for (int i = 0; i < n; i++) {
		char *path;

		if (result == 0 && has_suffix (entries[i]->d_name, suffix)) {
			if (asprintf (&path, "%s/%s", directory, entries[i]->d_name) < 0)
				path = NULL;
			result = path ? read (shell, directory, path) : fail_memory (shell);
			free (path);
		}
		free (entries[i]);
	}
	free (entries);
	return result;
}

/* A directory in the list of confdir or autodir, with $CFGDIR replaced. NULL: out of memory. */
static char *expand_directory (const struct clustershell *shell, const char *word)
{
	static const char *const names[] = { "$CFGDIR", "${CFGDIR}" };
	char *path;

	for (size_t i = 0; i < 2; i++)
		if (!strncmp (word, names[i], strlen (names[i])))
			return asprintf (&path, "%s%s", shell->directory, word + strlen (names[i])) < 0 ? NULL : path;
	return strdup (word);
}

/* The next word of a list of directories, which may be in quotes. It is cut out of the text. */
static char *next_word (char **rest)
{
	char *word = *rest + strspn (*rest, " \t\n"), *end;
	char quote = *word == '"' || *word == '\'' ? *word : '\0';

	if (!*word)
		return NULL;
	if (quote)
		word++;
	end = word + (quote ? strcspn (word, (char[]){ quote, '\0' }) : strcspn (word, " \t\n"));
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* Read all directories of a list, each one once. */
static int read_directories (struct clustershell *shell, const char *list, const char *suffix, read_one *read)
{
	char *text = strdup (list ? list : ""), *rest = text, *word, *read_before[DIRECTORIES_MAX];
	int result = text ? 0 : fail_memory (shell), n = 0;

	while (result == 0 && n < DIRECTORIES_MAX && (word = next_word (&rest))) {
		char *directory = expand_directory (shell, word);
		bool again = false;

		if (!directory) {
			result = fail_memory (shell);
			break;
		}
		for (int i = 0; i < n; i++)
			again = again || !strcmp (directory, read_before[i]);
		read_before[n++] = directory;
		if (!again)
			result = read_directory (shell, directory, suffix, read);
	}
	for (int i = 0; i < n; i++)
		free (read_before[i]);
	free (text);
	return result;
}

/* --- all --------------------------------------------------------------------------------------------------------- */

static int read_all (struct clustershell *shell)
{
	const char *sections, *file = shell->directory;

	if (!shell->directory)
		return 0;
	shell->default_source = ini_get (&shell->conf, "Main", "default");
	sections = ini_get (&shell->conf, "Main", "groupsdir");
	if (!sections)
		sections = ini_get (&shell->conf, "Main", "confdir");
	if (read_directories (shell, sections, ".conf", read_section_file) < 0 ||
		read_directories (shell, ini_get (&shell->conf, "Main", "autodir"), ".yaml", read_yaml_file) < 0)
		return -1;
	if (add_sections (shell, &shell->conf, shell->directory, file) < 0)
		return -1;
	if (!shell->default_source || !*shell->default_source ||
		groups_find_source (shell->groups, shell->default_source))
		return 0;
	return err_set (shell->err, 0, "%.200s/groups.conf: the default source '%.60s' is not there", shell->directory,
		shell->default_source);
}

int clustershell_read (struct groups *groups, struct err *err)
{
	struct clustershell shell = { .groups = groups, .err = err };
	int result = read_confs (&shell);

	if (result == 0)
		result = read_all (&shell);
	ini_free (&shell.conf);
	free (shell.directory);
	return result;
}
