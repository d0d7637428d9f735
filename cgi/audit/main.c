#include "audit.h"

/*
 * The program, and by hand
 *
 *	zoco-audit verify [--config FILE] [--archive FOLDER]
 *
 * which says whether the chain is whole: exit status 0, or 1 and the first bad
 * entry. From the signed cut on, or with the archive's folder from the first
 * entry on.
 */
int
main(int argc, char **argv)
{
	if (argc >= 2 && str_eq(argv[1], "verify"))
		return verify_main(argc, argv);
	return app_main(&audit_program, argc, argv);
}
