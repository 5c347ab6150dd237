/* code - the code that an errno of file operations is told by, to whoever asked for them. */
#ifndef REMEX_FILES_CODE_H
#define REMEX_FILES_CODE_H

#include "wire/codes.h"

enum code files_code (int number);

#endif
