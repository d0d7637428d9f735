/*
 * What json_scan accepts as strict, json-c must read as it stands: all of it,
 * no member lost, and its own output good again.
 */
#include "web/json_scan.h"

#include <json-c/json.h>

#include "tests/fuzz/fuzz.h"

/* Members by their colons; the text is known to be valid. */
static size_t
count_colons(const char *s)
{
	size_t colons = 0;
	bool in_string = false;

	for (; *s != '\0'; s++) {
		if (in_string && *s == '\\')
			s++;
		else if (*s == '"')
			in_string = !in_string;
		else
			colons += *s == ':' && !in_string;
	}
	return colons;
}

static size_t
count_members(struct json_object *value)
{
	size_t n = 0;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member) {
			(void)name;
			n += 1 + count_members(member);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			n += count_members(json_object_array_get_idx(value, i));
	}
	return n;
}

static void
check_with_json_c(struct arena *a, const char *text, size_t n)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value;
	const char *printed;
	size_t offset;

	json_tokener_set_flags(tokener,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tokener, text, (int)n + 1);
	assert(json_tokener_get_error(tokener) == json_tokener_success);
	assert(json_tokener_get_parse_end(tokener) == n);
	assert(count_members(value) == count_colons(text));
	printed = json_object_to_json_string(value);
	assert(json_scan(a, printed, strlen(printed), JSON_STRICT, &offset) ==
	    JSON_GOOD);
	json_object_put(value);
	json_tokener_free(tokener);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *a = arena_new();
	const char *text = (const char *)data;
	enum json_fault grammar, strict;
	size_t offset;

	grammar = json_scan(a, text, n, JSON_GRAMMAR, &offset);
	assert(offset <= n && (grammar != JSON_GOOD || offset == n));
	strict = json_scan(a, text, n, JSON_STRICT, &offset);
	assert(offset <= n && (strict != JSON_GOOD || offset == n));
	assert(*json_fault_code(strict) != '\0');
	if (strict == JSON_GOOD) {
		assert(grammar == JSON_GOOD);
		check_with_json_c(a, arena_strndup(a, text, n), n);
	}
	arena_free(a);
	return 0;
}
