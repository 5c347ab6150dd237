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
 * A struct remex holds any number of connections and requests; everything that happens on any of them comes out of
 * remex_next, one event at a time. There are no callbacks, no globals, and nothing is logged. One struct remex belongs
 * to one thread. The only other threads are those that look up the names of hosts, at most 16 at once: they call
 * getaddrinfo(3) and nothing of the caller's, with all signals blocked. A program with a loop of its own waits for remex_fd to be readable (or remex_timeout to
 * pass) and then calls remex_next with a timeout of 0 until it returns 0.
 *
 * Functions that can fail return -1 or NULL and fill the caller's struct remex_error, which may be NULL.
 * The process must ignore SIGPIPE or not mind: the library itself never raises it (it uses MSG_NOSIGNAL).
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

struct remex; /* the loop and all that is in it */
struct remex_host; /* one connection; owned by its struct remex */
struct remex_request; /* one call; owned by its host, freed when its REMEX_ENDED event has been read and the next
			 remex_next begins */

/* One line for a person, without a newline; `code` is a word of doc/protocol.md's list of errors ("busy", "denied",
 * …), or one of these:
 *
 *   unreachable  there was no connection
 *   lost         there was one, and it ended
 *   no_key       there is no key of our own to show (remex keygen makes it), or it is not safe to use
 *   untrusted    the host is not pinned, or shows another key than the one that is (remex_host_trust)
 *   trusted      of remex_probe: the host has the key that is pinned
 *   usage        a wrong argument of the caller's */
struct remex_error {
	char code[32];
	char text[512];
};

/* How a request ended: exactly one of these, always. */
enum remex_outcome {
	REMEX_EXITED, /* the command ended by itself: `exit` */
	REMEX_SIGNALLED, /* a signal ended it: `signal` */
	REMEX_TIMED_OUT, /* the deadline or the idle limit ended it */
	REMEX_CANCELLED,
	REMEX_NEVER_STARTED, /* the command could not be executed: `message` says why, in the system's words */
	REMEX_COMPLETED, /* a call that runs no command is done */
	REMEX_FAILED, /* the server refused or could not do it: `code`, `message` */
	REMEX_LOST, /* the connection ended first; what became of the request is not known */
	REMEX_UNREACHABLE, /* the request never left: no connection */
};

struct remex_result {
	enum remex_outcome outcome;
	int exit; /* REMEX_EXITED: 0…255 */
	int signal; /* REMEX_SIGNALLED: the number here, or 0 for one that this machine does not have */
	double seconds; /* as the server measured it; 0 where it did not */
	double retry_after; /* seconds, with code "busy"; else 0 */
	bool started; /* false: nothing ran (timed out, cancelled while queued) */
	bool pipe_held; /* the command left a process behind that held its output open; what that writes is lost */
	int survivors; /* processes of it that were still alive 5 seconds after SIGKILL */
	const char *code; /* "" but for REMEX_FAILED, _LOST, _UNREACHABLE */
	const char *message; /* "" where there is nothing to say */
	const char *limit; /* REMEX_TIMED_OUT: "deadline" or "idle"; else "" */
	const char *json; /* the terminal message's header as it came, or "" */
};

enum remex_event_type {
	REMEX_READY, /* host: the server has said hello; remex_host_name and others now answer */
	REMEX_DATA, /* request: `size` bytes on `stream` ("stdout", "stderr", "result", …) */
	REMEX_CREDIT, /* request: remex_send will take more */
	REMEX_ENDED, /* request: `result`. The last event of a request */
	REMEX_CLOSED, /* host: the connection is gone (`message`, remex_host_code); its requests have each ended. Free it
			 with remex_close */
};

/* All pointers are good until the next remex_next. */
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

/* NULL with errno (ENOMEM, EMFILE). remex_free closes what is open; requests that run are thereby cancelled. It waits for
 * nobody: where getaddrinfo(3) still looks a name up, the thread of that lookup ends later, by itself. */
REMEX_CLIENT_API struct remex *remex_new (void);
REMEX_CLIENT_API void remex_free (struct remex *remex);

/* The next event: 1; 0 when timeout_ms has passed (-1: wait for ever) or, with -1, when there is nothing left that
 * could happen; -1 with errno (ENOMEM). */
REMEX_CLIENT_API int remex_next (struct remex *remex, struct remex_event *event, int timeout_ms);

/* For a loop of one's own (see above). The descriptor is the library's. The timeout is in milliseconds, -1: none. */
REMEX_CLIENT_API int remex_fd (struct remex *remex);
REMEX_CLIENT_API int remex_timeout (struct remex *remex);

/* Connect to `where`: "local" (the default socket, see remex(1)), "unix:///absolute/path", or "HOST[:PORT]", which is
 * TCP with TLS 1.3: a name, an IPv4 address, an IPv6 address in brackets; the port is 7363 where none is named. It
 * returns at once; requests may be started at once. What fails later is told by REMEX_ENDED (unreachable) and
 * REMEX_CLOSED. From the dial, which begins with the lookup of the name, to the server's hello it may take 10 seconds;
 * a host whose name waits in line to be looked up is not dialled yet.
 * NULL and error where `where` cannot be understood or its socket is not safe to use (remex(1), FILES). */
REMEX_CLIENT_API struct remex_host *remex_connect (struct remex *remex, const char *where, struct remex_error *error);

/* The same over two descriptors that are already connected to a remexd (for example `remexd --stdio`); they belong to
 * the library from then on (they may be the same). `name` is for messages. */
REMEX_CLIENT_API struct remex_host *remex_attach (
	struct remex *remex, const char *name, int read_fd, int write_fd, struct remex_error *error);

/* Close a connection and forget its requests; the server cancels what still runs. NULL is allowed. */
REMEX_CLIENT_API void remex_close (struct remex_host *host);

/* Keys. Over TCP each side proves an Ed25519 key: ours is DIRECTORY/id.pem, and the host's must be pinned, in
 * DIRECTORY/hosts/HOST:PORT.pem, where HOST is what it was called in `where`, in lower case. No name, date or authority
 * counts. A host that is not pinned, or shows another key, is sent nothing and not even shown our key; it is unreachable
 * with the code "untrusted". Nothing is ever pinned or made without being asked for.
 *
 * DIRECTORY is $REMEX_CONFIG, else $XDG_CONFIG_HOME/remex, else ~/.config/remex. remex_set_directory names another, an
 * absolute path, before the first connection. remex_directory returns it, or NULL and error where there is no HOME. */
REMEX_CLIENT_API int remex_set_directory (struct remex *remex, const char *path, struct remex_error *error);
REMEX_CLIENT_API const char *remex_directory (struct remex *remex, struct remex_error *error);

/* Connect over TCP only as far as to see the host's key, proved but not yet trusted, without showing one of ours (none is
 * needed). The host ends (REMEX_CLOSED) as soon as it is known; remex_host_code is "trusted", "untrusted", or why it
 * could not be seen. */
REMEX_CLIENT_API struct remex_host *remex_probe (struct remex *remex, const char *where, struct remex_error *error);

/* The key that the host has shown, as a line ("remex-ed25519 BASE64") and as a fingerprint ("SHA256:…"); "" before.
 * remex_host_pin: the fingerprint of the key that was pinned when it was connected to, "" where none was; NULL for a
 * host that is not of TCP, which needs none. Good until remex_close, also after the host's end. */
REMEX_CLIENT_API const char *remex_host_key (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_fingerprint (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_pin (const struct remex_host *host);

/* Pin the key that this host, which was "untrusted", has shown: from now on it can be connected to. 0 (also where just
 * that key was pinned already), or -1 and error: it has shown none, or another one is pinned. */
REMEX_CLIENT_API int remex_host_trust (struct remex_host *host, struct remex_error *error);

/* Pin no key for `where` any more: 1; 0 where none was; -1 and error. Connections that stand are left alone. */
REMEX_CLIENT_API int remex_forget (struct remex *remex, const char *where, struct remex_error *error);

/* What the server said of itself in its hello ("" before REMEX_READY), and a pointer of the caller's own. */
REMEX_CLIENT_API const char *remex_host_where (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_code (const struct remex_host *host); /* why it has ended; "" before */
REMEX_CLIENT_API const char *remex_host_name (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_version (const struct remex_host *host);
REMEX_CLIENT_API const char *remex_host_you (const struct remex_host *host);
REMEX_CLIENT_API void remex_host_set_data (struct remex_host *host, void *data);
REMEX_CLIENT_API void *remex_host_data (const struct remex_host *host);

struct remex_options {
	const char *args; /* the arguments, a JSON object as text; NULL: none (remex_args_* builds one) */
	double deadline; /* seconds, counted by the server from receipt; 0: none */
	double idle; /* seconds without a byte in either direction; 0: none */
	const char *user; /* as whom; NULL: the default */
	bool input; /* the caller will remex_send and remex_end; otherwise `body` is the whole input */
	const void *body; /* first bytes of input, up to 64 KiB */
	size_t body_size;
	int64_t window; /* bytes of output that the server may be ahead; 0: 1 MiB, down to 64 KiB where the windows of
			   all requests of this struct remex add up to 64 MiB */
	bool wait_output; /* end when everybody has closed the command's output, not half a second after the command */
	bool hold; /* output counts as consumed when remex_consume says so; otherwise, when the next event is read */
};

/* Start a call. It is sent as soon as the connection stands. */
REMEX_CLIENT_API struct remex_request *remex_start (
	struct remex_host *host, const char *call, const struct remex_options *options, struct remex_error *error);

/* With `hold`: n more bytes of output are done with, and the server may send as many again. So a program can put output
 * aside, at most a window's worth for each request, and go on reading events. Other requests ignore it. */
REMEX_CLIENT_API void remex_consume (struct remex_request *request, size_t n);

/* How many bytes remex_send would take now. */
REMEX_CLIENT_API size_t remex_credit (const struct remex_request *request);

/* Send input: takes as many of the `size` bytes as there is credit (perhaps 0; REMEX_CREDIT tells when there is more)
 * and returns how many; -1 with errno EPIPE after remex_end or when the request has ended. remex_end: no more comes. */
REMEX_CLIENT_API long remex_send (struct remex_request *request, const void *bytes, size_t size);
REMEX_CLIENT_API int remex_end (struct remex_request *request);

/* Ask for a signal to the command's process group ("INT", "TERM", …), or for the request's end. Both only ask: the
 * answer is REMEX_ENDED. 0, or -1 with errno EINVAL (no such word). */
REMEX_CLIENT_API int remex_signal (struct remex_request *request, const char *word);
REMEX_CLIENT_API void remex_cancel (struct remex_request *request);

REMEX_CLIENT_API void remex_request_set_data (struct remex_request *request, void *data);
REMEX_CLIENT_API void *remex_request_data (const struct remex_request *request);
REMEX_CLIENT_API struct remex_host *remex_request_host (const struct remex_request *request);

/* The round trip of a {"ping":n}: sends one; REMEX_DATA with stream "pong" and no request answers. */
REMEX_CLIENT_API int remex_ping (struct remex_host *host);

/* Arguments as JSON text, built one by one. Values are bytes; what is not UTF-8 is encoded as the protocol asks. The
 * builder remembers the first failure; remex_args_text returns NULL then. The text belongs to the builder. */
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
