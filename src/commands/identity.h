/* identity - one identity in the result of the call `identities`, as text for a person. */
#ifndef REMEX_COMMANDS_IDENTITY_H
#define REMEX_COMMANDS_IDENTITY_H

#include <jansson.h>
#include <stddef.h>

enum { IDENTITY_WORDS = 1024 };

/* A list of strings, separated by ", ", safe to print; `none` where it is missing or empty. Returns out. */
char *identity_list (const json_t *list, const char *none, char out[IDENTITY_WORDS]);

/* The calls that are allowed: "exec.run, status", and the commands as "`systemctl status {unit}`". Returns out. */
char *identity_calls (const json_t *identity, char out[IDENTITY_WORDS]);

/* The roots that it is confined to: "/srv/app (rw), /var/log (r)"; "everything" where there are none. Returns out. */
char *identity_roots (const json_t *identity, char out[IDENTITY_WORDS]);

/* A string member, safe to print; `none` where it is missing. Returns out. */
char *identity_text (const json_t *identity, const char *key, const char *none, char out[IDENTITY_WORDS]);

#endif
