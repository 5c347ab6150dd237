/* sftp_message - see sftp_message.h. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "ssh/sftp_message.h"

/* Numbers of messages (draft, section 3). */
enum {
	TYPE_INIT = 1,
	TYPE_VERSION = 2,
	TYPE_STATUS = 101,
	TYPE_HANDLE = 102,
	TYPE_DATA = 103,
	TYPE_NAME = 104,
	TYPE_ATTRS = 105,
	TYPE_EXTENDED = 200,
	TYPE_EXTENDED_REPLY = 201,
};

enum { HAS_EXTENDED = 0x80000000, HEAD = 5, NAMES_MAX = 100000 };

/* The values of each kind of request, in order. */
enum { PATH = 1, TARGET = 2, HANDLE = 4, OFFSET = 8, DATA = 16, LENGTH = 32, FLAGS = 64, ATTRIBUTES = 128 };

static const struct {
	uint8_t type;
	const char *extension; /* its name */
	unsigned values;
} kinds[SFTP_KINDS] = {
	[SFTP_OPEN] = { 3, NULL, PATH | FLAGS | ATTRIBUTES },
	[SFTP_CLOSE] = { 4, NULL, HANDLE },
	[SFTP_READ] = { 5, NULL, HANDLE | OFFSET | LENGTH },
	[SFTP_WRITE] = { 6, NULL, HANDLE | OFFSET | DATA },
	[SFTP_LSTAT] = { 7, NULL, PATH },
	[SFTP_FSTAT] = { 8, NULL, HANDLE },
	[SFTP_SETSTAT] = { 9, NULL, PATH | ATTRIBUTES },
	[SFTP_FSETSTAT] = { 10, NULL, HANDLE | ATTRIBUTES },
	[SFTP_OPENDIR] = { 11, NULL, PATH },
	[SFTP_READDIR] = { 12, NULL, HANDLE },
	[SFTP_REMOVE] = { 13, NULL, PATH },
	[SFTP_MKDIR] = { 14, NULL, PATH | ATTRIBUTES },
	[SFTP_REALPATH] = { 16, NULL, PATH },
	[SFTP_STAT] = { 17, NULL, PATH },
	[SFTP_READLINK] = { 19, NULL, PATH },
	/* OpenSSH's order is not that of the draft, and other servers follow OpenSSH (PROTOCOL, section 4.1). */
	[SFTP_SYMLINK] = { 20, NULL, TARGET | PATH },
	[SFTP_FSYNC] = { TYPE_EXTENDED, "fsync@openssh.com", HANDLE },
	[SFTP_POSIX_RENAME] = { TYPE_EXTENDED, "posix-rename@openssh.com", PATH | TARGET },
	[SFTP_STATVFS] = { TYPE_EXTENDED, "statvfs@openssh.com", PATH },
};

const char *sftp_status_words (uint32_t status)
{
	static const char *const words[] = { "OK", "End of file", "No such file", "Permission denied", "Failure",
		"Bad message", "No connection", "Connection lost", "Operation unsupported" };

	return status < sizeof words / sizeof *words ? words[status] : "Unknown status";
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

static int put_text (struct buf *out, const char *text)
{
	return ssh_put_string (out, text, strlen (text));
}

static int put_u64 (struct buf *out, uint64_t value)
{
	return ssh_put_u32 (out, (uint32_t)(value >> 32)) | ssh_put_u32 (out, (uint32_t)value);
}

static int put_attributes (struct buf *out, const struct sftp_attributes *attributes)
{
	int bad = ssh_put_u32 (out, attributes->has);

	if (attributes->has & SFTP_HAS_SIZE)
		bad |= put_u64 (out, attributes->size);
	if (attributes->has & SFTP_HAS_OWNER)
		bad |= ssh_put_u32 (out, attributes->uid) | ssh_put_u32 (out, attributes->gid);
	if (attributes->has & SFTP_HAS_MODE)
		bad |= ssh_put_u32 (out, attributes->mode);
	if (attributes->has & SFTP_HAS_TIMES)
		bad |= ssh_put_u32 (out, attributes->atime) | ssh_put_u32 (out, attributes->mtime);
	return bad;
}

static int put_values (struct buf *out, const struct sftp_request *request)
{
	unsigned values = kinds[request->kind].values;
	bool turned = request->kind == SFTP_SYMLINK;
	int bad = 0;

	if (kinds[request->kind].extension)
		bad |= put_text (out, kinds[request->kind].extension);
	if (turned)
		return bad | put_text (out, request->target) | put_text (out, request->path);
	if (values & HANDLE)
		bad |= ssh_put_string (out, request->handle->bytes, request->handle->n);
	if (values & PATH)
		bad |= put_text (out, request->path);
	if (values & TARGET)
		bad |= put_text (out, request->target);
	if (values & OFFSET)
		bad |= put_u64 (out, request->offset);
	if (values & LENGTH)
		bad |= ssh_put_u32 (out, request->length);
	if (values & DATA)
		bad |= ssh_put_string (out, request->data, request->length);
	if (values & FLAGS)
		bad |= ssh_put_u32 (out, request->flags);
	if (values & ATTRIBUTES)
		bad |= put_attributes (out, &request->attributes);
	return bad;
}

int sftp_put_request (struct buf *out, uint32_t id, const struct sftp_request *request)
{
	size_t before = buf_len (out), n;
	uint8_t *head;
	bool init = request->kind == SFTP_INIT;
	int bad = ssh_put_u32 (out, 0) | ssh_put_byte (out, init ? TYPE_INIT : kinds[request->kind].type) |
		  ssh_put_u32 (out, init ? SFTP_VERSION : id);

	if (!init)
		bad |= put_values (out, request);
	if (bad) {
		out->end = out->start + before;
		return -1;
	}
	n = buf_len (out) - before - 4;
	head = buf_head (out) + before;
	for (int i = 0; i < 4; i++)
		head[i] = (uint8_t)(n >> (24 - 8 * i));
	return 0;
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

static bool take_u64 (struct ssh_reader *in, uint64_t *value)
{
	uint32_t high, low;

	if (!ssh_take_u32 (in, &high) || !ssh_take_u32 (in, &low))
		return false;
	*value = (uint64_t)high << 32 | low;
	return true;
}

static bool take_attributes (struct ssh_reader *in, struct sftp_attributes *attributes)
{
	const uint8_t *bytes;
	uint32_t has, n = 0;
	size_t length;

	*attributes = (struct sftp_attributes){ 0 };
	if (!ssh_take_u32 (in, &has) || (has & SFTP_HAS_SIZE && !take_u64 (in, &attributes->size)) ||
		(has & SFTP_HAS_OWNER &&
			(!ssh_take_u32 (in, &attributes->uid) || !ssh_take_u32 (in, &attributes->gid))) ||
		(has & SFTP_HAS_MODE && !ssh_take_u32 (in, &attributes->mode)) ||
		(has & SFTP_HAS_TIMES &&
			(!ssh_take_u32 (in, &attributes->atime) || !ssh_take_u32 (in, &attributes->mtime))) ||
		(has & HAS_EXTENDED && !ssh_take_u32 (in, &n)))
		return false;
	attributes->has = has & (SFTP_HAS_SIZE | SFTP_HAS_OWNER | SFTP_HAS_MODE | SFTP_HAS_TIMES);
	while (n-- > 0)
		if (!ssh_take_string (in, &bytes, &length) || !ssh_take_string (in, &bytes, &length))
			return false;
	return true;
}

static bool equals (const uint8_t *bytes, size_t n, const char *text)
{
	return n == strlen (text) && !memcmp (bytes, text, n);
}

/* Versions of extensions are decimal texts; of these three only one version exists that we know. */
static bool take_extensions (struct ssh_reader *in, struct sftp_answer *answer)
{
	const uint8_t *name, *data;
	size_t n, m;

	while (in->left) {
		if (!ssh_take_string (in, &name, &n) || !ssh_take_string (in, &data, &m))
			return false;
		answer->has_fsync |= equals (name, n, kinds[SFTP_FSYNC].extension) && equals (data, m, "1");
		answer->has_posix_rename |=
			equals (name, n, kinds[SFTP_POSIX_RENAME].extension) && equals (data, m, "1");
		answer->has_statvfs |= equals (name, n, kinds[SFTP_STATVFS].extension) && equals (data, m, "2");
	}
	return true;
}

/* The message and its language are missing in answers of servers older than version 3. */
static bool take_status (struct ssh_reader *in, struct sftp_answer *answer)
{
	const uint8_t *text;
	size_t n;

	if (!ssh_take_u32 (in, &answer->status))
		return false;
	if (!in->left)
		return true;
	if (!ssh_take_string (in, &text, &n))
		return false;
	text_plain (answer->message, sizeof answer->message, text, n);
	return true;
}

static bool take_handle (struct ssh_reader *in, struct sftp_answer *answer)
{
	const uint8_t *bytes;
	size_t n;

	if (!ssh_take_string (in, &bytes, &n) || n > SFTP_HANDLE_MAX)
		return false;
	answer->handle.n = (uint32_t)n;
	memcpy (answer->handle.bytes, bytes, n);
	return true;
}

static bool take_data (struct ssh_reader *in, struct sftp_answer *answer)
{
	size_t n;

	if (!ssh_take_string (in, &answer->data, &n))
		return false;
	answer->length = (uint32_t)n;
	return true;
}

/* One name; a NUL in it is refused. */
static bool take_name (struct ssh_reader *in, const uint8_t **name, size_t *n, struct sftp_attributes *attributes)
{
	const uint8_t *line;
	size_t length;

	return ssh_take_string (in, name, n) && !memchr (*name, '\0', *n) && ssh_take_string (in, &line, &length) &&
	       take_attributes (in, attributes);
}

/* All names are checked here, so that sftp_take_name cannot fail. */
static bool take_names (struct ssh_reader *in, struct sftp_answer *answer)
{
	struct sftp_attributes attributes;
	const uint8_t *name;
	size_t n;

	if (!ssh_take_u32 (in, &answer->n_names) || answer->n_names > NAMES_MAX)
		return false;
	answer->names = *in;
	for (uint32_t i = 0; i < answer->n_names; i++)
		if (!take_name (in, &name, &n, &attributes))
			return false;
	return true;
}

/* The values of statvfs@openssh.com: f_bsize, f_frsize, f_blocks, f_bfree, f_bavail, and others. */
static bool take_space (struct ssh_reader *in, struct sftp_answer *answer)
{
	uint64_t value[5];

	for (size_t i = 0; i < 5; i++)
		if (!take_u64 (in, &value[i]))
			return false;
	if (__builtin_mul_overflow (value[1], value[4], &answer->free_bytes))
		answer->free_bytes = UINT64_MAX;
	return true;
}

static bool take_values (struct ssh_reader *in, uint8_t type, enum sftp_kind kind, struct sftp_answer *answer)
{
	switch (type) {
	case TYPE_STATUS: answer->kind = SFTP_STATUS; return take_status (in, answer);
	case TYPE_HANDLE: answer->kind = SFTP_HANDLE; return take_handle (in, answer);
	case TYPE_DATA: answer->kind = SFTP_DATA; return take_data (in, answer);
	case TYPE_NAME: answer->kind = SFTP_NAMES; return take_names (in, answer);
	case TYPE_ATTRS: answer->kind = SFTP_ATTRIBUTES; return take_attributes (in, &answer->attributes);
	case TYPE_EXTENDED_REPLY: answer->kind = SFTP_SPACE; return kind == SFTP_STATVFS && take_space (in, answer);
	default: return false;
	}
}

ssize_t sftp_next_answer (const uint8_t *bytes, size_t n, enum sftp_kind (*to) (void *data, uint32_t id), void *data,
	struct sftp_answer *answer, struct err *err)
{
	struct ssh_reader in = { bytes, n };
	uint32_t length;
	uint8_t type;
	bool good;

	if (!ssh_take_u32 (&in, &length))
		return 0;
	if (length < HEAD || length > SFTP_MESSAGE_MAX)
		return err_set (
			err, 0, "its SFTP server sends something else than SFTP (a message of %u bytes)", length);
	if (in.left < length)
		return 0;
	in.left = length;
	*answer = (struct sftp_answer){ .kind = SFTP_GREETING };
	good = ssh_take_byte (&in, &type) && ssh_take_u32 (&in, &answer->id);
	if (good && type == TYPE_VERSION) {
		answer->version = answer->id;
		answer->id = 0;
		good = take_extensions (&in, answer);
	} else if (good) {
		good = take_values (&in, type, to (data, answer->id), answer);
	}
	if (!good)
		return err_set (err, 0, "its SFTP server sends a message that is wrong (type %u)", type);
	return (ssize_t)length + 4;
}

void sftp_take_name (struct sftp_answer *answer, struct sftp_name *name)
{
	const uint8_t *bytes = NULL;
	size_t n = 0;

	if (!take_name (&answer->names, &bytes, &n, &name->attributes))
		n = 0;
	name->is_long = n >= sizeof name->name;
	if (name->is_long)
		n = 0;
	if (n)
		memcpy (name->name, bytes, n);
	name->name[n] = '\0';
}
