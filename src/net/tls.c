/* tls - see tls.h. */
#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sslerr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/tls_private.h"

/* How much of TLS's own messages (new keys, tickets) may come in a row: of an honest peer, a few bytes in an hour. */
enum { CHATTER_MAX = 128 * 1024 };

/* Making new keys costs a hundred times what the 27 bytes of a KeyUpdate (RFC 8446, section 4.6.3) cost the sender. An honest peer
 * sends one in hundreds of gigabytes: so many may come at once, and one more in so much time. */
enum { MESSAGES_BURST = 32, MESSAGE_MS = 1000 };

/* --- who is at the other end ------------------------------------------------------------------------------------- */

int tls_verify (X509_STORE_CTX *store, void *unused)
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
			tls->refusal = "the other end has a key that proves nothing";
		else if (!tls->judge (tls->arg, &tls->peer))
			tls->refusal = "the key of the other end was refused";
	}
	/* The error chooses the alert: bad_certificate. */
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

/* OpenSSL has a message whole, sent or received. After the handshake all that come are counted, whatever comes between
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

/* --- making one -------------------------------------------------------------------------------------------------- */

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
	SSL_set_bio (tls->ssl, bio, bio); /* which owns it now */
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

/* --- failing ----------------------------------------------------------------------------------------------------- */

/* Sending has failed, but the other end may have said before why it was going away: a bare alert. */
static void peek_alert (struct tls *tls)
{
	uint8_t bytes[7];

	if (recv (tls->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT) == sizeof bytes && bytes[0] == 21 &&
		bytes[1] == 3 && !bytes[3] && bytes[4] == 2)
		tls->alert = (enum tls_alert)bytes[6];
}

/* OpenSSL has failed with `kind` (SSL_get_error(3)): remember errno and words for it. Always -1 and errno. */
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
	tls_explain (tls, kind == SSL_ERROR_SSL ? error : 0);
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

/* --- going on ---------------------------------------------------------------------------------------------------- */

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
		tls->pending = SSL_has_pending (tls->ssl); /* what a client sent behind its last word */
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

/* What to tell where nothing was read. */
static ssize_t read_end (const struct tls *tls)
{
	if (tls->failed)
		return not_now (tls->error);
	return tls->ended ? 0 : not_now (EAGAIN);
}

ssize_t tls_read (struct tls *tls, void *bytes, size_t n)
{
	/* Small records, and messages of TLS itself, cost far more than the bytes that they bring: others want their
	 * turn too. */
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
			tls->refusal = "the other end sends too many messages of TLS itself";
			return (ssize_t)fail (tls, SSL_ERROR_SSL);
		}
		if (kind == SSL_ERROR_NONE) {
			/* Without asking the socket in vain. */
			if (tls->dry && !SSL_has_pending (tls->ssl))
				break;
			continue;
		}
		if (kind == SSL_ERROR_WANT_READ && !tls->dry && tls->fetched - tls->fruitful <= CHATTER_MAX)
			continue; /* it was a message of TLS itself */
		if (kind == SSL_ERROR_ZERO_RETURN) {
			tls->ended = true;
		} else if (kind == SSL_ERROR_WANT_READ && !tls->dry) {
			tls->refusal = "the other end sends nothing but messages of TLS itself";
			fail (tls, SSL_ERROR_SSL);
		} else if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) {
			fail (tls, kind);
		}
		tls->wants_write = kind == SSL_ERROR_WANT_WRITE;
		if (!used)
			return read_end (tls);
		/* The end is told the next time; the socket will not say that there is something to read. */
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
		/* A record each time, or OpenSSL keeps for itself how many of several have left. */
		size_t left = n - used, piece = left < SSL3_RT_MAX_PLAIN_LENGTH ? left : SSL3_RT_MAX_PLAIN_LENGTH, done;
		int kind;

		if (tls->unsent > left)
			return not_now (EINVAL); /* these are not the bytes of before */
		if (tls->unsent)
			piece = tls->unsent;
		kind = SSL_get_error (tls->ssl, SSL_write_ex (tls->ssl, (const uint8_t *)bytes + used, piece, &done));
		tls->unsent = kind == SSL_ERROR_WANT_WRITE ? piece : 0;
		if (kind == SSL_ERROR_NONE) {
			used += done;
			continue;
		}
		if (used)
			break; /* what is wrong is told the next time */
		if (kind == SSL_ERROR_WANT_WRITE || kind == SSL_ERROR_WANT_READ)
			return not_now (EAGAIN);
		if (kind != SSL_ERROR_SYSCALL)
			return fail (tls, kind);
		/* Nobody reads any more; why may still be there to be read. */
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
	/* Alert, "TLS 1.2" as every record of 1.3 says, two bytes: fatal, which (RFC 8446, sections 5.1 and 6). */
	uint8_t record[] = { 21, 3, 3, 0, 2, 2, (uint8_t)alert };

	if (send (fd, record, sizeof record, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown (fd, SHUT_WR);
}

/* --- as a stream ------------------------------------------------------------------------------------------------- */

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
	*stream = (struct stream){ &tls_ops, fd, fd, fd, fd, tls };
}
