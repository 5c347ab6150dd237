/* codes - the closed lists of remex/1: error codes, outcomes, signals. One row each; doc/protocol.md explains them. */
#ifndef REMEX_WIRE_CODES_H
#define REMEX_WIRE_CODES_H

#include <stdint.h>

/* The codes of an `error` message. NONE is never sent: it stands for a code that was not set. */
#define CODE_TABLE(ROW) \
	ROW (NONE, "") \
	ROW (BAD_MESSAGE, "bad_message") \
	ROW (BAD_VALUE, "bad_value") \
	ROW (TOO_LARGE, "too_large") \
	ROW (FLOW, "flow") \
	ROW (UNKNOWN_CALL, "unknown_call") \
	ROW (DENIED, "denied") \
	ROW (NOT_FOUND, "not_found") \
	ROW (BUSY, "busy") \
	ROW (FAILED, "failed") \
	ROW (PLUGIN_CRASHED, "plugin_crashed") \
	ROW (IO_ERROR, "io_error") \
	ROW (AUDIT_UNAVAILABLE, "audit_unavailable") \
	ROW (RECORDING_UNAVAILABLE, "recording_unavailable") \
	ROW (RECORDING_FAILED, "recording_failed") \
	ROW (SHUTTING_DOWN, "shutting_down") \
	ROW (INTERNAL, "internal")

/* The outcomes in a `done` message; the client itself adds the last three. */
#define OUTCOME_TABLE(ROW) \
	ROW (EXITED, "exited") \
	ROW (SIGNALLED, "signalled") \
	ROW (TIMED_OUT, "timed_out") \
	ROW (CANCELLED, "cancelled") \
	ROW (NEVER_STARTED, "never_started") \
	ROW (COMPLETED, "completed") \
	ROW (FAILED, "failed") \
	ROW (LOST, "lost") \
	ROW (UNREACHABLE, "unreachable")

#define CODE_ENUM(name, word) CODE_##name,
enum code { CODE_TABLE (CODE_ENUM) N_CODES };
#undef CODE_ENUM

#define OUTCOME_ENUM(name, word) OUTCOME_##name,
enum outcome { OUTCOME_TABLE (OUTCOME_ENUM) N_OUTCOMES };
#undef OUTCOME_ENUM

/* code_name: the word of a code; "internal" for CODE_NONE and for numbers that are no code. code_parse: the code of a
 * word, or -1. code_of: the code of a number from another process; CODE_INTERNAL when the number is no code. */
const char *code_name (enum code code);
int code_parse (const char *word);
enum code code_of (int64_t number);

/* The word of an outcome; the outcome of a word, or -1. */
const char *outcome_name (enum outcome outcome);
int outcome_parse (const char *word);

/* The signals that a `signal` message may name (INT TERM HUP QUIT USR1 USR2 KILL CONT STOP TSTP), without "SIG": the
 * number, or -1. signal_word names any signal of this machine, or NULL. */
int signal_parse (const char *word);
const char *signal_word (int signo);

#endif
