dist_noinst_SCRIPTS += \
	%D%/chaos \
	%D%/check-calls \
	%D%/check-layers \
	%D%/check-names \
	%D%/cut \
	%D%/format \
	%D%/nemesis \
	%D%/packages \
	%D%/quickstart \
	%D%/soak \
	%D%/ssh-torture \
	%D%/test \
	%D%/torture \
	$(NULL)
EXTRA_DIST += .clang-format
