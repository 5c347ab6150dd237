/* transfer_private - what the files of a transfer share: transfer.c has the sink and the whole, transfer_put.c and
 * transfer_get.c what differs.
 */
#ifndef REMEX_CLI_TRANSFER_PRIVATE_H
#define REMEX_CLI_TRANSFER_PRIVATE_H

#include "cli/transfer.h"

enum { TRANSFER_AHEAD = 2 * ITEM_DATA_MAX }; /* bytes of a put that are read before they can be sent */

/* There is no bound at this end: what the user may reach, the user may name. */
extern const struct roots transfer_everything;

/* What the server sends is not in order, which is said: nothing more of it is looked at. Always -1. */
int transfer_stop (struct transfer *transfer, struct call *call, const struct err *err);

/* The last component of a path, at most ITEM_NAME_MAX bytes; "." where what is meant is in a directory, not the directory:
 * "", ".", "..", "/". 0, or -1 and err. */
int transfer_last_component (const char *path, char *name, struct err *err);

/* The sender or receiver: 0, or -1 without memory. And where a get writes to: 0, or -1 and err. */
int transfer_open_put (struct transfer *transfer);
int transfer_open_get (struct transfer *transfer);
int transfer_open_destination (struct transfer *transfer, struct err *err);

/* The sink's `send`. */
int transfer_send_put (struct transfer *transfer, struct call *call);
int transfer_send_get (struct transfer *transfer, struct call *call);

/* Take what is in transfer->in: 0, or -1 and err. */
int transfer_take_put (struct transfer *transfer, struct call *call, struct err *err);
int transfer_take_get (struct transfer *transfer, struct call *call, struct err *err);

#endif
