EXTRA_DIST += %D%/architecture.md %D%/plugins.md %D%/protocol.md %D%/reliability.md %D%/security.md %D%/style.md
EXTRA_DIST += README.md
