/* remex/client.h - libremex: call remexd from a C program.
 *
 *   struct remex *remex = remex_new ();
 *   struct remex_host *host = remex_connect (remex, "local", &error);
 *   struct remex_request *request = remex_start (host, "exec.shell",
 *           &(struct remex_options){ .args = "{\"command\":\"uptime\"}" }, &error);
 *   while (remex_next (remex, &event, -1) > 0 && event.type != REMEX_ENDED)
 *           if (event.type == REMEX_DATA)
 *                   fwrite (event.data, 1, event.size, stdout);
 *
 * A struct remex holds any number of connections and requests. remex_next returns their events, one at a time. There
 * is one callback, which asks a person for a secret (remex_set_ask), and there are no globals, and nothing is logged. One struct remex belongs to one thread. The only other
 * threads look up the names of hosts, at most 16 at once: they call getaddrinfo(3) and nothing of the caller's, with
 * all signals blocked. A program with its own loop waits until remex_fd is readable (or remex_timeout has passed) and
 * then calls remex_next with a timeout of 0 until it returns 0.
 *
 * Functions that can fail return -1 or NULL and fill the caller's struct remex_error, which may be NULL. The library
 * never raises SIGPIPE (it uses MSG_NOSIGNAL), so the process may ignore that signal or not.
 */
#ifndef REMEX_CLIENT_H
#define REMEX_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define REMEX_CLIENT_API __attribute__ ((visibility ("default")))

struct remex; /* the loop, its connections and requests */
struct remex_host; /* one connection; owned by its struct remex */
struct remex_request; /* one call; owned by its host, freed by the first remex_next after its REMEX_ENDED event */

/* `text` is one line for a person, without a newline. `code` is a word of the list of errors in doc/protocol.md
 * ("busy", "denied", …), or one of these:
 *
 *   unreachable  no connection was made
 *   lost         the connection was made, and has ended
 *   no_key       we have no key of our own (remex keygen makes it), or it is not safe to use
 *   untrusted    the host is not pinned, or shows another key than the pinned one (remex_host_trust)
 *   trusted      of remex_probe: the host has the pinned key
 *   usage        the caller gave a wrong argument */
struct remex_error {
	char code[32];
	char text[512];
};

/* How a request ended. Every request ends with exactly one of these. */
enum remex_outcome {
	REMEX_EXITED, /* the command ended by itself: `exit` */
	REMEX_SIGNALLED, /* a signal ended it: `signal` */
	REMEX_TIMED_OUT, /* remexd ended it, for the deadline, the idle limit or the limit of output */
	REMEX_CANCELLED,
	REMEX_NEVER_STARTED, /* the command could not be executed: `message` has the error of the system */
	REMEX_COMPLETED, /* a call that runs no command is done */
	REMEX_FAILED, /* the server refused the call, or could not complete it: `code`, `message` */
	REMEX_LOST, /* the connection ended first; it is not known what the request has done. Or, with a `json`: the job that
		       the call is about is lost */
	REMEX_UNREACHABLE, /* the request was never sent: no connection */
};

struct remex_result {
	enum remex_outcome outcome;
	int exit; /* REMEX_EXITED: 0…255 */
	int signal; /* REMEX_SIGNALLED: the number on this machine; 0: this machine does not have that signal */
	double seconds; /* as the server measured it; 0: not measured */
	double retry_after; /* seconds, with code "busy"; else 0 */
	bool started; /* false: nothing ran (timed out, cancelled while queued) */
	bool pipe_held; /* a process that the command left behind held its output open; later output of it is lost */
	int survivors; /* processes of the command that were still alive 5 seconds after SIGKILL */
	const char *code; /* "" except for REMEX_FAILED, _LOST, _UNREACHABLE */
	const char *message; /* "" if there is none */
	const char *limit; /* the limit that ended it: REMEX_TIMED_OUT: "deadline", "idle" or "output"; REMEX_SIGNALLED
			      and REMEX_EXITED (a shell that reports 128 + signal): "cpu" or "file_size"; else "" */
	const char *json; /* the header of the terminal message as it was received, or "" */
	const char *via; /* "sshd": through a machine's sshd alone, which has no remexd; "": by a remexd */
	double limit_value; /* with `limit`: its value as the server had it, in seconds or bytes; 0: not known */
	/* What the command has used, with its children that it waited for (getrusage(2)): seconds of CPU time, and the largest
	 * resident set of a process in bytes. 0: not known. */
	double cpu_user, cpu_system;
	int64_t memory;
};

enum remex_event_type {
	REMEX_READY, /* host: the server has said hello; remex_host_name and the like are valid now */
	REMEX_DATA, /* request: `size` bytes on `stream` ("stdout", "stderr", "result", …) */
	REMEX_CREDIT, /* request: remex_send can take more */
	REMEX_ENDED, /* request: `result`. The last event of a request */
	REMEX_CLOSED, /* host: the connection has ended (`message`, remex_host_code), and each of its requests has
			 ended. Free it with remex_close */
};

/* All pointers are valid until the next remex_next. */
struct remex_event {
	enum remex_event_type type;
	struct remex_host *host;
	struct remex_request *request; /* NULL for events of the host */
	const char *stream;
	const uint8_t *data;
	size_t size;
	const struct remex_result *result;
	const char *message;
};

/* NULL with errno (ENOMEM, EMFILE). remex_free closes all connections, which cancels the running requests. It does not
 * wait: a thread that is still in getaddrinfo(3) ends later, by itself. */
REMEX_CLIENT_API struct remex *remex_new (void);
REMEX_CLIENT_API void remex_free (struct remex *remex);

/* The next event: 1. 0 when timeout_ms has passed (-1: wait for ever) or, with -1, when no event can come any more. -1
 * with errno (ENOMEM). */
REMEX_CLIENT_API int remex_next (struct remex *remex, struct remex_event *event, int timeout_ms);

/* For the caller's own loop (see above). The library owns the descriptor. The timeout is in milliseconds, -1: none. */
REMEX_CLIENT_API int remex_fd (struct remex *remex);
REMEX_CLIENT_API int remex_timeout (struct remex *remex);

/* Connect to `where`: "local" (the default socket, see remex(1)), "unix:///absolute/path", or "HOST[:PORT]" for TCP
 * with TLS 1.3. HOST is a name, an IPv4 address, or an IPv6 address in brackets; the default port is 7363. The function
 * returns at once, and requests may be started at once. Later failures come as REMEX_ENDED (unreachable) and
 * REMEX_CLOSED. The time from the dial, which begins with the lookup of the name, to the server's hello is limited to
 * 10 seconds (remex_set_connect_timeout); a host whose name waits for its lookup is not dialled yet. NULL and error
 * where `where` is malformed or its socket is not safe to use (remex(1), FILES). */
REMEX_CLIENT_API struct remex_host *remex_connect (struct remex *remex, const char *where, struct remex_error *error);

/* The way to a host; all zeros: directly. The texts are read during the call only. */
struct remex_route {
	const char
		*proxy; /* a command, as a line for sh(1), whose standard input and output lead to `where`: to the TCP
			      port of a remexd; or, where `where` is a Unix socket, to such a socket of a remexd, perhaps on
			      another machine (`ssh web1 remex stdio`). NULL: none */
};

/* The same by a route. The command is run with the caller's environment, as a session without a terminal, and is killed
 * at the end of the host. The last line of its standard error is part of the message about the end. Keys are proved end
 * to end, as without a proxy. The caller must not ignore SIGCHLD. */
REMEX_CLIENT_API struct remex_host *remex_connect_by (
	struct remex *remex, const char *where, const struct remex_route *route, struct remex_error *error);

/* The time limit from the dial to the hello of hosts that are connected from now on: seconds, in (0, 1e6]; the others
 * keep theirs. It also holds for a host that waits for its lookup. */
REMEX_CLIENT_API void remex_set_connect_timeout (struct remex *remex, double seconds);

/* The same over two descriptors that are already connected to a remexd (for example `remexd --stdio`). They may be the
 * same descriptor. The library owns them from now on. `name` is for messages. */
REMEX_CLIENT_API struct remex_host *remex_attach (
	struct remex *remex, const char *name, int read_fd, int write_fd, struct remex_error *error);

/* Where a login of ssh needs a passphrase or a password: ask a person. `ask` shows the question, which ends with ": ", and
 * writes the answer with its NUL to `secret`, which has room for `size` bytes and is wiped afterwards. Returns
 * REMEX_ASK_ANSWERED; or one of the others, and then the key or password is not used. It is called during remex_next, may take
 * its time, which no host has to pay for, and must not use the struct remex. One question is put for all hosts that wait
 * for the same secret. Without `ask` there is nobody to ask. */
enum remex_ask_answer {
	REMEX_ASK_ANSWERED,
	REMEX_ASK_NOBODY, /* there is no terminal */
	REMEX_ASK_DECLINED, /* the person gave no answer */
};
REMEX_CLIENT_API void remex_set_ask (struct remex *remex,
	enum remex_ask_answer (*ask) (void *arg, const char *question, char *secret, size_t size), void *arg);

/* Close a connection and free its requests; the server cancels those that still run. NULL is allowed. */
REMEX_CLIENT_API void remex_close (struct remex_host *host);

/* Keys. Over TCP each side proves an Ed25519 key. Ours is DIRECTORY/id.pem. The host's key must be pinned, in
 * DIRECTORY/hosts/HOST:PORT.pem, where HOST is the host in `where`, in lower case. Names, dates and authorities do not
 * count. When a host is not pinned, or shows another key, nothing is sent to it and it is not shown our key; it is
 * unreachable with the code "untrusted". No key is pinned or made unless the caller asks for it.
 *
 * DIRECTORY is $REMEX_CONFIG, else $XDG_CONFIG_HOME/remex, else ~/.config/remex. remex_set_directory sets another
 * absolute path, before the first connection. remex_directory returns it, or NULL and error where there is no HOME. */
REMEX_CLIENT_API int remex_set_directory (struct remex *remex, const char *path, struct remex_error *error);
REMEX_CLIENT_API const char *remex_directory (struct remex *remex, struct remex_error *error);

/* Connect over TCP, or to an sshd (ssh://), only to get the host's key, proved but not trusted. Our own key is not shown, and none is needed.
 * The host ends (REMEX_CLOSED) as soon as its key is known; remex_host_code is "trusted", "untrusted", or the reason
 * why the key could not be read. */
REMEX_CLIENT_API struct remex_host *remex_probe (struct remex *remex, const char *where, struct remex_error *error);

/* The same by a route. */
REMEX_CLIENT_API struct remex_host *remex_probe_by (
	struct remex *remex, const char *where, const struct remex_route *route, struct remex_error *error);

/* The key that the host has shown, as a line ("remex-ed25519 BASE64") and as a fingerprint ("SHA256:…"); "" before.
 * remex_host_pin: the fingerprint of the key that was pinned when the connection was begun; "": none was pinned; NULL:
 * the host is not a TCP host and needs no pin. The key of an sshd ("ssh-ed25519 BASE64") is told where it is the reason for
 * the end; its pins are the lines of known_hosts. Valid until remex_close, also after the host's end. */
REMEX_CLIENT_API const char *remex_host_key (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_fingerprint (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_pin (const struct remex_host *host);

/* Pin the key that this "untrusted" host has shown: from now on the host can be connected to. 0 (also if that key was
 * pinned already), or -1 and error: the host has shown no key, or another key is pinned. */
REMEX_CLIENT_API int remex_host_trust (struct remex_host *host, struct remex_error *error);

/* Remove the pin of `where`: 1; 0 where there was none; -1 and error. Existing connections stay. */
REMEX_CLIENT_API int remex_forget (struct remex *remex, const char *where, struct remex_error *error);

/* The server's data about itself in its hello ("" before REMEX_READY), and a pointer that the caller sets. */
REMEX_CLIENT_API const char *remex_host_where (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_code (const struct remex_host *host); /* the reason for its end; "" before */
REMEX_CLIENT_API const char *remex_host_name (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_version (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_you (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_via (const struct remex_host *host); /* as in struct remex_result */
REMEX_CLIENT_API void remex_host_set_data (struct remex_host *host, void *data);
REMEX_CLIENT_API void *remex_host_data (const struct remex_host *host);

/* The terminal of a call (doc/protocol.md, `tty`): the server gives the command a pseudo-terminal of this kind as its controlling
 * terminal. Then stdout and stderr come as one stream, "stdout", and input is what is typed. remex_end does not close
 * the terminal: a command there sees the end of its input where ^D was sent. */
struct remex_tty {
	size_t size; /* sizeof (struct remex_tty): later versions of this header may append members */
	int rows, cols; /* 0 to 65535; 0: not known */
	const char *term; /* for TERM in the command's environment; NULL: not known */
	bool utf8; /* characters are UTF-8: erasing a character erases all of its bytes (IUTF8, termios(3)) */
	int erase; /* the character that erases one (VERASE), 1 to 255; 0: the default */
};

/* The call runs as a job: the server keeps it running, whatever becomes of the connection. The request ends as soon as the
 * job runs (REMEX_COMPLETED; `job` in the header of the result's `json` is the id of the job). Other calls attach to it
 * (doc/protocol.md, 13). */
struct remex_job {
	size_t size; /* sizeof (struct remex_job): later versions of this header may append members */
	const char *name; /* a name for people; NULL: none */
	const char *
		key; /* a random word: a second call with it is answered with the same job, and starts nothing; NULL: none */
	bool input; /* its input stays open until somebody ends it; otherwise it has none */
	bool durable; /* none of its output is dropped: it waits until a client has taken it */
};

struct remex_options {
	const char *args; /* the arguments, a JSON object as text; NULL: none (remex_args_* builds one) */
	double deadline; /* seconds, counted by the server from receipt; 0: none. A server that says nothing for six seconds after
			    that, and does not answer a ping, has its request ended here (REMEX_TIMED_OUT with a message) */
	double idle; /* seconds without a byte in either direction; 0: none */
	const char *user; /* the user to run as; NULL: the default */
	bool input; /* the caller will call remex_send and remex_end; otherwise `body` is the whole input */
	const void *body; /* the first bytes of input, up to 64 KiB */
	size_t body_size;
	int64_t window; /* bytes of output that the server may be ahead; 0: 1 MiB, or less (at least 64 KiB) where the
			   windows of all requests of this struct remex add up to 64 MiB */
	bool wait_output; /* end when all processes have closed the output, not half a second after the command */
	bool hold; /* output counts as consumed by remex_consume; otherwise, when the next event is read */
	const struct remex_tty
		*tty; /* read during remex_start only; NULL: no terminal. A server that has no terminals refuses
					the call */
	const struct remex_job
		*job; /* read during remex_start only; NULL: no job. A server that knows no jobs refuses the
					call */
	/* Upper bounds: "cpu=10s,memory=1GiB"; also processes, files, file_size, nice, output (remex(1), --limit). NULL: none but
	 * the server's own. An older server refuses the call. */
	const char *limits;
};

/* Start a call. It is sent as soon as the connection is made. */
REMEX_CLIENT_API struct remex_request *remex_start (
	struct remex_host *host, const char *call, const struct remex_options *options, struct remex_error *error);

/* With `hold`: the caller has consumed n more bytes of output, and the server may send as many again. So a program can
 * keep output aside, at most one window for each request, and continue to read events. Without `hold` it does
 * nothing. */
REMEX_CLIENT_API void remex_consume (struct remex_request *request, size_t n);

/* How many bytes remex_send would take now. */
REMEX_CLIENT_API size_t remex_credit (const struct remex_request *request);

/* Send input. Takes as many of the `size` bytes as there is credit for (perhaps 0; REMEX_CREDIT comes when there is
 * more) and returns how many; -1 with errno EPIPE after remex_end or when the request has ended. remex_end: the input
 * is complete. */
REMEX_CLIENT_API long remex_send (struct remex_request *request, const void *bytes, size_t size);
REMEX_CLIENT_API int remex_end (struct remex_request *request);

/* Ask for a signal to the command's process group ("INT", "TERM", …), or for the end of the request. Both return at
 * once: the answer is REMEX_ENDED. 0, or -1 with errno EINVAL (no such word). */
REMEX_CLIENT_API int remex_signal (struct remex_request *request, const char *word);
REMEX_CLIENT_API void remex_cancel (struct remex_request *request);

/* The terminal has this size now (0 to 65535 each): the command gets WINCH. Of a call without a terminal the server ignores
 * it. 0, or -1 with errno EINVAL (no such size) or ENOBUFS (too much waits to be sent). */
REMEX_CLIENT_API int remex_resize (struct remex_request *request, int rows, int cols);

REMEX_CLIENT_API void remex_request_set_data (struct remex_request *request, void *data);
REMEX_CLIENT_API void *remex_request_data (const struct remex_request *request);
REMEX_CLIENT_API struct remex_host *remex_request_host (const struct remex_request *request);

/* Send a {"ping":n}, to measure the round trip. The answer is REMEX_DATA with stream "pong" and no request. */
REMEX_CLIENT_API int remex_ping (struct remex_host *host);

/* Build arguments as JSON text, one by one. Values are bytes; bytes that are not UTF-8 are encoded as the protocol
 * specifies. The builder remembers the first failure; then remex_args_text returns NULL. The builder owns the text. */
struct remex_args;
REMEX_CLIENT_API struct remex_args *remex_args_new (void);
REMEX_CLIENT_API void remex_args_free (struct remex_args *args);
REMEX_CLIENT_API void remex_args_string (struct remex_args *args, const char *key, const char *value);
REMEX_CLIENT_API void remex_args_strings (
	struct remex_args *args, const char *key, const char *const *values, size_t n);
REMEX_CLIENT_API void remex_args_json (struct remex_args *args, const char *key, const char *json);
REMEX_CLIENT_API const char *remex_args_text (struct remex_args *args);

/* The word of an outcome: "exited", "timed_out", … */
REMEX_CLIENT_API const char *remex_outcome_word (enum remex_outcome outcome);

#ifdef __cplusplus
}
#endif

#endif
