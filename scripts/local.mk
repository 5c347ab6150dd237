dist_noinst_SCRIPTS += \
	%D%/check-layers \
	%D%/format \
	%D%/packages \
	%D%/quickstart \
	%D%/test \
	$(NULL)
EXTRA_DIST += .clang-format
