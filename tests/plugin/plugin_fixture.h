/* plugin_fixture - a private directory of plugins, and a configuration that names it. */
#ifndef REMEX_TESTS_PLUGIN_PLUGIN_FIXTURE_H
#define REMEX_TESTS_PLUGIN_PLUGIN_FIXTURE_H

#include <check.h>

#include "conf/config.h"

/* A fixture of every test: makes the directory, and removes it with all its entries. */
void fixture_add (TCase *tcase);

const char *fixture_directory (void);

/* Install a built plugin (its path in the build tree, without .so) under a name; a file with that text. */
void fixture_install (const char *built, const char *name);
void fixture_write (const char *name, const char *text);

/* The configuration with that directory and, for the plugins, this section (of "plugins: {directory: …, SECTION}"). */
struct config *fixture_config (const char *section);

#endif
