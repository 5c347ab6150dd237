/* command_words - what a call does, in words for people: in the list of jobs, and in the header of a recording. */
#ifndef REMEX_FRONT_COMMAND_WORDS_H
#define REMEX_FRONT_COMMAND_WORDS_H

#include <jansson.h>

#include "wire/verbs.h"

enum { COMMAND_WORDS = 1024 /* bytes, with the NUL; a longer text is cut */ };

/* The command of the call, its words quoted as for a shell; or else its arguments. UTF-8 without control characters. */
void command_words (char text[COMMAND_WORDS], const struct verb *verb, const json_t *args);

#endif
