#include "orders.h"

int
main(int argc, char **argv)
{
	return app_main(&orders_program, argc, argv);
}
