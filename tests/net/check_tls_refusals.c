/* check_tls_refusals - TLS between ends that refuse each other, or with bytes that are no TLS: refused early, without
 * harm, and with a message; and the refused end is told the reason.
 */
#include "config.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/check_main.h"
#include "tls_pair.h"

static void set_up (void)
{
	signal (SIGPIPE, SIG_IGN); /* OpenSSL's own end writes with write(2) */
}

/* --- ours -------------------------------------------------------------------------------------------------------- */

/* The server refuses: the client, whose handshake is complete, reads the reason. */
static void client_is_refused (struct pair *pair, enum tls_alert alert, const char *server_why, const char *client_why)
{
	struct results results = pair_shake (pair);
	char byte;

	ck_assert_int_eq (results.server, -1);
	ck_assert_int_eq (results.client, 1);
	ck_assert_str_eq (tls_why (pair->server.tls), server_why);
	ck_assert_int_eq (tls_write (pair->client.tls, "x", 1), 1);
	ck_assert_int_eq (read_soon (&pair->client, &byte, 1), -1);
	ck_assert_int_eq (errno, EPROTO);
	ck_assert_int_eq (tls_alert_received (pair->client.tls), alert);
	ck_assert_str_eq (tls_why (pair->client.tls), client_why);
	ck_assert_int_eq (tls_alert_received (pair->server.tls), TLS_ALERT_NONE);
	ck_assert_int_eq (tls_read (pair->server.tls, &byte, 1), -1);
	ck_assert_int_eq (errno, EPROTO);
}

START_TEST (test_unknown_client)
{
	struct pair pair;

	pair_open (&pair, _i ? OVER_TCP : OVER_UNIX, 0);
	pair.server.verdict.yes = false;
	client_is_refused (&pair, TLS_ALERT_BAD_CERTIFICATE, "the key of the other end was refused",
		"the other end does not accept our key");
	ck_assert (key_equal (tls_peer_key (pair.server.tls), credential_key (pair.client.credential)));
	pair_free (&pair);
}
END_TEST

START_TEST (test_client_without_key)
{
	struct pair pair;

	pair_open (&pair, OVER_TCP, 0);
	end_free (&pair.client);
	end_free (&pair.server);
	int fds[2];

	sockets (_i ? OVER_TCP : OVER_UNIX, 0, fds);
	end_open (&pair.server, TLS_SERVER, true, fds[0]);
	end_open (&pair.client, TLS_CLIENT, false, fds[1]);
	client_is_refused (&pair, TLS_ALERT_CERTIFICATE_REQUIRED, "the other end has shown no key",
		"the other end requires a key, and we have none");
	ck_assert_int_eq (pair.server.verdict.asked, 0);
	ck_assert (key_equal (tls_peer_key (pair.client.tls), credential_key (pair.server.credential)));
	pair_free (&pair);
}
END_TEST

/* The client reads the alert even after a failed write: the server closed with unread bytes. */
START_TEST (test_alert_behind_a_reset)
{
	struct pair pair;
	char byte;
	ssize_t done;

	pair_open (&pair, OVER_TCP, 0);
	pair.server.verdict.yes = false;
	ck_assert_int_eq (pair_shake (&pair).server, -1);
	fd_close (&pair.server.fd);
	for (int i = 0; i < 100 && (done = tls_write (pair.client.tls, "x", 1)) > 0; i++)
		;
	ck_assert_int_eq (read_soon (&pair.client, &byte, 1), -1);
	ck_assert_int_eq (tls_alert_received (pair.client.tls), TLS_ALERT_BAD_CERTIFICATE);
	pair_free (&pair);
}
END_TEST

START_TEST (test_unknown_server)
{
	struct results results;
	struct pair pair;

	pair_open (&pair, _i ? OVER_TCP : OVER_UNIX, 0);
	pair.client.verdict.yes = false;
	results = pair_shake (&pair);
	ck_assert_int_eq (results.client, -1);
	ck_assert_int_eq (results.server, -1);
	ck_assert_str_eq (tls_why (pair.client.tls), "the key of the other end was refused");
	ck_assert_int_eq (tls_alert_received (pair.server.tls), TLS_ALERT_BAD_CERTIFICATE);
	ck_assert_str_eq (tls_why (pair.server.tls), "the other end does not accept our key");
	ck_assert_int_eq (pair.server.verdict.asked, 0);
	pair_free (&pair);
}
END_TEST

/* A bare alert before any handshake, with the client at its start or in the middle. */
START_TEST (test_refused_before_the_handshake)
{
	int fds[2], result = 0;
	struct end client;

	sockets (_i & 1 ? OVER_TCP : OVER_UNIX, 0, fds);
	end_open (&client, TLS_CLIENT, true, fds[1]);
	if (_i & 2)
		ck_assert_int_eq (tls_handshake (client.tls), 0);
	tls_refuse (fds[0], _i & 4 ? TLS_ALERT_INTERNAL_ERROR : TLS_ALERT_ACCESS_DENIED);
	close (fds[0]);
	while (!(result = tls_handshake (client.tls)))
		wait_readable (client.fd);
	ck_assert_int_eq (result, -1);
	ck_assert_int_eq (tls_alert_received (client.tls), _i & 4 ? 80 : 49);
	ck_assert_str_eq (tls_why (client.tls), _i & 4 ? "the other end cannot take us now (internal error)"
						       : "the other end does not listen to this address for now");
	ck_assert_int_eq (tls_handshake (client.tls), -1);
	end_free (&client);
	no_errors_left ();
}
END_TEST

/* --- no TLS ------------------------------------------------------------------------------------------------------ */

/* A peer that sends these bytes instead of TLS, and disconnects. */
static void peer_sends (enum tls_side side, const void *bytes, size_t n, const char *why)
{
	struct end end;
	int fds[2], result;
	size_t sent = 0;
	char drain[4096];

	sockets (OVER_UNIX, 0, fds);
	end_open (&end, side, true, fds[0]);
	if (side == TLS_CLIENT)
		ck_assert_int_eq (tls_handshake (end.tls), 0);
	do {
		ssize_t done = send (fds[1], (const char *)bytes + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done > 0)
			sent += (size_t)done;
		if (sent == n)
			shutdown (fds[1], SHUT_WR);
		result = tls_handshake (end.tls);
		no_errors_left ();
		while (recv (fds[1], drain, sizeof drain, MSG_DONTWAIT) > 0)
			;
	} while (!result);
	ck_assert_int_eq (result, -1);
	ck_assert_msg (strstr (tls_why (end.tls), why) != NULL, "%s, not %s", tls_why (end.tls), why);
	ck_assert_int_eq (tls_alert_received (end.tls), TLS_ALERT_NONE);
	end_free (&end);
	close (fds[1]);
}

START_TEST (test_other_protocols)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: web1:7363\r\n\r\n",
			  ssh[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
	static const char remex[] = "\0\0\0\x0b{\"id\":1234}", http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const char zeros[1000];

	peer_sends (TLS_SERVER, get, sizeof get - 1, "speaks HTTP, not TLS");
	peer_sends (TLS_SERVER, "POST /", 6, "speaks HTTP, not TLS");
	peer_sends (TLS_SERVER, ssh, sizeof ssh - 1, "speaks SSH, not TLS");
	peer_sends (TLS_SERVER, remex, sizeof remex - 1, "speaks remex without TLS, not TLS");
	peer_sends (TLS_SERVER, zeros, sizeof zeros, "speaks something else, not TLS");
	peer_sends (TLS_SERVER, "", 0, "hung up without a message");
	peer_sends (TLS_SERVER, "\x16\x03", 2, "hung up during the handshake");
	peer_sends (TLS_SERVER, "GE", 2, "speaks something else, not TLS");
	peer_sends (TLS_CLIENT, http, sizeof http - 1, "speaks HTTP, not TLS");
	peer_sends (TLS_CLIENT, ssh, sizeof ssh - 1, "speaks SSH, not TLS");
	peer_sends (TLS_CLIENT, "220 mail ESMTP\r\n", 16, "speaks SMTP or FTP, not TLS");
	peer_sends (TLS_CLIENT, remex, sizeof remex - 1, "speaks remex without TLS, not TLS");
	peer_sends (TLS_CLIENT, "", 0, "hung up without a message");
}
END_TEST

/* 16 MiB of random bytes, of an apparent record, and of an apparent hello of 16 MiB. */
START_TEST (test_garbage)
{
	enum { SIZE = 16 << 20 };
	uint8_t *bytes = malloc (SIZE);

	RAND_bytes (bytes, SIZE);
	bytes[0] = 0x80;
	bytes[2] = 0; /* (1 would be a hello of SSL 2) */
	peer_sends (TLS_SERVER, bytes, SIZE, "speaks something else, not TLS");
	memcpy (bytes, "\x16\x03\x01\x40\x00\xaa", 6); /* (1 after that would be a hello, of any size) */
	peer_sends (TLS_SERVER, bytes, SIZE, "has sent broken TLS");
	for (size_t i = 0; i + 5 < SIZE; i += 5 + 0x4000)
		memcpy (bytes + i, "\x16\x03\x01\x40\x00", 5);
	memcpy (bytes + 5, "\x01\xff\xff\xff", 4);
	peer_sends (TLS_SERVER, bytes, SIZE, "too large");
	peer_sends (TLS_CLIENT, bytes, SIZE, "has sent broken TLS");
	free (bytes);
}
END_TEST

/* --- OpenSSL with other settings --------------------------------------------------------------------------------- */

/* A certificate for that key by that signer, of the requested size. */
static X509 *certificate_of (EVP_PKEY *key, EVP_PKEY *signer, size_t size)
{
	X509 *certificate = X509_new ();
	X509_NAME *name = X509_get_subject_name (certificate);
	char *filling = calloc (1, size + 2);

	memset (filling, 'x', size + 1);
	ck_assert_int_eq (X509_set_version (certificate, X509_VERSION_3), 1);
	ASN1_INTEGER_set (X509_get_serialNumber (certificate), 1);
	X509_gmtime_adj (X509_getm_notBefore (certificate), 0);
	X509_gmtime_adj (X509_getm_notAfter (certificate), 1000);
	ck_assert_int_eq (
		X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0), 1);
	X509_set_issuer_name (certificate, name);
	ck_assert_int_eq (X509_set_pubkey (certificate, key), 1);
	if (size) {
		ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new ();
		X509_EXTENSION *extension;

		ASN1_OCTET_STRING_set (value, (unsigned char *)filling, (int)size);
		ck_assert_ptr_nonnull (extension = X509_EXTENSION_create_by_NID (NULL, NID_netscape_comment, 0, value));
		X509_add_ext (certificate, extension, -1);
		X509_EXTENSION_free (extension);
		ASN1_OCTET_STRING_free (value);
	}
	ck_assert_int_gt (
		X509_sign (certificate, signer, EVP_PKEY_get_id (signer) == EVP_PKEY_ED25519 ? NULL : EVP_sha256 ()),
		0);
	free (filling);
	return certificate;
}

/* Give the context a key and its certificate. */
static void with_key (SSL_CTX *context, EVP_PKEY *key, size_t size)
{
	X509 *certificate;

	ck_assert_ptr_nonnull (key);
	certificate = certificate_of (key, key, size);
	ck_assert_int_eq (SSL_CTX_use_certificate (context, certificate), 1);
	ck_assert_int_eq (SSL_CTX_use_PrivateKey (context, key), 1);
	X509_free (certificate);
	EVP_PKEY_free (key);
}

/* Our end against OpenSSL's: the message of ours (NULL: success), the alert that the other reads. */
static void against (enum tls_side side, SSL_CTX *context, const char *why, int alert)
{
	struct end end;
	int fds[2], result;
	SSL *raw;

	sockets (OVER_UNIX, 0, fds);
	end_open (&end, side, true, fds[0]);
	raw = raw_open (context, side == TLS_SERVER ? TLS_CLIENT : TLS_SERVER, fds[1]);
	result = raw_shake (&end, raw);
	ck_assert_msg (result == (why ? -1 : 1), "%s", tls_why (end.tls));
	ck_assert_msg (strstr (tls_why (end.tls), why ? why : "") != NULL, "%s, not %s", tls_why (end.tls), why);
	ck_assert_int_eq (raw_alert (), alert);
	ck_assert (!why || !*why || end.verdict.asked == 0 || strstr (why, "does not have the key"));
	SSL_free (raw);
	SSL_CTX_free (context);
	close (fds[1]);
	end_free (&end);
}

static EVP_PKEY *ed25519 (void)
{
	return EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");
}

START_TEST (test_other_settings)
{
	static char other[] = "P-256", both[] = "P-256:X25519";
	SSL_CTX *context = raw_context (TLS_CLIENT);

	with_key (context, ed25519 (), 0);
	against (TLS_SERVER, context, NULL, 0);
	context = raw_context (TLS_SERVER);
	with_key (context, ed25519 (), 0);
	against (TLS_CLIENT, context, NULL, 0);

	context = raw_context (TLS_CLIENT);
	with_key (context, ed25519 (), 0);
	SSL_CTX_set_ciphersuites (context, "TLS_CHACHA20_POLY1305_SHA256");
	against (TLS_SERVER, context, NULL, 0);
	context = raw_context (TLS_CLIENT);
	with_key (context, ed25519 (), 0);
	SSL_CTX_set1_groups_list (context, both); /* asked to try again with X25519 */
	against (TLS_SERVER, context, NULL, 0);
	context = raw_context (TLS_CLIENT);
	with_key (context, ed25519 (), 0);
	SSL_CTX_set1_groups_list (context, other);
	against (TLS_SERVER, context, "does not know X25519", SSL_AD_HANDSHAKE_FAILURE);
	context = raw_context (TLS_CLIENT);
	SSL_CTX_set_ciphersuites (context, "TLS_AES_128_CCM_SHA256");
	against (TLS_SERVER, context, "no cipher in common", SSL_AD_HANDSHAKE_FAILURE);
}
END_TEST

START_TEST (test_older_tls)
{
	SSL_CTX *context = raw_context (TLS_CLIENT);

	SSL_CTX_set_max_proto_version (context, TLS1_2_VERSION);
	against (TLS_SERVER, context, "an older TLS", TLS_ALERT_PROTOCOL_VERSION);
	context = raw_context (TLS_SERVER);
	with_key (context, ed25519 (), 0);
	SSL_CTX_set_max_proto_version (context, TLS1_2_VERSION);
	against (TLS_CLIENT, context, "does not speak TLS 1.3", 0);
}
END_TEST

/* OpenSSL does not send a certificate of a kind that was not requested: there is none then. */
START_TEST (test_other_kinds_of_keys)
{
	SSL_CTX *context = raw_context (TLS_CLIENT);

	with_key (context, EVP_PKEY_Q_keygen (NULL, NULL, "RSA", (size_t)2048), 0);
	against (TLS_SERVER, context, "has shown no key", TLS_ALERT_CERTIFICATE_REQUIRED);
	context = raw_context (TLS_CLIENT);
	with_key (context, EVP_PKEY_Q_keygen (NULL, NULL, "EC", "P-256"), 0);
	against (TLS_SERVER, context, "has shown no key", TLS_ALERT_CERTIFICATE_REQUIRED);
	context = raw_context (TLS_SERVER);
	with_key (context, EVP_PKEY_Q_keygen (NULL, NULL, "RSA", (size_t)2048), 0);
	against (TLS_CLIENT, context, "no key that we could accept", 0);
	context = raw_context (TLS_SERVER);
	with_key (context, EVP_PKEY_Q_keygen (NULL, NULL, "EC", "P-256"), 0);
	against (TLS_CLIENT, context, "no key that we could accept", 0);
}
END_TEST

/* One large certificate, or 64 KiB of them: refused by the length in their header, with most of them unread. */
START_TEST (test_large_certificates)
{
	SSL_CTX *context = raw_context (TLS_CLIENT);
	EVP_PKEY *key = ed25519 ();

	with_key (context, ed25519 (), 6000);
	against (TLS_SERVER, context, NULL, 0);
	context = raw_context (TLS_CLIENT);
	with_key (context, ed25519 (), 9000);
	against (TLS_SERVER, context, "too large", SSL_AD_ILLEGAL_PARAMETER);
	context = raw_context (TLS_SERVER);
	with_key (context, ed25519 (), 9000);
	against (TLS_CLIENT, context, "too large", SSL_AD_ILLEGAL_PARAMETER);

	context = raw_context (TLS_CLIENT);
	with_key (context, ed25519 (), 0);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq (SSL_CTX_add0_chain_cert (context, certificate_of (key, key, 4096)), 1);
	against (TLS_SERVER, context, "too large", SSL_AD_ILLEGAL_PARAMETER);
	EVP_PKEY_free (key);
}
END_TEST

/* A key whose public half belongs to another key: OpenSSL does not check that (and makes signatures that do not
 * verify). */
static EVP_PKEY *forged (EVP_PKEY *public, EVP_PKEY *private)
{
	uint8_t pub[32], priv[32];
	size_t n = sizeof pub, m = sizeof priv;
	OSSL_PARAM params[3];
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name (NULL, "ED25519", NULL);
	EVP_PKEY *key = NULL;

	ck_assert_int_eq (EVP_PKEY_get_raw_public_key (public, pub, &n), 1);
	ck_assert_int_eq (EVP_PKEY_get_raw_private_key (private, priv, &m), 1);
	params[0] = OSSL_PARAM_construct_octet_string (OSSL_PKEY_PARAM_PUB_KEY, pub, n);
	params[1] = OSSL_PARAM_construct_octet_string (OSSL_PKEY_PARAM_PRIV_KEY, priv, m);
	params[2] = OSSL_PARAM_construct_end ();
	ck_assert_int_eq (EVP_PKEY_fromdata_init (context), 1);
	ck_assert_int_eq (EVP_PKEY_fromdata (context, &key, EVP_PKEY_KEYPAIR, params), 1);
	EVP_PKEY_CTX_free (context);
	return key;
}

/* A peer that shows the certificate of A, which the judge accepts, and has only the key of B. */
START_TEST (test_forged)
{
	enum tls_side side = _i ? TLS_CLIENT : TLS_SERVER;
	SSL_CTX *context = raw_context (_i ? TLS_SERVER : TLS_CLIENT);
	EVP_PKEY *a = ed25519 (), *b = ed25519 (), *mixed = forged (a, b);
	X509 *certificate = certificate_of (a, a, 0);

	ck_assert_int_eq (SSL_CTX_use_certificate (context, certificate), 1);
	ck_assert_int_eq (SSL_CTX_use_PrivateKey (context, mixed), 1);
	against (side, context, "does not have the key that it showed", SSL_AD_DECRYPT_ERROR);
	X509_free (certificate);
	EVP_PKEY_free (a);
	EVP_PKEY_free (b);
	EVP_PKEY_free (mixed);
}
END_TEST

/* --- peers that cost much work ----------------------------------------------------------------------------------- */

/* Our end and OpenSSL's, after the handshake; bytes that OpenSSL sends from now on are kept until send_kept. */
static SSL *busy_open (struct end *end, SSL_CTX **context, int *fd)
{
	int fds[2];
	SSL *raw;

	*context = raw_context (TLS_CLIENT);
	with_key (*context, ed25519 (), 0);
	sockets (OVER_UNIX, 0, fds);
	end_open (end, TLS_SERVER, true, fds[0]);
	raw = raw_open (*context, TLS_CLIENT, *fd = fds[1]);
	ck_assert_int_eq (raw_shake (end, raw), 1);
	SSL_set0_wbio (raw, BIO_new (BIO_s_mem ()));
	return raw;
}

/* Send as much as fits into the socket. */
static void send_kept (SSL *raw, int fd)
{
	char *bytes;
	long n = BIO_get_mem_data (SSL_get_wbio (raw), &bytes), sent = 0, done;

	while (sent < n && (done = send (fd, bytes + sent, (size_t)(n - sent < 8192 ? n - sent : 8192),
				    MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		sent += done;
	(void)!BIO_reset (SSL_get_wbio (raw));
}

static void busy_free (struct end *end, SSL_CTX *context, SSL *raw, int fd)
{
	SSL_free (raw);
	SSL_CTX_free (context);
	close (fd);
	end_free (end);
}

START_TEST (test_chatter)
{
	char byte;
	struct end end;
	SSL_CTX *context;
	int fd, rounds;
	SSL *raw = busy_open (&end, &context, &fd);

	/* An occasional change of keys is permitted. */
	ck_assert_int_eq (SSL_key_update (raw, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
	ck_assert_int_eq (SSL_write (raw, "x", 1), 1);
	send_kept (raw, fd);
	ck_assert_int_eq (read_soon (&end, &byte, 1), 1);
	for (rounds = 0; rounds < 100; rounds++) {
		for (int i = 0; i < 1000; i++) {
			ck_assert_int_eq (SSL_key_update (raw, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
			ck_assert_int_eq (SSL_do_handshake (raw), 1);
		}
		send_kept (raw, fd);
		ck_assert_int_eq (tls_read (end.tls, &byte, 1), -1);
		if (errno != EAGAIN)
			break;
	}
	ck_assert_int_eq (errno, EPROTO);
	ck_assert_str_eq (tls_why (end.tls), "the other end sends too many of TLS's own messages");
	busy_free (&end, context, raw, fd);
}
END_TEST

/* Data for the reader between the changes does not help. */
START_TEST (test_a_flood_of_new_keys)
{
	char byte;
	struct end end;
	SSL_CTX *context;
	int fd, rounds;
	ssize_t got;
	SSL *raw = busy_open (&end, &context, &fd);

	for (rounds = 0; rounds < 1000; rounds++) {
		ck_assert_int_eq (SSL_key_update (raw, SSL_KEY_UPDATE_REQUESTED), 1);
		ck_assert_int_eq (SSL_write (raw, "x", 1), 1);
		send_kept (raw, fd);
		while ((got = tls_read (end.tls, &byte, 1)) < 0 && errno == EAGAIN)
			wait_readable (end.fd);
		if (got < 0)
			break;
		ck_assert_int_eq (got, 1);
		ck_assert_int_eq (tls_write (end.tls, "y", 1), 1); /* and our own new key */
	}
	ck_assert_int_eq (errno, EPROTO);
	ck_assert_int_ge (rounds, 32);
	ck_assert_int_lt (rounds, 1000);
	ck_assert_str_eq (tls_why (end.tls), "the other end sends too many of TLS's own messages");
	ck_assert_int_eq (tls_read (end.tls, &byte, 1), -1);
	ck_assert_int_eq (errno, EPROTO);
	busy_free (&end, context, raw, fd);
}
END_TEST

START_TEST (test_small_records)
{
	char bytes[4096];
	struct end end;
	SSL_CTX *context;
	int fd, before = 0, after = 0, got = 0;
	SSL *raw = busy_open (&end, &context, &fd);

	for (size_t i = 0; i < sizeof bytes; i++)
		ck_assert_int_eq (SSL_write (raw, "x", 1), 1);
	send_kept (raw, fd);
	ck_assert_int_eq (ioctl (end.fd, FIONREAD, &before), 0);
	ck_assert_int_gt (before, (int)(22 * sizeof bytes));
	while (got < (int)sizeof bytes) {
		ssize_t piece = tls_read (end.tls, bytes, sizeof bytes - (size_t)got);

		ck_assert_int_gt (piece, 0);
		if (!got) {
			ck_assert_int_eq (ioctl (end.fd, FIONREAD, &after), 0);
			ck_assert_int_lt (before - after, 64 * 1024);
		}
		got += (int)piece;
	}
	busy_free (&end, context, raw, fd);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, no_errors_left);
	tcase_add_loop_test (tcase, test_unknown_client, 0, 2);
	tcase_add_loop_test (tcase, test_client_without_key, 0, 2);
	tcase_add_test (tcase, test_alert_behind_a_reset);
	tcase_add_loop_test (tcase, test_unknown_server, 0, 2);
	tcase_add_loop_test (tcase, test_refused_before_the_handshake, 0, 8);
	tcase_add_test (tcase, test_other_protocols);
	tcase_add_test (tcase, test_garbage);
	tcase_add_test (tcase, test_other_settings);
	tcase_add_test (tcase, test_older_tls);
	tcase_add_test (tcase, test_other_kinds_of_keys);
	tcase_add_test (tcase, test_large_certificates);
	tcase_add_loop_test (tcase, test_forged, 0, 2);
	tcase_add_test (tcase, test_chatter);
	tcase_add_test (tcase, test_a_flood_of_new_keys);
	tcase_add_test (tcase, test_small_records);
}

CHECK_MAIN ("net/tls_refusals", add_cases)
