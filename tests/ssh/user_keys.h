/* user_keys - private keys of users as ssh-keygen(1) writes them, for tests only. */
#ifndef REMEX_TESTS_USER_KEYS_H
#define REMEX_TESTS_USER_KEYS_H

static const char passphrase[] = "pass words";

static const char ed25519_locked[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
				     "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBsIitBEQ\n"
				     "gNe3d1RWFWir/uAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIPq7q8oOA3rNZ7Ga\n"
				     "9hrs72V896v+tppL0+AH1pFn7JjWAAAAkGleFM5p/tbI+y5w/Afs1swENQk3Rfq9W7EH6d\n"
				     "cBKfw6lgfQ1Ie0r31UTILcEADxshfbPO12wXAJQTz3im38iKCin4FU5NL70HjygHrKo/tf\n"
				     "D88DScn9R9SNZ0MLK88vEdHKQ8j7gu0vJ4wORdwk8+IjV4jybyzBt5FVrcqA86MjrJFFpt\n"
				     "/C7kpn8zB1KqWvLA==\n"
				     "-----END OPENSSH PRIVATE KEY-----\n";
static const char ed25519_locked_public[] =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPq7q8oOA3rNZ7Ga9hrs72V896v+tppL0+AH1pFn7JjW";

static const char ecdsa384[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
			       "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAiAAAABNlY2RzYS\n"
			       "1zaGEyLW5pc3RwMzg0AAAACG5pc3RwMzg0AAAAYQTy6+JCheoGT9CH5qios3uuUWpouynF\n"
			       "XdkUwO1qe+WGS4x7sNvAVY1arVzGqjKRBd6IVV4usK1Eet4bqchp2Sme9DBUmLOO8U6GI/\n"
			       "45MLNO5kf5jeytbx6Iwp52D5sJybkAAADIv3r5wb96+cEAAAATZWNkc2Etc2hhMi1uaXN0\n"
			       "cDM4NAAAAAhuaXN0cDM4NAAAAGEE8uviQoXqBk/Qh+aoqLN7rlFqaLspxV3ZFMDtanvlhk\n"
			       "uMe7DbwFWNWq1cxqoykQXeiFVeLrCtRHreG6nIadkpnvQwVJizjvFOhiP+OTCzTuZH+Y3s\n"
			       "rW8eiMKedg+bCcm5AAAAMFyxT9yVS0UDevu/4+4eDZsYvmhof5yiiL7ArVHXM7PwLyLG6Z\n"
			       "MJJZnZ3KyEJ1+M4AAAAAA=\n"
			       "-----END OPENSSH PRIVATE KEY-----\n";
static const char ecdsa384_public[] =
	"ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBPLr4kKF6gZP0IfmqKize65Rami7"
	"KcVd2RTA7Wp75YZLjHuw28BVjVqtXMaqMpEF3ohVXi6wrUR63hupyGnZKZ70MFSYs47xToYj/jkws07mR/mN7K1vHojCnnYPmwnJ"
	"uQ==";

static const char pem_locked[] = "-----BEGIN EC PRIVATE KEY-----\n"
				 "Proc-Type: 4,ENCRYPTED\n"
				 "DEK-Info: AES-128-CBC,89266A73514E4F8BED5967EB957D94B9\n"
				 "\n"
				 "lkpar4kRVZOGT7mK+rqTwG87xJs8689v7OXN+Fv9XhDSQWJ8jb91z5H5NUd16G6l\n"
				 "k8TmakoAbD3FPpINCdl+587gdOIDUvjVQ+br0KI686hXD1IwUNo3bHpP7LLgDMuK\n"
				 "EYc+XVzF2WIYbWF1dDgaobl6ZLB0vgwUN8dED8m7cxY=\n"
				 "-----END EC PRIVATE KEY-----\n";
static const char pem_locked_public[] =
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLU6kxLt2jrSc1WgV3QL4G11ZAuk"
	"7KhO0Gu4w5PlT4mYzJ1/NqUM8ZxJA6m3GeM4Lg500pvyHkf0zTIReAPjn+k=";

static const char rsa[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
			  "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn\n"
			  "NhAAAAAwEAAQAAAQEAzStjU1RPJ2AhmHGb3XVZRVNgvZn+qmKqzpHOu0GzSnLIwd0KjcVx\n"
			  "c3LfiFk1N8FsDHJ8Z7oHlXdYhA/+7SK5b0myO/XhvahKB1X/noKpQYyFHor65Goyq6ifId\n"
			  "RWTzGukeXd6EF+Bft3jlykkCGhMpYolkv5eZbP4QILZl/JPTfX2ceScq5MUAZb65VoMY4j\n"
			  "YO1W0pgHbDnpNFcc+xqfOhDkXDTndTXEeX8Ubd/gea1fi6P451cKCj31kVejsXjYwtYqSA\n"
			  "4EVgNAJijjENeIV2UyqhIqM2z8AN6ERtW/sU9vdrfoK0ty76yLZ8ij9o7Hk8NWYLbr+rSL\n"
			  "fkQIUp9M6QAAA7iwVEvvsFRL7wAAAAdzc2gtcnNhAAABAQDNK2NTVE8nYCGYcZvddVlFU2\n"
			  "C9mf6qYqrOkc67QbNKcsjB3QqNxXFzct+IWTU3wWwMcnxnugeVd1iED/7tIrlvSbI79eG9\n"
			  "qEoHVf+egqlBjIUeivrkajKrqJ8h1FZPMa6R5d3oQX4F+3eOXKSQIaEyliiWS/l5ls/hAg\n"
			  "tmX8k9N9fZx5JyrkxQBlvrlWgxjiNg7VbSmAdsOek0Vxz7Gp86EORcNOd1NcR5fxRt3+B5\n"
			  "rV+Lo/jnVwoKPfWRV6OxeNjC1ipIDgRWA0AmKOMQ14hXZTKqEiozbPwA3oRG1b+xT292t+\n"
			  "grS3LvrItnyKP2jseTw1Zgtuv6tIt+RAhSn0zpAAAAAwEAAQAAAQAG/eVnwbHkWj/u12FL\n"
			  "x9vb01Jyx6iQcyYVvc2NH1kuLnD1vVQGno3GFMo2Fe8suB5X4r9nVAU95FgrgPWLrIEkAB\n"
			  "+PMEsJ+O4T56v7QYHl2lVvg+Y2qkFRjQCmSRuLXZqwvWQFbhTuvIH3o6PWhxTcmdYmgA6P\n"
			  "hJKPPQ/5JEbB+6FuSwkjsCXZ4vvaVdJmFIHBW7Ulk1m70OWD8PNuXq2qgZaULzAssiv8Ow\n"
			  "RvX8Q+Vzp9wtnyyWu/nVCLBwSK/kKiy6HayP7JFo+Aj+6hstdMmgobdyHhYJE2koezyBdq\n"
			  "oJDWgub+2ibsZQI/mFVaTUdrD3BZbYYayfEYdgrzxGHRAAAAgBfkWmiS0pAAR4SQuwaZ9K\n"
			  "vrFa4IxRx1n5NlmrHr/NzQJSBydrWzdB3wl1+wGiTEcWjtV+lzchBp/tv0wYUkIoFUbT6K\n"
			  "D8utuRkjMwqLJiEl417x/RiJkxRvnhO5V1lLiSqJP38dz8WJCg+RuA3pu3APK+xaTU6Cxn\n"
			  "QgGpBX66mdAAAAgQDyHAmSjomH3QgaiasPSW8CIq8qyOBxK3WGgPXJYpEgyZcb0O6NpFO3\n"
			  "BUv7aeTZhMXyOjRjmi/BlFqw7fiqzhlyzrmflR1WcFUIvc/3MtkvatWht6Wlv5/286VbR3\n"
			  "Bf8qBDhhSksHLySqENvDjURX/wVRimEvnz+5a8fNa9nnPc0QAAAIEA2PDMCNW9V7zuRDYm\n"
			  "16K2e2WI5HcgcorqFncXaIG6gZWvbqz493eFoUJlFXIrTKLdVKV1omGkra81DJN9DZr3ee\n"
			  "RR4eUXYryemlCOUHMfmmVLICfawtX0TAgF4IiNxVWpUMEc0oRFYPW/m3XvyW3YGLpvUsyr\n"
			  "wclEIptWdnggFJkAAAAAAQID\n"
			  "-----END OPENSSH PRIVATE KEY-----\n";
static const char rsa_public[] =
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDNK2NTVE8nYCGYcZvddVlFU2C9mf6qYqrOkc67QbNKcsjB3QqNxXFzct+IWTU3"
	"wWwMcnxnugeVd1iED/7tIrlvSbI79eG9qEoHVf+egqlBjIUeivrkajKrqJ8h1FZPMa6R5d3oQX4F+3eOXKSQIaEyliiWS/l5ls/h"
	"AgtmX8k9N9fZx5JyrkxQBlvrlWgxjiNg7VbSmAdsOek0Vxz7Gp86EORcNOd1NcR5fxRt3+B5rV+Lo/jnVwoKPfWRV6OxeNjC1ipI"
	"DgRWA0AmKOMQ14hXZTKqEiozbPwA3oRG1b+xT292t+grS3LvrItnyKP2jseTw1Zgtuv6tIt+RAhSn0zp";

#endif
