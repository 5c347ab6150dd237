/* check_gate - one more client: each cap by itself, clients that are connected only to read the reason, clients that
 * may not stay. */
#include "config.h"

#include <netinet/in.h>
#include <string.h>

#include "gate/gate.h"
#include "gate/share.h"
#include "support/check_main.h"

static uv_loop_t loop;
static struct gate gate;
static int n_revoked, n_expired;
static char ann_name[] = "ann", bob_name[] = "bob";

static void on_revoked (void *arg, struct gate_client *client, const struct err *err)
{
	(void)arg;
	ck_assert_int_eq (err->code, CODE_DENIED);
	n_revoked++;
	gate_leave (client);
}

static void on_expiry (void *arg)
{
	(void)arg;
	n_expired++;
	uv_stop (&loop);
}

static const struct gate_ops ops = { .on_revoked = on_revoked, .on_expiry = on_expiry };

static const struct gate_limits wide = {
	.connections = 1000,
	.connections_each = 1000,
	.descriptors = 1000,
	.handshake_ms = 5000,
	.throttle = { .most = 1000, .most_each = 1000, .penalty_ms = 600000 },
};

static void set_up (void)
{
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	ck_assert_int_eq (gate_init (&gate, &loop, &ops, NULL, 0), 0);
	gate_set_limits (&gate, &wide, 0);
	n_revoked = n_expired = 0;
}

static void tear_down (void)
{
	gate_free (&gate);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
}

static struct endpoint address (unsigned n)
{
	struct endpoint endpoint = { .size = sizeof (struct sockaddr_in) };
	struct sockaddr_in *in = (struct sockaddr_in *)&endpoint.address;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl (0x0A000000 + n);
	return endpoint;
}

/* Connect n clients of that uid. */
static void enter (struct gate_client *clients, int n, uid_t uid)
{
	for (int i = 0; i < n; i++) {
		clients[i] = (struct gate_client){ .identity = access_uid (&gate.access, uid) };
		ck_assert_ptr_nonnull (clients[i].identity);
		gate_enter (&gate, &clients[i]);
	}
}

static void leave (struct gate_client *clients, int n)
{
	for (int i = 0; i < n; i++)
		gate_leave (&clients[i]);
}

static void expect (uid_t uid, const char *why)
{
	struct identity *identity = access_uid (&gate.access, uid);
	struct err err = { .text = "" };
	int answer = gate_admit (&gate, identity, &err);

	ck_assert_str_eq (err.text, why);
	ck_assert_int_eq (answer, *why ? -1 : 0);
	identity_release (identity);
}

/* --- connections ----------------------------------------------------------------------------------------------------- */

START_TEST (one_identity_has_a_share)
{
	struct gate_limits limits = wide;
	struct gate_client clients[3];

	limits.connections_each = 3;
	gate_set_limits (&gate, &limits, 0);
	enter (clients, 2, 3999999999u);
	expect (3999999999u, "");
	enter (clients + 2, 1, 3999999999u);
	expect (3999999999u, "uid:3999999999 has 3 connections already");
	expect (3999999998u, "");
	leave (clients, 3);
	expect (3999999999u, "");
}
END_TEST

/* The administrators are bound by the maximum alone: the others leave them a reserve. */
START_TEST (all_have_a_maximum)
{
	struct gate_limits limits = wide;
	struct gate_client clients[16];
	int reserve = (int)share_reserve (16);

	limits.connections = 16;
	gate_set_limits (&gate, &limits, 0);
	enter (clients, 16 - reserve, 3999999999u);
	expect (3999999998u, "too many connections");
	expect (0, "");
	enter (clients + 16 - reserve, reserve, 0);
	expect (0, "too many connections");
	leave (clients, 16);
}
END_TEST

START_TEST (descriptors_have_a_maximum)
{
	struct gate_limits limits = wide;
	struct gate_client clients[16];

	limits.descriptors = 16;
	gate_set_limits (&gate, &limits, 0);
	enter (clients, 8, 3999999999u);
	expect (3999999999u, "uid:3999999999 has 8 connections already");
	enter (clients + 8, 8, 3999999998u);
	expect (0, "too few descriptors are left for more connections");
	leave (clients, 16);
}
END_TEST

START_TEST (a_grant_has_its_own_limit)
{
	struct grant grant = { .name = ann_name, .limits = { .connections = 2 } };
	struct identity *ann = access_nobody (&gate.access);
	struct gate_client clients[2];
	struct err err;

	strcpy (ann->name, "ann");
	ann->grant = &grant;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq (gate_admit (&gate, ann, &err), 0);
		ann->references++;
		clients[i] = (struct gate_client){ .identity = ann, .remote = true };
		gate_enter (&gate, &clients[i]);
	}
	ck_assert_int_eq (gate_admit (&gate, ann, &err), -1);
	ck_assert_int_eq (err.code, CODE_BUSY);
	ck_assert_str_eq (err.text, "the identity 'ann' has 2 connections already");
	leave (clients, 2);
	identity_release (ann);
}
END_TEST

/* --- on their way in ------------------------------------------------------------------------------------------------- */

/* Clients that have not proved their identity take at most half of the descriptors, and the oldest has to make room. A
 * client from an address that has failed too often, or has too many clients, does not push out another. */
START_TEST (strangers_take_half)
{
	struct gate_limits limits = wide;
	struct throttle_source *in[8], *bad = NULL, *none = NULL;
	struct endpoint from;

	limits.descriptors = 16;
	limits.throttle.most_each = 2;
	gate_set_limits (&gate, &limits, 0);
	from = address (99);
	ck_assert_int_eq (gate_admit_stranger (&gate, &from, 0, &bad), ADMIT_IN);
	throttle_fail (gate.throttle, bad, THROTTLE_LATE, 0);
	throttle_fail (gate.throttle, bad, THROTTLE_LATE, 0);
	throttle_leave (gate.throttle, bad);
	for (unsigned i = 0; i < 8; i++) {
		from = address (i / 2);
		ck_assert_int_eq (gate_admit_stranger (&gate, &from, 0, &in[i]), ADMIT_IN);
	}
	from = address (50);
	ck_assert_int_eq (gate_admit_stranger (&gate, &from, 0, &none), ADMIT_FULL);
	ck_assert_ptr_null (none);
	ck_assert_int_eq (throttle_entering (gate.throttle), 8);
	from = address (99);
	ck_assert_int_eq (gate_admit_stranger (&gate, &from, 0, &none), ADMIT_PENALISED);
	from = address (0);
	ck_assert_int_eq (gate_admit_stranger (&gate, &from, 0, &none), ADMIT_CROWDED);
	throttle_leave (gate.throttle, in[0]);
	from = address (50);
	ck_assert_int_eq (gate_admit_stranger (&gate, &from, 0, &in[0]), ADMIT_IN);
	for (int i = 0; i < 8; i++)
		throttle_leave (gate.throttle, in[i]);
}
END_TEST

START_TEST (strangers_need_descriptors)
{
	struct gate_limits limits = wide;
	struct gate_client clients[15];
	struct endpoint from = address (1);
	struct throttle_source *source = NULL;

	limits.descriptors = 16;
	gate_set_limits (&gate, &limits, 0);
	enter (clients, 15, 0);
	ck_assert_int_eq (gate_admit_stranger (&gate, &from, 0, &source), ADMIT_NO_DESCRIPTORS);
	leave (clients, 15);
}
END_TEST

/* --- clients that do not come in -------------------------------------------------------------------------------------- */

START_TEST (few_clients_get_the_reason)
{
	struct gate_client clients[64];
	struct key key = { .bytes = { 0 } };
	int n = 0;

	for (int k = 0; k < 9; k++) {
		key.bytes[0] = (uint8_t)k;
		for (int i = 0; i < 9 && gate_admit_refused (&gate, &key); i++) {
			ck_assert_int_lt (n, 64);
			clients[n] = (struct gate_client){
				.identity = access_nobody (&gate.access), .remote = true, .refused = true, .key = key
			};
			gate_enter (&gate, &clients[n++]);
		}
		ck_assert_int_eq (n, k < 8 ? 8 * (k + 1) : 64);
	}
	ck_assert_int_eq (gate.n_connections, 0);
	leave (clients, n);
	ck_assert_int_eq (gate.n_refused, 0);
}
END_TEST

/* --- clients that may not stay ---------------------------------------------------------------------------------------- */

/* Two clients of an identity that expires: the loop is told, and a review finds both, and no other client. */
START_TEST (expiry)
{
	struct key keys[1] = { { .bytes = { 7 } } };
	struct grant grant = { .name = ann_name, .keys = keys, .n_keys = 1, .expires = time (NULL) + 1 };
	struct grant for_ever = { .name = bob_name, .keys = keys, .n_keys = 1 };
	struct gate_client clients[4];

	for (int i = 0; i < 3; i++) {
		clients[i] = (struct gate_client){
			.identity = access_nobody (&gate.access), .remote = true, .key = keys[0], .from = address (1)
		};
		clients[i].identity->grant = i < 2 ? &grant : &for_ever;
		gate_enter (&gate, &clients[i]);
	}
	enter (clients + 3, 1, 0);
	gate_review (&gate, grant.expires - 1);
	ck_assert_int_eq (n_revoked, 0);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (n_expired, 1);
	gate_review (&gate, grant.expires);
	ck_assert_int_eq (n_revoked, 2);
	ck_assert_int_eq (gate.n_connections, 2);
	/* A key that was taken from its identity. */
	for_ever.n_keys = 0;
	gate_review (&gate, grant.expires);
	ck_assert_int_eq (n_revoked, 3);
	leave (clients + 3, 1);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, one_identity_has_a_share);
	tcase_add_test (tcase, all_have_a_maximum);
	tcase_add_test (tcase, descriptors_have_a_maximum);
	tcase_add_test (tcase, a_grant_has_its_own_limit);
	tcase_add_test (tcase, strangers_take_half);
	tcase_add_test (tcase, strangers_need_descriptors);
	tcase_add_test (tcase, few_clients_get_the_reason);
	tcase_add_test (tcase, expiry);
}

CHECK_MAIN ("gate", add_cases)
