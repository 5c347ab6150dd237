# Checks of the tree itself.
tree_tests = %D%/calls.test %D%/hardening.test %D%/layers.test %D%/libssh2.test %D%/names.test %D%/packages.test %D%/skips.test
dist_check_SCRIPTS += $(tree_tests)
TESTS += $(tree_tests)
