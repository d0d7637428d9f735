/*
 * All permissions that there are, for staff to choose from: each program is
 * asked what its routes need. One that does not answer is left out, and what a
 * role has of it stays offered.
 */
#include "auth.h"

#include <json-c/json.h>

#include "web/call.h"

#define NAMES_MAX 500

struct names {
	const char *items[NAMES_MAX];
	size_t n;
	bool is_partial;
};

static void
add(struct names *names, const char *name)
{
	if (name[0] != '\0' && names->n < NAMES_MAX)
		names->items[names->n++] = name;
}

static void
add_words(struct request *r, struct names *names, const char *text)
{
	char *words = arena_strdup(r->arena, text), *word;

	while ((word = strsep(&words, " ")) != NULL)
		if (!str_eq(word, "*"))
			add(names, word);
}

static void
ask(struct request *r, struct names *names, const char *program)
{
	struct call_answer answer;
	struct json_object *list;

	if (!call(r, GET, arena_printf(r->arena, "/internal/%s/permissions",
	    program), NULL, &answer)) {
		call_forgive(r);
		names->is_partial = true;
		return;
	}
	if (answer.status != 200 ||	/* it is not installed */
	    !json_object_object_get_ex(answer.json, "permissions", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		add(names, json_object_get_string(
		    json_object_array_get_idx(list, i)));
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += n)
		if ((at == words || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static struct json_object *
offer(struct request *r, const char *name, const char *chosen, size_t i)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_object_add(o, "i", json_object_new_int64((int64_t)i));
	json_object_object_add(o, "has",
	    json_object_new_boolean(has_word(chosen, name)));
	json_object_object_add(o, "may",
	    json_object_new_boolean(session_may(r->session, name)));
	return o;
}

/* [{"domain": "orders", "permissions": [...]}], out of sorted names. */
static struct json_object *
group(struct request *r, const struct names *names, const char *chosen,
    const char *without)
{
	struct json_object *groups = json_object_new_array(), *members = NULL;
	const char *last = "", *domain = "";

	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->items[i];
		size_t n = strcspn(name, ".");

		if (str_eq(name, last) ||
		    (without != NULL && str_starts(name, without)))
			continue;
		last = name;
		if (members == NULL || strncmp(domain, name, n + 1) != 0) {
			struct json_object *o = json_object_new_object();

			domain = name;
			members = json_object_new_array();
			json_object_object_add(o, "domain",
			    json_object_new_string_len(name, (int)n));
			json_object_object_add(o, "permissions", members);
			json_object_array_add(groups, o);
		}
		json_object_array_add(members, offer(r, name, chosen, i));
	}
	return groups;
}

void
catalogue_show(struct request *r, const char *chosen, const char *without)
{
	struct names names = { .n = 0 };

	for (const char *at = r->app->callers; at != NULL && *at != '\0';
	    at += strspn(at, "\n")) {
		ask(r, &names, arena_strndup(r->arena, at, strcspn(at, " \n")));
		at += strcspn(at, "\n");
	}
	add_words(r, &names, chosen);
	qsort(names.items, names.n, sizeof(names.items[0]), compare);
	page_set(r, "groups", group(r, &names, chosen, without));
	page_set(r, "is_partial", json_object_new_boolean(names.is_partial));
}
