/* receiver_private - what the two files of a receiver share: receiver.c keeps the order of the stream and finds where things
 * go, receiver_file.c has the file that has begun.
 */
#ifndef REMEX_FILES_RECEIVER_PRIVATE_H
#define REMEX_FILES_RECEIVER_PRIVATE_H

#include "files/batch.h"
#include "files/open_dir.h"
#include "files/receiver.h"

struct receiver {
	struct receiver_options options;
	receiver_target *target;
	void *data;
	struct batch batch;

	enum { ENTRY, FROM, CONTENT } state;
	struct open_dir *dir; /* a reference to the one it stands in; at the top, the last source's, or NULL */
	int depth; /* directories of the stream that it is in; 0: at the top */
	struct item item; /* the last one; its body comes */
	uint64_t body; /* bytes of it that are still to come */
	int64_t hole; /* zeros of it that are still to be taken */

	/* The file that has begun: */
	struct file_writer *writer; /* NULL: it failed, and that was told */
	struct open_dir *home; /* where it is, a reference, or NULL */
	int64_t source, size; /* size -1: the sender did not know */
	int64_t offered; /* FROM: how many bytes are there already */
	bool whole;
	char path[OPEN_DIR_PATH];

	struct receiver_progress progress;
};

/* Fill err. Always -1. */
int receiver_no_memory (struct err *err);

/* The file that has begun fails, which is told; what comes of it is passed over. */
void receiver_file_fail (struct receiver *self, const struct err *err);

/* Content: n bytes, or, where there are none, zeros. */
void receiver_file_data (struct receiver *self, const void *bytes, int64_t n);

/* Zeros come: n of them, taken by and by. */
void receiver_file_hole (struct receiver *self, int64_t n);

/* It is asked for what is there of it already: the answer goes to `back`, and the sender says how much of that is good.
 * 0, or -1 and err. */
int receiver_file_offer (struct receiver *self, struct buf *back, struct err *err);

/* All of it has come, and its sum is that. Either way something new begins next. 0, or -1 and err. */
int receiver_file_end (struct receiver *self, const char *sum, bool changed, struct err *err);
void receiver_file_over (struct receiver *self);

#endif
