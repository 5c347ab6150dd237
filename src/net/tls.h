/* tls - TLS 1.3 (RFC 8446) over a connected socket, with OpenSSL. Both ends are identified by their keys, as in ssh.
 *
 * Version 1.3 only, X25519, Ed25519 certificates only, AES-GCM or ChaCha20; no tickets, no resumption, no early data,
 * no renegotiation, certificates up to 8 KiB. No chain is built and no name, date or policy is read: the verify
 * callback takes the peer's key from its certificate and asks the judge. TLS proves that the peer has the private key
 * (CertificateVerify), so a key is only a claim until the handshake is done.
 *
 * Nothing here blocks, and SIGPIPE is never raised (libremex runs in other people's processes). One struct tls_context
 * per side and credential, one struct tls per connection; a context and its connections belong to one thread.
 */
#ifndef REMEX_NET_TLS_H
#define REMEX_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/credential.h"
#include "net/key.h"
#include "net/stream.h"

struct tls_context;
struct tls;

enum tls_side { TLS_SERVER, TLS_CLIENT };

/* Alerts (RFC 8446, section 6) that remex sends or explains. */
enum tls_alert {
	TLS_ALERT_NONE = 0, /* no alert was received */
	TLS_ALERT_BAD_CERTIFICATE = 42, /* the judge refused the key */
	TLS_ALERT_ACCESS_DENIED = 49, /* this address is refused for a while */
	TLS_ALERT_PROTOCOL_VERSION = 70,
	TLS_ALERT_INTERNAL_ERROR = 80, /* too many handshakes */
	TLS_ALERT_CERTIFICATE_REQUIRED = 116,
};

/* Accept a peer with that key? Called once during the handshake. */
typedef bool tls_judge (void *arg, const struct key *key);

/* A server demands a certificate; a client may have none (mine NULL): then it can only read the server's key. `mine` is
 * not owned and may be freed as soon as this returns. NULL and err. tls_context_free: no new connections; existing
 * connections continue. */
struct tls_context *tls_context_new (enum tls_side side, const struct credential *mine, struct err *err);
void tls_context_free (struct tls_context *context);

/* A connection over fd (a connected socket, which stays the caller's). NULL when out of memory. */
struct tls *tls_new (struct tls_context *context, int fd, tls_judge *judge, void *arg);
void tls_free (struct tls *tls);

/* Continue the handshake: 1 when it is done, 0 when it waits (for tls_wants_write, otherwise for bytes to read), -1
 * when it failed (tls_why, tls_alert_received). A client is done before the server has judged it: the server's verdict
 * comes with the first read. */
int tls_handshake (struct tls *tls);

/* Does the handshake or tls_read wait until the socket is writable? Otherwise it waits for bytes to read. */
bool tls_wants_write (const struct tls *tls);

/* After the handshake: as read(2) and write(2) on a non-blocking socket. 0 from read is the peer's close_notify. A cut
 * without close_notify is -1 with ECONNRESET, broken TLS or an alert -1 with EPROTO: no bytes of a record that does not
 * verify are returned. A read takes as many records as are there for n bytes. After a failed write, a read may still
 * get the alert with the reason. After EAGAIN from write the next bytes must be the same (stream_write). */
ssize_t tls_read (struct tls *tls, void *bytes, size_t n);
ssize_t tls_write (struct tls *tls, const void *bytes, size_t n);

/* Right after the handshake or tls_read: is there more, or the end, although the socket has nothing to read? Then read
 * again before waiting for the socket. */
bool tls_pending (const struct tls *tls);

/* Send close_notify (once). 0, or -1 with EAGAIN: call again when the socket is writable. Reading continues. */
int tls_end (struct tls *tls);

/* The peer's key, from the call of the judge on; NULL before. It is proved only after the handshake. */
const struct key *tls_peer_key (const struct tls *tls);

/* The peer's certificate as PEM text, for a client that stores it; NULL when there is none. The caller frees. */
char *tls_peer_certificate (const struct tls *tls);

/* Did it fail because the client showed no key? */
bool tls_keyless (const struct tls *tls);

/* The reason of a failure, for people ("the other end speaks HTTP, not TLS"); "" without a failure. The alert that the
 * other end sent, or TLS_ALERT_NONE. */
const char *tls_why (const struct tls *tls);
enum tls_alert tls_alert_received (const struct tls *tls);

/* Refuse a client before any handshake, with a bare alert record (fatal), so that the client can show the reason. Sends
 * once without waiting; the caller closes. */
void tls_refuse (int fd, enum tls_alert alert);

/* The connection as a stream (net/stream.h), which owns the socket and the struct tls from now on. */
void stream_tls (struct stream *stream, int fd, struct tls *tls);

#endif
