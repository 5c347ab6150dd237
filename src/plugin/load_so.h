/* load_so - the kind of plugin that is a shared object with a constant `remex_plugin` (remex/plugin.h), made by
 * REMEX_PLUGIN.
 *
 * The object is loaded with dlopen(3) from the descriptor that the supervisor opened. The tables are read before any
 * function of the plugin is called. They are copied into rows of our own size: an older plugin has shorter rows, and
 * the missing members are zero.
 */
#ifndef REMEX_PLUGIN_LOAD_SO_H
#define REMEX_PLUGIN_LOAD_SO_H

#include "plugin/declaration.h"

extern const struct plugin_kind plugin_so;

#endif
