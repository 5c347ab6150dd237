/* transfer - files to or from one host: what a call of file.put or file.get is at this end. Who runs it is told of each file
 * (`told`), and may ask how far it is; only what breaks the whole off is said here, on stderr, and kept (`why`).
 *
 * put: a sender (files/sender.h) reads the sources and feeds the call's input; the server answers on the stream "files".
 * get: a receiver (files/receiver.h) takes that stream and writes. Which local file anything goes to is decided here alone:
 * the server names a source by the number that we gave it, and everything beneath one is made in a directory that is held.
 */
#ifndef REMEX_CLI_TRANSFER_H
#define REMEX_CLI_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/call.h"
#include "cli/pending.h"
#include "files/target.h"
#include "files/receiver.h"
#include "files/sender.h"

struct transfer {
	/* Set by the caller: */
	bool put;
	const char *const *sources; /* paths; "-" of a put is standard input; or a descriptor (descriptor.h) */
	int n_sources;
	const char *destination; /* a path; "-" of a get is standard output; or a descriptor */
	bool recursive, preserve, set_id, resume, live, unsynced;
	bool count; /* find out how much there is, for progress */
	receiver_report *told;
	int (*tick) (void *data); /* as of a sink (call.h); may be NULL */
	void *data;

	/* Its own: */
	struct sender *sender;
	enum sender_state state;
	struct receiver *receiver;
	int to; /* of a get: the descriptor that the content of the only source goes to; -1: files are made */
	int directory; /* of a get: what the sources go into; -1: the destination is the name of the only one */
	int next; /* of a get: sources before this one have had their turn */
	struct buf in, out;
	size_t owed; /* bytes in `in` that the server does not know to be taken */
	bool stepping; /* of a get: there is more to do with what has come */
	bool *heard; /* of a get, of each source: something of it is in place, or failed */
	struct pending pending; /* of a put */
	bool ended; /* of a put: all was sent */
	bool stopped; /* it failed for good, for `why`: nothing that the server sends is looked at any more */
	struct err why;
	bool reader_gone; /* of a get: that of standard output */
};

/* Make it ready, of a get with its destination. 0; -1 and err. Then transfer_close, either way. */
int transfer_open (struct transfer *transfer, struct err *err);
void transfer_close (struct transfer *transfer);

/* What moves its bytes: a call's sink, with the transfer as its `data`. */
extern const struct sink sink_transfer;

/* May the sink block (call.h)? */
bool transfer_is_mortal (const struct transfer *transfer);

/* The call's name and its arguments (JSON text, in new memory; NULL without). */
const char *transfer_call (const struct transfer *transfer);
char *transfer_args (const struct transfer *transfer);

/* The call was completed: of a get, what came is put in place; and what the server has said nothing of is told to have
 * failed. 0; 1: that was one step, call it again; -1: it has stopped for `why`, which has been said. */
int transfer_finish (struct transfer *transfer, struct call *call);

/* The receipt's path as the user would write it: with the source's own word in front. Returns out. */
char *transfer_path (const struct transfer *transfer, const struct receipt *receipt, char *out, size_t size);

struct transfer_progress {
	int64_t files, bytes, total_files, total_bytes; /* totals: -1: not known */
	const char *path; /* of a put: what is being read; else "" */
};
void transfer_progress (const struct transfer *transfer, struct transfer_progress *progress);

#endif
