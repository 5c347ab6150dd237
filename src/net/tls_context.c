/* tls_context - the settings of TLS, in one place; see tls.h. */
#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/tls_private.h"

enum { CERTIFICATES_MAX = 8 * 1024 };

/* --- a socket as OpenSSL sees it --------------------------------------------------------------------------------- */

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
	/* An end without close_notify is a cut: somebody on the way could have made it. */
	SSL_CTX_clear_options (ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode (
		ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* Or SSL_read(3) would not come back while the peer sends nothing but messages of TLS itself. */
	SSL_CTX_clear_mode (ssl, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode (ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list (ssl, CERTIFICATES_MAX);
	/* One recv(2) for a record and what follows it, instead of two. */
	SSL_CTX_set_read_ahead (ssl, 1);
	SSL_CTX_set_verify (
		ssl, side == TLS_SERVER ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback (ssl, tls_verify, NULL);
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
