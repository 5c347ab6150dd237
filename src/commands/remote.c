/* remote - the words HOST:PATH; see remote.h. */
#include "config.h"

#include <string.h>

#include "commands/remote.h"

const char *remote_path (const char *word, size_t *host)
{
	static const char socket[] = "unix://", ssh[] = "ssh://";
	const char *start = word, *at, *end, *port;

	/* The text behind ssh:// and USER@ has the form of a word without them. */
	if (!strncmp (word, ssh, sizeof ssh - 1)) {
		word += sizeof ssh - 1;
		at = strpbrk (word, "@:/[");
		if (at && *at == '@')
			word = at + 1;
	}

	if (!strncmp (word, socket, sizeof socket - 1))
		end = strchr (word + sizeof socket - 1, ':');
	else if (*word == '[')
		end = strchr (word, ']') ? strchr (word, ']') + 1 : NULL;
	else
		end = word + strcspn (word, ":/");
	if (!end || *end != ':' || end == word)
		return NULL;
	/* web1:7363:file names a port; to name the file 7363:file, write ./7363:file. */
	port = end + 1 + strspn (end + 1, "0123456789");
	if (*word != 'u' || strncmp (word, socket, sizeof socket - 1) != 0)
		if (port > end + 1 && *port == ':')
			end = port;
	*host = (size_t)(end - start);
	return end + 1;
}
