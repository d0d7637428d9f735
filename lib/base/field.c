#include "base/field.h"

const struct field *
schema_find(const struct schema *schema, const char *name)
{
	for (const struct field *f = schema->fields; f->name != NULL; f++)
		if (str_eq(f->name, name))
			return f;
	return NULL;
}

bool
field_is_given(const struct field *f, const void *object)
{
	return f->has == 0 || *((const bool *)object + (f->has - 1));
}

void
field_set_given(const struct field *f, void *object, bool given)
{
	if (f->has != 0)
		*((bool *)object + (f->has - 1)) = given;
}

int
field_enum_index(const char *const *names, const char *word)
{
	for (int i = 0; names[i] != NULL; i++)
		if (str_eq(names[i], word))
			return i;
	return -1;
}
