#include "payments.h"

int
main(int argc, char **argv)
{
	return app_main(&payments_program, argc, argv);
}
