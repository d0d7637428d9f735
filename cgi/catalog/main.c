#include "catalog.h"

int
main(int argc, char **argv)
{
	return app_main(&catalog_program, argc, argv);
}
