/* access - the identities of clients, and their rights.
 *
 * Rights and fair shares belong to an identity. The identity of a Unix peer is the uid that the kernel reports; it may
 * make every call, as itself. The identity of a TCP client is found by the client's key in an identity file, and has
 * the rights that the file grants. An identity lives as long as a connection or a request refers to it; when its file
 * changes, its rights change with the file.
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

/* The waiting requests of an identity in the queue (front/queue.h), of one class. */
struct identity_queue {
	struct list waiting; /* its waiters, the next waiter first */
	struct list turn; /* in the turns of the queue, while there are waiters */
	int length;
	size_t bytes;
};

struct identity {
	struct list node; /* in access.identities */
	unsigned references;
	uid_t uid; /* the user that it acts as by default */
	bool remote; /* over TCP: */
	const struct grant *grant; /* its rights; NULL: revoked */
	bool roots_narrowed; /* the last access_replace took rights away from its roots */
	int connections; /* at once */
	/* Over TCP: when the supervisor last allowed it to act as `uid` (clock_ms), and the state of the user database
	 * at that time (base/userdb.h); 0: not yet. */
	int64_t proved_ms;
	uint64_t proved_users;
	bool full; /* the daemon's own user, or root: may make every call, as every user that the daemon can become */
	char name[64]; /* `you` of the hello, and for the log */

	struct identity_queue ordinary, control; /* the waiting requests (front/queue.h) */
	int running; /* requests that have a worker, or output that the client has not taken yet (request.h) */
	int job_calls; /* calls about jobs (front/job_call.h), */
	int job_asks; /* questions of such calls that the supervisor has not answered, */
	int job_unread; /* and such calls with output that the client has not taken (front/job_viewer.h) */
	int answers; /* of the front itself, that the client has not taken yet (front/builtin.h) */
	size_t held; /* bytes of the budget (budget.h) */
	struct {
		uint64_t pass, round;
		int64_t spent_ns;
		bool left; /* some of its connections have not been read yet in this round */
	} turn; /* the turns of its connections (front/turn.h) */
};

struct access {
	struct list identities;
	struct grants *grants; /* owned; NULL: no client may connect over TCP */
	uid_t daemon; /* the daemon's user */
	gid_t group; /* of `remex`; -1: there is no such group */
	bool shared; /* users other than root and the daemon's user may call: shares apply */
};

/* daemon: the uid of the supervisor. */
void access_init (struct access *access, uid_t daemon);

/* Look the group `remex` up again. access_unix_stays: may a connection of that identity stay, by the rules for a new
 * connection? */
void access_renew_group (struct access *access);
bool access_unix_stays (const struct access *access, const struct identity *identity, int fd);
void access_free (struct access *access);

/* Take the grants of a new generation (owned from now on). Each existing identity gets the grant that its name has now,
 * or no grant when its name is gone. revoke.h ends the connections and requests that lose their rights by this. */
void access_replace (struct access *access, struct grants *grants);

/* The identity of a proved key, for a client from that address at that time (Unix seconds): a reference, or NULL and
 * err (CODE_DENIED). */
struct identity *access_key (
	struct access *access, const struct key *key, const struct endpoint *from, int64_t now, struct err *err);

/* May a connection of that remote identity, with that key and from that address, stay at that time? The rules are those
 * for a new connection. 0, or -1 and err (CODE_DENIED). */
int access_stays (const struct identity *identity, const struct key *key, const struct endpoint *from, int64_t now,
	struct err *err);

/* An identity without rights, for a connection that is only told why it is refused. NULL: out of memory. */
struct identity *access_nobody (struct access *access);

/* Is that a subordinate uid by the file `path`, which is like /etc/subuid (subuid(5))? `owner` gets the name, or the
 * number, of the user who may act as it. */
bool access_subordinate (const char *path, uid_t uid, char *owner, size_t size);

/* The identity of a Unix peer: a reference, or NULL and err (CODE_DENIED) when the peer may not call at all. */
struct identity *access_unix (struct access *access, int fd, struct err *err);

/* The identity of a uid from another source (--stdio: the invoking user). */
struct identity *access_uid (struct access *access, uid_t uid);

void identity_release (struct identity *identity);

/* Make it empty. */
void identity_queue_init (struct identity_queue *line);

/* Put the name of a uid in /etc/passwd, or "uid:N", into `out`. Returns out. */
char *access_name (char *out, size_t size, uid_t uid);

/* May the identity make that call, with these arguments, with or without a terminal, at that time (Unix seconds)? 0, or -1
 * and err (CODE_DENIED). */
int access_call (const struct identity *identity, const struct verb *verb, const json_t *args, bool tty, int64_t now,
	struct err *err);

/* May the answer of access_call depend on the arguments? */
bool access_asks_args (const struct identity *identity, const struct verb *verb);

/* May the identity have one more request, besides its waiting and running ones? 0, or -1 and err (CODE_BUSY). */
int access_room (const struct identity *identity, struct err *err);

/* May the identity call that verb with any arguments at all? Decides which verbs are shown to the identity. */
bool access_sees (const struct identity *identity, const struct verb *verb);

/* The user that a request of the identity runs as: the default where `user` is NULL, else that name (in /etc/passwd) or
 * number. 0, or -1 and err (CODE_DENIED, CODE_NOT_FOUND; over TCP CODE_DENIED for every other user, whether that user
 * exists or not). */
int access_user (
	const struct access *access, const struct identity *identity, const char *user, uid_t *uid, struct err *err);

#endif
