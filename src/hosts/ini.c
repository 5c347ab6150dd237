/* ini - see ini.h. */
#include "config.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hosts/ini.h"

struct ini_scan {
	struct ini *ini;
	struct ini_section *section; /* NULL: none has begun */
	struct ini_key *key; /* the last one, for lines that continue it */
	const char *file;
	unsigned line;
	struct err *err;
};

void ini_free (struct ini *ini)
{
	for (size_t i = 0; i < ini->n_sections; i++) {
		struct ini_section *section = &ini->sections[i];

		for (size_t k = 0; k < section->n_keys; k++) {
			free (section->keys[k].name);
			free (section->keys[k].value);
		}
		free (section->keys);
		free (section->name);
	}
	free (ini->sections);
	*ini = (struct ini){ .n_sections = 0 };
}

static struct ini_section *find_section (const struct ini *ini, const char *name)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		if (!strcmp (ini->sections[i].name, name))
			return &ini->sections[i];
	return NULL;
}

static struct ini_key *find_key (const struct ini_section *section, const char *name)
{
	for (size_t i = 0; i < section->n_keys; i++)
		if (!strcmp (section->keys[i].name, name))
			return &section->keys[i];
	return NULL;
}

const char *ini_get (const struct ini *ini, const char *section_name, const char *key_name)
{
	const struct ini_section *section = find_section (ini, section_name);
	const struct ini_key *key = section ? find_key (section, key_name) : NULL;

	return key ? key->value : NULL;
}

static int fail (const struct ini_scan *scan, const char *line, const char *words)
{
	char shown[80];

	return err_set (scan->err, 0, "%.200s:%u: '%s' %s", scan->file, scan->line,
		text_escape (shown, sizeof shown, line, strlen (line)), words);
}

static int fail_memory (const struct ini_scan *scan)
{
	return err_set (scan->err, 0, "out of memory");
}

static char *trim (char *text)
{
	char *end;

	text += strspn (text, " \t\r");
	for (end = text + strlen (text); end > text && strchr (" \t\r", end[-1]);)
		*--end = '\0';
	return text;
}

static int begin_section (struct ini_scan *scan, char *line)
{
	struct ini *ini = scan->ini;
	char *end = strchr (line, ']');
	struct ini_section *more;

	if (!end)
		return fail (scan, line, "has no ']': [Main] begins a section");
	*end = '\0';
	scan->key = NULL;
	if ((scan->section = find_section (ini, line + 1)))
		return 0;
	if (!(more = realloc (ini->sections, (ini->n_sections + 1) * sizeof *more)))
		return fail_memory (scan);
	ini->sections = more;
	scan->section = &more[ini->n_sections];
	*scan->section = (struct ini_section){ .name = strdup (line + 1) };
	if (!scan->section->name)
		return fail_memory (scan);
	ini->n_sections++;
	return 0;
}

/* The key of that name in the current section, made where there is none. NULL: out of memory. */
static struct ini_key *make_key (struct ini_section *section, const char *name)
{
	struct ini_key *key = find_key (section, name), *more;

	if (key)
		return key;
	if (!(more = realloc (section->keys, (section->n_keys + 1) * sizeof *more)))
		return NULL;
	section->keys = more;
	key = &more[section->n_keys];
	*key = (struct ini_key){ .name = strdup (name) };
	if (!key->name)
		return NULL;
	section->n_keys++;
	return key;
}

static int read_key (struct ini_scan *scan, char *line)
{
	char *sign = strpbrk (line, ":="), *value, *name;

	if (!sign)
		return fail (scan, line, "is neither a [section] nor a key: a key has a ':' and a value");
	if (!scan->section)
		return fail (scan, line, "is in no section: [Main] begins one");
	*sign = '\0';
	name = trim (line);
	for (char *p = name; *p; p++)
		*p = (char)tolower ((unsigned char)*p);
	value = strdup (trim (sign + 1));
	scan->key = value ? make_key (scan->section, name) : NULL;
	if (!scan->key) {
		free (value);
		return fail_memory (scan);
	}
	free (scan->key->value);
	scan->key->value = value;
	return 0;
}

static int continue_value (struct ini_scan *scan, const char *line)
{
	char *value;

	if (asprintf (&value, "%s\n%s", scan->key->value, line) < 0)
		return fail_memory (scan);
	free (scan->key->value);
	scan->key->value = value;
	return 0;
}

int ini_read (struct ini *ini, char *text, const char *file, struct err *err)
{
	struct ini_scan scan = { .ini = ini, .file = file, .err = err };
	char *rest = text, *line;
	int result = 0;

	while (result == 0 && (line = strsep (&rest, "\n"))) {
		bool indented = *line == ' ' || *line == '\t';

		scan.line++;
		line = trim (line);
		if (!*line || *line == '#' || *line == ';')
			continue;
		if (indented && scan.key)
			result = continue_value (&scan, line);
		else
			result = *line == '[' ? begin_section (&scan, line) : read_key (&scan, line);
	}
	return result;
}
