# Installed in docdir, with LICENSE and README.md.
dist_doc_DATA = LICENSE README.md %D%/architecture.md %D%/from-clush.md %D%/from-pdsh.md %D%/from-ssh.md %D%/jobs.md \
	%D%/plugins.md %D%/protocol.md %D%/reliability.md \
	%D%/security.md %D%/style.md
