EXTRA_DIST += %D%/style.md
