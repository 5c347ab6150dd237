/* scan - see scan.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include "base/text.h"
#include "conf/scan.h"
#include "conf/tree.h"

/* The length of the character at p, with n bytes left; 0: not UTF-8. */
static size_t char_length (const char *p, size_t n)
{
	for (size_t len = 1; len <= 4 && len <= n; len++)
		if (text_is_utf8 (p, len))
			return len;
	return 0;
}

/* The reason why the character at p is refused, or NULL. U+0085, U+2028 and U+2029 are line ends only for libyaml. */
static const char *char_refused (const unsigned char *p, size_t len)
{
	if (len == 0)
		return "a byte that is not UTF-8";
	if (len == 1 && *p == 0)
		return "a NUL byte";
	if (len == 1 && ((*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r') || *p == 0x7F))
		return "a control character";
	if (len == 2 && p[0] == 0xC2 && p[1] < 0xA0)
		return "a control character";
	if (len == 3 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9))
		return "a Unicode line separator";
	if (len == 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF)
		return "a byte order mark inside the file";
	if (len == 3 && p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE)
		return "U+FFFE or U+FFFF, which is no character,";
	return NULL;
}

int conf_scan (const char *text, size_t n, const char *file, struct err *err)
{
	const char *p = text, *end = p + n;
	unsigned line = 1, column = 1;

	if (n > CONF_FILE_MAX)
		return conf_fail (err, file, 1, 1, "the file is larger than %d bytes", CONF_FILE_MAX);
	while (p < end) {
		size_t len = char_length (p, (size_t)(end - p));
		const char *why = char_refused ((const unsigned char *)p, len);

		if (!why && *p == '%' && column == 1)
			why = "a YAML directive ('%')";
		if (why)
			return conf_fail (err, file, line, column, "%s is not allowed here", why);
		column++;
		if (*p == '\n' || (*p == '\r' && (p + 1 == end || p[1] != '\n'))) {
			line++;
			column = 1;
		}
		p += len;
	}
	return 0;
}

bool conf_scan_line (const char *text, size_t n)
{
	const char *p = text, *end = p + n;

	while (p < end) {
		size_t len = char_length (p, (size_t)(end - p));

		if (char_refused ((const unsigned char *)p, len) || *p == '\t' || *p == '\n' || *p == '\r')
			return false;
		p += len;
	}
	return true;
}
