/* access - who is calling, and what that identity may do.
 *
 * An identity is what rights and fair shares belong to. For a Unix peer it is the uid that the kernel names, and it may
 * make every call, as itself. Over TCP it is one whose key an identity file lists, and it may do what that file grants.
 * It lives as long as a connection or a request refers to it; when its file changes, what it may do changes with it.
 */
#ifndef REMEX_GATE_ACCESS_H
#define REMEX_GATE_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/list.h"
#include "gate/grants.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "wire/verbs.h"

/* What an identity has waiting in the queue (front/queue.h), of one class. */
struct line {
	struct list waiting; /* its waiters, the next one first */
	struct list turn; /* in the queue's turns, while it has waiters */
	int length;
	size_t bytes;
};

struct identity {
	struct list node; /* in access.identities */
	unsigned references;
	uid_t uid; /* whom it acts as by default */
	bool remote; /* it came over TCP: */
	const struct grant *grant; /* what it may do; NULL: it was revoked */
	bool roots_narrowed; /* the last access_replace took something from what its roots let it reach */
	int connections; /* at once */
	/* Over TCP: when the supervisor last let it act as `uid`, by clock_ms, and the state of the user database then
	 * (base/userdb.h); 0: not yet. */
	int64_t proved_ms;
	uint64_t proved_users;
	bool full; /* the daemon's own user, or root: may do everything, as anybody the daemon can become */
	char name[64]; /* `you` of the hello, and for the log */

	struct line ordinary, control; /* what waits (front/queue.h) */
	int running; /* requests that have a worker, or output that its client has yet to take (request.h) */
	int answers; /* of the front itself, that its client has yet to take (front/builtin.h) */
	size_t held; /* bytes of the budget (budget.h) */
	struct {
		uint64_t pass, round;
		int64_t spent_ns;
		bool left; /* some of its connections have yet to be read in this round */
	} turn; /* of its connections (front/turn.h) */
};

struct access {
	struct list identities;
	struct grants *grants; /* owned; NULL: nobody may come in over TCP */
	uid_t daemon; /* whose daemon this is */
	gid_t group; /* of `remex`, -1 where there is none */
	bool shared; /* others than root and the daemon's user may call: shares apply */
};

/* daemon: the uid the supervisor runs as. */
void access_init (struct access *access, uid_t daemon);

/* Look the group `remex` up again. access_unix_stays: may a connection of that identity be here still, by the rules for a new
 * one? */
void access_renew_group (struct access *access);
bool access_unix_stays (const struct access *access, const struct identity *identity, int fd);
void access_free (struct access *access);

/* The identities of a new generation (owned from now on). Those that are there get what is granted to their name now;
 * whoever has lost its name, has no grant from here on. What this takes from whom is in use is revoke.h's affair. */
void access_replace (struct access *access, struct grants *grants);

/* The identity of a proved key that came from there, at that time (unix seconds): referenced, or NULL and err
 * (CODE_DENIED). */
struct identity *access_key (
	struct access *access, const struct key *key, const struct endpoint *from, int64_t now, struct err *err);

/* May a connection of that remote identity, with that key and from there, still be here at that time? By the same rules
 * as a new one. 0, or -1 and err (CODE_DENIED). */
int access_stays (const struct identity *identity, const struct key *key, const struct endpoint *from, int64_t now,
	struct err *err);

/* An identity that may do nothing, for a connection that is only told so; NULL without memory. */
struct identity *access_nobody (struct access *access);

/* The identity of a Unix peer (referenced), or NULL and err (CODE_DENIED) when it may not call at all. */
struct identity *access_unix (struct access *access, int fd, struct err *err);

/* The identity of a uid that is known from elsewhere (--stdio: the invoking user). */
struct identity *access_uid (struct access *access, uid_t uid);

void identity_release (struct identity *identity);

/* Nothing waits in it. */
void line_init (struct line *line);

/* The name of a uid in /etc/passwd, or "uid:N", in `out`. Returns out. */
char *access_name (char *out, size_t size, uid_t uid);

/* May it make that call, with these arguments, at that time (unix seconds)? 0, or -1 and err (CODE_DENIED). */
int access_call (
	const struct identity *identity, const struct verb *verb, const json_t *args, int64_t now, struct err *err);

/* May the answer of access_call depend on the arguments? */
bool access_asks_args (const struct identity *identity, const struct verb *verb);

/* May it have one more request, beside those that wait and run? 0, or -1 and err (CODE_BUSY). */
int access_room (const struct identity *identity, struct err *err);

/* May it make it with some arguments at all? For what it is shown of the plugins. */
bool access_sees (const struct identity *identity, const struct verb *verb);

/* As whom does its request run: the default where `user` is NULL, else that name (of /etc/passwd) or number.
 * 0, or -1 and err (CODE_DENIED, CODE_NOT_FOUND; over TCP CODE_DENIED for everybody else, whether or not there is such
 * a user). */
int access_user (
	const struct access *access, const struct identity *identity, const char *user, uid_t *uid, struct err *err);

#endif
