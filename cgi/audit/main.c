#include "audit.h"

int
main(int argc, char **argv)
{
	return app_main(&audit_program, argc, argv);
}
