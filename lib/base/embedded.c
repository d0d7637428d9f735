#include "base/embedded.h"

const struct embedded *
embedded_find(const struct embedded *table, const char *path)
{
	for (; table != NULL && table->path != NULL; table++)
		if (str_eq(table->path, path))
			return table;
	return NULL;
}
