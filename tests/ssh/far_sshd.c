/* far_sshd - see far_sshd.h, and RFC 4253 (transport) and RFC 8731 (curve25519). */
#include "config.h"

#include <arpa/inet.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/far_sshd.h"

enum {
	MSG_KEXINIT = 20,
	MSG_NEWKEYS = 21,
	MSG_ECDH_INIT = 30,
	MSG_ECDH_REPLY = 31,
	POINT = 32, /* bytes of a key of curve25519 */
	SIGNATURE = 64,
	COOKIE = 16,
};

static const char banner[] = "SSH-2.0-far_sshd";
static const char method[] = "ssh-ed25519";

static void require (bool holds)
{
	if (!holds)
		abort ();
}

/* Of a buffer that is not empty. */
static uint8_t *head (const struct buf *buf)
{
	uint8_t *first = buf_head (buf);

	require (first != NULL);
	return first;
}

/* --- parts of packets -------------------------------------------------------------------------------------------------- */

static void put (struct buf *buf, const void *bytes, size_t n)
{
	require (buf_append (buf, n ? bytes : "", n) == 0);
}

static void put_number (struct buf *buf, size_t number)
{
	uint32_t big = htonl ((uint32_t)number);

	put (buf, &big, sizeof big);
}

static void put_string (struct buf *buf, const void *bytes, size_t n)
{
	put_number (buf, n);
	put (buf, bytes, n);
}

static void put_text (struct buf *buf, const char *text)
{
	put_string (buf, text, strlen (text));
}

static void put_buf (struct buf *buf, const struct buf *other)
{
	put_string (buf, buf_head (other), buf_len (other));
}

/* A positive number of any length. */
static void put_mpint (struct buf *buf, const uint8_t *bytes, size_t n)
{
	while (n && !*bytes) {
		bytes++;
		n--;
	}
	put_number (buf, n + (n && *bytes & 0x80));
	if (n && *bytes & 0x80)
		put (buf, "", 1);
	put (buf, bytes, n);
}

static uint32_t number_at (const uint8_t *bytes)
{
	uint32_t big;

	memcpy (&big, bytes, sizeof big);
	return ntohl (big);
}

/* --- keys -------------------------------------------------------------------------------------------------------------- */

static EVP_PKEY *fixed_key (int type, uint8_t fill)
{
	uint8_t bytes[POINT];
	EVP_PKEY *key;

	memset (bytes, fill, sizeof bytes);
	key = EVP_PKEY_new_raw_private_key (type, NULL, bytes, sizeof bytes);
	require (key);
	return key;
}

static void put_point (struct buf *buf, const EVP_PKEY *key)
{
	uint8_t point[POINT];
	size_t n = sizeof point;

	require (EVP_PKEY_get_raw_public_key (key, point, &n) == 1);
	put_string (buf, point, n);
}

static void put_host_key (struct buf *buf, const EVP_PKEY *host)
{
	struct buf blob;

	buf_init (&blob, FAR_SSHD_MAX);
	put_text (&blob, method);
	put_point (&blob, host);
	put_buf (buf, &blob);
	buf_free (&blob);
}

void far_sshd_key (struct buf *line)
{
	EVP_PKEY *host = fixed_key (EVP_PKEY_ED25519, 1);
	unsigned char text[256];
	struct buf blob;
	int n;

	buf_init (&blob, FAR_SSHD_MAX);
	put_host_key (&blob, host);
	n = EVP_EncodeBlock (text, buf_head (&blob) + 4, (int)buf_len (&blob) - 4);
	require (buf_printf (line, "%s %.*s", method, n, (const char *)text) == 0);
	buf_free (&blob);
	EVP_PKEY_free (host);
}

static void digest (const struct buf *buf, uint8_t out[FAR_SSHD_DIGEST])
{
	require (EVP_Digest (buf_head (buf), buf_len (buf), out, NULL, EVP_sha256 (), NULL) == 1);
}

/* Keys of one direction (RFC 4253, section 7.2): `letters` are those of the IV, the key and the MAC. */
static void make_way (struct far_sshd *sshd, struct far_sshd_way *way, const struct buf *secret,
	const uint8_t hash[FAR_SSHD_DIGEST], const char letters[3])
{
	uint8_t made[3][FAR_SSHD_DIGEST];
	struct buf buf;

	buf_init (&buf, FAR_SSHD_MAX);
	for (int i = 0; i < 3; i++) {
		put (&buf, buf_head (secret), buf_len (secret));
		put (&buf, hash, FAR_SSHD_DIGEST);
		put (&buf, &letters[i], 1);
		put (&buf, sshd->session, FAR_SSHD_DIGEST);
		digest (&buf, made[i]);
		buf_consume (&buf, buf_len (&buf));
	}
	buf_free (&buf);
	EVP_CIPHER_CTX_free (way->cipher);
	way->cipher = EVP_CIPHER_CTX_new ();
	/* Counter mode is the same in both directions. */
	require (way->cipher && EVP_EncryptInit_ex (way->cipher, EVP_aes_128_ctr (), NULL, made[1], made[0]) == 1);
	memcpy (way->mac, made[2], FAR_SSHD_DIGEST);
}

static void crypt (struct far_sshd_way *way, uint8_t *bytes, size_t n)
{
	int done;

	if (way->cipher && n)
		require (EVP_EncryptUpdate (way->cipher, bytes, &done, bytes, (int)n) == 1 && (size_t)done == n);
}

static void sum (const struct far_sshd_way *way, const uint8_t *packet, size_t n, uint8_t out[FAR_SSHD_DIGEST])
{
	struct buf buf;
	unsigned size = FAR_SSHD_DIGEST;

	buf_init (&buf, FAR_SSHD_MAX);
	put_number (&buf, way->sequence);
	put (&buf, packet, n);
	require (HMAC (EVP_sha256 (), way->mac, FAR_SSHD_DIGEST, buf_head (&buf), buf_len (&buf), out, &size) != NULL);
	buf_free (&buf);
}

/* --- packets ----------------------------------------------------------------------------------------------------------- */

void far_sshd_send (struct far_sshd *sshd, const void *payload, size_t n)
{
	static const uint8_t zeros[2 * FAR_SSHD_BLOCK];
	struct far_sshd_way *way = &sshd->to_client;
	uint8_t padding = (uint8_t)(FAR_SSHD_BLOCK - (5 + n) % FAR_SSHD_BLOCK), mac[FAR_SSHD_DIGEST];
	struct buf packet;

	if (padding < 4)
		padding = (uint8_t)(padding + FAR_SSHD_BLOCK);
	buf_init (&packet, FAR_SSHD_MAX);
	put_number (&packet, 1 + n + padding);
	put (&packet, &padding, 1);
	put (&packet, payload, n);
	put (&packet, zeros, padding);
	if (way->cipher)
		sum (way, buf_head (&packet), buf_len (&packet), mac);
	crypt (way, buf_head (&packet), buf_len (&packet));
	put (&sshd->out, buf_head (&packet), buf_len (&packet));
	if (way->cipher)
		put (&sshd->out, mac, sizeof mac);
	way->sequence++;
	buf_free (&packet);
}

void far_sshd_rekey (struct far_sshd *sshd)
{
	static const char *const lists[] = { "curve25519-sha256", method, "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
		"hmac-sha2-256", "none", "none", "", "" };
	static const uint8_t cookie[COOKIE], type = MSG_KEXINIT;

	if (sshd->init_sent)
		return;
	sshd->init_sent = true;
	buf_consume (&sshd->our_init, buf_len (&sshd->our_init));
	put (&sshd->our_init, &type, 1);
	put (&sshd->our_init, cookie, COOKIE);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		put_text (&sshd->our_init, lists[i]);
	put (&sshd->our_init, "", 1);
	put_number (&sshd->our_init, 0);
	far_sshd_send (sshd, buf_head (&sshd->our_init), buf_len (&sshd->our_init));
}

static int share_secret (struct far_sshd *sshd, const uint8_t *theirs, struct buf *secret)
{
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key (EVP_PKEY_X25519, NULL, theirs, POINT);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new (sshd->exchange, NULL);
	uint8_t bytes[POINT];
	size_t n = sizeof bytes;
	int result = -1;

	require (context && EVP_PKEY_derive_init (context) == 1);
	if (peer && EVP_PKEY_derive_set_peer (context, peer) == 1 && EVP_PKEY_derive (context, bytes, &n) == 1) {
		put_mpint (secret, bytes, n);
		result = 0;
	}
	EVP_PKEY_CTX_free (context);
	EVP_PKEY_free (peer);
	return result;
}

static void put_signature (struct far_sshd *sshd, struct buf *buf, const uint8_t hash[FAR_SSHD_DIGEST])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new ();
	uint8_t bytes[SIGNATURE];
	size_t n = sizeof bytes;
	struct buf blob;

	require (context && EVP_DigestSignInit (context, NULL, NULL, NULL, sshd->host) == 1 &&
		 EVP_DigestSign (context, bytes, &n, hash, FAR_SSHD_DIGEST) == 1);
	EVP_MD_CTX_free (context);
	buf_init (&blob, FAR_SSHD_MAX);
	put_text (&blob, method);
	put_string (&blob, bytes, n);
	put_buf (buf, &blob);
	buf_free (&blob);
}

/* The client has sent its half: answer, and take new keys into use for what goes out. */
static int answer_exchange (struct far_sshd *sshd, const uint8_t *payload, size_t n)
{
	static const uint8_t newkeys = MSG_NEWKEYS, reply_type = MSG_ECDH_REPLY;
	uint8_t hash[FAR_SSHD_DIGEST];
	struct buf secret, covered, reply;
	int result = -1;

	if (n != 1 + 4 + POINT || number_at (payload + 1) != POINT || !sshd->init_sent || !buf_len (&sshd->their_init))
		return -1;
	buf_init (&secret, FAR_SSHD_MAX);
	buf_init (&covered, FAR_SSHD_MAX);
	buf_init (&reply, FAR_SSHD_MAX);
	if (share_secret (sshd, payload + 5, &secret) == 0) {
		put_buf (&covered, &sshd->banner);
		put_text (&covered, banner);
		put_buf (&covered, &sshd->their_init);
		put_buf (&covered, &sshd->our_init);
		put_host_key (&covered, sshd->host);
		put_string (&covered, payload + 5, POINT);
		put_point (&covered, sshd->exchange);
		put (&covered, buf_head (&secret), buf_len (&secret));
		digest (&covered, hash);
		if (!sshd->has_session)
			memcpy (sshd->session, hash, sizeof hash);
		sshd->has_session = true;
		put (&reply, &reply_type, 1);
		put_host_key (&reply, sshd->host);
		put_point (&reply, sshd->exchange);
		put_signature (sshd, &reply, hash);
		far_sshd_send (sshd, buf_head (&reply), buf_len (&reply));
		far_sshd_send (sshd, &newkeys, 1);
		make_way (sshd, &sshd->to_client, &secret, hash, "BDF");
		make_way (sshd, &sshd->next, &secret, hash, "ACE");
		sshd->init_sent = false;
		buf_consume (&sshd->their_init, buf_len (&sshd->their_init));
		result = 0;
	}
	buf_free (&secret);
	buf_free (&covered);
	buf_free (&reply);
	return result;
}

static int take_new_keys (struct far_sshd *sshd)
{
	if (!sshd->next.cipher)
		return -1;
	EVP_CIPHER_CTX_free (sshd->from_client.cipher);
	sshd->from_client.cipher = sshd->next.cipher;
	memcpy (sshd->from_client.mac, sshd->next.mac, FAR_SSHD_DIGEST);
	sshd->next.cipher = NULL;
	sshd->state = FAR_SSHD_SECRET;
	return 0;
}

/* 1: a packet of the test's; 0: of a key exchange; -1. */
static int take (struct far_sshd *sshd, const uint8_t *payload, size_t n)
{
	if (!n)
		return -1;
	switch (*payload) {
	case MSG_KEXINIT:
		buf_consume (&sshd->their_init, buf_len (&sshd->their_init));
		put (&sshd->their_init, payload, n);
		far_sshd_rekey (sshd);
		return 0;
	case MSG_ECDH_INIT: return answer_exchange (sshd, payload, n);
	case MSG_NEWKEYS: return take_new_keys (sshd);
	default: return 1;
	}
}

/* Take one packet off `in` into sshd->packet: 1; 0: it is not there in whole; -1. */
static int take_packet (struct far_sshd *sshd)
{
	struct far_sshd_way *way = &sshd->from_client;
	size_t sum_size = way->cipher ? FAR_SSHD_DIGEST : 0, rest;
	uint8_t mac[FAR_SSHD_DIGEST];

	if (!sshd->length) {
		if (buf_len (&sshd->in) < FAR_SSHD_BLOCK)
			return 0;
		buf_consume (&sshd->packet, buf_len (&sshd->packet));
		put (&sshd->packet, head (&sshd->in), FAR_SSHD_BLOCK);
		buf_consume (&sshd->in, FAR_SSHD_BLOCK);
		crypt (way, head (&sshd->packet), FAR_SSHD_BLOCK);
		sshd->length = 4 + (size_t)number_at (head (&sshd->packet));
		if (sshd->length < FAR_SSHD_BLOCK || sshd->length > FAR_SSHD_MAX / 2)
			return -1;
	}
	rest = sshd->length - FAR_SSHD_BLOCK;
	if (buf_len (&sshd->in) < rest + sum_size)
		return 0;
	if (rest)
		put (&sshd->packet, head (&sshd->in), rest);
	buf_consume (&sshd->in, rest);
	crypt (way, head (&sshd->packet) + FAR_SSHD_BLOCK, rest);
	if (sum_size) {
		sum (way, head (&sshd->packet), sshd->length, mac);
		if (memcmp (mac, head (&sshd->in), sum_size) != 0)
			return -1;
		buf_consume (&sshd->in, sum_size);
	}
	way->sequence++;
	sshd->length = 0;
	return 1;
}

static int take_banner (struct far_sshd *sshd)
{
	const uint8_t *line = buf_head (&sshd->in), *end = line ? memchr (line, '\n', buf_len (&sshd->in)) : NULL;
	size_t n;

	if (!end)
		return 0;
	n = (size_t)(end - line);
	put (&sshd->banner, line, n && line[n - 1] == '\r' ? n - 1 : n);
	buf_consume (&sshd->in, n + 1);
	sshd->state = FAR_SSHD_PLAIN;
	return 1;
}

int far_sshd_next (struct far_sshd *sshd, const uint8_t **payload, size_t *n)
{
	int got = 1;

	if (sshd->state == FAR_SSHD_BANNER)
		got = take_banner (sshd);
	while (got > 0 && (got = take_packet (sshd)) > 0) {
		const uint8_t *packet = head (&sshd->packet);
		size_t length = number_at (packet), padding = packet[4];

		if (padding + 1 > length)
			return -1;
		*payload = packet + 5;
		*n = length - padding - 1;
		if ((got = take (sshd, *payload, *n)) != 0)
			return got;
		got = 1;
	}
	return got;
}

void far_sshd_feed (struct far_sshd *sshd, const void *bytes, size_t n)
{
	put (&sshd->in, bytes, n);
}

void far_sshd_init (struct far_sshd *sshd)
{
	*sshd = (struct far_sshd){ .state = FAR_SSHD_BANNER };
	buf_init (&sshd->in, FAR_SSHD_MAX);
	buf_init (&sshd->out, 4 * (size_t)FAR_SSHD_MAX);
	buf_init (&sshd->banner, FAR_SSHD_MAX);
	buf_init (&sshd->our_init, FAR_SSHD_MAX);
	buf_init (&sshd->their_init, FAR_SSHD_MAX);
	buf_init (&sshd->packet, FAR_SSHD_MAX);
	sshd->host = fixed_key (EVP_PKEY_ED25519, 1);
	sshd->exchange = fixed_key (EVP_PKEY_X25519, 2);
	require (buf_printf (&sshd->out, "%s\r\n", banner) == 0);
	far_sshd_rekey (sshd);
}

void far_sshd_free (struct far_sshd *sshd)
{
	EVP_CIPHER_CTX_free (sshd->from_client.cipher);
	EVP_CIPHER_CTX_free (sshd->to_client.cipher);
	EVP_CIPHER_CTX_free (sshd->next.cipher);
	EVP_PKEY_free (sshd->host);
	EVP_PKEY_free (sshd->exchange);
	buf_free (&sshd->in);
	buf_free (&sshd->out);
	buf_free (&sshd->banner);
	buf_free (&sshd->our_init);
	buf_free (&sshd->their_init);
	buf_free (&sshd->packet);
}
