/* code - the error code (wire/codes.h) for an errno of a file operation. */
#ifndef REMEX_FILES_CODE_H
#define REMEX_FILES_CODE_H

#include "wire/codes.h"

enum code files_code (int number);

#endif
