/* ssh_forward - remex-ssh --forward: the reverse tunnel of remexd. It asks the sshd of a bastion to listen there
 * ("tcpip-forward", RFC 4254, section 7.1), and leads each client that comes to the front of the local remexd.
 *
 *   waiting for orders -> looking up, connecting, logging in (ssh_session.h) -> asking the bastion to listen -> UP -> the end
 *
 * There is one connection, and the process ends with it: the supervisor (daemon/tunnel_process.h) starts the next one. The
 * records are in wire/records.h. The process has no configuration and reads no file but those that getaddrinfo(3) wants: the
 * private key and the known hosts come as descriptors. Of the key only this process knows the content.
 *
 * For each client the front is asked for one end of a pair of sockets, over a link of their own: INBOUND. Until it comes, the
 * channel waits, and libssh2 keeps what the client has sent.
 */
#ifndef REMEX_SSH_SSH_FORWARD_H
#define REMEX_SSH_SSH_FORWARD_H

enum {
	FORWARD_CLIENTS = 256, /* at once; as many more wait in libssh2, and further ones are refused there */
	FORWARD_MEMORY = 128 << 20, /* bytes that libssh2 may keep: up to 1.5 MiB of each client whose reader stalls */
	FORWARD_LISTEN_MS = 15000, /* from the request to listen to the answer */
	FORWARD_FRONT_MS = 10000, /* from a request for a socket to the front's answer */
	FORWARD_ALONE_MS =
		30000, /* without a front and without clients: then it ends, and the next one gets a new link */
};

/* The main function, with the link to the supervisor. Returns the exit status. */
int ssh_forward_run (int control);

#endif
