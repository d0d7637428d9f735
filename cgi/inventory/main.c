#include "inventory.h"

int
main(int argc, char **argv)
{
	return app_main(&inventory_program, argc, argv);
}
