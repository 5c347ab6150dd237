/* memory - jansson never gets NULL from malloc(3).
 *
 * When jansson (2.14, lex_get_save) gets no memory in the middle of a string, it leaves out the character that did not
 * fit. The result is a wrong string, or, when the character was the closing quote, a write behind the buffer. So a
 * program that gives jansson bytes from other processes ends when memory runs out. A library (libremex) must not decide
 * that for its program.
 */
#ifndef REMEX_WIRE_MEMORY_H
#define REMEX_WIRE_MEMORY_H

/* From now on each allocation of jansson succeeds, or `die` is called, which does not return. Call it in main, before
 * the first use of jansson. */
void memory_guard (void (*die) (void));

#endif
