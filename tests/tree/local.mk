# Checks of the tree itself.
TESTS += %D%/layers.test
EXTRA_DIST += %D%/layers.test
