/* ssh_exec HOST PORT KEY COMMAND - what a command costs by libssh2 alone: one blocking session, which is logged in with the
 * private key, and a channel for each command. Both streams are read to their end. Anything but exit status 0 ends it. The
 * key of the server is not compared: the bench has started it.
 */
#include "config.h"

#include <errno.h>
#include <libssh2.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "meter.h"
#include "net/endpoint.h"

struct client {
	LIBSSH2_SESSION *session;
	const char *command;
};

static void fail (LIBSSH2_SESSION *session, const char *what)
{
	char *text = NULL;

	libssh2_session_last_error (session, &text, NULL, 0);
	errno = 0;
	meter_fail ("%s: %s", what, text);
}

static int dial (const char *host, const char *port)
{
	char where[100];
	struct endpoint to;
	struct err err;
	int fd;

	snprintf (where, sizeof where, "%s:%s", host, port);
	if (endpoint_parse (&to, where, &err) < 0)
		meter_fail ("%s", err.text);
	fd = socket (to.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect (fd, (struct sockaddr *)&to.address, to.size) < 0)
		meter_fail ("%s", where);
	endpoint_tune (fd);
	return fd;
}

static void one (struct client *client)
{
	LIBSSH2_CHANNEL *channel = libssh2_channel_open_session (client->session);
	char bytes[65536];
	ssize_t n;

	if (!channel || libssh2_channel_exec (channel, client->command))
		fail (client->session, "exec");
	for (int stream = 0; stream < 2; stream++)
		while ((n = libssh2_channel_read_ex (channel, stream, bytes, sizeof bytes)) > 0)
			continue;
	if (n < 0 || libssh2_channel_close (channel) || libssh2_channel_wait_closed (channel))
		fail (client->session, "the end of a command");
	errno = 0;
	if (libssh2_channel_get_exit_status (channel))
		meter_fail ("%s ended with %d", client->command, libssh2_channel_get_exit_status (channel));
	libssh2_channel_free (channel);
}

static void run (void *arg, long n)
{
	while (n-- > 0)
		one (arg);
}

int main (int argc, char **argv)
{
	struct client client = { .command = argc == 5 ? argv[4] : NULL };
	const struct passwd *user = getpwuid (getuid ());

	if (argc != 5 || !user)
		meter_fail ("usage: ssh_exec HOST PORT KEY COMMAND");
	if (libssh2_init (0) || !(client.session = libssh2_session_init ()))
		meter_fail ("no memory");
	libssh2_session_method_pref (client.session, LIBSSH2_METHOD_HOSTKEY, "ssh-ed25519");
	if (libssh2_session_handshake (client.session, dial (argv[1], argv[2])))
		fail (client.session, "the handshake");
	if (libssh2_userauth_publickey_fromfile (client.session, user->pw_name, NULL, argv[3], NULL))
		fail (client.session, "the login");
	return meter_serve (run, &client);
}
