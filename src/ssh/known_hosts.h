/* known_hosts - which key a host has, from files in the format of known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"):
 *
 *   [@MARKER] NAMES TYPE BASE64 [COMMENT]
 *
 * NAMES are patterns with "*" and "?", separated by commas, "!" in front of one that must not match; or one hashed name,
 * "|1|SALT|HASH" (HMAC-SHA1). A port other than 22 makes "[HOST]:PORT" the name. A host that is not known with its port
 * is also the host without it, but only where the key is the same there, as for ssh(1). The marker @revoked makes the key
 * one that no host may have, by either name. Lines with @cert-authority count for nothing, because libssh2 knows no
 * certificates; that there is one for the host is told.
 *
 * A line that cannot be read is skipped and counted, and the rest of the file holds.
 */
#ifndef REMEX_SSH_KNOWN_HOSTS_H
#define REMEX_SSH_KNOWN_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "ssh/public_key.h"

enum {
	KNOWN_HOSTS_FILE_MAX = 64 << 20, /* bytes of a file */
	KNOWN_HOSTS_LINE_MAX = 65536, /* bytes of a line */
	KNOWN_HOSTS_TYPES_MAX = 16, /* for known_hosts_types */
	KNOWN_HOSTS_SALT = 20, /* bytes */
};

struct known_hosts;

struct known_hosts *known_hosts_new (void); /* NULL: out of memory */
void known_hosts_free (struct known_hosts *known);

/* Read a file, which has to be trusted (base/trusted.h). 1; 0: there is no such file; -1 and err. */
int known_hosts_read (struct known_hosts *known, const char *path, struct err *err);

/* The same for the n bytes of a file; `path` is its name for known_hosts_judgement. 0; or -1 and err: out of memory. */
int known_hosts_read_text (struct known_hosts *known, const char *text, size_t n, const char *path, struct err *err);

/* How many lines were skipped; the first one is *line of *path (unless it is 0). */
size_t known_hosts_skipped (const struct known_hosts *known, const char **path, unsigned *line);

enum known_hosts_verdict {
	KNOWN_HOSTS_MATCH, /* the host is known with this key */
	KNOWN_HOSTS_CHANGED, /* the host is known, with another key of this type */
	KNOWN_HOSTS_OTHER_TYPE, /* the host is known, with keys of other types only */
	KNOWN_HOSTS_UNKNOWN,
	KNOWN_HOSTS_REVOKED, /* the key is revoked */
};

struct known_hosts_judgement {
	enum known_hosts_verdict verdict;
	const struct public_key *key; /* the key of the line that decided, and the line; NULL and 0: UNKNOWN */
	const char *path;
	unsigned line;
	bool authority; /* the host has a certificate authority, which does not count */
};

/* Judge the key that a host has shown. `host` is a name, or an address without brackets. A match anywhere counts more
 * than another key elsewhere, and a revocation counts more than a match. The result points into `known`. */
struct known_hosts_judgement known_hosts_judge (
	const struct known_hosts *known, const char *host, unsigned port, const struct public_key *key);

/* The types of the keys that the host is known with (by its name with the port; or else without), each once, in the order
 * of the lines; revoked keys do not count. A client should ask for a key of these types, so that it is shown one that can
 * be compared. Returns how many. The texts point into `known`. */
size_t known_hosts_types (
	const struct known_hosts *known, const char *host, unsigned port, const char *types[KNOWN_HOSTS_TYPES_MAX]);

/* Append the line that makes the key known, with its newline. With a salt of random bytes the name is hashed; NULL: it is
 * not. 0; or -1 and err: the host has a character that no name in such a file can have, or memory is at its end. */
int known_hosts_line (struct buf *out, const char *host, unsigned port, const struct public_key *key,
	const uint8_t salt[KNOWN_HOSTS_SALT], struct err *err);

#endif
