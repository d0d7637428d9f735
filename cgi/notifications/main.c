#include "notifications.h"

int
main(int argc, char **argv)
{
	return app_main(&notifications_program, argc, argv);
}
