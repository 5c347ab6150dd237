/* tls_words - why TLS failed, for a person; see tls.h. */
#include "config.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <string.h>

#include "net/tls_private.h"

static const struct {
	int number;
	const char *words;
} alerts[] = {
	{ TLS_ALERT_BAD_CERTIFICATE, "the other end does not accept our key" },
	{ TLS_ALERT_ACCESS_DENIED, "the other end does not listen to this address for now" },
	{ TLS_ALERT_PROTOCOL_VERSION, "the other end does not speak TLS 1.3" },
	{ TLS_ALERT_INTERNAL_ERROR, "the other end cannot take us now (internal error)" },
	{ TLS_ALERT_CERTIFICATE_REQUIRED, "the other end wants a key, and we have shown none" },
	{ SSL_AD_HANDSHAKE_FAILURE,
		"the other end has no algorithm in common with us, or no key that we could accept" },
	{ SSL_AD_DECRYPT_ERROR, "the other end could not verify our proof" },
	{ SSL_AD_BAD_RECORD_MAC, "what we sent was altered on its way" },
};

/* What OpenSSL found by itself. */
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
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "what the other end sent was altered on its way" },
};

/* What the first bytes of the other end say that it speaks, if not TLS. */
static const struct {
	const char *bytes, *words;
} tongues[] = {
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

/* A record of TLS starts with its type, 20 to 23, and a 3 (RFC 8446, section 5.1). */
static const char *tongue (const struct tls *tls)
{
	if (!tls->n_first || (tls->first[0] >= 20 && tls->first[0] <= 23 && (tls->n_first == 1 || tls->first[1] == 3)))
		return NULL;
	for (size_t i = 0; i < sizeof tongues / sizeof *tongues; i++)
		if (starts (tls, tongues[i].bytes))
			return tongues[i].words;
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

void tls_explain (struct tls *tls, unsigned long error)
{
	const char *spoken = tls->done ? NULL : tongue (tls);

	if (tls->alert)
		explain_alert (tls);
	else if (spoken)
		snprintf (tls->why, sizeof tls->why, "the other end speaks %s, not TLS", spoken);
	else if (tls->refusal)
		snprintf (tls->why, sizeof tls->why, "%s", tls->refusal);
	else if (tls->hung_up && !tls->n_first)
		snprintf (tls->why, sizeof tls->why, "the other end hung up without a word");
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
