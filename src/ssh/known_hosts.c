/* known_hosts - see known_hosts.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/trusted.h"
#include "ssh/known_hosts.h"
#include "ssh/pattern_list.h"

enum { HASH_SIZE = KNOWN_HOSTS_SALT, BLOCK_SIZE = 64, NAME_SIZE = 1024 };

enum line_marker { MARKER_NONE, MARKER_REVOKED, MARKER_AUTHORITY };

/* A line that was read. */
struct known_host {
	enum line_marker marker;
	char *names; /* patterns; NULL: hashed */
	uint8_t salt[KNOWN_HOSTS_SALT], hash[HASH_SIZE];
	struct public_key key;
	const char *path;
	unsigned line;
};

struct known_hosts {
	EVP_MD_CTX *context; /* of hash_name */
	struct known_host *hosts;
	size_t n;
	char **paths;
	size_t n_paths;
	size_t skipped;
	const char *skipped_path; /* of the first one */
	unsigned skipped_line;
};

/* A context for hash_name; NULL: out of memory, or this OpenSSL has no SHA-1. */
static EVP_MD_CTX *new_context (void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new ();

	if (context && EVP_DigestInit_ex (context, EVP_sha1 (), NULL))
		return context;
	EVP_MD_CTX_free (context);
	return NULL;
}

struct known_hosts *known_hosts_new (void)
{
	struct known_hosts *known = calloc (1, sizeof *known);

	if (known && (known->context = new_context ()))
		return known;
	free (known);
	return NULL;
}

void known_hosts_free (struct known_hosts *known)
{
	if (!known)
		return;
	for (size_t i = 0; i < known->n; i++) {
		public_key_free (&known->hosts[i].key);
		free (known->hosts[i].names);
	}
	for (size_t i = 0; i < known->n_paths; i++)
		free (known->paths[i]);
	EVP_MD_CTX_free (known->context);
	free (known->hosts);
	free (known->paths);
	free (known);
}

size_t known_hosts_skipped (const struct known_hosts *known, const char **path, unsigned *line)
{
	*path = known->skipped_path;
	*line = known->skipped_line;
	return known->skipped;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static char *skip_blanks (char *text)
{
	return text + strspn (text, " \t");
}

/* Take the next word and end it; NULL: there is none. */
static char *take_word (char **rest)
{
	char *word = skip_blanks (*rest);

	*rest = word + strcspn (word, " \t");
	if (**rest)
		*(*rest)++ = '\0';
	return *word ? word : NULL;
}

/* Read "|1|SALT|HASH". */
static bool read_hashed (struct known_host *host, char *text)
{
	char *salt = text + 3, *hash;
	uint8_t bytes[64];

	if (strncmp (text, "|1|", 3) != 0 || !(hash = strchr (salt, '|')) || strlen (hash) > 64 || hash - salt > 64)
		return false;
	*hash++ = '\0';
	if (text_b64_decode (bytes, salt, strlen (salt)) != KNOWN_HOSTS_SALT)
		return false;
	memcpy (host->salt, bytes, KNOWN_HOSTS_SALT);
	if (text_b64_decode (bytes, hash, strlen (hash)) != HASH_SIZE)
		return false;
	memcpy (host->hash, bytes, HASH_SIZE);
	return true;
}

/* 1; 0: it cannot be read; -1: out of memory. */
static int read_line (struct known_host *host, char *text)
{
	char *rest = text, *word = take_word (&rest);
	struct err err;

	if (word && *word == '@') {
		if (!strcmp (word, "@revoked"))
			host->marker = MARKER_REVOKED;
		else if (!strcmp (word, "@cert-authority"))
			host->marker = MARKER_AUTHORITY;
		else
			return 0;
		word = take_word (&rest);
	}
	if (!word || public_key_parse (&host->key, skip_blanks (rest), NULL, &err) < 0)
		return 0;
	if (*word == '|' ? read_hashed (host, word) : (host->names = strdup (word)) != NULL)
		return 1;
	public_key_free (&host->key);
	return *word == '|' ? 0 : -1;
}

static void skip_line (struct known_hosts *known, const char *path, unsigned line)
{
	if (known->skipped++)
		return;
	known->skipped_path = path;
	known->skipped_line = line;
}

/* One line of n bytes, at the end of which there is room for a NUL. */
static int add_line (struct known_hosts *known, char *text, size_t n, const char *path, unsigned line)
{
	struct known_host host = { .path = path, .line = line }, *more;
	size_t blanks;
	int result;

	if (n && text[n - 1] == '\r')
		n--;
	text[n] = '\0';
	blanks = strspn (text, " \t");
	if (blanks == n || text[blanks] == '#')
		return 0;
	if (strlen (text) != n || n > KNOWN_HOSTS_LINE_MAX || (result = read_line (&host, text)) == 0) {
		skip_line (known, path, line);
		return 0;
	}
	if (result < 0)
		return -1;
	if ((known->n & (known->n - 1)) == 0) { /* the array grows when the count reaches a power of two */
		if (!(more = realloc (known->hosts, (known->n ? known->n * 2 : 1) * sizeof *more))) {
			public_key_free (&host.key);
			free (host.names);
			return -1;
		}
		known->hosts = more;
	}
	known->hosts[known->n++] = host;
	return 0;
}

static const char *keep_path (struct known_hosts *known, const char *path)
{
	char **more = realloc (known->paths, (known->n_paths + 1) * sizeof *more);

	if (!more)
		return NULL;
	known->paths = more;
	if (!(more[known->n_paths] = strdup (path)))
		return NULL;
	return more[known->n_paths++];
}

/* `text` has a byte behind its n. */
static int add_text (struct known_hosts *known, char *text, size_t n, const char *path, struct err *err)
{
	const char *kept = keep_path (known, path);
	char *at = text, *end = text + n;

	if (!kept)
		return err_set (err, 0, "out of memory");
	for (unsigned line = 1; at < end; line++) {
		char *newline = memchr (at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;

		if (add_line (known, at, (size_t)(stop - at), kept, line) < 0)
			return err_set (err, 0, "out of memory");
		at = stop + 1;
	}
	return 0;
}

int known_hosts_read_text (struct known_hosts *known, const char *text, size_t n, const char *path, struct err *err)
{
	char *copy = malloc (n + 1);
	int result;

	if (!copy)
		return err_set (err, 0, "out of memory");
	memcpy (copy, text, n);
	result = add_text (known, copy, n, path, err);
	free (copy);
	return result;
}

int known_hosts_read (struct known_hosts *known, const char *path, struct err *err)
{
	struct err why = { 0 };
	size_t n;
	char *text = trusted_read (path, KNOWN_HOSTS_FILE_MAX, &n, &why);
	int result;

	if (!text && (why.sys == ENOENT || why.sys == ENOTDIR))
		return 0;
	if (!text) {
		if (err)
			*err = why;
		return -1;
	}
	result = add_text (known, text, n, path, err);
	free (text);
	return result < 0 ? -1 : 1;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

/* The name of a host in these files; false: it is too long to be one. */
static bool make_name (char name[NAME_SIZE], const char *host, unsigned port)
{
	int n = port == 22 ? snprintf (name, NAME_SIZE, "%s", host) : snprintf (name, NAME_SIZE, "[%s]:%u", host, port);

	for (char *p = name; *p; p++)
		*p = (char)tolower ((unsigned char)*p);
	return n > 0 && n < NAME_SIZE;
}

/* One half of HMAC: the SHA-1 of the key, padded to a block of `pad`, and then of the bytes. */
static bool hash_half (
	EVP_MD_CTX *context, uint8_t hash[HASH_SIZE], const uint8_t *key, uint8_t pad, const void *bytes, size_t n)
{
	uint8_t block[BLOCK_SIZE], whole[EVP_MAX_MD_SIZE];

	for (size_t i = 0; i < BLOCK_SIZE; i++)
		block[i] = (uint8_t)((i < KNOWN_HOSTS_SALT ? key[i] : 0) ^ pad);
	if (!EVP_DigestInit_ex (context, NULL, NULL) || !EVP_DigestUpdate (context, block, sizeof block) ||
		!EVP_DigestUpdate (context, bytes, n) || !EVP_DigestFinal_ex (context, whole, NULL))
		return false;
	memcpy (hash, whole, HASH_SIZE);
	return true;
}

/* HMAC-SHA1 (RFC 2104) with the salt as the key. HMAC(3) looks up its digest at each call, which takes ten times as long:
 * a file may have thousands of hashed names, and each host is compared with all of them. */
static bool hash_name (
	EVP_MD_CTX *context, uint8_t hash[HASH_SIZE], const uint8_t salt[KNOWN_HOSTS_SALT], const char *name)
{
	uint8_t inner[HASH_SIZE];

	return hash_half (context, inner, salt, 0x36, name, strlen (name)) &&
	       hash_half (context, hash, salt, 0x5c, inner, sizeof inner);
}

static bool is_named (const struct known_hosts *known, const struct known_host *host, const char *name)
{
	uint8_t hash[HASH_SIZE];

	if (host->names)
		return pattern_list_matches (host->names, name);
	return hash_name (known->context, hash, host->salt, name) && memcmp (hash, host->hash, HASH_SIZE) == 0;
}

/* --- judging ----------------------------------------------------------------------------------------------------- */

static void decide (
	struct known_hosts_judgement *judgement, enum known_hosts_verdict verdict, const struct known_host *host)
{
	judgement->verdict = verdict;
	judgement->key = &host->key;
	judgement->path = host->path;
	judgement->line = host->line;
}

/* Judge a key by one name of its host. */
static struct known_hosts_judgement judge (
	const struct known_hosts *known, const char *name, const struct public_key *key)
{
	struct known_hosts_judgement judgement = { .verdict = KNOWN_HOSTS_UNKNOWN };

	for (size_t i = 0; i < known->n; i++) {
		const struct known_host *host = &known->hosts[i];
		bool same = public_key_equal (&host->key, key);

		if (judgement.verdict == KNOWN_HOSTS_REVOKED || (host->marker == MARKER_REVOKED && !same) ||
			!is_named (known, host, name))
			continue;
		if (host->marker == MARKER_REVOKED)
			decide (&judgement, KNOWN_HOSTS_REVOKED, host);
		else if (host->marker == MARKER_AUTHORITY)
			judgement.authority = true;
		else if (judgement.verdict == KNOWN_HOSTS_MATCH)
			continue;
		else if (same)
			decide (&judgement, KNOWN_HOSTS_MATCH, host);
		else if (judgement.verdict == KNOWN_HOSTS_CHANGED)
			continue;
		else if (!strcmp (host->key.type, key->type))
			decide (&judgement, KNOWN_HOSTS_CHANGED, host);
		else if (judgement.verdict == KNOWN_HOSTS_UNKNOWN)
			decide (&judgement, KNOWN_HOSTS_OTHER_TYPE, host);
	}
	return judgement;
}

struct known_hosts_judgement known_hosts_judge (
	const struct known_hosts *known, const char *host, unsigned port, const struct public_key *key)
{
	struct known_hosts_judgement judgement = { .verdict = KNOWN_HOSTS_UNKNOWN }, bare;
	char name[NAME_SIZE];

	if (!make_name (name, host, port))
		return judgement;
	judgement = judge (known, name, key);
	if (port == 22 || judgement.verdict == KNOWN_HOSTS_REVOKED || !make_name (name, host, 22))
		return judgement;
	bare = judge (known, name, key);
	bare.authority = bare.authority || judgement.authority;
	if (bare.verdict == KNOWN_HOSTS_REVOKED ||
		(bare.verdict == KNOWN_HOSTS_MATCH && judgement.verdict == KNOWN_HOSTS_UNKNOWN))
		return bare;
	judgement.authority = bare.authority;
	return judgement;
}

/* Is a key among those that are revoked for the name? */
static bool is_revoked (const struct known_hosts *known, const char *name, const struct public_key *key)
{
	for (size_t i = 0; i < known->n; i++) {
		const struct known_host *host = &known->hosts[i];

		if (host->marker == MARKER_REVOKED && public_key_equal (&host->key, key) &&
			is_named (known, host, name))
			return true;
	}
	return false;
}

static size_t find_types (const struct known_hosts *known, const char *name, const char *types[KNOWN_HOSTS_TYPES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < known->n && n < KNOWN_HOSTS_TYPES_MAX; i++) {
		const struct known_host *host = &known->hosts[i];
		bool listed = false;

		for (size_t k = 0; k < n; k++)
			listed = listed || !strcmp (types[k], host->key.type);
		if (!listed && host->marker == MARKER_NONE && is_named (known, host, name) &&
			!is_revoked (known, name, &host->key))
			types[n++] = host->key.type;
	}
	return n;
}

size_t known_hosts_types (
	const struct known_hosts *known, const char *host, unsigned port, const char *types[KNOWN_HOSTS_TYPES_MAX])
{
	char name[NAME_SIZE];
	size_t n;

	if (!make_name (name, host, port))
		return 0;
	n = find_types (known, name, types);
	return n || port == 22 || !make_name (name, host, 22) ? n : find_types (known, name, types);
}

/* --- a new line -------------------------------------------------------------------------------------------------- */

int known_hosts_line (struct buf *out, const char *host, unsigned port, const struct public_key *key,
	const uint8_t salt[KNOWN_HOSTS_SALT], struct err *err)
{
	char name[NAME_SIZE], shown[100], salt_text[32], hash_text[32], *text;
	uint8_t hash[HASH_SIZE];
	EVP_MD_CTX *context;
	int result;

	if (!*host || strpbrk (host, " \t\r\n,*?!#|@[]") || text_has_control (host, strlen (host)) ||
		!make_name (name, host, port))
		return err_set (err, 0, "'%s' can be no name in a file of known hosts",
			text_escape (shown, sizeof shown, host, strlen (host)));
	if (!(text = public_key_format (key)))
		return err_set (err, 0, "out of memory");
	context = salt ? new_context () : NULL;
	if (!salt) {
		result = buf_printf (out, "%s %s\n", name, text);
	} else if (context && hash_name (context, hash, salt, name)) {
		text_b64_encode (salt_text, salt, KNOWN_HOSTS_SALT);
		text_b64_encode (hash_text, hash, HASH_SIZE);
		result = buf_printf (out, "|1|%s|%s %s\n", salt_text, hash_text, text);
	} else {
		result = -1;
	}
	EVP_MD_CTX_free (context);
	free (text);
	return result < 0 ? err_set (err, 0, "out of memory") : 0;
}
