#include "auth.h"

int
main(int argc, char **argv)
{
	return app_main(&auth_program, argc, argv);
}
