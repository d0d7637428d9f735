#include "web/scope.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/request.h"

void
scope_refuse(struct request *r, const char *where)
{
	problem_member(r, "permission", json_object_new_string(r->route->needs));
	if (where != NULL)
		problem_member(r, "scope", json_object_new_string(where));
	problem(r, PROBLEM_FORBIDDEN);
}

struct place {
	const char *value;
};

static SCHEMA(place_schema, struct place,
	FIELD_TEXT(struct place, value));

/* The field that tells where, as it was given; NULL: it was not. */
static const char *
given_place(struct request *r, const char *field)
{
	struct json_object *value;

	for (int i = 0; i < r->path_params.n; i++)
		if (str_eq(r->path_params.items[i].name, field))
			return r->path_params.items[i].value;
	return json_object_object_get_ex(r->input_tree, field, &value) &&
	    value != NULL ? json_object_get_string(value) : NULL;
}

/* Nothing was said of where: then where they may be. */
static void
preset_place(struct request *r, const struct scope *scope)
{
	const struct field *f = schema_find(r->route->input, scope->field);
	const char *place = session_place(r, r->route->needs, scope->kind);

	assert(f != NULL && f->type == FIELD_TYPE_TEXT);
	memcpy((char *)r->input + f->offset, &place, sizeof(place));
	if (r->input_tree != NULL)
		json_add_text(r->input_tree, scope->field, place);
}

bool
scope_check(struct request *r)
{
	const struct scope *scope = r->route->scope;
	const char *needs = r->route->needs, *given, *where = NULL;
	struct place one = { .value = NULL }, *places = &one;
	size_t n = 1;

	if (scope == NULL || session_may(r->session, needs))
		return true;
	given = given_place(r, scope->field);
	if (given == NULL && scope->of == NULL) {
		preset_place(r, scope);
		return true;
	}
	one.value = given;
	if (scope->of != NULL && !db_all(r->db, scope->of, &place_schema,
	    &places, &n, P(given)))
		return false;
	for (size_t i = 0; i < n; i++) {
		where = arena_printf(r->arena, "%s:%s", scope->kind,
		    places[i].value);
		if (session_may_in(r, needs, where))
			return true;
	}
	scope_refuse(r, where != NULL ? where : scope->kind);
	return false;
}
