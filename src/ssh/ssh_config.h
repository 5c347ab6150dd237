/* ssh_config - what ~/.ssh/config and /etc/ssh/ssh_config say of a host (ssh_config(5)): the keywords that remex-ssh uses.
 *
 * The files are read once, in that order, and asked for each host. The first value that is found for a keyword holds;
 * IdentityFile collects all of them. Host and Include are as in ssh(1). A block that begins with Match counts for nothing,
 * except `Match all`, and that it was ignored can be told. Other keywords are ignored. A mistake in a keyword that is used
 * is an error with FILE:LINE, as in ssh(1).
 *
 * Values stay as they were written; ssh_config_expand replaces their tokens.
 */
#ifndef REMEX_SSH_SSH_CONFIG_H
#define REMEX_SSH_SSH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	SSH_CONFIG_FILE_MAX = 1 << 20, /* bytes of a file */
	SSH_CONFIG_DEPTH_MAX = 16, /* files that include each other */
	SSH_CONFIG_FILES_MAX = 1024, /* files in all */
	SSH_CONFIG_IDENTITIES_MAX = 100, /* IdentityFile, for one host */
};

struct ssh_config;

/* How files are read: src/ssh does so by ssh_config_files, and tests and the fuzzer without a file system. */
struct ssh_config_ops {
	/* The bytes of a file, with a NUL behind them, which the caller frees; NULL and err (err->sys ENOENT: there is no
	 * such file). */
	char *(*read) (void *context, const char *path, size_t *n, struct err *err);
	/* The files that a pattern of Include stands for, in order, and NULL behind them; the caller frees each and the
	 * list. NULL: out of memory. */
	char **(*find) (void *context, const char *pattern);
};

/* Files have to be trusted (base/trusted.h), and patterns are those of glob(7). */
extern const struct ssh_config_ops ssh_config_files;

/* `home` is for "~" in Include, and is copied. NULL: out of memory. */
struct ssh_config *ssh_config_new (const char *home, const struct ssh_config_ops *ops, void *context);
void ssh_config_free (struct ssh_config *config);

/* Read a file and those that it includes, whose relative names start at its directory. 1; 0: there is no such file; -1 and
 * err. */
int ssh_config_read (struct ssh_config *config, const char *path, struct err *err);

/* How many Match lines were ignored; the first one is *line of *path (unless it is 0). */
size_t ssh_config_ignored (const struct ssh_config *config, const char **path, unsigned *line);

/* A list of values; `said` with no values: "none". */
struct ssh_config_list {
	const char **values;
	size_t n;
	bool said;
};

/* NULL, 0 and false: nothing was said. The texts live as long as the configuration. */
struct ssh_settings {
	const char *host_name; /* HostName, with its tokens */
	const char *user;
	int port;
	struct ssh_config_list identity_files; /* IdentityFile */
	bool identities_only;
	const char *identity_agent; /* IdentityAgent: a path, SSH_AUTH_SOCK, $VARIABLE, or none */
	const char *proxy_jump, *proxy_command; /* at most one of them; "none" counts as nothing */
	const char *strict_checking; /* StrictHostKeyChecking, in lower case; NULL: not said */
	struct ssh_config_list user_known_hosts, global_known_hosts;
	const char *host_key_alias;
	bool hash_known; /* HashKnownHosts: a name that is added is hashed */
};

/* What is said of a host, by the name that the user gave. 0, or -1 and err: out of memory. */
int ssh_config_find (const struct ssh_config *config, const char *host, struct ssh_settings *settings, struct err *err);
void ssh_settings_free (struct ssh_settings *settings);

/* What the tokens of a value stand for. */
struct ssh_config_tokens {
	const char *home; /* %d, and ~ */
	const char *local_user; /* %u */
	const char *host; /* %h: the host that is connected to, or in HostName the name that the user gave */
	const char *original; /* %n: the name that the user gave */
	const char *user; /* %r: at the host */
	unsigned port; /* %p */
};

/* Replace the tokens above, %% and %i (the uid); NULL stands for a token that is not possible in the value. In a path also
 * "~" and "~/" at the beginning, and ${VARIABLE}. New memory, which the caller frees; NULL and err. */
char *ssh_config_expand (const char *value, const struct ssh_config_tokens *tokens, struct err *err);
char *ssh_config_expand_path (const char *value, const struct ssh_config_tokens *tokens, struct err *err);

#endif
