/* host_name - one name of a host list: [USER@]HOST[:PORT], [USER@]unix:///PATH, [USER@]local or
 * [USER@]ssh://[LOGIN@]HOST[:PORT], or
 * [USER@]ssh://[LOGIN@]GATEWAY[:PORT]/HOST[:PORT].
 *
 * HOST is a name, an address of IPv4, or an address of IPv6 in brackets, with its zone where it has one. The user ends
 * at the last '@', so that it may hold one itself (alice@example.com@web1).
 *
 * Two names are equal when they mean the same host: letters of HOST count in lower case (those of a zone do not), a dot
 * at the end of a name with another dot does not count, port 7363 is the same as no port (not with ssh), and an address of IPv6 is
 * compared as an address. Digits are compared as they are written: web1 and web01 are two hosts. Whether a name can be
 * looked up or dialled is not asked here.
 */
#ifndef REMEX_HOSTS_HOST_NAME_H
#define REMEX_HOSTS_HOST_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { HOST_NAME_BYTES = 512 }; /* of one name, at most */

struct host_name {
	const char *user; /* not terminated; NULL: none */
	size_t user_n;
	/* Not terminated; with the brackets of an address of IPv6, or the whole of unix:///PATH, or ssh://[LOGIN@]HOST,
	 * or ssh://[LOGIN@]GATEWAY[:PORT]/HOST. */
	const char *host;
	size_t host_n;
	const char *machine; /* HOST in it; the same as `host` without ssh:// */
	const char *port; /* the text behind the colon, terminated; NULL: none */
	bool path; /* unix:///PATH */
	bool ssh; /* ssh://HOST, whose port is that of its sshd */
};

/* Take a name apart; the parts point into it. It cannot fail: see host_name_check. */
struct host_name host_name_split (const char *name);

/* Can this be the name of a host? A name is UTF-8 without spaces and control characters; it is not empty and does not
 * begin with '-' or '.'; a user, a host and a port are not empty where their sign is there; a port is a number from 1 to
 * 65535; an address of IPv6 stands in brackets. 0; or -1 and err, whose text says what is wrong, without the name: "has
 * no port behind its colon: …". */
int host_name_check (const char *name, struct err *err);

/* The form in which equal names are the same text, terminated. Returns out. */
char *host_name_normal (const char *name, char out[HOST_NAME_BYTES + 1]);

uint32_t host_name_hash (const char *name);
bool host_name_equal (const char *a, const char *b);

#endif
