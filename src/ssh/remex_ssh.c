/* remex-ssh - reaches machines through ssh, for libremex. It is the only program that is linked with libssh2.
 *
 * Descriptor 0 is the control socket (base/link.h): a client sends REC_REACH with one end of a pair of sockets, and gets
 * REC_REACHED, REC_UNREACHED and REC_SEVERED (wire/records.h). Sessions are shared by all requests for the same user, host
 * and port (ssh_pool.h). The program ends with the control socket, and before that kills what the client's calls have started
 * on machines that have an sshd alone (alone.h).
 *
 * A hostile or dying sshd ends its sessions, and in the worst case this process: the client then tells so for each host.
 */
#include "config.h"

#include <errno.h>
#include <libssh2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/list.h"
#include "loop/loop.h"
#include "ssh/alone_exec.h"
#include "ssh/alone_files.h"
#include "ssh/failure.h"
#include "ssh/ssh_forward.h"
#include "ssh/ssh_pool.h"
#include "ssh/stdio_reach.h"
#include "wire/records.h"

enum { CONTROL = 0, TEXTS = 5, STATUS_USAGE = 64, PATIENCE_MS = 15000 };

/* What an sshd alone can do; the verbs of one plugin are in a row. */
static const struct alone_verb *const rows[] = { &alone_exec_run, &alone_exec_shell, &alone_file_get, &alone_file_put };
static const struct alone_verbs verbs = { rows, sizeof rows / sizeof *rows };

static uv_loop_t loop;
static struct ssh_pool *pool;
static struct watch *control;
static struct timer *patience; /* the client is gone, and processes of its calls are being killed */
static struct list notes; /* of struct request_note: REACH_STDIO */
static bool leaving;

/* --- answers ----------------------------------------------------------------------------------------------------------- */

/* An answer that the control socket had no room for. */
struct answer {
	struct list node;
	uint32_t type;
	uint64_t id;
	size_t n;
	char text[];
};

static struct list answers;

static int send_answer (uint32_t type, uint64_t id, const char *text, size_t n)
{
	const struct outgoing outgoing = { .record = { .type = type, .id = id }, .data = text, .n = n };

	return link_send (CONTROL, &outgoing, MSG_DONTWAIT);
}

static void flush_answers (void)
{
	struct answer *answer, *after;

	list_each_safe (answer, after, &answers, node) {
		if (send_answer (answer->type, answer->id, answer->text, answer->n) < 0 && errno == EAGAIN)
			break;
		list_remove (&answer->node);
		free (answer);
	}
	watch_set (control, list_empty (&answers) ? UV_READABLE : UV_READABLE | UV_WRITABLE);
}

static void answer (uint32_t type, uint64_t id, const char *text, size_t n)
{
	struct answer *later;

	if (list_empty (&answers) && (send_answer (type, id, text, n) == 0 || errno != EAGAIN))
		return; /* any other error: the control socket has ended, which is read there */
	if (!(later = malloc (sizeof *later + n)))
		exit (EXIT_FAILURE); /* an answer must not be lost: the client sees our end */
	list_init (&later->node);
	later->type = type;
	later->id = id;
	later->n = n;
	memcpy (later->text, text, n);
	list_append (&answers, &later->node);
	flush_answers ();
}

/* --- requests ---------------------------------------------------------------------------------------------------------- */

struct request_note {
	struct list node; /* in notes, where there is stdio */
	uint64_t id;
	bool opened;
	struct stdio_reach *stdio; /* of REACH_STDIO */
	char *user, *host, *via; /* of the sshd; via NULL: not said; with: */
	uint16_t port;
	bool probe;
};

static void note_free (struct request_note *note)
{
	list_remove (&note->node);
	free (note->user);
	free (note->host);
	free (note->via);
	free (note);
	if (leaving && list_empty (&notes))
		uv_stop (&loop);
}

static void on_opened (void *arg)
{
	struct request_note *note = arg;

	note->opened = true;
	answer (REC_REACHED, note->id, NULL, 0);
}

static int put_text (struct buf *out, const char *text)
{
	return buf_append (out, text, strlen (text) + 1);
}

static void on_failed (void *arg, const struct err *err)
{
	struct request_note *note = arg;
	struct buf text;
	const char *word = failure_word ((enum failure)err->code);
	const struct ssh_pool_target target = {
		.user = note->user, .host = note->host, .via = note->via, .port = note->port, .probe = note->probe
	};
	const char *key, *known;

	if (leaving)
		return;
	buf_init (&text, LINK_PAYLOAD);
	if (put_text (&text, word) < 0 || put_text (&text, err->text) < 0 ||
		(ssh_pool_shown (pool, &target, &key, &known) &&
			(put_text (&text, key) < 0 || put_text (&text, known) < 0)))
		exit (EXIT_FAILURE); /* as in `answer` */
	answer (note->opened ? REC_SEVERED : REC_UNREACHED, note->id, (const char *)buf_head (&text), buf_len (&text));
	buf_free (&text);
}

static void on_gone (void *arg)
{
	note_free (arg);
}

static void on_direct_failed (void *arg, const struct ssh_exit *how, const struct err *err)
{
	(void)how;
	on_failed (arg, err);
	note_free (arg);
}

static const struct ssh_pool_ops direct_ops = { .opened = on_opened, .failed = on_direct_failed };
static const struct stdio_reach_ops stdio_ops = { on_opened, on_failed, on_gone };

/* The texts of a payload, each with its NUL. Returns how many, or -1: it is no such payload. */
static int take_texts (const struct packet *packet, const char *texts[TEXTS])
{
	const char *at = (const char *)packet->data, *end = at + packet->record.length;
	int n = 0;

	for (; at < end && n < TEXTS; n++) {
		const char *stop = memchr (at, '\0', (size_t)(end - at));

		if (!stop)
			return -1;
		texts[n] = at;
		at = stop + 1;
	}
	return at == end ? n : -1;
}

/* Add a key to known_hosts. 0, or -1: it breaks the protocol. */
static int take_trust (const struct packet *packet)
{
	const char *texts[TEXTS];
	struct ssh_pool_target target = { .port = (uint16_t)packet->record.a };
	struct err err;

	if (packet->n_fds || packet->lost || take_texts (packet, texts) != 3)
		return -1;
	target.user = texts[0];
	target.host = texts[1];
	if (ssh_pool_trust (&target, texts[2], &err) == 0)
		answer (REC_TRUSTED, packet->record.id, NULL, 0);
	else
		answer (REC_TRUSTED, packet->record.id, err.text, strlen (err.text) + 1);
	return 0;
}

/* Put a question to the person behind the client. */
static void on_ask (void *arg, uint64_t id, const char *question)
{
	(void)arg;
	answer (REC_ASK, id, question, strlen (question) + 1);
}

/* The answer to a question; the packet is wiped. 0, or -1: it breaks the protocol. */
static int take_answer (struct packet *packet)
{
	static const enum keyring_answer answers_of[] = { [REACH_ANSWERED] = KEYRING_ANSWERED,
		[REACH_NOBODY] = KEYRING_NOBODY,
		[REACH_DECLINED] = KEYRING_DECLINED };
	const char *texts[TEXTS] = { "" };
	int64_t a = packet->record.a;
	bool valid = !packet->n_fds && !packet->lost && a >= 0 && a <= REACH_DECLINED &&
		     take_texts (packet, texts) == (a == REACH_ANSWERED ? 1 : 0);

	if (valid)
		ssh_pool_answer (pool, packet->record.id, answers_of[a], texts[0]);
	explicit_bzero (packet->data, packet->record.length);
	return valid ? 0 : -1;
}

/* Each host is reached by the same configuration: the person is told once what of it does not count. */
static void tell_remark (void)
{
	char *remark = ssh_pool_remark (pool);

	if (remark)
		fprintf (stderr, "remex: %s\n", remark);
	free (remark);
}

/* Reach something. 0, or -1: it breaks the protocol. */
static int take_reach (struct packet *packet)
{
	const char *texts[TEXTS];
	int n = take_texts (packet, texts);
	bool direct = packet->record.b == REACH_DIRECT, reach; /* reach: by the pool itself */
	struct ssh_pool_target target = { .command = NULL };
	struct request_note *note;
	struct err err;

	if (packet->n_fds != 1 || packet->lost || n != (direct ? 5 : 3))
		return -1;
	target.user = texts[0];
	target.host = texts[1];
	target.port = (uint16_t)packet->record.a;
	target.probe = packet->record.b == REACH_PROBE;
	reach = direct || target.probe;
	target.to_host = direct ? texts[3] : NULL;
	target.to_port = direct ? (uint16_t)strtoul (texts[4], NULL, 10) : 0;
	target.via = *texts[2] ? texts[2] : NULL;
	if (direct && strlen (target.to_host) > 255)
		return -1;
	if (!(note = malloc (sizeof *note)))
		return -1;
	*note = (struct request_note){ .id = packet->record.id,
		.user = strdup (target.user),
		.host = strdup (target.host),
		.via = target.via ? strdup (target.via) : NULL,
		.port = target.port,
		.probe = target.probe };
	list_init (&note->node);
	if (!note->user || !note->host || (target.via && !note->via))
		exit (EXIT_FAILURE); /* as in `answer` */
	if (reach && ssh_pool_reach (pool, &target, packet->fds[0], &direct_ops, note, &err) == 0) {
		packet->fds[0] = -1;
	} else if (!reach && (note->stdio = stdio_reach_new (
				      &loop, pool, &target, packet->fds[0], &verbs, &stdio_ops, note, &err))) {
		packet->fds[0] = -1;
		list_append (&notes, &note->node);
	} else {
		on_failed (note, &err);
		note_free (note);
	}
	tell_remark ();
	return 0;
}

/* A record of the client. 0, or -1: it breaks the protocol. */
static int take (struct packet *packet)
{
	switch (packet->record.type) {
	case REC_REACH: return take_reach (packet);
	case REC_TRUST: return take_trust (packet);
	case REC_ANSWER: return take_answer (packet);
	default: return -1;
	}
}

static void on_impatient (void *arg)
{
	(void)arg;
	uv_stop (&loop);
}

/* The client is gone. What its calls have started on machines with an sshd alone is killed first. */
static void leave (void)
{
	struct request_note *note, *after;

	leaving = true;
	watch_free (&control);
	timer_set (&loop, &patience, clock_ms () + PATIENCE_MS, on_impatient, NULL);
	list_each_safe (note, after, &notes, node)
		stdio_reach_leave (note->stdio);
	if (list_empty (&notes))
		uv_stop (&loop);
}

static void on_control (void *arg, int events)
{
	static struct packet packet;
	int got = 1;

	(void)arg;
	if (events & UV_WRITABLE)
		flush_answers ();
	for (int i = 0; i < 64 && (got = link_recv (CONTROL, &packet, MSG_DONTWAIT)) > 0; i++) {
		if (take (&packet) < 0)
			got = 0;
		packet_close (&packet);
		if (!got)
			break;
	}
	if (got == 0 || (got < 0 && errno != EAGAIN))
		leave ();
}

static int usage (void)
{
	fputs ("remex-ssh is started by remex (ssh://HOST) and remexd (tunnel); it is no program for people\n", stderr);
	return STATUS_USAGE;
}

int main (int argc, char **argv)
{
	int type = 0;
	socklen_t size = sizeof type;
	struct answer *later, *after;

	if (argc > 2 || (argc == 2 && strcmp (argv[1], "--forward") != 0) ||
		getsockopt (CONTROL, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
		return usage ();
	if (argc == 2)
		return ssh_forward_run (CONTROL);
	fd_fill_std ();
	fd_raise_limit ();
	signal (SIGPIPE, SIG_IGN);
	list_init (&answers);
	list_init (&notes);
	if (libssh2_init (0) || uv_loop_init (&loop) < 0 || !(pool = ssh_pool_new (&loop, on_ask, NULL)) ||
		!(control = watch_new (&loop, CONTROL, UV_READABLE, on_control, NULL))) {
		fputs ("remex-ssh: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	uv_run (&loop, UV_RUN_DEFAULT);
	ssh_pool_free (pool);
	watch_free (&control);
	timer_free (&patience);
	list_each_safe (later, after, &answers, node)
		free (later);
	uv_run (&loop, UV_RUN_DEFAULT); /* handles are closed, and a passphrase that is being tried is tried */
	libssh2_exit ();
	return EXIT_SUCCESS;
}
