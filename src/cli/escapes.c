/* escapes - see escapes.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli/escapes.h"

enum { CONTROL_Z = 'Z' & 31 };

int escapes_init (struct escapes *escapes, const char *text, struct err *err)
{
	*escapes = (struct escapes){ .character = -1 };
	if (!text)
		text = "~";
	if (!strcmp (text, "none"))
		return 0;
	if (text[0] == '^' && text[1] >= '@' && text[1] <= '~' && !text[2])
		escapes->character = text[1] & 31;
	else if (text[0] && !text[1])
		escapes->character = (unsigned char)text[0];
	else
		return err_set (err, 0, "invalid escape character '%s' (examples: ~, ^B, none)", text);
	return 0;
}

/* The byte behind the escape character. */
static enum escapes_action action_of (const struct escapes *escapes, uint8_t byte)
{
	if (byte == escapes->character)
		return ESCAPES_NONE;
	switch (byte) {
	case '.': return ESCAPES_LEAVE;
	case CONTROL_Z: return ESCAPES_SUSPEND;
	case '?': return ESCAPES_HELP;
	default: return ESCAPES_NONE;
	}
}

enum escapes_action escapes_read (
	struct escapes *escapes, const uint8_t *bytes, size_t n, size_t *taken, uint8_t *out, size_t *n_out)
{
	enum escapes_action action = ESCAPES_NONE;
	size_t i, put = 0;

	for (i = 0; i < n && action == ESCAPES_NONE; i++) {
		if (escapes->kept) {
			escapes->kept = false;
			if ((action = action_of (escapes, bytes[i])) != ESCAPES_NONE)
				continue;
			out[put++] = (uint8_t)escapes->character;
			escapes->within_line = true;
			if (bytes[i] == escapes->character)
				continue;
		} else if (!escapes->within_line && bytes[i] == escapes->character) {
			escapes->kept = true;
			continue;
		}
		out[put++] = bytes[i];
		escapes->within_line = bytes[i] != '\r' && bytes[i] != '\n';
	}
	*taken = i;
	*n_out = put;
	return action;
}

void escapes_help (const struct escapes *escapes, char text[ESCAPES_HELP_BYTES])
{
	char name[3] = { (char)escapes->character, '\0', '\0' };

	if (escapes->character < 32) {
		name[0] = '^';
		name[1] = (char)(escapes->character | 64);
	}
	snprintf (text, ESCAPES_HELP_BYTES,
		"At the beginning of a line:\r\n"
		"  %s.   leave: the session there ends\r\n"
		"  %s^Z  suspend remex; the session goes on\r\n"
		"  %s?   show this\r\n"
		"  %s%s   send %s\r\n",
		name, name, name, name, name, name);
}
