/* memory - no NULL for jansson.
 *
 * Without memory in the middle of a string, jansson (2.14, lex_get_save) goes on without the character that found no
 * room: it returns another string than the text has, or, when that was the closing quote, writes behind its buffer. So
 * a program that hands it others' bytes would rather end there. A library (libremex) may not decide that for its
 * program.
 */
#ifndef REMEX_WIRE_MEMORY_H
#define REMEX_WIRE_MEMORY_H

/* From now on jansson has its memory, or `die` is called, which does not return. For a program's main, before the first
 * use of jansson. */
void memory_guard (void (*die) (void));

#endif
