/* status - how the machine and remexd are: one JSON document on the stream "result".
 *
 * The machine is read here; what remexd counts comes as the call's facts, attached by the front (REMEX_FACTS). The verb
 * is a control verb: it is answered when every worker is busy.
 */
#include <jansson.h>
#include <remex/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

/* MemAvailable of /proc/meminfo (proc(5)) in bytes, or -1. */
static json_int_t memory_available (void)
{
	FILE *file = fopen ("/proc/meminfo", "re");
	long long kib = -1;
	char line[256];

	while (file && kib < 0 && fgets (line, sizeof line, file))
		if (sscanf (line, "MemAvailable: %lld", &kib) != 1)
			kib = -1;
	if (file)
		fclose (file);
	return kib < 0 ? -1 : kib * 1024;
}

static json_t *machine (void)
{
	struct utsname name;
	struct sysinfo info;
	double load[3] = { 0 };

	if (uname (&name) < 0 || sysinfo (&info) < 0)
		return NULL;
	(void)getloadavg (load, 3);
	return json_pack ("{ss ss ss ss si s[fff] s{sI sI} sI}", "hostname", name.nodename, "system", name.sysname,
		"release", name.release, "machine", name.machine, "cpus", (int)sysconf (_SC_NPROCESSORS_ONLN), "load",
		load[0], load[1], load[2], "memory", "total", (json_int_t)info.totalram * info.mem_unit, "available",
		memory_available (), "uptime", (json_int_t)info.uptime);
}

static int show (void *state, struct remex_call *call)
{
	const char *facts = remex_facts (call);
	json_t *document = facts ? json_loads (facts, 0, NULL) : json_object ();
	json_t *host = machine ();
	char *text = NULL;
	int result;

	(void)state;
	if (document && host && json_object_set (document, "machine", host) == 0)
		text = json_dumps (document, JSON_COMPACT | JSON_REAL_PRECISION (9));
	json_decref (document);
	json_decref (host);
	if (!text)
		return remex_fail (call, REMEX_ERR_FAILED, "the state of the machine cannot be read");
	result = remex_write (call, "result", text, strlen (text));
	free (text);
	return result;
}

static const struct remex_verb verbs[] = {
	{ "show", "Show the state of the machine and of remexd", NULL, show, REMEX_CONTROL | REMEX_FACTS },
	{ 0 },
};

REMEX_PLUGIN (.name = "status", .version = "1.0", .summary = "The machine and the daemon", .verbs = verbs);
