/* sftp_place - a directory on a machine that receives files through SFTP (sftp_put.h).
 *
 * It has references: one of the stream that is in it, one of each file on its way, one of each directory within. Files that
 * have their names wait here until the directory is on the disk: it is opened for reading and synced, which an sshd of
 * OpenSSH on Linux does. When the last reference goes, the directory gets its mode and its time, and is reported.
 */
#ifndef REMEX_SSH_SFTP_PLACE_H
#define REMEX_SSH_SFTP_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "files/item.h"
#include "ssh/sftp.h"

enum { SFTP_PLACE_BATCH = 64 }; /* so many files wait for the disk together */

/* What is in place, or has failed: a line for the client. */
struct sftp_report {
	struct list node;
	enum item_kind kind; /* ITEM_FILE; ITEM_DIRECTORY, ITEM_LINK */
	int64_t source, size;
	char sum[DIGEST_TEXT];
	bool changed;
	struct err err; /* code 0: it is in place */
	char note[200]; /* what is not kept of a replaced file */
	char path[]; /* as the stream named it, from the top */
};

struct sftp_place_ops {
	/* The report is the callee's. */
	void (*report) (void *arg, struct sftp_report *report);
	/* Something is over. The place may have been freed. */
	void (*settled) (void *arg);
};

/* What all places of a stream have in common. */
struct sftp_places {
	struct sftp *sftp;
	bool preserve, set_id, sync;
	const struct sftp_place_ops *ops;
	void *arg;
	struct list list; /* of all places that are not freed */
	bool memory_short; /* a report is missing */
};

struct sftp_place {
	struct list node; /* in all->list */
	struct sftp_places *all;
	struct sftp_place *up; /* a reference; NULL at the top */
	int references, depth;
	char *path; /* on the machine; NULL: it could not be made, and what is in it fails */
	char *shown; /* in reports; "" at the top */
	int64_t source, mtime_ns;
	int mode; /* from the sender; -1: none */
	uint32_t lacks; /* bits of the mode that it has only while files are received */
	bool has_mtime;
	bool changed; /* names in it have changed, which is not on the disk */
	struct list waiting, syncing; /* of struct sftp_report */
	int n_waiting;
	struct sftp_handle handle;
	struct err err; /* of the end */
};

/* A place with one reference: in `up` (which gets a reference), or at the top. `path` is owned from now on. NULL: out of
 * memory, and the path is freed. */
struct sftp_place *sftp_place_new (struct sftp_places *all, struct sftp_place *up, char *path, const char *shown);

void sftp_place_hold (struct sftp_place *place);
void sftp_place_release (struct sftp_place *place); /* NULL is allowed */

/* Something got its name in the place: it is reported when the place is on the disk. The report is owned from now on. */
void sftp_place_add (struct sftp_place *place, struct sftp_report *report);

/* "PATH/NAME" in new memory; NULL: out of memory. */
char *sftp_join (const char *path, const char *name);

/* A report for `name` in the place (NULL: at the top); NULL: out of memory. */
struct sftp_report *sftp_report_new (
	const struct sftp_place *place, const char *name, enum item_kind kind, int64_t source, int64_t size);

/* Free all places without a word: no request is answered any more. */
void sftp_places_free (struct sftp_places *all);

#endif
