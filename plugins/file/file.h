/* file - what the verbs of the plugin share: where the caller may go, and how a failure is told. */
#ifndef REMEX_PLUGINS_FILE_H
#define REMEX_PLUGINS_FILE_H

#include <jansson.h>
#include <remex/plugin.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/target.h"

/* What this call may reach, and from where its relative paths start. */
struct reach {
	struct remex_call *call;
	struct roots roots;
	const char *home;
};

/* 0, or -1: failed, which has been said (remex_fail). Then reach_close, either way. */
int reach_open (struct reach *reach, struct remex_call *call);
void reach_close (struct reach *reach);

/* End the call with what `err` says of `path` (NULL: of nothing in particular). Always -1. */
int fail (struct remex_call *call, const char *path, const struct err *err);

/* Write a document (consumed; NULL is a lack of memory) to the stream "result". 0 or -1. */
int give_result (struct remex_call *call, json_t *document);

/* A pipe between us and remexd, which moves the bytes itself, so that a client, remexd and we work at the same time: all of
 * the input, to be read from the descriptor that is returned; or all of the stream FILES_STREAM, to be written to it. -1: it
 * failed, which has been said. At the end of the input it cannot be told whether the client has ended it or is gone; what
 * comes over it has to have an end of its own. */
int open_input (struct remex_call *call);
int open_output (struct remex_call *call);

/* The stream that items travel on, both ways but for the input of put. */
#define FILES_STREAM "files"

/* What a file is, as list and stat tell it; `directory` and `name` are where it is, for a link's target. NULL without
 * memory. */
json_t *describe (int directory, const char *name, const struct stat *st);

/* One for each verb; see the tables in file.c. */
int file_put (void *state, struct remex_call *call);
int file_get (void *state, struct remex_call *call);
int file_list (void *state, struct remex_call *call);
int file_stat (void *state, struct remex_call *call);
int file_checksum (void *state, struct remex_call *call);
int file_mkdir (void *state, struct remex_call *call);
int file_remove (void *state, struct remex_call *call);

#endif
