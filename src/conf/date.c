/* date - the dates of RFC 3339 that an identity file may have; see grant.h. strptime(3) is not used: it skips blanks,
 * takes a sign, and turns the 30th of February into the 2nd of March.
 */
#include <config.h> /* not "config.h", which is this folder's own */

#include "conf/grant.h"

/* Read text of the form `form`: a row of 'd's stands for the digits of the next number, every other character for
 * itself. Returns the end of the text that was read, or NULL. */
static const char *read_form (const char *text, const char *form, int *numbers)
{
	for (; *form; form++, text++) {
		if (*form != 'd') {
			if (*text != *form)
				return NULL;
			numbers++;
		} else if (*text < '0' || *text > '9') {
			return NULL;
		} else {
			*numbers = *numbers * 10 + (*text - '0');
		}
	}
	return text;
}

static bool is_leap (int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in (int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap (year));
}

int grant_parse_date (const char *text, int64_t *seconds)
{
	int date[3] = { 0 }, time[5] = { 0 }; /* time[0] (before the T) and time[4] (after the Z) stay empty */
	int64_t days = 0;

	if (!(text = read_form (text, "dddd-dd-dd", date)))
		return -1;
	if (*text && (!(text = read_form (text, "Tdd:dd:ddZ", time)) || *text))
		return -1;
	if (date[0] < 2000 || date[1] < 1 || date[1] > 12 || date[2] < 1 || date[2] > days_in (date[0], date[1]) ||
		time[1] > 23 || time[2] > 59 || time[3] > 59)
		return -1;
	for (int year = 1970; year < date[0]; year++)
		days += 365 + is_leap (year);
	for (int month = 1; month < date[1]; month++)
		days += days_in (date[0], month);
	days += date[2] - 1;
	*seconds = ((days * 24 + time[1]) * 60 + time[2]) * 60 + time[3];
	return 0;
}
