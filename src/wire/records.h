/* records - the records that the processes of one remexd send each other over their links (base/link.h).
 *
 * Each row: the type, the sender, the record's id, a, b, payload, descriptors. A worker has a serial, which is never
 * reused. A request has the front's own number, which is not the client's id. The ids of requests and the serials start
 * at 1.
 */
#ifndef REMEX_WIRE_RECORDS_H
#define REMEX_WIRE_RECORDS_H

#include "wire/call_limits.h"

enum record_type {
	/* front -> worker. One request at a time: the next CALL follows the terminal record of the last. No record ends
	 * a request or a worker: the keeper closes the lifeline (proc/keeper.h). */
	REC_CALL = 1, /* id request, a size of the header, b size of the attachment (may be 0). The payload is header
			 and attachment in a row, in as many CALL records as needed (same id, a, b). The attachment is a
			 JSON object: "facts", an object, for a verb with REMEX_FACTS; "roots", for a verb with
			 REMEX_PATHS: null if no roots bind the caller, else a list of {"path":…,"write":…}, which may
			 be empty. Without "roots" such a verb does not run. "limits", as in a call: the limits that hold
			 the request, where there are any for its command */
	REC_INPUT, /* id request, payload: bytes for remex_read, never more than PULL granted */
	REC_INPUT_END, /* id request */
	REC_SIGNAL, /* id request, a signal number, for the command's process group; with a terminal for its foreground
		       process group */
	REC_RESIZE, /* id request, a rows, b columns of the command's terminal, both 0 to TTY_SIZE_MAX (wire/tty.h) */

	/* worker -> front */
	REC_READY = 16, /* plugins are loaded; a CALL may have been sent before. a resident bytes */
	REC_OUTPUT, /* id request, a size of the stream's name; payload: the name, then the bytes */
	REC_STREAM, /* id request, a and b enum fd_kind (base/fd.h) of the first and the second descriptor; payload: the
		       streams' names, each with its NUL; fds: one or two read ends */
	REC_SINK, /* id request, a enum fd_kind; fd: a write end, which takes all input from now on */
	REC_PULL, /* id request, a bytes: the handler calls remex_read and has room for so many more bytes */
	REC_DONE, /* id request, a enum outcome, b exit status or signal number. Terminal. payload: struct
		     worker_state */
	REC_FAIL, /* id request, a enum code, b errno or 0. Terminal. payload: struct worker_state, then the words.
		     id 0: the worker could not start; it leaves */
	REC_LOADING, /* from a probe: a index of the plugin file that is loaded next, -1 after the last */
	REC_VERBS, /* from a probe: a size of the whole; payload: a piece of the verb table (JSON, see verbs.h) */

	/* front -> supervisor */
	REC_WORKER =
		32, /* id request, a uid; over TCP: payload: the identity's name. On the Unix socket of root's remexd: on
			    the link for claims (daemon/claims.h), with the peer's socket as fd. From a process that checks
			    a claim: b 0 or the errno of the refusal */
	REC_RELEASE, /* id serial: the worker may leave; kill nothing */
	REC_STOP, /* id serial, a grace in milliseconds */
	REC_PONG, /* answers PING. READY (above) says that the front accepts clients; payload: its instance, 32
		     digits */
	REC_RELOAD, /* id request: reload as for SIGHUP, and answer with RELOADED */
	REC_AUDIT, /* id the request that starts (the front waits for an answer), or 0; a the request that ends, or 0;
		      payload: a line for the audit trail, without newline */
	/* These five as WORKER: a uid, and over TCP b the size of the identity's name, with which the payload begins; else
	   the peer's socket as fd, on the link for claims. The rest of the payload: */
	REC_JOB_START =
		40, /* id request, a uid of the job's user; texts, each with its NUL: the job's name and key (""), the
			       call, the words of its command, and flags: "t" it has a terminal, "i" its input stays open, "d"
			       nothing is dropped that its last viewer has not had, "r" or "g" it is recorded (refuse, go_on);
			       the name of the recording, "" for none; its limits of memory (bytes) and of processes, in decimal
			       (0: none) */
	REC_JOB_OPEN, /* id request; the job's id or key */
	REC_JOB_LIST, /* id request; nothing */
	REC_JOB_REMOVE, /* id request; the job's id */
	REC_JOB_KILL, /* id request; the job's id. Its holder does not answer: it is killed with all beneath it, then answered */
	REC_RECORD = 45, /* id request: a recorder for its recording (record/recorder.h) */

	/* supervisor -> front */
	REC_BORN = 48, /* answers WORKER: id request, a serial, b uid; payload: struct worker_birthday; fd: the worker's
			  link */
	REC_NO_WORKER, /* answers WORKER: id request, a errno (EPERM: that peer may not have it; ENOTCONN: that peer has
			  left; EBUSY: ask again soon, some workers have not ended yet) */
	REC_GONE, /* id serial, a enum gone, b exit status or signal, payload: int64_t survivors (-1: not known) */
	REC_CONFIG, /* a generation, b the daemon's uid; payload: the file's name; fd: its sealed snapshot */
	REC_TABLE, /* a size of the whole, payload: a piece of the verb table */
	REC_GRANTS, /* before TABLE, with each generation, or (a 1) for the generation in use; fds: the identities'
		       snapshot and its manifest (daemon/identity_files.h) */
	REC_HOST_KEY, /* before the first listener of TCP; fd: the sealed private key (net/credential.h) */
	REC_CLAIMS, /* fd: the front's end of the link for claims */
	REC_LISTENER, /* a enum listen_kind; fd: the listening socket */
	REC_DISCOVERY, /* fds: the sockets on which queries are answered, in place of others (daemon/discovery_sockets.h); none:
			  queries are not answered */
	REC_CONNECTION, /* a uid of the peer; fds: read end, write end of the only connection (--stdio) */
	REC_RELOADED, /* answers RELOAD: id request, a 0 (the generation was sent before; payload: the keys whose change
			 waits for a restart, each with a NUL behind it) or 1 (failed; payload: why) */
	REC_AUDITED, /* answers AUDIT: id request, a 0 or the errno of the failed write */
	REC_EQUIPPED, /* all that a new front needs has been sent */
	REC_COUNTERS, /* a enum supervisor_counter, b its value */
	REC_DRAIN, /* a milliseconds: take no more calls; end when the running ones have ended, and at the latest after
		      this time */
	REC_PING,
	REC_TUNNEL, /* fd: the link to remex-ssh --forward, in place of the one before; it takes no descriptors */
	REC_TUNNEL_STATE, /* a enum tunnel_phase, b clock_ms: since when (UP), or when the next try is (PAUSING); payload:
			     texts, each with its NUL: the bastion, what it listens on, and why there is no tunnel */
	REC_JOB =
		68, /* answers JOB_START and JOB_OPEN: id request, a enum job_state, b flags of enum job_answer; payload:
		       job.json (doc/jobs.md); fd: a connection to the job's holder, if there is one */
	REC_NO_JOB, /* answers all of JOB_: id request, a enum code (REMOVE and KILL that were done: CODE_NONE); payload:
		       the words */
	REC_JOBS, /* answers JOB_LIST: id request, a size of the whole; payload: a piece of a list in JSON */
	REC_RECORDER, /* answers RECORD: id request, a errno; fd: the link to the recorder */

	/* front -> carrier (front/carrier.h) */
	REC_CARRY =
		72, /* id of the carriage, a enum carry, b the number of records sent so far (with this one); fds: the
		       stream, and the carrier's end of the pair */
	REC_CLOSE, /* id and b as CARRY; fds: to be closed */
	REC_DISCARD, /* b as CARRY; fd: to be closed */

	/* libremex -> remex-ssh (client/ssh_helper.h): reach a machine through ssh */
	REC_REACH = 80, /* id of the request, a port of the sshd (0: what ~/.ssh/config says, or 22), b enum reach_way;
			   payload: texts, each with its NUL: the user ("": as for the port), the host, the machines on
			   the way to it as in ProxyJump ("": as for the port), and for REACH_DIRECT the host and the port
			   to connect to from there; fd: one end of a pair of stream sockets. Its other end is closed
			   when nobody wants it any more */

	REC_TRUST =
		84, /* id, a port: add a key to known_hosts; payload: texts, each with its NUL: the user and the host as for
			   REACH, and the key ("TYPE BASE64") */

	REC_ANSWER = 85, /* id of an ASK, a enum reach_answer; payload: the secret, with its NUL, or none */

	/* remex-ssh -> libremex */
	REC_REACHED = 88, /* id: from now on bytes flow */
	REC_UNREACHED, /* id: they never will; payload: a word (ssh/failure.h) and the reason, each with its NUL; where the
			  key of the sshd is the reason also that key ("TYPE BASE64") and the fingerprint of the known one,
			  "" where none is known */
	REC_SEVERED, /* id: they do no longer; payload as UNREACHED. It comes before the end of the stream */
	REC_ASK = 94, /* id of a question to a person; payload: its text, with its NUL. The answer is a secret */
	REC_TRUSTED = 95, /* id of a TRUST; payload: the reason why the key could not be added, with its NUL; or none */

	/* supervisor -> remex-ssh --forward (ssh/ssh_forward.h): the reverse tunnel. PING and PONG as for the front */
	REC_FORWARD = 96, /* a port of the sshd, b milliseconds of silence before it is asked for an answer; payload:
			     texts, each with its NUL: the user, the host, the address to listen on there ("": all), the
			     port there, the fingerprint of its host key ("": by the known hosts), the name of the file
			     of known hosts; fds: the private key, and without a fingerprint the known hosts */
	REC_FORWARD_FRONT, /* fd: the link to the front, in place of the one before */

	/* remex-ssh --forward -> supervisor */
	REC_FORWARDING = 100, /* a the port there. UNREACHED, or SEVERED after FORWARDING, is the last record */

	/* remex-ssh --forward -> front, and the answer */
	REC_INBOUND = 104, /* id: a client is there. The answer: the same id; fd: one end of a pair of stream sockets;
			      none: the front takes no client now */

	/* front -> holder of a job, over one connection for each viewer (job/holder.h). CALL as to a worker, on the first
	   connection only: the job starts when the call is complete */
	JOB_FOLLOW =
		112, /* send output: a the offset to begin at (FOLLOW_NEW: only what comes; before the first byte that
			     is kept: CUT comes first), b flags of enum job_follow. A second FOLLOW replaces the first */
	JOB_INPUT, /* a the offset of the first byte of the payload in the job's input, or INPUT_APPEND. At most
		      JOB_INPUT_WINDOW bytes more than INPUT_TAKEN granted */
	JOB_INPUT_END, /* a the offset of the end of the input, or INPUT_APPEND: behind all that this connection has sent */
	JOB_SIGNAL, /* a a signal number: as REC_SIGNAL */
	JOB_RESIZE, /* a rows, b columns: as REC_RESIZE. The size that was named last counts */
	JOB_STOP, /* a grace in milliseconds: end the job, as the cancel of a request; 0: SIGKILL at once */
	JOB_PEEK, /* a the number of lines at the end of the output, where the job has no terminal; answered by one SCREEN */

	/* holder -> front */
	JOB_HELLO = 120, /* the first record of each connection: the job runs, or has ended. a bytes of output so far, b
			    bytes of input that the job has taken; payload, JSON: "version" (JOB_VERSION), "state"
			    ("running", "ended"), "start" (the offset of the first byte that is kept), "input" (may bytes
			    be sent?), and with a terminal "tty" ([rows, columns]) */
	JOB_OUTPUT, /* a the offset of the first byte, b size of the stream's name; payload: the name, then the bytes */
	JOB_CUT, /* a from, b to: these bytes are missing */
	JOB_INPUT_TAKEN, /* a the offset of the input that the job has taken, b how many bytes more this connection may send */
	JOB_INPUT_GAP, /* a the offset that was expected: the input that began behind it was dropped, and all later input of
			  this connection is */
	JOB_SCREEN, /* a the offset of output that it shows, b size of the whole; payload: a piece (at least one comes, which
		       may be empty) of the bytes that redraw the screen, or for PEEK of its text */
	JOB_END, /* a 1: FOLLOW was received before. All output that was asked for has been sent; payload: the outcome line
		    (job/holder.h), or nothing: the
		    job has not ended (FOLLOW without FOLLOW_LIVE), or has no outcome */

	/* supervisor -> the process that writes the audit trail (daemon/audit_process.h), besides AUDIT; its answer */
	REC_AUDIT_OPEN = 136, /* id of the order, a enum audit_kind; payload: the path with its NUL, or none */
	REC_AUDIT_OPENED = 140, /* id of the order, a 0 or an errno; payload: why not */

	/* front, holder of a job -> recorder (record/tape.h). Each record is answered by WRITTEN, until one has failed */
	REC_TAPE_OPEN =
		144, /* a rows, b columns; payload: texts, each with its NUL: the name of the file, the command, the
				title, TERM */
	REC_TAPE_OUTPUT, /* id milliseconds since the start, a size of the stream's name; payload: the name, then the bytes */
	REC_TAPE_RESIZE, /* id as above, a rows, b columns */

	/* recorder -> front, holder */
	REC_TAPE_WRITTEN = 148, /* a the bytes of output that are in the file now, of that record */
	REC_TAPE_FAILED, /* a errno; payload: the words. The last record */

	/* keeper -> supervisor; supervisor -> keeper uses RELEASE and STOP with id 0 */
	REC_KEEPER_GONE = 64, /* as GONE; the keeper exits after it */
	REC_KEEPER_DEADLINE =
		68, /* of a job, to its holder: the time is over, and the keeper stops the tree. From the holder: a
				     clock_ms when that is to happen, if it is earlier */
};

enum reach_answer { REACH_ANSWERED, REACH_NOBODY, REACH_DECLINED }; /* as enum keyring_answer (ssh/keyring.h) */

enum job_state { JOB_RUNNING, JOB_ENDED, JOB_LOST };
enum job_answer {
	JOB_KNOWN = 1, /* there is a job with this key already, and none was started */
	JOB_ENDS_WITH_SESSION =
		2, /* systemd ends this user's processes with the last session (loginctl enable-linger) */
};

/* The connections to a job's holder. A daemon may meet holders of earlier versions, and after a downgrade of later ones:
 * JOB_VERSION grows with each change of these records that the other side would misunderstand (doc/jobs.md, Versions). */
enum { JOB_VERSION = 1 };
enum { FOLLOW_NEW = -1, INPUT_APPEND = -1 };
enum { JOB_INPUT_WINDOW = 64 * 1024 }; /* input that a connection may send before INPUT_TAKEN grants more */
enum job_follow {
	FOLLOW_LIVE = 1, /* until the end of the job; else END comes after what there is */
	FOLLOW_STDOUT = 2, /* only the stream `stdout`; with FOLLOW_STDERR, or none of both: all streams */
	FOLLOW_STDERR = 4,
	FOLLOW_SCREEN = 8, /* with a terminal: SCREEN comes first, and output from the offset that it shows */
	FOLLOW_READ_ONLY = 16, /* input, signals, resizes and STOP of this connection are dropped */
};

/* What is reached through ssh (REC_REACH). */
enum reach_way {
	REACH_STDIO, /* a remexd on that machine, by the standard input and output of a command */
	REACH_DIRECT, /* a host and port, by a connection from that machine */
	REACH_PROBE, /* nothing: the answer is UNREACHED, "trusted" or "untrusted", with the key of the sshd */
};

/* How a worker ended (REC_GONE). An exit after a release is a normal end. */
enum gone { GONE_EXITED, GONE_SIGNALLED };
enum { GONE_UNBORN = 71 }; /* GONE_EXITED with this: the worker was never ready, since its keeper could not make it */

/* The supervisor's notes from before a worker looked up its user. */
struct worker_birthday {
	unsigned long long users; /* the state of the user database (base/userdb.h) */
	long long ms; /* clock_ms */
};

/* The state of a worker, which it sends with each terminal record. */
struct worker_state {
	long long resident; /* bytes */
	unsigned flags; /* enum worker_flag */
	int limit; /* enum call_limit: the limit that ended the command */
	struct call_usage usage; /* of the command */
};

enum worker_flag {
	WORKER_LEFT = 1, /* the command left processes behind: retire this worker, kill nothing */
	WORKER_DIRTY = 2, /* the process is not as it was (worker/tidy.h): retire this worker */
	WORKER_KILL = 4, /* processes of a failed call may live: kill this worker and all beneath it */
};

/* The reverse tunnel (REC_TUNNEL_STATE). */
enum tunnel_phase {
	TUNNEL_NONE, /* none is configured */
	TUNNEL_SHUT, /* no identity may call: nobody would be let in */
	TUNNEL_TRYING,
	TUNNEL_UP, /* the bastion listens */
	TUNNEL_PAUSING, /* the last try has failed, and there will be another */
};

enum supervisor_counter {
	COUNTER_KEEPERS_LOST,
	COUNTER_SPARES, /* the idle workers of the supervisor */
	COUNTER_FRONTS, /* the number of fronts that were started */
	COUNTER_SUPERVISOR_RESIDENT, /* bytes */
};

#endif
