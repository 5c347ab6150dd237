if HAVE_CHECK
check_PROGRAMS += %D%/check_dshbak_fold
TESTS += %D%/check_dshbak_fold
%C%_check_dshbak_fold_CFLAGS = $(check_cflags)
%C%_check_dshbak_fold_LDADD = src/personality/libpersonality.la src/base/libbase.la $(check_libs)
endif
dist_check_SCRIPTS += %D%/differential.test
TESTS += %D%/differential.test
