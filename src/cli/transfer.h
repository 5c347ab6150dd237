/* transfer - files to or from one host: this end of a call of file.put or file.get. The caller gets a receipt for each
 * file (`on_receipt`), and may ask for the progress. Only an error that ends the whole transfer is reported here, on
 * stderr, and kept (`why`).
 *
 * put: a sender (files/sender.h) reads the sources and makes the call's input; the server answers on the stream
 * "files".
 *
 * get: a receiver (files/receiver.h) takes that stream and writes. The local file for each item is decided only here:
 * the server names a source by the number that we gave it, and everything beneath a source is made in a directory that
 * is held open.
 */
#ifndef REMEX_CLI_TRANSFER_H
#define REMEX_CLI_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/call.h"
#include "cli/pending.h"
#include "files/receiver.h"
#include "files/sender.h"
#include "files/target.h"

struct transfer {
	/* Set by the caller: */
	bool put;
	const char *const *sources; /* paths; "-" of a put is standard input; or a descriptor (descriptor.h) */
	int n_sources;
	const char *destination; /* a path; "-" of a get is standard output; or a descriptor */
	bool recursive, preserve, set_id, resume, live, unsynced;
	enum digest_kind sum; /* how a copy is compared with its source */
	bool count; /* count all files and bytes first, for progress */
	struct shared_digests *shared; /* of a put to many hosts: their sums (files/shared_digest.h); NULL: none */
	receiver_report *on_receipt;
	int (*tick) (void *data); /* as in a sink (call.h); may be NULL */
	void *data;

	/* Internal: */
	struct sender *sender;
	enum sender_state state;
	struct receiver *receiver;
	int to; /* of a get: the descriptor for the content of the only source; -1: files are made */
	int directory; /* of a get: the directory for the sources; -1: the destination is the name of the only source */
	int next; /* of a get: sources before this one are finished */
	struct buf in, out;
	size_t owed; /* bytes in `in` that were not yet acknowledged to the server */
	bool stepping; /* of a get: received bytes need more steps */
	bool *reported; /* of a get, for each source: a part of it is in place, or has failed */
	struct pending pending; /* of a put */
	bool ended; /* of a put: everything was sent */
	bool stopped; /* it has failed for good, because of `why`: the rest of the server's stream is ignored */
	struct err why;
	bool reader_gone; /* of a get: the reader of standard output has gone */
};

/* Initialize it; of a get, also the destination. 0; -1 and err. Then transfer_close, in both cases. */
int transfer_open (struct transfer *transfer, struct err *err);
void transfer_close (struct transfer *transfer);

/* For a put: can each source be opened? 0, or -1 and err, which names the first that cannot. With many hosts, the error
 * is then reported once and not for each host. */
int transfer_check_sources (const struct transfer *transfer, struct err *err);

/* The call's sink that moves the bytes; its `data` is the transfer. */
extern const struct sink sink_transfer;

/* May the sink block (call.h)? */
bool transfer_may_block (const struct transfer *transfer);

/* The call's name, and its arguments (JSON text, in new memory; NULL: out of memory). */
const char *transfer_call (const struct transfer *transfer);
char *transfer_args (const struct transfer *transfer);

/* The call has completed: for a get, put the received files in place; items without a report from the server get a
 * receipt as failed. 0; 1: this was one step, call it again; -1: it has stopped because of `why`, which was
 * reported. */
int transfer_finish (struct transfer *transfer, struct call *call);

/* The receipt's path as the user would write it: it begins with the word for the source. Returns out. */
char *transfer_path (const struct transfer *transfer, const struct receipt *receipt, char *out, size_t size);

struct transfer_progress {
	int64_t files, bytes, total_files, total_bytes; /* totals: -1: unknown */
	const char *path; /* of a put: the path that is being read; else "" */
};
void transfer_progress (const struct transfer *transfer, struct transfer_progress *progress);

#endif
