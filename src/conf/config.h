/* config - remexd.yaml, parsed, checked against one table of keys (config_schema) and filled in with the defaults.
 *
 * Every process of remexd parses the same bytes (a generation's snapshot) with this code. The keys of a plugin's own
 * section are not known here: the node of the section is kept, and the worker checks it against the options that the
 * plugin declares.
 */
#ifndef REMEX_CONF_CONFIG_H
#define REMEX_CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "conf/record_key.h"
#include "conf/schema.h"
#include "conf/tree.h"
#include "conf/tunnel_key.h"
#include "net/endpoint.h"
#include "net/listen.h"
#include "wire/call_limits.h"

struct config_listen {
	enum listen_kind kind;
	char *path; /* LISTEN_UNIX: absolute, at most 107 bytes (sockaddr_un, unix(7)); else NULL */
	struct endpoint endpoint; /* LISTEN_TCP */
	unsigned line, column; /* its place in the file, for messages; 0 for a default */
};

/* Workers besides workers.max, for control calls: one, and another one for control calls of root and the daemon's
 * user. */
enum { CONTROL_WORKERS = 2 };

enum { CONFIG_DIRECTORIES = 8 };

enum audit_kind { AUDIT_NONE, AUDIT_JOURNAL, AUDIT_FILE };

/* `plugins.NAME`: false, or a map of the plugin's own keys. A plugin that is not mentioned is loaded. */
struct config_plugin {
	const char *name;
	bool enabled;
	const struct conf_node *options; /* CONF_MAP or NULL */
};

struct config {
	char *file; /* its name, for messages */
	struct config_listen *listen; /* NULL: the file has none, and the caller's default socket is used */
	size_t n_listen;
	char *host_key; /* absolute; NULL: the caller's default */
	bool discovery; /* false; answer queries of discovery */
	char *identities; /* a directory, absolute; NULL: the caller's default */
	int workers_max; /* 64; ordinary workers at once */
	int workers_spare; /* 2; idle workers kept warm; at most workers_max */
	int workers_requests; /* 10000; a worker is replaced after so many requests; 0: never */
	int64_t workers_age_ms; /* 5 s; the greatest age of a worker that gets a request, where users do not come from
				   files only; 0: any */
	int queue_length; /* 256 requests */
	int64_t queue_bytes; /* 8 MiB */
	struct {
		int64_t grace_ms; /* 2 s; from TERM to KILL */
		int64_t message_ms; /* 10 s; the time in which a half-received message must make progress */
		int64_t ping_ms; /* 15 s of silence before a client with calls in flight is pinged */
		int64_t silence_ms; /* 45 s of silence before the client is given up */
		int calls; /* 64 running or queued requests per connection */
		int connections; /* 10000 */
		int connections_each; /* 1000 of one identity, except root and the daemon's user; at most connections */
		int64_t output; /* 256 KiB; bytes that may wait for a client before its commands are held up */
		int64_t memory; /* 64 MiB; for incoming messages, and answers that are not taken */
		int64_t stall_ms; /* 60 s; the time in which a client must take some of its waiting output */
		int crashes; /* 10; after so many a plugin rests for the user of these calls (front/breaker.h); 0: never */
		int64_t drain_ms; /* 30 s; for running requests after SIGTERM */
		int64_t handshake_ms; /* 5 s; from accept to a proved key */
		int unauthenticated; /* 256 TCP connections that have not proved their key */
		int unauthenticated_each; /* 8 of them from one address; at most `unauthenticated` */
		int64_t penalty_ms; /* 10 min; the longest penalty for failures of one address; 0: none */
		int64_t idle_ms; /* 1 h of silence without a call in flight, over TCP; 0: for ever */
	} limits;
	struct call_limits requests; /* the upper bounds of every request; none */
	struct {
		char *directory; /* absolute; NULL: the caller's default */
		int64_t spool; /* 64 MiB; the output of one job that is kept */
		int64_t keep_ms; /* 7 days; how long an ended job is kept; 0: not at all */
		int keep_number; /* 200; ended jobs of one identity that are kept */
		int each; /* 64; running jobs of one identity, except root and the daemon's user; at most max */
		int max; /* 1000 running jobs; 0: none may be started */
		int64_t total; /* 0; bytes of the disk that all jobs may take when one is started; 0: no limit */
		char *slice; /* "remex.slice", where systemd has a scope for each job */
	} jobs;
	struct {
		char *directory; /* absolute; NULL: the caller's default */
		enum record_what what; /* RECORD_NONE */
		enum record_full when_full; /* RECORD_REFUSE */
		int64_t size; /* 1 GiB; the most bytes of one recording */
		int64_t leave_free; /* 256 MiB; what recordings leave of their file system */
	} record;
	struct config_tunnel tunnel;
	char *front_user; /* NULL: remex, else nobody */
	enum audit_kind audit; /* AUDIT_NONE */
	char *audit_file; /* AUDIT_FILE: absolute; else NULL */
	char *plugins_directories[CONFIG_DIRECTORIES]; /* absolute; when two have the same plugin, the first counts */
	size_t n_plugins_directories; /* at least 1; PLUGINDIR by default */
	struct config_plugin *plugins;
	size_t n_plugins;
	enum log_level log;
	struct conf_node *tree; /* owns the nodes of the plugins' options */
};

extern const struct schema config_schema;

/* Parse `n` bytes of text. `file` is its name, for messages. NULL and err (with file:line:column, and for an unknown
 * key the nearest known key). */
struct config *config_parse (const char *text, size_t n, const char *file, struct err *err);
void config_free (struct config *config);

/* Call `report` for each former name of a key that the file uses, with the place and the name that the key has now. */
void config_report_former (const struct config *config, void (*report) (const char *words));

/* The section of the plugin `name`, or NULL. */
const struct config_plugin *config_plugin (const struct config *config, const char *name);

#endif
