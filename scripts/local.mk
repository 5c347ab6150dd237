dist_noinst_SCRIPTS += \
	%D%/booted-jobs \
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
	%D%/torture-jobs \
	$(NULL)
EXTRA_DIST += .clang-format
