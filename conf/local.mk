# An example and the reference: nothing is put into /etc, where it would be the administrator's.
examplesdir = $(docdir)/examples
dist_examples_DATA = %D%/hosts.yaml %D%/remexd.yaml
