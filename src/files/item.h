/* item - the stream that carries files: the input of file.put and the output of file.get with `tree` (doc/protocol.md).
 *
 * The items have the form of the messages of remex/1: uint32 header length, big-endian | a JSON object | a body. A name
 * in an item is a single component. A tree is sent by entering and leaving directories. So no item can name a file
 * outside of the current directory.
 *
 *   {"total":FILES,"bytes":N}                           what will come, where the sender has counted
 *   {"directory":NAME,"mode":M,"mtime":T}               enter it; what follows lies in it
 *   {"leave":true}                                      it is complete
 *   {"file":NAME,"size":S,"mode":M,"mtime":T}           a file begins; without a size, it is not known yet
 *   {"data":true,"body":N}<bytes>   {"hole":N}          its content, in order; a hole is N zero bytes
 *   {"end":true,"xxh128":HEX}                           the file is complete: the sum of all its content
 *   {"file":…,"size":N,"xxh128":HEX,"body":N}<bytes>    a small file, whole in one item
 *   {"link":NAME,"target":TEXT}                         a symbolic link
 *   {"failed":NAME,"code":WORD,"message":TEXT}          the sender cannot send that one
 *   {"abort":true,"code":WORD,"message":TEXT}           the file that began is not good; it has no end
 *
 * An item at the top has "source":N, the number of its source, from 0. A directory at the top may have the name ".":
 * then its contents go where the directory itself would go.
 *
 * In the other direction: after {"file":…,"resume":true} the sender waits until the receiver answers
 * {"have":N,"xxh128":HEX}: it has the first N bytes of the file, with that sum. The sender goes on with {"from":K}; K
 * is N where the sum is right, else 0. When a file, directory or link is in place and on the disk, the receiver sends
 * {"done":PATH,…} (with "message":TEXT: the attributes of a replaced file that are not kept), or
 * {"failed":PATH,"code","message"}.
 *
 * A sum is the member "xxh128" or "sha256" (digest.h): the call says which of them its stream has. Times are nanoseconds since 1970; modes are the bits 07777. A name that is not UTF-8 is {"b64":…}.
 * Pure: no I/O.
 */
#ifndef REMEX_FILES_ITEM_H
#define REMEX_FILES_ITEM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/digest.h"
#include "wire/codes.h"

enum {
	ITEM_NAME_MAX = 255, /* bytes of one component (NAME_MAX, limits.h) */
	ITEM_TEXT_MAX = 4096, /* of a target, a path, a message, with its NUL */
	ITEM_DATA_MAX = 256 * 1024, /* bytes of one body: what a sender makes. A receiver takes any size, in pieces */
};

enum item_kind {
	ITEM_TOTAL,
	ITEM_DIRECTORY,
	ITEM_LEAVE,
	ITEM_FILE,
	ITEM_DATA,
	ITEM_HOLE,
	ITEM_FROM,
	ITEM_END,
	ITEM_ABORT,
	ITEM_LINK,
	ITEM_FAILED,
	ITEM_HAVE, /* these two on the way back only */
	ITEM_DONE,
	N_ITEMS
};

struct item {
	enum item_kind kind;
	char name
		[ITEM_TEXT_MAX]; /* DIRECTORY, FILE, LINK, FAILED: a component; DONE, and FAILED on the way back: a path */
	int64_t source; /* -1: not at the top */
	int64_t number; /* HOLE, FROM, HAVE: bytes; TOTAL: files; END: bytes that were read (it stays here) */
	int64_t size; /* FILE: -1 where it is not known; DONE, TOTAL: bytes */
	int64_t mtime_ns; /* DIRECTORY, FILE */
	int mode; /* likewise; -1: not said */
	bool has_mtime, resume,
		changed; /* changed: of an END: it changed while it was read, and is sent all the same */
	char sum[DIGEST_TEXT]; /* END, HAVE, DONE, a whole FILE */
	char text[ITEM_TEXT_MAX]; /* LINK: the target; FAILED, ABORT: the message; DONE: a note, or "" */
	enum code code; /* FAILED, ABORT */
	uint64_t body; /* bytes that follow */
};

/* An item of that kind, with all other members unset. */
void item_init (struct item *item, enum item_kind kind);

/* Append an item. The caller then appends its body, item->body bytes. 0, or -1 with errno (ENOBUFS, ENOMEM). */
int item_put (struct buf *out, const struct item *item);

/* The largest size of the header of an item. */
enum { ITEM_HEADER_MAX = 40 * 1024 };

/* Content with one copy, as message_data_begin does it: reserve room for a data item of up to `max` bytes (at most
 * ITEM_DATA_MAX). Returns where the bytes go, or NULL with errno. Then item_data_end appends the item with n > 0
 * bytes. */
uint8_t *item_data_begin (struct buf *out, size_t max);
void item_data_end (struct buf *out, size_t n);

/* Take the header of the next item from `in`. 1: *item is set; its body follows in `in`, now or later, and the
 * caller consumes it before the next call. 0: more bytes are needed. -1 and err (CODE_BAD_VALUE): the bytes are no
 * item. A name that should be a component is checked: not empty, not ".." nor "." (except for a source, see above),
 * no '/', at most ITEM_NAME_MAX bytes. */
int item_next (struct buf *in, struct item *item, struct err *err);

/* Is `name` one component of a path, by the rules above? */
bool item_is_component (const char *name);

#endif
