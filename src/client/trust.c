/* trust - see trust.h.
 *
 * When the server refuses us, the error has the reason and a remedy. With TLS 1.3 the handshake of a client is complete
 * before the server has checked the client's key (RFC 8446, section 4.4.4), so the alert comes while we wait for hello.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "base/text.h"
#include "client/error.h"
#include "client/host.h"
#include "client/keystore.h"

enum {
	WORD = 320, /* bytes of a word for the shell, with quotes */
	ALERT_CERTIFICATE_UNKNOWN = 46, /* RFC 8446, section 6 */
	ALERT_UNKNOWN_CA = 48,
};

/* The directory, or NULL and err. */
static const char *directory_of (struct remex *remex, struct err *err)
{
	if (!remex->directory)
		remex->directory = paths_keys (err);
	return remex->directory;
}

/* Our own key, or NULL and err. */
static struct credential *identity_of (struct remex *remex, struct err *err)
{
	const char *directory = directory_of (remex, err);

	if (!remex->identity && directory)
		remex->identity = keystore_identity (directory, err);
	return remex->identity;
}

void trust_free (struct remex *remex)
{
	tls_context_free (remex->known);
	tls_context_free (remex->unknown);
	credential_free (remex->identity);
	free (remex->directory);
	remex->known = remex->unknown = NULL;
	remex->identity = NULL;
	remex->directory = NULL;
}

/* --- before ------------------------------------------------------------------------------------------------------ */

int trust_prepare (struct remex_host *host, struct remex_error *error)
{
	struct proof *proof = &host->proof;
	const char *directory;
	struct err err = { 0 };
	int found;

	if (!(directory = directory_of (host->remex, &err)))
		return error_set (error, "no_key", "%s", err.text);
	if (!proof->probe && !identity_of (host->remex, &err)) {
		if (err.sys != ENOENT && err.sys != ENOTDIR)
			return error_set (error, "no_key", "your key cannot be used: %s", err.text);
		return error_set (error, "no_key", "no key: make one with `remex keygen`%s",
			address_is_loopback (&host->address)
				? "; the daemon on this machine, which needs none, is called 'local'"
				: "");
	}
	if ((found = keystore_pin (directory, host->address.pin, &proof->pin, &err)) < 0)
		return error_set (
			error, "untrusted", "the key that is trusted for %s cannot be read: %s", host->where, err.text);
	if ((proof->pinned = found > 0))
		key_print (&proof->pin, proof->pin_print);
	return 0;
}

struct tls_context *trust_context (struct remex_host *host, struct remex_error *error)
{
	struct remex *remex = host->remex;
	bool known = host->proof.pinned && !host->proof.probe;
	struct tls_context **context = known ? &remex->known : &remex->unknown;
	struct err err;

	if (!*context && !(*context = tls_context_new (TLS_CLIENT, known ? remex->identity : NULL, &err)))
		error_set (error, "internal", "%s", err.text);
	return *context;
}

/* --- the host's key ---------------------------------------------------------------------------------------------- */

static bool changed (const struct proof *proof)
{
	return proof->seen && proof->pinned && !key_equal (&proof->pin, &proof->key);
}

bool trust_judge (void *arg, const struct key *key)
{
	struct remex_host *host = arg;
	struct proof *proof = &host->proof;

	proof->key = *key;
	proof->seen = true;
	key_print (key, proof->print);
	key_format (key, NULL, proof->line);
	return proof->probe || !changed (proof);
}

static int set_changed (const struct remex_host *host, struct remex_error *error)
{
	char word[WORD];

	return error_set (error, "untrusted",
		"the key of %.100s HAS CHANGED: it shows %s, trusted is %s. Somebody may be in between. Nothing was "
		"sent. "
		"If the host has a new key: remex trust --remove %s",
		host->where, host->proof.print, host->proof.pin_print, text_quote (word, sizeof word, host->where));
}

int trust_check (struct remex_host *host, struct remex_error *error)
{
	struct proof *proof = &host->proof;
	char word[WORD];

	if (proof->pinned && !proof->probe)
		return 0;
	if (!proof->pinned)
		proof->certificate = tls_peer_certificate (host->tls);
	if (changed (proof))
		return set_changed (host, error);
	if (proof->pinned)
		return error_set (error, "trusted", "%s has the key that is trusted, %s", host->where, proof->print);
	return error_set (error, "untrusted",
		"%.100s is not trusted yet: its key is %s. If that is what `remex identities` shows there: "
		"remex trust %s %s",
		host->where, proof->print, text_quote (word, sizeof word, host->where), proof->print);
}

void trust_shown (struct remex_host *host, const char *key, const char *known)
{
	struct proof *proof = &host->proof;
	const char *base64 = strchr (key, ' ');
	uint8_t *bytes = base64 ? malloc (strlen (base64)) : NULL;
	ssize_t n = bytes ? text_b64_decode (bytes, base64 + 1, strlen (base64 + 1)) : -1;

	free (proof->ssh_key);
	if (!(proof->ssh_key = n > 0 ? strdup (key) : NULL))
		*proof->print = '\0';
	else
		key_print_bytes (bytes, (size_t)n, proof->print);
	snprintf (proof->pin_print, sizeof proof->pin_print, "%s", known);
	free (bytes);
}

/* --- why it ended ------------------------------------------------------------------------------------------------ */

/* The line of our key, quoted for a shell; without its comment if that makes it too long. */
static void quote_line (const struct remex *remex, char out[WORD])
{
	char line[KEY_LINE_SIZE];

	text_quote (out, WORD, key_format (credential_key (remex->identity), credential_name (remex->identity), line));
	if (strlen (out) > 200)
		text_quote (out, WORD, key_format (credential_key (remex->identity), NULL, line));
}

void trust_explain (const struct remex_host *host, struct remex_error *error)
{
	const struct proof *proof = &host->proof;
	const char *says = tls_why (host->tls);
	char line[WORD];

	switch ((int)tls_alert_received (host->tls)) {
	case TLS_ALERT_BAD_CERTIFICATE: /* remexd sends this alert; other TLS servers may send one of the next two */
	case ALERT_CERTIFICATE_UNKNOWN:
	case ALERT_UNKNOWN_CA:
		if (!host->remex->identity || !proof->pinned)
			break;
		quote_line (host->remex, line);
		error_set (error, "denied",
			"%.100s does not know your key; there: remex authorize NAME %s --as USER --allow CALLS",
			host->where, line);
		return;
	case TLS_ALERT_ACCESS_DENIED:
		error_set (error, "denied", "%.100s does not listen to this address for now (too many failures)",
			host->where);
		return;
	case TLS_ALERT_INTERNAL_ERROR:
		error_set (error, "busy", "%.100s is busy: too many connections are in the handshake; try again",
			host->where);
		return;
	default:
		if (changed (proof)) {
			set_changed (host, error);
			return;
		}
		break;
	}
	error_set (error, "", "%.100s: %.350s", host->address.pin, *says ? says : "TLS failed");
}

/* --- what the caller may ask ------------------------------------------------------------------------------------- */

int remex_set_directory (struct remex *remex, const char *path, struct remex_error *error)
{
	char *copy;

	if (*path != '/')
		return error_set (error, "usage", "the directory of keys is no absolute path");
	if (!list_empty (&remex->hosts))
		return error_set (error, "usage", "the directory of keys is named before the first connection");
	if (!(copy = strdup (path)))
		return error_set (error, "internal", "out of memory");
	trust_free (remex);
	remex->directory = copy;
	return 0;
}

const char *remex_directory (struct remex *remex, struct remex_error *error)
{
	struct err err;
	const char *directory = directory_of (remex, &err);

	if (!directory)
		error_set (error, "no_key", "%s", err.text);
	return directory;
}

const char *remex_host_key (const struct remex_host *host)
{
	return host->proof.ssh_key ? host->proof.ssh_key : host->proof.line;
}

const char *remex_host_fingerprint (const struct remex_host *host)
{
	return host->proof.print;
}

const char *remex_host_pin (const struct remex_host *host)
{
	return host->address.tcp || host->proof.ssh_key ? host->proof.pin_print : NULL;
}

/* The key of an sshd goes to known_hosts, unless that has one. */
static int trust_sshd (const struct remex_host *host, struct remex_error *error)
{
	const struct proof *proof = &host->proof;
	struct err err;

	if (!strcmp (proof->print, proof->pin_print))
		return 0;
	if (*proof->pin_print)
		return error_set (error, "untrusted",
			"%s is known by another key; remove that one first (ssh-keygen -R)", host->where);
	if (ssh_helper_trust (host->remex, &host->address.ssh, proof->ssh_key, &err) < 0)
		return error_set (error, "io_error", "%s", err.text);
	return 0;
}

int remex_host_trust (struct remex_host *host, struct remex_error *error)
{
	struct proof *proof = &host->proof;
	struct err err = { 0 };
	struct key pinned;

	if (proof->ssh_key)
		return trust_sshd (host, error);
	if (proof->pinned && proof->seen && !changed (proof))
		return 0;
	if (proof->pinned)
		return error_set (
			error, "untrusted", "%s is trusted by another key; forget that one first", host->where);
	if (!proof->certificate)
		return error_set (error, "usage", "%s has not shown its key", host->where);
	if (keystore_pin_add (host->remex->directory, host->address.pin, proof->certificate, &err) == 0)
		return 0;
	/* Another process was faster, and may have pinned the same key. */
	if (err.sys == EEXIST && keystore_pin (host->remex->directory, host->address.pin, &pinned, NULL) > 0 &&
		key_equal (&pinned, &proof->key))
		return 0;
	if (err.sys == EEXIST)
		return error_set (error, "untrusted", "another remex has just stored a trusted key of %s", host->where);
	return error_set (error, "io_error", "%s", err.text);
}

int remex_forget (struct remex *remex, const char *where, struct remex_error *error)
{
	struct address address;
	const char *directory;
	struct err err;
	int removed;

	if (address_parse (&address, where, &err) < 0)
		return error_set (error, "usage", "%s", err.text);
	if (!address.tcp && *address.ssh.host)
		return error_set (error, "usage",
			"the key of the sshd %s is in known_hosts: ssh-keygen -R removes it there", where);
	if (!address.tcp)
		return error_set (error, "usage", "%s has no key: the kernel says who listens at a Unix socket", where);
	if (!(directory = directory_of (remex, &err)))
		return error_set (error, "no_key", "%s", err.text);
	if ((removed = keystore_pin_remove (directory, address.pin, &err)) < 0)
		return error_set (error, "io_error", "%s", err.text);
	return removed;
}
