/* sender_private - what sender.c and sender_file.c share.
 *
 * States: COUNT (a walk before, for the total), ENTRY (the next name of the directory it is in, or the next source), ANSWER
 * (the receiver is to say what it has of the file that has begun), SKIP (that is being compared), CONTENT (of that file),
 * OVER.
 */
#ifndef REMEX_FILES_SENDER_PRIVATE_H
#define REMEX_FILES_SENDER_PRIVATE_H

#include "files/file_reader.h"
#include "files/sender.h"
#include "files/totals.h"
#include "files/walk.h"

struct sender {
	struct sender_options options;
	int n_sources;
	sender_open *open;
	void *data;

	enum { COUNT, ENTRY, ANSWER, SKIP, CONTENT, OVER } state;
	int source; /* the one it is at; -1 before the first */
	struct walk walk;
	struct totals totals;
	struct file_reader *reader; /* ANSWER to CONTENT: the file that has begun */
	struct item have; /* SKIP: the answer */
	struct item item; /* the next to be appended */
	int64_t files, bytes;
	bool counted;
	uint8_t whole[SENDER_WHOLE]; /* a small file */
};

/* What those of the functions below that take an `out` return: SENDER_MORE, SENDER_WAIT, SENDER_PAUSE (there is more, but it
 * is the caller's turn), or -1 with errno where there is no memory. */
enum { SENDER_PAUSE = SENDER_WAIT + 1 };

/* Append sender->item. */
int sender_put (struct sender *sender, struct buf *out);

/* Begin sender->item, about `name` in the directory the walk is in, or the source it is at; and say mode and time in one. */
struct item *sender_name_item (struct sender *sender, enum item_kind kind, const char *name);
void sender_describe (struct item *item, const struct stat *st);

/* Append that `name` cannot be sent: for the reason in err, for errno, in words. sender_put_failure puts the reason into the
 * item that was begun. ENOMEM is the end of it all, not of one file: -1. */
int sender_fail (struct sender *sender, struct buf *out, const char *name, const struct err *err);
int sender_fail_sys (struct sender *sender, struct buf *out, const char *name, const char *what);
int sender_fail_words (struct sender *sender, struct buf *out, const char *name, enum code code, const char *what);
int sender_put_failure (struct sender *sender, struct buf *out, const struct err *err);

/* Begin the file that was opened (owned from now on): all of it, or what comes before the answer or the content. */
int sender_file (struct sender *sender, struct buf *out, const char *name, int fd, bool stream);

/* Go on with it in state SKIP, and in state CONTENT. */
int sender_skip (struct sender *sender, struct buf *out);
int sender_content (struct sender *sender, struct buf *out);

#endif
