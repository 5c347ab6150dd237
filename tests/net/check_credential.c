/* check_credential - the file with a key and its certificate: a written file can be read; a file that others can read,
 * that is not whole, or that holds something else is refused with a message; and nothing is ever overwritten.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/credential.h"
#include "support/check_main.h"

static char directory[40], path[64];
static struct err err;

static void set_up (void)
{
	strcpy (directory, "/tmp/remex-credential-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (path, sizeof path, "%s/id.pem", directory);
}

static void tear_down (void)
{
	char command[128];

	snprintf (command, sizeof command, "rm -rf %s", directory);
	ck_assert_int_eq (system (command), 0);
}

static int entries (void)
{
	DIR *dir = opendir (directory);
	struct dirent *entry;
	int n = 0;

	ck_assert_ptr_nonnull (dir);
	while ((entry = readdir (dir)))
		n += strcmp (entry->d_name, ".") && strcmp (entry->d_name, "..");
	closedir (dir);
	return n;
}

/* A file in memory with these bytes, read as a credential. */
static struct credential *read_bytes (const char *bytes, size_t n)
{
	int fd = memfd_create ("pem", MFD_CLOEXEC);
	struct credential *credential;

	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, bytes, n), 0);
	err.text[0] = '\0';
	credential = credential_read (fd, "id.pem", &err);
	close (fd);
	return credential;
}

static void refused (const char *bytes, size_t n, const char *why)
{
	ck_assert_ptr_null (read_bytes (bytes, n));
	ck_assert_msg (strstr (err.text, why) != NULL, "%s, not %s", err.text, why);
	ck_assert_int_eq (strncmp (err.text, "id.pem ", 7), 0);
}

/* The bytes that credential_write makes of a new key: the caller frees. */
static char *written (const char *name, size_t *n)
{
	struct credential *credential = credential_make (name, &err);
	char *bytes;

	ck_assert_ptr_nonnull (credential);
	ck_assert_msg (credential_write (credential, path, &err) == 0, "%s", err.text);
	ck_assert_ptr_nonnull (bytes = fd_read_file (path, 65536, n, &err));
	unlink (path);
	credential_free (credential);
	return bytes;
}

START_TEST (test_round_trip)
{
	struct credential *made = credential_make ("alice@desk", &err), *read;
	struct stat st;
	mode_t old;
	int fd;

	ck_assert_ptr_nonnull (made);
	ck_assert_str_eq (credential_name (made), "alice@desk");
	old = umask (0);
	ck_assert_msg (credential_write (made, path, &err) == 0, "%s", err.text);
	umask (old);
	ck_assert_int_eq (lstat (path, &st), 0);
	ck_assert (S_ISREG (st.st_mode) && (st.st_mode & 07777) == 0600 && st.st_nlink == 1);
	ck_assert_int_eq (entries (), 1);
	ck_assert_int_ge (fd = credential_open (path, &err), 0);
	ck_assert (fcntl (fd, F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq (lseek (fd, 0, SEEK_END) > 0, 1); /* it is read from its beginning nevertheless */
	ck_assert_ptr_nonnull (read = credential_read (fd, path, &err));
	close (fd);
	ck_assert (key_equal (credential_key (made), credential_key (read)));
	ck_assert_str_eq (credential_name (read), "alice@desk");
	credential_free (made);
	credential_free (read);
	credential_free (NULL);
}
END_TEST

START_TEST (test_each_is_another)
{
	struct credential *a = credential_make ("", &err), *b = credential_make ("", &err);

	ck_assert (!key_equal (credential_key (a), credential_key (b)));
	ck_assert_str_eq (credential_name (a), "remex");
	credential_free (a);
	credential_free (b);
}
END_TEST

START_TEST (test_names)
{
	static const char *const names[][2] = {
		{ "J\xc3\xb6rg", "J\xc3\xb6rg" },
		{ "a\nb\x1b", "a?b?" },
		{ "\xff", "?" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789",
			"0123456789012345678901234567890123456789012345678901234567890123" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n;
		char *bytes = written (names[i][0], &n);
		struct credential *credential = read_bytes (bytes, n);

		ck_assert_msg (credential != NULL, "%s", err.text);
		ck_assert_str_eq (credential_name (credential), names[i][1]);
		credential_free (credential);
		free (bytes);
	}
}
END_TEST

/* The certificate is its own anchor for the strictest verifier, for ever, as a server and as a client. */
START_TEST (test_strict)
{
	static const int purposes[] = { X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT };
	static const time_t times[] = { 0, 4102444800, 32503680000 };
	size_t n;
	char *bytes = written ("web1", &n);
	BIO *bio = BIO_new_mem_buf (bytes, (int)n);
	X509 *certificate = PEM_read_bio_X509 (bio, NULL, NULL, NULL);
	X509_STORE *store = X509_STORE_new ();

	ck_assert_ptr_nonnull (certificate);
	ck_assert_int_eq (X509_STORE_add_cert (store, certificate), 1);
	for (int i = 0; i < 6; i++) {
		X509_STORE_CTX *context = X509_STORE_CTX_new ();

		ck_assert_int_eq (X509_STORE_CTX_init (context, store, certificate, NULL), 1);
		X509_STORE_CTX_set_flags (context, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
		X509_STORE_CTX_set_purpose (context, purposes[i % 2]);
		X509_STORE_CTX_set_time (context, 0, times[i / 2]);
		ck_assert_msg (X509_verify_cert (context) == 1, "%s",
			X509_verify_cert_error_string (X509_STORE_CTX_get_error (context)));
		X509_STORE_CTX_free (context);
	}
	ck_assert_int_lt (i2d_X509 (certificate, NULL), 512);
	X509_STORE_free (store);
	X509_free (certificate);
	BIO_free (bio);
	free (bytes);
}
END_TEST

/* --- writing ----------------------------------------------------------------------------------------------------- */

START_TEST (test_never_overwritten)
{
	struct credential *credential = credential_make ("a", &err);
	char other[80], bytes[8];
	int fd;

	ck_assert_int_ge (fd = open (path, O_WRONLY | O_CREAT | O_EXCL, 0644), 0);
	ck_assert_int_eq (write (fd, "mine", 4), 4);
	close (fd);
	ck_assert_int_eq (credential_write (credential, path, &err), -1);
	ck_assert_int_eq (err.sys, EEXIST);
	ck_assert_int_eq (entries (), 1);
	ck_assert_int_ge (fd = open (path, O_RDONLY), 0);
	ck_assert_int_eq (read (fd, bytes, sizeof bytes), 4);
	close (fd);
	/* A link to a missing file is not followed, either. */
	unlink (path);
	snprintf (other, sizeof other, "%s/other", directory);
	ck_assert_int_eq (symlink (other, path), 0);
	ck_assert_int_eq (credential_write (credential, path, &err), -1);
	ck_assert_int_eq (err.sys, EEXIST);
	ck_assert_int_eq (access (other, F_OK), -1);
	ck_assert_int_eq (entries (), 1);
	credential_free (credential);
}
END_TEST

START_TEST (test_nowhere)
{
	struct credential *credential = credential_make ("a", &err);

	strcat (directory, "/nowhere/x");
	ck_assert_int_eq (credential_write (credential, directory, &err), -1);
	ck_assert_int_eq (err.sys, ENOENT);
	*strstr (directory, "/nowhere") = '\0';
	credential_free (credential);
}
END_TEST

START_TEST (test_relative)
{
	struct credential *credential = credential_make ("a", &err);

	ck_assert_int_eq (chdir (directory), 0);
	ck_assert_msg (credential_write (credential, "id.pem", &err) == 0, "%s", err.text);
	ck_assert_int_eq (access (path, F_OK), 0);
	credential_free (credential);
}
END_TEST

/* The disk is full in the middle of writing: no file is left, and the next attempt is not blocked by the last. */
START_TEST (test_whole_or_not_at_all)
{
	struct credential *credential = credential_make ("a", &err);
	struct rlimit limit = { 100, RLIM_INFINITY };

	signal (SIGXFSZ, SIG_IGN);
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq (credential_write (credential, path, &err), -1);
	ck_assert_int_eq (err.sys, EFBIG);
	ck_assert_int_eq (entries (), 0);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq (credential_write (credential, path, &err), 0);
	credential_free (credential);
}
END_TEST

/* --- opening ----------------------------------------------------------------------------------------------------- */

START_TEST (test_modes)
{
	static const mode_t open_to_others[] = { 0640, 0604, 0660, 0610, 0644, 0666, 0601 };
	char *bytes, other[80];
	size_t n;
	int fd;

	free (bytes = written ("a", &n));
	ck_assert_int_ge (fd = open (path, O_WRONLY | O_CREAT, 0600), 0);
	close (fd);
	for (size_t i = 0; i < sizeof open_to_others / sizeof *open_to_others; i++) {
		ck_assert_int_eq (chmod (path, open_to_others[i]), 0);
		ck_assert_int_eq (credential_open (path, &err), -1);
		ck_assert_ptr_nonnull (strstr (err.text, "can be read by others"));
	}
	ck_assert_int_eq (chmod (path, 0400), 0);
	ck_assert_int_ge (fd = credential_open (path, &err), 0);
	close (fd);
	snprintf (other, sizeof other, "%s/link", directory);
	ck_assert_int_eq (symlink (path, other), 0);
	ck_assert_int_ge (fd = credential_open (other, &err), 0); /* it is ours */
	close (fd);
	ck_assert_int_eq (credential_open (directory, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "is not a regular file"));
	unlink (other);
	ck_assert_int_eq (mkfifo (other, 0600), 0);
	ck_assert_int_eq (credential_open (other, &err), -1); /* and it does not wait for a writer */
	ck_assert_ptr_nonnull (strstr (err.text, "is not a regular file"));
	unlink (other);
	ck_assert_int_eq (credential_open (other, &err), -1);
	ck_assert_int_eq (err.sys, ENOENT);
	if (geteuid () == 0) {
		ck_assert_int_eq (chown (path, 12345, 12345), 0);
		ck_assert_int_eq (credential_open (path, &err), -1);
		ck_assert_ptr_nonnull (strstr (err.text, "belongs to uid 12345, not to root"));
	}
}
END_TEST

/* --- reading ----------------------------------------------------------------------------------------------------- */

START_TEST (test_cut_anywhere)
{
	size_t n;
	char *bytes = written ("a", &n);
	struct credential *credential;

	for (size_t i = 0; i < n - 1; i++) {
		ck_assert_msg (read_bytes (bytes, i) == NULL, "%zu of %zu bytes", i, n);
		ck_assert_ptr_nonnull (strstr (err.text, "id.pem "));
	}
	ck_assert_ptr_nonnull (credential = read_bytes (bytes, n - 1)); /* without its last newline */
	credential_free (credential);
	free (bytes);
}
END_TEST

/* A flipped bit is refused, or changes nothing that matters: the key is never another one than the certificate's. */
START_TEST (test_flipped_bits)
{
	size_t n;
	char *bytes = written ("a", &n);
	struct credential *good = read_bytes (bytes, n), *credential;

	ck_assert_ptr_nonnull (good);
	for (size_t i = 0; i < n; i++) {
		bytes[i] ^= (char)(1 << i % 7);
		if ((credential = read_bytes (bytes, n)))
			ck_assert (key_equal (credential_key (credential), credential_key (good)));
		credential_free (credential);
		bytes[i] ^= (char)(1 << i % 7);
	}
	credential_free (good);
	free (bytes);
}
END_TEST

START_TEST (test_huge)
{
	size_t n;
	char *bytes = written ("a", &n), *huge = malloc (1 << 20);
	struct credential *credential;

	memset (huge, '\n', 1 << 20);
	memcpy (huge, bytes, n);
	ck_assert_ptr_nonnull (credential = read_bytes (huge, 65536));
	credential_free (credential);
	refused (huge, 65537, "is larger than 65536 bytes");
	refused (huge, 1 << 20, "is larger than 65536 bytes");
	memset (huge, 0, 1 << 20);
	refused (huge, 65536, "holds no private key");
	memset (huge, 'A', 1 << 20);
	refused (huge, 65536, "holds no private key");
	free (huge);
	free (bytes);
}
END_TEST

START_TEST (test_pieces)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	size_t na, nb;
	char *a = written ("a", &na), *b = written ("b", &nb), mixed[4096];
	char *cert_a = strstr (a, begin), *cert_b = strstr (b, begin);
	struct credential *credential;

	refused ("", 0, "holds no private key");
	refused (a, (size_t)(cert_a - a), "holds no certificate");
	refused (cert_a, strlen (cert_a), "holds no private key");
	snprintf (mixed, sizeof mixed, "%.*s%s", (int)(cert_a - a), a, cert_b);
	refused (mixed, strlen (mixed), "the certificate of another key");
	snprintf (mixed, sizeof mixed, "%s%s", a, b);
	refused (mixed, strlen (mixed), "more than one private key");
	snprintf (mixed, sizeof mixed, "%s%s", a, cert_a);
	refused (mixed, strlen (mixed), "more than one certificate");
	snprintf (mixed, sizeof mixed, "%s%.*s", cert_a, (int)(cert_a - a), a); /* the other order is valid, too */
	ck_assert_ptr_nonnull (credential = read_bytes (mixed, strlen (mixed)));
	credential_free (credential);
	free (a);
	free (b);
}
END_TEST

/* A private key of that kind, as PKCS #8 and (old) in the format of its kind, encrypted or not. */
static void foreign_key (EVP_PKEY *key, bool old, const char *cipher, const char *why)
{
	BIO *bio = BIO_new (BIO_s_mem ());
	const EVP_CIPHER *how = cipher ? EVP_get_cipherbyname (cipher) : NULL;
	unsigned char word[] = "word";
	char *bytes;
	long n;

	ck_assert_ptr_nonnull (key);
	if (old)
		ck_assert_int_eq (PEM_write_bio_PrivateKey_traditional (bio, key, how, word, 4, NULL, NULL), 1);
	else
		ck_assert_int_eq (PEM_write_bio_PKCS8PrivateKey (bio, key, how, (char *)word, 4, NULL, NULL), 1);
	n = BIO_get_mem_data (bio, &bytes);
	refused (bytes, (size_t)n, why);
	BIO_free (bio);
}

START_TEST (test_foreign_keys)
{
	static const char ssh[] =
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n";
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen (NULL, NULL, "RSA", (size_t)2048),
		 *p256 = EVP_PKEY_Q_keygen (NULL, NULL, "EC", "P-256");
	EVP_PKEY *ed448 = EVP_PKEY_Q_keygen (NULL, NULL, "ED448"), *x25519 = EVP_PKEY_Q_keygen (NULL, NULL, "X25519");
	EVP_PKEY *ours = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");

	foreign_key (rsa, false, NULL, "a key of another kind (rsaEncryption)");
	foreign_key (p256, false, NULL, "a key of another kind (id-ecPublicKey)");
	foreign_key (ed448, false, NULL, "a key of another kind (ED448)");
	foreign_key (x25519, false, NULL, "a key of another kind (X25519)");
	foreign_key (rsa, true, NULL, "(RSA PRIVATE KEY)");
	foreign_key (p256, true, NULL, "(EC PRIVATE KEY)");
	foreign_key (ours, false, "aes-128-cbc", "is encrypted with a passphrase");
	foreign_key (rsa, true, "aes-128-cbc", "is encrypted with a passphrase");
	foreign_key (ours, false, NULL, "holds no certificate");
	refused (ssh, strlen (ssh), "is an ssh key");
	EVP_PKEY_free (rsa);
	EVP_PKEY_free (p256);
	EVP_PKEY_free (ed448);
	EVP_PKEY_free (x25519);
	EVP_PKEY_free (ours);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_round_trip);
	tcase_add_test (tcase, test_each_is_another);
	tcase_add_test (tcase, test_names);
	tcase_add_test (tcase, test_strict);
	tcase_add_test (tcase, test_never_overwritten);
	tcase_add_test (tcase, test_nowhere);
	tcase_add_test (tcase, test_relative);
	tcase_add_test (tcase, test_whole_or_not_at_all);
	tcase_add_test (tcase, test_modes);
	tcase_add_test (tcase, test_cut_anywhere);
	tcase_add_test (tcase, test_flipped_bits);
	tcase_add_test (tcase, test_huge);
	tcase_add_test (tcase, test_pieces);
	tcase_add_test (tcase, test_foreign_keys);
}

CHECK_MAIN ("net/credential", add_cases)
