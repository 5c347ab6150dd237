/* ssh_config - see ssh_config.h. A file becomes entries, each of which belongs to a block; a block is what one Host line
 * opens, and applies only where the block applies in which its file was included. */
#include "config.h"

#include <errno.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/trusted.h"
#include "ssh/pattern_list.h"
#include "ssh/ssh_config.h"

enum { VALUE_MAX = 65536, ENTRIES_MAX = 100000 };

enum config_keyword {
	KEYWORD_OTHER,
	KEYWORD_HOST,
	KEYWORD_MATCH,
	KEYWORD_INCLUDE,
	KEYWORD_GLOBAL_KNOWN_HOSTS,
	KEYWORD_HASH_KNOWN_HOSTS,
	KEYWORD_HOST_KEY_ALIAS,
	KEYWORD_HOST_NAME,
	KEYWORD_IDENTITIES_ONLY,
	KEYWORD_IDENTITY_AGENT,
	KEYWORD_IDENTITY_FILE,
	KEYWORD_PORT,
	KEYWORD_PROXY_COMMAND,
	KEYWORD_PROXY_JUMP,
	KEYWORD_STRICT_CHECKING,
	KEYWORD_USER,
	KEYWORD_USER_KNOWN_HOSTS,
};

/* Words that are split from a line, and NULL behind them. */
struct config_words {
	char **words;
	size_t n;
};

enum block_kind { BLOCK_ALWAYS, BLOCK_NEVER, BLOCK_HOSTS };

struct config_block {
	enum block_kind kind;
	size_t parent; /* the block that the file was included in; the first block is its own */
	struct config_words patterns; /* of BLOCK_HOSTS */
};

struct config_entry {
	enum config_keyword keyword;
	size_t block;
	struct config_words words;
	int port;
};

struct ssh_config {
	const struct ssh_config_ops *ops;
	void *context;
	char *home;
	struct config_block *blocks;
	size_t n_blocks;
	struct config_entry *entries;
	size_t n_entries;
	size_t n_files, ignored;
	char *ignored_path; /* of the first one */
	unsigned ignored_line;
};

/* A file that is being read. */
struct config_file {
	struct ssh_config *config;
	const char *path;
	const char *directory; /* where relative names of Include start */
	unsigned line, depth;
	size_t outer, block; /* the block around the file, and that of the current line */
	struct err *err;
};

/* --- memory ------------------------------------------------------------------------------------------------------ */

static void free_words (struct config_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free (words->words[i]);
	free (words->words);
	*words = (struct config_words){ .n = 0 };
}

/* Make room for one more element in an array that grows when its count reaches a power of two; NULL: out of memory. */
static void *grow (void *array, size_t n, size_t size)
{
	return n & (n - 1) ? array : realloc (array, (n ? n * 2 : 1) * size);
}

static int add_block (struct ssh_config *config, const struct config_block *block)
{
	struct config_block *more = grow (config->blocks, config->n_blocks, sizeof *more);

	if (!more)
		return -1;
	config->blocks = more;
	more[config->n_blocks++] = *block;
	return 0;
}

struct ssh_config *ssh_config_new (const char *home, const struct ssh_config_ops *ops, void *context)
{
	static const struct config_block first = { .kind = BLOCK_ALWAYS };
	struct ssh_config *config = calloc (1, sizeof *config);

	if (!config)
		return NULL;
	config->ops = ops;
	config->context = context;
	if ((config->home = strdup (home)) && add_block (config, &first) == 0)
		return config;
	ssh_config_free (config);
	return NULL;
}

void ssh_config_free (struct ssh_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_blocks; i++)
		free_words (&config->blocks[i].patterns);
	for (size_t i = 0; i < config->n_entries; i++)
		free_words (&config->entries[i].words);
	free (config->blocks);
	free (config->entries);
	free (config->ignored_path);
	free (config->home);
	free (config);
}

size_t ssh_config_ignored (const struct ssh_config *config, const char **path, unsigned *line)
{
	*path = config->ignored_path;
	*line = config->ignored_line;
	return config->ignored;
}

/* --- words ------------------------------------------------------------------------------------------------------- */

static int fail (const struct config_file *file, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

static int fail (const struct config_file *file, const char *fmt, ...)
{
	struct err why;
	va_list args;

	va_start (args, fmt);
	err_vset (&why, 0, fmt, args);
	va_end (args);
	return err_set (file->err, 0, "%.200s:%u: %.250s", file->path, file->line, why.text);
}

static int fail_memory (const struct config_file *file)
{
	return err_set (file->err, 0, "out of memory");
}

static bool is_blank (char c)
{
	return c == ' ' || c == '\t';
}

/* Take one word, which may have quotes around parts of it and a backslash before a quote, a backslash or a blank, out of
 * the text. `word` has room for all of it. false: a quote is not closed. */
static bool take_word (const char **text, char *word)
{
	const char *at = *text;
	char quote = '\0';

	for (; *at && (quote || !is_blank (*at)); at++) {
		if (*at == '\\' && at[1] && (strchr ("'\"\\", at[1]) || (!quote && at[1] == ' ')))
			*word++ = *++at;
		else if (!quote && (*at == '"' || *at == '\''))
			quote = *at;
		else if (quote && *at == quote)
			quote = '\0';
		else
			*word++ = *at;
	}
	*word = '\0';
	*text = at;
	return !quote;
}

static int add_word (const struct config_file *file, struct config_words *words, char *word)
{
	char **more = realloc (words->words, (words->n + 2) * sizeof *more);

	if (!more || !word) {
		words->words = more ? more : words->words;
		free (word);
		return fail_memory (file);
	}
	words->words = more;
	more[words->n++] = word;
	more[words->n] = NULL;
	return 0;
}

/* Split the rest of a line into words, up to one that begins with "#". */
static int split (const struct config_file *file, const char *text, struct config_words *words)
{
	for (;;) {
		char *word;
		bool closed;

		text += strspn (text, " \t");
		if (!*text || *text == '#')
			return 0;
		if (!(word = malloc (strlen (text) + 1)))
			return fail_memory (file);
		closed = take_word (&text, word);
		if (add_word (file, words, word) < 0)
			return -1;
		if (!closed)
			return fail (file, "a quote is not closed");
	}
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum config_keyword keyword;
} keywords[] = {
	{ "GlobalKnownHostsFile", KEYWORD_GLOBAL_KNOWN_HOSTS },
	{ "HashKnownHosts", KEYWORD_HASH_KNOWN_HOSTS },
	{ "Host", KEYWORD_HOST },
	{ "HostKeyAlias", KEYWORD_HOST_KEY_ALIAS },
	{ "HostName", KEYWORD_HOST_NAME },
	{ "IdentitiesOnly", KEYWORD_IDENTITIES_ONLY },
	{ "IdentityAgent", KEYWORD_IDENTITY_AGENT },
	{ "IdentityFile", KEYWORD_IDENTITY_FILE },
	{ "Include", KEYWORD_INCLUDE },
	{ "Match", KEYWORD_MATCH },
	{ "Port", KEYWORD_PORT },
	{ "ProxyCommand", KEYWORD_PROXY_COMMAND },
	{ "ProxyJump", KEYWORD_PROXY_JUMP },
	{ "StrictHostKeyChecking", KEYWORD_STRICT_CHECKING },
	{ "User", KEYWORD_USER },
	{ "UserKnownHostsFile", KEYWORD_USER_KNOWN_HOSTS },
};

static enum config_keyword find_keyword (const char *name, size_t n, const char **shown)
{
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (strlen (keywords[i].name) == n && !strncasecmp (keywords[i].name, name, n)) {
			*shown = keywords[i].name;
			return keywords[i].keyword;
		}
	return KEYWORD_OTHER;
}

static bool is_one_of (const char *word, const char *const *words)
{
	while (*words && strcasecmp (word, *words) != 0)
		words++;
	return *words;
}

/* Check the words of an entry, and read a number. */
static int check_entry (const struct config_file *file, struct config_entry *entry, const char *name)
{
	static const char *const flags[] = { "yes", "no", "true", "false", NULL };
	static const char *const checks[] = { "yes", "no", "true", "false", "off", "ask", "accept-new", NULL };
	bool is_list = entry->keyword == KEYWORD_USER_KNOWN_HOSTS || entry->keyword == KEYWORD_GLOBAL_KNOWN_HOSTS;
	char *first = entry->words.n ? entry->words.words[0] : NULL, *end, shown[80];

	if (!first || !*first)
		return fail (file, "%s has no value", name);
	if (entry->words.n > 1 && !is_list)
		return fail (file, "%s has more than one value", name);
	text_escape (shown, sizeof shown, first, strlen (first));
	if ((entry->keyword == KEYWORD_IDENTITIES_ONLY || entry->keyword == KEYWORD_HASH_KNOWN_HOSTS) &&
		!is_one_of (first, flags))
		return fail (file, "%s must be yes or no, not '%s'", name, shown);
	if (entry->keyword == KEYWORD_STRICT_CHECKING && !is_one_of (first, checks))
		return fail (file, "%s must be yes, no, ask or accept-new, not '%s'", name, shown);
	if (entry->keyword == KEYWORD_STRICT_CHECKING)
		for (char *p = first; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
	if (entry->keyword != KEYWORD_PORT)
		return 0;
	errno = 0;
	entry->port = (int)strtoul (first, &end, 10);
	if (*first < '0' || *first > '9' || *end || errno || strlen (first) > 9 || entry->port < 1 ||
		entry->port > 65535)
		return fail (file, "%s must be a number from 1 to 65535, not '%s'", name, shown);
	return 0;
}

static int add_entry (const struct config_file *file, enum config_keyword keyword, const char *name, const char *rest)
{
	struct config_entry entry = { .keyword = keyword, .block = file->block }, *more = NULL;
	struct ssh_config *config = file->config;
	int result;

	if (keyword == KEYWORD_PROXY_COMMAND || keyword == KEYWORD_PROXY_JUMP) /* the rest of the line as it is */
		result = add_word (file, &entry.words, strdup (rest));
	else
		result = split (file, rest, &entry.words);
	if (result == 0)
		result = check_entry (file, &entry, name);
	if (result == 0 && config->n_entries == ENTRIES_MAX)
		result = fail (file, "more than %d lines: that is too much", ENTRIES_MAX);
	if (result == 0 && !(more = grow (config->entries, config->n_entries, sizeof *more)))
		result = fail_memory (file);
	if (result < 0) {
		free_words (&entry.words);
		return -1;
	}
	config->entries = more;
	more[config->n_entries++] = entry;
	return 0;
}

static int check_patterns (const struct config_file *file, const struct config_words *patterns)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (!*patterns->words[i])
			return fail (file, "Host has an empty pattern");
	return patterns->n ? 0 : fail (file, "Host has no value");
}

/* Host or Match: from here on, lines belong to a new block. */
static int open_block (struct config_file *file, enum config_keyword keyword, const char *rest)
{
	struct config_block block = { .kind = BLOCK_HOSTS, .parent = file->outer };
	struct ssh_config *config = file->config;

	if (config->n_blocks == ENTRIES_MAX)
		return fail (file, "more than %d lines: that is too much", ENTRIES_MAX);
	if (split (file, rest, &block.patterns) < 0 ||
		(keyword == KEYWORD_HOST && check_patterns (file, &block.patterns) < 0)) {
		free_words (&block.patterns);
		return -1;
	}
	if (keyword == KEYWORD_MATCH) {
		bool all = block.patterns.n == 1 && !strcasecmp (block.patterns.words[0], "all");

		block.kind = all ? BLOCK_ALWAYS : BLOCK_NEVER;
		if (!all && !config->ignored++) {
			config->ignored_path = strdup (file->path);
			config->ignored_line = file->line;
		}
	}
	if (add_block (config, &block) < 0) {
		free_words (&block.patterns);
		return fail_memory (file);
	}
	file->block = config->n_blocks - 1;
	return 0;
}

static int read_file (struct config_file *file);

/* The pattern of an Include, with its home or directory; NULL and err. */
static char *include_pattern (const struct config_file *file, const char *word)
{
	char *pattern = NULL;

	if (*word == '/')
		pattern = strdup (word);
	else if (*word != '~')
		pattern = asprintf (&pattern, "%s/%s", file->directory, word) < 0 ? NULL : pattern;
	else if (word[1] == '/')
		pattern = asprintf (&pattern, "%s%s", file->config->home, word + 1) < 0 ? NULL : pattern;
	else {
		fail (file, "Include knows ~/ only");
		return NULL;
	}
	if (!pattern)
		fail_memory (file);
	return pattern;
}

static int include_files (const struct config_file *file, const char *word)
{
	struct ssh_config *config = file->config;
	char *pattern = include_pattern (file, word), **paths;
	int result = pattern ? 0 : -1;

	paths = pattern ? config->ops->find (config->context, pattern) : NULL;
	if (pattern && !paths)
		result = fail_memory (file);
	for (size_t i = 0; paths && paths[i]; i++) {
		struct config_file inner = { .config = config,
			.path = paths[i],
			.directory = file->directory,
			.depth = file->depth + 1,
			.outer = file->block,
			.block = file->block,
			.err = file->err };

		if (result == 0 && inner.depth >= SSH_CONFIG_DEPTH_MAX)
			result = fail (file, "more than %d files include each other", SSH_CONFIG_DEPTH_MAX);
		if (result == 0 && read_file (&inner) < 0)
			result = -1;
		free (paths[i]);
	}
	free (paths);
	free (pattern);
	return result;
}

static int include (const struct config_file *file, const char *rest)
{
	struct config_words words = { .n = 0 };
	int result = split (file, rest, &words);

	if (result == 0 && !words.n)
		result = fail (file, "Include has no value");
	for (size_t i = 0; i < words.n && result == 0; i++)
		result = include_files (file, words.words[i]);
	free_words (&words);
	return result;
}

/* One line, without its newline: "KEYWORD VALUE", or with one "=" between the two. */
static int read_line (struct config_file *file, char *line)
{
	enum config_keyword keyword;
	const char *shown = NULL;
	char *rest;
	size_t n;

	for (n = strlen (line); n && strchr (" \t\r\f", line[n - 1]);)
		line[--n] = '\0';
	line += strspn (line, " \t\r\f");
	if (!*line || *line == '#')
		return 0;
	n = strcspn (line, " \t=");
	rest = line + n + strspn (line + n, " \t");
	if (*rest == '=')
		rest += 1 + strspn (rest + 1, " \t");
	switch (keyword = find_keyword (line, n, &shown)) {
	case KEYWORD_OTHER: return 0;
	case KEYWORD_HOST:
	case KEYWORD_MATCH: return open_block (file, keyword, rest);
	case KEYWORD_INCLUDE: return include (file, rest);
	default: return add_entry (file, keyword, shown, rest);
	}
}

/* --- files ------------------------------------------------------------------------------------------------------- */

/* 1; 0: there is no such file; -1 and err. */
static int read_file (struct config_file *file)
{
	struct ssh_config *config = file->config;
	struct err why = { 0 };
	char *text, *rest, *line;
	int result = 1;
	size_t n;

	if (config->n_files++ == SSH_CONFIG_FILES_MAX)
		return err_set (
			file->err, 0, "%.200s: more than %d files are included", file->path, SSH_CONFIG_FILES_MAX);
	if (!(text = config->ops->read (config->context, file->path, &n, &why))) {
		if (why.sys == ENOENT || why.sys == ENOTDIR)
			return 0;
		return err_set (file->err, 0, "%s", why.text);
	}
	if (strlen (text) != n)
		result = err_set (file->err, 0, "%.200s has a byte 0: that is no text", file->path);
	for (rest = text; result > 0 && (line = strsep (&rest, "\n"));) {
		file->line++;
		if (read_line (file, line) < 0)
			result = -1;
	}
	free (text);
	return result;
}

int ssh_config_read (struct ssh_config *config, const char *path, struct err *err)
{
	const char *slash = strrchr (path, '/');
	char *directory = slash ? strndup (path, (size_t)(slash - path)) : strdup (".");
	struct config_file file = { .config = config, .path = path, .directory = directory, .err = err };
	int result = directory ? read_file (&file) : err_set (err, 0, "out of memory");

	free (directory);
	return result;
}

static char *read_trusted (void *context, const char *path, size_t *n, struct err *err)
{
	(void)context;
	return trusted_read (path, SSH_CONFIG_FILE_MAX, n, err);
}

static char **find_files (void *context, const char *pattern)
{
	glob_t found = { .gl_pathc = 0 };
	int result = glob (pattern, 0, NULL, &found);
	char **paths;

	(void)context;
	if (result == GLOB_NOSPACE)
		return NULL;
	if ((paths = calloc (found.gl_pathc + 1, sizeof *paths)))
		for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
			if (!(paths[i] = strdup (found.gl_pathv[i])))
				result = -1;
	if (result == -1) {
		for (size_t i = 0; paths[i]; i++)
			free (paths[i]);
		free (paths);
		paths = NULL;
	}
	globfree (&found);
	return paths;
}

const struct ssh_config_ops ssh_config_files = { read_trusted, find_files };

/* --- finding ----------------------------------------------------------------------------------------------------- */

static bool block_names (const struct config_block *block, const char *host)
{
	bool found = false;

	for (size_t i = 0; i < block->patterns.n; i++) {
		const char *pattern = block->patterns.words[i];
		bool excludes = *pattern == '!';

		if (!pattern_matches (pattern + excludes, host))
			continue;
		if (excludes)
			return false;
		found = true;
	}
	return found;
}

/* Which blocks apply to a host, in new memory. A block stands behind its parent. */
static bool *find_blocks (const struct ssh_config *config, const char *host)
{
	bool *applies = calloc (config->n_blocks, sizeof *applies);

	for (size_t i = 0; applies && i < config->n_blocks; i++) {
		const struct config_block *block = &config->blocks[i];

		applies[i] = (!i || applies[block->parent]) &&
			     (block->kind == BLOCK_ALWAYS || (block->kind == BLOCK_HOSTS && block_names (block, host)));
	}
	return applies;
}

static bool is_none (const char *value)
{
	return !strcasecmp (value, "none");
}

static int add_value (struct ssh_config_list *list, const char *value)
{
	const char **more;

	for (size_t i = 0; i < list->n; i++)
		if (!strcmp (list->values[i], value))
			return 0;
	if (!(more = realloc (list->values, (list->n + 1) * sizeof *more)))
		return -1;
	list->values = more;
	more[list->n++] = value;
	return 0;
}

/* All the words become the list, unless one was said before. */
static int set_list (struct ssh_config_list *list, const struct config_words *words)
{
	if (list->said)
		return 0;
	list->said = true;
	if (words->n == 1 && is_none (words->words[0]))
		return 0;
	for (size_t i = 0; i < words->n; i++)
		if (add_value (list, words->words[i]) < 0)
			return -1;
	return 0;
}

static int add_identity_file (struct ssh_config_list *list, const char *path)
{
	list->said = true;
	return is_none (path) || list->n == SSH_CONFIG_IDENTITIES_MAX ? 0 : add_value (list, path);
}

static void set_text (const char **to, const char *value)
{
	if (!*to)
		*to = value;
}

/* Flags that a line has set: the first one counts. */
struct config_flags {
	bool identities_only, hash_known;
};

static void set_flag (bool *to, bool *is_said, const char *value)
{
	if (!*is_said)
		*to = !strcasecmp (value, "yes") || !strcasecmp (value, "true");
	*is_said = true;
}

/* 0, or -1: out of memory. */
static int take_entry (struct ssh_settings *settings, const struct config_entry *entry, struct config_flags *said)
{
	const char *value = entry->words.words[0];

	switch (entry->keyword) {
	case KEYWORD_HOST_NAME: set_text (&settings->host_name, value); return 0;
	case KEYWORD_USER: set_text (&settings->user, value); return 0;
	case KEYWORD_IDENTITY_AGENT: set_text (&settings->identity_agent, value); return 0;
	case KEYWORD_HOST_KEY_ALIAS: set_text (&settings->host_key_alias, value); return 0;
	case KEYWORD_STRICT_CHECKING: set_text (&settings->strict_checking, value); return 0;
	case KEYWORD_PORT: settings->port = settings->port ? settings->port : entry->port; return 0;
	case KEYWORD_PROXY_JUMP:
		if (!settings->proxy_command)
			set_text (&settings->proxy_jump, value);
		return 0;
	case KEYWORD_PROXY_COMMAND:
		if (!settings->proxy_jump)
			set_text (&settings->proxy_command, value);
		return 0;
	case KEYWORD_IDENTITIES_ONLY: set_flag (&settings->identities_only, &said->identities_only, value); return 0;
	case KEYWORD_HASH_KNOWN_HOSTS: set_flag (&settings->hash_known, &said->hash_known, value); return 0;
	case KEYWORD_IDENTITY_FILE: return add_identity_file (&settings->identity_files, value);
	case KEYWORD_USER_KNOWN_HOSTS: return set_list (&settings->user_known_hosts, &entry->words);
	case KEYWORD_GLOBAL_KNOWN_HOSTS: return set_list (&settings->global_known_hosts, &entry->words);
	default: return 0;
	}
}

int ssh_config_find (const struct ssh_config *config, const char *host, struct ssh_settings *settings, struct err *err)
{
	struct config_flags said = { .hash_known = false };
	bool *applies = find_blocks (config, host);
	int result = applies ? 0 : -1;

	*settings = (struct ssh_settings){ .port = 0 };
	for (size_t i = 0; i < config->n_entries && result == 0; i++)
		if (applies[config->entries[i].block])
			result = take_entry (settings, &config->entries[i], &said);
	free (applies);
	if (settings->proxy_jump && is_none (settings->proxy_jump))
		settings->proxy_jump = NULL;
	if (settings->proxy_command && is_none (settings->proxy_command))
		settings->proxy_command = NULL;
	if (result == 0)
		return 0;
	ssh_settings_free (settings);
	return err_set (err, 0, "out of memory");
}

void ssh_settings_free (struct ssh_settings *settings)
{
	free (settings->identity_files.values);
	free (settings->user_known_hosts.values);
	free (settings->global_known_hosts.values);
	*settings = (struct ssh_settings){ .port = 0 };
}

/* --- tokens ------------------------------------------------------------------------------------------------------ */

/* 0; -1 and err: no such token; -1 with err->sys: memory or the room is at its end. */
static int put_token (
	struct buf *out, char token, const struct ssh_config_tokens *tokens, const char *value, struct err *err)
{
	const char *text = NULL;
	char number[24], shown[80], name[2] = { token, '\0' };

	switch (token) {
	case '%': text = "%"; break;
	case 'd': text = tokens->home; break;
	case 'h': text = tokens->host; break;
	case 'n': text = tokens->original; break;
	case 'r': text = tokens->user; break;
	case 'u': text = tokens->local_user; break;
	case 'i':
		snprintf (number, sizeof number, "%u", (unsigned)getuid ());
		text = number;
		break;
	case 'p':
		snprintf (number, sizeof number, "%u", tokens->port);
		text = tokens->port ? number : NULL;
		break;
	default: break;
	}
	if (!text)
		return err_set (err, 0, "%%%s cannot be used in '%s'", text_escape (shown, 8, name, strlen (name)),
			text_escape (shown + 8, sizeof shown - 8, value, strlen (value)));
	return buf_append (out, text, strlen (text)) < 0 ? err_sys (err, 0, "a value is too long") : 0;
}

/* Put ${NAME}; *at is behind the "${", and then behind the "}". */
static int put_variable (struct buf *out, const char **at, const char *value, struct err *err)
{
	const char *end = strchr (*at, '}'), *text;
	char name[128], shown[80];

	text_escape (shown, sizeof shown, value, strlen (value));
	if (!end || end == *at || end - *at >= (ptrdiff_t)sizeof name)
		return err_set (err, 0, "'%s' has a ${ without a name and a }", shown);
	memcpy (name, *at, (size_t)(end - *at));
	name[end - *at] = '\0';
	*at = end + 1;
	if (!(text = getenv (name)))
		return err_set (err, 0, "the variable %s of '%s' is not set",
			text_escape (shown, 40, name, strlen (name)),
			text_escape (shown + 40, 40, value, strlen (value)));
	return buf_append (out, text, strlen (text)) < 0 ? err_sys (err, 0, "a value is too long") : 0;
}

static int put_value (
	struct buf *out, const char *value, const struct ssh_config_tokens *tokens, bool path, struct err *err)
{
	for (const char *at = value; *at;) {
		if (at[0] == '%') {
			if (put_token (out, at[1], tokens, value, err) < 0)
				return -1;
			at += 2;
		} else if (path && at[0] == '$' && at[1] == '{') {
			at += 2;
			if (put_variable (out, &at, value, err) < 0)
				return -1;
		} else if (buf_append (out, at++, 1) < 0) {
			return err_sys (err, 0, "a value is too long");
		}
	}
	return 0;
}

static char *expand (const char *value, const struct ssh_config_tokens *tokens, bool path, struct err *err)
{
	char *result = NULL, shown[80];
	struct buf out;
	int failed = 0;

	buf_init (&out, VALUE_MAX);
	if (path && *value == '~') {
		if (value[1] && value[1] != '/')
			failed = err_set (err, 0, "'%s': only ~/ is possible",
				text_escape (shown, sizeof shown, value, strlen (value)));
		else if (buf_append (&out, tokens->home, strlen (tokens->home)) < 0)
			failed = err_sys (err, 0, "a value is too long");
	}
	if (failed == 0 && put_value (&out, value + (path && *value == '~'), tokens, path, err) == 0 &&
		!(result = strndup (buf_len (&out) ? (const char *)buf_head (&out) : "", buf_len (&out))))
		err_set (err, 0, "out of memory");
	buf_free (&out);
	return result;
}

char *ssh_config_expand (const char *value, const struct ssh_config_tokens *tokens, struct err *err)
{
	return expand (value, tokens, false, err);
}

char *ssh_config_expand_path (const char *value, const struct ssh_config_tokens *tokens, struct err *err)
{
	return expand (value, tokens, true, err);
}
