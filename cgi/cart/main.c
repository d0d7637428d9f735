#include "cart.h"

int
main(int argc, char **argv)
{
	return app_main(&cart_program, argc, argv);
}
