/* calls WHERE DEPTH true PROGRAM | flood PROGRAM | echo BYTES - calls over one open connection (way.h), DEPTH of them in
 * flight. For a flood, "busy" is an answer like another.
 *
 * The program uses src/wire and blocks. Every message is decoded as libremex decodes it, every answer is checked, and there is no event loop. The ids of an answer's messages are not read, because all calls are the same.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "meter.h"
#include "way.h"
#include "wire/message.h"

enum { PIECE = 64 * 1024 };

struct client {
	struct way *way;
	long depth;
	const char *program; /* NULL: echo */
	bool flood;
	char *text; /* what is to be echoed */
	size_t echoed; /* of it, in this call */
	uint64_t id;
	struct decoder decoder;
	struct buf in, out;
};

static const struct message *next (struct client *client)
{
	const struct message *message;
	struct err err;
	int got;

	while ((got = decoder_next (&client->decoder, &client->in, &message, &err)) == 0) {
		uint8_t *space = buf_reserve (&client->in, PIECE);
		ssize_t n = space ? way_recv (client->way, space, PIECE) : -1;

		if (n <= 0)
			meter_fail ("remexd closed the connection");
		buf_commit (&client->in, (size_t)n);
	}
	errno = 0;
	if (got < 0)
		meter_fail ("remexd speaks no remex/1: %s", err.text);
	return message;
}

static void put_call (struct client *client)
{
	int put;

	if (client->program)
		put = message_printf (&client->out, "{\"id\":%llu,\"call\":\"exec.run\",\"args\":{\"argv\":[\"%s\"]}}",
			(unsigned long long)++client->id, client->program);
	else
		put = message_printf (&client->out, "{\"id\":%llu,\"call\":\"echo.echo\",\"args\":{\"text\":\"%s\"}}",
			(unsigned long long)++client->id, client->text);
	if (put < 0)
		meter_fail ("no memory");
}

static void flush (struct client *client)
{
	way_send (client->way, buf_head (&client->out), buf_len (&client->out));
	buf_consume (&client->out, buf_len (&client->out));
}

/* One message of an answer: is it the last? */
static bool take (struct client *client, const struct message *message)
{
	const json_t *done = json_object_get (message->header, "done");
	const char *outcome = json_string_value (json_object_get (done, "outcome"));
	const char *code = json_string_value (json_object_get (json_object_get (message->header, "error"), "code"));

	if (message->kind == MESSAGE_DATA && !client->program) {
		client->echoed += message->body_len;
		return false;
	}
	if (message->kind == MESSAGE_PING)
		return false;
	if (client->flood && code && !strcmp (code, "busy"))
		return true;
	if (!outcome || strcmp (outcome, client->program ? "exited" : "completed") ||
		json_integer_value (json_object_get (done, "exit")) ||
		(client->text && client->echoed % strlen (client->text)))
		meter_fail ("not the answer that was expected: %.*s", (int)message->text_len, message->text);
	return true;
}

static void run (void *arg, long n)
{
	struct client *client = arg;
	long sent = 0, done = 0;

	client->echoed = 0;
	while (sent < n && sent < client->depth) {
		put_call (client);
		sent++;
	}
	while (done < n) {
		/* New calls leave together when nothing more has been received. */
		if (!decoder_pending (&client->decoder, &client->in))
			flush (client);
		if (!take (client, next (client)))
			continue;
		done++;
		if (sent < n) {
			put_call (client);
			sent++;
		}
	}
	errno = 0;
	if (client->text && client->echoed != (size_t)n * strlen (client->text))
		meter_fail ("the echo is not whole");
}

int main (int argc, char **argv)
{
	struct client client = { 0 };
	bool echo = argc > 4 && !strcmp (argv[3], "echo");

	if (argc != 5)
		meter_fail ("usage: calls WHERE DEPTH true PROGRAM | flood PROGRAM | echo BYTES");
	client.way = way_open (argv[1]);
	client.depth = strtol (argv[2], NULL, 10);
	client.program = echo ? NULL : argv[4];
	client.flood = !strcmp (argv[3], "flood");
	if (echo) {
		size_t size = strtoul (argv[4], NULL, 10);

		if (size > 512 || !(client.text = calloc (1, size + 1)))
			meter_fail ("at most 512 bytes of echo");
		memset (client.text, 'e', size);
	}
	decoder_init (&client.decoder, FROM_SERVER);
	buf_init (&client.in, MESSAGE_MAX + PIECE);
	buf_init (&client.out, MESSAGE_MAX);
	if (next (&client)->kind != MESSAGE_HELLO)
		meter_fail ("no hello");
	return meter_serve (run, &client);
}
