/* check_dispatch - from a call to a worker: calls that are refused, answers of the supervisor in any order, too late,
 * or for another user, workers that cannot be made, a trail that cannot be written. The client is a session without a
 * connection; the supervisor and the workers are the test. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "front/dispatch.h"
#include "front/request.h"
#include "front_alone.h"
#include "support/check_main.h"
#include "wire/fake_session.h"

enum { STRANGER = 4000000000u }; /* a uid that no user has */

#define SHOW "\"call\":\"words.show\",\"args\":{}"
#define COUNT "\"call\":\"words.count\",\"args\":{\"text\":\"t\"}"

static struct front_alone alone;
static struct front *const front = &alone.front;
static struct fake_session fake; /* of a client */
static struct gate_client client, other; /* an administrator, and somebody else */
static bool by_other; /* the calls that come next */
static int peer; /* of the calls that come next; -1: none */

static void on_call (void *arg, struct channel *channel, const struct message *message)
{
	(void)arg;
	dispatch_call (front, by_other ? &other : &client, peer, channel, message);
}

static void on_flush (void *arg)
{
	(void)arg;
}

static const struct session_events session_events = { .call = on_call, .flush = on_flush };

static void begin (const char *yaml)
{
	peer = -1;
	alone_begin (&alone, yaml);
	client = (struct gate_client){ .identity = access_uid (&front->gate.access, geteuid ()) };
	gate_enter (&front->gate, &client);
	other = (struct gate_client){ .identity = access_uid (&front->gate.access, STRANGER) };
	gate_enter (&front->gate, &other);
	fake_begin (&fake);
	fake.session.events = &session_events;
	ck_assert_str_eq (fake_answers (&fake), "hello;");
}

/* The client goes. */
static void end (void)
{
	session_lose (&fake.session);
	fake_end (&fake);
	gate_leave (&client);
	gate_leave (&other);
	alone_end (&alone);
}

static void check_answers (const char *expected)
{
	alone_turn (&alone);
	ck_assert_str_eq (fake_answers (&fake), expected);
}

static struct request *first_request (void)
{
	ck_assert (!list_empty (&front->requests));
	return list_entry (front->requests.next, struct request, node);
}

/* The worker completes its request, and the client is told. */
static void complete (uint64_t serial, uint64_t number, const char *answers)
{
	alone_complete (&alone, serial, number);
	alone_until (&alone, buf_len (&fake.session.out));
	ck_assert_str_eq (fake_answers (&fake), answers);
}

/* --- one call ---------------------------------------------------------------------------------------------------- */

START_TEST (a_call_gets_a_worker)
{
	static const char header[] = "{\"id\":5," COUNT "}";

	begin ("");
	fake_send (&fake, "%s", header);
	alone_expect (&alone, REC_WORKER, 1);
	ck_assert_int_eq (alone.packet.record.a, geteuid ());
	ck_assert_uint_eq (alone.packet.record.length, strlen (client.identity->name));
	ck_assert_mem_eq (alone.packet.data, client.identity->name, strlen (client.identity->name));
	ck_assert_uint_eq (alone.n_fds, 0);
	ck_assert_int_eq (front->pool.births, 1);
	check_answers ("");
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	ck_assert_int_eq (front->pool.births, 0);
	alone_worker_expect (&alone, 1, REC_CALL, 1);
	ck_assert_uint_eq (alone.packet.record.length, strlen (header)); /* the client's own bytes */
	ck_assert_mem_eq (alone.packet.data, header, strlen (header));
	ck_assert_int_eq (front->n_running, 1);
	complete (1, 1, "done 5 completed;");
	ck_assert_int_eq (front->n_running, 0);
	/* The next call gets the same worker, and the supervisor is not asked. */
	fake_send (&fake, "{\"id\":6," COUNT "}");
	alone_worker_expect (&alone, 1, REC_CALL, 2);
	complete (1, 2, "done 6 completed;");
	alone_expect_nothing (&alone);
	end ();
}
END_TEST

/* The supervisor gets the socket of the client, which proves who it is. */
START_TEST (the_proof_is_sent_along)
{
	int fds[2];

	begin ("");
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	peer = fds[0];
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	ck_assert_uint_eq (alone.n_fds, 1);
	close (fds[0]);
	close (fds[1]);
	end ();
}
END_TEST

/* --- calls that are refused -------------------------------------------------------------------------------------- */

static const struct {
	const char *members, *answer;
	enum code code;
} refusals[] = {
	{ COUNT ",\"must\":\"deadline\"", "error 1 bad_value;", CODE_BAD_VALUE },
	{ COUNT ",\"must\":[\"later\"]", "error 1 bad_message;", CODE_BAD_MESSAGE },
	{ COUNT ",\"must\":[\"deadline\",7]", "error 1 bad_message;", CODE_BAD_MESSAGE },
	{ COUNT ",\"user\":7", "error 1 bad_value;", CODE_BAD_VALUE },
	{ COUNT ",\"input\":\"yes\"", "error 1 bad_value;", CODE_BAD_VALUE },
	{ COUNT ",\"wait_output\":1", "error 1 bad_value;", CODE_BAD_VALUE },
	{ COUNT ",\"deadline\":0", "error 1 bad_value;", CODE_BAD_VALUE },
	{ COUNT ",\"user\":\"no such user\"", "error 1 not_found;", CODE_NOT_FOUND },
	{ "\"call\":\"words.cuont\"", "error 1 unknown_call;", CODE_UNKNOWN_CALL },
	{ "\"call\":\"bad.thing\"", "error 1 unknown_call;", CODE_UNKNOWN_CALL },
	{ "\"call\":\"words.count\"", "error 1 bad_value;", CODE_BAD_VALUE },
	{ "\"call\":\"words.count\",\"args\":{\"text\":7}", "error 1 bad_value;", CODE_BAD_VALUE },
	{ "\"call\":\"words.show\",\"args\":{\"more\":7}", "error 1 bad_value;", CODE_BAD_VALUE },
};

/* Nothing is queued, and no worker is asked for. */
START_TEST (a_call_is_refused)
{
	begin ("");
	fake_send (&fake, "{\"id\":1,%s}", refusals[_i].members);
	check_answers (refusals[_i].answer);
	ck_assert_uint_eq (front->counts.errors[refusals[_i].code], 1);
	ck_assert_int_eq (front->queue.length, 0);
	ck_assert (list_empty (&front->requests));
	alone_expect_nothing (&alone);
	end ();
}
END_TEST

START_TEST (known_keys_may_stand_in_must)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT ",\"must\":[\"id\",\"call\",\"args\",\"deadline\",\"idle\",\"limits\","
			  "\"input\",\"body\",\"window\",\"user\","
			  "\"wait_output\",\"must\"]}");
	check_answers ("");
	ck_assert_int_eq (front->queue.length, 1);
	end ();
}
END_TEST

/* A client over TCP is not told where the files of plugins are. */
START_TEST (the_reason_of_a_refused_plugin_is_for_local_clients)
{
	static const char secret[] = "/secret/bad.so";

	begin ("");
	client.remote = _i;
	fake_send (&fake, "{\"id\":1,\"call\":\"bad.thing\"}");
	ck_assert_int_eq (
		memmem (buf_head (&fake.session.out), buf_len (&fake.session.out), secret, strlen (secret)) != NULL,
		!_i);
	check_answers ("error 1 unknown_call;");
	client.remote = false;
	end ();
}
END_TEST

START_TEST (a_front_that_drains_takes_no_calls)
{
	begin ("");
	front->draining = true;
	fake_send (&fake, "{\"id\":1," COUNT "}");
	fake_send (&fake, "{\"id\":2,\"call\":\"plugins\"}");
	check_answers ("error 1 shutting_down;error 2 shutting_down;");
	end ();
}
END_TEST

START_TEST (a_full_queue_is_busy)
{
	begin ("queue: {length: 2}\n");
	for (int i = 1; i <= 3; i++)
		fake_send (&fake, "{\"id\":%d," COUNT "}", i);
	check_answers ("error 3 busy;");
	ck_assert_int_eq (front->queue.length, 2);
	end ();
}
END_TEST

START_TEST (a_plugin_that_rests)
{
	begin ("limits: {crashes: 2}\n");
	for (int i = 0; i < 2; i++)
		breaker_crashed (&front->breakers, "words", geteuid (), clock_ms () + 100000);
	fake_send (&fake, "{\"id\":1," COUNT "}");
	check_answers ("error 1 plugin_crashed;");
	end ();
}
END_TEST

/* --- no worker --------------------------------------------------------------------------------------------------- */

static const struct {
	int error;
	const char *answer;
} no_workers[] = {
	{ EPERM, "error 1 denied;" },
	{ ENOTCONN, "error 1 denied;" },
	{ EAGAIN, "error 1 busy;" },
	{ ENOMEM, "error 1 busy;" },
	{ EMFILE, "error 1 busy;" },
	{ ENFILE, "error 1 busy;" },
	{ ENOEXEC, "error 1 internal;" },
};

START_TEST (no_worker_can_be_made)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	alone_refuse_worker (&alone, 1, no_workers[_i].error);
	check_answers (no_workers[_i].answer);
	ck_assert_int_eq (front->pool.births, 0);
	ck_assert_int_eq (front->queue.length, 0);
	alone_expect_nothing (&alone);
	end ();
}
END_TEST

/* Workers that the supervisor still knows have to leave first: it is asked again, and the call waits. */
START_TEST (a_supervisor_without_room_is_asked_again)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	for (int i = 0; i < 3; i++) {
		alone_expect (&alone, REC_WORKER, 1);
		alone_refuse_worker (&alone, 1, EBUSY);
		ck_assert_int_eq (front->pool.births, 0);
		alone_expect_nothing (&alone); /* not at once */
		alone_until (&alone, front->pool.births == 1);
	}
	alone_expect (&alone, REC_WORKER, 1);
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	alone_worker_expect (&alone, 1, REC_CALL, 1);
	complete (1, 1, "done 1 completed;");
	end ();
}
END_TEST

/* The link of the new worker was lost on the way: the worker is stopped, and is not counted. */
START_TEST (a_worker_without_a_link)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	alone_give_worker (&alone, 1, 9, geteuid (), true);
	alone_expect (&alone, REC_STOP, 9);
	ck_assert_int_eq (alone.packet.record.a, 0);
	check_answers ("error 1 busy;");
	ck_assert_int_eq (front->pool.births, 0);
	ck_assert_int_eq (front->pool.n, 0);
	end ();
}
END_TEST

/* --- answers of the supervisor in another order ------------------------------------------------------------------ */

START_TEST (workers_come_in_any_order)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	by_other = true;
	fake_send (&fake, "{\"id\":2," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	alone_expect (&alone, REC_WORKER, 2);
	ck_assert_int_eq (alone.packet.record.a, STRANGER);
	ck_assert_int_eq (front->pool.births, 2);
	alone_give_worker (&alone, 2, 7, STRANGER, false);
	alone_worker_expect (&alone, 7, REC_CALL, 2);
	check_answers ("");
	alone_refuse_worker (&alone, 1, ENOMEM);
	check_answers ("error 1 busy;");
	complete (7, 2, "done 2 completed;");
	ck_assert_int_eq (front->pool.births, 0);
	end ();
}
END_TEST

/* The first call was cancelled after a worker was asked for. The next call of that user gets it. */
START_TEST (a_worker_is_for_the_next_call_of_its_user)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	fake_send (&fake, "{\"id\":2," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	alone_expect_nothing (&alone); /* one at a time for one identity */
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	check_answers ("done 1 cancelled;");
	alone_expect (&alone, REC_WORKER, 2);
	ck_assert_int_eq (front->pool.births, 2);
	alone_give_worker (&alone, 1, 3, geteuid (), false);
	alone_worker_expect (&alone, 3, REC_CALL, 2);
	alone_refuse_worker (&alone, 2, EPERM); /* about a call that runs by now */
	check_answers ("");
	ck_assert_int_eq (front->pool.births, 0);
	complete (3, 2, "done 2 completed;");
	end ();
}
END_TEST

/* The call was cancelled, or its client has gone: the worker stays, and the next call gets it. */
START_TEST (a_worker_that_nobody_waits_for_any_more)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	check_answers ("done 1 cancelled;");
	ck_assert_int_eq (front->pool.births, 1); /* it comes all the same */
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	ck_assert_int_eq (front->pool.births, 0);
	ck_assert_int_eq (front->pool.n, 1);
	fake_send (&fake, "{\"id\":2," COUNT "}");
	alone_worker_expect (&alone, 1, REC_CALL, 2);
	complete (1, 2, "done 2 completed;");
	alone_expect_nothing (&alone);
	end ();
}
END_TEST

/* The same, and no worker comes: its place is free, and a call that has waited for a place gets it. */
START_TEST (the_place_of_a_worker_that_does_not_come)
{
	static const int errors[] = { EPERM, ENOTCONN, EAGAIN, ENOEXEC, EBUSY };

	begin ("workers: {max: 1}");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	check_answers ("done 1 cancelled;");
	fake_send (&fake, "{\"id\":2," COUNT "}");
	alone_expect_nothing (&alone); /* the place may still be taken */
	alone_refuse_worker (&alone, 1, errors[_i]);
	alone_until (&alone, errors[_i] != EBUSY || front->pool.births);
	alone_expect (&alone, REC_WORKER, 2);
	alone_give_worker (&alone, 2, 2, geteuid (), false);
	complete (2, 2, "done 2 completed;");
	end ();
}
END_TEST

/* A control call was asked for, ran on the worker of another call, and its client has left, so that its own worker is
 * refused. The next control call has waited for that place. */
START_TEST (the_place_of_a_control_call_that_is_over)
{
	begin ("workers: {max: 1}");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	fake_send (&fake, "{\"id\":2," SHOW "}");
	alone_expect (&alone, REC_WORKER, 1);
	alone_expect (&alone, REC_WORKER, 2);
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	alone_worker_expect (&alone, 1, REC_CALL, 2); /* control calls come first */
	complete (1, 2, "done 2 completed;");
	alone_worker_expect (&alone, 1, REC_CALL, 1);
	fake_send (&fake, "{\"id\":3," SHOW "}");
	alone_expect_nothing (&alone);
	alone_refuse_worker (&alone, 2, ENOTCONN);
	alone_expect (&alone, REC_WORKER, 3);
	alone_give_worker (&alone, 3, 3, geteuid (), false);
	complete (3, 3, "done 3 completed;");
	complete (1, 1, "done 1 completed;");
	end ();
}
END_TEST

START_TEST (an_answer_for_an_unknown_request)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	check_answers ("done 1 cancelled;");
	alone_refuse_worker (&alone, 1, EPERM);
	check_answers ("");
	ck_assert_int_eq (front->pool.births, 0);
	alone_audited (&alone, 1, EIO);
	ck_assert_int_eq (front->audit_error, 0);
	end ();
}
END_TEST

/* A reload has changed the user of the call while the supervisor was asked: its answer is about the former user. */
START_TEST (a_refusal_of_the_former_user)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	first_request ()->waiter.uid = STRANGER;
	alone_refuse_worker (&alone, 1, EPERM);
	check_answers ("");
	alone_expect (&alone, REC_WORKER, 1);
	ck_assert_int_eq (alone.packet.record.a, STRANGER);
	alone_refuse_worker (&alone, 1, EPERM);
	check_answers ("error 1 denied;");
	end ();
}
END_TEST

/* The same, and the worker comes: it is of the former user, and never runs the call. */
START_TEST (a_worker_of_the_former_user)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	first_request ()->waiter.uid = STRANGER;
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	ck_assert_int_eq (link_recv (alone.workers[1], &alone.packet, MSG_DONTWAIT), -1);
	alone_expect (&alone, REC_WORKER, 1);
	ck_assert_int_eq (alone.packet.record.a, STRANGER);
	end ();
}
END_TEST

/* Changed rights are checked first. */
START_TEST (nothing_is_started_while_it_is_paused)
{
	begin ("");
	front->paused = true;
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect_nothing (&alone);
	front->paused = false;
	dispatch_pump (front);
	alone_expect (&alone, REC_WORKER, 1);
	end ();
}
END_TEST

/* A worker that was asked for proves that the identity may act as its user, as long as the user database is the same. */
START_TEST (a_worker_is_a_proof)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	ck_assert_uint_eq (client.identity->proved_users, 0);
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	ck_assert_uint_eq (client.identity->proved_users, userdb_state (&front->userdb));
	ck_assert_int_ne (client.identity->proved_ms, 0);
	alone_complete (&alone, 1, 1);
	alone_until (&alone, list_empty (&front->requests));
	client.identity->proved_users = 0;
	/* A worker of another user proves nothing. */
	front->paused = true;
	fake_send (&fake, "{\"id\":2," COUNT "}");
	first_request ()->waiter.uid = STRANGER;
	front->paused = false;
	dispatch_pump (front);
	alone_expect (&alone, REC_WORKER, 1);
	alone_expect (&alone, REC_WORKER, 2);
	alone_give_worker (&alone, 2, 2, STRANGER, false);
	alone_worker_expect (&alone, 2, REC_CALL, 2);
	ck_assert_uint_eq (client.identity->proved_users, 0);
	alone_complete (&alone, 2, 2);
	alone_until (&alone, list_empty (&front->requests));
	end ();
}
END_TEST

/* The user database changes all the time: the worker that was made for a call runs it, or no call would ever run. */
START_TEST (a_new_worker_runs_its_call)
{
	begin ("");
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_WORKER, 1);
	alone.users_change = true;
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	alone_worker_expect (&alone, 1, REC_CALL, 1);
	complete (1, 1, "done 1 completed;");
	end ();
}
END_TEST

/* The name of a user may have another number when the call's turn comes. */
START_TEST (a_user_who_was_named_is_looked_up_again)
{
	begin ("");
	front->paused = true;
	fake_send (&fake, "{\"id\":1," COUNT ",\"user\":\"%u\"}", (unsigned)geteuid ());
	ck_assert_uint_eq (first_request ()->waiter.users, userdb_state (&front->userdb));
	front->userdb.directory = "/dev/null"; /* another state */
	ck_assert_uint_ne (first_request ()->waiter.users, userdb_state (&front->userdb));
	front->paused = false;
	dispatch_pump (front);
	ck_assert_uint_eq (first_request ()->waiter.users, userdb_state (&front->userdb));
	alone_expect (&alone, REC_WORKER, 1);
	end ();
}
END_TEST

/* --- several identities ------------------------------------------------------------------------------------------ */

/* Of two identities with one user, the one that has been served comes last. */
START_TEST (identities_take_turns)
{
	begin ("");
	other.identity->uid = geteuid ();
	fake_send (&fake, "{\"id\":1," COUNT "}");
	fake_send (&fake, "{\"id\":2," COUNT "}");
	by_other = true;
	fake_send (&fake, "{\"id\":3," COUNT "}");
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	alone_worker_expect (&alone, 1, REC_CALL, 1);
	complete (1, 1, "done 1 completed;");
	alone_worker_expect (&alone, 1, REC_CALL, 3);
	complete (1, 3, "done 3 completed;");
	alone_worker_expect (&alone, 1, REC_CALL, 2);
	complete (1, 2, "done 2 completed;");
	end ();
}
END_TEST

START_TEST (an_identity_has_its_own_limit)
{
	struct grant grant = { .limits = { .calls = 1 } };

	begin ("");
	other.identity->grant = &grant;
	by_other = true;
	fake_send (&fake, "{\"id\":1," COUNT "}");
	fake_send (&fake, "{\"id\":2," COUNT "}");
	by_other = false;
	fake_send (&fake, "{\"id\":3," COUNT "}");
	check_answers ("error 2 busy;");
	ck_assert_int_eq (front->queue.length, 2);
	session_lose (&fake.session);
	other.identity->grant = NULL;
	end ();
}
END_TEST

/* --- the trail --------------------------------------------------------------------------------------------------- */

#define TRAIL "audit: /nonexistent/audit.log\n"

/* A call runs when its start is on record. No worker is made for it before. */
START_TEST (a_call_waits_for_its_record)
{
	begin (TRAIL);
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_AUDIT, 1);
	alone_expect_nothing (&alone);
	alone_audited (&alone, 1, 0);
	alone_expect (&alone, REC_WORKER, 1);
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	alone_worker_expect (&alone, 1, REC_CALL, 1);
	complete (1, 1, "done 1 completed;");
	alone_expect (&alone, REC_AUDIT, 0);
	ck_assert_int_eq (alone.packet.record.a, 1); /* its end */
	/* There is an idle worker now. */
	fake_send (&fake, "{\"id\":2," COUNT "}");
	alone_expect (&alone, REC_AUDIT, 2);
	ck_assert_int_eq (link_recv (alone.workers[1], &alone.packet, MSG_DONTWAIT), -1);
	alone_audited (&alone, 2, 0);
	alone_worker_expect (&alone, 1, REC_CALL, 2);
	complete (1, 2, "done 2 completed;");
	end ();
}
END_TEST

/* Its user has changed, and that is put on record, too: the first answer is not enough. */
START_TEST (a_call_with_two_records_waits_for_both)
{
	struct err err;

	begin (TRAIL);
	fake_send (&fake, "{\"id\":1," COUNT "}");
	ck_assert_int_eq (trail_start (first_request (), NULL, &err), 0);
	alone_expect (&alone, REC_AUDIT, 1);
	alone_expect (&alone, REC_AUDIT, 1);
	alone_audited (&alone, 1, 0);
	alone_expect_nothing (&alone);
	alone_audited (&alone, 1, 0);
	alone_expect (&alone, REC_WORKER, 1);
	end ();
}
END_TEST

START_TEST (a_trail_that_cannot_be_written)
{
	begin (TRAIL);
	fake_send (&fake, "{\"id\":1," COUNT "}");
	alone_expect (&alone, REC_AUDIT, 1);
	alone_audited (&alone, 1, ENOSPC);
	check_answers ("error 1 audit_unavailable;");
	ck_assert_int_eq (front->audit_error, ENOSPC);
	alone_expect_nothing (&alone); /* no worker; no end, because there is no start */
	/* It can be written again. */
	fake_send (&fake, "{\"id\":2," COUNT "}");
	alone_expect (&alone, REC_AUDIT, 2);
	alone_audited (&alone, 2, 0);
	ck_assert_int_eq (front->audit_error, 0);
	alone_expect (&alone, REC_WORKER, 2);
	end ();
}
END_TEST

/* An administrator has to be able to look for the reason, and other users have not. */
START_TEST (control_calls_of_administrators_run_without_a_trail)
{
	begin (TRAIL);
	client.identity->full = !_i;
	fake_send (&fake, "{\"id\":1,\"call\":\"words.show\"}");
	alone_expect (&alone, REC_AUDIT, 1);
	alone_audited (&alone, 1, ENOSPC);
	client.identity->full = true;
	if (_i) {
		check_answers ("error 1 audit_unavailable;");
		alone_expect_nothing (&alone);
	} else {
		check_answers ("");
		alone_expect (&alone, REC_WORKER, 1);
	}
	end ();
}
END_TEST

/* --- a recording ------------------------------------------------------------------------------------------------- */

/* The supervisor answers RECORD, and the recorder is asked for its file: the recorder's end of its link. */
static int give_recorder (uint64_t number)
{
	static struct packet packet;
	int fds[2];

	alone_expect (&alone, REC_RECORD, number);
	ck_assert_int_eq (link_pair (fds), 0);
	packet.record = (struct record){ .type = REC_RECORDER, .id = number };
	packet.fds[0] = fds[0];
	packet.n_fds = 1;
	packet.lost = false;
	dispatch_recorder (front, &packet);
	packet_close (&packet);
	ck_assert_int_eq (link_recv (fds[1], &alone.packet, MSG_DONTWAIT), 1);
	ck_assert_uint_eq (alone.packet.record.type, REC_TAPE_OPEN);
	return fds[1];
}

/* A client sends a call that is larger than a record, and it gets a worker whose link has room for a part of it. */
static struct pooled *send_large_call (void)
{
	static const char before[] = "{\"id\":1,\"call\":\"words.run\",\"args\":{\"text\":\"", behind[] = "\"}}";
	enum { TEXT = 900000, BEFORE = sizeof before - 1, WHOLE = BEFORE + TEXT + sizeof behind - 1 };
	static char text[4 + WHOLE + 1];
	int room = 80 * 1024; /* the kernel doubles it */
	uint32_t length = htonl (WHOLE);
	struct pooled *worker;

	memcpy (text, &length, 4);
	memcpy (text + 4, before, BEFORE);
	memset (text + 4 + BEFORE, 'x', TEXT);
	memcpy (text + 4 + BEFORE + TEXT, behind, sizeof behind);
	fake_bytes (&fake, text, 4 + WHOLE);
	alone_expect (&alone, REC_WORKER, 1);
	alone_give_worker (&alone, 1, 1, geteuid (), false);
	worker = first_request ()->worker;
	worker->ready = true;
	ck_assert_int_eq (setsockopt (worker->link, SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
	return worker;
}

/* The recording fails before the worker has got a byte of the call: the worker can serve another request. */
START_TEST (a_recording_that_cannot_begin)
{
	struct pooled *worker;
	int recorder;

	begin ("record: {what: all}\n");
	worker = send_large_call ();
	recorder = give_recorder (1);
	fd_close (&recorder);
	alone_until (&alone, list_empty (&front->requests));
	check_answers ("error 1 recording_unavailable;");
	ck_assert_int_eq (worker->phase, WORKER_IDLE);
	alone_expect_nothing (&alone);
	end ();
}
END_TEST

/* The recording fails when the worker has got a part of the call: no other request may get that worker. */
START_TEST (a_recording_that_fails_before_the_call_is_sent)
{
	struct pooled *worker;
	size_t sent;
	int recorder;

	begin ("record: {what: all}\n");
	worker = send_large_call ();
	recorder = give_recorder (1);
	ck_assert_int_eq (link_post (recorder, REC_TAPE_WRITTEN, 0, 0, 0, 0), 0);
	alone_until (&alone, first_request ()->call_sent);
	sent = first_request ()->call_sent;
	ck_assert_ptr_nonnull (first_request ()->call);
	fd_close (&recorder);
	alone_worker_expect (&alone, 1, REC_CALL, 1); /* there is room for more now */
	alone_until (&alone, worker->phase != WORKER_BUSY);
	ck_assert_int_eq (worker->phase, WORKER_STOPPING);
	alone_expect (&alone, REC_STOP, 1);
	alone_turn (&alone);
	ck_assert_uint_eq (first_request ()->call_sent, sent);
	worker->gone_how = GONE_SIGNALLED;
	request_worker_gone (front, worker);
	check_answers ("error 1 recording_failed;");
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, a_call_gets_a_worker);
	tcase_add_test (tcase, the_proof_is_sent_along);
	tcase_add_loop_test (tcase, a_call_is_refused, 0, (int)(sizeof refusals / sizeof *refusals));
	tcase_add_test (tcase, known_keys_may_stand_in_must);
	tcase_add_loop_test (tcase, the_reason_of_a_refused_plugin_is_for_local_clients, 0, 2);
	tcase_add_test (tcase, a_front_that_drains_takes_no_calls);
	tcase_add_test (tcase, a_full_queue_is_busy);
	tcase_add_test (tcase, a_plugin_that_rests);
	tcase_add_loop_test (tcase, no_worker_can_be_made, 0, (int)(sizeof no_workers / sizeof *no_workers));
	tcase_add_test (tcase, a_supervisor_without_room_is_asked_again);
	tcase_add_test (tcase, a_worker_without_a_link);
	tcase_add_test (tcase, workers_come_in_any_order);
	tcase_add_test (tcase, a_worker_is_for_the_next_call_of_its_user);
	tcase_add_test (tcase, a_worker_that_nobody_waits_for_any_more);
	tcase_add_loop_test (tcase, the_place_of_a_worker_that_does_not_come, 0, 5);
	tcase_add_test (tcase, the_place_of_a_control_call_that_is_over);
	tcase_add_test (tcase, an_answer_for_an_unknown_request);
	tcase_add_test (tcase, a_refusal_of_the_former_user);
	tcase_add_test (tcase, a_worker_of_the_former_user);
	tcase_add_test (tcase, nothing_is_started_while_it_is_paused);
	tcase_add_test (tcase, a_worker_is_a_proof);
	tcase_add_test (tcase, a_new_worker_runs_its_call);
	tcase_add_test (tcase, a_user_who_was_named_is_looked_up_again);
	tcase_add_test (tcase, identities_take_turns);
	tcase_add_test (tcase, an_identity_has_its_own_limit);
	tcase_add_test (tcase, a_call_waits_for_its_record);
	tcase_add_test (tcase, a_call_with_two_records_waits_for_both);
	tcase_add_test (tcase, a_trail_that_cannot_be_written);
	tcase_add_test (tcase, a_recording_that_cannot_begin);
	tcase_add_test (tcase, a_recording_that_fails_before_the_call_is_sent);
	tcase_add_loop_test (tcase, control_calls_of_administrators_run_without_a_trail, 0, 2);
}

CHECK_MAIN ("dispatch", add_cases)
