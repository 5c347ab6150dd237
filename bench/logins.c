/* logins HOST:PORT - one operation is a connection over TLS: the handshake, hello, the end. */
#include "config.h"

#include <errno.h>
#include <stdint.h>

#include "meter.h"
#include "way.h"

static void run (void *arg, long n)
{
	while (n-- > 0) {
		struct way *way = way_open (arg);
		uint8_t bytes[4096];

		errno = 0;
		if (way_recv (way, bytes, sizeof bytes) < 5 || bytes[4] != '{')
			meter_fail ("no hello");
		way_close (way);
	}
}

int main (int argc, char **argv)
{
	if (argc != 2)
		meter_fail ("usage: logins HOST:PORT");
	return meter_serve (run, argv[1]);
}
