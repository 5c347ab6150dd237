/* fuzz_config - any bytes as remexd.yaml: refused in one line that names the file, or a configuration whose values keep
 * their promises. So do the values of a plugin's section under every conversion.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static void check_node (const struct conf_node *node, unsigned depth)
{
	long long number;
	double real;
	bool truth;

	require (depth <= CONF_DEPTH_MAX + 1 && node->line && node->column);
	require ((node->kind == CONF_SCALAR) == (node->value != NULL));
	if (conf_size (node, &number) == 0)
		require (number >= 0);
	if (conf_time (node, &number) == 0)
		require (number >= 0);
	if (conf_number (node, &real) == 0)
		require (isfinite (real));
	if (conf_integer (node, &number) == 0)
		require (conf_bool (node, &truth) < 0);
	for (size_t i = 0; i < node->n_items; i++) {
		require (!!node->items[i]->key == (node->kind == CONF_MAP));
		check_node (node->items[i], depth + 1);
	}
}

static void check_former (const char *words)
{
	require (!strncmp (words, "fuzz:", 5) && !strchr (words, '\n'));
}

static void check_config (const struct config *config)
{
	require (config->workers_max >= 1 && config->workers_max <= 4096);
	require (config->workers_spare >= 0 && config->workers_spare <= config->workers_max);
	require (config->workers_requests >= 0 && config->queue_length >= 1 && config->queue_bytes >= 4096);
	require (config->limits.ping_ms > 0 && config->limits.ping_ms < config->limits.silence_ms);
	require (config->limits.grace_ms >= 0 && config->limits.message_ms > 0 && config->limits.drain_ms >= 0);
	require (config->limits.handshake_ms > 0 && config->limits.penalty_ms >= 0 && config->limits.idle_ms >= 0);
	require (config->limits.unauthenticated_each >= 1 &&
		 config->limits.unauthenticated_each <= config->limits.unauthenticated);
	require (config->limits.output >= 65536 && config->limits.stall_ms > 0);
	require ((config->audit == AUDIT_FILE) == (config->audit_file != NULL));
	require (config->limits.calls >= 1 && config->limits.connections >= 1);
	require (config->log >= LOG_ERROR && config->log <= LOG_DEBUG);
	require (config->n_plugins_directories > 0 && config->n_plugins_directories <= CONFIG_DIRECTORIES);
	for (size_t i = 0; i < config->n_plugins_directories; i++)
		require (config->plugins_directories[i][0] == '/');
	require (!config->front_user || config->front_user[0]);
	for (size_t i = 0; i < config->n_listen; i++) {
		const struct config_listen *listen = &config->listen[i];

		require (listen->line);
		if (listen->kind == LISTEN_UNIX)
			require (listen->path[0] == '/' && strlen (listen->path) <= 107);
		else
			require (!listen->path && listen->endpoint.size);
	}
	for (size_t i = 0; i < config->n_plugins; i++) {
		const struct config_plugin *plugin = &config->plugins[i];

		require (config_plugin (config, plugin->name) == plugin);
		require (!plugin->options || (plugin->enabled && plugin->options->kind == CONF_MAP));
	}
	check_node (config->tree, 1);
	config_report_former (config, check_former);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct config *config = config_parse ((const char *)data, size, "fuzz", &err);

	if (config) {
		require (!err.text[0]);
		check_config (config);
	} else {
		require (!strncmp (err.text, "fuzz:", 5) && !strchr (err.text, '\n'));
	}
	config_free (config);
	return 0;
}
