/* alone_files - file.put and file.get on a machine that has an sshd alone: a stream of items (files/item.h) and the SFTP
 * server of the sshd (its subsystem "sftp").
 *
 *   OPENING -> COPYING -> ended
 *
 * OPENING: the channel is being opened. COPYING: sftp_put.h or sftp_get.h works. A stop of a put removes the temporaries first,
 * and waits a few seconds for that.
 *
 * Other than with remexd no interrupted copy is resumed, no single file is copied without a stream of items, and times have
 * whole seconds.
 */
#ifndef REMEX_SSH_ALONE_FILES_H
#define REMEX_SSH_ALONE_FILES_H

#include "ssh/alone.h"

extern const struct alone_verb alone_file_put, alone_file_get;

#endif
