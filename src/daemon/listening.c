/* listening - what remexd listens on: what its configuration names, or what a service manager has opened for it; and what
 * TCP needs besides, a host key and somebody who may come in (supervisor.h).
 */
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
#include "daemon/service.h"
#include "daemon/supervisor.h"
#include "net/credential.h"
#include "net/peer.h"

/* Is the socket in the directory of the default one? That directory is remexd's by its name. */
static bool in_own_directory (const char *path)
{
	char *usual = paths_socket ();
	size_t n = usual ? (size_t)(strrchr (usual, '/') - usual) + 1 : 0;
	bool own = usual && !strncmp (path, usual, n) && !strchr (path + n, '/');

	free (usual);
	return own;
}

static int open_unix (struct supervisor *supervisor, struct listener *listener, const char *path, struct err *err)
{
	if (listener_open (listener, path, supervisor->group, in_own_directory (path), err) < 0)
		return -1;
	if (listener->closed)
		log_warning ("members of group remex cannot reach %s: its directory lets them not in (chgrp remex, "
			     "chmod 750)",
			path);
	return 0;
}

static int open_default (struct supervisor *supervisor, struct err *err)
{
	char *path = paths_socket ();
	int result;

	if (!path)
		return err_sys (err, 0, "the default socket");
	if (!(result = open_unix (supervisor, &supervisor->listeners[0], path, err)))
		supervisor->n_listeners = 1;
	free (path);
	return result;
}

static int open_configured (struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->generation->config;
	int result;

	for (size_t i = 0; i < config->n_listen && i < SUPERVISOR_LISTENERS; i++) {
		const struct config_listen *listen = &config->listen[i];
		struct listener *listener = &supervisor->listeners[i];

		if (listen->kind == LISTEN_TCP)
			result = listener_open_tcp (listener, &listen->endpoint, err);
		else
			result = open_unix (supervisor, listener, listen->path, err);
		if (result < 0)
			return -1;
		supervisor->n_listeners++;
	}
	return 0;
}

/* The sockets of a service manager take the place of `listen`: who opened them decided that, and they are open while
 * remexd is not there. */
static int adopt (struct supervisor *supervisor, int n, struct err *err)
{
	for (int i = 0; i < n; i++) {
		if (supervisor->n_listeners == SUPERVISOR_LISTENERS)
			return err_set (
				err, 0, "the service manager has passed more than %d sockets", SUPERVISOR_LISTENERS);
		if (listener_adopt (&supervisor->listeners[supervisor->n_listeners], SERVICE_FIRST_FD + i, err) < 0)
			return -1;
		supervisor->n_listeners++;
	}
	log_info ("listening on the sockets of the service manager, in place of `listen`");
	return 0;
}

/* TCP without anybody who may come in is a mistake, or an open door to come: say what to do. */
static int check_identities (const struct generation *generation, struct err *err)
{
	if (identities_count (&generation->identities))
		return 0;
	return err_set (err, 0,
		"listen names tcp, and no identity in %s may come in. On the machine that is to call: remex keygen; "
		"then "
		"here: remex authorize NAME 'remex-ed25519 ...' --allow exec",
		generation->identities.directory ? generation->identities.directory : "(no home)");
}

static int open_host_key (struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->generation->config;
	char *path = config->host_key ? strdup (config->host_key) : paths_config (PATHS_HOST_KEY);
	int result = -1;

	if (!path)
		err_set (err, 0, "there is no place for a host key: set host_key");
	else if (hostkey_ensure (path, err) == 0 && (supervisor->host_key = hostkey_open (path, err)) >= 0)
		result = 0;
	free (path);
	return result;
}

/* Can the host key be used? One that is not there yet would be made. */
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

int listening_check (const struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->generation->config;

	for (size_t i = 0; i < config->n_listen; i++)
		if (config->listen[i].kind == LISTEN_TCP)
			return check_identities (supervisor->generation, err) < 0 ? -1 : check_host_key (config, err);
	return 0;
}

/* As root we have to know on which socket a caller came (workers.c, may_have). */
static void check_recognition (const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n_listeners && geteuid () == 0; i++) {
		const struct listener *listener = &supervisor->listeners[i];

		if (listener->kind == LISTEN_UNIX && !peer_accepted_on (listener->fd, listener->fd)) {
			log_warning ("no caller on %s can be recognised, and calls there that need a new worker are "
				     "refused: the kernel says on which socket a caller came only to CAP_NET_ADMIN "
				     "(docker run --cap-add NET_ADMIN), or through sock_diag(7), which is missing here "
				     "(CONFIG_UNIX_DIAG)",
				listener->path);
			return;
		}
	}
}

int listening_open (struct supervisor *supervisor, struct err *err)
{
	const struct group *group = geteuid () == 0 ? getgrnam ("remex") : NULL;
	int passed = service_sockets (), result;

	supervisor->group = group ? group->gr_gid : (gid_t)-1;
	if (passed > 0)
		result = adopt (supervisor, passed, err);
	else if (supervisor->generation->config->n_listen)
		result = open_configured (supervisor, err);
	else
		result = open_default (supervisor, err);
	if (!result)
		check_recognition (supervisor);
	for (size_t i = 0; i < supervisor->n_listeners && !result; i++)
		if (supervisor->listeners[i].kind == LISTEN_TCP && supervisor->host_key < 0)
			result = check_identities (supervisor->generation, err) < 0 ? -1
										    : open_host_key (supervisor, err);
	return result;
}
