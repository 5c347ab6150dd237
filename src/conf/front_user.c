/* front_user - see front_user.h. */
#include "config.h"

#include <stddef.h>

#include "conf/front_user.h"

const struct passwd *front_user (const struct config *config)
{
	const struct passwd *entry = getpwnam (config->front_user ? config->front_user : "remex");

	return entry || config->front_user ? entry : getpwnam ("nobody");
}
