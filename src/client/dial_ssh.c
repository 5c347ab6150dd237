/* dial_ssh - a stream to a remexd on the far side of a session of ssh (dial.h): remex-ssh (ssh_helper.h) makes the
 * session and runs `remex stdio`, or `remexd --stdio`, there. ssh authenticates both sides: the server by known_hosts,
 * and the user by the user's own keys. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "client/host.h"

static void on_opened (void *arg, int fd)
{
	struct remex_host *host = arg;
	struct stream stream;

	if (stream_owned (&stream, fd, fd) < 0) {
		host_fail (host, "", "%s", strerror (errno));
		fd_close (&fd);
	} else {
		host_greet (host, &stream);
	}
}

static void on_failed (void *arg, const char *code, const char *text)
{
	host_fail (arg, code, "%s", text);
}

/* What the sshd has shown is the host's key, as over TCP. */
static void on_shown (void *arg, const char *key, const char *known)
{
	struct remex_host *host = arg;

	trust_shown (host, key, known);
}

static const struct tunnel_ops ops = { on_opened, on_failed, on_shown };

static int ssh_start (struct remex_host *host, struct err *err)
{
	host_dialled (host);
	host->tunnel = host->proof.probe ? tunnel_probe (host->remex, &host->address.ssh, &ops, host, err)
					 : tunnel_new (host->remex, &host->address.ssh, NULL, 0, &ops, host, err);
	if (host->tunnel)
		return 0;
	host_fail (host, "", "%s", err->text);
	return -1;
}

static void ssh_wake (struct remex_host *host)
{
	if (clock_ms () < host->give_up_ms)
		host_timer (host, host->give_up_ms - clock_ms ());
	else
		host_fail (host, "", "no answer from %s in %g s", host->where, (double)host_limit_ms (host) / 1000);
}

const struct dialer dial_ssh = { DIAL_SSH_MS, ssh_start, ssh_wake, NULL };
