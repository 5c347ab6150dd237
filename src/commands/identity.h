/* identity - one identity as a daemon describes it (the call `identities`), for a person. */
#ifndef REMEX_COMMANDS_IDENTITY_H
#define REMEX_COMMANDS_IDENTITY_H

#include <jansson.h>
#include <stddef.h>

enum { IDENTITY_WORDS = 1024 };

/* A list of strings, with ", " between them, as it may be printed; `none` where it is missing or empty. Returns out. */
char *identity_list (const json_t *list, const char *none, char out[IDENTITY_WORDS]);

/* What it may call: "exec.run, status", and its commands as "`systemctl status {unit}`". Returns out. */
char *identity_calls (const json_t *identity, char out[IDENTITY_WORDS]);

/* What it is bound to: "/srv/app (rw), /var/log (r)"; "everything" where nothing is said. Returns out. */
char *identity_roots (const json_t *identity, char out[IDENTITY_WORDS]);

/* A member that is a string, as it may be printed; `none` where there is none. Returns out. */
char *identity_text (const json_t *identity, const char *key, const char *none, char out[IDENTITY_WORDS]);

#endif
