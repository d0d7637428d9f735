#include "web/openapi.h"

#include <json-c/json.h>

static struct json_object *
text(const char *s)
{
	return json_object_new_string(s);
}

static void
put(struct json_object *object, const char *name, struct json_object *value)
{
	json_object_object_add(object, name, value);
}

static struct json_object *
typed(const char *type)
{
	struct json_object *schema = json_object_new_object();

	put(schema, "type", text(type));
	return schema;
}

static struct json_object *
reference(const char *name)
{
	struct json_object *schema = json_object_new_object();
	char path[200];

	snprintf(path, sizeof(path), "#/components/schemas/%s", name);
	put(schema, "$ref", text(path));
	return schema;
}

static struct json_object *schema_of(const struct schema *, bool is_answer,
    const char *pattern);

static struct json_object *
limits(struct json_object *schema, const struct field *f, const char *least,
    const char *most)
{
	if (f->min != 0 || f->max != 0)
		put(schema, least, json_object_new_int64(f->min));
	if (f->max != 0)
		put(schema, most, json_object_new_int64(f->max));
	return schema;
}

static struct json_object *
words_of(const char *const *names)
{
	struct json_object *list = json_object_new_array();

	for (; *names != NULL; names++)
		json_object_array_add(list, text(*names));
	return list;
}

static struct json_object *
type_of(const struct field *f, bool is_answer)
{
	struct json_object *schema;

	switch (f->type) {
	case FIELD_TYPE_BOOL:
		return typed("boolean");
	case FIELD_TYPE_I32:
	case FIELD_TYPE_I64:
		schema = typed("integer");
		return is_answer ? schema : limits(schema, f, "minimum", "maximum");
	case FIELD_TYPE_TEXT:
		schema = typed("string");
		if (f->format != NULL)
			put(schema, "format", text(f->format));
		return is_answer ? schema :
		    limits(schema, f, "minLength", "maxLength");
	case FIELD_TYPE_ENUM:
		schema = typed("string");
		put(schema, "enum", words_of(f->names));
		return schema;
	case FIELD_TYPE_UUID:
		schema = typed("string");
		put(schema, "format", text("uuid"));
		return schema;
	case FIELD_TYPE_TIME:
		schema = typed("string");
		put(schema, "format", text("date-time"));
		return schema;
	case FIELD_TYPE_MONEY:
		return reference("money");
	case FIELD_TYPE_JSON:
		return json_object_new_object();
	case FIELD_TYPE_OBJECT:
		return schema_of(f->schema, is_answer, NULL);
	case FIELD_TYPE_LIST:
	case FIELD_TYPE_TEXTS:
		schema = typed("array");
		put(schema, "items", f->schema != NULL ?
		    schema_of(f->schema, is_answer, NULL) : typed("string"));
		return is_answer ? schema : limits(schema, f, "minItems", "maxItems");
	}
	return json_object_new_object();
}

/* In answers whatever is absent is null. */
static struct json_object *
or_null(struct json_object *schema)
{
	struct json_object *choice = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_object_array_add(list, schema);
	json_object_array_add(list, typed("null"));
	put(choice, "anyOf", list);
	return choice;
}

static struct json_object *
schema_of(const struct schema *schema, bool is_answer, const char *pattern)
{
	struct json_object *object = typed("object");
	struct json_object *members = json_object_new_object();
	struct json_object *required = json_object_new_array();

	for (const struct field *f = schema->fields; f->name != NULL; f++) {
		struct json_object *member;

		if (pattern != NULL && route_has_param(pattern, f->name))
			continue;
		if (is_answer && f->secret)
			continue;
		member = type_of(f, is_answer);
		if (is_answer && f->type != FIELD_TYPE_JSON)
			member = or_null(member);
		if (f->help != NULL)
			put(member, "description", text(f->help));
		put(members, f->name, member);
		if (is_answer || f->required)
			json_object_array_add(required, text(f->name));
	}
	put(object, "properties", members);
	put(object, "required", required);
	put(object, "additionalProperties", json_object_new_boolean(false));
	return object;
}

static struct json_object *
parameter(const struct field *f, const char *where)
{
	struct json_object *value = json_object_new_object();
	bool in_path = str_eq(where, "path");

	put(value, "name", text(f->name));
	put(value, "in", text(where));
	put(value, "required", json_object_new_boolean(in_path || f->required));
	put(value, "schema", type_of(f, false));
	return value;
}

static struct json_object *
header_parameter(const char *name)
{
	struct json_object *value = json_object_new_object();

	put(value, "name", text(name));
	put(value, "in", text("header"));
	put(value, "required", json_object_new_boolean(true));
	put(value, "schema", typed("string"));
	return value;
}

static struct json_object *
content(const char *type, struct json_object *schema)
{
	struct json_object *types = json_object_new_object();
	struct json_object *media = json_object_new_object();

	put(media, "schema", schema);
	put(types, type, media);
	return types;
}

static struct json_object *
list_of(const struct schema *schema)
{
	struct json_object *object = typed("object");
	struct json_object *members = json_object_new_object();
	struct json_object *items = typed("array");

	put(items, "items", schema_of(schema, true, NULL));
	put(members, "items", items);
	put(members, "next", or_null(typed("string")));
	put(object, "properties", members);
	return object;
}

static struct json_object *
responses(const struct route *route)
{
	struct json_object *all = json_object_new_object();
	struct json_object *good = json_object_new_object();
	struct json_object *bad = json_object_new_object();
	char status[8];

	snprintf(status, sizeof(status), "%d",
	    route->status != 0 ? route->status : 200);
	put(good, "description", text(route->summary != NULL ? route->summary : ""));
	if (route->output != NULL)
		put(good, "content", content("application/json",
		    route->output_list ? list_of(route->output) :
		    schema_of(route->output, true, NULL)));
	put(bad, "description", text("A problem (RFC 9457)"));
	put(bad, "content", content("application/problem+json",
	    reference("problem")));
	put(all, status, good);
	put(all, "default", bad);
	return all;
}

static struct json_object *
operation(const struct route *route)
{
	struct json_object *value = json_object_new_object();
	struct json_object *parameters = json_object_new_array();
	bool has_body = route->method == POST || route->method == PUT ||
	    route->method == PATCH;

	put(value, "summary", text(route->summary != NULL ? route->summary : ""));
	put(value, "x-needs", text(route->needs));
	for (const struct field *f = route->input != NULL ?
	    route->input->fields : NULL; f != NULL && f->name != NULL; f++) {
		if (route_has_param(route->path, f->name))
			json_object_array_add(parameters, parameter(f, "path"));
		else if (!has_body)
			json_object_array_add(parameters, parameter(f, "query"));
	}
	if (route->how & IDEM)
		json_object_array_add(parameters,
		    header_parameter("Idempotency-Key"));
	put(value, "parameters", parameters);
	if (has_body && route->input != NULL) {
		struct json_object *body = json_object_new_object();

		put(body, "required", json_object_new_boolean(true));
		put(body, "content", content("application/json",
		    schema_of(route->input, false, route->path)));
		put(value, "requestBody", body);
	}
	put(value, "responses", responses(route));
	return value;
}

static void
add_routes(struct json_object *paths, const struct route *row)
{
	for (; row->path != NULL; row++) {
		struct json_object *path;
		char name[200], method[8];
		size_t i;

		if (row->kind != KIND_API)
			continue;
		snprintf(name, sizeof(name), "/api/v1%s", row->path);
		if (!json_object_object_get_ex(paths, name, &path)) {
			path = json_object_new_object();
			put(paths, name, path);
		}
		for (i = 0; method_names[row->method][i] != '\0'; i++)
			method[i] = (char)tolower(method_names[row->method][i]);
		method[i] = '\0';
		put(path, method, operation(row));
	}
}

/* The fields that need attention. */
static struct json_object *
faults_schema(void)
{
	static const char *const names[] = { "field", "code", "message" };
	struct json_object *list = typed("array"), *fault = typed("object");
	struct json_object *members = json_object_new_object();
	struct json_object *required = json_object_new_array();

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		put(members, names[i], typed("string"));
		json_object_array_add(required, text(names[i]));
	}
	put(fault, "properties", members);
	put(fault, "required", required);
	put(list, "items", fault);
	return list;
}

static struct json_object *
problem_schema(void)
{
	struct json_object *schema = typed("object");
	struct json_object *members = json_object_new_object();
	struct json_object *types = json_object_new_array();
	struct json_object *type = typed("string");
	struct json_object *required = json_object_new_array();
	char path[100];

	for (int i = 1; i < PROBLEM_COUNT; i++) {
		snprintf(path, sizeof(path), "/problems/%s", problem_kinds[i].slug);
		json_object_array_add(types, text(path));
	}
	put(type, "enum", types);
	put(members, "type", type);
	put(members, "title", typed("string"));
	put(members, "status", typed("integer"));
	put(members, "instance", typed("string"));
	put(members, "errors", faults_schema());
	json_object_array_add(required, text("type"));
	json_object_array_add(required, text("title"));
	json_object_array_add(required, text("status"));
	put(schema, "properties", members);
	put(schema, "required", required);
	return schema;
}

static struct json_object *
money_schema(void)
{
	struct json_object *schema = typed("object");
	struct json_object *members = json_object_new_object();
	struct json_object *required = json_object_new_array();

	put(members, "amount", typed("integer"));
	put(members, "currency", typed("string"));
	json_object_array_add(required, text("amount"));
	json_object_array_add(required, text("currency"));
	put(schema, "properties", members);
	put(schema, "required", required);
	return schema;
}

int
openapi_print(const struct program *program)
{
	struct json_object *document = json_object_new_object();
	struct json_object *info = json_object_new_object();
	struct json_object *paths = json_object_new_object();
	struct json_object *components = json_object_new_object();
	struct json_object *schemas = json_object_new_object();

	put(document, "openapi", text("3.1.0"));
	put(info, "title", text("Zoco"));
	put(info, "version", text(ZOCO_VERSION));
	put(document, "info", info);
	add_routes(paths, program->routes);
	put(document, "paths", paths);
	put(schemas, "problem", problem_schema());
	put(schemas, "money", money_schema());
	put(components, "schemas", schemas);
	put(document, "components", components);
	puts(json_object_to_json_string_ext(document,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(document);
	return 0;
}

int
routes_print(const struct program *program)
{
	static const char *const kinds[] = {
		"api", "page", "fragment", "internal"
	};

	for (const struct route *row = program->routes; row->path != NULL; row++)
		printf("{\"kind\":\"%s\",\"method\":\"%s\",\"path\":\"%s\","
		    "\"needs\":\"%s\",\"idempotent\":%s,\"fresh\":%s}\n", kinds[row->kind],
		    method_names[row->method], row->path, row->needs,
		    row->how & IDEM ? "true" : "false",
		    row->is_fresh ? "true" : "false");
	return 0;
}
