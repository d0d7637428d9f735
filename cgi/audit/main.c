#include "audit.h"

/*
 * The program, and by hand
 *
 *	zoco-audit verify [--config FILE]
 *
 * which says whether the chain is whole: exit status 0, or 1 and the first bad
 * entry.
 */
int
main(int argc, char **argv)
{
	if (argc >= 2 && str_eq(argv[1], "verify"))
		return verify_main(argc == 4 && str_eq(argv[2], "--config") ?
		    argv[3] : "/etc/zoco/zoco.conf");
	return app_main(&audit_program, argc, argv);
}
