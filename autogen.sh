#!/bin/sh
# Makes ./configure out of configure.ac. Needed only in a git checkout; a release tarball has it.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force "$@"
