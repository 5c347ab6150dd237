/* tls_private - what the files of tls share: tls_context.c (the settings), tls.c (a connection), tls_words.c (why it
 * failed). See tls.h.
 */
#ifndef REMEX_NET_TLS_PRIVATE_H
#define REMEX_NET_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "net/tls.h"

struct tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *socket; /* send(2) and recv(2) for struct tls */
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
	int error; /* failed: the errno for whoever calls again */
	bool done; /* the handshake */
	bool failed;
	bool wants_write;
	bool hung_up; /* recv has seen the end */
	bool dry; /* the last recv took all there was */
	uint64_t fetched; /* bytes that recv has given */
	uint64_t fruitful; /* of these, up to the last that had something for our caller */
	int64_t spent_ms, since_ms; /* of what its messages of TLS may cost (on_message) */
	bool flooded; /* it has sent too many of them */
	bool ended; /* the peer's close_notify has come */
	bool said_end; /* ours has gone */
	bool pending; /* tls_pending */
	size_t unsent; /* bytes in the record that the socket has yet to take; 0: there is none */
	struct key peer;
	bool peer_known;
	const char *refusal; /* why we refused the peer's certificate */
	enum tls_alert alert; /* received */
	uint8_t first[8]; /* of what came from the other end */
	size_t n_first;
	bool keyless; /* it failed for want of a certificate */
	char why[160];
};

/* Called by OpenSSL in mid-handshake: take the key out of the certificate and ask the judge. */
int tls_verify (X509_STORE_CTX *store, void *unused);

/* Fill tls->why from OpenSSL's first error and what else is known. */
void tls_explain (struct tls *tls, unsigned long error);

#endif
