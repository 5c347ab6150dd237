/* producer BYTES - so many bytes on stdout, from memory, 128 KiB at a time: a command whose only work is its output. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meter.h"

int main (int argc, char **argv)
{
	static char block[128 * 1024];
	unsigned long long left = argc == 2 ? strtoull (argv[1], NULL, 10) : 0;

	memset (block, 'x', sizeof block);
	while (left) {
		ssize_t n = write (1, block, left < sizeof block ? left : sizeof block);

		if (n < 0)
			meter_fail ("stdout");
		left -= (unsigned long long)n;
	}
	return 0;
}
