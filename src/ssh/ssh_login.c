/* ssh_login - see ssh_login.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "ssh/agent.h"
#include "ssh/failure.h"
#include "ssh/identities.h"
#include "ssh/keyring.h"
#include "ssh/known_hosts.h"
#include "ssh/known_hosts_file.h"
#include "ssh/session_memory.h"
#include "ssh/ssh_config.h"
#include "ssh/ssh_login.h"

enum { TYPES_SIZE = 512, METHODS_SIZE = 128 };

enum login_state { LOGIN_METHODS, LOGIN_AGENT, LOGIN_KEYS, LOGIN_PASSWORD };

struct login {
	const struct login_host *host;
	struct agent_link *agent;
	struct keyring *keyring;
	struct keyring_listener listener;
	void (*stir) (void *arg);
	void *arg;
	enum login_state state;
	char types[TYPES_SIZE];
	char methods[METHODS_SIZE]; /* that the server takes */
	struct private_key_file *files;
	struct key_file **sources; /* of `files` */
	size_t n_files;
	struct agent_keys keys; /* of the agent */
	struct identity_choice *choices;
	size_t n_choices, at, unused; /* at: the choice that is tried */
	struct agent_request *request;
	bool listed; /* the agent has given its keys, or has none */
	struct buf signature; /* of the agent, or of a file */
	bool is_signed, refused; /* the answer to a request for a signature */
	size_t offered, outdated; /* outdated: those of them that libssh2 signs with SHA-1 only */
	const char *file_why; /* why an identity file cannot be used; NULL: all can */
	struct err agent_why; /* why the agent cannot be used */
	struct key_password *password; /* NULL: none is asked for */
	char *secret; /* a copy of it, while the server is asked; NULL: it is not */
	unsigned serial;
	bool more_prompts; /* the server wants to know more than a password */
};

/* --- the host ------------------------------------------------------------------------------------------------------------ */

/* The home of the user, in new memory; NULL: there is none, or out of memory. */
static char *find_home (void)
{
	const char *home = getenv ("HOME");
	const struct passwd *entry;

	if (!home || *home != '/') {
		entry = getpwuid (getuid ());
		home = entry ? entry->pw_dir : NULL;
	}
	return home ? strdup (home) : NULL;
}

static void free_texts (char **texts)
{
	for (char **text = texts; text && *text; text++)
		free (*text);
	free (texts);
}

void login_host_free (struct login_host *login)
{
	free_texts (login->identities);
	free_texts (login->known);
	free (login->hostname);
	free (login->known_name);
	free (login->user);
	free (login->jump);
	free (login->address);
	free (login->ignored);
	*login = (struct login_host){ .port = 0 };
}

/* The values of a list as paths, or those of the usual list where nothing was said. */
static char **expand_list (const struct ssh_config_list *list, const char *const *usual, size_t n_usual,
	const struct ssh_config_tokens *tokens, struct err *err)
{
	size_t n = list->said ? list->n : n_usual;
	char **paths = calloc (n + 1, sizeof *paths);

	for (size_t i = 0; paths && i < n; i++)
		if (!(paths[i] = ssh_config_expand_path (list->said ? list->values[i] : usual[i], tokens, err))) {
			free_texts (paths);
			return NULL;
		}
	if (!paths)
		err_set (err, 0, "out of memory");
	return paths;
}

/* What cannot be done is refused: to connect in another way than the user has said would be wrong. */
static int refuse_settings (const struct ssh_settings *settings, const char *host, struct err *err)
{
	if (settings->proxy_command)
		return err_set (
			err, 0, "~/.ssh/config says ProxyCommand for %.100s, which remex-ssh does not run", host);
	if (settings->strict_checking && strcmp (settings->strict_checking, "yes") != 0 &&
		strcmp (settings->strict_checking, "ask") != 0)
		return err_set (err, 0,
			"~/.ssh/config says StrictHostKeyChecking %.20s for %.100s: remex takes known keys only (yes)",
			settings->strict_checking, host);
	return 0;
}

/* Fill in from what the files say. 0, or -1 and err. */
static int take_settings (struct login_host *login, const struct ssh_settings *settings, const char *user,
	const char *host, const char *home, struct err *err)
{
	static const char *const identities[] = { "~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa" };
	static const char *const known[] = { "~/.ssh/known_hosts" }, *const global[] = { "/etc/ssh/ssh_known_hosts" };
	const struct passwd *entry = getpwuid (getuid ());
	struct ssh_config_tokens tokens = {
		.home = home, .local_user = entry ? entry->pw_name : NULL, .host = host, .original = host
	};
	char **more;
	size_t n = 0, n_more = 0;

	if (refuse_settings (settings, host, err) < 0)
		return -1;
	login->port = login->port ? login->port : settings->port ? (uint16_t)settings->port : 22;
	if (!*user)
		user = settings->user ? settings->user : tokens.local_user;
	if (!user)
		return err_set (err, 0, "there is no name of a user for uid %u: ssh://USER@%.100s names one",
			(unsigned)getuid (), host);
	login->user = strdup (user);
	login->hostname = settings->host_name ? ssh_config_expand (settings->host_name, &tokens, err) : strdup (host);
	if (!login->user || !login->hostname)
		return settings->host_name && login->user ? -1 : err_set (err, 0, "out of memory");
	for (char *p = login->hostname; *p; p++)
		*p = (char)tolower ((unsigned char)*p);
	if (!(login->known_name = strdup (settings->host_key_alias ? settings->host_key_alias : login->hostname)))
		return err_set (err, 0, "out of memory");
	tokens.host = login->hostname;
	tokens.user = login->user;
	tokens.port = login->port;
	login->identities_only = settings->identities_only;
	login->hash_known = settings->hash_known;
	if (settings->proxy_jump && !(login->jump = strdup (settings->proxy_jump)))
		return err_set (err, 0, "out of memory");
	login->agent = !settings->identity_agent || !strcmp (settings->identity_agent, "SSH_AUTH_SOCK");
	login->other_agent = !login->agent && strcmp (settings->identity_agent, "none") != 0;
	if (!(login->identities = expand_list (&settings->identity_files, identities, 3, &tokens, err)) ||
		!(login->known = expand_list (&settings->user_known_hosts, known, 1, &tokens, err)) ||
		!(more = expand_list (&settings->global_known_hosts, global, 1, &tokens, err)))
		return -1;
	/* All files of known hosts in one list. */
	while (login->known[n])
		n++;
	login->known_own = login->known[0];
	while (more[n_more])
		n_more++;
	login->known = realloc (login->known, (n + n_more + 1) * sizeof *login->known);
	if (!login->known)
		abort ();
	memcpy (login->known + n, more, (n_more + 1) * sizeof *more);
	free (more);
	return 0;
}

/* What the user should know of the blocks that do not count. NULL: there are none, or out of memory. */
static char *describe_ignored (const struct ssh_config *config)
{
	const char *path;
	unsigned line;
	size_t n = ssh_config_ignored (config, &path, &line);
	char *text;

	if (!n || asprintf (&text, "%.300s:%u: remex-ssh ignores Match, and what is below it up to the next Host%s",
			  path, line, n > 1 ? ", there and at further places" : "") < 0)
		return NULL;
	return text;
}

int login_host_find (struct login_host *login, const char *user, const char *host, uint16_t port, struct err *err)
{
	struct ssh_settings settings = { .port = 0 };
	char *home = find_home (), *path = NULL;
	struct ssh_config *config = NULL;
	bool brackets = strchr (host, ':') != NULL;
	char number[8] = "";
	int result = -1;

	*login = (struct login_host){ .port = port };
	if (port)
		snprintf (number, sizeof number, ":%u", (unsigned)port);
	if (asprintf (&login->address, brackets ? "ssh://[%s]%s" : "ssh://%s%s", host, number) < 0)
		login->address = NULL;
	if (!home || !login->address || asprintf (&path, "%s/.ssh/config", home) < 0 ||
		!(config = ssh_config_new (home, &ssh_config_files, NULL)))
		err_set (err, 0, home ? "out of memory" : "there is no home directory");
	else if (ssh_config_read (config, path, err) >= 0 &&
		 ssh_config_read (config, "/etc/ssh/ssh_config", err) >= 0 &&
		 ssh_config_find (config, host, &settings, err) == 0)
		result = take_settings (login, &settings, user, host, home, err);
	if (result == 0)
		login->ignored = describe_ignored (config);
	ssh_settings_free (&settings);
	ssh_config_free (config);
	free (path);
	free (home);
	if (result == 0)
		return 0;
	login_host_free (login);
	err->code = FAILURE_DENIED;
	return -1;
}

/* --- the key of the server ------------------------------------------------------------------------------------------------ */

/* Read the files of known hosts: at the beginning of a login, and again for the judgement, because a line may have been
 * added in between. */
static struct known_hosts *read_known (const struct login *login, struct err *err)
{
	struct known_hosts *known = known_hosts_new ();
	int result = known ? 0 : err_set (err, 0, "out of memory");

	for (char **path = login->host->known; result >= 0 && *path; path++)
		result = known_hosts_read (known, *path, err);
	if (result >= 0)
		return known;
	known_hosts_free (known);
	err->code = FAILURE_UNTRUSTED;
	return NULL;
}

/* The types of the host's known keys come first. libssh2 gets no name that it does not know (R11). */
static void order_types (struct login *login, const struct known_hosts *known)
{
	static const char *const useful[] = { "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
		"ecdsa-sha2-nistp521" };
	const char *types[KNOWN_HOSTS_TYPES_MAX];
	size_t n = known_hosts_types (known, login->host->known_name, login->host->port, types), used = 0;

	for (size_t i = 0; i < n; i++)
		if (public_key_use (types[i]) != PUBLIC_KEY_USELESS)
			used += (size_t)snprintf (
				login->types + used, TYPES_SIZE - used, "%s%s", used ? "," : "", types[i]);
	for (size_t i = 0; i < sizeof useful / sizeof *useful && !n; i++)
		used += (size_t)snprintf (login->types + used, TYPES_SIZE - used, "%s%s", used ? "," : "", useful[i]);
}

const char *login_key_types (const struct login *login)
{
	return *login->types ? login->types : NULL;
}

/* HOST, or [HOST]:PORT. */
static char *show_host (const struct login *login, char out[300])
{
	snprintf (out, 300, login->host->port == 22 ? "%.255s" : "[%.255s]:%u", login->host->known_name,
		(unsigned)login->host->port);
	return out;
}

/* Why the key is not taken. */
static void explain_key (const struct login *login, const struct known_hosts_judgement *judgement,
	const struct public_key *shown, const char *print, const char *other, struct err *err)
{
	char where[300];

	show_host (login, where);
	switch (judgement->verdict) {
	case KNOWN_HOSTS_MATCH:
		err_set (err, FAILURE_TRUSTED, "the sshd %s has the key that is known, %s %s", where, shown->type,
			print);
		break;
	case KNOWN_HOSTS_CHANGED:
		err_set (err, FAILURE_UNTRUSTED,
			"the key of the sshd %s HAS CHANGED: it shows %s %s, known is %s (%s:%u). Somebody may be in "
			"between. Nothing was sent. If the host has a new key: ssh-keygen -R '%s', then remex trust %s",
			where, shown->type, print, other, judgement->path, judgement->line, where,
			login->host->address);
		break;
	case KNOWN_HOSTS_OTHER_TYPE:
		err_set (err, FAILURE_UNTRUSTED,
			"the key of the sshd %s is not the known one: it shows %s %s, known is %s %s (%s:%u). If the "
			"host has a new key: ssh-keygen -R '%s', then remex trust %s",
			where, shown->type, print, judgement->key->type, other, judgement->path, judgement->line, where,
			login->host->address);
		break;
	case KNOWN_HOSTS_REVOKED:
		err_set (err, FAILURE_UNTRUSTED, "the key of the sshd %s is revoked: %s %s (%s:%u)", where, shown->type,
			print, judgement->path, judgement->line);
		break;
	case KNOWN_HOSTS_UNKNOWN:
		err_set (err, FAILURE_UNTRUSTED,
			"the sshd %s is not known: its key is %s %s. If that is what `ssh-keygen -lf` shows there for "
			"its host key: remex trust %s %s%s",
			where, shown->type, print, login->host->address, print,
			judgement->authority ? " (certificates do not count here)" : "");
		break;
	}
}

int login_judge (
	struct login *login, const uint8_t *key, size_t n, bool probe, struct login_shown *told, struct err *err)
{
	struct known_hosts_judgement judgement;
	struct known_hosts *known;
	char print[PUBLIC_KEY_PRINT_SIZE], other[PUBLIC_KEY_PRINT_SIZE] = "";
	struct public_key shown;
	bool match;

	*told = (struct login_shown){ .key = NULL };
	if (public_key_set (&shown, key, n, err) < 0) {
		err->code = FAILURE_UNTRUSTED;
		return -1;
	}
	if (!(known = read_known (login, err))) {
		public_key_free (&shown);
		return -1;
	}
	judgement = known_hosts_judge (known, login->host->known_name, login->host->port, &shown);
	public_key_print (&shown, print);
	if (judgement.key)
		public_key_print (judgement.key, other);
	match = judgement.verdict == KNOWN_HOSTS_MATCH;
	if (!match || probe) {
		explain_key (login, &judgement, &shown, print, other, err);
		if (judgement.verdict != KNOWN_HOSTS_REVOKED)
			told->key = public_key_format (&shown); /* NULL: then the key is not offered to be trusted */
		snprintf (told->known, sizeof told->known, "%s", other);
	}
	public_key_free (&shown);
	known_hosts_free (known);
	return match && !probe ? 0 : -1;
}

int login_trust (const struct login_host *host, const char *key, struct err *err)
{
	uint8_t salt[KNOWN_HOSTS_SALT];
	struct public_key parsed;
	struct buf line;
	int result = -1;

	if (!host->known_own)
		return err_set (err, 0, "~/.ssh/config names no file for known hosts (UserKnownHostsFile none)");
	if (host->hash_known && getrandom (salt, sizeof salt, 0) != sizeof salt)
		return err_sys (err, 0, "no random bytes");
	if (public_key_parse (&parsed, key, NULL, err) < 0)
		return -1;
	buf_init (&line, KNOWN_HOSTS_LINE_MAX);
	if (known_hosts_line (&line, host->known_name, host->port, &parsed, host->hash_known ? salt : NULL, err) == 0)
		result = known_hosts_append (host->known_own, buf_head (&line), buf_len (&line), err);
	buf_free (&line);
	public_key_free (&parsed);
	return result;
}

/* --- our keys ------------------------------------------------------------------------------------------------------------- */

/* Take the files that exist, and can be used. */
static int take_files (struct login *login)
{
	size_t n = 0;

	while (login->host->identities && login->host->identities[n])
		n++;
	login->files = calloc (n + 1, sizeof *login->files);
	login->sources = calloc (n + 1, sizeof *login->sources);
	if (!login->files || !login->sources)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *path = login->host->identities[i];
		struct key_file *file = keyring_file (login->keyring, path);

		if (file && key_file_state (file) == KEY_FILE_BAD) {
			login->file_why = key_file_why (file);
		} else if (file) {
			login->sources[login->n_files] = file;
			login->files[login->n_files++] = (struct private_key_file){ path, key_file_public (file) };
		}
	}
	return 0;
}

/* The file of a choice. */
static struct key_file *file_of (const struct login *login, const struct identity_choice *choice)
{
	for (size_t i = 0; choice->path && i < login->n_files; i++)
		if (login->files[i].path == choice->path)
			return login->sources[i];
	return NULL;
}

static void on_keys (void *arg, const uint8_t *message, size_t n, const struct err *err)
{
	struct login *login = arg;

	login->request = NULL;
	login->listed = true;
	if (!message)
		login->agent_why = *err;
	else if (agent_read_keys (&login->keys, message, n, &login->agent_why) < 0)
		login->keys = (struct agent_keys){ .n = 0 };
	login->stir (login->arg);
}

/* Ask the agent for its keys. 1: they are there; 0: they will be; -1. */
static int ask_keys (struct login *login, struct err *err)
{
	struct buf message;

	if (login->listed || !login->host->agent || !agent_link_is_there ())
		return 1;
	if (login->request)
		return 0;
	buf_init (&message, AGENT_MESSAGE_MAX);
	if (agent_ask_keys (&message, err) == 0)
		login->request = agent_link_ask (login->agent, &message, AGENT_KEYS_MS, on_keys, login);
	buf_free (&message);
	return login->request ? 0 : err_set (err, FAILURE_INTERNAL, "out of memory");
}

static int order_keys (struct login *login, struct err *err)
{
	if (!(login->choices = calloc (login->n_files + login->keys.n + 1, sizeof *login->choices)))
		return err_set (err, FAILURE_INTERNAL, "out of memory");
	login->n_choices = identities_order (login->files, login->n_files, &login->keys, login->host->identities_only,
		login->choices, &login->unused);
	return 0;
}

static void on_signature (void *arg, const uint8_t *message, size_t n, const struct err *err)
{
	struct login *login = arg;
	const uint8_t *signature;
	size_t size;

	login->request = NULL;
	if (!message)
		login->agent_why = *err;
	login->refused = !message ||
			 agent_read_signature (message, n, login->choices[login->at].key->type, &signature, &size,
				 &login->agent_why) < 0 ||
			 buf_append (&login->signature, signature, size) < 0;
	login->is_signed = !login->refused;
	login->stir (login->arg);
}

/* Ask the agent. LIBSSH2_ERROR_EAGAIN, or -1. */
static int ask_signature (struct login *login, const void *bytes, size_t n)
{
	struct buf message;

	if (login->request)
		return LIBSSH2_ERROR_EAGAIN;
	buf_init (&message, AGENT_MESSAGE_MAX);
	if (agent_ask_signature (&message, login->choices[login->at].key, bytes, n, &login->agent_why) == 0)
		login->request = agent_link_ask (login->agent, &message, AGENT_SIGN_MS, on_signature, login);
	buf_free (&message);
	return login->request ? LIBSSH2_ERROR_EAGAIN : -1;
}

/* Sign with an identity file, whose passphrase may have to be asked for. As ask_signature; 0: it is signed. */
static int sign_with_file (struct login *login, struct key_file *file, const void *bytes, size_t n)
{
	struct err err;

	key_file_unlock (file);
	switch (key_file_state (file)) {
	case KEY_FILE_READY: break;
	case KEY_FILE_LOCKED:
	case KEY_FILE_ASKED:
	case KEY_FILE_DECODING: return LIBSSH2_ERROR_EAGAIN;
	default: login->file_why = key_file_why (file); return -1;
	}
	if (key_file_sign (file, bytes, n, &login->signature, &err) < 0)
		return -1;
	login->is_signed = true;
	return 0;
}

/* libssh2 wants a signature. On EAGAIN it calls again, with the same bytes. It frees what it is given. */
static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC (on_sign)
{
	struct login *login = *abstract;
	const struct identity_choice *choice = &login->choices[login->at];
	int result = login->is_signed  ? 0
		     : login->refused  ? -1
		     : choice->comment ? ask_signature (login, data, data_len)
				       : sign_with_file (login, file_of (login, choice), data, data_len);

	if (result)
		return result;
	*sig_len = buf_len (&login->signature);
	if (!(*sig = session_memory_alloc (*sig_len + 1, libssh2_session_abstract (session))))
		return -1;
	memcpy (*sig, buf_head (&login->signature), *sig_len);
	return 0;
}

/* Offer the key whose turn it is. The result is libssh2's. A file whose public half is not known has to be decoded first. */
static int offer (struct login *login, LIBSSH2_SESSION *raw)
{
	struct identity_choice *choice = &login->choices[login->at];
	struct key_file *file = file_of (login, choice);
	void *self = login;

	if (!choice->comment && key_file_state (file) == KEY_FILE_PUBLIC)
		return LIBSSH2_ERROR_FILE;
	if (!choice->key) {
		key_file_unlock (file);
		choice->key = key_file_public (file);
		if (!choice->key &&
			(key_file_state (file) == KEY_FILE_ASKED || key_file_state (file) == KEY_FILE_DECODING))
			return LIBSSH2_ERROR_EAGAIN;
		if (!choice->key) {
			login->file_why = key_file_why (file);
			return LIBSSH2_ERROR_FILE;
		}
	}
	return libssh2_userauth_publickey (raw, login->host->user, choice->key->bytes, choice->key->n, on_sign, &self);
}

/* May the user type a password for this server? */
static bool takes_password (const struct login *login)
{
	return strstr (login->methods, "password") || strstr (login->methods, "keyboard-interactive");
}

/* No key is left, and the server has not let us in. */
static int explain_denied (const struct login *login, struct err *err)
{
	char more[400] = "";

	if (login->file_why)
		snprintf (more, sizeof more, "; %.250s", login->file_why);
	else if (login->outdated)
		snprintf (more, sizeof more,
			"; libssh2 has no rsa-sha2, and OpenSSH since 8.8 takes RSA keys by that only: make an Ed25519 "
			"key (ssh-keygen -t ed25519), or go through ssh(1): --proxy 'ssh -W %%h:%%p HOST'");
	else if (login->unused)
		snprintf (more, sizeof more,
			"; %zu more of other types cannot be used: libssh2 has ssh-ed25519 and ecdsa-sha2",
			login->unused);
	if (*login->agent_why.text)
		snprintf (more + strlen (more), sizeof more - strlen (more), "; %.150s", login->agent_why.text);
	if (login->more_prompts)
		return err_set (err, FAILURE_DENIED,
			"its sshd wants to know more than a password of %s, which remex-ssh does not ask for%s",
			login->host->user, more);
	if (login->password && key_password_state (login->password) != KEY_PASSWORD_REFUSED)
		return err_set (
			err, FAILURE_DENIED, "its sshd does not take the password of %s%s", login->host->user, more);
	if (!strstr (login->methods, "publickey"))
		return err_set (err, FAILURE_DENIED, "its sshd takes no keys of %s, but %s%s", login->host->user,
			login->methods, takes_password (login) ? ", which is asked for on a terminal only" : "");
	if (!login->offered)
		return err_set (err, FAILURE_DENIED,
			"there is no key to log in with as %s: neither in an agent (ssh-add) nor in ~/.ssh%s",
			login->host->user, more);
	return err_set (err, FAILURE_DENIED, "its sshd takes %s for %s (authorized_keys there)%s%s",
		login->offered > 1 ? "none of our keys" : "our key not", login->host->user,
		takes_password (login) ? ", and a password is asked for on a terminal only" : "", more);
}

/* Is the key that is offered waiting for a person? */
static bool waits_for_person (const struct login *login)
{
	const struct identity_choice *choice = &login->choices[login->at];
	enum key_file_state state = choice->comment ? KEY_FILE_READY : key_file_state (file_of (login, choice));

	return state == KEY_FILE_ASKED || state == KEY_FILE_DECODING;
}

/* 2, 1 and -1 as login_step; 0: call again, or no key is left and the state is LOGIN_PASSWORD. */
static int step_keys (struct login *login, LIBSSH2_SESSION *raw, struct err *err)
{
	bool was_signed;
	int result;

	for (; login->at < login->n_choices; login->at++) {
		result = offer (login, raw);
		if (result == LIBSSH2_ERROR_EAGAIN)
			return waits_for_person (login) ? 2 : 0;
		if (result == 0)
			return 1;
		was_signed = login->is_signed;
		login->is_signed = login->refused = false;
		buf_consume (&login->signature, buf_len (&login->signature));
		switch (result) {
		case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
			login->offered++;
			login->outdated += public_key_use (login->choices[login->at].key->type) == PUBLIC_KEY_OUTDATED;
			break;
		/* There is no signature (the agent, or the passphrase); or the server has refused it. */
		case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED: login->offered += was_signed; break;
		case LIBSSH2_ERROR_FILE: break;
		default: failure_of_session (raw, "the login failed", err); return -1;
		}
	}
	login->state = LOGIN_PASSWORD;
	return 0;
}

/* --- a password ------------------------------------------------------------------------------------------------------------ */

/* The server asks in its own words: a single question without an echo is the password. Others are not answered. */
static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC (on_prompts)
{
	const struct session_memory *memory = *abstract;
	struct login *login = memory->login;
	size_t n = strlen (login->secret);

	(void)name;
	(void)name_len;
	(void)instruction;
	(void)instruction_len;
	if (num_prompts == 1 && !prompts[0].echo && (responses[0].text = session_memory_alloc (n + 1, abstract))) {
		memcpy (responses[0].text, login->secret, n + 1);
		responses[0].length = (unsigned)n;
	} else if (num_prompts) {
		login->more_prompts = true;
	}
}

static void forget_secret (struct login *login)
{
	if (login->secret)
		explicit_bzero (login->secret, strlen (login->secret));
	free (login->secret);
	login->secret = NULL;
}

/* Give the password to the server. The result is libssh2's. */
static int offer_password (struct login *login, LIBSSH2_SESSION *raw)
{
	struct session_memory *memory = *libssh2_session_abstract (raw);
	const char *user = login->host->user;
	unsigned user_n = (unsigned)strlen (user);

	memory->secret = true;
	memory->login = login;
	if (strstr (login->methods, "password"))
		return libssh2_userauth_password_ex (
			raw, user, user_n, login->secret, (unsigned)strlen (login->secret), NULL);
	return libssh2_userauth_keyboard_interactive_ex (raw, user, user_n, on_prompts);
}

static int step_password (struct login *login, LIBSSH2_SESSION *raw, struct err *err)
{
	const char *name = login->host->known_name;
	int result;

	if (!takes_password (login))
		return explain_denied (login, err);
	if (!login->password && !(login->password = keyring_password (login->keyring, login->host->user, name)))
		return err_set (err, FAILURE_INTERNAL, "out of memory");
	for (;;) {
		if (!login->secret) {
			if (key_password_state (login->password) == KEY_PASSWORD_ASKED)
				return 2;
			if (key_password_state (login->password) == KEY_PASSWORD_REFUSED)
				return explain_denied (login, err);
			if (!(login->secret = key_password_copy (login->password, &login->serial)))
				return err_set (err, FAILURE_INTERNAL, "out of memory");
		}
		result = offer_password (login, raw);
		if (result == LIBSSH2_ERROR_EAGAIN)
			return 0;
		forget_secret (login);
		if (result == 0) {
			key_password_right (login->password, login->serial);
			return 1;
		}
		if (result != LIBSSH2_ERROR_AUTHENTICATION_FAILED && result != LIBSSH2_ERROR_PASSWORD_EXPIRED)
			return failure_of_session (raw, "the login failed", err);
		if (result == LIBSSH2_ERROR_PASSWORD_EXPIRED)
			return err_set (err, FAILURE_DENIED,
				"the password of %s has expired there: change it by ssh(1)", login->host->user);
		if (login->more_prompts || !key_password_wrong (login->password, login->serial, name))
			return explain_denied (login, err);
	}
}

/* What the server takes. It is asked before the login only: afterwards the call never returns (R10). */
static int step_methods (struct login *login, LIBSSH2_SESSION *raw, struct err *err)
{
	const char *user = login->host->user;
	const char *list = libssh2_userauth_list (raw, user, (unsigned)strlen (user));

	if (!list && libssh2_session_last_errno (raw) == LIBSSH2_ERROR_EAGAIN)
		return 0;
	if (!list && libssh2_userauth_authenticated (raw))
		return 1;
	if (!list)
		return failure_of_session (raw, "the login failed", err);
	snprintf (login->methods, sizeof login->methods, "%s", list);
	login->state = LOGIN_AGENT;
	return 0;
}

int login_step (struct login *login, LIBSSH2_SESSION *raw, struct err *err)
{
	int result;

	if (login->state == LOGIN_METHODS && (result = step_methods (login, raw, err)) != 0)
		return result;
	if (login->state == LOGIN_AGENT) {
		if ((result = ask_keys (login, err)) <= 0)
			return result;
		if (order_keys (login, err) < 0)
			return -1;
		login->state = LOGIN_KEYS;
	}
	if (login->state == LOGIN_KEYS && ((result = step_keys (login, raw, err)) != 0 || login->state == LOGIN_KEYS))
		return result;
	return login->state == LOGIN_PASSWORD ? step_password (login, raw, err) : 0;
}

/* --- beginning and end ----------------------------------------------------------------------------------------------------- */

static void on_changed (void *arg)
{
	struct login *login = arg;

	login->stir (login->arg);
}

struct login *login_new (const struct login_host *host, struct agent_link *agent, struct keyring *keyring,
	void (*stir) (void *arg), void *arg, struct err *err)
{
	struct login *login = calloc (1, sizeof *login);
	struct known_hosts *known;

	if (!login) {
		err_set (err, FAILURE_INTERNAL, "out of memory");
		return NULL;
	}
	login->host = host;
	login->agent = agent;
	login->keyring = keyring;
	login->listener = (struct keyring_listener){ .changed = on_changed, .arg = login };
	keyring_listen (keyring, &login->listener);
	login->stir = stir;
	login->arg = arg;
	buf_init (&login->signature, AGENT_MESSAGE_MAX);
	if (!(known = read_known (login, err))) {
		login_free (login);
		return NULL;
	}
	order_types (login, known);
	known_hosts_free (known);
	if (host->other_agent)
		err_set (&login->agent_why, 0,
			"IdentityAgent of ~/.ssh/config is not used: SSH_AUTH_SOCK names the agent");
	if (take_files (login) == 0)
		return login;
	err_set (err, FAILURE_INTERNAL, "out of memory");
	login_free (login);
	return NULL;
}

void login_free (struct login *login)
{
	if (!login)
		return;
	agent_request_cancel (login->request);
	keyring_ignore (&login->listener);
	forget_secret (login);
	free (login->files);
	free (login->sources);
	free (login->choices);
	agent_keys_free (&login->keys);
	buf_free (&login->signature);
	free (login);
}
