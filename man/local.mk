dist_man_MANS += %D%/remexd.yaml.5
dist_man_MANS += %D%/remex.1
dist_man_MANS += %D%/remex-job.1
dist_man_MANS += %D%/remex-hosts.7
dist_man_MANS += %D%/remexd.8
