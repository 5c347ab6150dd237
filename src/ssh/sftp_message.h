/* sftp_message - the messages of SFTP, version 3 (draft-ietf-secsh-filexfer-02), as OpenSSH speaks it, with the extensions
 * fsync@openssh.com, posix-rename@openssh.com and statvfs@openssh.com (OpenSSH, PROTOCOL, section 4).
 *
 *   uint32 length | byte type | uint32 id (INIT and VERSION: the version) | values (ssh_string.h)
 *
 * A client sends requests; each one has one answer, with its id. Pure: no I/O.
 */
#ifndef REMEX_SSH_SFTP_MESSAGE_H
#define REMEX_SSH_SFTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "ssh/ssh_string.h"

enum {
	SFTP_VERSION = 3,
	SFTP_HANDLE_MAX = 256, /* bytes of a handle (draft, section 6.3) */
	SFTP_MESSAGE_MAX = 256 * 1024, /* bytes of a message, as OpenSSH has it */
	SFTP_PIECE = 32 * 1024, /* bytes of one read or write: every server takes so many (draft, section 3) */
	SFTP_PATH_MAX = 4096, /* bytes of a path, with its NUL */
};

/* The kinds of requests. */
enum sftp_kind {
	SFTP_INIT,
	SFTP_OPEN, /* path, flags, attributes: a handle */
	SFTP_CLOSE, /* handle */
	SFTP_READ, /* handle, offset, length: data */
	SFTP_WRITE, /* handle, offset, data, length */
	SFTP_LSTAT, /* path: attributes */
	SFTP_FSTAT, /* handle: attributes */
	SFTP_SETSTAT, /* path, attributes */
	SFTP_FSETSTAT, /* handle, attributes */
	SFTP_OPENDIR, /* path: a handle */
	SFTP_READDIR, /* handle: names */
	SFTP_REMOVE, /* path */
	SFTP_MKDIR, /* path, attributes */
	SFTP_REALPATH, /* path: one name */
	SFTP_STAT, /* path: attributes; links are followed */
	SFTP_READLINK, /* path: one name */
	SFTP_SYMLINK, /* path of the link, target */
	SFTP_FSYNC, /* handle; an extension */
	SFTP_POSIX_RENAME, /* path, target: what has that name is replaced; an extension */
	SFTP_STATVFS, /* path: the filesystem; an extension */
	SFTP_KINDS
};

/* Flags of SFTP_OPEN. */
enum { SFTP_FOR_READING = 1, SFTP_FOR_WRITING = 2, SFTP_CREATE = 8, SFTP_EXCLUSIVE = 32 };

/* Values of `status`. */
enum sftp_status {
	SFTP_OK = 0,
	SFTP_EOF = 1,
	SFTP_NO_SUCH_FILE = 2,
	SFTP_PERMISSION_DENIED = 3,
	SFTP_FAILURE = 4,
	SFTP_BAD_MESSAGE = 5,
	SFTP_NO_CONNECTION = 6,
	SFTP_CONNECTION_LOST = 7,
	SFTP_UNSUPPORTED = 8,
};

struct sftp_handle {
	uint32_t n;
	uint8_t bytes[SFTP_HANDLE_MAX];
};

/* Attributes: those that `has` names. */
enum { SFTP_HAS_SIZE = 1, SFTP_HAS_OWNER = 2, SFTP_HAS_MODE = 4, SFTP_HAS_TIMES = 8 };
struct sftp_attributes {
	uint32_t has;
	uint64_t size;
	uint32_t uid, gid;
	uint32_t mode; /* with the bits of the type (S_IFMT) */
	uint32_t atime, mtime; /* seconds since 1970 */
};

/* What a request consists of: the members that its kind names. */
struct sftp_request {
	enum sftp_kind kind;
	const char *path, *target;
	const struct sftp_handle *handle;
	struct sftp_attributes attributes;
	uint64_t offset;
	uint32_t length, flags;
	const void *data;
};

/* The kinds of answers. */
enum sftp_answer_kind {
	SFTP_GREETING, /* VERSION: version, extensions */
	SFTP_STATUS, /* status, message */
	SFTP_HANDLE, /* handle */
	SFTP_DATA, /* data, length */
	SFTP_NAMES, /* n_names: sftp_take_name */
	SFTP_ATTRIBUTES, /* attributes */
	SFTP_SPACE, /* free_bytes: answer to SFTP_STATVFS */
};

/* An answer: pointers into the message. */
struct sftp_answer {
	enum sftp_answer_kind kind;
	enum sftp_kind asked; /* what it answers: set by sftp.c */
	uint32_t id;
	uint32_t version;
	bool has_fsync, has_posix_rename, has_statvfs;
	uint32_t status;
	char message[160]; /* of the server, for a person; "": none */
	struct sftp_handle handle;
	const uint8_t *data;
	uint32_t length;
	struct sftp_attributes attributes;
	uint64_t free_bytes; /* that the user may fill */
	uint32_t n_names;
	struct ssh_reader names;
};

/* A name of SFTP_NAMES. The server's bytes may hold anything but NUL, '/' too. */
struct sftp_name {
	char name[SFTP_PATH_MAX];
	bool is_long; /* it has SFTP_PATH_MAX bytes or more: `name` is "" */
	struct sftp_attributes attributes;
};

/* Append a request. 0; or -1 with errno, and nothing is appended: ENOBUFS, ENOMEM. */
int sftp_put_request (struct buf *out, uint32_t id, const struct sftp_request *request);

/* Read the next answer. `to` is the kind of the request with an id (*data): the form of an extended answer depends on it.
 * Returns the bytes of the message; 0: more bytes are needed; -1 and err: it is no such message. */
ssize_t sftp_next_answer (const uint8_t *bytes, size_t n, enum sftp_kind (*to) (void *data, uint32_t id), void *data,
	struct sftp_answer *answer, struct err *err);

/* Take the next of the names of an answer: n_names times. */
void sftp_take_name (struct sftp_answer *answer, struct sftp_name *name);

/* The words for a status: "No such file". */
const char *sftp_status_words (uint32_t status);

#endif
