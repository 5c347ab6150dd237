/* file - the shared part of the plugin's verbs: the caller's roots, and failures. */
#ifndef REMEX_PLUGINS_FILE_H
#define REMEX_PLUGINS_FILE_H

#include <jansson.h>
#include <remex/plugin.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/digest.h"
#include "files/target.h"

/* The roots of this call, and the directory that relative paths start from. */
struct reach {
	struct remex_call *call;
	struct roots roots;
	const char *home;
};

/* 0, or -1: failed and reported (remex_fail). Then reach_close, either way. */
int reach_open (struct reach *reach, struct remex_call *call);
void reach_close (struct reach *reach);

/* Fail the call with `err` about `path` (NULL: about no path). Always -1. */
int fail (struct remex_call *call, const char *path, const struct err *err);

/* The kind of sum that the call asks for: its argument `sum`; SHA-256 without one. 0, or -1: failed and reported. */
int read_sum (struct remex_call *call, enum digest_kind *sum);

/* Write a document (consumed; NULL means out of memory) to the stream "result". 0 or -1. */
int give_result (struct remex_call *call, json_t *document);

/* A pipe between us and remexd, which moves the bytes itself, so that client, remexd and worker run at the same time:
 * the input, to read from the returned descriptor; or the stream FILES_STREAM, to write to it. -1: failed and reported.
 * The end of the input does not show whether the client has ended it or is gone: the content needs an end mark of its
 * own. */
int open_input (struct remex_call *call);
int open_output (struct remex_call *call);

/* The stream of items, both ways except for the input of put. */
#define FILES_STREAM "files"

/* A file as list and stat show it; `directory` and `name` locate it, for a link's target. NULL when out of memory. */
json_t *describe (int directory, const char *name, const struct stat *st);

/* The verbs; see the tables in file.c. */
int file_put (void *state, struct remex_call *call);
int file_get (void *state, struct remex_call *call);
int file_list (void *state, struct remex_call *call);
int file_stat (void *state, struct remex_call *call);
int file_checksum (void *state, struct remex_call *call);
int file_mkdir (void *state, struct remex_call *call);
int file_remove (void *state, struct remex_call *call);

#endif
