/* job_verbs - the calls about jobs, which the front answers itself (front/job_call.h), as a plugin in the table of verbs.
 *
 * So rights, the check of arguments, `plugins` and completion treat them as all other calls. `job.start` and `job.any` are
 * rights and no calls: to make a call with the key `job`, and to reach the jobs of others.
 */
#ifndef REMEX_WIRE_JOB_VERBS_H
#define REMEX_WIRE_JOB_VERBS_H

#include <jansson.h>

#define JOB_PLUGIN "job"

/* The rights that are no calls of their own. */
#define JOB_START "job.start"
#define JOB_ANY "job.any"

/* The plugin, as a member of the table (verbs.h). NULL: out of memory. */
json_t *job_verbs_json (void);

#endif
