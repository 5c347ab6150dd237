/* tls - see tls.h. In order: the words for a failure; the peer's key; the settings; a connection. */
#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/tls.h"

/* How many bytes of TLS's own messages (new keys, tickets) may come in a row. An honest peer sends a few bytes in an
 * hour. */
enum { CHATTER_MAX = 128 * 1024 };

/* Making new keys costs a hundred times the cost of sending the 27 bytes of a KeyUpdate (RFC 8446, section 4.6.3). An
 * honest peer sends one in hundreds of gigabytes: this many may come at once, and then one per MESSAGE_MS. */
enum { MESSAGES_BURST = 32, MESSAGE_MS = 1000 };

enum { CERTIFICATES_MAX = 8 * 1024 };

struct tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *socket; /* send(2) and recv(2) on a struct tls */
	enum tls_side side;
	unsigned references; /* the caller's and one per connection */
};

struct tls {
	SSL *ssl;
	struct tls_context *context;
	tls_judge *judge;
	void *arg;
	int fd;
	int sys; /* errno of the last send or recv that failed */
	int error; /* failed: the errno of all later calls */
	bool done; /* the handshake is done */
	bool failed;
	bool wants_write;
	bool hung_up; /* recv has seen the end */
	bool dry; /* the last recv emptied the socket */
	uint64_t fetched; /* bytes received from the socket */
	uint64_t fruitful; /* `fetched` at the last read that returned data */
	int64_t spent_ms, since_ms; /* the rate of TLS's own messages (on_message) */
	bool flooded; /* the peer has sent too many of them */
	bool ended; /* the peer's close_notify has come */
	bool said_end; /* our close_notify has been sent */
	bool pending; /* tls_pending */
	size_t unsent; /* bytes in the record that is not completely sent; 0: none */
	struct key peer;
	bool peer_known;
	const char *refusal; /* why we refused the peer's certificate */
	enum tls_alert alert; /* received */
	uint8_t first[8]; /* the first bytes received */
	size_t n_first;
	bool keyless; /* it failed because the client has no certificate */
	char why[160];
};

/* --- the words for a failure -------------------------------------------------------------------------------------- */

static const struct {
	int number;
	const char *words;
} alerts[] = {
	{ TLS_ALERT_BAD_CERTIFICATE, "the other end does not accept our key" },
	{ TLS_ALERT_ACCESS_DENIED, "the other end does not listen to this address for now" },
	{ TLS_ALERT_PROTOCOL_VERSION, "the other end does not speak TLS 1.3" },
	{ TLS_ALERT_INTERNAL_ERROR, "the other end cannot take us now (internal error)" },
	{ TLS_ALERT_CERTIFICATE_REQUIRED, "the other end requires a key, and we have none" },
	{ SSL_AD_HANDSHAKE_FAILURE,
		"the other end has no algorithm in common with us, or no key that we could accept" },
	{ SSL_AD_DECRYPT_ERROR, "the other end could not verify our proof" },
	{ SSL_AD_BAD_RECORD_MAC, "our data was altered on its way" },
};

/* Errors that OpenSSL finds itself. */
static const struct {
	int number;
	const char *words;
} reasons[] = {
	{ SSL_R_UNSUPPORTED_PROTOCOL, "the other end speaks an older TLS; we speak 1.3 only" },
	{ SSL_R_WRONG_SSL_VERSION, "the other end speaks an older TLS; we speak 1.3 only" },
	{ SSL_R_VERSION_TOO_LOW, "the other end speaks an older TLS; we speak 1.3 only" },
	{ SSL_R_BAD_PROTOCOL_VERSION_NUMBER, "the other end speaks an older TLS; we speak 1.3 only" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the other end has shown no key" },
	{ SSL_R_BAD_SIGNATURE, "the other end does not have the key that it showed" },
	{ SSL_R_NO_SHARED_CIPHER, "the other end has no cipher in common with us" },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, "the other end does not know X25519" },
	{ SSL_R_NO_SHARED_GROUPS, "the other end does not know X25519" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "the other end does not know Ed25519" },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "the other end does not know Ed25519" },
	{ SSL_R_WRONG_SIGNATURE_TYPE, "the other end has a key of another kind than Ed25519" },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "the other end's data was altered on its way" },
};

/* Other protocols, by the first bytes received. */
static const struct {
	const char *bytes, *words;
} protocols[] = {
	{ "HTTP/", "HTTP" },
	{ "GET ", "HTTP" },
	{ "HEAD ", "HTTP" },
	{ "POST ", "HTTP" },
	{ "PUT ", "HTTP" },
	{ "OPTIONS ", "HTTP" },
	{ "CONNECT ", "HTTP" },
	{ "DELETE ", "HTTP" },
	{ "PATCH ", "HTTP" },
	{ "PRI * HT", "HTTP" },
	{ "SSH-", "SSH" },
	{ "220 ", "SMTP or FTP" },
	{ "220-", "SMTP or FTP" },
};

static bool starts (const struct tls *tls, const char *bytes)
{
	size_t n = strlen (bytes);

	return tls->n_first >= n && !memcmp (tls->first, bytes, n);
}

/* A TLS record starts with its type, 20 to 23, and a 3 (RFC 8446, section 5.1). */
static const char *protocol_spoken (const struct tls *tls)
{
	if (!tls->n_first || (tls->first[0] >= 20 && tls->first[0] <= 23 && (tls->n_first == 1 || tls->first[1] == 3)))
		return NULL;
	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
		if (starts (tls, protocols[i].bytes))
			return protocols[i].words;
	if (tls->n_first > 4 && !tls->first[0] && tls->first[4] == '{')
		return "remex without TLS";
	return "something else";
}

static void explain_alert (struct tls *tls)
{
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
		if (alerts[i].number == (int)tls->alert) {
			snprintf (tls->why, sizeof tls->why, "%s", alerts[i].words);
			return;
		}
	snprintf (tls->why, sizeof tls->why, "the other end broke off: %s (alert %d)",
		SSL_alert_desc_string_long ((int)tls->alert), (int)tls->alert);
}

static void explain_reason (struct tls *tls, unsigned long error)
{
	const char *words = ERR_reason_error_string (error);

	tls->keyless =
		ERR_GET_LIB (error) == ERR_LIB_SSL && ERR_GET_REASON (error) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons && ERR_GET_LIB (error) == ERR_LIB_SSL; i++)
		if (reasons[i].number == ERR_GET_REASON (error)) {
			snprintf (tls->why, sizeof tls->why, "%s", reasons[i].words);
			return;
		}
	if (ERR_GET_REASON (error) == SSL_R_EXCESSIVE_MESSAGE_SIZE)
		snprintf (tls->why, sizeof tls->why, "the other end has sent too large a %s",
			tls->n_first && tls->done ? "message" : "certificate or message");
	else
		snprintf (tls->why, sizeof tls->why, "the other end has sent broken TLS: %s",
			words ? words : "unknown error");
}

static void explain (struct tls *tls, unsigned long error)
{
	const char *spoken = tls->done ? NULL : protocol_spoken (tls);

	if (tls->alert)
		explain_alert (tls);
	else if (spoken)
		snprintf (tls->why, sizeof tls->why, "the other end speaks %s, not TLS", spoken);
	else if (tls->refusal)
		snprintf (tls->why, sizeof tls->why, "%s", tls->refusal);
	else if (tls->hung_up && !tls->n_first)
		snprintf (tls->why, sizeof tls->why, "the other end hung up without a message");
	else if (tls->hung_up)
		snprintf (tls->why, sizeof tls->why, "%s",
			tls->done ? "the connection was cut" : "the other end hung up during the handshake");
	else if (!error)
		snprintf (tls->why, sizeof tls->why, "%s", strerror (tls->error));
	else
		explain_reason (tls, error);
}

bool tls_keyless (const struct tls *tls)
{
	return tls->keyless;
}

/* --- the peer's key ----------------------------------------------------------------------------------------------- */

static int verify (X509_STORE_CTX *store, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data (store, SSL_get_ex_data_X509_STORE_CTX_idx ());
	struct tls *tls = SSL_get_app_data (ssl);
	X509 *certificate = X509_STORE_CTX_get0_cert (store);

	(void)unused;
	if (!certificate || credential_peer_key (certificate, &tls->peer) < 0) {
		tls->refusal = "the other end has a key of another kind than Ed25519";
	} else {
		tls->peer_known = true;
		if (key_is_weak (&tls->peer))
			tls->refusal = "the other end has a weak key, which proves nothing";
		else if (!tls->judge (tls->arg, &tls->peer))
			tls->refusal = "the key of the other end was refused";
	}
	/* The error selects the alert: bad_certificate. */
	X509_STORE_CTX_set_error (store, tls->refusal ? X509_V_ERR_CERT_REJECTED : X509_V_OK);
	return !tls->refusal;
}

static void on_event (const SSL *ssl, int where, int number)
{
	struct tls *tls = SSL_get_app_data (ssl);
	int alert = number & 0xff;

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && alert != SSL_AD_CLOSE_NOTIFY &&
		alert != SSL_AD_USER_CANCELLED)
		tls->alert = (enum tls_alert)alert;
}

/* OpenSSL has sent or received a whole message. After the handshake all received messages count, whatever comes between
 * them. */
static void on_message (int sent, int version, int type, const void *bytes, size_t n, SSL *ssl, void *arg)
{
	struct tls *tls = arg;
	int64_t now, passed;

	(void)version;
	(void)bytes;
	(void)n;
	(void)ssl;
	if (sent || type != SSL3_RT_HANDSHAKE || !tls->done)
		return;
	now = clock_ms ();
	passed = now - tls->since_ms;
	tls->since_ms = now;
	tls->spent_ms = tls->spent_ms > passed ? tls->spent_ms - passed : 0;
	tls->spent_ms += MESSAGE_MS;
	tls->flooded = tls->flooded || tls->spent_ms > MESSAGES_BURST * MESSAGE_MS;
}

/* --- the socket as a BIO ------------------------------------------------------------------------------------------ */

static int socket_write (BIO *bio, const char *bytes, int n)
{
	struct tls *tls = BIO_get_data (bio);
	ssize_t done;

	BIO_clear_retry_flags (bio);
	do
		done = send (tls->fd, bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	if (done < 0 && errno == EAGAIN)
		BIO_set_retry_write (bio);
	else if (done < 0)
		tls->sys = errno;
	return (int)done;
}

static int socket_read (BIO *bio, char *bytes, int n)
{
	struct tls *tls = BIO_get_data (bio);
	ssize_t got;

	BIO_clear_retry_flags (bio);
	do
		got = recv (tls->fd, bytes, (size_t)n, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		BIO_set_retry_read (bio);
	else if (got < 0)
		tls->sys = errno;
	else if (got == 0)
		tls->hung_up = true;
	tls->dry = got < n;
	tls->fetched += got > 0 ? (uint64_t)got : 0;
	for (ssize_t i = 0; i < got && tls->n_first < sizeof tls->first; i++)
		tls->first[tls->n_first++] = (uint8_t)bytes[i];
	return (int)got;
}

static long socket_control (BIO *bio, int command, long number, void *pointer)
{
	struct tls *tls = BIO_get_data (bio);

	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_FLUSH)
		return 1;
	return command == BIO_CTRL_EOF && tls->hung_up;
}

static BIO_METHOD *socket_method (void)
{
	BIO_METHOD *method = BIO_meth_new (BIO_TYPE_SOURCE_SINK, "remex socket");

	if (!method)
		return NULL;
	BIO_meth_set_write (method, socket_write);
	BIO_meth_set_read (method, socket_read);
	BIO_meth_set_ctrl (method, socket_control);
	return method;
}

/* --- the settings ------------------------------------------------------------------------------------------------ */

static bool settle (SSL_CTX *ssl, enum tls_side side)
{
	static char group[] = "X25519", signature[] = "ed25519"; /* OpenSSL's macros cast const away */

	SSL_CTX_set_options (ssl, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	/* An end without close_notify is an error: anybody on the way could have cut the connection. */
	SSL_CTX_clear_options (ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode (
		ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* Otherwise SSL_read(3) would not return while the peer sends only TLS's own messages. */
	SSL_CTX_clear_mode (ssl, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode (ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list (ssl, CERTIFICATES_MAX);
	/* One recv(2) for a record and what follows it, instead of two. */
	SSL_CTX_set_read_ahead (ssl, 1);
	SSL_CTX_set_verify (
		ssl, side == TLS_SERVER ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback (ssl, verify, NULL);
	return SSL_CTX_set_min_proto_version (ssl, TLS1_3_VERSION) &&
	       SSL_CTX_set_max_proto_version (ssl, TLS1_3_VERSION) &&
	       SSL_CTX_set_ciphersuites (
		       ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") &&
	       SSL_CTX_set1_groups_list (ssl, group) && SSL_CTX_set1_sigalgs_list (ssl, signature) &&
	       SSL_CTX_set1_client_sigalgs_list (ssl, signature) && SSL_CTX_set_num_tickets (ssl, 0) &&
	       SSL_CTX_set_max_early_data (ssl, 0) && SSL_CTX_set_recv_max_early_data (ssl, 0);
}

struct tls_context *tls_context_new (enum tls_side side, const struct credential *mine, struct err *err)
{
	struct tls_context *context = calloc (1, sizeof *context);

	if (!context) {
		err_sys (err, 0, "cannot set up TLS");
		return NULL;
	}
	context->side = side;
	context->references = 1;
	context->ssl = SSL_CTX_new (side == TLS_SERVER ? TLS_server_method () : TLS_client_method ());
	context->socket = socket_method ();
	if (!context->ssl || !context->socket || !settle (context->ssl, side) ||
		(mine && credential_use (mine, context->ssl) < 0)) {
		const char *reason = ERR_reason_error_string (ERR_peek_last_error ());

		err_set (err, 0, "cannot set up TLS: %s", reason ? reason : "out of memory");
		ERR_clear_error ();
		tls_context_free (context);
		return NULL;
	}
	ERR_clear_error ();
	return context;
}

void tls_context_free (struct tls_context *context)
{
	if (!context || --context->references > 0)
		return;
	SSL_CTX_free (context->ssl);
	BIO_meth_free (context->socket);
	free (context);
}

/* --- the peer of a connection ------------------------------------------------------------------------------------- */

const struct key *tls_peer_key (const struct tls *tls)
{
	return tls->peer_known ? &tls->peer : NULL;
}

char *tls_peer_certificate (const struct tls *tls)
{
	X509 *certificate = SSL_get0_peer_certificate (tls->ssl);
	BIO *pem = BIO_new (BIO_s_mem ());
	char *text = NULL, *bytes;
	long n;

	if (certificate && pem && PEM_write_bio_X509 (pem, certificate) == 1) {
		n = BIO_get_mem_data (pem, &bytes);
		text = strndup (bytes, (size_t)n);
	}
	BIO_free (pem);
	ERR_clear_error ();
	return text;
}

/* --- a new connection --------------------------------------------------------------------------------------------- */

struct tls *tls_new (struct tls_context *context, int fd, tls_judge *judge, void *arg)
{
	struct tls *tls = calloc (1, sizeof *tls);
	BIO *bio = BIO_new (context->socket);

	if (tls)
		tls->ssl = SSL_new (context->ssl);
	ERR_clear_error ();
	if (!tls || !tls->ssl || !bio) {
		BIO_free (bio);
		SSL_free (tls ? tls->ssl : NULL);
		free (tls);
		errno = ENOMEM;
		return NULL;
	}
	tls->context = context;
	context->references++;
	tls->judge = judge;
	tls->arg = arg;
	tls->fd = fd;
	BIO_set_data (bio, tls);
	BIO_set_init (bio, 1);
	SSL_set_bio (tls->ssl, bio, bio); /* the SSL owns it now */
	SSL_set_app_data (tls->ssl, tls);
	SSL_set_info_callback (tls->ssl, on_event);
	SSL_set_msg_callback (tls->ssl, on_message);
	SSL_set_msg_callback_arg (tls->ssl, tls);
	if (context->side == TLS_SERVER)
		SSL_set_accept_state (tls->ssl);
	else
		SSL_set_connect_state (tls->ssl);
	return tls;
}

void tls_free (struct tls *tls)
{
	if (!tls)
		return;
	SSL_free (tls->ssl);
	tls_context_free (tls->context);
	free (tls);
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

/* Sending failed, but the other end may have sent an alert with the reason before: read it. */
static void peek_alert (struct tls *tls)
{
	uint8_t bytes[7];

	if (recv (tls->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT) == sizeof bytes && bytes[0] == 21 &&
		bytes[1] == 3 && !bytes[3] && bytes[4] == 2)
		tls->alert = (enum tls_alert)bytes[6];
}

/* OpenSSL failed with `kind` (SSL_get_error(3)): remember errno and the words. Always -1 and errno. */
static int fail (struct tls *tls, int kind)
{
	unsigned long error = ERR_peek_error ();

	ERR_clear_error ();
	tls->failed = true;
	tls->wants_write = false;
	if (kind == SSL_ERROR_SYSCALL && tls->sys)
		tls->error = tls->sys;
	else
		tls->error = tls->hung_up || kind == SSL_ERROR_ZERO_RETURN ? ECONNRESET : EPROTO;
	if (kind == SSL_ERROR_SYSCALL && !tls->done && !tls->n_first)
		peek_alert (tls);
	explain (tls, kind == SSL_ERROR_SSL ? error : 0);
	errno = tls->error;
	return -1;
}

const char *tls_why (const struct tls *tls)
{
	return tls->why;
}

enum tls_alert tls_alert_received (const struct tls *tls)
{
	return tls->alert;
}

/* --- handshake, reading and writing ------------------------------------------------------------------------------- */

int tls_handshake (struct tls *tls)
{
	int result, kind;

	if (tls->failed || tls->done)
		return tls->failed ? -1 : 1;
	ERR_clear_error ();
	result = SSL_do_handshake (tls->ssl);
	kind = SSL_get_error (tls->ssl, result);
	tls->wants_write = kind == SSL_ERROR_WANT_WRITE;
	if (kind == SSL_ERROR_NONE) {
		tls->done = true;
		tls->pending = SSL_has_pending (tls->ssl); /* data that a client sent right after the handshake */
	} else if (kind != SSL_ERROR_WANT_WRITE && kind != SSL_ERROR_WANT_READ)
		return fail (tls, kind);
	return tls->done;
}

bool tls_wants_write (const struct tls *tls)
{
	return tls->wants_write;
}

static ssize_t not_now (int error)
{
	errno = error;
	return -1;
}

/* The result of a read without data. */
static ssize_t read_end (const struct tls *tls)
{
	if (tls->failed)
		return not_now (tls->error);
	return tls->ended ? 0 : not_now (EAGAIN);
}

ssize_t tls_read (struct tls *tls, void *bytes, size_t n)
{
	/* Small records and TLS's own messages cost far more than the bytes they carry: stop early, so that other
	 * connections have their turn. */
	uint64_t enough = tls->fetched + n + SSL3_RT_MAX_PLAIN_LENGTH;
	size_t used = 0;

	if (!tls->done && !tls->failed)
		return not_now (ENOTCONN);
	tls->pending = tls->wants_write = false;
	if (tls->failed || tls->ended)
		return read_end (tls);
	ERR_clear_error ();
	while (used < n && tls->fetched < enough) {
		size_t got = 0;
		int kind = SSL_get_error (tls->ssl, SSL_read_ex (tls->ssl, (uint8_t *)bytes + used, n - used, &got));

		used += got;
		if (got)
			tls->fruitful = tls->fetched;
		if (tls->flooded) {
			tls->refusal = "the other end sends too many of TLS's own messages";
			return (ssize_t)fail (tls, SSL_ERROR_SSL);
		}
		if (kind == SSL_ERROR_NONE) {
			/* Avoid a recv(2) on an empty socket. */
			if (tls->dry && !SSL_has_pending (tls->ssl))
				break;
			continue;
		}
		if (kind == SSL_ERROR_WANT_READ && !tls->dry && tls->fetched - tls->fruitful <= CHATTER_MAX)
			continue; /* it was one of TLS's own messages */
		if (kind == SSL_ERROR_ZERO_RETURN) {
			tls->ended = true;
		} else if (kind == SSL_ERROR_WANT_READ && !tls->dry) {
			tls->refusal = "the other end sends nothing but TLS's own messages";
			fail (tls, SSL_ERROR_SSL);
		} else if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) {
			fail (tls, kind);
		}
		tls->wants_write = kind == SSL_ERROR_WANT_WRITE;
		if (!used)
			return read_end (tls);
		/* The next read reports the end; the socket will not become readable for it. */
		tls->pending = tls->ended || tls->failed || tls->wants_write;
		return (ssize_t)used;
	}
	tls->pending = (used == n || tls->fetched >= enough) && SSL_has_pending (tls->ssl);
	return used ? (ssize_t)used : not_now (EAGAIN);
}

bool tls_pending (const struct tls *tls)
{
	return tls->pending;
}

ssize_t tls_write (struct tls *tls, const void *bytes, size_t n)
{
	size_t used = 0;

	if (!tls->done && !tls->failed)
		return not_now (ENOTCONN);
	if (tls->failed)
		return not_now (tls->error);
	ERR_clear_error ();
	while (used < n) {
		/* One record at a time: otherwise OpenSSL does not tell how many records are sent. */
		size_t left = n - used, piece = left < SSL3_RT_MAX_PLAIN_LENGTH ? left : SSL3_RT_MAX_PLAIN_LENGTH, done;
		int kind;

		if (tls->unsent > left)
			return not_now (EINVAL); /* not the same bytes as before */
		if (tls->unsent)
			piece = tls->unsent;
		kind = SSL_get_error (tls->ssl, SSL_write_ex (tls->ssl, (const uint8_t *)bytes + used, piece, &done));
		tls->unsent = kind == SSL_ERROR_WANT_WRITE ? piece : 0;
		if (kind == SSL_ERROR_NONE) {
			used += done;
			continue;
		}
		if (used)
			break; /* the next write reports the error */
		if (kind == SSL_ERROR_WANT_WRITE || kind == SSL_ERROR_WANT_READ)
			return not_now (EAGAIN);
		if (kind != SSL_ERROR_SYSCALL)
			return fail (tls, kind);
		/* The other end does not read any more; an alert with the reason may still be readable. */
		ERR_clear_error ();
		return not_now (tls->sys ? tls->sys : EPIPE);
	}
	ERR_clear_error ();
	return (ssize_t)used;
}

int tls_end (struct tls *tls)
{
	int result, kind;

	if (!tls->done || tls->failed || tls->said_end)
		return 0;
	ERR_clear_error ();
	result = SSL_shutdown (tls->ssl);
	kind = result < 0 ? SSL_get_error (tls->ssl, result) : SSL_ERROR_NONE;
	ERR_clear_error ();
	if (kind == SSL_ERROR_WANT_WRITE)
		return (int)not_now (EAGAIN);
	tls->said_end = true;
	return 0;
}

void tls_refuse (int fd, enum tls_alert alert)
{
	/* Type alert, "TLS 1.2" as in every record of 1.3, two bytes: fatal, the alert (RFC 8446, sections 5.1 and
	 * 6). */
	uint8_t record[] = { 21, 3, 3, 0, 2, 2, (uint8_t)alert };

	if (send (fd, record, sizeof record, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown (fd, SHUT_WR);
}

/* --- TLS as a stream ---------------------------------------------------------------------------------------------- */

static ssize_t stream_tls_read (struct stream *stream, void *bytes, size_t n)
{
	return tls_read (stream->state, bytes, n);
}

static ssize_t stream_tls_write (struct stream *stream, const void *bytes, size_t n)
{
	return tls_write (stream->state, bytes, n);
}

static int stream_tls_end (struct stream *stream)
{
	if (tls_end (stream->state) < 0)
		return -1;
	shutdown (stream->out, SHUT_WR);
	return 0;
}

static bool stream_tls_pending (const struct stream *stream)
{
	return tls_pending (stream->state);
}

static bool stream_tls_read_wants_write (const struct stream *stream)
{
	return tls_wants_write (stream->state);
}

static void stream_tls_close (struct stream *stream)
{
	tls_free (stream->state);
}

static const struct stream_ops tls_ops = {
	.read = stream_tls_read,
	.write = stream_tls_write,
	.end = stream_tls_end,
	.pending = stream_tls_pending,
	.read_wants_write = stream_tls_read_wants_write,
	.close = stream_tls_close,
};

void stream_tls (struct stream *stream, int fd, struct tls *tls)
{
	*stream = (struct stream){ .ops = &tls_ops, .in = fd, .out = fd, .in_poll = fd, .out_poll = fd, .state = tls };
}
