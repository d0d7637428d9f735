/*
 * zoco-admin: what is done by hand on the server.
 *
 *	zoco-admin [--config FILE] create-owner EMAIL
 *
 * makes the first owner and prints a link, good for an hour, to choose the
 * password.
 */
#include "cgi/auth/auth.h"

#include "web/text.h"

static int
usage(FILE *out)
{
	fputs("zoco-admin: what is done by hand on the server\n"
	    "usage: zoco-admin [--config FILE] create-owner EMAIL\n", out);
	return out == stdout ? 0 : 2;
}

int
main(int argc, char **argv)
{
	const char *conf = "/etc/zoco/zoco.conf", *link;
	struct app *app;
	struct request *r;
	bool has_link;
	int i = 1;

	if (argc == 2 && str_eq(argv[1], "--help"))
		return usage(stdout);
	if (argc > 2 && str_eq(argv[1], "--config")) {
		conf = argv[2];
		i = 3;
	}
	if (argc - i != 2 || !str_eq(argv[i], "create-owner") ||
	    !email_is_valid(argv[i + 1]))
		return usage(stderr);
	if ((app = app_open(&auth_program, conf)) == NULL)
		return 1;
	r = app_request_new(app, "job:admin");
	link = owner_create(r, argv[i + 1]);
	has_link = link != NULL;
	if (link != NULL)
		printf("%s\n", link);
	else
		fputs("there is such an account, or the database is away\n", stderr);
	app_request_free(r);
	app_close(app);
	return has_link ? 0 : 1;
}
