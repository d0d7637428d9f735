#include "web/route.h"

#include "base/arena.h"

const char *const method_names[] = {
	[GET] = "GET", [POST] = "POST", [PUT] = "PUT", [PATCH] = "PATCH",
	[DELETE] = "DELETE", [METHOD_COUNT] = NULL
};

enum method
method_parse(const char *name)
{
	for (int m = 0; m < METHOD_COUNT; m++)
		if (str_eq(name, method_names[m]))
			return (enum method)m;
	return METHOD_COUNT;
}

bool
route_fits(const char *pattern, const char *path, struct arena *arena,
    struct path_params *params)
{
	params->n = 0;
	while (*pattern != '\0') {
		size_t name_n, value_n;

		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		name_n = strcspn(++pattern, "}");
		value_n = strcspn(path, "/");
		if (value_n == 0)
			return false;
		assert(params->n < PATH_PARAMS_MAX);
		params->items[params->n].name =
		    arena_strndup(arena, pattern, name_n);
		params->items[params->n++].value =
		    arena_strndup(arena, path, value_n);
		pattern += name_n + 1;
		path += value_n;
	}
	return *path == '\0';
}

bool
route_has_param(const char *pattern, const char *name)
{
	size_t n = strlen(name);

	while ((pattern = strchr(pattern, '{')) != NULL) {
		if (strncmp(++pattern, name, n) == 0 && pattern[n] == '}')
			return true;
	}
	return false;
}

/* Cheap test before parameters are copied: the constant beginning must fit. */
static bool
may_fit(const char *pattern, const char *path)
{
	size_t n = strcspn(pattern, "{");

	return strncmp(pattern, path, n) == 0;
}

enum route_match
route_find(const struct route *const tables[], enum route_kind kind,
    enum method method, const char *path, struct arena *arena,
    const struct route **found, struct path_params *params, char allow[64])
{
	struct path_params scratch;
	size_t n = 0;

	allow[0] = '\0';
	for (; *tables != NULL; tables++)
		for (const struct route *row = *tables; row->path != NULL; row++) {
			if (row->kind != kind || !may_fit(row->path, path) ||
			    !route_fits(row->path, path, arena, &scratch))
				continue;
			if (row->method == method) {
				*found = row;
				*params = scratch;
				return ROUTE_FOUND;
			}
			n += (size_t)snprintf(allow + n, 64 - n, "%s%s",
			    n > 0 ? ", " : "", method_names[row->method]);
		}
	return n > 0 ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}
