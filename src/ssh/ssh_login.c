/* ssh_login - see ssh_login.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/agent.h"
#include "ssh/failure.h"
#include "ssh/identities.h"
#include "ssh/known_hosts.h"
#include "ssh/session_memory.h"
#include "ssh/ssh_config.h"
#include "ssh/ssh_login.h"

enum { TYPES_SIZE = 512, METHODS_SIZE = 128 };

enum login_state { LOGIN_METHODS, LOGIN_AGENT, LOGIN_KEYS };

struct login {
	const struct login_host *host;
	struct agent_link *agent;
	void (*stir) (void *arg);
	void *arg;
	enum login_state state;
	char types[TYPES_SIZE];
	char methods[METHODS_SIZE]; /* that the server takes */
	struct public_key *publics; /* of the identity files; an empty one: not known */
	struct private_key_file *files;
	size_t n_files;
	struct agent_keys keys; /* of the agent */
	struct identity_choice *choices;
	size_t n_choices, at, unused; /* at: the choice that is tried */
	struct agent_request *request;
	bool listed; /* the agent has given its keys, or has none */
	struct buf signature; /* of the agent */
	bool is_signed, refused; /* the answer to a request for a signature */
	size_t offered;
	const char *locked; /* an identity file that needs a passphrase; NULL: none */
	const char *unsafe; /* an identity file that others can read; NULL: none */
	struct err agent_why; /* why the agent cannot be used */
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
	while (more[n_more])
		n_more++;
	login->known = realloc (login->known, (n + n_more + 1) * sizeof *login->known);
	if (!login->known)
		abort ();
	memcpy (login->known + n, more, (n_more + 1) * sizeof *more);
	free (more);
	return 0;
}

int login_host_find (struct login_host *login, const char *user, const char *host, uint16_t port, struct err *err)
{
	struct ssh_settings settings = { .port = 0 };
	char *home = find_home (), *path = NULL;
	struct ssh_config *config = NULL;
	int result = -1;

	*login = (struct login_host){ .port = port };
	if (!home || asprintf (&path, "%s/.ssh/config", home) < 0 ||
		!(config = ssh_config_new (home, &ssh_config_files, NULL)))
		err_set (err, 0, home ? "out of memory" : "there is no home directory");
	else if (ssh_config_read (config, path, err) >= 0 &&
		 ssh_config_read (config, "/etc/ssh/ssh_config", err) >= 0 &&
		 ssh_config_find (config, host, &settings, err) == 0)
		result = take_settings (login, &settings, user, host, home, err);
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

int login_judge (struct login *login, const uint8_t *key, size_t n, struct err *err)
{
	struct known_hosts_judgement judgement;
	struct known_hosts *known;
	char print[PUBLIC_KEY_PRINT_SIZE], other[PUBLIC_KEY_PRINT_SIZE] = "", where[300];
	struct public_key shown;

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
	show_host (login, where);
	switch (judgement.verdict) {
	case KNOWN_HOSTS_MATCH: break;
	case KNOWN_HOSTS_CHANGED:
		err_set (err, FAILURE_UNTRUSTED,
			"the key of the sshd %s HAS CHANGED: it shows %s %s, known is %s (%s:%u). Somebody may be in "
			"between. "
			"Nothing was sent. If the host has a new key: ssh-keygen -R '%s'",
			where, shown.type, print, other, judgement.path, judgement.line, where);
		break;
	case KNOWN_HOSTS_OTHER_TYPE:
		err_set (err, FAILURE_UNTRUSTED,
			"the key of the sshd %s is not the known one: it shows %s %s, known is %s %s (%s:%u)", where,
			shown.type, print, judgement.key->type, other, judgement.path, judgement.line);
		break;
	case KNOWN_HOSTS_REVOKED:
		err_set (err, FAILURE_UNTRUSTED, "the key of the sshd %s is revoked: %s %s (%s:%u)", where, shown.type,
			print, judgement.path, judgement.line);
		break;
	case KNOWN_HOSTS_UNKNOWN:
		err_set (err, FAILURE_UNTRUSTED,
			"the sshd %s is not known: its key is %s %s. If that is what `ssh-keygen -lf` shows there for "
			"its host "
			"key, connect once with ssh, or add the key to ~/.ssh/known_hosts%s",
			where, shown.type, print, judgement.authority ? " (certificates do not count here)" : "");
		break;
	}
	public_key_free (&shown);
	known_hosts_free (known);
	return judgement.verdict == KNOWN_HOSTS_MATCH ? 0 : -1;
}

/* --- our keys ------------------------------------------------------------------------------------------------------------- */

/* Read the public half of an identity file, if there is one. */
static void read_public (const char *path, struct public_key *key)
{
	char *name, *text;
	size_t n;

	if (asprintf (&name, "%s.pub", path) < 0)
		return;
	if ((text = fd_read_file (name, PUBLIC_KEY_MAX * 2, &n, NULL)))
		public_key_parse (key, text, NULL, NULL);
	free (text);
	free (name);
}

/* Take the files that exist. Others must not be able to read a private key, as for ssh(1). */
static int take_files (struct login *login)
{
	size_t n = 0;

	while (login->host->identities && login->host->identities[n])
		n++;
	login->files = calloc (n + 1, sizeof *login->files);
	login->publics = calloc (n + 1, sizeof *login->publics);
	if (!login->files || !login->publics)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *path = login->host->identities[i];
		struct public_key *key = &login->publics[login->n_files];
		struct stat status;

		if (stat (path, &status) < 0)
			continue;
		if (status.st_uid == getuid () && status.st_mode & 077) {
			login->unsafe = path;
			continue;
		}
		read_public (path, key);
		login->files[login->n_files++] = (struct private_key_file){ path, key->n ? key : NULL };
	}
	return 0;
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

/* libssh2 wants a signature. On EAGAIN it calls again, with the same bytes. It frees what it is given. */
static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC (on_sign)
{
	struct login *login = *abstract;
	struct buf message;

	if (login->refused)
		return -1;
	if (login->is_signed) {
		*sig_len = buf_len (&login->signature);
		if (!(*sig = session_memory_alloc (*sig_len + 1, libssh2_session_abstract (session))))
			return -1;
		memcpy (*sig, buf_head (&login->signature), *sig_len);
		return 0;
	}
	if (login->request)
		return LIBSSH2_ERROR_EAGAIN;
	buf_init (&message, AGENT_MESSAGE_MAX);
	if (agent_ask_signature (&message, login->choices[login->at].key, data, data_len, &login->agent_why) == 0)
		login->request = agent_link_ask (login->agent, &message, AGENT_SIGN_MS, on_signature, login);
	buf_free (&message);
	return login->request ? LIBSSH2_ERROR_EAGAIN : -1;
}

/* Offer the key whose turn it is. The result is libssh2's. */
static int offer (struct login *login, LIBSSH2_SESSION *raw)
{
	const struct identity_choice *choice = &login->choices[login->at];
	const char *user = login->host->user;
	void *self = login;
	char *name = NULL;
	int result;

	if (choice->comment)
		return libssh2_userauth_publickey (raw, user, choice->key->bytes, choice->key->n, on_sign, &self);
	if (choice->key && asprintf (&name, "%s.pub", choice->path) < 0)
		return LIBSSH2_ERROR_ALLOC;
	result = libssh2_userauth_publickey_fromfile_ex (raw, user, (unsigned)strlen (user), name, choice->path, NULL);
	free (name);
	return result;
}

/* No key is left, and the server has not let us in. */
static int explain_denied (const struct login *login, struct err *err)
{
	char more[300] = "";

	if (!strstr (login->methods, "publickey"))
		return err_set (
			err, FAILURE_DENIED, "its sshd takes no keys of %s, but %s", login->host->user, login->methods);
	if (login->locked)
		snprintf (more, sizeof more, "; %.120s needs a passphrase: ssh-add it", login->locked);
	else if (login->unsafe)
		snprintf (
			more, sizeof more, "; %.120s can be read by others, and is not used: chmod 600", login->unsafe);
	else if (login->unused)
		snprintf (more, sizeof more,
			"; %zu more of other types cannot be used: libssh2 has ssh-ed25519 and ecdsa-sha2",
			login->unused);
	if (*login->agent_why.text)
		snprintf (more + strlen (more), sizeof more - strlen (more), "; %.150s", login->agent_why.text);
	if (!login->offered)
		return err_set (err, FAILURE_DENIED,
			"there is no key to log in with as %s: neither in an agent (ssh-add) nor in ~/.ssh%s",
			login->host->user, more);
	return err_set (err, FAILURE_DENIED, "its sshd takes %s for %s (authorized_keys there)%s",
		login->offered > 1 ? "none of our keys" : "our key not", login->host->user, more);
}

static int step_keys (struct login *login, LIBSSH2_SESSION *raw, struct err *err)
{
	int result;

	for (; login->at < login->n_choices; login->at++) {
		const struct identity_choice *choice = &login->choices[login->at];

		result = offer (login, raw);
		if (result == LIBSSH2_ERROR_EAGAIN)
			return 0;
		if (result == 0)
			return 1;
		login->is_signed = login->refused = false;
		buf_consume (&login->signature, buf_len (&login->signature));
		switch (result) {
		case LIBSSH2_ERROR_AUTHENTICATION_FAILED: login->offered++; break;
		case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED: /* a signature could not be made: the passphrase is missing */
		case LIBSSH2_ERROR_FILE:
			if (!choice->comment)
				login->locked = choice->path;
			break;
		default: failure_of_session (raw, "the login failed", err); return -1;
		}
	}
	return explain_denied (login, err);
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
	return login->state == LOGIN_KEYS ? step_keys (login, raw, err) : 0;
}

/* --- beginning and end ----------------------------------------------------------------------------------------------------- */

struct login *login_new (
	const struct login_host *host, struct agent_link *agent, void (*stir) (void *arg), void *arg, struct err *err)
{
	struct login *login = calloc (1, sizeof *login);
	struct known_hosts *known;

	if (!login) {
		err_set (err, FAILURE_INTERNAL, "out of memory");
		return NULL;
	}
	login->host = host;
	login->agent = agent;
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
	for (size_t i = 0; login->publics && i < login->n_files; i++)
		public_key_free (&login->publics[i]);
	free (login->publics);
	free (login->files);
	free (login->choices);
	agent_keys_free (&login->keys);
	buf_free (&login->signature);
	free (login);
}
