/* ask - see ask.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/console.h"
#include "cli/say.h"
#include "net/key.h"

enum { ANSWER = 256 };

bool ask_possible (const struct remex_host *host)
{
	const char *pin = remex_host_pin (host);

	return pin && !*pin && *remex_host_fingerprint (host) && console_can_ask ();
}

bool ask_is_fingerprint (const struct remex_host *host, const char *text)
{
	const char *print = remex_host_fingerprint (host);

	return *print && key_print_matches (print, text);
}

int ask_pin (struct remex_host *host)
{
	struct remex_error error;

	if (remex_host_trust (host, &error) == 0)
		return 0;
	complain (remex_host_where (host), "%s", error.text);
	return -1;
}

bool ask_trust (struct remex_host *host)
{
	char answer[ANSWER];

	const char *key = remex_host_key (host);
	bool ours = !strncmp (key, "remex-", 6);

	if (ours)
		remark ("%s is not trusted yet. Its key is\n"
			"  %s\n"
			"`remex identities` shows it there.",
			safe (remex_host_where (host)), remex_host_fingerprint (host));
	else
		remark ("The sshd %s is not known yet. Its key is\n"
			"  %.*s %s\n"
			"`ssh-keygen -lf` shows it there, for its host key.",
			safe (remex_host_where (host)), (int)strcspn (key, " "), key, remex_host_fingerprint (host));
	remark (" Trust this key from now on (yes, no, or the fingerprint)? ");
	while (console_answer (answer, sizeof answer)) {
		if (!strcmp (answer, "yes") || ask_is_fingerprint (host, answer))
			return ask_pin (host) == 0;
		if (!strcmp (answer, "no") || !*answer)
			return false;
		remark ("Please type yes, no, or the fingerprint: ");
	}
	return false;
}
