/* listening - see listening.h. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "daemon/hostkey.h"
#include "daemon/listening.h"
#include "daemon/service.h"
#include "net/credential.h"
#include "net/peer.h"

void listening_init (struct listening *listening)
{
	*listening = (struct listening){ .group = (gid_t)-1, .host_key = -1 };
}

/* --- the sockets ------------------------------------------------------------------------------------------------- */

/* Is the socket in the directory of the default socket? That directory belongs to remexd, by its name. */
static bool in_own_directory (const char *path)
{
	char *usual = paths_socket ();
	size_t n = usual ? (size_t)(strrchr (usual, '/') - usual) + 1 : 0;
	bool own = usual && !strncmp (path, usual, n) && !strchr (path + n, '/');

	free (usual);
	return own;
}

static void log_closed_to_group (const struct listener *listener)
{
	if (listener->closed)
		log_warning ("members of group remex cannot reach %s: they may not enter its directory (chgrp remex, "
			     "chmod 750)",
			listener->path);
}

static int open_unix (const struct listening *listening, struct listener *listener, const char *path, struct err *err)
{
	if (listener_open (listener, path, listening->group, in_own_directory (path), err) < 0)
		return -1;
	log_closed_to_group (listener);
	return 0;
}

static int open_default (struct listening *listening, struct err *err)
{
	char *path = paths_socket ();
	int result;

	if (!path)
		return err_set (err, 0, "out of memory");
	if (!(result = open_unix (listening, &listening->listeners[0], path, err)))
		listening->n_listeners = 1;
	free (path);
	return result;
}

static int open_configured (struct listening *listening, const struct config *config, struct err *err)
{
	int result;

	for (size_t i = 0; i < config->n_listen && i < LISTENING_MAX; i++) {
		const struct config_listen *address = &config->listen[i];
		struct listener *listener = &listening->listeners[i];

		if (address->kind == LISTEN_TCP)
			result = listener_bind_tcp (listener, &address->endpoint, err);
		else
			result = open_unix (listening, listener, address->path, err);
		if (result < 0)
			return -1;
		listening->n_listeners++;
	}
	return 0;
}

static bool is_served (const struct listening *listening, const struct config_listen *listen)
{
	for (size_t i = 0; i < listening->n_listeners; i++)
		if (listen->kind == LISTEN_TCP ? listener_serves_tcp (&listening->listeners[i], &listen->endpoint)
					       : listener_serves_unix (&listening->listeners[i], listen->path))
			return true;
	return false;
}

static void log_not_served (const struct config_listen *listen)
{
	bool tcp = listen->kind == LISTEN_TCP;
	char shown[ENDPOINT_SIZE] = "";
	const char *name = tcp ? endpoint_format (&listen->endpoint, shown) : listen->path;

	log_warning (
		"%s://%s of `listen` is not served: the service manager passed other sockets, and they take the place "
		"of `listen` (to add it: ListenStream=%s in remexd.socket)",
		tcp ? "tcp" : "unix", name, name);
}

/* Take the sockets of a service manager in place of `listen`. */
static int adopt (struct listening *listening, int n, const struct config *config, struct err *err)
{
	for (int i = 0; i < n; i++) {
		if (listening->n_listeners == LISTENING_MAX)
			return err_set (err, 0, "the service manager has passed more than %d sockets", LISTENING_MAX);
		if (listener_adopt (&listening->listeners[listening->n_listeners], SERVICE_FIRST_FD + i, err) < 0)
			return -1;
		listening->n_listeners++;
	}
	log_info ("listening on the sockets of the service manager, in place of `listen`");
	for (size_t i = 0; i < config->n_listen; i++)
		if (!is_served (listening, &config->listen[i]))
			log_not_served (&config->listen[i]);
	return 0;
}

static const char *directory_of (const struct generation *generation)
{
	return generation->identities.directory ? generation->identities.directory : "(no home)";
}

/* TCP stays closed as long as no identity may connect. */
static void log_closed (const struct generation *generation, const struct endpoint *endpoint)
{
	char shown[ENDPOINT_SIZE];

	log_warning ("tcp://%s is closed: no identity in %s may connect; `remex authorize` adds one and opens it",
		endpoint_format (endpoint, shown), directory_of (generation));
}

static void log_listener (const struct listener *listener)
{
	char shown[ENDPOINT_SIZE];

	if (listener->kind == LISTEN_UNIX)
		log_info ("listening on unix://%s", listener->path);
	else if (!listener->silent)
		log_info ("listening on tcp://%s", endpoint_format (&listener->endpoint, shown));
}

int listening_start (struct listening *listening, const struct generation *generation, bool serving, struct err *err)
{
	for (size_t i = 0; i < listening->n_listeners; i++) {
		struct listener *listener = &listening->listeners[i];

		if (listener->kind != LISTEN_TCP)
			continue;
		if (identity_files_count (&generation->identities)) {
			if (!listener->silent)
				continue;
			if (listener_start (listener, err) < 0)
				return -1;
			if (serving)
				log_listener (listener);
		} else if (listener->silent) {
			log_closed (generation, &listener->endpoint);
		} else if (!serving) {
			log_warning ("TCP is open by the service manager, but no identity in %s may connect",
				directory_of (generation));
		}
	}
	return 0;
}

void listening_mend (struct listening *listening)
{
	for (size_t i = 0; i < listening->n_listeners; i++) {
		struct listener *listener = &listening->listeners[i];
		const char *changed = listener_changed (listener);
		struct err err;

		if (!changed) {
			listener_renew_backlog (listener);
			continue;
		}
		log_error ("the last front changed a listening socket (%s), which a healthy front never does", changed);
		if (listener_renew (listener, &err) < 0)
			log_error ("%s", err.text);
		else
			log_listener (listener);
	}
}

void listening_log (const struct listening *listening)
{
	for (size_t i = 0; i < listening->n_listeners; i++)
		log_listener (&listening->listeners[i]);
}

bool listening_has_accepted (const struct listening *listening, int peer)
{
	if (!peer_is_connection (peer))
		return false;
	for (size_t i = 0; i < listening->n_listeners; i++)
		if (listening->listeners[i].kind == LISTEN_UNIX && peer_accepted_on (peer, listening->listeners[i].fd))
			return true;
	return false;
}

void listening_close_sockets (struct listening *listening)
{
	for (size_t i = 0; i < listening->n_listeners; i++)
		listener_close (&listening->listeners[i]);
	listening->n_listeners = 0;
}

void listening_close (struct listening *listening)
{
	listening_close_sockets (listening);
	fd_close (&listening->host_key);
}

/* --- the host key ------------------------------------------------------------------------------------------------ */

static int open_host_key (struct listening *listening, const struct config *config, struct err *err)
{
	char *path = config->host_key ? strdup (config->host_key) : paths_config (PATHS_HOST_KEY);
	int made = -1;

	if (!path)
		err_set (err, 0, "there is no place for a host key: set host_key");
	else if ((made = hostkey_ensure (path, err)) >= 0)
		listening->host_key = hostkey_open (path, err);
	if (made > 0)
		log_info ("made the host key %s", path);
	free (path);
	return listening->host_key < 0 ? -1 : 0;
}

int listening_need_host_key (struct listening *listening, const struct config *config, struct err *err)
{
	if (listening->host_key >= 0)
		return 0;
	return open_host_key (listening, config, err) < 0 ? -1 : 1;
}

/* Can the host key be used? A missing key would be made. */
static int check_host_key (const struct config *config, struct err *err)
{
	char *path = config->host_key ? strdup (config->host_key) : paths_config (PATHS_HOST_KEY);
	struct credential *credential = NULL;
	int result = -1, fd;

	err->sys = 0;
	if (!path)
		err_set (err, 0, "there is no place for a host key: set host_key");
	else if ((fd = credential_open (path, err)) < 0)
		result = err->sys == ENOENT ? 0 : -1;
	else {
		result = (credential = credential_read (fd, path, err)) ? 0 : -1;
		fd_close (&fd);
	}
	credential_free (credential);
	free (path);
	return result;
}

int listening_check (const struct generation *generation, struct err *err)
{
	const struct config *config = generation->config;
	bool tcp = config->tunnel.host;

	for (size_t i = 0; i < config->n_listen; i++)
		if (config->listen[i].kind == LISTEN_TCP)
			tcp = true;
	if (!tcp)
		return 0;
	for (size_t i = 0; i < config->n_listen && !identity_files_count (&generation->identities); i++)
		if (config->listen[i].kind == LISTEN_TCP)
			log_closed (generation, &config->listen[i].endpoint);
	return check_host_key (config, err);
}

/* --- all --------------------------------------------------------------------------------------------------------- */

/* Warn when a supervisor that is root cannot find the socket of a caller (listening_has_accepted). */
static void check_recognition (const struct listening *listening)
{
	for (size_t i = 0; i < listening->n_listeners && geteuid () == 0; i++) {
		const struct listener *listener = &listening->listeners[i];

		if (listener->kind == LISTEN_UNIX && !peer_accepted_on (listener->fd, listener->fd)) {
			log_warning ("callers on %s cannot be identified, and their calls that need a new worker are "
				     "refused: the kernel tells the socket of a caller only with CAP_NET_ADMIN "
				     "(docker run --cap-add NET_ADMIN), or through sock_diag(7), which is missing here "
				     "(CONFIG_UNIX_DIAG)",
				listener->path);
			return;
		}
	}
}

/* Find the group `remex`: its members may call when root has started remexd. */
static gid_t find_group (void)
{
	const struct group *group = geteuid () == 0 ? getgrnam ("remex") : NULL;

	return group ? group->gr_gid : (gid_t)-1;
}

void listening_renew_group (struct listening *listening)
{
	gid_t group = find_group ();
	struct err err;

	if (group == listening->group)
		return;
	listening->group = group;
	for (size_t i = 0; i < listening->n_listeners; i++) {
		struct listener *listener = &listening->listeners[i];

		if (listener_give (listener, group, in_own_directory (listener->path), &err) < 0)
			log_error ("%s", err.text);
		else
			log_closed_to_group (listener);
	}
}

int listening_open (struct listening *listening, const struct generation *generation, struct err *err)
{
	int passed = service_sockets (), result;

	listening->group = find_group ();
	if (passed > 0)
		result = adopt (listening, passed, generation->config, err);
	else if (generation->config->n_listen)
		result = open_configured (listening, generation->config, err);
	else
		result = open_default (listening, err);
	if (!result)
		check_recognition (listening);
	for (size_t i = 0; i < listening->n_listeners && result >= 0; i++)
		if (listening->listeners[i].kind == LISTEN_TCP)
			result = listening_need_host_key (listening, generation->config, err);
	if (result >= 0 && generation->config->tunnel.host)
		result = listening_need_host_key (listening, generation->config, err);
	return result < 0 ? -1 : listening_start (listening, generation, false, err);
}
