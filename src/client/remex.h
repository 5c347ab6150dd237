/* remex - the state that all hosts of one struct remex share: the loop, our own key, the lookups of names.
 *
 * A struct remex owns its hosts, and a host owns its requests. Events are pulled: remex_next asks the hosts on the
 * `ready` list one after the other (host_next) until one has an event, and only then lets libuv wait. The callbacks of
 * libuv read bytes and put the host on the list. So a host holds at most one message that was not returned yet, and
 * some bytes after it.
 *
 * The files of libremex, from the top: each file calls only the files below it.
 *
 *   remex.c      the loop
 *   connect.c    remex_connect, remex_probe, remex_attach: from an address to a host and its dialer
 *   dial_*.c     the ways to get a stream (dial.h): a Unix socket, TCP, a command, ssh, connected descriptors
 *   secure.c     TLS over a connected socket, for dialers
 *   host.c       one connection: its bytes, timers, events and end
 *   answer.c     what a message from the server means
 *   client_request.c: one call
 *   proxy.c      a command that leads to a host
 *   ssh_helper.c the program remex-ssh, and the tunnels through it
 *   trust.c      our key, and the pinned keys of hosts (keystore.c has them on the disk)
 *   address.c    from a word to a socket or a name; loop/resolver.c: from a name to its addresses
 *   args.c       the arguments of a call; error.c: the error that the caller gets
 */
#ifndef REMEX_CLIENT_REMEX_H
#define REMEX_CLIENT_REMEX_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "remex/client.h"

struct credential;
struct resolver;
struct ssh_helper;
struct tls_context;

struct remex {
	uv_loop_t loop;
	uv_timer_t timer; /* of remex_next */
	struct list hosts;
	size_t n_hosts;
	struct list ready; /* hosts that may have an event or bytes to send */
	int connect_ms; /* from the dial to hello; 0: as the dialer says */
	int64_t windows; /* of all requests that are not over */
	char *directory; /* of keys (keystore.h); NULL: not known yet */
	struct credential *identity; /* our own key; NULL: not read yet */
	struct tls_context *known, *unknown; /* known: for pinned hosts, shows our key; unknown: for other hosts, shows
						none */
	enum remex_ask_answer (*ask) (void *arg, const char *question, char *secret, size_t size); /* NULL: nobody */
	void *ask_arg;
	struct ssh_helper *ssh; /* NULL: nothing was reached through ssh yet */
	struct resolver *resolver; /* NULL: no name was looked up yet */
	struct remex_request *ended; /* the request whose end was the last event: to be freed */
	struct remex_request *unacked; /* the request whose output was the last event, */
	size_t unacked_size; /* and the size of that output, which counts as consumed when the next event is asked
				for */
};

#endif
