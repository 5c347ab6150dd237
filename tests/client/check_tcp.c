/* Over TCP: a server of our own (net/tls.h) in the same thread, which takes turns with the client; which keys are
 * trusted, the messages for the others, and bytes that come through TLS whole. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/endpoint.h"
#include "net/tls.h"
#include "remex/client.h"
#include "support/check_main.h"
#include "support/loopback.h"

#define HELLO "{\"remex\":1,\"host\":\"web1\",\"version\":\"9.9\",\"you\":\"alice\"}"

static char directory[64], where[ENDPOINT_SIZE];
static int listening = -1, fd = -1;
static struct credential *theirs, *mine; /* the server's, the client's */
static struct tls_context *context;
static struct tls *tls;
static bool shaken, accepts = true, seen;
static struct key shown; /* by the client */
static struct remex *remex;
static struct remex_event event;
static struct remex_error error;
static struct err err;

static bool judge (void *arg, const struct key *key)
{
	(void)arg;
	shown = *key;
	seen = true;
	return accepts;
}

static void write_id (void)
{
	char path[128];

	ck_assert_ptr_nonnull (mine = credential_make ("it's me", &err));
	snprintf (path, sizeof path, "%s/id.pem", directory);
	ck_assert_int_eq (credential_write (mine, path, &err), 0);
}

static void serve_as (struct credential *credential)
{
	tls_context_free (context);
	credential_free (theirs);
	theirs = credential;
	ck_assert_ptr_nonnull (theirs);
	ck_assert_ptr_nonnull (context = tls_context_new (TLS_SERVER, theirs, &err));
}

static void setup (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	listening = listen_on_loopback (where);
	serve_as (credential_make ("server", &err));
	ck_assert_ptr_nonnull (remex = remex_new ());
	ck_assert_int_eq (remex_set_directory (remex, directory, &error), 0);
}

static void hang_up (void)
{
	tls_free (tls);
	tls = NULL;
	fd_close (&fd);
	shaken = seen = false;
}

static void teardown (void)
{
	char command[256];

	remex_free (remex);
	hang_up ();
	tls_context_free (context);
	credential_free (theirs);
	credential_free (mine);
	fd_close (&listening);
	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

/* The server's part of a turn. */
static void turn (void)
{
	if (fd < 0 && (fd = accept4 (listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		ck_assert_ptr_nonnull (tls = tls_new (context, fd, judge, NULL));
	if (fd >= 0 && tls && !shaken) {
		int result = tls_handshake (tls);

		shaken = result > 0;
		if (result < 0)
			hang_up ();
	}
}

/* The next event, or the end of a handshake. */
static enum remex_event_type next (void)
{
	for (int i = 0; i < 6000; i++) {
		turn ();
		if (remex_next (remex, &event, 5) > 0)
			return event.type;
	}
	ck_abort_msg ("nothing happens");
}

static void shake (void)
{
	for (int i = 0; i < 6000 && !shaken; i++) {
		turn ();
		ck_assert_int_eq (remex_next (remex, &event, 5), 0);
	}
	ck_assert (shaken);
}

static void server_sends (const char *header, const void *body, size_t n)
{
	size_t length = strlen (header), used = 0;
	uint8_t *bytes = malloc (4 + length + n);

	memcpy (bytes, (uint8_t[]){ 0, 0, (uint8_t)(length >> 8), (uint8_t)length }, 4);
	memcpy (bytes + 4, header, length);
	if (n)
		memcpy (bytes + 4 + length, body, n);
	while (used < 4 + length + n) {
		ssize_t done = tls_write (tls, bytes + used, 4 + length + n - used);

		if (done < 0) {
			ck_assert_int_eq (errno, EAGAIN);
			ck_assert_int_ge (remex_next (remex, &event, 1), 0);
		} else {
			used += (size_t)done;
		}
	}
	free (bytes);
}

/* The client pins any key that the server shows. */
static void trust (void)
{
	struct remex_host *host = remex_probe (remex, where, &error);

	ck_assert_ptr_nonnull (host);
	ck_assert_int_eq (next (), REMEX_CLOSED);
	ck_assert_str_eq (remex_host_code (host), "untrusted");
	ck_assert_int_eq (remex_host_trust (host, &error), 0);
	remex_close (host);
	hang_up ();
}

/* A call to the host ends with that result. */
static const struct remex_result *ends (struct remex_host *host, enum remex_outcome outcome, const char *code)
{
	ck_assert_ptr_nonnull (remex_start (host, "exec.run", NULL, &error));
	ck_assert_int_eq (next (), REMEX_ENDED);
	ck_assert_str_eq (event.result->code, code);
	ck_assert_int_eq (event.result->outcome, outcome);
	return event.result;
}

static void mentions (const char *text, const char *what)
{
	ck_assert_msg (strstr (text, what) != NULL, "'%s' is not in: %s", what, text);
}

/* --- keys -------------------------------------------------------------------------------------------------------- */

START_TEST (no_key)
{
	struct remex_host *host = remex_connect (remex, where, &error);

	mentions (ends (host, REMEX_UNREACHABLE, "no_key")->message, "no key: make one with `remex keygen`");
	ck_assert_int_eq (next (), REMEX_CLOSED);
	ck_assert_str_eq (remex_host_code (host), "no_key");
	ck_assert_int_eq (fd, -1); /* and there was no connection */
}
END_TEST

START_TEST (not_pinned)
{
	char print[KEY_PRINT_SIZE], paste[256];
	struct remex_host *host;

	write_id ();
	ck_assert_ptr_nonnull (host = remex_connect (remex, where, &error));
	ck_assert_str_eq (remex_host_pin (host), "");
	ck_assert_str_eq (remex_host_fingerprint (host), "");
	ck_assert_int_lt (remex_host_trust (host, &error), 0);
	snprintf (paste, sizeof paste, "remex trust %s %s", where, key_print (credential_key (theirs), print));
	mentions (ends (host, REMEX_UNREACHABLE, "untrusted")->message, paste);
	ck_assert_str_eq (remex_host_fingerprint (host), print);
	ck_assert (!seen); /* our key was not shown */
	ck_assert_int_eq (remex_host_trust (host, &error), 0);
	remex_close (host);
	hang_up ();
	ck_assert_ptr_nonnull (host = remex_connect (remex, where, &error));
	ck_assert_str_eq (remex_host_pin (host), print);
	shake ();
	ck_assert (key_equal (&shown, credential_key (mine)));
	server_sends (HELLO, NULL, 0);
	ck_assert_int_eq (next (), REMEX_READY);
	ck_assert_str_eq (remex_host_you (host), "alice");
}
END_TEST

START_TEST (another_key)
{
	char before[KEY_PRINT_SIZE], after[KEY_PRINT_SIZE];
	struct remex_host *host;
	const char *message;

	write_id ();
	trust ();
	key_print (credential_key (theirs), before);
	serve_as (credential_make ("server", &err));
	key_print (credential_key (theirs), after);
	ck_assert_ptr_nonnull (host = remex_connect (remex, where, &error));
	message = ends (host, REMEX_UNREACHABLE, "untrusted")->message;
	mentions (message, "HAS CHANGED");
	mentions (message, before);
	mentions (message, after);
	mentions (message, "remex trust --remove ");
	ck_assert (!seen);
	ck_assert_int_lt (remex_host_trust (host, &error), 0);
	ck_assert_str_eq (error.code, "untrusted");
	remex_close (host);
	hang_up ();
	/* A probe reports it too; after the pin is removed, the host can be pinned again. */
	ck_assert_ptr_nonnull (host = remex_probe (remex, where, &error));
	ck_assert_int_eq (next (), REMEX_CLOSED);
	ck_assert_str_eq (remex_host_code (host), "untrusted");
	mentions (event.message, "HAS CHANGED");
	ck_assert_int_eq (remex_forget (remex, where, &error), 1);
	ck_assert_int_eq (remex_forget (remex, where, &error), 0);
	hang_up ();
	trust ();
	ck_assert_ptr_nonnull (host = remex_probe (remex, where, &error));
	ck_assert_int_eq (next (), REMEX_CLOSED);
	ck_assert_str_eq (remex_host_code (host), "trusted");
	ck_assert_int_eq (remex_host_trust (host, &error), 0);
}
END_TEST

/* Two probes led to the same question, and both were answered yes. The probe that saw another key gets an error. */
START_TEST (pinned_meanwhile)
{
	struct remex_host *first, *second;

	write_id ();
	ck_assert_ptr_nonnull (first = remex_probe (remex, where, &error));
	ck_assert_int_eq (next (), REMEX_CLOSED);
	hang_up ();
	trust ();
	ck_assert_int_eq (remex_host_trust (first, &error), 0);
	ck_assert_int_eq (remex_forget (remex, where, &error), 1);
	serve_as (credential_make ("server", &err));
	ck_assert_ptr_nonnull (second = remex_probe (remex, where, &error));
	ck_assert_int_eq (next (), REMEX_CLOSED);
	hang_up ();
	ck_assert_int_eq (remex_host_trust (first, &error), 0);
	ck_assert_int_lt (remex_host_trust (second, &error), 0);
	ck_assert_str_eq (error.code, "untrusted");
	remex_close (first);
	remex_close (second);
}
END_TEST

START_TEST (refused)
{
	char line[KEY_LINE_SIZE], paste[512];
	struct remex_host *host;

	write_id ();
	trust ();
	accepts = false;
	ck_assert_ptr_nonnull (host = remex_connect (remex, where, &error));
	/* "it's me" has a quote, which the shell must see. */
	key_format (credential_key (mine), NULL, line);
	snprintf (paste, sizeof paste, "does not know your key; there: remex authorize NAME '%s it'\"'\"'s me' ", line);
	mentions (ends (host, REMEX_FAILED, "denied")->message, paste);
	ck_assert_int_eq (next (), REMEX_CLOSED);
	ck_assert_str_eq (remex_host_code (host), "denied");
}
END_TEST

static const struct {
	enum tls_alert alert;
	enum remex_outcome outcome;
	const char *code, *says;
} alerts[] = {
	{ TLS_ALERT_ACCESS_DENIED, REMEX_FAILED, "denied",
		"does not listen to this address for now (too many failures)" },
	{ TLS_ALERT_INTERNAL_ERROR, REMEX_FAILED, "busy", "is busy" },
	{ TLS_ALERT_PROTOCOL_VERSION, REMEX_UNREACHABLE, "unreachable", "does not speak TLS 1.3" },
};

START_TEST (turned_away)
{
	struct remex_host *host;
	int refused_fd;

	write_id ();
	trust ();
	ck_assert_ptr_nonnull (host = remex_connect (remex, where, &error));
	while ((refused_fd = accept4 (listening, NULL, NULL, SOCK_CLOEXEC)) < 0)
		ck_assert_int_eq (errno, EAGAIN);
	tls_refuse (refused_fd, alerts[_i].alert);
	close (refused_fd);
	mentions (ends (host, alerts[_i].outcome, alerts[_i].code)->message, alerts[_i].says);
}
END_TEST

/* --- bytes ------------------------------------------------------------------------------------------------------- */

static struct remex_host *open_host (void)
{
	struct remex_host *host;

	write_id ();
	trust ();
	ck_assert_ptr_nonnull (host = remex_connect (remex, where, &error));
	shake ();
	server_sends (HELLO, NULL, 0);
	ck_assert_int_eq (next (), REMEX_READY);
	return host;
}

/* More bytes than one read takes, and nothing behind them: poll does not show the bytes that TLS holds back. */
START_TEST (much)
{
	static uint8_t body[300000];
	struct remex_host *host = open_host ();
	size_t got = 0;

	ck_assert_ptr_nonnull (remex_start (host, "exec.run", NULL, &error));
	ck_assert_int_eq (remex_next (remex, &event, 0), 0);
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)(i * 31 >> 3);
	server_sends ("{\"id\":1,\"data\":\"stdout\",\"body\":300000}", body, sizeof body);
	while (got < sizeof body) {
		ck_assert_int_eq (next (), REMEX_DATA);
		ck_assert_mem_eq (event.data, body + got, event.size);
		got += event.size;
	}
	server_sends ("{\"id\":1,\"done\":{\"outcome\":\"exited\",\"exit\":7}}", NULL, 0);
	ck_assert_int_eq (next (), REMEX_ENDED);
	ck_assert_int_eq (event.result->exit, 7);
}
END_TEST

START_TEST (cut)
{
	struct remex_host *host = open_host ();

	ck_assert_ptr_nonnull (remex_start (host, "exec.run", NULL, &error));
	ck_assert_int_eq (remex_next (remex, &event, 0), 0);
	if (_i)
		tls_end (tls);
	hang_up ();
	ck_assert_int_eq (next (), REMEX_ENDED);
	ck_assert_int_eq (event.result->outcome, REMEX_LOST);
	mentions (event.result->message, "the server closed the connection");
	ck_assert_int_eq (next (), REMEX_CLOSED);
	ck_assert_str_eq (remex_host_code (host), "lost");
}
END_TEST

START_TEST (freed_in_the_middle)
{
	write_id ();
	trust ();
	ck_assert_ptr_nonnull (remex_connect (remex, where, &error));
	for (int i = 0; i < _i; i++) {
		turn ();
		ck_assert_int_eq (remex_next (remex, &event, 1), 0);
	}
	/* The teardown only has to end, and leaks nothing. */
}
END_TEST

START_TEST (wrong_use)
{
	ck_assert_ptr_null (remex_probe (remex, "unix:///x", &error));
	ck_assert_str_eq (error.code, "usage");
	ck_assert_int_lt (remex_forget (remex, "local", &error), 0);
	ck_assert_str_eq (error.code, "usage");
	ck_assert_int_lt (remex_set_directory (remex, "relative", &error), 0);
	ck_assert_str_eq (remex_directory (remex, &error), directory);
	ck_assert_ptr_nonnull (remex_connect (remex, where, &error));
	ck_assert_int_lt (remex_set_directory (remex, "/x", &error), 0);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, no_key);
	tcase_add_test (tcase, not_pinned);
	tcase_add_test (tcase, another_key);
	tcase_add_test (tcase, pinned_meanwhile);
	tcase_add_test (tcase, refused);
	tcase_add_loop_test (tcase, turned_away, 0, (int)(sizeof alerts / sizeof *alerts));
	tcase_add_test (tcase, much);
	tcase_add_loop_test (tcase, cut, 0, 2);
	tcase_add_loop_test (tcase, freed_in_the_middle, 0, 6);
	tcase_add_test (tcase, wrong_use);
}

CHECK_MAIN ("client/tcp", cases)
