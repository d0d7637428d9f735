#include "system.h"

int
main(int argc, char **argv)
{
	return app_main(&system_program, argc, argv);
}
